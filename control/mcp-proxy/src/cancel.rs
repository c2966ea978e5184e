//! Tells a peer that an answer is not wanted any more.

use rmcp::Peer;
use rmcp::model::{CancelledNotification, CancelledNotificationParam, RequestId};
use rmcp::service::ServiceRole;

/// Tell a peer that an answer is not wanted any more.
pub(crate) async fn cancel<R: ServiceRole>(peer: &Peer<R>, id: RequestId) {
    let params = CancelledNotificationParam::new(Some(id), Some("the client cancelled it".to_owned()));
    // A peer that has gone needs not be told.
    let _ = peer.send_notification(CancelledNotification::new(params).into()).await;
}
