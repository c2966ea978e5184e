//! `performance`: marks, measures, and observers.

use crate::support::eval;

fn check(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn measures_lie_between_marks() {
    check(&[
        (
            "(() => { performance.mark('a', { startTime: 5, detail: { n: 1 } }); performance.mark('b', { startTime: 9 }); \
             const m = performance.measure('m', 'a', 'b'); return [m.name, m.entryType, m.startTime, m.duration, m.detail, \
             performance.getEntriesByName('a')[0].detail.n] })()",
            r#"["m","measure",5,4,null,1]"#,
        ),
        (
            "(() => { performance.mark('late', { startTime: 9 }); performance.mark('early', { startTime: 1 }); \
             performance.measure('m', { start: 2, duration: 3 }); performance.measure('n', { end: 8, duration: 3 }); \
             return performance.getEntries().map((e) => [e.name, e.startTime]) })()",
            r#"[["early",1],["m",2],["n",5],["late",9]]"#,
        ),
        (
            "(() => { performance.mark('a'); performance.mark('b'); performance.clearMarks('a'); performance.measure('m'); \
             performance.clearMeasures(); return performance.getEntries().map((e) => e.name) })()",
            r#"["b"]"#,
        ),
        (
            "['measure', 'mark'].map((m) => { try { performance[m]('x', m === 'mark' ? { startTime: -1 } : 'none') } catch (e) { return e.name } })",
            r#"["SyntaxError","TypeError"]"#,
        ),
        (
            "new PerformanceMark('x', { startTime: 1, detail: 'd' }).toJSON()",
            r#"{"name":"x","entryType":"mark","startTime":1,"duration":0,"detail":"d"}"#,
        ),
        ("performance.mark('x') instanceof PerformanceEntry", "true"),
    ]);
}

#[test]
fn observers_are_told_in_a_task_of_their_own() {
    check(&[
        (
            "new Promise((resolve) => { performance.mark('before', { startTime: 0 }); const seen = []; \
             const observer = new PerformanceObserver((list, self) => { seen.push('called'); self.disconnect(); \
             resolve([...seen, ...list.getEntries().map((e) => e.name)]) }); \
             observer.observe({ type: 'mark', buffered: true }); performance.mark('after'); performance.measure('not one'); seen.push('first') })",
            r#"["first","called","before","after"]"#,
        ),
        ("PerformanceObserver.supportedEntryTypes", r#"["mark","measure"]"#),
    ]);
}

#[test]
fn the_timeline_is_bounded() {
    check(&[(
        "(() => { for (let i = 0; i < 10_001; i++) performance.mark('x', { startTime: i }); return performance.getEntries().length })()",
        "10000",
    )]);
}

#[test]
fn replaced_built_ins_see_nothing_of_the_timeline() {
    check(&[(
        "(() => { let seen = 0; Array.prototype.push = () => { seen += 1 }; Array.prototype[Symbol.iterator] = () => { seen += 1 }; \
         Object.prototype.startTime = 7; performance.mark('a', { startTime: 3 }); performance.measure('m', 'a'); \
         const start = performance.getEntriesByName('a')[0].startTime; delete Object.prototype.startTime; return [seen, start] })()",
        "[0,3]",
    )]);
}
