//! `GET /v1/{app}/functions/{name}/logs/stream`: records as they come, as server-sent events.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use mayfly_api::decode;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::logs::TailLogs;

use crate::Edge;
use crate::reply::Reply;
use crate::services::{EdgeServices, TailItem};
use crate::sse;
use crate::stage::Managed;

pub(crate) async fn stream<S: EdgeServices>(edge: &Edge<S>, request: &Managed) -> ApiResult<Reply> {
    let query: TailLogs = decode::query(request.head.uri.query().unwrap_or_default())?;
    let after = sse::last_event_id(&request.head.headers)?;
    let (Some(app), Some(name)) = (&request.found.app, request.found.names.first()) else {
        return Err(ApiError::internal("the path of a log has an app and a function"));
    };
    let items = edge.services.tail(app, name, after, query).await?;
    let begin = stream::iter([Bytes::from_static(sse::RETRY.as_bytes())]);
    let events = items.map(|item| match item {
        TailItem::Record(number, record) => sse::event(number, "invocation", &*record),
        TailItem::Heartbeat => Bytes::from_static(sse::HEARTBEAT.as_bytes()),
    });
    Ok(sse::reply(begin.chain(events)))
}
