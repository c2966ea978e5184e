//! Opens connections to servers: by the app's egress, or as a program of the operator's.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_ledger::{TakenPlace, TooManyWait};
use mayfly_mcp_proxy::{
    FetchedBody, Fetching, OfferedTool, Target, ToolServer, ToolServerError, UpstreamFetch, UpstreamSettings,
};
use mayfly_runtime::Body;
use mayfly_runtime::providers::{Fetch, FetchRequest, GuestError, Redirect};
use mayfly_store::McpServerRow;

use super::ToolServers;

/// For how long a server may take to start, or to accept a connection.
const CONNECT: Duration = Duration::from_secs(30);
/// For how long it may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Bytes of one message from it.
const MESSAGE_BYTES_MAX: usize = 2 << 20;

/// A server that can be asked, and the tools that it had when the connection was opened.
#[derive(Debug)]
pub(super) struct OpenServer {
    pub(super) server: ToolServer,
    pub(super) tools: Vec<OfferedTool>,
    _place: TakenPlace,
}

impl ToolServers {
    /// Open a connection, and ask for the tools.
    pub(super) async fn connect(&self, app: &str, row: &McpServerRow) -> ApiResult<OpenServer> {
        let settings = self.settings(app, row).await?;
        let place = self.places.take(app).await.map_err(|TooManyWait| {
            ApiError::new(Code::Overloaded, "too many connections of this app to MCP servers are waiting")
        })?;
        let opened = ToolServer::open(&settings, &self.parts.tasks).await;
        let server = opened.map_err(|why| failed(&mayfly_mcp_proxy::visible(&why)))?;
        let tools = server.tools().await.map_err(|error| match error {
            ToolServerError::Failed(why) => failed(&why),
            ToolServerError::Refused { message, .. } => failed(&message),
        })?;
        Ok(OpenServer { server, tools, _place: place })
    }

    async fn settings(&self, app: &str, row: &McpServerRow) -> ApiResult<UpstreamSettings> {
        let target = match (&row.url, &row.program) {
            (Some(url), _) => Target::parse(url).map_err(ApiError::internal)?,
            (None, Some(program)) => {
                let command = self.parts.programs.get(program);
                let command =
                    command.ok_or_else(|| failed("the operator does not name its program any more"))?;
                Target::Command(command.clone())
            }
            (None, None) => return Err(ApiError::internal("an MCP server has a URL or a program")),
        };
        let key = match &row.key_env {
            None => None,
            Some(name) => Some(self.key(app, name).await?),
        };
        let mut settings = UpstreamSettings::new(target, key);
        (settings.connect_timeout, settings.request_timeout) = (CONNECT, ANSWER);
        settings.message_bytes_max = MESSAGE_BYTES_MAX;
        if row.url.is_some() {
            let lists = Arc::clone(&self.parts.functions.of_runs(app).await?.egress);
            let account = self.parts.ledger.account(app);
            let fetch = self.parts.egress.for_invocation(app, account, lists, None);
            settings.fetch = Some(Arc::new(AppFetch(fetch)));
        }
        Ok(settings)
    }

    /// The value of one of the app's variables.
    async fn key(&self, app: &str, name: &str) -> ApiResult<String> {
        let variables = self.parts.store.env().get(app, None).await?;
        let encrypted = variables
            .get(name)
            .ok_or_else(|| ApiError::invalid("key_env", format!("the app has no variable {name}")))?;
        let value = self.parts.keyring.decrypt(app, None, name, encrypted).map_err(|error| {
            ApiError::new(
                Code::SecretsUnavailable,
                format!("the environment variable {name} cannot be decrypted"),
            )
            .because(error)
        })?;
        Ok(value.as_str().to_owned())
    }
}

/// What a caller is told of a server that failed.
pub(super) fn failed(why: &str) -> ApiError {
    ApiError::new(Code::UpstreamFailed, format!("the MCP server failed: {why}"))
}

/// The app's `fetch`: by its lists, and to no address that they do not allow.
struct AppFetch(Arc<dyn Fetch>);

impl UpstreamFetch for AppFetch {
    fn fetch(&self, request: http::Request<Bytes>) -> Fetching {
        let fetch = Arc::clone(&self.0);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                let value = value.to_str().map_err(io::Error::other)?;
                Ok((name.as_str().to_owned(), value.to_owned()))
            };
            let asked = FetchRequest {
                method: head.method.as_str().to_owned(),
                url: head.uri.to_string(),
                headers: head.headers.iter().map(header).collect::<io::Result<_>>()?,
                body: (!body.is_empty()).then_some(Body::Whole(body)),
                redirect: Redirect::Error,
            };
            let answer = fetch.fetch(asked).await.map_err(of_guest)?;
            let mut made = http::Response::builder().status(answer.status);
            for (name, value) in &answer.headers {
                made = made.header(name, value);
            }
            let body: FetchedBody = match answer.body {
                Body::Whole(bytes) => stream::iter([Ok(bytes)]).boxed(),
                Body::Stream(pieces) => pieces.map(|piece| piece.map_err(of_guest)).boxed(),
            };
            made.body(body).map_err(io::Error::other)
        })
    }
}

impl fmt::Debug for AppFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppFetch")
    }
}

fn of_guest(error: GuestError) -> io::Error {
    io::Error::other(error.to_string())
}
