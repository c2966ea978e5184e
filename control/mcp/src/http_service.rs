//! The protocol over streamable HTTP: one message a request, and no session, so that any node answers any message.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use http_body_util::combinators::BoxBody;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::app_host::AppToolHost;
use crate::app_server::AppMcpServer;
use crate::host::ToolHost;
use crate::server::{McpServer, RawSchema};

/// Between two comments on a stream whose answer is not there yet.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Serves the protocol.
#[derive(Debug)]
pub struct McpService;

impl McpService {
    /// Answer one message of a caller, for whom `host` asks.
    pub async fn serve<H: ToolHost>(
        host: H,
        mut head: Parts,
        body: Bytes,
    ) -> Response<BoxBody<Bytes, Infallible>> {
        if let Some(schema) = raw_schema(&body) {
            head.extensions.insert(RawSchema(schema));
        }
        answer(McpServer::new(host), head, body).await
    }

    /// Answer one message of a caller about an app's own tools; `only`: those that its URL names.
    pub async fn serve_app<H: AppToolHost>(
        host: H,
        only: Option<Arc<[String]>>,
        head: Parts,
        body: Bytes,
    ) -> Response<BoxBody<Bytes, Infallible>> {
        answer(AppMcpServer::new(host, only), head, body).await
    }
}

async fn answer<S: ServerHandler + Clone>(
    server: S,
    head: Parts,
    body: Bytes,
) -> Response<BoxBody<Bytes, Infallible>> {
    // Who calls is known by a key, not by where a page is from; and the edge has looked at `Host`.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(Some(KEEP_ALIVE))
        .with_max_request_body_bytes(body.len().max(1))
        .disable_allowed_hosts();
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::<NeverSessionManager>::default(), config);
    service.handle(Request::from_parts(head, Full::new(body))).await
}

/// The parameter `schema` of a call, whose members keep their order in this way alone.
fn raw_schema(body: &[u8]) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Message {
        params: Params,
    }
    #[derive(Deserialize)]
    struct Params {
        arguments: Arguments,
    }
    #[derive(Deserialize)]
    struct Arguments {
        schema: Box<RawValue>,
    }
    serde_json::from_slice::<Message>(body).ok().map(|message| message.params.arguments.schema)
}
