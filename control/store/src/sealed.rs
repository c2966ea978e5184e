//! All that is kept sealed, over all tables: found by the key that sealed it, and replaced where nobody was faster.

use tokio_postgres::Row;

use crate::{Store, StoreError};

const ALL: &str = include_str!("sealed/all.sql");

/// Which key sealed a value: it stands within the first letters, and of a large value no more is to be read.
const KEY_ID: &str = "split_part(left(sealed, 40), '.', 2)";

/// Values looked at together.
const PAGE: i64 = 50;

/// A sealed value and where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// The app.
    pub app_id: String,
    /// What it is.
    pub place: SealedPlace,
    /// The value.
    pub sealed: String,
}

/// What a sealed value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedPlace {
    /// An environment variable.
    Variable {
        /// The function's id and name; `None`: the app's own.
        function: Option<(String, String)>,
        /// The variable's name.
        name: String,
    },
    /// What an app's claims are signed with.
    ClaimsKey,
    /// Of an app's logins.
    Password,
    /// The private half of a key that signs end users' tokens.
    SigningKey {
        /// Its `kid`.
        kid: String,
    },
    /// What somebody else signs end users' tokens with.
    Issuer {
        /// Their name.
        issuer: String,
    },
    /// What an invocation learnt from outside.
    Recording {
        /// The invocation.
        invocation_id: String,
    },
}

/// Where a look over all values goes on.
#[derive(Debug, Clone, Default)]
pub struct SealedCursor([String; 4]);

/// What can be done with all sealed values.
#[derive(Debug, Clone, Copy)]
pub struct SealedValues<'a> {
    pub(super) store: &'a Store,
}

impl SealedValues<'_> {
    /// Some values that another key than this one sealed, from the cursor on, which moves. Empty at the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn not_by(
        &self,
        key_id: &str,
        cursor: &mut SealedCursor,
    ) -> Result<Vec<SealedValue>, StoreError> {
        let client = self.store.client().await?;
        let SealedCursor([kind, app_id, function_id, name]) = cursor;
        let rows = client
            .query(
                &format!(
                    "SELECT * FROM ({ALL}) s
                     WHERE {KEY_ID} <> $1
                       AND (kind, app_id, function_id, name) > ($2, $3, $4, $5)
                     ORDER BY kind, app_id, function_id, name LIMIT {PAGE}"
                ),
                &[&key_id, kind, app_id, function_id, name],
            )
            .await?;
        if let Some(last) = rows.last() {
            *cursor = SealedCursor(["kind", "app_id", "function_id", "name"].map(|column| last.get(column)));
        }
        Ok(rows.iter().map(SealedValue::from_row).collect())
    }

    /// How many values each key sealed, by its id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_by_key(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!("SELECT {KEY_ID}, count(*) FROM ({ALL}) s GROUP BY 1 ORDER BY 1");
        Ok(client.query(&sql, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Put another sealed form of the same value in its place. `false`: it has changed meanwhile, and stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn replace(&self, value: &SealedValue, sealed: &str) -> Result<bool, StoreError> {
        let SealedValue { app_id, place, sealed: old } = value;
        let client = self.store.client().await?;
        let changed = match place {
            SealedPlace::Variable { function, name } => {
                let function_id = function.as_ref().map(|(id, _)| id);
                let sql = "UPDATE env SET sealed = $5 WHERE app_id = $1
                           AND function_id IS NOT DISTINCT FROM $2 AND name = $3 AND sealed = $4";
                client.execute(sql, &[app_id, &function_id, name, old, &sealed]).await?
            }
            SealedPlace::ClaimsKey => {
                let sql = "UPDATE app_databases SET claims_key_sealed = $3
                           WHERE app_id = $1 AND claims_key_sealed = $2";
                client.execute(sql, &[app_id, old, &sealed]).await?
            }
            SealedPlace::Password => {
                let sql = "UPDATE app_databases SET password_sealed = $3
                           WHERE app_id = $1 AND password_sealed = $2";
                client.execute(sql, &[app_id, old, &sealed]).await?
            }
            SealedPlace::SigningKey { kid } => {
                let sql = "UPDATE signing_keys SET private_sealed = $4
                           WHERE app_id = $1 AND kid = $2 AND private_sealed = $3";
                client.execute(sql, &[app_id, kid, old, &sealed]).await?
            }
            SealedPlace::Issuer { issuer } => {
                client.execute(include_str!("sealed/issuer.sql"), &[app_id, issuer, old, &sealed]).await?
            }
            SealedPlace::Recording { invocation_id } => {
                let sql = "UPDATE recordings SET sealed = $4
                           WHERE app_id = $1 AND invocation_id = $2 AND sealed = $3";
                client.execute(sql, &[app_id, invocation_id, old, &sealed]).await?
            }
        };
        Ok(changed > 0)
    }
}

impl SealedValue {
    fn from_row(row: &Row) -> Self {
        let name = || row.get("name");
        let place = match row.get("kind") {
            "claims_key" => SealedPlace::ClaimsKey,
            "password" => SealedPlace::Password,
            "signing_key" => SealedPlace::SigningKey { kid: name() },
            "issuer" => SealedPlace::Issuer { issuer: name() },
            "recording" => SealedPlace::Recording { invocation_id: name() },
            // The query knows no other.
            _ => {
                let function: Option<String> = row.get("function_name");
                SealedPlace::Variable {
                    function: function.map(|function| (row.get("function_id"), function)),
                    name: name(),
                }
            }
        };
        Self { app_id: row.get("app_id"), place, sealed: row.get("sealed") }
    }
}
