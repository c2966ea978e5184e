//! The table of rollouts: canaries, the versions that serve a share of the calls.

use chrono::{DateTime, Utc};
use tokio_postgres::{Row, Transaction};

use crate::changes::{self, ChangeKind};
use crate::{Store, StoreError};

/// How a version is rolled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolloutTerms {
    /// Its share of the calls, 1 to 99.
    pub percent: u32,
    /// Beyond this share of failures it is rolled back.
    pub max_error_percent: u32,
    /// Not before this number of invocations.
    pub min_invocations: u32,
}

/// The last roll-out of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// Which version.
    pub version: u32,
    /// How.
    pub terms: RolloutTerms,
    /// Whether it goes on; else it was rolled back.
    pub running: bool,
    /// How often it ran.
    pub invocations: u64,
    /// How often it failed.
    pub errors: u64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it was rolled back.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Rollout {
    fn from_row(row: &Row) -> Self {
        let count = |name: &str| row.get::<_, i32>(name).unsigned_abs();
        Self {
            version: count("number"),
            terms: RolloutTerms {
                percent: count("percent"),
                max_error_percent: count("max_error_percent"),
                min_invocations: count("min_invocations"),
            },
            running: row.get::<_, &str>("state") == "running",
            invocations: row.get::<_, i64>("invocations").unsigned_abs(),
            errors: row.get::<_, i64>("errors").unsigned_abs(),
            started_at: row.get("started_at"),
            ended_at: row.get("ended_at"),
        }
    }
}

/// The table of rollouts.
#[derive(Debug, Clone, Copy)]
pub struct RolloutsTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of rollouts.
    pub fn rollouts(&self) -> RolloutsTable<'_> {
        RolloutsTable { store: self }
    }
}

impl RolloutsTable<'_> {
    /// The last roll-out of a function, where nothing was deployed since.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn get(&self, app_id: &str, name: &str) -> Result<Option<Rollout>, StoreError> {
        let client = self.store.client().await?;
        let row = client
            .query_opt(
                "SELECT r.*, v.number FROM rollouts r JOIN functions f ON f.id = r.function_id
                 JOIN versions v ON v.id = r.version_id WHERE f.app_id = $1 AND f.name = $2",
                &[&app_id, &name],
            )
            .await?;
        Ok(row.as_ref().map(Rollout::from_row))
    }

    /// Make a version the canary; one that is it already keeps its counts.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such function or version, [`StoreError::Conflict`] when the version is
    /// the one that serves.
    pub async fn set(
        &self,
        app_id: &str,
        name: &str,
        version: u32,
        terms: RolloutTerms,
    ) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let row = transaction
            .query_opt(
                "SELECT id, active_version_id FROM functions WHERE app_id = $1 AND name = $2 FOR UPDATE",
                &[&app_id, &name],
            )
            .await?
            .ok_or(StoreError::Missing("the function"))?;
        let (function, active): (String, Option<String>) = (row.get(0), row.get(1));
        let number = i32::try_from(version).unwrap_or(i32::MAX);
        let version_id: String = transaction
            .query_opt(
                "SELECT id FROM versions WHERE function_id = $1 AND number = $2",
                &[&function, &number],
            )
            .await?
            .ok_or(StoreError::Missing("the version"))?
            .get(0);
        if active.as_deref() == Some(version_id.as_str()) {
            return Err(StoreError::Conflict("the version serves all calls already".to_owned()));
        }
        insert(&transaction, &function, &version_id, terms).await?;
        changes::record(&transaction, app_id, Some(name), ChangeKind::Deploy).await?;
        self.store.commit(transaction).await
    }

    /// End the roll-out: the version that serves serves all. `false` when there was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end(&self, app_id: &str, name: &str) -> Result<bool, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let ended = transaction
            .execute(
                "DELETE FROM rollouts r USING functions f
                 WHERE f.id = r.function_id AND f.app_id = $1 AND f.name = $2",
                &[&app_id, &name],
            )
            .await?;
        changes::record(&transaction, app_id, Some(name), ChangeKind::Deploy).await?;
        self.store.commit(transaction).await?;
        Ok(ended > 0)
    }

    /// Count how a version that is rolled out did; too many failures end it. Says whether they just did.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count(
        &self,
        app_id: &str,
        name: &str,
        version_id: &str,
        invocations: u64,
        errors: u64,
    ) -> Result<bool, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let row = transaction
            .query_opt(
                "UPDATE rollouts r SET
                    invocations = r.invocations + $4, errors = r.errors + $5,
                    state = CASE WHEN bad THEN 'rolled_back' ELSE r.state END,
                    ended_at = CASE WHEN bad THEN now() END
                 FROM (
                    SELECT o.function_id, o.invocations + $4 >= o.min_invocations
                        AND (o.errors + $5) * 100 > (o.invocations + $4) * o.max_error_percent AS bad
                    FROM rollouts o JOIN functions f ON f.id = o.function_id
                    WHERE f.app_id = $1 AND f.name = $2 AND o.version_id = $3 AND o.state = 'running'
                    FOR UPDATE OF o
                 ) d
                 WHERE r.function_id = d.function_id RETURNING bad",
                &[&app_id, &name, &version_id, &signed(invocations), &signed(errors)],
            )
            .await?;
        let bad = row.is_some_and(|row| row.get(0));
        if bad {
            changes::record(&transaction, app_id, Some(name), ChangeKind::Deploy).await?;
        }
        self.store.commit(transaction).await?;
        Ok(bad)
    }
}

/// The counts of another version are not this one's.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    function_id: &str,
    version_id: &str,
    terms: RolloutTerms,
) -> Result<(), StoreError> {
    let signed = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    transaction
        .execute(
            "INSERT INTO rollouts AS r
                (function_id, version_id, percent, max_error_percent, min_invocations, state)
             VALUES ($1, $2, $3, $4, $5, 'running')
             ON CONFLICT (function_id) DO UPDATE SET
                version_id = excluded.version_id, percent = excluded.percent,
                max_error_percent = excluded.max_error_percent, min_invocations = excluded.min_invocations,
                state = 'running', ended_at = NULL,
                invocations = CASE WHEN r.version_id = $2 AND r.state = 'running' THEN r.invocations ELSE 0 END,
                errors = CASE WHEN r.version_id = $2 AND r.state = 'running' THEN r.errors ELSE 0 END,
                started_at = CASE WHEN r.version_id = $2 AND r.state = 'running' THEN r.started_at ELSE now() END",
            &[
                &function_id,
                &version_id,
                &signed(terms.percent),
                &signed(terms.max_error_percent),
                &signed(terms.min_invocations),
            ],
        )
        .await?;
    Ok(())
}

/// Another version serves from now on: what was rolled out beside the one before is over.
pub(super) async fn clear(transaction: &Transaction<'_>, function_id: &str) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM rollouts WHERE function_id = $1", &[&function_id]).await?;
    Ok(())
}
