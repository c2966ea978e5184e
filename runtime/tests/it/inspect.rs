//! What the console prints, beside what Node 20 prints.

use crate::support::run;

/// What `console.log` prints of an expression.
fn printed(expression: &str) -> String {
    let code = format!("export function handler() {{ console.log({expression}); return new Response() }}");
    let (_, outcome) = run(&code);
    outcome.logs.first().map(|entry| entry.message.clone()).unwrap_or_default()
}

#[test]
fn values_are_printed_as_node_prints_them() {
    for (expression, text) in [
        ("[1, , 3, 'x', undefined]", "[ 1, <1 empty item>, 3, 'x', undefined ]"),
        ("{ a: 1, 'b-c': { d: { e: { f: 1 } } } }", "{ a: 1, 'b-c': { d: { e: [Object] } } }"),
        ("new Map([[{ a: 1 }, new Set([1, 2])]])", "Map(1) { { a: 1 } => Set(2) { 1, 2 } }"),
        (
            "[-0, 10n, Symbol('s'), /x/g, new Date(0)]",
            "[ -0, 10n, Symbol(s), /x/g, 1970-01-01T00:00:00.000Z ]",
        ),
        ("[function f() {}, class A {}, () => {}]", "[ [Function: f], [class A], [Function (anonymous)] ]"),
        ("Object.assign(Object.create(null), { x: 1 })", "[Object: null prototype] { x: 1 }"),
        (
            "[new Boolean(true), new String('x'), Object(1n)]",
            "[ [Boolean: true], [String: 'x'], [BigInt: 1n] ]",
        ),
        (
            "[new WeakMap(), (function () { return arguments })(1)]",
            "[ WeakMap { <items unknown> }, [Arguments] { '0': 1 } ]",
        ),
        ("new Uint8Array(3)", "Uint8Array(3) [ 0, 0, 0 ]"),
        (
            "Array.from({ length: 25 }, (_, i) => i)",
            "[\n   0,  1,  2,  3,  4,  5,  6,  7,\n   8,  9, 10, 11, 12, 13, 14, 15,\n  16, 17, 18, 19, 20, 21, 22, 23,\n  24\n]",
        ),
        (
            "Array.from({ length: 8 }, (_, i) => 'item' + i)",
            "[\n  'item0', 'item1',\n  'item2', 'item3',\n  'item4', 'item5',\n  'item6', 'item7'\n]",
        ),
        ("'%s is %d%% of %j', 'x', 50, { a: 1 }, 'rest'", "x is 50% of {\"a\":1} rest"),
    ] {
        assert_eq!(printed(expression), text, "{expression}");
    }
}

#[test]
fn tables_groups_and_assertions_have_their_shapes() {
    let code = "export function handler() {
        console.table([{ a: 1, b: 'x' }, { a: 2, c: true }, 7]);
        console.table(new Map([['k', 1]]));
        console.table([{ a: 1, b: 2 }], ['b']);
        console.table(5);
        console.group('outer');
        console.log('a\\nb');
        console.groupEnd();
        console.assert(false, 'wrong', 1);
        console.assert(true, 'right');
        console.countReset('none');
        console.timeEnd('none');
        return new Response();
    }";
    let (_, outcome) = run(code);
    let logs: Vec<&str> = outcome.logs.iter().map(|entry| entry.message.as_str()).collect();
    assert_eq!(
        logs,
        [
            "┌─────────┬───┬─────┬──────┬────────┐\n\
             │ (index) │ a │ b   │ c    │ Values │\n\
             ├─────────┼───┼─────┼──────┼────────┤\n\
             │ 0       │ 1 │ 'x' │      │        │\n\
             │ 1       │ 2 │     │ true │        │\n\
             │ 2       │   │     │      │ 7      │\n\
             └─────────┴───┴─────┴──────┴────────┘",
            "┌───────────────────┬─────┬────────┐\n\
             │ (iteration index) │ Key │ Values │\n\
             ├───────────────────┼─────┼────────┤\n\
             │ 0                 │ 'k' │ 1      │\n\
             └───────────────────┴─────┴────────┘",
            "┌─────────┬───┐\n│ (index) │ b │\n├─────────┼───┤\n│ 0       │ 2 │\n└─────────┴───┘",
            "5",
            "outer",
            "  a\n  b",
            "Assertion failed: wrong 1",
            "Count for 'none' does not exist",
            "No such label 'none' for console.timeEnd()",
        ]
    );
}
