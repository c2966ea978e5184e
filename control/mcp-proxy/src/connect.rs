//! Opens connections to upstreams: by the handshake that most servers know, or else by the newest revision's.

use std::error::Error;
use std::sync::Arc;

use mayfly_common::tls;
use rmcp::RoleClient;
use rmcp::model::{ClientConfig, ProtocolVersion};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, RunningService, serve_client_with_lifecycle,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{DynamicTransportError, StreamableHttpClientTransport, Transport};
use tokio::sync::mpsc;
use url::Url;

use crate::fault::UpstreamFault;
use crate::fetched::FetchedHttp;
use crate::guarded::{Guarded, Passed};
use crate::process::ProcessTransport;
use crate::settings::UpstreamSettings;
use crate::target::Target;
use crate::upstream_handler::UpstreamHandler;

/// Bytes of what an upstream says is wrong.
const ERROR_BYTES_MAX: usize = 16 << 10;

pub(crate) type RunningUpstream = RunningService<RoleClient, UpstreamHandler>;

/// What goes on to the client, and the connection that it comes by.
pub(crate) struct Opened {
    pub(crate) running: RunningUpstream,
    pub(crate) passed: mpsc::Receiver<Passed>,
    pub(crate) passing: mpsc::Sender<Passed>,
    pub(crate) fault: UpstreamFault,
}

/// Open a connection. `config` says what the client can do, and `is_modern` that it speaks the newest revision.
pub(crate) async fn open(
    settings: &UpstreamSettings,
    handler: UpstreamHandler,
    is_modern: bool,
) -> Result<Opened, String> {
    let first = if is_modern { modern() } else { ClientLifecycleMode::Initialize };
    match once(settings, handler.clone(), first).await {
        Ok(opened) => Ok(opened),
        // A server of the newest revision alone knows no handshake.
        Err(failed) if !is_modern => {
            let mode =
                ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
            once(settings, handler, mode).await.map_err(|_| failed)
        }
        Err(failed) => Err(failed),
    }
}

fn modern() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: None,
    }
}

async fn once(
    settings: &UpstreamSettings,
    handler: UpstreamHandler,
    mode: ClientLifecycleMode,
) -> Result<Opened, String> {
    let fault = UpstreamFault::default();
    let (passing, passed) = mpsc::channel(PASSED_MAX);
    let running = match &settings.target {
        Target::Command(command) => {
            let process = ProcessTransport::start(command, settings.message_bytes_max, fault.clone())
                .map_err(|error| format!("{} cannot be started: {error}", settings.target.shown()))?;
            handshake(settings, handler, mode, Guarded::new(process, passing.clone(), fault.clone())).await
        }
        Target::Url(url) => match &settings.fetch {
            Some(fetch) => {
                let fetched = FetchedHttp::new(Arc::clone(fetch), settings.message_bytes_max);
                let http = StreamableHttpClientTransport::with_client(fetched, config(settings, url));
                handshake(settings, handler, mode, Guarded::new(http, passing.clone(), fault.clone())).await
            }
            None => {
                let http = StreamableHttpClientTransport::with_client(own(settings)?, config(settings, url));
                handshake(settings, handler, mode, Guarded::new(http, passing.clone(), fault.clone())).await
            }
        },
    };
    let running = running.map_err(|error| fault.reason().unwrap_or(error))?;
    Ok(Opened { running, passed, passing, fault })
}

/// Messages that wait for the client; beyond, the upstream waits.
const PASSED_MAX: usize = 1_024;

async fn handshake<T: Transport<RoleClient> + 'static>(
    settings: &UpstreamSettings,
    handler: UpstreamHandler,
    mode: ClientLifecycleMode,
    transport: T,
) -> Result<RunningUpstream, String> {
    let opening = serve_client_with_lifecycle(handler, transport, mode);
    match tokio::time::timeout(settings.connect_timeout, opening).await {
        Ok(Ok(running)) => Ok(running),
        Ok(Err(error)) => Err(unopened(&error)),
        Err(_) => Err(format!("it did not answer within {} s", settings.connect_timeout.as_secs())),
    }
}

/// Why a connection did not begin, in words that are not about the types of a library.
fn unopened(error: &ClientInitializeError) -> String {
    match error {
        _ if error.auth_challenge().is_some() => {
            "it takes a key, and this one, or none, is not good".to_owned()
        }
        ClientInitializeError::TransportError { error, .. } => unsent(error),
        other => shortened(&other.to_string()),
    }
}

/// Why a message could not be sent: what happened, and what led to it.
pub(crate) fn unsent(error: &DynamicTransportError) -> String {
    let mut cause: &dyn Error = error.error.as_ref();
    let mut text = cause.to_string();
    while let Some(source) = cause.source() {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = source;
    }
    shortened(&text)
}

/// Connections of our own.
fn own(settings: &UpstreamSettings) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(tls::public())
        .with_no_client_auth();
    // A key goes to the server that was named, and to no other.
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.connect_timeout)
        .build()
        .map_err(|error| error.to_string())
}

fn config(settings: &UpstreamSettings, url: &Url) -> StreamableHttpClientTransportConfig {
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .max_sse_event_size(settings.message_bytes_max)
        .max_json_response_size(settings.message_bytes_max)
        .max_error_response_size(ERROR_BYTES_MAX)
        .max_concurrent_requests(REQUESTS_MAX);
    if let Some(key) = &settings.key {
        config = config.auth_header(key.as_str());
    }
    config
}

/// Requests to an HTTP upstream at the same time.
const REQUESTS_MAX: usize = 64;

/// Errors quote what was received, which may be long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(500) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// What the upstream is told of the client.
pub(crate) fn client_config(settings: &UpstreamSettings) -> ClientConfig {
    let mut config = ClientConfig::new(settings.capabilities.clone(), settings.client.clone());
    // The newest that has a handshake; a server answers with its own.
    config.protocol_version = ProtocolVersion::V_2025_11_25;
    config
}
