//! Compiled functions beside the interpreter: the same answers, the same errors with the same stacks, the same objects alive.

use mayfly_runtime::{Fault, HotFunctions, HotImage, Image, Limits, NativeError};

use crate::support::{block_on, build, call, engine, invoke, text};

/// A function both ways: interpreted, and with everything compiled that can be.
struct Pair {
    interpreted: Image,
    compiled: HotImage,
}

fn all() -> HotFunctions {
    HotFunctions { all: true, addresses: Vec::new(), bytecode_max: 64 << 10 }
}

fn compile_hot(image: &[u8], hot: &HotFunctions) -> Result<HotImage, NativeError> {
    block_on(engine().compile_hot(image, hot))
}

fn pair(code: &str) -> Pair {
    let build = build(code).unwrap_or_else(|error| panic!("{error}: {error:?}"));
    let interpreted = block_on(engine().load(&build.digest, &build.image)).unwrap();
    let compiled = compile_hot(&build.image, &all()).unwrap();
    Pair { interpreted, compiled }
}

/// A program whose handler answers with what these expressions are, or what they throw and where.
fn program(functions: &str, expressions: &[&str]) -> String {
    let each: Vec<String> = expressions.iter().map(|expression| format!("() => ({expression})")).collect();
    format!(
        "{functions}\nfunction tried(f) {{ try {{ const v = f(); return [typeof v, Object.is(v, -0) ? '-0' : \
         typeof v === 'bigint' ? String(v) : v === undefined ? null : v]; }} catch (e) {{ return ['thrown', String(e), \
         e instanceof Error ? e.stack : null]; }} }}\nexport function handler() {{ return Response.json([{}].map(tried)); }}",
        each.join(", ")
    )
}

/// Checks that both ways agree, and answers what they say.
fn agree(functions: &str, expressions: &[&str]) -> String {
    let pair = pair(&program(functions, expressions));
    let expected = text(invoke(&pair.interpreted, call()).0);
    let (answer, _) = invoke(&pair.compiled.image, call());
    let answer = text(answer);
    assert_eq!(
        answer, expected,
        "compiled: {:?}, refused: {:?}",
        pair.compiled.functions, pair.compiled.refused
    );
    answer
}

#[test]
fn numbers() {
    let answer = agree(
        "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
         function loop(n) { let x = 0; for (let i = 0; i < n; i++) { x = (x * 31 + i) | 0; } return x; }",
        &["fib(15)", "loop(10000)", "fib(2.5)", "fib('7')"],
    );
    assert!(answer.starts_with(r#"[["number",610],"#), "{answer}");
}

#[test]
fn operators_on_whatever_there_is() {
    let operators = [
        "+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>", ">>>", "<", "<=", ">", ">=", "==", "!=",
        "===", "!==",
    ];
    let functions: String = operators
        .iter()
        .enumerate()
        .map(|(at, operator)| {
            format!(
                "function f{at}(a, b) {{ return a {operator} b; }}\nfunction g{at}(a) {{ return a {operator} 7; }}\n\
                 function h{at}(a) {{ return 3 {operator} a; }}\nfunction k{at}(a, b) {{ let x = a * 1; return x {operator} b; }}\n\
                 function l{at}(a, b) {{ let x = a | 0, y = b | 0; return x {operator} y; }}\n\
                 function m{at}(a, b) {{ let x = a / 2; let y = b | 0; x {operator} y; return x {operator} y; }}\n"
            )
        })
        .collect();
    let unary = "function u0(a) { return -a; } function u1(a) { return +a; } function u2(a) { return ~a; } function u3(a) { return !a; }
        function u4(a) { a++; return a; } function u5(a) { return a++; } function u6(a) { return --a; } function u7(a) { return typeof a; }
        function u8(a) { let x = 5; x += a; return x; } function u9(a) { let x = 'k'; x += a; return x; } function u10(a) { a += 1.5; return a; }
        function u11(a) { return a ? 1 : 2; } function u12(a) { let o = { a }; o.a++; return o.a; } function u13(a) { return a == null; } function u14(a) { return a ?? 'x'; }";
    let values = [
        "0",
        "-0",
        "1",
        "-1",
        "7",
        "2147483647",
        "-2147483648",
        "4294967295",
        "1.5",
        "-2.5",
        "1e300",
        "NaN",
        "Infinity",
        "-Infinity",
        "9007199254740993",
        "'5'",
        "''",
        "'x'",
        "true",
        "false",
        "null",
        "undefined",
        "10n",
        "-3n",
        "[]",
        "[2]",
        "({})",
        "({ valueOf() { return 3; } })",
        "({ valueOf() { throw new Error('no'); } })",
        "Symbol.iterator",
    ];
    let list = values.join(", ");
    let each = |count: usize, name: &str, call: &str| -> String {
        (0..count).map(|at| format!("one(() => {name}{at}({call}));")).collect()
    };
    let all = format!(
        "{functions}\n{unary}\nconst values = [{list}];
         function show(v) {{ return typeof v === 'symbol' ? 'symbol' : Object.is(v, -0) ? '-0' : typeof v + String(v); }}
         function run() {{ const out = []; const one = (f) => {{ try {{ out.push(show(f())); }} catch (e) {{ out.push(String(e) + (e.stack || '').split('\\n')[0]); }} }};
         for (const a of values) {{ {} {} for (const b of values) {{ {} {} {} {} }} {} }} let h = 0; const s = out.join('|');
         for (let i = 0; i < s.length; i++) h = (h * 31 + s.charCodeAt(i)) | 0; return [out.length, h, s.slice(0, 60000)]; }}",
        each(20, "g", "a"),
        each(20, "h", "a"),
        each(20, "f", "a, b"),
        each(20, "k", "a, b"),
        each(20, "l", "a, b"),
        each(20, "m", "a, b"),
        each(15, "u", "a"),
    );
    let answer = agree(&all, &["run()"]);
    assert!(answer.contains("object"), "{answer}");
}

#[test]
fn errors_are_thrown_where_they_were() {
    agree(
        "function deep(n) { if (n === 0) throw new RangeError('deep'); return deep(n - 1) + 1; }
         function missing(o) { return o.a.b; }
         function call(o) { return o.nothing(1, 2); }
         function early() { const f = () => late; const r = f(); const late = 1; return r; }
         function constant() { const c = 1; c = 2; return c; }
         function element(a, i) { return a[i].x; }
         function set(o) { 'use strict'; o.x = 1; return o.x; }
         function caught(f) { try { return f(); } catch (e) { return 'caught ' + e.message; } }
         function rethrown(f) { try { f(); } catch (e) { throw new Error('outer', { cause: e }); } }
         function last(f) { try { return f(); } finally { done++; } } let done = 0;
         function nested() { let s = ''; for (let i = 0; i < 5; i++) { try { if (i % 2) throw i; s += i; } catch (e) { s += 'e' + e; continue; } finally { s += 'f'; } } return s; }
         function open() { class A { constructor(x) { this.x = x; } } return A(1); }
         function iterate(x) { let n = 0; for (const y of x) n += y; return n; }
         function unknown() { return nowhere + 1; }
         function notNew() { const f = () => 1; return new f(); }",
        &[
            "deep(4)", "missing({})", "missing(null)", "call({})", "call(3)", "early()", "constant()", "element([], 0)", "element(null, 0)",
            "set(Object.freeze({ x: 2 }))", "set({ get x() { return 7; } })", "set(undefined)", "caught(() => deep(2))", "rethrown(() => deep(1))",
            "last(() => deep(3))", "last(() => done)", "nested()", "open()", "iterate(5)", "iterate([1, 2, 3])", "iterate({})", "unknown()", "notNew()",
        ],
    );
}

#[test]
fn objects_and_their_shapes() {
    agree(
        "class P { constructor(x, y) { this.x = x; this.y = y; } add(o) { return new P(this.x + o.x, this.y + o.y); } get len() { return this.x + this.y; } static of(x) { return new P(x, x); } }
         class Q extends P { constructor(x) { super(x, 1); this.z = 3; } add(o) { return super.add(o).len; } }
         function points(n) { let p = new P(0, 0); const d = P.of(1); for (let i = 0; i < n; i++) p = p.add(d); return p; }
         function sub(n) { let s = 0; const q = new Q(2); for (let i = 0; i < n; i++) s += q.add(q); return [s, q]; }
         function read(o) { return o.a; } function write(o, v) { o.b = v; return o; }
         function shapes() { const out = []; const list = [{ a: 1 }, { b: 2, a: 3 }, { c: 1 }, Object.create({ a: 9 }), null, 'str', 7, [5], { get a() { return 'got'; } }];
           for (let r = 0; r < 3; r++) for (const o of list) { try { out.push(read(o)); } catch (e) { out.push(e.message); } } return out; }
         function proto() { const base = { a: 1 }; const o = Object.create(base); const out = []; for (let i = 0; i < 6; i++) { out.push(read(o)); if (i === 1) base.a = 2; if (i === 2) o.a = 3; if (i === 3) delete o.a; if (i === 4) Object.defineProperty(base, 'a', { get() { return 'getter'; } }); } return out; }
         function setters() { const out = []; class S {} ; for (let i = 0; i < 6; i++) { const s = new S(); if (i === 3) Object.defineProperty(S.prototype, 'b', { set(v) { out.push('set' + v); }, configurable: true }); write(s, i); out.push(Object.keys(s)); } return out; }
         function sealed() { const out = []; for (let i = 0; i < 6; i++) { const o = { a: 1 }; if (i > 3) Object.preventExtensions(o); try { write(o, i); } catch (e) { out.push(e.message); } out.push(o); } return out; }
         function readonly() { const out = []; for (let i = 0; i < 6; i++) { const o = { b: 1 }; if (i > 3) Object.freeze(o); try { write(o, i); } catch (e) { out.push(e.message); } out.push(o); } return out; }
         function upper() { const out = []; for (let i = 0; i < 6; i++) { const o = { a: i }; if (i === 3) Object.defineProperty(Object.prototype, 'b', { set(v) { out.push('up'); }, configurable: true }); write(o, 1); out.push(Object.keys(o)); } delete Object.prototype.b; return out; }
         function dictionary(n) { const o = {}; for (let i = 0; i < n; i++) o['k' + i % 50] = i; let s = 0; for (const k in o) s += o[k]; delete o.k3; return [s, Object.keys(o).length]; }
         function literal(i) { return { i, j: i * 2, [`k${i}`]: 3, m() { return this.i; }, get g() { return this.j; }, ...{ z: 1 } }; }
         function lits() { const out = []; for (let i = 0; i < 4; i++) { const l = literal(i); out.push(l, l.m(), l.g); } return out; }
         function spread({ a, ...rest }, [b, c = 4, ...d]) { return [a, rest, b, c, d]; }
         class Priv { #v = 1; static #n = 0; bump() { this.#v += 2; Priv.#n++; return this.#v + Priv.#n; } has(o) { return #v in o; } }
         function privates() { const p = new Priv(); p.bump(); return [p.bump(), p.has(p), p.has({})]; }",
        &[
            "points(20)", "sub(10)", "shapes()", "proto()", "setters()", "sealed()", "readonly()", "upper()", "dictionary(200)", "lits()",
            "spread({ a: 1, x: 2, y: 3 }, [1, undefined, 5, 6])", "privates()", "new Q(4).len",
        ],
    );
}

#[test]
fn arrays_strings_and_closures() {
    agree(
        "function fill(n) { const a = []; for (let i = 0; i < n; i++) a.push(i ^ 5); for (let i = 0; i < n; i++) a[i + n] = i; let s = 0; for (let i = 0; i < a.length; i++) { s = (s + a[i] * i) | 0; a[i] = s & 1023; } return [s, a.length, a[3], a[n * 5]]; }
         function holes() { const a = [1, , 3]; a[10] = 4; a.length = 6; a.x = 1; a[-1] = 2; a[1.5] = 3; a['2'] = 9; return [a, a[1], a[2], a.length, a[-1], a[1.5]]; }
         function typed(n) { const u = new Uint8Array(n), f = new Float64Array(n), i32 = new Int32Array(n), u16 = new Uint16Array(n), c = new Uint8ClampedArray(n); for (let i = 0; i < n + 2; i++) { u[i] = i * 37; f[i] = i / 3; i32[i] = i * 1e9; u16[i] = -i; c[i] = i * 99; } u[0] = 1.9; i32[1] = 3.7; f[2] = 5; f[3] = '7'; u[4] = true; let s = 0; for (let i = 0; i < n; i++) s += u[i] + f[i] + i32[i] + u16[i] + c[i]; return [s, u[n], f[2], [...u], [...i32], [...f], u.length]; }
         function detached() { const b = new ArrayBuffer(8); const u = new Uint8Array(b); u[0] = 5; const x = u[0]; structuredClone(b, { transfer: [b] }); u[0] = 6; return [x, u[0], u.length]; }
         function text(n) { let s = ''; for (let i = 0; i < n; i++) s += 'item ' + i + ','; let h = 0; for (let i = 0; i < s.length; i++) h = (h * 33 + s.charCodeAt(i)) | 0; return [s.length, h, s[3], s[n * 100], s.slice(0, 20), 'ä€'.length, s.at(-1)]; }
         function counter() { let c = 0; return { up: (by) => { c += by; return c; }, get: () => c, set(v) { c = v; } }; }
         function closures(n) { const k = counter(); for (let i = 0; i < n; i++) k.up(i & 3); const a = k.get(); k.set('x'); k.up(1); return [a, k.get()]; }
         function loops() { const fs = []; for (let i = 0; i < 4; i++) { let j = i * 2; fs.push(() => i++ + j++); } return fs.map((f) => [f(), f()]); }
         function captured(a, b) { const f = () => a + b; a++; b = 'z' + b; return [f(), a, b]; }
         function chain(n) { const a = []; for (let i = 0; i < n; i++) a.push(i); return a.map((x) => x * 2).filter((x) => x % 3 === 0).reduce((s, x) => s + x, 0); }
         function sorted(n) { const a = []; let x = 12345; for (let i = 0; i < n; i++) { x = (x * 1103515245 + 12345) & 0x7fffffff; a.push({ key: x % 100, name: 'n' + i }); } a.sort((p, q) => p.key - q.key || (p.name < q.name ? -1 : 1)); return a.map((o) => o.name).join(); }
         function early(n) { let c = 0; const it = { [Symbol.iterator]() { let i = 0; return { next: () => ({ value: i, done: i++ > 5 }), return: () => { c += 100; return {}; } }; } }; for (let k = 0; k < n; k++) for (const x of it) { if (x === 3) break; c += x; } try { for (const x of it) if (x === 2) throw new Error('in'); } catch (e) { c += e.message; } return c; }
         function labels() { let s = 0; outer: for (let i = 0; i < 5; i++) { for (let j = 0; j < 5; j++) { if (j === 3) continue outer; if (i === 3) break outer; s += i * j; } } return s; }
         function switches(x) { switch (x) { case 1: return 'one'; case 'a': case 2: x = 'two'; default: return x + '!'; case null: return 'null'; } }
         function many(a, b, c, d, e, f, g, h, i) { return [a, b, c, d, e, f, g, h, i, arguments.length]; }
         function few(a, b = 2, ...r) { return [a, b, r]; }
         function regexps(s) { let n = 0; for (const m of s.matchAll(/(\\w)(\\d)/g)) n += m[2] | 0; return [n, s.replace(/\\d/g, (d) => d * 2), /x/.test(s)]; }
         function* gen(n) { for (let i = 0; i < n; i++) yield fill(i)[0]; }
         function inOf(o) { return ['a' in o, o instanceof Array, delete o.a, typeof o.a]; }
         function swap(n) { let a = 1, b = 'x'; for (let i = 0; i < n; i++) [a, b] = [b, a]; return [a, b]; }
         function logic(a, b) { return [a && b, a || b, a ?? b, !a, !!b, a ? b : a, (a, b)]; }
         function overflow() { let i = 2147483646; const out = []; for (let k = 0; k < 4; k++) { i++; out.push(i); } let j = -2147483647; for (let k = 0; k < 3; k++) { j--; out.push(j); } return out; }
         function mixed(list) { let t = 0; for (let i = 0; i < list.length; i++) { t = t + list[i]; } return t; }",
        &[
            "fill(50)", "holes()", "typed(20)", "detached()", "text(40)", "closures(30)", "loops()", "captured(1, 2)", "captured('a', {})", "chain(60)", "sorted(60)", "early(3)",
            "labels()", "[switches(1), switches(2), switches('a'), switches(null), switches(7)]", "many(1, 2, 3)", "many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", "few(1)", "few(1, undefined, 3, 4)",
            "regexps('a1b2c3')", "[...gen(5)]", "inOf({ a: 1 })", "inOf([1])", "swap(7)", "logic(0, 'b')", "logic(null, 2)", "overflow()", "mixed([1, 2, 3])", "mixed([1, 'a', 2.5])", "mixed([1n])",
            "mixed([0.1, 0.2, -0])",
        ],
    );
}

#[test]
fn recursion_ends_at_the_stack_in_both() {
    let answer = agree(
        "function depth() { let d = 0; const f = () => { d++; return f() + 1; }; try { f(); } catch (e) { return [e instanceof RangeError, e.message, d > 100]; } }
         function across() { let d = 0; const f = (n) => { d++; return [1].map(() => f(n + 1))[0] + 1; }; try { f(0); } catch (e) { return [e instanceof RangeError, e.message, d > 50]; } }",
        &["depth()", "across()", "depth()"],
    );
    assert!(answer.contains("Maximum call stack size exceeded"), "{answer}");
}

/// The fault of a compiled handler, and of the same one interpreted.
fn faults(functions: &str, limits: &Limits) -> (Fault, Fault) {
    let pair = pair(functions);
    assert!(pair.compiled.functions.iter().any(|name| name == "work"), "{:?}", pair.compiled.refused);
    let fault = |image| {
        let mut call = call();
        call.limits = limits.clone();
        invoke(image, call).0.unwrap_err()
    };
    (fault(&pair.interpreted), fault(&pair.compiled.image))
}

#[test]
fn fuel_that_ends_in_compiled_code_names_its_line() {
    let limits = Limits { fuel: 30_000_000, ..Limits::default() };
    let code = "function work() {\n  let x = 0;\n  for (let i = 0; ; i = (i + 1) | 0) {\n    x = (x + i) | 0;\n  }\n}\n\
                export function handler() {\n  return Response.json(work());\n}";
    for fault in <[Fault; 2]>::from(faults(code, &limits)) {
        let Fault::CpuLimit { stack, .. } = fault else { panic!("{fault:?}") };
        assert!(stack.contains("at work") && stack.contains("at handler"), "{stack}");
    }
}

#[test]
fn fuel_may_end_in_any_instruction() {
    let code = "function work(n) { const a = []; for (let i = 0; i < n; i++) { a.push({ i, s: 'x' + i }); } return a.length; }\n\
                export function handler() { return Response.json(work(1e9)); }";
    let pair = pair(code);
    for fuel in (2_000_000..2_000_400).step_by(7) {
        let mut call = call();
        call.limits = Limits { fuel, ..Limits::default() };
        let fault = invoke(&pair.compiled.image, call).0.unwrap_err();
        assert!(matches!(fault, Fault::CpuLimit { .. }), "{fault:?}");
    }
}

#[test]
fn memory_at_its_limit_in_compiled_code() {
    let limits = Limits { memory_bytes: 24 << 20, fuel: 20_000_000_000, ..Limits::default() };
    let code = "function work() { const a = []; for (let i = 0; ; i++) a.push({ i, b: [i] }); }\n\
                export function handler() { return Response.json(work()); }";
    let (interpreted, compiled) = faults(code, &limits);
    assert!(matches!(interpreted, Fault::MemoryLimit { .. }), "{interpreted:?}");
    assert!(matches!(compiled, Fault::MemoryLimit { .. }), "{compiled:?}");
}

#[test]
fn the_same_pair_uses_the_same_fuel() {
    let pair = pair(
        "function work(n) { let s = 0; for (let i = 0; i < n; i++) s += (i * 7) % 13; return s; }\n\
         export function handler() { return Response.json(work(10000)); }",
    );
    let fuel = |image: &Image| invoke(image, call()).1.usage.fuel;
    let first = fuel(&pair.compiled.image);
    for _ in 0..20 {
        assert_eq!(fuel(&pair.compiled.image), first);
    }
    assert!(fuel(&pair.interpreted) > 3 * first, "{} {first}", fuel(&pair.interpreted));
}

#[test]
fn bytecode_of_a_module_is_bounded() {
    let build =
        build("function a(x) { return x + 1; } export function handler() { return Response.json(a(1)); }")
            .unwrap();
    let within = |bytecode_max| {
        compile_hot(&build.image, &HotFunctions { all: true, addresses: Vec::new(), bytecode_max })
    };
    let whole = within(1 << 10).unwrap();
    assert_eq!(within(whole.bytecode_bytes).unwrap().functions, whole.functions);
    let less = within(whole.bytecode_bytes - 1).unwrap();
    assert_eq!(less.functions.len(), whole.functions.len() - 1);
    assert!(matches!(less.refused[..], [(_, NativeError::TooLarge { what: "bytes of bytecode", .. })]));
    assert!(matches!(within(0), Err(NativeError::Unsupported(_))));
}

#[test]
fn what_is_no_image_or_no_function_is_refused() {
    assert!(matches!(compile_hot(b"no image", &all()), Err(NativeError::Malformed(_))));
    let build = build("export function handler() { return Response.json(1); }").unwrap();
    let hot = HotFunctions { all: false, addresses: vec![0, 1 << 20, u32::MAX], bytecode_max: 1 << 10 };
    assert!(matches!(compile_hot(&build.image, &hot), Err(NativeError::Unsupported(_))));
}

#[test]
fn a_function_that_was_hot_for_one_type_gets_another() {
    agree(
        "function scaled(x) { return x * 2 + 1; } function joined(a, b) { return a + b; } function at(list, i) { return list[i]; }
         function run() { const out = []; for (let i = 0; i < 200; i++) out.push(scaled(i)); out.push(scaled(0.5), scaled('7'), scaled(null));
           try { scaled(7n); } catch (e) { out.push(e.message); } try { scaled(Symbol()); } catch (e) { out.push(e.message); }
           for (const [a, b] of [[1, 2], [1, 'x'], ['x', 1], [1.5, 2], [{}, 1], [[], 'y'], [true, 1], [2147483647, 1]]) out.push(joined(a, b));
           for (const list of [[1, 2], 'ab', new Uint8Array([7, 8]), { 1: 'o' }, new Float64Array([1.5, NaN])]) for (const i of [0, 1, 2, -1, 1.5, '1', 'length']) out.push(String(at(list, i)));
           return out; }",
        &["run()", "run()"],
    );
}

const HOT: &str = "function step(x) { return (x * 31 + 7) | 0; }
    function loop(n) { let x = 1; for (let i = 0; i < n; i++) x = step(x); return x; }
    export function handler(req) { return Response.json(loop(Number(new URL(req.url).searchParams.get('n')))); }";

fn call_for(n: u32) -> mayfly_runtime::Call {
    let mut call = call();
    call.request.url = format!("https://example.test/f?n={n}");
    call
}

#[test]
fn what_is_seen_running_is_what_is_hot() {
    let build = build(HOT).unwrap();
    let image = block_on(engine().load(&build.digest, &build.image)).unwrap();
    let (answer, outcome) = invoke(&image, call_for(100));
    answer.unwrap();
    assert_eq!(outcome.samples, [], "too short to be seen");
    let (answer, interpreted) = invoke(&image, call_for(200_000));
    let expected = text(answer);
    assert!(interpreted.samples.len() >= 2, "the loop, and what it calls: {:?}", interpreted.samples);
    let seen: u64 = interpreted.samples.iter().map(|sample| sample.fuel).sum();
    assert!(seen * 10 > interpreted.usage.fuel * 9, "{seen} of {}", interpreted.usage.fuel);

    let mut samples = interpreted.samples.clone();
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.fuel));
    let addresses = samples.iter().map(|sample| sample.function).collect();
    let hot = HotFunctions { all: false, addresses, bytecode_max: 1 << 10 };
    let compiled = compile_hot(&build.image, &hot).unwrap();
    let mut names = compiled.functions.clone();
    names.sort();
    assert_eq!(names, ["loop", "step"], "{:?}", compiled.refused);
    let (answer, outcome) = invoke(&compiled.image, call_for(200_000));
    assert_eq!(text(answer), expected);
    assert!(
        outcome.usage.fuel * 3 < interpreted.usage.fuel,
        "{} {}",
        outcome.usage.fuel,
        interpreted.usage.fuel
    );
    // Compiled functions are seen as well, under the same addresses.
    let known = |sample: &mayfly_runtime::Sample| {
        interpreted.samples.iter().any(|one| one.function == sample.function)
    };
    assert!(!outcome.samples.is_empty() && outcome.samples.iter().all(known), "{:?}", outcome.samples);
}
