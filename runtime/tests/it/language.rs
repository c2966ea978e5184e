//! The language itself, in the sandbox.

use crate::support::eval;

#[test]
fn recursion_goes_deep_enough_for_people() {
    let depth: u32 =
        eval("(() => { let n = 0; const f = () => { n++; f() }; try { f() } catch {} return n })()")
            .parse()
            .unwrap();
    assert!(depth > 2_000, "{depth}");
}

#[test]
fn modern_syntax_and_library_are_there() {
    for (expression, value) in [
        ("[1, 2, 3].toSorted((a, b) => b - a)", "[3,2,1]"),
        ("Object.groupBy([1, 2, 3], n => n % 2 ? 'odd' : 'even')", r#"{"odd":[1,3],"even":[2]}"#),
        (
            "(await Promise.allSettled([1, Promise.reject(2)])).map(r => r.status)",
            r#"["fulfilled","rejected"]"#,
        ),
        ("(1n << 64n).toString()", r#""18446744073709551616""#),
        ("'aXbX'.replaceAll('X', '-')", r#""a-b-""#),
        ("new Set([1, 2]).union(new Set([3])).size", "3"),
        ("Array.from({ length: 3 }).map((_, i) => i).at(-1)", "2"),
        ("/(?<y>\\d{4})/v.exec('in 2026').groups.y", r#""2026""#),
        ("(o => new WeakRef(o).deref() === o)({})", "true"),
    ] {
        assert_eq!(eval(expression), value, "{expression}");
    }
}
