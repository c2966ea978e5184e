//! Change notifications for every node, by `LISTEN`/`NOTIFY`: what was deployed, changed or deleted.

use serde::{Deserialize, Serialize};
use tokio_postgres::Transaction;

use crate::listen::{Heard, Listener};
use crate::{Store, StoreError};

const CHANNEL: &str = "mayfly_changes";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Another version serves.
    Deploy,
    /// The function was deleted.
    Delete,
    /// An environment changed: the function's, or without a function the app's.
    Env,
    /// Limits, switches or triggers changed.
    Settings,
    /// The app itself changed: paused, resumed, settings, state.
    App,
    /// The app's database changed: what open connections know of its tables and routines is out of date.
    Database,
}

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This is out of date.
    Changed {
        /// The app.
        app_id: String,
        /// The function's name; `None`: all of them.
        function: Option<String>,
        /// What happened.
        kind: ChangeKind,
    },
    /// Notifications may have been missed: everything may be out of date. Also the first one of a subscription.
    Resync,
}

#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    app: &'a str,
    function: Option<&'a str>,
    kind: ChangeKind,
}

/// Tell every node, once the transaction commits.
pub(super) async fn notify(
    transaction: &Transaction<'_>,
    app_id: &str,
    function: Option<&str>,
    kind: ChangeKind,
) -> Result<(), StoreError> {
    let payload = serde_json::to_string(&Payload { app: app_id, function, kind })
        .map_err(|error| StoreError::Internal(error.to_string()))?;
    transaction.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &payload]).await?;
    Ok(())
}

/// A subscription to [`Change`]s. It reconnects by itself; dropping it ends it.
#[derive(Debug)]
pub struct Changes(Listener);

impl Changes {
    /// The next notification. `None` comes only once the store is closed.
    pub async fn next(&mut self) -> Option<Change> {
        Some(match self.0.next().await? {
            Heard::Listening => Change::Resync,
            // A payload that cannot be read says at least that something changed.
            Heard::Payload(payload) => parse(&payload).unwrap_or(Change::Resync),
        })
    }
}

impl Store {
    /// Listen for changes, those of this node included. The first notification is [`Change::Resync`], once listening.
    pub fn subscribe(&self) -> Changes {
        Changes(Listener::start(self, CHANNEL))
    }
}

fn parse(payload: &str) -> Option<Change> {
    let payload: Payload<'_> = serde_json::from_str(payload).ok()?;
    Some(Change::Changed {
        app_id: payload.app.to_owned(),
        function: payload.function.map(str::to_owned),
        kind: payload.kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_reads_back() {
        let text = serde_json::to_string(&Payload {
            app: "app_0123456789ab",
            function: Some("hello"),
            kind: ChangeKind::Deploy,
        })
        .unwrap();
        assert_eq!(
            parse(&text),
            Some(Change::Changed {
                app_id: "app_0123456789ab".to_owned(),
                function: Some("hello".to_owned()),
                kind: ChangeKind::Deploy,
            })
        );
        assert_eq!(parse("{"), None);
    }
}
