//! Sessions of the Model Context Protocol: begun with `initialize`, sent along with each message, and good for no other caller.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use mayfly_api::decode::has_few_values;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::mcp::AgentSession;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::reply::Reply;
use crate::services::EdgeServices;

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// Bytes of a message that may begin a session.
const BEGIN_BYTES_MAX: usize = 64 << 10;

/// What a message has to do with sessions.
pub(super) enum Sent {
    /// Nothing: its client has none.
    None,
    /// It begins one, with this for its client.
    Begins(HeaderValue),
    /// It belongs to one.
    In(AgentSession),
}

/// The session of a message of this owner.
///
/// # Errors
/// `RESOURCE_NOT_FOUND` for a session that is none of the owner's.
pub(super) fn sent<S: EdgeServices>(
    services: &S,
    owner: &S::SessionOwner,
    headers: &HeaderMap,
    body: &[u8],
) -> ApiResult<Sent> {
    let mut shown = headers.get_all(SESSION_ID).iter();
    match (shown.next(), shown.next()) {
        (Some(only), None) => Ok(Sent::In(services.session(owner, only.as_bytes())?)),
        (Some(_), Some(_)) => Err(ApiError::not_found("the session")),
        _ if body.len() <= BEGIN_BYTES_MAX && message(body).method.as_deref() == Some("initialize") => {
            let begun = services.begin_session(owner)?;
            Ok(Sent::Begins(HeaderValue::from_str(&begun).map_err(ApiError::internal)?))
        }
        _ => Ok(Sent::None),
    }
}

/// The tool that a message calls, with its arguments, for the audit log of one that is refused.
pub(super) fn called(body: &[u8]) -> Option<(String, Map<String, Value>)> {
    if !has_few_values(body) {
        return None;
    }
    let message = message(body);
    let params = message.params.filter(|_| message.method.as_deref() == Some("tools/call"))?;
    Some((params.name?.into_owned(), params.arguments.unwrap_or_default()))
}

impl Sent {
    /// The session, where there is one.
    pub(super) fn session(&self) -> Option<&AgentSession> {
        match self {
            Self::In(session) => Some(session),
            Self::None | Self::Begins(_) => None,
        }
    }

    /// An answer with the session that it begins.
    pub(super) fn answered(self, mut reply: Reply) -> Reply {
        if let Self::Begins(begun) = self
            && reply.status().is_success()
        {
            reply.headers_mut().insert(SESSION_ID, begun);
        }
        reply
    }
}

#[derive(Default, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<Params<'a>>,
}

#[derive(Default, Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(default)]
    arguments: Option<Map<String, Value>>,
}

/// What is no message says nothing, and the protocol refuses it.
fn message(body: &[u8]) -> Message<'_> {
    serde_json::from_slice(body).unwrap_or_default()
}
