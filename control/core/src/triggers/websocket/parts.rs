//! What sockets work with.

use mayfly_api::error::{ApiError, ApiResult, Code};

use crate::app_cache::AppCache;
use crate::auth::Authenticator;
use crate::changes::ChangeFeeds;
use crate::sockets::{Hub, Presence, Publisher};
use crate::triggers::run::TriggerRunner;

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
    /// Tells of tables' changes.
    pub changes: ChangeFeeds,
    /// Who is present where.
    pub presence: Presence,
}

/// Whether an app is there and switched on.
pub(super) async fn check_app(apps: &AppCache, app: &str) -> ApiResult<()> {
    let app = apps.get(app).await?;
    if app.closed {
        return Err(ApiError::app_closed());
    }
    match &app.paused {
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
