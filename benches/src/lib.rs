//! Shared set-up of the benches: an executor, an engine, functions and calls.
#![allow(clippy::disallowed_methods, reason = "a bench spawns and reads the environment by itself")]
pub mod figures;
pub mod floor;
pub mod memory;
pub mod server;
pub mod typical;

use std::path::PathBuf;

use mayfly_runtime::{Build, Call, Engine, EngineConfig, Image, Outcome, Request, Response, Source};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads of the program in addition to one per processor.
const THREADS_SPARE: usize = 4;

/// The function of most benches.
pub const HELLO: &str =
    "export async function handler(req, ctx) { return Response.json({ hello: 'world' }); }";

/// An executor for a bench: one thread, so that one core's work is measured.
pub fn executor() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an executor starts")
}

/// Run a bench on an executor with as many threads as the server's.
pub fn run(work: impl Future<Output = ()>) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from) + THREADS_SPARE;
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    executor.expect("an executor starts").block_on(work);
}

/// The cache of compiled modules, shared by the benches, so that only the first compiles the engine.
pub fn cache_dir() -> PathBuf {
    std::env::temp_dir().join("mayfly-benches")
}

/// Threads that run in parallel.
pub fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// An engine with the settings of the server.
pub fn engine(executor: &Runtime) -> Engine {
    executor.block_on(Engine::new(EngineConfig::new(cache_dir()))).expect("the engine starts")
}

/// Compiles a function.
pub fn build(executor: &Runtime, engine: &Engine, code: &str) -> Build {
    let source = Source { file_name: "bench.ts".to_owned(), code: code.to_owned(), source_map: None };
    executor.block_on(engine.build(&source)).expect("the function compiles")
}

/// Compiles a function and loads its image.
pub fn image(executor: &Runtime, engine: &Engine, code: &str) -> Image {
    let build = build(executor, engine, code);
    executor.block_on(engine.load(&build.digest, &build.image)).expect("the image loads")
}

/// A GET request with the headers that browsers send.
pub fn call() -> Call {
    Call {
        request: Request {
            method: "GET".to_owned(),
            url: "http://127.0.0.1:8787/v1/app_000000000000/fn/hello".to_owned(),
            headers: [("host", "127.0.0.1:8787"), ("accept", "*/*"), ("user-agent", "bench")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            body: None,
        },
        context: "{}".to_owned(),
        ..Call::default()
    }
}

/// One invocation, from the call to the end of its background phase.
pub async fn invoke(engine: &Engine, image: &Image, call: Call) -> (Response, Outcome) {
    let (reply, answer) = oneshot::channel();
    let outcome = engine.invoke(image, call, reply).await;
    let response = answer.await.expect("there is an answer").expect("the function answers");
    (response, outcome)
}
