//! `Intl`: a table of expressions beside what Node prints, errors, and what replaces the language's own.

use mayfly_runtime::Limits;

use crate::support::{call, eval, fault_within, image, invoke, run, text};

const CASES: &str = include_str!("intl/cases.txt");

/// Pairs of an expression and the JSON of what it must print.
fn cases() -> Vec<(&'static str, &'static str)> {
    let lines: Vec<&str> = CASES.lines().filter(|line| !line.starts_with('#')).collect();
    lines.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

#[test]
fn what_is_formatted_is_what_node_formats() {
    let cases = cases();
    let thunks: String = cases.iter().map(|(expression, _)| format!("() => ({expression}),\n")).collect();
    let code = format!(
        "const D = new Date(Date.UTC(2026, 0, 5, 17, 8, 9, 45));
         const all = [{thunks}];
         export default () => Response.json(all.map((thunk) => {{
             try {{ return String(thunk()) }} catch (error) {{ return `THROWN ${{error}}` }} }}))"
    );
    let mut call = call();
    call.limits.fuel = 100 * Limits::default().fuel;
    let printed: Vec<String> = serde_json::from_str(&text(invoke(&image(&code), call).0)).unwrap();
    let mut differing = String::new();
    for ((expression, wanted), printed) in cases.iter().zip(&printed) {
        let wanted: String = serde_json::from_str(wanted).unwrap();
        if wanted != *printed {
            differing.push_str(&format!("\n{expression}\n  wanted  {wanted}\n  printed {printed}\n"));
        }
    }
    assert_eq!(printed.len(), cases.len());
    assert!(differing.is_empty(), "{differing}");
}

/// The name of what an expression throws.
fn thrown(expression: &str) -> String {
    eval(&format!(
        "(() => {{ try {{ {expression}; return 'nothing' }} catch (error) {{ return error.name }} }})()"
    ))
}

#[test]
fn a_formatter_made_at_the_top_level_is_used_in_every_invocation() {
    let image = image(
        "const money = new Intl.NumberFormat('de', { style: 'currency', currency: 'EUR' });
         const { compare } = new Intl.Collator('sv');
         export default () => new Response(money.format(1234.5) + ['ö', 'z', 'a'].sort(compare))",
    );
    for _ in 0..2 {
        assert_eq!(text(invoke(&image, call()).0), "1.234,50\u{a0}€a,z,ö");
    }
}

#[test]
fn the_price_does_not_depend_on_other_invocations() {
    let image = image("export default () => new Response((5).toLocaleString('cy'))");
    let fuel: Vec<u64> = (0..3).map(|_| invoke(&image, call()).1.usage.fuel).collect();
    assert!(fuel.iter().all(|used| *used == fuel[0]), "{fuel:?}");
    // Making one is paid once in an invocation, and again by what uses more of them than it keeps.
    let times = |locales: usize| {
        let code = format!(
            "const all = Intl.NumberFormat.supportedLocalesOf(['de','en','fr','it','es','nl','sv','da','fi','pl','cs','hu','ro','tr','el','he','ar']).slice(0, {locales}).map((tag) => new Intl.NumberFormat(tag));
             export default () => {{ for (let i = 0; i < 10; i++) for (const one of all) one.format(i); return new Response('') }}"
        );
        run(&code).1.usage.fuel / locales as u64
    };
    assert!(times(17) > 2 * times(16), "{} {}", times(17), times(16));
}

#[test]
fn what_a_tenant_replaces_is_not_asked() {
    let body = r"(() => {
        const seen = [];
        const spy = (name) => function () { seen.push(name); throw new Error(name) };
        const { stringify } = JSON;
        for (const name of ['push', 'join', 'map', 'toJSON']) Object.defineProperty(Array.prototype, name, { value: spy(name), configurable: true });
        for (const name of ['toLowerCase', 'split', 'slice', 'indexOf', 'trim']) String.prototype[name] = spy(name);
        Object.defineProperty(Object.prototype, 'toJSON', { value: spy('toJSON'), configurable: true });
        Object.defineProperty(Object.prototype, 'get', { get: spy('get'), configurable: true });
        JSON.parse = JSON.stringify = spy('JSON'); Map.prototype.get = spy('Map'); Math.max = Math.min = Math.floor = spy('Math');
        RegExp.prototype.exec = spy('exec'); Date.prototype.getTime = spy('getTime'); Date.now = spy('now');
        const shown = [new Intl.NumberFormat('de', { minimumFractionDigits: 1 }).format(1234.5), new Date(0).toLocaleDateString('en'),
            new Intl.Locale('en-US', { calendar: 'buddhist' }).toString(), new Intl.ListFormat('en').format(['a', 'b']), 'a'.localeCompare('b')];
        delete Object.prototype.toJSON; delete Array.prototype.toJSON; delete Object.prototype.get;
        return stringify([shown, seen]);
    })()";
    let shown: String = serde_json::from_str(&eval(body)).unwrap();
    assert_eq!(shown, r#"[["1.234,5","1/1/1970","en-US-u-ca-buddhist","a and b",-1],[]]"#);
}

#[test]
fn options_are_bounded_and_long_texts_are_not() {
    let many = |count: usize| {
        format!("new Intl.NumberFormat(Array.from({{ length: {count} }}, (_, i) => `en-x-${{100000 + i}}`))")
    };
    assert_eq!(thrown(&many(200)), "\"nothing\"");
    assert_eq!(thrown(&many(400)), "\"RangeError\"");
    assert_eq!(eval("[...new Intl.Segmenter('en').segment('a'.repeat(100_000))].length"), "100000");
    assert_eq!(eval("'a'.repeat(300_000).localeCompare('a'.repeat(300_000) + 'b')"), "-1");
}

#[test]
fn what_is_asked_of_the_host_is_paid_for() {
    let limits = Limits { fuel: 20_000_000, ..Limits::default() };
    let body = "return new Response([...new Intl.Segmenter('en').segment('a'.repeat(100_000))].length)";
    let fault = fault_within(body, limits).to_string();
    assert!(fault.contains("its limit is 2 ms"), "{fault}");
}

#[test]
fn time_zones_are_those_of_the_database_and_offsets() {
    assert_eq!(eval("new Date(0).toLocaleTimeString('en-GB', { timeZone: '-09:30' })"), "\"14:30:00\"");
    assert_eq!(
        eval("new Intl.DateTimeFormat('en', { timeZone: 'asia/calcutta' }).resolvedOptions().timeZone"),
        "\"Asia/Calcutta\""
    );
    for zone in ["+24:00", "+1", "+01:0", "+01:000", "Europe", ""] {
        assert_eq!(
            thrown(&format!("new Intl.DateTimeFormat('en', {{ timeZone: '{zone}' }})")),
            "\"RangeError\"",
            "{zone}"
        );
    }
}

#[test]
fn the_earliest_and_latest_dates_are_formatted() {
    let show = |time: &str| {
        eval(&format!(
            "new Date({time}).toLocaleDateString('en', {{ era: 'short', timeZone: 'Asia/Tokyo' }})"
        ))
    };
    assert_eq!(show("8.64e15"), "\"9/13/275760 AD\"");
    assert_eq!(show("-8.64e15"), "\"4/20/271822 BC\"");
}
