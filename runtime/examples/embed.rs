//! Compiles and runs a function with no server: `cargo run --release -p mayfly-runtime --example embed`.

use std::error::Error;

use mayfly_runtime::{Call, Engine, EngineConfig, Request, Source};

const CODE: &str = r#"
    interface Greeting { hello: string }

    export async function handler(req: Request): Promise<Response> {
        const name = new URL(req.url).searchParams.get("name") ?? "world";
        console.log("greeting", name);
        return Response.json({ hello: name } satisfies Greeting);
    }
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = std::env::temp_dir().join("mayfly-embed");
    let engine = Engine::new(EngineConfig::new(cache)).await?;

    // Once, at deploy: types go, the top level runs, and the memory is kept as an image.
    let source = Source { file_name: "hello.ts".to_owned(), code: CODE.to_owned(), source_map: None };
    let build = engine.build(&source).await?;
    let image = engine.load(&build.digest, &build.image).await?;

    // Each time: a sandbox of its own, which is gone afterwards.
    let call = Call {
        request: Request {
            method: "GET".to_owned(),
            url: "https://example.test/hello?name=mayfly".to_owned(),
            ..Request::default()
        },
        context: "{}".to_owned(),
        ..Call::default()
    };
    let (reply, answer) = tokio::sync::oneshot::channel();
    let outcome = engine.invoke(&image, call, reply).await;
    let response = answer.await??;
    let body = response.body.ok_or("no body")?.collect(1 << 20).await?;
    let line = format!(
        "{} {body:?}, {} fuel, {} KiB of memory, logged: {}",
        response.status,
        outcome.usage.fuel,
        outcome.usage.memory_peak_bytes >> 10,
        outcome.logs.iter().map(|entry| entry.message.as_str()).collect::<Vec<_>>().join("; "),
    );
    std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes())?;
    Ok(())
}
