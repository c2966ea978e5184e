//! `ctx`: an invocation's context and its capabilities.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::{FUEL_PER_CPU_MS, Fault};

use crate::support::{call, image, invoke, run, text};

#[test]
fn the_facts_are_those_of_this_call() {
    let image = image(
        "export async function handler(req, { user, caller, app, request, trigger }) {
           return Response.json([user, caller, app, request, trigger, Object.isFrozen(app)]);
         }",
    );
    let mut call = call();
    call.context = r#"{"user":{"id":"u1","claims":{"a":1}},"caller":{"type":"service_key"},"app":{"id":"a"},"request":{"id":"r"},"trigger":{"type":"http"}}"#.to_owned();
    assert_eq!(
        text(invoke(&image, call).0),
        r#"[{"id":"u1","claims":{"a":1}},{"type":"service_key"},{"id":"a"},{"id":"r"},{"type":"http"},true]"#
    );
}

#[test]
fn a_fact_is_found_whatever_the_others_hold() {
    let image = image(
        "export default (req, ctx) => Response.json([ctx.request, ctx.app, ctx.user, ctx.trigger, ctx.caller, ctx.app === ctx.app])",
    );
    let mut call = call();
    call.context = r#"{"user":{"id":"u\"},{\\","claims":{"app":{"id":"no"},"l":[[1,2],{}]}},"app":{"name":"\"app\":"},"trigger":{"type":"x","n":-1.5e3}}"#.to_owned();
    assert_eq!(
        text(invoke(&image, call).0),
        r#"[null,{"name":"\"app\":"},{"id":"u\"},{\\","claims":{"app":{"id":"no"},"l":[[1,2],{}]}},{"type":"x","n":-1500},null,true]"#
    );
    for broken in ["", "{", "{}", "null", r#"{"user"#] {
        let mut call = crate::support::call();
        call.context = broken.to_owned();
        assert!(invoke(&image, call).0.is_ok(), "{broken}");
    }
}

#[test]
fn env_is_a_frozen_plain_object() {
    let image = image(
        "export default (req, { env }) => { try { env.A = 'changed' } catch {} ;
         return Response.json([env, Object.isFrozen(env), 'constructor' in env]) }",
    );
    let mut call = call();
    call.grants.env = Arc::new(BTreeMap::from([
        ("A".to_owned(), "é\"\n".to_owned().into()),
        ("__proto__".to_owned(), "x".to_owned().into()),
    ]));
    assert_eq!(text(invoke(&image, call).0), r#"[{"A":"é\"\n","__proto__":"x"},true,true]"#);
}

#[test]
fn the_request_arrives_whole() {
    let image = image(
        "export default async (req) => Response.json([req.method, req.url, req.headers.get('X-Test'), [...req.headers], \
         await req.clone().text(), await req.json(), req.bodyUsed])",
    );
    let mut call = crate::support::post(r#"{"a":"é"}"#);
    call.request.headers.push(("x-test".to_owned(), "two".to_owned()));
    assert_eq!(
        text(invoke(&image, call).0),
        r#"["POST","https://example.test/f?q=1","yes, two",[["x-test","yes, two"]],"{\"a\":\"é\"}",{"a":"é"},true]"#
    );
}

#[test]
fn bytes_pass_through_both_ways() {
    let image = image(
        "export default async (req) => new Response(new Uint8Array(await req.arrayBuffer()).reverse())",
    );
    let mut call = crate::support::post("");
    call.request.body = Some((0..=255).collect::<Vec<u8>>().into());
    let body = invoke(&image, call).0.unwrap().body.unwrap();
    assert_eq!(&body.whole().unwrap()[..], (0..=255).rev().collect::<Vec<u8>>());
}

#[test]
fn wait_until_goes_on_after_the_response() {
    let (response, outcome) = run(
        "export default (req, { waitUntil }) => {
           waitUntil(new Promise(r => setTimeout(r, 5)).then(() => { console.log('first'); waitUntil(new Promise(r => setTimeout(r, 5)).then(() => console.log('nested'))) }));
           return new Response('early');
         }",
    );
    assert_eq!(text(response), "early");
    let background = outcome.background.unwrap();
    assert_eq!(background.fault, None);
    assert!(background.fuel > 0);
    assert_eq!(
        outcome.logs.iter().map(|entry| entry.message.as_str()).collect::<Vec<_>>(),
        ["first", "nested"]
    );
}

#[test]
fn the_response_leaves_before_the_background_ends() {
    let image = image(
        "export default (req, ctx) => { ctx.waitUntil(fetch('https://gate.test')); return new Response('early') }",
    );
    let (open, gate) = tokio::sync::oneshot::channel();
    let mut call = call();
    call.grants.fetch = Some(Arc::new(crate::operations::Gate::new(gate)));
    crate::support::block_on(async {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let invocation =
            tokio::spawn(async move { crate::support::engine().invoke(&image, call, reply).await });
        assert_eq!(text(answer.await.unwrap()), "early");
        assert!(!invocation.is_finished());
        open.send(()).unwrap();
        assert_eq!(invocation.await.unwrap().background.unwrap().fault, None);
    });
}

#[test]
fn what_fails_in_the_background_changes_nothing_but_the_record() {
    let background = |body: &str| {
        let code = "export default (req, ctx) => { ctx.waitUntil((async () => { BODY })()); return new Response('fine') }";
        let mut call = call();
        call.limits.fuel = 100 * FUEL_PER_CPU_MS;
        let (response, outcome) = invoke(&image(&code.replace("BODY", body)), call);
        assert_eq!(text(response), "fine", "{body}");
        outcome.background.unwrap().fault
    };
    let Some(Fault::Threw(thrown)) = background("throw new Error('late')") else { panic!() };
    assert_eq!(thrown.message, "Error: late");
    assert_eq!(background("await new Promise(() => {})"), Some(Fault::Hung));
    assert!(matches!(background("await 1; for (;;) {}"), Some(Fault::CpuLimit { .. })));
}

#[test]
fn the_background_ends_at_its_own_limit() {
    let image = image(
        "export default (req, ctx) => { ctx.waitUntil(new Promise(r => setTimeout(r, 1e6))); return new Response('') }",
    );
    let mut call = call();
    call.limits.background = Duration::from_millis(20);
    let outcome = invoke(&image, call).1;
    assert!(
        matches!(outcome.background.unwrap().fault, Some(Fault::TimedOut { limit, .. }) if limit == Duration::from_millis(20))
    );
}

#[test]
fn when_the_handler_throws_what_was_registered_still_runs() {
    let (response, outcome) = run(
        "export default (req, ctx) => { ctx.waitUntil(new Promise(r => setTimeout(r, 1)).then(() => console.log('ran'))); throw new Error('x') }",
    );
    assert!(matches!(response, Err(Fault::Threw(_))));
    assert_eq!(outcome.logs[0].message, "ran");
}

#[test]
fn the_signal_fires_before_the_deadline() {
    let image = image(
        "export default (req, ctx) => new Promise(done => ctx.signal.addEventListener('abort', () => done(new Response(ctx.signal.reason.name)))
           , setTimeout(() => {}, 1e6))",
    );
    let mut call = call();
    call.limits.timeout = Duration::from_millis(1500);
    assert_eq!(text(invoke(&image, call).0), "TimeoutError");
}
