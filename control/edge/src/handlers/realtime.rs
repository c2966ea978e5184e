//! `GET /v1/{app}/realtime`: a request that becomes a websocket.
//!
//! A client that may not have one gets it all the same, with an error frame and a close: a page in a browser can read why
//! a socket was closed, and cannot read why one was refused.

use http::header::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use mayfly_api::decode;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::hosts::OriginVerdict;
use mayfly_api::realtime::{OpenRealtime, SUBPROTOCOL};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::Edge;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;
use crate::stage::Managed;

pub(crate) async fn open<S: EdgeServices>(edge: &Edge<S>, request: Managed) -> ApiResult<Reply> {
    let Managed { context, mut head, found, .. } = request;
    let _: OpenRealtime = decode::query(head.uri.query().unwrap_or_default())?;
    let accept = accept_key(&head)?;
    let upgrade = head.extensions.remove::<OnUpgrade>().ok_or_else(|| required("cannot become one here"))?;
    let app = found.app.unwrap_or_default();
    check_origin(edge, &app, &head).await?;
    let opened = edge.services.connect(&app, &head, context.peer).await;
    edge.sockets.serve(upgrade, opened)?;
    let mut reply = reply::whole("");
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::try_from(accept).map_err(ApiError::internal)?);
    if words(&head.headers, &SEC_WEBSOCKET_PROTOCOL).any(|offered| offered == SUBPROTOCOL) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(reply)
}

/// The answer to the client's key, where the request is what RFC 6455 wants it to be.
fn accept_key(head: &Parts) -> ApiResult<String> {
    let has = |name: &HeaderName, wanted: &str| {
        words(&head.headers, name).any(|word| word.eq_ignore_ascii_case(wanted))
    };
    if !has(&UPGRADE, "websocket") || !has(&CONNECTION, "upgrade") {
        return Err(required("was asked for without `Upgrade: websocket`"));
    }
    if !has(&SEC_WEBSOCKET_VERSION, "13") {
        return Err(required("is version 13 of the protocol"));
    }
    let mut keys = head.headers.get_all(SEC_WEBSOCKET_KEY).iter();
    match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key.as_bytes()) => Ok(derive_accept_key(key.as_bytes())),
        _ => Err(ApiError::invalid("Sec-WebSocket-Key", "must be sent once, with 16 bytes in base64")),
    }
}

fn is_key(key: &[u8]) -> bool {
    key.len() == 24
        && key.ends_with(b"==")
        && key[..22].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// A page has to be of an origin in the app's list, as for calls; or of this server itself.
async fn check_origin<S: EdgeServices>(edge: &Edge<S>, app: &str, head: &Parts) -> ApiResult<()> {
    let mut origins = head.headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let origin = origin.to_str().ok().filter(|_| origins.next().is_none()).unwrap_or_default();
    let is_own = head.headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| {
        origin == edge.base.as_str() || origin.split_once("://").is_some_and(|(_, of)| of == host)
    });
    if is_own {
        return Ok(());
    }
    match edge.services.check_origin(app, origin).await? {
        OriginVerdict::Named | OriginVerdict::Anyone => Ok(()),
        OriginVerdict::Unset | OriginVerdict::Refused => {
            Err(ApiError::new(Code::AuthForbidden, "the page's origin is not among the app's `cors_origins`"))
        }
    }
}

fn required(why: &str) -> ApiError {
    ApiError::new(Code::UpgradeRequired, format!("this is a websocket, which {why}"))
}

fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}
