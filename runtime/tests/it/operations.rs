//! Host operations: they overlap, they are bounded, and what they throw can be caught.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mayfly_runtime::providers::{BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError};
use mayfly_runtime::{Body, Call, Fault, Limits};
use tokio::sync::{Barrier, oneshot};

use crate::support::{call, fault_within, image, invoke, text};

/// An outside world that answers once a gate is opened.
pub(crate) struct Gate(tokio::sync::Mutex<Option<oneshot::Receiver<()>>>);

impl Gate {
    pub(crate) fn new(gate: oneshot::Receiver<()>) -> Self {
        Self(tokio::sync::Mutex::new(Some(gate)))
    }
}

fn answer(request: FetchRequest) -> FetchResponse {
    FetchResponse {
        status: 201,
        status_text: "Created".to_owned(),
        url: request.url,
        redirected: false,
        headers: vec![
            ("x-method".to_owned(), request.method),
            ("set-cookie".to_owned(), "a=1".to_owned()),
            ("set-cookie".to_owned(), "b=2".to_owned()),
        ],
        body: request.body.unwrap_or_else(|| Body::from("")),
    }
}

impl Fetch for Gate {
    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        Box::pin(async move {
            if let Some(gate) = self.0.lock().await.take() {
                gate.await.unwrap();
            }
            Ok(answer(request))
        })
    }
}

/// An outside world in which every request waits for a number of others.
struct Together(Barrier);

impl Fetch for Together {
    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        Box::pin(async move {
            self.0.wait().await;
            Ok(answer(request))
        })
    }
}

/// An outside world that answers at once, and counts.
#[derive(Default)]
struct Echo(AtomicU32);

impl Fetch for Echo {
    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            if request.url.contains("denied") {
                return Err(
                    GuestError::new("EGRESS_DENIED", "that address is not public").with("host", "denied")
                );
            }
            Ok(answer(request))
        })
    }
}

fn with_fetch(fetch: Arc<dyn Fetch>) -> Call {
    let mut call = call();
    call.grants.fetch = Some(fetch);
    call
}

#[test]
fn operations_run_at_the_same_time() {
    let image = image(
        "export default async () => { const all = await Promise.all([1, 2, 3].map(n => fetch(`https://example.test/${n}`))); return new Response(all.map(r => r.status).join()) }",
    );
    // Unless all three are under way together, none of them is answered.
    let call = with_fetch(Arc::new(Together(Barrier::new(3))));
    assert_eq!(text(invoke(&image, call).0), "201,201,201");
}

#[test]
fn a_request_goes_out_and_its_response_comes_in() {
    let image = image(
        "export default async () => {
           const r = await fetch(new Request('https://example.test/a b', { method: 'put', headers: { 'X-A': '1' }, body: 'é' }));
           return Response.json([r.status, r.ok, r.url, r.headers.get('x-method'), r.headers.getSetCookie(), await r.text()]) }",
    );
    let call = with_fetch(Arc::new(Echo::default()));
    assert_eq!(
        text(invoke(&image, call).0),
        r#"[201,true,"https://example.test/a%20b","PUT",["a=1","b=2"],"é"]"#
    );
}

#[test]
fn fetch_keeps_to_the_standard() {
    for (work, answer) in [
        ("(await fetch('https://example.test/', { method: 'HEAD' })).body === null", "true"),
        ("(await fetch('data:,x#fragment')).url", "data:,x"),
        (
            "await fetch('https://example.test/', { cache: 'only-if-cached', mode: 'same-origin' }).catch((e) => e.name)",
            "TypeError",
        ),
        (
            "(() => { let why; const body = new ReadableStream({ cancel(reason) { why = reason } });
               const signal = AbortSignal.abort();
               fetch('https://example.test/', { method: 'POST', body, duplex: 'half', signal }).catch(() => {});
               return why === signal.reason })()",
            "true",
        ),
        (
            "await (async () => { const { readable, writable } = new TransformStream();
               writable.abort(new RangeError('broke'));
               const response = new Response(readable);
               const told = [];
               for (let i = 0; i < 2; i++) await response.text().catch((e) => told.push(e.message));
               return told })()",
            "broke,broke",
        ),
    ] {
        let image = image(&format!("export default async () => new Response({work})"));
        assert_eq!(text(invoke(&image, with_fetch(Arc::new(Echo::default()))).0), answer, "{work}");
    }
}

#[test]
fn what_an_operation_throws_can_be_caught() {
    let image = image(
        "export default async () => { try { await fetch('https://denied.test') } catch (e) { return Response.json([e instanceof Error, e.code, e.message, e.host]) } }",
    );
    let call = with_fetch(Arc::new(Echo::default()));
    assert_eq!(
        text(invoke(&image, call).0),
        r#"[true,"EGRESS_DENIED","that address is not public","denied"]"#
    );
}

#[test]
fn what_was_not_granted_is_refused() {
    for (use_it, code) in [
        ("fetch('https://example.test')", "EGRESS_DENIED"),
        ("ctx.db.query('select 1')", "DB_UNAVAILABLE"),
        ("ctx.db.tx(async () => {})", "DB_UNAVAILABLE"),
        ("ctx.db.asUser('u', async () => {})", "DB_UNAVAILABLE"),
        ("ctx.db.stream('select 1')[Symbol.asyncIterator]().next()", "DB_UNAVAILABLE"),
        ("ctx.idempotency.run('k', {}, async () => {})", "DB_UNAVAILABLE"),
        ("ctx.idempotency.claim('k')", "DB_UNAVAILABLE"),
        ("ctx.broadcast('room', 1)", "REALTIME_UNAVAILABLE"),
    ] {
        let code_of = format!(
            "export default async (req, ctx) => {{ try {{ await {use_it} }} catch (e) {{ return new Response(e.code) }} }}"
        );
        assert_eq!(text(invoke(&image(&code_of), call()).0), code, "{use_it}");
    }
}

#[test]
fn an_abort_ends_the_wait() {
    let image = image(
        "export default async () => {
           const controller = new AbortController();
           setTimeout(() => controller.abort(), 1);
           try { await fetch('https://example.test', { signal: controller.signal }) } catch (e) { return new Response(e.name) } }",
    );
    let (_never, gate) = oneshot::channel();
    assert_eq!(text(invoke(&image, with_fetch(Arc::new(Gate::new(gate)))).0), "AbortError");
}

#[test]
fn requests_and_operations_are_counted() {
    let limits = Limits { subrequests: 3, ..Limits::default() };
    let image = image(
        "export default async () => { let n = 0; try { for (;;) { await fetch('https://example.test'); n++ } } catch (e) { return new Response(`${n} ${e.code}`) } }",
    );
    let world = Arc::new(Echo::default());
    let mut call = with_fetch(world.clone());
    call.limits = limits;
    assert_eq!(text(invoke(&image, call).0), "3 TOO_MANY_SUBREQUESTS");
    assert_eq!(world.0.load(Ordering::Relaxed), 3);

    let limits = Limits { host_operations: 5, ..Limits::default() };
    let Fault::Threw(thrown) = fault_within("for (;;) setTimeout(() => {}, 1000)", limits) else { panic!() };
    assert_eq!(thrown.code.as_deref(), Some("TOO_MANY_SUBREQUESTS"));
}

#[test]
fn cheap_host_calls_are_not_free() {
    let limits = Limits { fuel: 50_000_000, ..Limits::default() };
    assert!(matches!(
        fault_within("for (;;) crypto.getRandomValues(new Uint8Array(65536))", limits),
        Fault::CpuLimit { .. }
    ));
}

#[test]
fn timers_fire_in_order_and_can_be_cleared() {
    let image = image(
        "export default () => new Promise(done => {
           const seen = [];
           setTimeout((...a) => seen.push(a.join('')), 1, 'a', 'b');
           clearTimeout(setTimeout(() => seen.push('never'), 1));
           let n = 0; const i = setInterval(() => { seen.push(++n); if (n === 3) { clearInterval(i); done(new Response(seen.join())) } }, 3);
           queueMicrotask(() => seen.push('micro'));
         })",
    );
    assert_eq!(text(invoke(&image, call()).0), "micro,ab,1,2,3");
}
