//! The shapes in which people bring their functions: which are taken, and what is said of the others.

use mayfly_runtime::CompileError;

use crate::support::{build, call, image, invoke, text};

fn answer(code: &str) -> String {
    text(invoke(&image(code), call()).0)
}

#[test]
fn each_shape_is_called() {
    for (code, expected) in [
        (
            "export default { async fetch(req, env, ctx) { return new Response([Object.keys(env).length, typeof env.db, typeof ctx.waitUntil, typeof ctx.passThroughOnException, this === undefined].join()) } }",
            "0,object,function,function,false",
        ),
        ("export default class { static fetch() { return new Response('static') } }", "static"),
        ("export function GET(req) { return new Response(req.method) } export function POST() {}", "GET"),
        ("export function POST() {}", ""),
        (
            "addEventListener('fetch', (event) => event.respondWith(new Response(event.request.method)))",
            "GET",
        ),
        (
            "Deno.serve((req, info) => new Response(`${req.method} ${typeof info} ${Deno.env.get('X')}`))",
            "GET object undefined",
        ),
        ("Deno.serve({ port: 1 }, async () => new Response('late'))", "late"),
        ("exports.handler = async (req) => new Response(`commonjs ${req.method}`)", "commonjs GET"),
        ("module.exports = () => new Response(require('path').join('a', 'b'))", "a/b"),
        ("module.exports = { fetch: () => new Response('fetch') }", "fetch"),
        ("export default async () => new Response(String(typeof Deno))", "undefined"),
    ] {
        assert_eq!(answer(code), expected, "{code}");
    }
}

#[test]
fn what_is_none_is_refused_with_what_to_write() {
    for (code, said) in [
        ("export default class App { fetch() {} }", "the default export is a class"),
        ("export class handler {}", "handler is a class"),
        ("const app = () => {}; app.listen = app.use = app; export default app", "Hono has the same shape"),
        ("export default { scheduled() {} }", "name it 'fetch'"),
        ("export default { queue() {} }", "name it 'fetch'"),
        ("exports.other = 1", "the module exports default"),
    ] {
        let error = build(code).unwrap_err();
        assert!(matches!(error, CompileError::NoHandler { .. }), "{error:?}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn lambdas_answer_is_told_how_to_write_it() {
    let outcome = invoke(&image("exports.handler = async () => ({ statusCode: 200, body: '' })"), call());
    let said = format!("{:?}", outcome.0);
    assert!(said.contains("AWS Lambda") && said.contains("new Response(body"), "{said}");
}

#[test]
fn modules_know_where_they_are() {
    let code = "export default () => new Response([import.meta.url, import.meta.filename, import.meta.dirname, import.meta.main].join())";
    assert_eq!(answer(code), "file:///f.ts,/f.ts,/,true");
}

#[test]
fn globals_of_browsers_are_there_for_those_who_name_them() {
    let code = "export default async () => Response.json([typeof EventSource, EventSource.CLOSED, typeof WebSocket,
        (() => { try { new WebSocket('x') } catch (error) { return error.name } })(), typeof CloseEvent, await caches.default.match('x') === undefined,
        typeof scheduler.wait, crypto.subtle.timingSafeEqual(new Uint8Array(2), new Uint8Array(2))])";
    assert_eq!(answer(code), r#"["function",2,"function","SyntaxError","function",true,"function",true]"#);
}
