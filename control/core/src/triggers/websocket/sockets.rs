//! `Websockets`: opens sockets for clients.

use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use mayfly_api::error::ApiResult;

use super::parts::{WebsocketParts, check_app};
use super::session::WebsocketSession;
use crate::auth::client_bearer;

/// Opens sockets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Websockets {
    parts: Arc<WebsocketParts>,
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
