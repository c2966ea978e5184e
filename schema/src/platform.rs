//! The platform's own tables: numbered SQL files, applied once each, in order, and never changed afterwards.

use tokio_postgres::{Client, Transaction};

pub use error::MigrateError;

mod error;

/// One numbered SQL file of `schema/migrations/`.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// From 1, without gaps.
    pub number: i32,
    /// The file's name without number and extension.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

impl Migration {
    /// SHA-256 of the text, in lower-case hexadecimal.
    pub fn checksum(&self) -> String {
        hex::encode(ring::digest::digest(&ring::digest::SHA256, self.sql.as_bytes()))
    }
}

macro_rules! migrations {
    ($($file:literal $number:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../migrations/", $file, "_", $name, ".sql")),
        }),*]
    };
}

/// All of them, in order.
pub const MIGRATIONS: &[Migration] = migrations![
    "0001" 1 "apps",
    "0002" 2 "functions",
    "0003" 3 "invocations",
    "0004" 4 "records",
    "0005" 5 "signing_keys",
    "0006" 6 "app_days",
    "0007" 7 "rollouts",
    "0008" 8 "version_fingerprint",
    "0009" 9 "recordings",
    "0010" 10 "job_leases",
    "0011" 11 "cron",
    "0012" 12 "webhooks",
    "0013" 13 "realtime",
    "0014" 14 "invoked",
    "0015" 15 "queues",
    "0016" 16 "invocation_transactions",
    "0017" 17 "storage",
    "0018" 18 "agents",
    "0019" 19 "storage_place",
    "0020" 20 "agent_tools",
    "0021" 21 "closed_apps",
    "0022" 22 "pending_changes",
    "0023" 23 "app_hosts",
    "0024" 24 "agent_sessions",
    "0025" 25 "mcp_servers",
    "0026" 26 "compiled_functions",
];

/// Any number will do, as long as every build uses this one.
const LOCK: i64 = 0x6d61_7966_6c79;

/// Apply every migration that this build has and the database has not. Returns how many were applied.
///
/// Several servers may do so at once: they queue behind an advisory lock.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate(client: &mut Client) -> Result<usize, MigrateError> {
    run(client, MIGRATIONS).await
}

/// Like [`migrate`], with a list of one's own.
///
/// # Errors
/// See [`MigrateError`].
pub async fn run(client: &mut Client, migrations: &[Migration]) -> Result<usize, MigrateError> {
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(MigrateError::Connection)?;
    let outcome = apply_missing(client, migrations).await;
    // Held by the session, so a lost connection has let go of it already.
    let _ = client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await;
    outcome
}

async fn apply_missing(client: &mut Client, migrations: &[Migration]) -> Result<usize, MigrateError> {
    let applied = applied(client).await?;
    check_history(&applied, migrations)?;
    let missing = &migrations[applied.len()..];
    for migration in missing {
        let failed = |source| MigrateError::Failed { number: migration.number, name: migration.name, source };
        let transaction = client.transaction().await.map_err(MigrateError::Connection)?;
        apply(&transaction, migration).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        tracing::info!(number = migration.number, name = migration.name, "migration applied");
    }
    Ok(missing.len())
}

async fn applied(client: &Client) -> Result<Vec<(i32, String)>, MigrateError> {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS migrations (
                number     integer PRIMARY KEY,
                name       text NOT NULL,
                checksum   text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )",
        )
        .await
        .map_err(MigrateError::Connection)?;
    let rows = client
        .query("SELECT number, checksum FROM migrations ORDER BY number", &[])
        .await
        .map_err(MigrateError::Connection)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// What was applied must be the beginning of what this build has, letter by letter.
fn check_history(applied: &[(i32, String)], migrations: &[Migration]) -> Result<(), MigrateError> {
    let known = migrations.last().map_or(0, |migration| migration.number);
    if let Some((found, _)) = applied.last()
        && *found > known
    {
        return Err(MigrateError::DatabaseIsNewer { found: *found, known });
    }
    for (migration, (number, checksum)) in migrations.iter().zip(applied) {
        if *number != migration.number {
            return Err(MigrateError::Gap { number: migration.number });
        }
        let expected = migration.checksum();
        if *checksum != expected {
            return Err(MigrateError::ChecksumChanged {
                number: migration.number,
                name: migration.name,
                applied: checksum.clone(),
                expected,
            });
        }
    }
    Ok(())
}

async fn apply(transaction: &Transaction<'_>, migration: &Migration) -> Result<(), tokio_postgres::Error> {
    transaction.batch_execute(migration.sql).await?;
    transaction
        .execute(
            "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
            &[&migration.number, &migration.name, &migration.checksum()],
        )
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(upto: usize) -> Vec<(i32, String)> {
        MIGRATIONS[..upto].iter().map(|m| (m.number, m.checksum())).collect()
    }

    #[test]
    fn numbers_have_no_gaps() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.number as usize, index + 1, "{}", migration.name);
        }
    }

    #[test]
    fn every_beginning_of_the_list_is_a_history() {
        for upto in 0..=MIGRATIONS.len() {
            check_history(&history(upto), MIGRATIONS).unwrap();
        }
    }

    #[test]
    fn a_changed_text_is_refused() {
        let mut applied = history(2);
        applied[0].1 = "0".repeat(64);
        assert!(matches!(
            check_history(&applied, MIGRATIONS),
            Err(MigrateError::ChecksumChanged { number: 1, .. })
        ));
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut applied = history(MIGRATIONS.len());
        applied.push((MIGRATIONS.len() as i32 + 1, String::new()));
        assert!(matches!(check_history(&applied, MIGRATIONS), Err(MigrateError::DatabaseIsNewer { .. })));
    }

    #[test]
    fn a_gap_is_refused() {
        let applied = history(3).split_off(1);
        assert!(matches!(check_history(&applied, MIGRATIONS), Err(MigrateError::Gap { number: 1 })));
    }
}
