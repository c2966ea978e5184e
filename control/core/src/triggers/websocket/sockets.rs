//! `Websockets`: opens sockets for clients.

use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use mayfly_api::error::{ApiError, ApiResult, Code};

use super::session::WebsocketSession;
use crate::app_cache::AppCache;
use crate::auth::{Authenticator, client_bearer};
use crate::sockets::{Hub, Presence, Publisher};
use crate::triggers::run::TriggerRunner;

/// Opens sockets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Websockets {
    parts: Arc<WebsocketParts>,
}

/// What sockets work with.
#[derive(Debug)]
pub struct WebsocketParts {
    /// Apps, and whether they are paused.
    pub apps: AppCache,
    /// Who may.
    pub authenticator: Authenticator,
    /// Runs functions.
    pub runner: TriggerRunner,
    /// The sockets of this node.
    pub hub: Hub,
    /// Sends messages to all nodes.
    pub publisher: Publisher,
    /// Who is present where.
    pub presence: Presence,
}

impl Websockets {
    /// Over these parts.
    pub fn new(parts: WebsocketParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Open a socket for a client that shows who it is.
    ///
    /// # Errors
    /// 401 and 403 for its credential, 404 for the app, 503 for a paused one, 429 and 503 for too many sockets.
    pub async fn connect(&self, app: &str, head: &Parts, peer: IpAddr) -> ApiResult<Arc<WebsocketSession>> {
        let bearer = client_bearer(head)?;
        check_app(&self.parts.apps, app).await?;
        let access = self.parts.authenticator.check_client(app, &bearer).await?;
        let registration = self.parts.hub.open(app, access.caller.user_id.as_deref())?;
        let session = WebsocketSession::new(Arc::clone(&self.parts), registration, access, bearer, peer);
        session.greet();
        Ok(Arc::new(session))
    }
}

/// Whether an app is there and switched on.
pub(super) async fn check_app(apps: &AppCache, app: &str) -> ApiResult<()> {
    match &apps.get(app).await?.paused {
        None => Ok(()),
        Some(reason) => {
            let error = ApiError::new(Code::AppPaused, "the app is paused by its owner");
            Err(match reason {
                Some(reason) => error.with_details(serde_json::json!({ "paused_reason": reason })),
                None => error,
            })
        }
    }
}
