//! The language's own answers: what QuickJS 0.15 got wrong, and what our patches of 0.16 mend (guest-sdk/quickjs/patches).

use crate::support::{eval, run, text};

/// Each expression has this value, as JSON.
fn holds(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn big_integers_wrap_at_every_width() {
    holds(&[
        ("BigInt.asUintN(64, -3n).toString()", r#""18446744073709551613""#),
        (
            "[8, 31, 32, 33, 63, 65, 128, 200].every(n => BigInt.asUintN(n, -7n) === (1n << BigInt(n)) - 7n)",
            "true",
        ),
        ("BigInt.asIntN(64, 2n ** 63n).toString()", r#""-9223372036854775808""#),
        (
            "(v => (v.setBigInt64(0, -2n), v.getBigUint64(0).toString()))(new DataView(new ArrayBuffer(8)))",
            r#""18446744073709551614""#,
        ),
    ]);
}

#[test]
fn numbers_are_printed_with_as_few_digits_as_they_need() {
    holds(&[
        ("String(2 ** -44)", r#""5.684341886080802e-14""#),
        (
            "[2 ** -791, 2 ** 863, 2 ** -957, -(2 ** -44)]",
            "[7.678447687145631e-239,6.150157786156811e+259,8.209073602596753e-289,-5.684341886080802e-14]",
        ),
        (
            "(() => { let long = 0; for (let e = -1074; e < 1024; e++) { const x = 2 ** e, [m, p] = x.toExponential().split('e'); \
              const d = m.replace('.', ''); if (d.length < 2) continue; const head = BigInt(d.slice(0, -1)); \
              for (const n of [head - 1n, head, head + 1n]) if (Number(`${n}e${p - (d.length - 2)}`) === x) long++; } return long })()",
            "0",
        ),
        (
            "[0.1 + 0.2, 5e-324, 1.7976931348623157e308, 123456789012345680000, 1e21, 4.35, 0.000001, 1e-7]",
            "[0.30000000000000004,5e-324,1.7976931348623157e+308,123456789012345680000,1e+21,4.35,0.000001,1e-7]",
        ),
    ]);
}

#[test]
fn holes_are_holes_and_nothing_of_other_memory_is_seen() {
    holds(&[
        (
            "(a => { a.length = 200; a.push('x', 'y'); return [a.length, 5 in a, a[199], a.at(-1), Object.keys(a).join()] })([7])",
            r#"[202,false,null,"y","0,200,201"]"#,
        ),
        (
            "(a => { a.push(1); a.unshift(0); return [a.length, 1 in a, a.indexOf(undefined)] })(new Array(9))",
            "[11,false,-1]",
        ),
        ("RegExp.escape('a'.repeat(9000) + '一.'.repeat(9000)).length", "36003"),
        ("[1, 2, 3, 4, 5].values().filter(n => n % 2).map(n => n * n).drop(1).take(1).toArray()", "[9]"),
    ]);
}

#[test]
fn asynchronous_loops_close_what_ends_early_alone_and_wait_for_it() {
    let source = "const log = []; const make = (stop, close = async () => { log.push('close'); await null; log.push('closed'); return {} }) => \
        ({ [Symbol.asyncIterator]: () => { let i = 0; return { return: close, \
           next: async () => { if (stop === i) throw new Error('next'); return { value: i, done: i++ === 2 } } } } });";
    for (body, log) in [
        ("for await (const n of make()) log.push(n)", r#"[0,1,"end"]"#),
        ("for await (const n of make()) break", r#"["close","closed","end"]"#),
        (
            "try { for await (const n of make(1)) log.push(n) } catch (e) { log.push(e.message) }",
            r#"[0,"next","end"]"#,
        ),
        (
            "try { for await (const n of make()) throw new Error('body') } catch (e) { log.push(e.message) }",
            r#"["close","closed","body","end"]"#,
        ),
        (
            "try { for await (const n of make(9, () => { throw new Error('close') })) throw new Error('body') } catch (e) { log.push(e.message) }",
            r#"["body","end"]"#,
        ),
        (
            "try { for await (const n of make(9, async () => 1)) break } catch (e) { log.push(e.name) }",
            r#"["TypeError","end"]"#,
        ),
        ("out: for (;;) for await (const n of make()) break out", r#"["close","closed","end"]"#),
        (
            "await (async () => { for await (const n of make()) { try { return } finally { log.push('finally') } } })()",
            r#"["finally","close","closed","end"]"#,
        ),
        (
            "try { for await (const { a: { b } } of make()) ; } catch (e) { log.push(e.name) }",
            r#"["close","closed","TypeError","end"]"#,
        ),
    ] {
        assert_eq!(
            eval(&format!("await (async () => {{ {source} {body}; log.push('end'); return log }})()")),
            log,
            "{body}"
        );
    }
}

#[test]
fn a_rejected_value_closes_the_iterator_that_gave_it() {
    let source = "const log = []; const make = (value, done) => ({ [Symbol.iterator]: () => ({ next: () => ({ value, done }), return: () => { log.push('closed'); return {} } }) });";
    let ends = "for (const done of [false, true]) try { for await (const v of make(Promise.reject('no'), done)) ; } catch (e) { log.push(e) }";
    assert_eq!(
        eval(&format!("await (async () => {{ {source} {ends}; return log }})()")),
        r#"["closed","no","no"]"#
    );
}

#[test]
fn a_list_of_arguments_may_be_long() {
    holds(&[
        (
            "(l => [String.fromCharCode(...l.fill(65)).length, Math.max.apply(null, l), ((...a) => a.length)(...l), Math.max.bind(null, 1)(...l)])(new Uint8Array(131072 - 1))",
            "[131071,65,131071,65]",
        ),
        (
            "(l => [new (class { constructor(...a) { this.n = a.length } })(...l).n, Reflect.construct(Array, l).length])(Array(120000).fill(1))",
            "[120000,120000]",
        ),
    ]);
    for call in ["Math.max(...l)", "Math.max.apply(null, l)", "Reflect.construct(Array, l)"] {
        let told = eval(&format!(
            "(l => {{ try {{ {call} }} catch (e) {{ return e.name + e.message }} }})(Array(131073).fill(1))"
        ));
        assert_eq!(
            told, r#""RangeErrortoo many arguments in function call (only 131072 allowed)""#,
            "{call}"
        );
    }
}

#[test]
fn what_old_and_new_code_asks_of_regular_expressions_is_there() {
    holds(&[
        (
            "(/(\\d+)-(x)?(é)/.exec('ab 12-é!'), [RegExp.$1, RegExp.$2, RegExp.$3, RegExp.$9, RegExp.lastMatch, RegExp['$&'], RegExp.lastParen, RegExp.leftContext, RegExp.rightContext, RegExp.input])",
            r#"["12","","é","","12-é","12-é","é","ab ","!","ab 12-é!"]"#,
        ),
        ("('k=v'.replace(/(\\w)=(\\w)/, '$2'), RegExp.$1 + RegExp.$2)", r#""kv""#),
        ("(/(q)/.test('q'), /(z)/.test('q'), RegExp.$1)", r#""q""#),
        ("['x', ']'].map(c => /[[x-z]--[y]]/v.test(c))", "[true,false]"),
        (
            "/^\\p{RGI_Emoji}$/v.test('👨‍👩‍👧') && /^[\\q{ab|c}]$/v.test('ab') && /[\\p{L}&&[^\\p{ASCII}]]/v.test('é')",
            "true",
        ),
        ("['(?i:a)b', '(?<y>a)|(?<y>b)'].map(s => new RegExp(s).test('Ab'))", "[true,true]"),
        (
            "(() => { try { new RegExp('[a--b&&c]', 'v') } catch (e) { return e.name } })()",
            r#""SyntaxError""#,
        ),
    ]);
}

#[test]
fn a_weak_reference_holds_until_its_job_ends() {
    holds(&[
        ("new WeakRef({ a: 1 }).deref().a", "1"),
        (
            "(async r => [r.deref() !== undefined, (await null, await null, r.deref() === undefined)])(new WeakRef({}))",
            "[true,true]",
        ),
    ]);
}

#[test]
fn what_is_nested_too_deep_is_refused_at_once() {
    let told = eval(
        "(() => { let o = {}; for (let i = 0; i < 300000; i++) o = i % 2 ? { o } : [o]; \
           try { JSON.stringify(o) } catch (e) { return [e.name, e.message] } })()",
    );
    assert_eq!(told, r#"["RangeError","Maximum call stack size exceeded"]"#);
    holds(&[
        (
            "(() => { let o = 1; for (let i = 0; i < 10000; i++) o = [o]; return JSON.stringify(o).length })()",
            "20001",
        ),
        (
            "(() => { let o = 1; for (let i = 0; i < 10002; i++) o = [o]; try { JSON.stringify(o) } catch (e) { return e.name } })()",
            r#""RangeError""#,
        ),
        (
            "(o => { o.a = [o]; try { JSON.stringify(o) } catch (e) { return e.message } })({})",
            r#""Converting circular structure to JSON""#,
        ),
        ("(o => JSON.stringify([o, [o], { o }]))({})", r#""[{},[{}],{\"o\":{}}]""#),
    ]);
}

#[test]
fn async_context_goes_through_thenables_and_late_events() {
    let (response, _) = run("import { AsyncLocalStorage } from 'node:async_hooks';
         export default async () => {
           const store = new AsyncLocalStorage();
           const now = () => store.getStore() ?? null;
           const thenable = () => ({ then(done) { done(now()); } });
           const got = await store.run('s', async () => [
             await thenable(),
             await Promise.resolve().then(thenable),
             await Promise.reject(1).catch(thenable),
             await Promise.resolve(1).then(() => Promise.resolve().then(thenable)),
             await new Promise((done) => AbortSignal.timeout(1).addEventListener('abort', () => done(now()))),
           ]);
           return Response.json([got, now(), await Promise.resolve().then(thenable)]);
         }");
    assert_eq!(text(response), r#"[["s","s","s","s","s"],null,null]"#);
}

#[test]
fn a_timer_of_a_signal_keeps_the_invocation_waiting() {
    let (response, _) = run(
        "export default async () => { const s = AbortSignal.timeout(2); await new Promise((r) => { s.onabort = r }); \
           return new Response(s.reason.name) }",
    );
    assert_eq!(text(response), "TimeoutError");
    // One that nothing waits for does not hold the response back.
    let (response, outcome) =
        run("export default () => { AbortSignal.timeout(60000); return new Response('ok') }");
    assert_eq!(text(response), "ok");
    assert!(outcome.background.is_none());
}

#[test]
fn namespaces_and_enums_are_as_in_typescript() {
    for (code, value) in [
        ("namespace N { export const unit = 2; export let n = 0; export function twice(x: number) { return x * unit } export namespace In { export const seven = 7 } }
          namespace N { export const four = () => twice(unit); export const up = () => { n += 3; n++; return { n } }; export const deep = () => In.seven; }
          const got = () => [N.four(), N.up(), N.n, N.deep()];", r#"[4,{"n":4},4,7]"#),
        ("const a = 'outer'; namespace L { export const a = 'a'; } namespace L { export const all = () => [a, b, ((b: string) => b)('own')]; export var b = 'b'; export const set = (v: string) => { b = v } }
          const got = () => { L.set('c'); return [L.all(), a] };", r#"[["a","c","own"],"outer"]"#),
        ("namespace A.B { export const x = 1 } namespace A.B { export const y = () => x + 1 } namespace A { export const z = () => B.y() + B.x }
          const got = () => [A.B.y(), A.z()];", "[2,3]"),
        ("class Box { static size = 5 } namespace Box { export const half = () => Box.size / 2 } function make() { return make.n } namespace make { export const n = 9 }
          const got = () => [Box.half(), make()];", "[2.5,9]"),
        ("namespace P { export let x: number; export let [y, z] = [1, 2]; } namespace P { export const put = () => { x = y + z; return x } }
          const got = () => [P.put(), P.x];", "[3,3]"),
        ("const p = 'x'; enum E { xa = 'first', A = p + 'a', T = `${p}b`, N = p.length, M = -1, Q = 'abc'.length * 2 }
          const got = () => [E.xa, E.A, E.T, E.N, E[1], E[-1], E[6], Object.keys(E).join()];", r#"["first","xa","xb",1,"N","M","Q","1,6,xa,A,T,N,M,-1,Q"]"#),
    ] {
        let (response, _) = run(&format!("{code}\nexport default () => Response.json(got());"));
        assert_eq!(text(response), value, "{code}");
    }
}

#[test]
fn names_that_a_pattern_exports_are_found() {
    for export in [
        "export const [handler] = [() => new Response('ok')];",
        "export const { handler, ...rest } = { handler: () => new Response('ok'), a: 1 };",
        "export const { deep: { handler = () => new Response('ok') } } = { deep: {} };",
        "const all = { f: () => new Response('ok') }; export let { f: handler } = all;",
    ] {
        assert_eq!(text(run(export).0), "ok", "{export}");
    }
}

#[test]
fn regular_expressions_pass_over_where_no_match_can_begin() {
    let fuel = |body: &str| {
        let (response, outcome) = run(&format!("export default () => {{ {body} }}"));
        assert_eq!(text(response), "ok", "{body}");
        outcome.usage.fuel
    };
    // What begins at the start alone looks at nothing else.
    let tests = |length: usize| {
        fuel(&format!(
            "const t = 'a'.repeat(1000).repeat({length}); for (let i = 0; i < 100; i++) if (/^b/.test(t) || /^(?:x|y+)z/.exec(t) || t.search(/^c|^d/) >= 0) throw t; return new Response('ok');"
        ))
    };
    let (short, long) = (tests(1), tests(1_000));
    assert!(long < short + 3_000_000, "{short} and {long} fuel");
    // A character that is not there is looked for, nothing is tried; a loop runs through.
    let once = fuel(
        "const t = 'a'.repeat(1000).repeat(1000); if (/<[^>]*>/.test(t) || !/a*$/.test(t)) throw t; return new Response('ok');",
    );
    assert!(once < 30_000_000, "{once} fuel");
    // A class of hundreds of ranges is searched, not read through.
    let letters = fuel(
        "const t = '字é'.repeat(1000).repeat(50); if (!/^\\p{L}+$/u.test(t) || /^\\p{Lu}/u.test(t)) throw t; return new Response('ok');",
    );
    assert!(letters < 100_000_000, "{letters} fuel");
}

#[test]
fn loops_over_a_character_give_back_what_they_took() {
    holds(&[
        (
            "['aaa'.match(/a*a/), 'aaab'.match(/a+ab/), 'xxyxx'.match(/.*x/), 'a\\nb'.match(/.+/)].map(String)",
            r#"["aaa","aaab","xxyxx","a"]"#,
        ),
        (
            "[/^(a*)(a+)(a*)$/.exec('aaaa'), /(?:a*b)*c/.exec('aabbc'), /(a*)*/.exec('b')].map(String)",
            r#"["aaaa,aaa,a,","aabbc",","]"#,
        ),
        (
            "['a1b22'.replace(/\\d+/g, '<$&>'), 'é字é'.replace(/[^a]*é/u, '-'), '😀😀x'.replace(/.+(?=x)/u, '-'), '😀'.match(/[^]+$/)[0].length]",
            r#"["a<1>b<22>","-","-x",2]"#,
        ),
        (
            "[/(?<=a*)b/.exec('aab').index, /(?!a*c)a+/.exec('aacab').index, /\\ba*/.exec(' aa').index, /(?=(a+))a*b\\1/.exec('baaabac').join()]",
            r#"[2,3,1,"aba,a"]"#,
        ),
        ("((r) => [r.test('xab'), r.lastIndex, r.test('xab'), r.lastIndex])(/a*b/g)", "[true,3,false,0]"),
        ("[...'aXbXc'.matchAll(/[a-z]/g)].map((m) => m.index)", "[0,2,4]"),
    ]);
}

#[test]
fn expressions_have_as_many_groups_as_elsewhere() {
    holds(&[
        (
            "(m => [m.length, m[1], m[2], m[3000]])(new RegExp(Array.from({ length: 3000 }, (_, i) => `(<${i}>)?`).join('')).exec('<0><2999>'))",
            r#"[3001,"<0>",null,"<2999>"]"#,
        ),
        (
            "new RegExp('(a)'.repeat(300) + '(?<z>b)\\\\300\\\\k<z>').exec('a'.repeat(300) + 'bab').length",
            "302",
        ),
        (
            "['()'.repeat(32766), '()'.repeat(32767)].map((s) => { try { return new RegExp(s).exec('').length } catch (e) { return e.name } })",
            r#"[32767,"SyntaxError"]"#,
        ),
    ]);
}
