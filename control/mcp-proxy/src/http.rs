//! The proxy over streamable HTTP: who comes is known by a key, or from this machine; a session belongs to who began it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::client_side::{ClientIdentity, ClientSide, SESSION_ID};
use crate::common::ProxyCommon;
use crate::kept_events::SharedEvents;
use crate::keys::ClientKeys;
use crate::session::Session;

/// Connections at the same time.
const CONNECTIONS_MAX: usize = 1_000;
/// Sessions that are known by who began them.
const SESSIONS_MAX: usize = 10_000;
/// For how long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of a message of a client.
const BODY_BYTES_MAX: usize = 4 << 20;

type Service = StreamableHttpService<Session, LocalSessionManager>;
type Answer = Response<BoxBody<Bytes, Infallible>>;

struct Front {
    common: Arc<ProxyCommon>,
    keys: Option<ClientKeys>,
    service: Service,
    /// Who began which session.
    owners: Mutex<HashMap<String, String>>,
}

/// Take connections until the process ends.
pub(crate) async fn serve(
    common: Arc<ProxyCommon>,
    listener: TcpListener,
    keys: Option<ClientKeys>,
) -> io::Result<()> {
    // Without keys a page of a browser on this machine could speak to us: its name and its origin are looked at.
    let config = StreamableHttpServerConfig::default()
        .with_max_request_body_bytes(BODY_BYTES_MAX)
        .with_sse_keep_alive(Some(Duration::from_secs(15)));
    let config = if keys.is_some() { config.disable_allowed_hosts() } else { config };
    let sessions = LocalSessionManager::default().with_event_store(Arc::new(SharedEvents::default()));
    let of = Arc::clone(&common);
    let service = StreamableHttpService::new(
        move || Ok(Session(ClientSide::over_http(Arc::clone(&of)))),
        Arc::new(sessions),
        config,
    );
    let front = Arc::new(Front { common: Arc::clone(&common), keys, service, owners: Mutex::default() });
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Such as too many open files: it goes by.
                tracing::warn!(%error, "a connection was not taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let front = Arc::clone(&front);
        common.tasks.service(async move {
            let _place = place;
            let answer = service_fn(move |request| {
                let front = Arc::clone(&front);
                async move { Ok::<_, Infallible>(front.answer(request).await) }
            });
            let mut server = auto::Builder::new(TokioExecutor::new());
            server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), answer).await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}

impl Front {
    async fn answer(&self, mut request: Request<Incoming>) -> Answer {
        if request.uri().path() != "/mcp" {
            return plain(StatusCode::NOT_FOUND, "the proxy is at /mcp");
        }
        if self.keys.is_none() && request.headers().contains_key(ORIGIN) {
            return plain(StatusCode::FORBIDDEN, "a page of a browser may not come without a key");
        }
        let Some(identity) = self.identity(&request) else {
            let mut answer = plain(StatusCode::UNAUTHORIZED, "a key is required: Authorization: Bearer KEY");
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return answer;
        };
        let session = text(request.headers().get(SESSION_ID));
        if let Some(session) = &session {
            let owner = self.owners().get(session).cloned();
            // Another's session is none.
            if owner.as_ref() != Some(&identity) {
                return plain(StatusCode::NOT_FOUND, "there is no such session");
            }
            if request.method() == Method::DELETE {
                self.owners().remove(session);
            }
        }
        request.extensions_mut().insert(ClientIdentity(identity.clone()));
        let answer = self.service.handle(request).await;
        if session.is_none()
            && let Some(begun) = text(answer.headers().get(SESSION_ID))
        {
            let mut owners = self.owners();
            if owners.len() >= SESSIONS_MAX {
                // Those that are idle have ended; the others begin another.
                owners.clear();
            }
            owners.insert(begun, identity);
        }
        answer
    }

    /// Who this is; `None`: not to be known.
    fn identity(&self, request: &Request<Incoming>) -> Option<String> {
        let Some(keys) = &self.keys else { return Some(self.common.identity.clone()) };
        let mut shown = request.headers().get_all(AUTHORIZATION).iter();
        let (Some(only), None) = (shown.next(), shown.next()) else { return None };
        let (scheme, key) = only.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        keys.find(key.trim()).map(str::to_owned)
    }

    fn owners(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether only this machine can reach an address.
pub(crate) fn is_loopback(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    value.and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())).boxed());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
