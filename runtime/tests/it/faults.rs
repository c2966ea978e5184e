//! Every way in which a handler can fail has a name, and leaves the next invocation alone.

use std::time::Duration;

use mayfly_ledger::{Ledger, Shortage};
use mayfly_runtime::{Call, FUEL_PER_CPU_MS, Fault, Limits};

use crate::support::{call, fault, fault_within, image, invoke, run, text};

#[test]
fn a_throw_is_told_with_its_place_in_the_source() {
    let code = "interface Unused { a: string }\n\
                function deep(): never {\n\
                \u{20} throw new TypeError('no');\n\
                }\n\
                export async function handler() { deep(); }";
    let Fault::Threw(thrown) = run(code).0.unwrap_err() else { panic!("another fault") };
    assert_eq!(thrown.message, "TypeError: no");
    let build = crate::support::build(code).unwrap();
    let stack = mayfly_runtime::SourceMap::parse(&build.source_map).unwrap().map_stack(&thrown.stack);
    assert!(stack.contains("deep (f.ts:3:") && stack.contains("handler (f.ts:5:"), "{stack}");
    assert!(!stack.contains("mayfly:"), "{stack}");
}

#[test]
fn whatever_is_thrown_is_told() {
    for (thrown, message) in [
        ("null", "null"),
        ("undefined", "undefined"),
        ("'text'", "'text'"),
        ("{ a: 1 }", "{ a: 1 }"),
        ("Object.create(null)", "[Object: null prototype] {}"),
        ("{ get message() { throw 1 } }", "{ message: [Getter] }"),
        ("new Proxy({}, { get() { throw 1 } })", "something that cannot be printed"),
    ] {
        match fault(&format!("throw {thrown}")) {
            Fault::Threw(told) => assert_eq!(told.message, message, "throw {thrown}"),
            other => panic!("throw {thrown}: {other:?}"),
        }
    }
}

#[test]
fn an_error_keeps_its_code() {
    let Fault::Threw(thrown) = fault("throw Object.assign(new Error('x'), { code: 'E1' })") else { panic!() };
    assert_eq!(thrown.code.as_deref(), Some("E1"));
}

#[test]
fn a_loop_ends_at_the_cpu_limit() {
    let limits = Limits { fuel: 20 * FUEL_PER_CPU_MS, ..Limits::default() };
    for body in [
        "for (;;) {}",
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "const f = () => Promise.resolve().then(f); await f()",
    ] {
        match fault_within(body, limits.clone()) {
            Fault::CpuLimit { used, limit, .. } => {
                let a_little_more = limit..=limit + 2 * FUEL_PER_CPU_MS;
                assert!(limit == limits.fuel && a_little_more.contains(&used), "{body}: {used}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn a_loop_ends_at_the_wall_clock() {
    let limits = Limits { timeout: Duration::from_millis(20), ..Limits::default() };
    assert!(matches!(fault_within("for (;;) {}", limits.clone()), Fault::TimedOut { .. }));
    assert!(matches!(
        fault_within("await new Promise(r => setTimeout(r, 1e6))", limits),
        Fault::TimedOut { .. }
    ));
}

#[test]
fn memory_ends_at_its_limit() {
    let limits = Limits { memory_bytes: 16 << 20, ..Limits::default() };
    for body in [
        "const a = []; for (;;) a.push({ a })",
        "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))",
        "let s = 'x'; for (;;) s += s + s.length",
        "const m = new Map(); for (let i = 0;; i++) m.set(i, [i])",
    ] {
        match fault_within(body, limits.clone()) {
            Fault::MemoryLimit { limit, .. } => assert_eq!(limit, 16 << 20, "{body}"),
            // Strings end at the engine's own bound before they fill the memory.
            Fault::Threw(thrown) if body.contains("s +=") => {
                assert!(thrown.message.contains("string too long"))
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn recursion_is_a_range_error_that_can_be_caught() {
    for body in [
        "const f = () => f() + 1; f()",
        "JSON.parse('['.repeat(200000))",
        "let a = []; for (let i = 0; i < 20000; i++) a = [a]; a.flat(Infinity)",
        "let p = {}; for (let i = 0; i < 200000; i++) p = new Proxy(p, {}); p.x",
        "eval('('.repeat(50000))",
        "new RegExp('('.repeat(50000))",
        "[].concat.apply([], { get length() { return this.length } })",
    ] {
        let caught = format!("try {{ {body} }} catch (e) {{ return new Response(e.name) }}");
        let code = format!("export async function handler() {{ {caught}; return new Response('no error') }}");
        let name = text(run(&code).0);
        assert!(["RangeError", "SyntaxError", "InternalError"].contains(&name.as_str()), "{body}: {name}");
    }
    assert!(matches!(fault("const f = () => f() + 1; f()"), Fault::StackOverflow(_)));
}

#[test]
fn a_promise_that_can_never_settle_is_told_at_once() {
    assert_eq!(fault("await new Promise(() => {})"), Fault::Hung);
    assert_eq!(fault("ctx.signal; await new Promise(() => {})"), Fault::Hung);
}

#[test]
fn only_a_response_is_a_response() {
    for (value, told) in [
        ("undefined", "undefined (is a 'return' missing?)"),
        ("null", "null"),
        ("{ status: 200 }", "a plain object (wrap it: Response.json(value))"),
        ("'text'", "a string"),
        ("[1]", "an array"),
        ("new Map()", "an object of class Map"),
        ("Object.create(Response.prototype)", "an object of class Response"),
    ] {
        assert_eq!(
            fault(&format!("return {value}")),
            Fault::NoResponse { returned: told.to_owned() },
            "{value}"
        );
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused() {
    let limits = Limits { response_bytes: 1000, ..Limits::default() };
    assert_eq!(
        fault_within("return new Response('x'.repeat(1001))", limits.clone()),
        Fault::OutputLimit { used: 1001, limit: 1000 }
    );
    let image = image("export default () => new Response('x'.repeat(1000))");
    let mut call = call();
    call.limits = limits;
    assert_eq!(text(invoke(&image, call).0).len(), 1000);
}

#[test]
fn headers_of_a_response_are_bounded() {
    let with = |headers: &str| {
        format!("const headers = new Headers(); {headers} return new Response(null, {{ headers }})")
    };
    let many =
        |count: usize| with(&format!("for (let i = 0; i < {count}; i++) headers.append('x-' + i, 'y');"));
    assert_eq!(
        fault_within(&many(101), Limits::default()),
        Fault::HeadersLimit { headers: 101, bytes: 10 * 4 + 90 * 5 + 6 }
    );
    assert_eq!(
        fault_within(&with("headers.set('x', 'y'.repeat(65536));"), Limits::default()),
        Fault::HeadersLimit { headers: 1, bytes: 65_537 }
    );
    let (response, _) = run(&format!(
        "export default () => {{ {} }}",
        with(
            "for (let i = 0; i < 99; i++) headers.append('x-' + i, 'y'); headers.set('x', 'y'.repeat(64900));"
        )
    ));
    assert_eq!(response.unwrap().headers.len(), 100);
}

#[test]
fn operations_that_are_not_awaited_hold_no_more_than_the_memory_limit() {
    // The sandbox has memory at hand for what it does itself: that it needs no more while operations hold the rest is not for chance.
    let code = "export default async () => {
        new Uint8Array(80 << 20);
        const body = 'x'.repeat(16 << 20);
        const all = [];
        for (let i = 0; i < 20; i++) all.push(fetch('http://h/', { method: 'POST', body }).catch((e) => e.code));
        return Response.json(await Promise.all(all));
    }";
    let (response, _) = run(code);
    let codes: Vec<String> = serde_json::from_str(&text(response)).unwrap();
    let refused = codes.iter().filter(|code| *code == "MEMORY_LIMIT").count();
    assert!(refused >= 12 && codes.iter().any(|code| code == "EGRESS_DENIED"), "{codes:?}");
}

#[test]
fn what_an_app_may_hold_is_an_error_of_its_own() {
    let ledger = Ledger::new(64 << 20);
    let image = image("export default () => new Response(String(new Uint8Array(60 << 20).fill(1).length))");
    let mut refused = call();
    refused.grants.account = ledger.account("app_a");
    assert_eq!(invoke(&image, refused).0.unwrap_err(), Fault::NoMemory(Shortage::Account));
    assert_eq!(ledger.held(), 0, "it went with its sandbox");
    let mut fits = call();
    fits.grants.account = Ledger::new(256 << 20).account("app_a");
    assert_eq!(text(invoke(&image, fits).0), (60 << 20).to_string());
}

#[test]
fn a_flood_of_console_entries_is_cut_and_marked() {
    let (response, outcome) = run(
        "export default () => { for (let i = 0; i < 100000; i++) console.log(i); return new Response('fine') }",
    );
    assert_eq!(text(response), "fine");
    assert_eq!(outcome.logs.len(), 101);
    assert_eq!(outcome.logs[100].message, "[99900 more entries were dropped]");
}

#[test]
fn a_fault_leaves_the_next_invocation_alone() {
    let bad = image("let n = 0; export default () => { n++; const f = () => f(); f() }");
    let good = image("let n = 0; export default () => new Response(String(++n))");
    for _ in 0..20 {
        assert!(invoke(&bad, call()).0.is_err());
        assert_eq!(text(invoke(&good, call()).0), "1");
    }
}

#[test]
fn a_callback_of_a_timer_that_throws_fails_the_invocation() {
    let Fault::Threw(thrown) = fault(
        "setTimeout(() => { throw new Error('late') }, 1); await new Promise(r => setTimeout(r, 1000))",
    ) else {
        panic!("another fault")
    };
    assert_eq!(thrown.message, "Error: late");
}

#[test]
fn a_limit_says_what_was_running() {
    let limits = Limits { fuel: 20 * FUEL_PER_CPU_MS, memory_bytes: 16 << 20, ..Limits::default() };
    for (what, work) in [
        ("a loop", "for (;;) {}"),
        ("calls", "for (;;) Math.max(1, 2);"),
        (
            "one that goes on in spite of errors",
            "for (;;) { try { for (;;) {} } catch {} finally { continue; } }",
        ),
        ("native work", "'x'.repeat(1 << 20).split('').sort(() => 0);"),
        ("a regular expression", "/^(a+)+$/.test('a'.repeat(60) + 'b');"),
        ("a promise's job", "return Promise.resolve().then(function slow() { for (;;) {} });"),
        ("an async function", "return (async function slow() { await 1; for (;;) {} })().catch(() => {});"),
        ("memory", "const all = []; for (;;) all.push('x'.repeat(100_000) + all.length);"),
        ("memory, all at once", "return new Uint8Array(1 << 30);"),
        ("memory, by small things", "let last; for (;;) last = { last };"),
    ] {
        let code = format!(
            "function slow() {{\n  {work}\n}}\nexport default async () => new Response(await slow());"
        );
        let fuel = if what.starts_with("memory") { 50 * limits.fuel } else { limits.fuel };
        let (response, _) =
            invoke(&image(&code), Call { limits: Limits { fuel, ..limits.clone() }, ..call() });
        let fault = response.unwrap_err();
        let hit = if what.starts_with("memory") { "FUNCTION_MEMORY_LIMIT" } else { "FUNCTION_CPU_LIMIT" };
        assert_eq!(fault.code(), hit, "{what}: {fault:?}");
        let stack = fault.stack().unwrap_or_default();
        let frame = stack.lines().find(|line| line.contains("function.mjs")).unwrap_or_default();
        assert!(frame.contains("slow (function.mjs:"), "{what}: {fault:?}");
        assert!(fault.detailed().contains("; it was at "), "{what}: {}", fault.detailed());
    }
}

#[test]
fn a_loop_of_host_calls_still_yields() {
    let limits = Limits { timeout: Duration::from_millis(20), ..Limits::default() };
    for body in [
        "for (;;) Date.now();",
        "for (;;) crypto.getRandomValues(new Uint8Array(1));",
        "const bytes = new Uint8Array(65536); for (;;) crypto.getRandomValues(bytes);",
        "for (;;) console.log(1);",
        "for (;;) setTimeout(() => {}, 0);",
    ] {
        let fault = fault_within(body, Limits { host_operations: u32::MAX, ..limits.clone() });
        assert!(matches!(fault, Fault::TimedOut { .. }), "{body}: {fault:?}");
    }
}

/// What is running is told by the line of the loop, whatever came before it: a call, or nothing.
#[test]
fn a_loop_is_told_by_a_line_of_its_own() {
    for turning in [
        "while (true) n += 1;",
        "while (true) {}",
        "while (n >= 0) n += 1;",
        "while (rows) { if (n > 5) n = 0; else n++ }",
        "for (;;) {}",
        "for (;;) n += 1;",
        "for (let i = 0; i < 1e12; i++);",
        "for (let i = 0; i < 1e12; i++) n += rows[i % rows.length].id;",
        "for (let i = 0; i < 1e12; i++) n += Math.abs(i);",
        "do {} while (n >= 0);",
        "do n++; while (n);",
        "turns: for (;;) { for (;;) { n++; continue turns; } }",
        "for (;;) { switch (n) { case 0: n = 1; break; case 1: n = 0; } }",
        "for (;;) { n = rows ? 1 : n && 2; }",
        "for (const key in new Proxy({}, { ownKeys() { for (;;) {} } }));",
        "for (const x of { *[Symbol.iterator]() { for (;;) yield 1 } }) n += x;",
    ] {
        for before in ["let n = 0;", "let n = Math.abs(0);"] {
            let stack = cpu_limit_stack(before, turning);
            assert!(stack.contains("crunch (f.ts:3:"), "{before} {turning}: {stack}");
        }
    }
}

/// Of a loop that takes several lines, the one that is told is one of them.
#[test]
fn a_long_loop_is_told_by_one_of_its_lines() {
    for turning in [
        "for (let i = 0; i < 1e12; i++) {\n    n += rows[i % rows.length].id;\n    n %= 7;\n  }",
        "while (n >= 0) {\n    n += 1;\n    n %= 7;\n  }",
        "do {\n    n += 1;\n    if (n > 7) n = 0;\n  } while (n >= 0);",
        "for (;;) {\n    if (n > 7)\n      n = 0;\n    else n++; }",
    ] {
        let stack = cpu_limit_stack("let n = Math.abs(0);", turning);
        let is_told = |line| stack.contains(&format!("crunch (f.ts:{line}:"));
        assert!((3..=6).any(is_told), "{turning}: {stack}");
    }
}

/// The stack of the error that ends a loop which begins on the third line, as its author sees it.
fn cpu_limit_stack(before: &str, turning: &str) -> String {
    let code = format!(
        "function crunch(rows) {{\n  {before}\n  {turning}\n  return Math.abs(n);\n}}\n\
         export default () => new Response(crunch([{{ id: 1 }}]));"
    );
    let limits = Limits { fuel: 20 * FUEL_PER_CPU_MS, ..Limits::default() };
    let fault = invoke(&image(&code), Call { limits, ..call() }).0.unwrap_err();
    let build = crate::support::build(&code).unwrap();
    mayfly_runtime::SourceMap::parse(&build.source_map).unwrap().map_stack(fault.stack().unwrap())
}
