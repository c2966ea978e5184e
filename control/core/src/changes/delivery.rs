//! Gives the changes of one reading to their subscribers: for each identity, row-level security decides once.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use mayfly_api::realtime::SocketMessage;
use mayfly_runtime::providers::GuestError;
use mayfly_tenant_db::changes::{ChangeBatch, IMAGES_MAX, TableChange};
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::Tenants;
use serde_json::value::RawValue;

use super::filter::RowFilter;
use super::frame::{Gap, change, warning};
use super::subscription::{Subscriber, Subscriptions};

/// Identities of one table that are decided on at once: each has a connection of the app's.
const AT_ONCE: usize = 4;
/// The bytes of the rows that are decided on by one statement.
const IMAGE_BYTES_MAX: usize = 2 << 20;

/// What an identity sees of a change: the row after it, and before.
type Seen = (Option<Box<RawValue>>, Option<Box<RawValue>>);

/// Give a batch to the subscribers of an app.
pub(super) async fn deliver(tenants: &Tenants, app: &str, subscriptions: &Subscriptions, batch: ChangeBatch) {
    let tables = subscriptions.tables();
    for table in &tables {
        let (skipped, changes): (Vec<_>, Vec<_>) =
            batch.changes.iter().filter(|change| *change.table == **table).partition(|change| change.skipped);
        if !changes.is_empty() {
            let identities = subscriptions.by_identity(table);
            stream::iter(identities)
                .for_each_concurrent(AT_ONCE, async |(identity, subscribers)| {
                    deliver_as(tenants, app, &identity, &subscribers, &changes).await;
                })
                .await;
        }
        if batch.missed || !skipped.is_empty() {
            subscriptions.warn(table, Gap::Missed);
        }
    }
}

async fn deliver_as(
    tenants: &Tenants,
    app: &str,
    identity: &Identity,
    subscribers: &[Arc<Subscriber>],
    changes: &[&TableChange],
) {
    let Some(table) = changes.first().map(|change| &*change.table) else { return };
    let seen = match see(tenants, app, identity, changes).await {
        Ok(seen) => seen,
        Err(error) => {
            tracing::warn!(
                app,
                table,
                code = error.code,
                message = error.message,
                "changes cannot be decided on"
            );
            subscribers.iter().for_each(|subscriber| subscriber.send(warning(table, Gap::Undecided)));
            return;
        }
    };
    let frames = |filter: &RowFilter| -> Vec<Bytes> {
        let each = changes.iter().zip(&seen);
        each.filter_map(|(TableChange { at, .. }, (new, old))| {
            change(table, *at, filter.keep(new.as_deref()), filter.keep(old.as_deref()))
        })
        .collect()
    };
    // One set of frames for all who filter nothing.
    let all = frames(&RowFilter::default());
    for subscriber in subscribers {
        if subscriber.filter.is_empty() {
            send(subscriber, table, &all);
        } else {
            send(subscriber, table, &frames(&subscriber.filter));
        }
    }
}

/// All frames of a reading, or the warning that they were too many: a client is not closed for a bulk change.
fn send(subscriber: &Subscriber, table: &str, frames: &[Bytes]) {
    if !subscriber.socket.outbox.has_room(frames.len(), frames.iter().map(Bytes::len).sum()) {
        return subscriber.send(warning(table, Gap::Missed));
    }
    frames.iter().for_each(|frame| subscriber.send(SocketMessage::Text(frame.clone())));
}

/// What an identity sees of the changes of one table.
async fn see(
    tenants: &Tenants,
    app: &str,
    identity: &Identity,
    changes: &[&TableChange],
) -> Result<Vec<Seen>, GuestError> {
    let Some(table) = changes.first().map(|change| &*change.table) else { return Ok(Vec::new()) };
    let mut seen: Vec<Seen> = changes.iter().map(|_| (None, None)).collect();
    let images: Vec<(usize, bool, &str)> = changes
        .iter()
        .enumerate()
        .flat_map(|(place, change)| {
            let new = change.record.as_deref().map(|image| (place, false, image));
            let old = change.old_record.as_deref().map(|image| (place, true, image));
            [new, old].into_iter().flatten()
        })
        .collect();
    let mut left = &images[..];
    while !left.is_empty() {
        let mut bytes = 0;
        let within = left.iter().take(IMAGES_MAX).take_while(|(_, _, image)| {
            let is_first = bytes == 0;
            bytes += image.len();
            is_first || bytes <= IMAGE_BYTES_MAX
        });
        let (now, later) = left.split_at(within.count());
        let texts: Vec<_> = now.iter().map(|(_, _, image)| *image).collect();
        let json = format!("[{}]", texts.join(","));
        for (number, record) in tenants.visible_rows(app, identity, table, &json).await? {
            let Some(&(place, is_old, _)) = now.get(number) else { continue };
            if let Some((new, old)) = seen.get_mut(place) {
                *(if is_old { old } else { new }) = Some(record);
            }
        }
        left = later;
    }
    Ok(seen)
}
