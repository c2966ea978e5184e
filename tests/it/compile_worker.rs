//! The compile worker: hostile source may end its process, and the server goes on.

use mayfly_runtime::{
    CompileError, Engine, EngineConfig, HotFunctions, Limits, NativeError, ScriptSource, Source,
};
use support::cluster::run;

async fn engine(cache: &tempfile::TempDir) -> Engine {
    let mut config = EngineConfig::new(cache.path());
    config.compile_worker = Some(vec![env!("CARGO_BIN_EXE_compile-worker").into()]);
    Engine::new(config).await.unwrap()
}

fn source(code: String) -> Source {
    Source { file_name: "f.ts".to_owned(), code, source_map: None }
}

#[test]
fn source_that_is_nested_without_end_is_a_compile_error() {
    run(async {
        let cache = tempfile::tempdir().unwrap();
        let engine = engine(&cache).await;
        let fine = source("export const handler = (a: number) => new Response('')".to_owned());
        engine.build(&fine).await.unwrap();
        let deep = 500_000;
        for code in [
            "(".repeat(deep),
            "[".repeat(deep),
            "{".repeat(deep),
            "!".repeat(deep) + "1",
            "a=>".repeat(deep / 2) + "1",
            "1+".repeat(deep) + "1",
            "let a: ".to_owned() + &"Array<".repeat(deep / 4),
            "`${".repeat(deep / 4),
            "if(1)".repeat(deep / 4),
            // Not too deep, but its indentation grows with the square of its length.
            "if(1)".repeat(150_000) + "1;export default () => new Response()",
        ] {
            let error = engine.build(&source(code.clone())).await.expect_err("this must be refused");
            // Some of these are valid JavaScript and only lack a handler.
            let refused = !matches!(error, CompileError::Internal { .. });
            assert!(refused, "{}...: {error:?}", &code[..20]);
            engine.build(&fine).await.unwrap();
        }
    });
}

#[test]
fn the_workers_errors_are_those_of_the_compiler() {
    run(async {
        let cache = tempfile::tempdir().unwrap();
        let engine = engine(&cache).await;
        let error = engine.build(&source("let a: = 1".to_owned())).await.unwrap_err();
        let place = error.place().unwrap();
        assert_eq!((place.line, place.column, place.text.as_str()), (1, 8, "let a: = 1"));
        assert!(matches!(error, CompileError::Syntax { .. }));
        let error = engine.build(&source("@d class A {}".to_owned())).await.unwrap_err();
        assert!(matches!(error, CompileError::Unsupported { .. }));
        let no_map = Source { source_map: Some("none".to_owned()), ..source("1".to_owned()) };
        let error = engine.build(&no_map).await.unwrap_err();
        assert!(matches!(error, CompileError::SourceMap { .. }), "{error:?}");
    });
}

#[test]
fn code_that_runs_once_is_compiled_beside_what_ends_a_worker() {
    run(async {
        let cache = tempfile::tempdir().unwrap();
        let engine = engine(&cache).await;
        let script = |code: String| ScriptSource(source(code));
        let limits = Limits::default();
        // More at once than there are workers, and each third one ends its own.
        let compiled = (0..24).map(|n| {
            let code =
                if n % 3 == 0 { "(".repeat(500_000) } else { format!("const n: number = {n}; return n") };
            let (engine, script, limits) = (engine.clone(), script(code), limits.clone());
            tokio::spawn(async move { (n, engine.compile_script(&script, &limits, &mut 0).await.is_ok()) })
        });
        for compiled in compiled.collect::<Vec<_>>() {
            let (n, is_ok) = compiled.await.unwrap();
            assert_eq!(is_ok, n % 3 != 0, "{n}");
        }
        let error =
            engine.compile_script(&script("\nreturn 1 +".to_owned()), &limits, &mut 0).await.unwrap_err();
        assert_eq!(error.place().map(|place| place.line), Some(2), "{error:?}");
        // There is a reserve beyond a limit, which short code does not use up.
        let low = Limits { fuel: 1_000, ..limits };
        let long = script("globalThis.a = [1, 2, 3];\n".repeat(20_000));
        let mut spent = 0;
        let error = engine.compile_script(&long, &low, &mut spent).await.err();
        assert!(matches!(error, Some(CompileError::TopLevelLimit { .. })), "{error:?}");
        assert!(spent > low.fuel, "what a limit ended was paid for: {spent}");
        // What the engine itself refuses has cost something, too.
        let twice = script("return /(/".to_owned());
        let mut spent = 0;
        let error = engine.compile_script(&twice, &Limits::default(), &mut spent).await.err();
        assert!(matches!(error, Some(CompileError::Syntax { .. })), "{error:?}");
        assert!(spent > 0);
    });
}

/// What the system says of a worker that waits for a source.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_is_limited_and_not_root() {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    let mut worker = Command::new(env!("CARGO_BIN_EXE_compile-worker"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // An answer, even to a malformed request, shows that it has begun.
    let mut stdin = worker.stdin.take().unwrap();
    stdin.write_all(&[1, 0, 0, 0, 0]).unwrap();
    worker.stdout.as_mut().unwrap().read_exact(&mut [0; 4]).unwrap();
    let told = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", worker.id())).unwrap();
    let status = told("status");
    let ids = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().map(|id| id.parse::<u32>().unwrap()).collect::<Vec<_>>()
    };
    for id in ids("Uid:").into_iter().chain(ids("Gid:")).chain(ids("Groups:")) {
        assert_ne!(id, 0, "{status}");
    }
    let limits = told("limits");
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!((limit("Max data size"), limit("Max file size")), (1 << 30, 0), "{limits}");
    assert_eq!((limit("Max core file size"), limit("Max cpu time")), (0, 15), "{limits}");
    drop(stdin);
    assert!(worker.wait().unwrap().success());
}

#[test]
fn a_worker_compiles_hot_functions_as_this_process_does() {
    run(async {
        let cache = tempfile::tempdir().unwrap();
        let apart = engine(&cache).await;
        let code = "function work(n) { let s = 0; for (let i = 0; i < n; i++) s = (s + i) | 0; return s; }
                    export const handler = () => Response.json(work(1000))";
        let built = apart.build(&source(code.to_owned())).await.unwrap();
        let hot = |bytecode_max| HotFunctions { all: true, addresses: Vec::new(), bytecode_max };
        let compiled = apart.compile_hot(&built.image, &hot(1 << 10)).await.unwrap();
        assert!(compiled.functions.iter().any(|name| name == "work"), "{:?}", compiled.refused);
        let digest = compiled.image.compiled_digest().unwrap();

        let other = tempfile::tempdir().unwrap();
        let here = Engine::new(EngineConfig::new(other.path())).await.unwrap();
        let the_same = here.compile_hot(&built.image, &hot(1 << 10)).await.unwrap();
        assert_eq!(the_same.image.compiled_digest(), Some(digest));
        assert_eq!((the_same.functions, the_same.code_bytes), (compiled.functions, compiled.code_bytes));

        let refused = apart.compile_hot(&built.image, &hot(0)).await.unwrap_err();
        assert_eq!(refused.to_string(), "not compiled: no function was compiled");
        let refused = apart.compile_hot(b"no image", &hot(1 << 10)).await.unwrap_err();
        assert!(refused.to_string().starts_with("the image is malformed"), "{refused}");
        let image = vec![0; (48 << 20) + 1];
        assert!(matches!(apart.compile_hot(&image, &hot(1)).await, Err(NativeError::TooLarge { .. })));
    });
}

#[test]
fn a_worker_that_gives_no_answer_leaves_functions_interpreted() {
    run(async {
        let cache = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::new(cache.path());
        config.compile_worker = Some(vec!["/bin/false".into()]);
        let engine = Engine::new(config).await.unwrap();
        let hot = HotFunctions { all: true, addresses: Vec::new(), bytecode_max: 1 };
        let refused = engine.compile_hot(b"", &hot).await.unwrap_err();
        assert!(matches!(refused, NativeError::Worker(_)), "{refused}");
    });
}
