//! Which apps' tables have changed: told from node to node.

use std::sync::Arc;

use super::RealtimeTables;
use crate::listen::{Heard, Listener};
use crate::{Store, StoreError};

const CHANNEL: &str = "mayfly_changes";

/// What other nodes tell. It reconnects by itself; dropping it ends it.
#[derive(Debug)]
pub struct ToldChanges {
    listener: Listener,
}

impl Store {
    /// Listen for the nodes that tell of changes, this one included.
    pub fn told_changes(&self) -> ToldChanges {
        ToldChanges { listener: Listener::start(self, CHANNEL) }
    }
}

impl ToldChanges {
    /// The next one: the node, and the app. `None` comes only once the store is closed.
    pub async fn next(&mut self) -> Option<(Box<str>, Box<str>)> {
        loop {
            if let Heard::Payload(payload) = self.listener.next().await?
                && let Some((node, app)) = payload.split_once(' ')
            {
                return Some((node.into(), app.into()));
            }
        }
    }
}

impl RealtimeTables<'_> {
    /// Tell every node that tables of these apps have changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tell_changes(&self, node: &str, apps: &[Arc<str>]) -> Result<(), StoreError> {
        let notify = "SELECT count(pg_notify($1, $2 || ' ' || app)) FROM unnest($3::text[]) AS app";
        let apps: Vec<&str> = apps.iter().map(AsRef::as_ref).collect();
        self.store.client().await?.query_one(notify, &[&CHANNEL, &node, &apps]).await?;
        Ok(())
    }
}
