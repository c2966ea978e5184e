//! What errors and limits of the engine say: the expression, the line, what was waited for.

use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::providers::{
    Actor, BoxFuture, Database, Fetch, FetchRequest, FetchResponse, GuestError, ResultSet, Statement,
    Transaction, TransactionOptions,
};
use mayfly_runtime::{Call, Fault, Limits, SourceMap};
use sha2::{Digest, Sha256};

use crate::support::{block_on, build, call, engine, fault, image, invoke, run};

#[test]
fn errors_name_the_expression_or_the_property() {
    for (body, message) in [
        ("const a = {}; a.b.c", "TypeError: Cannot read properties of undefined (reading 'c')"),
        (
            "const a = null; a[Symbol.iterator]",
            "TypeError: Cannot read properties of null (reading 'Symbol(Symbol.iterator)')",
        ),
        ("const a = {}; a.b.c = 1", "TypeError: Cannot set properties of undefined (setting 'c')"),
        (
            "const a = { b: {} }; a.b.list[0].run()",
            "TypeError: Cannot read properties of undefined (reading '0')",
        ),
        ("const a = { b: {} }; a.b.run(1, a ? 2 : 3)", "TypeError: a.b.run is not a function"),
        ("const a = [1]; a[0]()", "TypeError: a[0] is not a function"),
        ("const f = () => ({}); f(1).then()", "TypeError: f(...).then is not a function"),
        ("let a; (a || 5)()", "TypeError: (intermediate value) is not a function"),
        ("const a = {}; new a.B()", "TypeError: a.B is not a constructor"),
        ("const a = {}; a.b(...[1])", "TypeError: a.b is not a function"),
        ("[1].map(5)", "TypeError: 5 is not a function"),
        ("for (const x of { a: 1 }) ;", "TypeError: #<Object> is not iterable"),
        ("const list = {}; for (const x of list) ;", "TypeError: list is not iterable"),
        ("const o = {}; [...o.list]", "TypeError: o.list is not iterable"),
        ("let q; const { a } = q", "TypeError: Cannot destructure property 'a' of 'q' as it is undefined."),
        ("(({ a }) => a)(null)", "TypeError: Cannot destructure property 'a' of 'null' as it is null."),
        ("const o = {}; const [x] = o", "TypeError: o is not iterable"),
        ("q; let q = 1", "ReferenceError: Cannot access 'q' before initialization"),
        ("const q = 1; q = 2", "TypeError: Assignment to constant variable."),
        ("1n + 1", "TypeError: Cannot mix BigInt and other types, use explicit conversions"),
        ("'a' in 5", "TypeError: Cannot use 'in' operator to search for 'a' in 5"),
        (
            "class A { #p; static of(o) { return o.#p } } A.of({})",
            "TypeError: Cannot read private member #p from an object whose class did not declare it",
        ),
        (
            "class A extends undefined {}",
            "TypeError: Class extends value undefined is not a constructor or null",
        ),
        (
            "Object.freeze({ a: 1 }).a = 2",
            "TypeError: Cannot assign to read only property 'a' of object '#<Object>'",
        ),
        ("new Promise()", "TypeError: Promise resolver undefined is not a function"),
    ] {
        match fault(body) {
            Fault::Threw(thrown) => assert_eq!(thrown.message, message, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

/// The place that the first line of the error's stack names, in the author's file.
fn place(code: &str) -> (u32, u32) {
    let Err(Fault::Threw(thrown)) = run(code).0 else { panic!("{code}: no error") };
    let map = SourceMap::parse(&build(code).unwrap().source_map).unwrap();
    let stack = map.map_stack(&thrown.stack);
    let first = stack.lines().find(|line| line.contains("f.ts:")).unwrap_or_else(|| panic!("{stack}"));
    let place: Vec<u32> =
        first.trim_end_matches(')').rsplit(':').take(2).map(|number| number.parse().unwrap()).collect();
    (place[1], place[0])
}

#[test]
fn an_error_is_told_at_its_own_line() {
    // Each marks with `@` what the error is told at.
    for body in [
        "const a: any = { x: 1 };\n console.log('one');\n // between\n const u = a.b.@c;",
        "const a: any = {};\n return a\n  .b\n  .@c\n  .d;",
        "const a: any = {}, k = 'q';\n return 1 +\n  a.b@[k];",
        "const a: any = {};\n console.log(1,\n  @a(\n 2));",
        "const a: any = {};\n return a\n  .@b(\n 1,\n 2);",
        "const a: any = {};\n return [\n  1,\n  @new a.B(\n 1)];",
        "const a: any = {};\n a.b.c @=\n  [1,\n 2];",
        "const q: any = 1n;\n console.log(1);\n return q @* 2;",
        "const q: any = 1n;\n return ('a' @in\n  q);",
        "const q: any = Symbol();\n return [1,\n  @+q];",
        "let q: any;\n const one = 1;\n const { @a } = q;",
        "const q: any = {};\n const one = 1;\n const @[a] = q;",
        "const q: any = {};\n for (const x of\n  @q) {\n console.log(x); }",
        "console.log(1);\n const z = [1,\n  @missing];",
        "const a: any = {};\n const z = {\n  one: 1,\n  two: a.b.@c,\n three: 3 };",
        "const a: any = {};\n if (1 &&\n  a.b.@c)\n console.log(1);",
        "const a: any = {};\n for (let i = 0;\n  i < a.b.@c;\n i++) {}",
        "const a: any = [1];\n return a\n  .map((x: any) => x)\n  .@foo(\n 1);",
        "const a: any = {};\n const z = `${1}\n ${a.b.@c}`;",
    ] {
        let code = format!("export async function handler(): Promise<any> {{\n {body}\n}}");
        let before = &code[..code.find('@').unwrap()];
        let line = before.matches('\n').count() as u32 + 1;
        let code = code.replace('@', "");
        let (told, _) = place(&code);
        assert_eq!(told, line, "{code}");
    }
}

#[test]
fn an_error_of_the_top_level_is_told_at_its_own_line() {
    let error =
        build("const a: any = 1;\nconst b = 2;\nconst k = a.b.c;\nexport default () => new Response(k + b);")
            .unwrap_err();
    assert_eq!(error.place().map(|place| place.line), Some(3), "{error:?}");
    let error =
        build("const a = 1;\nconst list = [a,\n  Missing.from(a)];\nexport default () => list;").unwrap_err();
    assert_eq!(error.place().map(|place| place.line), Some(3), "{error:?}");
}

/// Providers that never answer.
struct Silent;

impl Database for Silent {
    fn query(self: Arc<Self>, _: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        Box::pin(std::future::pending())
    }

    fn begin(
        self: Arc<Self>,
        _: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        Box::pin(std::future::pending())
    }

    fn act_as(self: Arc<Self>, _: Actor) -> Result<Arc<dyn Database>, GuestError> {
        Ok(self)
    }
}

impl Fetch for Silent {
    fn fetch(self: Arc<Self>, _: FetchRequest) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        Box::pin(std::future::pending())
    }
}

/// What the fault of a function that runs out of time says, its places mapped.
fn told_of_timeout(code: &str) -> String {
    let limits = Limits { timeout: Duration::from_millis(60), ..Limits::default() };
    let mut call = Call { limits, ..call() };
    call.grants.database = Some(Arc::new(Silent));
    call.grants.fetch = Some(Arc::new(Silent));
    let (response, _) = invoke(&image(code), call);
    let mut fault = response.unwrap_err();
    assert!(matches!(fault, Fault::TimedOut { .. }), "{fault:?}");
    let map = SourceMap::parse(&build(code).unwrap().source_map).unwrap();
    let stack = fault.stack_mut().unwrap();
    *stack = map.map_stack(stack);
    fault.detailed()
}

#[test]
fn a_time_limit_says_what_was_running_or_waited_for() {
    let wait = "const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));\n";
    for (code, operation, place) in [
        (
            "export default async () => {\n  let n = 0;\n  for (;;) n++;\n}".to_owned(),
            "it was at ",
            "(f.ts:3:",
        ),
        (
            format!("{wait}export default async () => {{\n  await null;\n  await wait(1e6);\n}}"),
            "waited for a timer for ",
            "(f.ts:4:",
        ),
        (
            format!(
                "{wait}async function inner() {{\n  await wait(1e6);\n}}\nexport async function handler() {{\n  await inner();\n}}"
            ),
            "waited for a timer for ",
            "at inner (f.ts:3:",
        ),
        (
            format!(
                "{wait}export async function handler() {{\n  const all = [1, 2].map(() => wait(1e6));\n\n  await Promise.all(all);\n}}"
            ),
            "waited for a timer for ",
            "at handler (f.ts:5:",
        ),
        (
            format!(
                "{wait}async function* ticks() {{\n  await wait(1e6);\n  yield 1;\n}}\nexport async function handler() {{\n  for await (const t of ticks()) console.log(t);\n}}"
            ),
            "waited for a timer for ",
            "at ticks (f.ts:3:",
        ),
        (
            format!(
                "{wait}export async function handler() {{\n  await wait(1e6).then(() => 1).finally(() => 2);\n}}"
            ),
            "waited for a timer for ",
            "at handler (f.ts:3:",
        ),
    ] {
        let told = told_of_timeout(&code);
        assert!(told.contains(operation) && told.contains(place), "{code}\n{told}");
    }
}

#[test]
fn a_time_limit_names_the_database_and_the_network() {
    for (wait, operation) in [
        ("ctx.db.query('select pg_sleep(9)')", "waited for ctx.db.query for "),
        ("ctx.db.sql`select ${1}`", "waited for ctx.db.query for "),
        ("ctx.db.tx(async (tx) => tx.query('select 1'))", "waited for ctx.db.tx for "),
        ("ctx.db.asUser('u', (db: any) => db.query('select 1'))", "waited for ctx.db."),
        ("fetch('https://example.test/slow').then((r) => r.json())", "waited for fetch for "),
        (
            "Promise.race([fetch('https://example.test/a'), fetch('https://example.test/b')])",
            "waited for fetch for ",
        ),
    ] {
        let told = told_of_timeout(&format!(
            "async function load(ctx: any) {{\n  return await {wait};\n}}\nexport default async (req: Request, ctx: any) => Response.json(await load(ctx));"
        ));
        assert!(told.contains(operation) && told.contains("at load (f.ts:2:"), "{wait}\n{told}");
    }
}

/// No function is known that makes its sandbox trap, so one is spoiled: its bytecode asks for a constant far beyond its memory.
#[test]
fn a_trap_is_the_functions_fault_and_says_where_it_was() {
    const PUSH_NUMBER: u8 = 1;
    const PUSH_CONSTANT: u8 = 2;
    let built = build("function spoiled() {\n  return 0x12345678;\n}\nexport default () => new Response(String(spoiled()));").unwrap();
    let mut image = built.image.to_vec();
    let instruction = [PUSH_NUMBER, 0x78, 0x56, 0x34, 0x12];
    let found: Vec<usize> =
        (0..image.len() - instruction.len()).filter(|at| image[*at..].starts_with(&instruction)).collect();
    let [at] = found[..] else { panic!("{found:?}") };
    image[at] = PUSH_CONSTANT;
    image[at + 1..at + 5].copy_from_slice(&0x1000_0000_u32.to_le_bytes());
    let digest: String = Sha256::digest(&image).iter().map(|byte| format!("{byte:02x}")).collect();
    let image = block_on(engine().load(&digest, &image)).unwrap();
    let (response, outcome) = invoke(&image, call());
    let fault = response.unwrap_err();
    assert!(matches!(fault, Fault::Trapped { .. }), "{fault:?}");
    assert_eq!((fault.code(), outcome.fault.is_some()), ("FUNCTION_TRAPPED", true));
    assert!(
        fault.stack().unwrap_or_default().contains("handler")
            || fault.stack().unwrap_or_default().contains("function.mjs:"),
        "{fault:?}"
    );
    // The next one is as if nothing had been.
    assert_eq!(crate::support::text(run("export default () => new Response('still here')").0), "still here");
}
