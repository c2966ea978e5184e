//! Thrown values are reported whole: an error's causes follow its stack, and all of it is bounded.

use mayfly_runtime::{Fault, SourceMap, Thrown};

use crate::support::{build, fault, image, invoke, run};

fn thrown(body: &str) -> Thrown {
    match fault(body) {
        Fault::Threw(thrown) => thrown,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn causes_stand_behind_the_stack_with_places_of_their_own() {
    let code = "type Unused = string;
function low(): never { throw new TypeError('low'); }
function middle(): never {
  try { low(); } catch (cause) { throw Object.assign(new Error('middle', { cause }), { code: 'E2' }); }
}
export async function handler() {
  try { middle(); } catch (cause) { throw new Error('high', { cause }); }
}";
    let Fault::Threw(thrown) = run(code).0.unwrap_err() else { panic!("another fault") };
    assert_eq!(thrown.message, "Error: high");
    let map = SourceMap::parse(&build(code).unwrap().source_map).unwrap();
    let stack = map.map_stack(&thrown.stack);
    let at = |text: &str| stack.find(text).unwrap_or_else(|| panic!("no {text} in {stack}"));
    let order = [
        at("handler (f.ts:7:"),
        at(" {\n  [cause]: Error: middle\n      at middle (f.ts:4:"),
        at("\n    code: 'E2',\n    [cause]: TypeError: low\n        at low (f.ts:2:"),
        at("\n  }\n}"),
    ];
    assert!(order.is_sorted() && stack.ends_with("\n}"), "{stack}");
}

#[test]
fn the_errors_of_an_aggregate_are_told() {
    let told = thrown(
        "await Promise.any([Promise.reject(new TypeError('one')), Promise.reject(2), Promise.reject(new Error('three', { cause: 'four' }))])",
    );
    assert!(told.message.starts_with("AggregateError"), "{}", told.message);
    for part in ["[errors]: [", "TypeError: one", " 2,", "Error: three", "[cause]: 'four'"] {
        assert!(told.stack.contains(part), "{part}: {}", told.stack);
    }
}

#[test]
fn what_is_no_error_is_told_with_the_errors_that_it_holds() {
    for (value, message) in [
        ("Symbol('s')", "Symbol(s)"),
        ("new (class Oops { n = 1 })", "Oops { n: 1 }"),
        ("{ cause: { deep: [1] } }", "{ cause: { deep: [ 1 ] } }"),
    ] {
        assert_eq!(thrown(&format!("throw {value}")).message, message);
    }
    let told = thrown("throw { error: new RangeError('inner') }");
    assert!(told.message.contains("RangeError: inner") && told.message.contains("function.mjs"), "{told:?}");
}

#[test]
fn whatever_is_behind_an_error_is_bounded() {
    for (error, part) in [
        (
            "let e = new Error('0'); for (let i = 1; i < 10_000; i++) e = new Error(`${i}`, { cause: e }); throw e",
            "[cause]: [Error: 9966]",
        ),
        ("const e = new Error('x'); e.cause = e; throw e", "cause: [Circular *1]"),
        (
            "const a = new Error('a'); const b = new Error('b', { cause: a }); Object.defineProperty(a, 'cause', { value: b }); throw a",
            "[cause]: [Circular *1]",
        ),
        (
            "const e = new Error('x'); Object.defineProperty(e, 'cause', { get() { throw 1 } }); throw e",
            "[cause]: [Getter]",
        ),
        ("throw new Error('x', { cause: new Proxy({}, { get() { throw 1 } }) })", "while printing]"),
        (
            "throw new Error('x', { cause: new Proxy(new Error('y'), { getOwnPropertyDescriptor() { throw 1 } }) })",
            "while printing]",
        ),
        (
            "throw new AggregateError(Array.from({ length: 5_000 }, (_, i) => new Error(`e${i}`)))",
            "more items",
        ),
        ("throw new Error('x', { cause: 'y'.repeat(50_000) })", "40000 more characters"),
        (
            "const deep = (n) => n === 0 ? 1 : Array.from({ length: 100 }, () => deep(n - 1)); throw Object.assign(new Error('x'), { a: deep(2), b: deep(2) })",
            "...",
        ),
    ] {
        let told = thrown(error);
        assert!(told.stack.contains(part), "{error}: {}", told.stack);
        assert!(told.stack.len() < 33_000, "{error}: {}", told.stack.len());
    }
}

#[test]
fn long_messages_are_cut() {
    for body in [
        "throw new Error('x'.repeat(10_001))",
        "throw 'x'.repeat(30_000)",
        "throw new Error('x'.repeat(50 << 20))",
        "throw Object.assign(new Error('y'), { name: 'x'.repeat(20 << 20) })",
    ] {
        let message = thrown(body).message;
        assert!(message.contains("more character") && message.len() < 10_100, "{body}: {}", message.len());
    }
    assert_eq!(thrown("throw new Error('x'.repeat(10_000))").message.len(), 10_007);
}

#[test]
fn what_the_background_threw_has_a_stack_too() {
    let code = "export default (req, ctx) => {
        ctx.waitUntil((async function later() { throw new Error('late', { cause: new TypeError('why') }) })());
        return new Response();
    }";
    let (_, outcome) = invoke(&image(code), crate::support::call());
    let Some(Fault::Threw(thrown)) = outcome.background.and_then(|background| background.fault) else {
        panic!("another fault")
    };
    assert_eq!(thrown.message, "Error: late");
    assert!(
        thrown.stack.contains("later (function.mjs:") && thrown.stack.contains("[cause]: TypeError: why")
    );
}

#[test]
fn replaced_built_ins_hide_nothing_of_what_was_thrown() {
    let told = thrown(
        "Array.prototype.push = Array.prototype.join = String.prototype.slice = () => { throw 1 };
         Object.getOwnPropertyDescriptor = Reflect.ownKeys = Error.prototype.toString = () => { throw 2 };
         Object.defineProperty(Object.prototype, 'get', { value: () => 3, configurable: true });
         throw new Error('x', { cause: new TypeError('why') })",
    );
    assert_eq!(told.message, "Error: x");
    assert!(told.stack.contains("[cause]: TypeError: why"), "{}", told.stack);
}
