//! Deploys: accepted and refused sources, and the errors.

use mayfly_runtime::{CompileError, Fault};

use crate::support::{build, call, image, invoke, text};

fn refused(code: &str) -> CompileError {
    build(code).expect_err("this must be refused")
}

#[test]
fn a_syntax_error_names_line_column_and_source_line() {
    let error = refused("export function handler() {\n  const a: number = ;\n}");
    let place = error.place().unwrap();
    assert!(matches!(error, CompileError::Syntax { .. }));
    assert_eq!((place.line, place.column, place.text.as_str()), (2, 21, "  const a: number = ;"));
}

#[test]
fn what_only_the_engine_refuses_is_a_syntax_error_too() {
    let error = refused("export const handler = () => new Response(/(?<a>x)(?<a>y)/.source)");
    assert!(matches!(error, CompileError::Syntax { .. }), "{error:?}");
}

#[test]
fn a_module_without_a_handler_is_refused_with_what_it_exports() {
    let CompileError::NoHandler { message } = refused("export const a = 1, b = 2;") else { panic!() };
    assert!(message.starts_with("the module exports a, b, but no function called 'handler'"), "{message}");
    let CompileError::NoHandler { message } = refused("const a = 1;") else { panic!() };
    assert!(message.starts_with("the module exports nothing"), "{message}");
    assert!(matches!(refused("export default { fetch: 1 }"), CompileError::NoHandler { .. }));
}

#[test]
fn every_way_of_exporting_a_handler_works() {
    for code in [
        "export async function handler(req, ctx) { return new Response('ok') }",
        "export const handler = () => new Response('ok')",
        "const f = () => new Response('ok'); export { f as handler }",
        "export default async () => new Response('ok')",
        "export default function () { return new Response('ok') }",
        "export default { fetch() { return new Response(this.text) }, text: 'ok' }",
        "class App { text = 'ok'; fetch() { return new Response(this.text) } } export default new App()",
    ] {
        assert_eq!(text(invoke(&image(code), call()).0), "ok", "{code}");
    }
}

#[test]
fn a_top_level_that_throws_is_refused_with_its_place() {
    let error = refused(
        "type T = string;\nfunction boom(): T {\n  throw new Error('at deploy');\n}\nboom();\nexport const handler = 1;",
    );
    let CompileError::TopLevelThrew { thrown, place } = error else { panic!("{error:?}") };
    assert_eq!(thrown.message, "Error: at deploy");
    assert_eq!(
        place.map(|place| (place.line, place.text)),
        Some((3, "  throw new Error('at deploy');".to_owned()))
    );
    assert!(thrown.stack.contains("f.ts:5:"), "{}", thrown.stack);
}

#[test]
fn a_top_level_without_end_hits_a_limit() {
    let limit = |code: &str| match refused(code) {
        CompileError::TopLevelLimit { fault } => fault,
        other => panic!("{code}: {other:?}"),
    };
    assert!(matches!(limit("for (;;) {}"), Fault::CpuLimit { .. }));
    assert!(matches!(
        limit("const a = []; for (;;) a.push(new Uint8Array(1 << 20))"),
        Fault::MemoryLimit { .. }
    ));
    assert!(matches!(limit("const f = () => f(); f()"), Fault::StackOverflow(_)));
    let CompileError::NoHandler { message } =
        refused("await new Promise(() => {}); export const handler = 1")
    else {
        panic!()
    };
    assert!(message.contains("never settles"), "{message}");
}

#[test]
fn the_top_level_has_no_way_out() {
    for (code, what) in [
        ("fetch('https://example.com').catch(() => {}); await fetch('https://example.com')", "fetch"),
        ("crypto.getRandomValues(new Uint8Array(1))", "crypto.getRandomValues"),
        ("crypto.randomUUID()", "crypto.randomUUID"),
        ("setTimeout(() => {}, 1)", "A timer"),
    ] {
        let error = refused(&format!("{code}; export const handler = () => new Response('')"));
        let CompileError::TopLevelThrew { thrown, .. } = error else { panic!("{code}: {error:?}") };
        assert!(thrown.message.contains(what) && thrown.message.contains("at deploy"), "{}", thrown.message);
    }
}

#[test]
fn state_of_the_top_level_is_the_same_in_every_invocation() {
    let image = image(
        "const table = new Map([['a', 1]]); const made = Math.random(); let calls = 0; await Promise.resolve();\n\
         export const handler = () => new Response(`${table.get('a')} ${made} ${++calls}`)",
    );
    let first = text(invoke(&image, call()).0);
    assert!(first.starts_with("1 ") && first.ends_with(" 1"), "{first}");
    assert_eq!(text(invoke(&image, call()).0), first);
}

#[test]
fn a_source_beyond_the_limit_is_refused() {
    let code = format!("export const handler = () => new Response(''); // {}", "x".repeat(10 << 20));
    assert!(matches!(refused(&code), CompileError::TooLarge { limit: 10_485_760, .. }));
}

#[test]
fn names_of_the_inside_lead_nowhere() {
    for name in ["mayfly:prelude", "./host.js", "m_host", "function.mjs", "HOST"] {
        let code = format!(
            "export async function handler() {{ try {{ const found = Object.keys(await import('{name}')); return new Response(found.length > 0 ? 'in' : 'out') }} \
             catch {{ return new Response('out') }} }}"
        );
        let answer = text(invoke(&image(&code), call()).0);
        assert!(answer == "out" || name == "function.mjs", "{name}");
    }
}

#[test]
fn an_image_of_other_bytes_is_refused() {
    let build = build("export default () => new Response('')").unwrap();
    let engine = crate::support::engine();
    let mut bytes = build.image.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    crate::support::block_on(async {
        assert!(engine.load(&build.digest, &bytes).await.is_err());
        assert!(engine.load("../../etc/passwd", &bytes).await.is_err());
        assert!(engine.load(&build.digest, &build.image).await.is_ok());
    });
    assert!(engine.cached("../../etc/passwd").is_none());
}
