//! Host operations: they overlap, they are bounded, and what they throw can be caught.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use mayfly_runtime::providers::{
    BoxFuture, Claim, Database, Fetch, FetchRequest, FetchResponse, GuestError, Idempotency, ResultSet,
    Statement, Transaction, TransactionOptions, Value,
};
use mayfly_runtime::{Call, Fault, Limits};
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
        url: request.url,
        redirected: false,
        headers: vec![
            ("x-method".to_owned(), request.method),
            ("set-cookie".to_owned(), "a=1".to_owned()),
            ("set-cookie".to_owned(), "b=2".to_owned()),
        ],
        body: request.body.unwrap_or_default(),
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
fn what_was_not_lent_is_refused() {
    for (use_it, code) in [
        ("fetch('https://example.test')", "EGRESS_DENIED"),
        ("ctx.db.query('select 1')", "DB_UNAVAILABLE"),
        ("ctx.db.tx(async () => {})", "DB_UNAVAILABLE"),
        ("ctx.idempotency.claim('k')", "DB_UNAVAILABLE"),
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

/// Keeps what it was asked, and answers with canned rows: the far side of `ctx.db` is tested with PostgreSQL elsewhere.
#[derive(Default)]
struct Recorder {
    log: Mutex<Vec<String>>,
}

impl Recorder {
    fn note(&self, line: impl Into<String>) {
        self.log.lock().unwrap().push(line.into());
    }
}

impl Database for Recorder {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        self.note(format!("{} {:?}", statement.sql, statement.params));
        Box::pin(async move {
            if statement.sql == "fail" {
                return Err(GuestError::new("42P01", "no such table").with("position", "15"));
            }
            let json = br#"{"rowCount":1,"fields":[{"name":"at","type":"timestamptz"}],"revive":[["at","date"],["b","bytes"],["n","number"],["big","bigint"],["days","date[]"]],"rows":[{"at":86400000,"b":"00ff","n":"NaN","big":"9007199254740993","days":[0,null,"infinity"],"plain":{"x":[1]}}]}"#;
            Ok(ResultSet { json: json.to_vec() })
        })
    }

    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        self.note(format!("begin {options:?}"));
        Box::pin(async move { Ok(Box::new(Open(self)) as Box<dyn Transaction>) })
    }
}

struct Open(Arc<Recorder>);

impl Transaction for Open {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>> {
        Arc::clone(&self.0).query(statement)
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        self.0.note("commit");
        Box::pin(async { Ok(()) })
    }

    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        self.0.note("rollback");
        Box::pin(async { Ok(()) })
    }
}

impl Idempotency for Recorder {
    fn claim(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>> {
        self.note(format!("{claim:?}"));
        Box::pin(async { Ok(true) })
    }
}

fn recorded(body: &str) -> (String, Vec<String>) {
    let recorder = Arc::new(Recorder::default());
    let mut call = call();
    call.grants.database = Some(recorder.clone());
    call.grants.idempotency = Some(recorder.clone());
    let image = image(&format!("export default async (req, ctx) => {{ {body} }}"));
    let answer = text(invoke(&image, call).0);
    let log = recorder.log.lock().unwrap().clone();
    (answer, log)
}

#[test]
fn every_kind_of_parameter_reaches_the_provider() {
    let (_, log) = recorded(
        "await ctx.db.query('q', [null, undefined, true, 1.5, NaN, 2n ** 64n, 'é', new Uint8Array([1, 2]), new Uint8Array([3]).buffer, new Date(5), { a: [1] }, [1, ['x', null]], new Date(NaN)]);
         return new Response('')",
    );
    let params = vec![
        Value::Null,
        Value::Null,
        Value::Bool(true),
        Value::Number(1.5),
        Value::Number(f64::NAN),
        Value::Bigint("18446744073709551616".to_owned()),
        Value::Text("é".to_owned()),
        Value::Bytes(vec![1, 2]),
        Value::Bytes(vec![3]),
        Value::Date(5.0),
        Value::Json(r#"{"a":[1]}"#.to_owned()),
        Value::Array(vec![Value::Number(1.0), Value::Array(vec![Value::Text("x".to_owned()), Value::Null])]),
        Value::Date(f64::NAN),
    ];
    assert_eq!(log, [format!("q {params:?}")]);
}

#[test]
fn a_templates_values_are_parameters() {
    let (answer, log) = recorded(
        "const { sql } = ctx.db;
         await sql`select 1`;
         await sql`select ${1}, ${'x; drop table y'} from \"${'z'}\" where a = '\\n' and ${null}`;
         await ctx.db.tx(async (tx) => { await tx.sql`in ${true}` });
         const wrong = await Promise.all([() => sql('select 1'), () => sql(['select 1']), () => sql`${() => {}}`]
             .map(async (call) => { try { await call() } catch (e) { return e.name } }));
         return Response.json(wrong)",
    );
    let text = |text: &str| Value::Text(text.to_owned());
    let second = vec![Value::Number(1.0), text("x; drop table y"), text("z"), Value::Null];
    let expected = [
        "select 1 []".to_owned(),
        format!("select $1, $2 from \"$3\" where a = '\n' and $4 {second:?}"),
        "begin TransactionOptions { isolation: None, read_only: false }".to_owned(),
        "in $1 [Bool(true)]".to_owned(),
        "commit".to_owned(),
    ];
    assert_eq!(log, expected);
    assert_eq!(answer, r#"["TypeError","TypeError","TypeError"]"#);
}

#[test]
fn what_is_no_parameter_is_a_type_error() {
    for value in ["() => {}", "Symbol()", "[[[[[[[[1]]]]]]]]"] {
        let (answer, log) = recorded(&format!(
            "try {{ await ctx.db.query('q', [{value}]) }} catch (e) {{ return new Response(e.name) }}"
        ));
        assert_eq!((answer.as_str(), log.len()), ("TypeError", 0), "{value}");
    }
}

#[test]
fn columns_are_revived() {
    let (answer, _) = recorded(
        "const { rows: [r], rowCount, fields } = await ctx.db.query('q');
         return Response.json([r.at instanceof Date, r.at, [...r.b], Number.isNaN(r.n), r.big, r.days[0] instanceof Date, r.days[1], r.days[2] === Infinity, r.plain, rowCount, fields]);",
    );
    assert_eq!(
        answer,
        r#"[true,"1970-01-02T00:00:00.000Z",[0,255],true,"9007199254740993",true,null,true,{"x":[1]},1,[{"name":"at","type":"timestamptz"}]]"#
    );
    let (answer, _) = recorded(
        "return new Response(typeof (await ctx.db.query('q', [], { bigint: 'bigint' })).rows[0].big)",
    );
    assert_eq!(answer, "bigint");
}

#[test]
fn an_error_of_the_database_keeps_its_fields() {
    let (answer, _) = recorded(
        "try { await ctx.db.query('fail') } catch (e) { return Response.json([e.code, e.message, e.position]) }",
    );
    assert_eq!(answer, r#"["42P01","no such table","15"]"#);
}

#[test]
fn a_transaction_commits_when_its_function_resolves_and_rolls_back_when_it_throws() {
    let (answer, log) = recorded(
        "const { tx } = ctx.db; return new Response(await tx(async t => { await t.query('a'); return 'done' }, { isolation: 'serializable', readOnly: true }))",
    );
    assert_eq!(answer, "done");
    assert_eq!(
        log,
        ["begin TransactionOptions { isolation: Some(Serializable), read_only: true }", "a []", "commit"]
    );

    let (answer, log) = recorded(
        "let kept; try { await ctx.db.tx(async t => { kept = t; await t.query('a'); throw new Error('no') }) } catch (e) {
           try { await kept.query('b') } catch (late) { return new Response(e.message + ': ' + late.message) } }",
    );
    assert_eq!(answer, "no: This transaction has ended: its function has settled");
    assert_eq!(log[1..], ["a []", "rollback"]);
}

#[test]
fn claims_are_checked_before_they_leave() {
    let (answer, log) = recorded(
        "const bad = async (...a) => { try { await ctx.idempotency.claim(...a); return 'taken' } catch (e) { return e.name } };
         return Response.json([await ctx.idempotency.claim('k', { scope: 's', ttlSeconds: 60.9 }), await ctx.idempotency.claim('x'.repeat(255)),
           await bad(''), await bad('x'.repeat(256)), await bad(1), await bad('k', { scope: '' }), await bad('k', { ttlSeconds: 'x' })])",
    );
    assert_eq!(answer, r#"[true,true,"TypeError","TypeError","TypeError","TypeError","TypeError"]"#);
    assert_eq!(log.len(), 2);
    assert_eq!(log[0], r#"Claim { key: "k", scope: "s", ttl_seconds: Some(60) }"#);
}
