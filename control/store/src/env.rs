//! The table of environment variables: encrypted values only.

use std::collections::BTreeMap;

use tokio_postgres::Transaction;

use crate::changes::{self, ChangeKind};
use crate::{Store, StoreError};

/// What can be done with the table of environment variables.
///
/// Values are encrypted, and bound by [`KeyRing::encrypt`](mayfly_secrets::KeyRing::encrypt) to the app's id, the
/// function's *name* and the variable's name.
#[derive(Debug, Clone, Copy)]
pub struct EnvTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of environment variables.
    pub fn env(&self) -> EnvTable<'_> {
        EnvTable { store: self }
    }
}

impl EnvTable<'_> {
    /// The variables of one function, or with `None` those of the app itself.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn get(
        &self,
        app_id: &str,
        function_id: Option<&str>,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "SELECT name, sealed FROM env WHERE app_id = $1 AND function_id IS NOT DISTINCT FROM $2",
            )
            .await?;
        let rows = client.query(&statement, &[&app_id, &function_id]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Set the variables that have a value, delete those that have none. Returns all names there are afterwards.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such app or function.
    pub async fn merge(
        &self,
        app_id: &str,
        function_id: Option<&str>,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<Vec<String>, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let function_name = bump_revision(&transaction, app_id, function_id).await?;
        for (name, encrypted) in changes {
            match encrypted {
                Some(encrypted) => put(&transaction, app_id, function_id, name, encrypted).await?,
                None => {
                    transaction
                        .execute(
                            "DELETE FROM env WHERE app_id = $1
                             AND function_id IS NOT DISTINCT FROM $2 AND name = $3",
                            &[&app_id, &function_id, name],
                        )
                        .await?;
                }
            }
        }
        let rows = transaction
            .query(
                "SELECT name FROM env WHERE app_id = $1 AND function_id IS NOT DISTINCT FROM $2 ORDER BY name",
                &[&app_id, &function_id],
            )
            .await?;
        changes::record(&transaction, app_id, function_name.as_deref(), ChangeKind::Env).await?;
        self.store.commit(transaction).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

/// Locks the owner's row, so that two merges of the same environment queue. Returns the function's name.
async fn bump_revision(
    transaction: &Transaction<'_>,
    app_id: &str,
    function_id: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let Some(function_id) = function_id else {
        let changed = transaction
            .execute("UPDATE apps SET env_revision = env_revision + 1 WHERE id = $1", &[&app_id])
            .await?;
        return if changed == 0 { Err(StoreError::Missing("the app")) } else { Ok(None) };
    };
    transaction
        .query_opt(
            "UPDATE functions SET env_revision = env_revision + 1, updated_at = now()
             WHERE app_id = $1 AND id = $2 RETURNING name",
            &[&app_id, &function_id],
        )
        .await?
        .map(|row| Some(row.get(0)))
        .ok_or(StoreError::Missing("the function"))
}

/// Replace all variables of a function, as part of its deploy.
pub(super) async fn replace(
    transaction: &Transaction<'_>,
    app_id: &str,
    function_id: &str,
    env: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM env WHERE function_id = $1", &[&function_id]).await?;
    for (name, encrypted) in env {
        put(transaction, app_id, Some(function_id), name, encrypted).await?;
    }
    transaction
        .execute("UPDATE functions SET env_revision = env_revision + 1 WHERE id = $1", &[&function_id])
        .await?;
    Ok(())
}

async fn put(
    transaction: &Transaction<'_>,
    app_id: &str,
    function_id: Option<&str>,
    name: &str,
    encrypted: &str,
) -> Result<(), StoreError> {
    transaction
        .execute(
            "INSERT INTO env (app_id, function_id, name, sealed) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app_id, function_id, name)
             DO UPDATE SET sealed = excluded.sealed, updated_at = now()",
            &[&app_id, &function_id, &name, &encrypted],
        )
        .await?;
    Ok(())
}
