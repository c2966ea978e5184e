//! The test runner's function: each invocation runs one test in its own sandbox.

use std::sync::Arc;

use mayfly_runtime::providers::{Fetch, Grants};
use mayfly_runtime::{Call, Engine, EngineConfig, Image, Limits, Request, Source};
use serde_json::Value;
use tokio::sync::oneshot;

/// The longest report of one test.
const BODY_BYTES_MAX: usize = 64 << 20;

/// A function that is invoked once per test.
pub(crate) struct Runner {
    engine: Engine,
    image: Image,
    limits: Limits,
}

impl Runner {
    /// Deploys `code`.
    pub(crate) async fn new(code: &str, limits: Limits) -> Self {
        let config = EngineConfig::new(std::env::temp_dir().join("mayfly-conformance"));
        let engine = Engine::new(config).await.expect("an engine");
        let source =
            Source { file_name: "conformance.js".to_owned(), code: code.to_owned(), source_map: None };
        let build = engine.build(&source).await.expect("the function deploys");
        let image = engine.load(&build.digest, &build.image).await.expect("its image loads");
        Self { engine, image, limits }
    }

    /// Invokes it with `payload` and this egress; an error is the fault's text.
    pub(crate) async fn run(&self, payload: &Value, fetch: Option<Arc<dyn Fetch>>) -> Result<Value, String> {
        let call = Call {
            request: Request {
                method: "POST".to_owned(),
                url: "http://web-platform.test/".to_owned(),
                headers: Vec::new(),
                body: Some(payload.to_string().into()),
            },
            context: "{}".to_owned(),
            grants: Grants { fetch, ..Grants::default() },
            limits: self.limits.clone(),
            ..Call::default()
        };
        let (reply, answer) = oneshot::channel();
        let _ = self.engine.invoke(&self.image, call, reply).await;
        let response = match answer.await {
            Ok(response) => response.map_err(|fault| format!("{fault}: {fault:?}"))?,
            Err(_) => return Err("no answer".to_owned()),
        };
        let body = response.body.ok_or("no body")?.collect(BODY_BYTES_MAX).await;
        serde_json::from_slice(&body.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
    }
}
