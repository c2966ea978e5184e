//! A recorded invocation runs again, without anything outside, and uses the same fuel.

use std::sync::Arc;

use mayfly_runtime::providers::{BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError};
use mayfly_runtime::{Call, FUEL_PER_CPU_MS, Image, Limits, Outcome, Recording, Replay};

use crate::support::{block_on, call, engine, image, invoke, post};

const ROOM: usize = 256 << 10;

/// Answers with as many bytes as the URL's last part says; never the same ones.
struct Noise;

impl Fetch for Noise {
    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        Box::pin(async move {
            let bytes: usize = request.url.rsplit('/').next().unwrap().parse().unwrap();
            let body =
                (0..bytes).map(|n| (n as u8).wrapping_add(std::process::id() as u8)).collect::<Vec<u8>>();
            Ok(FetchResponse {
                status: 200,
                status_text: String::new(),
                url: request.url,
                redirected: false,
                headers: vec![],
                body: body.into(),
            })
        })
    }
}

fn recorded(image: &Image, mut call: Call) -> Outcome {
    call.limits.recording_bytes = ROOM;
    call.grants.fetch = Some(Arc::new(Noise));
    invoke(image, call).1
}

fn replay(image: &Image, recording: &Recording) -> Replay {
    // As it comes back from wherever it was kept.
    let recording = Recording::from_bytes(recording.as_bytes().to_vec()).unwrap();
    block_on(engine().replay(image, &recording)).unwrap()
}

/// Whatever an invocation can learn decides how much it works.
const CURIOUS: &str = "
    const work = (n) => { let x = 0; for (let i = 0; i < n; i++) x += i; return x };
    export default async (req, ctx) => {
        work(Math.random() * 5000);
        work(crypto.getRandomValues(new Uint8Array(1))[0] * 10);
        work(Date.now() % 1000);
        while (performance.now() < 2) work(1);
        work((await req.text()).length);
        work(ctx.env.SECRET?.length ?? 0);
        const answers = await Promise.all([10, 200, 30].map(n => fetch(`https://example.test/${n}`)));
        for (const answer of answers) work((await answer.bytes())[0]);
        await new Promise(done => setTimeout(done, 1));
        const forgotten = setTimeout(() => {}, 60_000);
        clearTimeout(forgotten);
        ctx.waitUntil((async () => { await fetch('https://example.test/5'); work(Math.random() * 5000) })());
        console.log(crypto.randomUUID());
        return new Response('done', { status: 203 });
    }";

#[test]
fn whatever_it_learnt_it_learns_again() {
    let image = image(CURIOUS);
    let mut fuels = Vec::new();
    for _ in 0..5 {
        let mut call = post("a body");
        call.grants.env = Arc::new([("SECRET".to_owned(), "1234".to_owned().into())].into());
        let then = recorded(&image, call);
        let again = replay(&image, then.recording.as_ref().unwrap());
        assert_eq!(again.divergence, None);
        assert_eq!(again.outcome.usage.fuel, then.usage.fuel);
        assert_eq!((again.outcome.status, &again.outcome.fault), (Some(203), &None));
        assert_eq!(again.outcome.logs[0].message, then.logs[0].message);
        let fuel = |outcome: &Outcome| outcome.background.as_ref().map(|background| background.fuel);
        assert_eq!(fuel(&again.outcome), fuel(&then));
        fuels.push(then.usage.fuel);
    }
    fuels.dedup();
    assert!(fuels.len() > 1, "chance had no say in it: {fuels:?}");
}

#[test]
fn faults_are_found_again() {
    let limits = Limits { fuel: 20 * FUEL_PER_CPU_MS, memory_bytes: 32 << 20, ..Limits::default() };
    for code in [
        "export default () => { while (true); }",
        "export default () => { const all = []; while (true) all.push(new Uint8Array(1 << 20)); }",
        "export default () => { throw new Error(String(Math.random())) }",
        "export default () => new Promise(() => {})",
        "export default () => 'no response'",
        "const f = () => f() + 1; export default () => f()",
    ] {
        let image = image(code);
        let then = recorded(&image, Call { limits: limits.clone(), ..call() });
        let again = replay(&image, then.recording.as_ref().unwrap());
        assert_eq!((again.outcome.fault, again.divergence), (then.fault, None), "{code}");
        assert_eq!(again.outcome.usage.fuel, then.usage.fuel, "{code}");
    }
}

#[test]
fn other_code_diverges() {
    let recording = recorded(&image(CURIOUS), call()).recording.unwrap();
    for other in [
        "export default () => new Response(String(Math.random()))",
        "export default async (req) => { await fetch('https://example.test/1'); return new Response() }",
        "export default async () => { while (true) crypto.randomUUID() }",
    ] {
        let again = replay(&image(other), &recording);
        assert!(again.divergence.is_some(), "{other}");
    }
}

#[test]
fn credentials_are_blank_in_it_and_cost_the_same() {
    let image = image(
        "export default (req) => new Response(req.headers.get('authorization') + req.headers.get('x'))",
    );
    let mut call = call();
    for (name, value) in [("authorization", "Bearer topsecret"), ("cookie", "a=topsecret"), ("x", "public")] {
        call.request.headers.push((name.to_owned(), value.to_owned()));
    }
    let then = recorded(&image, call);
    let recording = then.recording.unwrap();
    let text = String::from_utf8_lossy(recording.as_bytes()).into_owned();
    assert!(!text.contains("topsecret") && text.contains("public"));
    assert_eq!(replay(&image, &recording).outcome.usage.fuel, then.usage.fuel);
}

#[test]
fn it_is_made_when_asked_for_and_up_to_its_bound() {
    let image = image("export default async (req) => new Response((await req.text()).length)");
    assert!(invoke(&image, post("x")).1.recording.is_none());
    let made = |bytes: usize, room: usize| {
        let mut call = post(&"x".repeat(bytes));
        call.limits.recording_bytes = room;
        invoke(&image, call).1.recording
    };
    let bytes = made(1_000, ROOM).unwrap().as_bytes().len();
    assert!(made(1_000, bytes).is_some());
    assert!(made(1_000, bytes - 1).is_none());
}

#[test]
fn bytes_that_are_no_recording_are_refused() {
    let recording = recorded(&image(CURIOUS), call()).recording.unwrap();
    let bytes = recording.as_bytes();
    for end in 0..bytes.len().min(400) {
        // Shorter by a whole event it is one, of less.
        let _ = Recording::from_bytes(bytes[..end].to_vec());
    }
    assert!(Recording::from_bytes(Vec::new()).is_err());
    assert!(Recording::from_bytes(bytes[..20].to_vec()).is_err());
    let mut other = bytes.to_vec();
    other[0] = 9;
    assert!(Recording::from_bytes(other).is_err());
}
