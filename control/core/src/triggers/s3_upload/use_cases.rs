//! `/v1/{app}/functions/{name}/uploads`: what fired, what became of it, and another run of it.

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::routes::{UploadGet, UploadReplay, UploadsList};
use mayfly_api::uploads::{UploadEventError, UploadEventInfo, UploadEventPage};
use mayfly_store::{Function, UploadEvent, UploadQuery};

use super::{Uploads, run};

/// Events of a page.
const PAGE: u32 = 100;

impl Uploads {
    async fn function(&self, app: &str, name: &str) -> ApiResult<Function> {
        let function = self.store.functions().get(app, name).await?;
        function.ok_or_else(|| ApiError::not_found("the function"))
    }

    async fn event(&self, app: &str, name: &str, id: &str) -> ApiResult<UploadEvent> {
        let event = self.store.storage_events().get(app, name, id).await?;
        event.ok_or_else(|| ApiError::not_found("the upload event"))
    }
}

impl Handler<UploadsList> for Uploads {
    async fn handle(&self, call: ApiCall<UploadsList>) -> ApiResult<UploadEventPage> {
        let (app, name) = (&call.context.app, call.context.name());
        self.function(app, name).await?;
        let read = |text: &str| {
            text.parse::<i64>()
                .map_err(|_| ApiError::invalid("cursor", "is not one that this route gave out"))
        };
        let query = UploadQuery {
            limit: call.query.limit.map_or(PAGE, |limit| limit.get()),
            before: call.query.cursor.as_deref().map(read).transpose()?,
            state: call.query.state,
        };
        let page = self.store.storage_events().list(app, name, query).await?;
        let last = page.events.last().filter(|_| page.has_more);
        Ok(UploadEventPage {
            next_cursor: last.map(|last| last.number.to_string()),
            uploads: page.events.into_iter().map(info).collect(),
        })
    }
}

impl Handler<UploadGet> for Uploads {
    async fn handle(&self, call: ApiCall<UploadGet>) -> ApiResult<UploadEventInfo> {
        let id = call.context.names.get(1).map_or("", String::as_str);
        self.event(&call.context.app, call.context.name(), id).await.map(info)
    }
}

impl Handler<UploadReplay> for Uploads {
    async fn handle(&self, call: ApiCall<UploadReplay>) -> ApiResult<UploadEventInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        let id = call.context.names.get(1).map_or("", String::as_str);
        let function = self.function(app, name).await?;
        self.event(app, name, id).await?;
        if !run::is_enabled(&function.triggers) {
            let message = "the upload trigger is disabled, or no longer there; deploy it first";
            return Err(ApiError::new(Code::StatePrerequisiteMissing, message));
        }
        let replayed = self.store.storage_events().replay(app, name, id).await?;
        self.wake.notify_one();
        Ok(info(replayed))
    }
}

fn info(event: UploadEvent) -> UploadEventInfo {
    UploadEventInfo {
        id: event.id,
        bucket: event.bucket,
        key: event.key,
        version_id: event.event_key,
        etag: event.etag,
        size: event.size,
        content_type: event.content_type,
        external: event.is_external,
        state: event.state,
        attempt: event.attempt,
        duplicates: event.duplicates,
        replays: event.replays,
        created_at: event.created_at.into(),
        run_at: event.run_at.map(Into::into),
        started_at: event.started_at.map(Into::into),
        ended_at: event.ended_at.map(Into::into),
        invocation_id: event.invocation_id,
        status: event.status,
        error: event.error.map(|(code, message)| UploadEventError { code, message }),
    }
}
