//! Puts a proxy together and runs it, until its client has gone or the process is told to end.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mayfly_api::ids;
use mayfly_common::tasks::Tasks;
use rmcp::service::{QuitReason, ServerInitializeError, serve_server};
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::client_side::ClientSide;
use crate::common::ProxyCommon;
use crate::gate::ProxyGate;
use crate::http;
use crate::pins::Pins;
use crate::scan::{ScanReport, ScannedTool, injections_in};
use crate::session::Session;
use crate::settings::{ProxySettings, UpstreamSettings};
use crate::upstream::{Upstream, UpstreamError};

/// Bytes of a message of a client.
const LINE_BYTES_MAX: usize = 4 << 20;
/// For how long connections may take to end.
const END: Duration = Duration::from_secs(5);

/// A proxy does not run.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// Its settings do not go together.
    #[error("{0}")]
    Settings(String),
    /// Its state, or a socket, cannot be used.
    #[error("{0}")]
    Failed(String),
}

/// A proxy that is ready.
#[derive(Debug)]
pub struct Proxy {
    common: Arc<ProxyCommon>,
    front: Option<(TcpListener, Option<crate::keys::ClientKeys>)>,
    tasks: Tasks,
}

impl Proxy {
    /// Open the audit log, and take the address where it listens.
    ///
    /// # Errors
    /// See [`ProxyError`].
    pub async fn open(settings: ProxySettings) -> Result<Self, ProxyError> {
        let ProxySettings { upstream, policy, state, audit, elicit, identity, session, listen, tell, keys } =
            settings;
        if let Some(address) = listen
            && keys.is_none()
            && !http::is_loopback(address)
        {
            let text = format!("{address} can be reached from elsewhere: give the clients keys by --keys");
            return Err(ProxyError::Settings(text));
        }
        let failed = |error: io::Error| ProxyError::Failed(error.to_string());
        std::fs::create_dir_all(&state).map_err(failed)?;
        let gate = ProxyGate::open(policy, &audit, &state).map_err(ProxyError::Failed)?;
        let tasks = Tasks::new();
        let front = match listen {
            Some(address) => Some((TcpListener::bind(address).await.map_err(failed)?, keys)),
            None => None,
        };
        let common = Arc::new(ProxyCommon {
            gate,
            upstream,
            pins: state.join("pins.json"),
            elicit,
            identity,
            session: session.unwrap_or_else(ids::session_id),
            tasks: tasks.clone(),
            tell,
            shared: Arc::default(),
            said: Mutex::default(),
        });
        Ok(Self { common, front, tasks })
    }

    /// Where it listens, if it does.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        self.front.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// Serve; over `input` and `output` where it does not listen. Ends with the client, or with `stop`.
    ///
    /// # Errors
    /// See [`ProxyError`].
    pub async fn run<I, O>(
        self,
        input: I,
        output: O,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ProxyError>
    where
        I: AsyncRead + Send + Unpin + 'static,
        O: AsyncWrite + Send + Unpin + 'static,
    {
        let Self { common, front, tasks } = self;
        let serving = async {
            match front {
                Some((listener, keys)) => {
                    let served = http::serve(Arc::clone(&common), listener, keys).await;
                    served.map_err(|error| ProxyError::Failed(error.to_string()))
                }
                None => speak(&common, input, output).await,
            }
        };
        let served = tokio::select! {
            served = serving => served,
            () = stop => Ok(()),
        };
        // Programs that were started end with their connections.
        let _ = tokio::time::timeout(END, tasks.stop_services()).await;
        common.gate.flush().await;
        served
    }
}

/// One session, over two pipes.
async fn speak<I, O>(common: &Arc<ProxyCommon>, input: I, output: O) -> Result<(), ProxyError>
where
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Send + Unpin + 'static,
{
    let transport = AsyncRwTransport::new_server(input, output).with_max_line_length(LINE_BYTES_MAX);
    match serve_server(Session(ClientSide::own(Arc::clone(common))), transport).await {
        Ok(running) => match running.waiting().await {
            Ok(QuitReason::Closed | QuitReason::Cancelled) => Ok(()),
            other => Err(ProxyError::Failed(format!("the session ended: {other:?}"))),
        },
        // A client that says nothing has just gone.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(ProxyError::Failed(error.to_string())),
    }
}

/// Look at a server's tools: what they do, what is risky about them, and the pins that they would have.
///
/// # Errors
/// In words: what is wrong with the server.
pub async fn scan(settings: &UpstreamSettings) -> Result<(ScanReport, Pins), String> {
    let tasks = Tasks::new();
    let mut settings = settings.clone();
    // Some servers have more tools for clients that can do more.
    let all = serde_json::json!({ "sampling": {}, "elicitation": {}, "roots": {} });
    settings.capabilities = serde_json::from_value(all).map_err(|error| error.to_string())?;
    let upstream = Upstream::open(&settings, &tasks, None, false).await?;
    let in_words = |error| match error {
        UpstreamError::Failed(why) => why,
        UpstreamError::Protocol(error) => error.message.to_string(),
        UpstreamError::Cancelled => "the request was cancelled".to_owned(),
    };
    // They add those once the handshake has ended: the second list has them.
    upstream.tools(true).await.map_err(in_words)?;
    let tools = upstream.tools(true).await.map_err(in_words)?;
    let info = upstream.info();
    let about = info.as_ref().and_then(|info| info.server_info.as_ref());
    let instructions = info.as_ref().and_then(|info| info.instructions.as_deref()).unwrap_or_default();
    let report = ScanReport {
        server: crate::visible::visible(about.map_or("unknown", |about| &about.name)),
        version: crate::visible::visible(about.map_or("unknown", |about| &about.version)),
        instructions: injections_in(instructions),
        tools: tools.list.iter().map(|known| ScannedTool::of(&known.tool)).collect(),
    };
    let pins = Pins::of(tools.list.iter().map(|known| &known.tool));
    drop(upstream);
    let _ = tokio::time::timeout(END, tasks.stop_services()).await;
    Ok((report, pins))
}
