//! What an upstream asks of the client: passed on, with a bound on how much at once.

use std::sync::Arc;

use rmcp::model::{ClientConfig, ClientResult, ErrorData, ServerNotification, ServerRequest};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestContext, Service, ServiceError};
use rmcp::{Peer, RoleClient, RoleServer};
use tokio::sync::Semaphore;

use crate::cancel::cancel;

/// Requests of an upstream at the same time.
const REQUESTS_MAX: usize = 64;

/// The client's side of a connection to an upstream.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamHandler {
    config: ClientConfig,
    /// Whom the upstream's requests are for; `None`: clients without a session, which cannot be asked.
    client: Option<Peer<RoleServer>>,
    running: Arc<Semaphore>,
}

impl UpstreamHandler {
    pub(crate) fn new(config: ClientConfig, client: Option<Peer<RoleServer>>) -> Self {
        Self { config, client, running: Arc::new(Semaphore::new(REQUESTS_MAX)) }
    }
}

impl Service<RoleClient> for UpstreamHandler {
    async fn handle_request(
        &self,
        request: ServerRequest,
        context: RequestContext<RoleClient>,
    ) -> Result<ClientResult, ErrorData> {
        if matches!(request, ServerRequest::PingRequest(_)) {
            return Ok(ClientResult::empty(()));
        }
        let Some(client) = &self.client else {
            return Err(ErrorData::invalid_request("there is no client to ask", None));
        };
        let Ok(_running) = self.running.try_acquire() else {
            return Err(ErrorData::invalid_request("too many requests at once", None));
        };
        let options = PeerRequestOptions::no_options();
        let asked = client.send_request_with_option(request, options).await.map_err(refused)?;
        let (id, peer) = (asked.id.clone(), asked.peer.clone());
        tokio::select! {
            answered = asked.await_response() => answered.map_err(refused),
            () = context.ct.cancelled() => {
                cancel(&peer, id).await;
                Err(ErrorData::internal_error("the request was cancelled", None))
            }
        }
    }

    /// What an upstream says goes on by another way, in order.
    async fn handle_notification(
        &self,
        _: ServerNotification,
        _: NotificationContext<RoleClient>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }
}

fn refused(error: ServiceError) -> ErrorData {
    match error {
        ServiceError::McpError(error) => error,
        other => ErrorData::internal_error(format!("the client cannot be asked: {other}"), None),
    }
}
