//! The table of presence: which sockets are in which channel, and which nodes hold them.

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};

use super::RealtimeTables;
use super::messages::{Envelope, notify};
use crate::StoreError;

/// After so long without a sign of life a node's sockets are gone.
const NODE_LOST_SECONDS: f64 = 30.0;

/// A socket that becomes present in a channel, or changes what it says of itself.
#[derive(Debug, Clone, Copy)]
pub struct NewMember<'a> {
    /// The app.
    pub app: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// The socket.
    pub socket: &'a str,
    /// The node that holds it.
    pub node: &'a str,
    /// The end user, where there is one.
    pub user: Option<&'a str>,
    /// JSON.
    pub metadata: &'a str,
}

/// A socket that is present in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The app.
    pub app: String,
    /// The channel.
    pub channel: String,
    /// The socket.
    pub socket: String,
    /// The end user, where there is one.
    pub user: Option<String>,
    /// JSON.
    pub metadata: String,
    /// Since when.
    pub joined_at: DateTime<Utc>,
}

const COLUMNS: &str = "app_id, channel, socket_id, user_id, metadata, joined_at";

impl Member {
    fn from_row(row: &Row) -> Self {
        Self {
            app: row.get("app_id"),
            channel: row.get("channel"),
            socket: row.get("socket_id"),
            user: row.get("user_id"),
            metadata: row.get("metadata"),
            joined_at: row.get("joined_at"),
        }
    }
}

/// One change of a channel's presence at a time: what is announced is in the order in which it happened.
async fn lock(transaction: &Transaction<'_>, app: &str, channel: &str) -> Result<(), StoreError> {
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 0))";
    transaction.query_one(lock, &[&app, &channel]).await?;
    Ok(())
}

impl RealtimeTables<'_> {
    /// Enter a socket, or change its metadata, and announce it; the announcement is told whether it is new. `false`: the
    /// channel is full.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn enter(
        &self,
        member: NewMember<'_>,
        members_max: i64,
        announce: impl FnOnce(&Member, bool) -> Envelope,
    ) -> Result<bool, StoreError> {
        let NewMember { app, channel, socket, node, user, metadata } = member;
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        lock(&transaction, app, channel).await?;
        let alive = "INSERT INTO realtime_nodes (node, seen_at) VALUES ($1, now())
            ON CONFLICT (node) DO UPDATE SET seen_at = now()
            WHERE realtime_nodes.seen_at < now() - interval '5 s'";
        transaction.execute(alive, &[&node]).await?;
        let upsert = format!(
            "INSERT INTO realtime_presence (app_id, channel, socket_id, node, user_id, metadata)
             SELECT $1, $2, $3, $4, $5, $6
             WHERE (SELECT count(*) FROM realtime_presence WHERE app_id = $1 AND channel = $2
                    AND socket_id <> $3) < $7
             ON CONFLICT (app_id, channel, socket_id) DO UPDATE SET metadata = excluded.metadata
             RETURNING {COLUMNS}, xmax = 0 AS is_new"
        );
        let row = transaction
            .query_opt(&upsert, &[&app, &channel, &socket, &node, &user, &metadata, &members_max])
            .await?;
        let Some(row) = row else { return Ok(false) };
        notify(&transaction, &[announce(&Member::from_row(&row), row.get("is_new"))]).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A socket left a channel: announce it, where it was there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn leave(
        &self,
        app: &str,
        channel: &str,
        socket: &str,
        announce: impl FnOnce(&Member) -> Envelope,
    ) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        lock(&transaction, app, channel).await?;
        let delete = format!(
            "DELETE FROM realtime_presence WHERE app_id = $1 AND channel = $2 AND socket_id = $3
             RETURNING {COLUMNS}"
        );
        if let Some(row) = transaction.query_opt(&delete, &[&app, &channel, &socket]).await? {
            notify(&transaction, &[announce(&Member::from_row(&row))]).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Who is present in a channel, in the order of their coming; and a mark among the messages, so that its node knows
    /// which of them are older than this list. `keep` gets the list before the mark can arrive.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn members(
        &self,
        mark: Envelope,
        limit: i64,
        keep: impl FnOnce(Vec<Member>),
    ) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        lock(&transaction, &mark.app, &mark.channel).await?;
        let select = format!(
            "SELECT {COLUMNS} FROM realtime_presence WHERE app_id = $1 AND channel = $2
             ORDER BY joined_at, socket_id LIMIT $3"
        );
        let rows = transaction.query(&select, &[&&*mark.app, &&*mark.channel, &limit]).await?;
        keep(rows.iter().map(Member::from_row).collect());
        notify(&transaction, &[mark]).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// A node says that it lives and which of its sockets are present somewhere, and removes all that are gone: of its
    /// own, and of nodes that do not live. Says whether the others took this one
    /// for lost: then its sockets have to be entered again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn heartbeat(
        &self,
        node: &str,
        present: &[&str],
        announce: impl Fn(&Member) -> Envelope,
    ) -> Result<bool, StoreError> {
        let mut client = self.store.client().await?;
        let mut was_lost = false;
        if !present.is_empty() {
            let insert = "INSERT INTO realtime_nodes (node, seen_at) VALUES ($1, now())
                ON CONFLICT (node) DO UPDATE SET seen_at = now() RETURNING xmax = 0";
            was_lost = client.query_one(insert, &[&node]).await?.get(0);
        }
        let transaction = client.transaction().await?;
        let lost = transaction
            .query(
                "SELECT node FROM realtime_nodes WHERE seen_at < now() - $1 * interval '1 s' AND node <> $2
                 FOR UPDATE SKIP LOCKED",
                &[&NODE_LOST_SECONDS, &node],
            )
            .await?;
        let lost: Vec<String> = lost.iter().map(|row| row.get(0)).collect();
        let is_gone = "(node = ANY ($1) OR (node = $2 AND socket_id <> ALL ($3)
            AND joined_at < now() - $4 * interval '1 s'))";
        let gone: [&(dyn ToSql + Sync); 4] = [&lost, &node, &present, &NODE_LOST_SECONDS];
        // In one order, as all do.
        let locks = format!(
            "SELECT pg_advisory_xact_lock(key) FROM (
                 SELECT DISTINCT hashtextextended(app_id || '/' || channel, 0) AS key
                 FROM realtime_presence WHERE {is_gone} ORDER BY key) AS keys"
        );
        if !transaction.query(&locks, &gone).await?.is_empty() {
            let delete = format!("DELETE FROM realtime_presence WHERE {is_gone} RETURNING {COLUMNS}");
            let left = transaction.query(&delete, &gone).await?;
            let left: Vec<Envelope> = left.iter().map(|row| announce(&Member::from_row(row))).collect();
            notify(&transaction, &left).await?;
        }
        transaction.execute("DELETE FROM realtime_nodes WHERE node = ANY ($1)", &[&lost]).await?;
        transaction.commit().await?;
        Ok(was_lost)
    }
}
