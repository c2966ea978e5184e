//! An engine for all tests of this binary, and functions to deploy and call in one line.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use mayfly_runtime::{
    Body, Build, Call, CompileError, Engine, EngineConfig, Fault, Image, Limits, Outcome, Request, Response,
    Source,
};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

struct Shared {
    runtime: Runtime,
    engine: Engine,
    cache: PathBuf,
    _sweeper: Child,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap().keep();
        let _sweeper = sweep_at_exit(&cache);
        let runtime = Runtime::new().unwrap();
        let engine = runtime.block_on(Engine::new(EngineConfig::new(&cache))).unwrap();
        Shared { runtime, engine, cache, _sweeper }
    })
}

/// Removes the directory once this process is gone, however that happens: nothing else ends what is static.
fn sweep_at_exit(directory: &Path) -> Child {
    Command::new("/bin/sh")
        .args(["-c", "read -r _; rm -rf \"$0\""])
        .arg(directory)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The engine.
pub(crate) fn engine() -> &'static Engine {
    &shared().engine
}

/// An engine that nothing ran in, out of the same cache.
pub(crate) fn unused_engine() -> Engine {
    let config = EngineConfig { slots: 4, ..EngineConfig::new(&shared().cache) };
    block_on(Engine::new(config)).unwrap()
}

/// Runs a future on the engine's executor.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    shared().runtime.block_on(future)
}

/// Deploys TypeScript.
pub(crate) fn build(code: &str) -> Result<Build, CompileError> {
    block_on(engine().build(&Source {
        file_name: "f.ts".to_owned(),
        code: code.to_owned(),
        source_map: None,
    }))
}

/// Deploys TypeScript that must be fine.
pub(crate) fn image(code: &str) -> Image {
    let build = build(code).unwrap_or_else(|error| panic!("{error}: {error:?}"));
    block_on(engine().load(&build.digest, &build.image)).unwrap()
}

/// A call of `GET https://example.test/f`.
pub(crate) fn call() -> Call {
    Call {
        request: Request {
            method: "GET".to_owned(),
            url: "https://example.test/f?q=1".to_owned(),
            headers: vec![("x-test".to_owned(), "yes".to_owned())],
            body: None,
        },
        context: r#"{"user":null,"caller":{"type":"anonymous"},"app":{"id":"app_1","name":"t"},"request":{"id":"r"},"trigger":{"type":"http"}}"#.to_owned(),
        ..Call::default()
    }
}

/// A call with a body.
pub(crate) fn post(body: &str) -> Call {
    let mut call = call();
    call.request.method = "POST".to_owned();
    call.request.body = Some(body.to_owned().into());
    call
}

/// Invokes an image and waits for everything.
pub(crate) fn invoke(image: &Image, call: Call) -> (Result<Response, Fault>, Outcome) {
    block_on(invoke_async(image, call))
}

/// Calls a function, within a future.
pub(crate) async fn invoke_async(image: &Image, call: Call) -> (Result<Response, Fault>, Outcome) {
    invoke_on(engine(), image, call).await
}

/// Calls a function, on an engine of the test's own.
pub(crate) async fn invoke_on(
    engine: &Engine,
    image: &Image,
    call: Call,
) -> (Result<Response, Fault>, Outcome) {
    let (reply, answer) = oneshot::channel();
    let (outcome, response) = tokio::join!(engine.invoke(image, call, reply), whole(answer));
    (response, outcome)
}

/// The response with all of its body, which a function makes only as fast as it is read.
async fn whole(answer: oneshot::Receiver<Result<Response, Fault>>) -> Result<Response, Fault> {
    let Response { status, headers, body } = answer.await.unwrap()?;
    let body = match body {
        None => None,
        Some(body) => Some(match body.collect(64 << 20).await {
            Ok(bytes) => bytes.into(),
            Err(error) => format!("[{error}]").into(),
        }),
    };
    Ok(Response { status, headers, body })
}

/// The bytes of a response that must be fine.
pub(crate) fn bytes(response: &Response) -> &[u8] {
    response.body.as_ref().and_then(Body::whole).map_or(&[], |bytes| bytes)
}

/// Deploys and calls.
pub(crate) fn run(code: &str) -> (Result<Response, Fault>, Outcome) {
    invoke(&image(code), call())
}

/// The text of a response that must be fine.
pub(crate) fn text(response: Result<Response, Fault>) -> String {
    let response = response.unwrap_or_else(|fault| panic!("{fault}: {fault:?}"));
    String::from_utf8(bytes(&response).to_vec()).unwrap()
}

/// What an expression of JavaScript prints as JSON, evaluated in a handler.
pub(crate) fn eval(expression: &str) -> String {
    let code = format!(
        "export async function handler(req, ctx) {{ const value = await (async () => ({expression}))(); \
         return Response.json(value === undefined ? 'undefined' : value); }}"
    );
    text(run(&code).0)
}

/// The fault of a handler with this body.
pub(crate) fn fault(body: &str) -> Fault {
    fault_within(body, Limits::default())
}

/// Calls a function, under other limits.
pub(crate) fn fault_within(body: &str, limits: Limits) -> Fault {
    let image = image(&format!("export async function handler(req, ctx) {{ {body} }}"));
    let mut call = call();
    call.limits = limits;
    invoke(&image, call).0.expect_err("this handler must fail")
}
