//! Provisions an app's database, and removes it: each step may be repeated, so that what a crash between two of them
//! left is completed at the next start.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::findings::CLOSED_BY_ANOTHER_BUILD;
use super::{TenantError, roles};
use crate::identity::Privilege;
use mayfly_common::digest::sha256_hex;
use mayfly_postgres::{PostgresEndpoint, quote_identifier, quote_literal};

const HARDEN: &str = concat!(include_str!("harden.sql"), include_str!("changes.sql"));
const CHECK: &str = include_str!("check.sql");

/// HMAC-SHA256 works on blocks of this many bytes.
const BLOCK: usize = 64;

/// What a database is made with.
pub(super) struct Blueprint<'a> {
    pub(super) app_id: &'a str,
    /// At most one block long.
    pub(super) claims_key: &'a [u8],
    /// `None` where no login needs one.
    pub(super) password: Option<&'a str>,
    /// Connections of each login.
    pub(super) connections: i32,
}

/// Everything there is to do, in order. What is there already stays.
pub(super) async fn provision(
    endpoint: &PostgresEndpoint,
    blueprint: &Blueprint<'_>,
) -> Result<(), TenantError> {
    let guard = exclusive(endpoint, blueprint.app_id).await?;
    roles::ensure_logins(&guard, blueprint.app_id, blueprint.connections, blueprint.password).await?;
    ensure_database(&guard, blueprint.app_id).await?;
    harden(endpoint, blueprint).await
}

/// Remove the database, with its open connections, and its logins. `false`: a session of it does not end, and nothing was
/// removed yet; no other one can begin.
pub(super) async fn remove(endpoint: &PostgresEndpoint, app_id: &str) -> Result<bool, TenantError> {
    let guard = exclusive(endpoint, app_id).await?;
    let database = quote_identifier(app_id);
    if exists(&guard, app_id).await? {
        guard.batch_execute(&format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false")).await?;
    }
    // It waits some seconds for them to end.
    match guard.batch_execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await {
        Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => return Ok(false),
        outcome => outcome?,
    }
    roles::drop_logins(&guard, app_id).await?;
    Ok(true)
}

/// Close the database to everything that tenants' SQL must not do. The caller holds [`exclusive`].
pub(super) async fn harden(
    endpoint: &PostgresEndpoint,
    blueprint: &Blueprint<'_>,
) -> Result<(), TenantError> {
    let mut client = endpoint.admin_in_tenant_database(blueprint.app_id).await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute(&fill_in(blueprint.app_id)).await?;
    let by = quote_literal(&hardened_by());
    transaction.batch_execute(&format!("COMMENT ON SCHEMA mayfly IS {by}")).await?;
    let (inner, outer) = hmac_blocks(blueprint.claims_key);
    transaction
        .execute(
            "INSERT INTO mayfly.claims_key AS k (inner_block, outer_block) VALUES ($1, $2)
             ON CONFLICT (only_row) DO UPDATE SET inner_block = $1, outer_block = $2
             WHERE (k.inner_block, k.outer_block) IS DISTINCT FROM ($1, $2)",
            &[&inner, &outer],
        )
        .await?;
    Ok(transaction.commit().await?)
}

/// End what the app's own logins are doing in its database.
pub(super) async fn end_sessions(endpoint: &PostgresEndpoint, app_id: &str) -> Result<(), TenantError> {
    let client = endpoint.admin(endpoint.platform_database()).await?;
    let logins = Privilege::ALL.map(|privilege| privilege.login(app_id));
    client
        .execute(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = ANY ($1)",
            &[&logins.as_slice()],
        )
        .await?;
    Ok(())
}

/// What is wrong with the database; empty when nothing is.
pub(super) async fn check(
    endpoint: &PostgresEndpoint,
    app_id: &str,
    connections: i32,
) -> Result<Vec<String>, TenantError> {
    let client = endpoint.admin_in_tenant_database(app_id).await?;
    // One that another build closed need not have all that this one looks at.
    let sql = "SELECT pg_catalog.obj_description(pg_catalog.to_regnamespace('mayfly'), 'pg_namespace')";
    let closed_by: Option<String> = client.query_one(sql, &[]).await?.get(0);
    if closed_by.is_some_and(|by| by != hardened_by()) {
        return Ok(vec![CLOSED_BY_ANOTHER_BUILD.to_owned()]);
    }
    let [owner, service, user, anon] = Privilege::ALL.map(|privilege| privilege.login(app_id));
    match client.query(CHECK, &[&owner, &service, &user, &anon, &hardened_by(), &connections]).await {
        Ok(rows) => Ok(rows.iter().map(|row| row.get(0)).collect()),
        // Without the platform's own schema it was never closed at all.
        Err(error) if error.as_db_error().is_some() => Ok(vec![error.to_string()]),
        Err(error) => Err(error.into()),
    }
}

/// Which text of `harden.sql` a database was closed with: another build may close more.
fn hardened_by() -> String {
    sha256_hex(HARDEN.as_bytes())
}

/// Two servers never work on one thing at once: an app's database, or what the whole server shares. The lock ends with
/// the connection that is returned.
pub(super) async fn exclusive(endpoint: &PostgresEndpoint, what: &str) -> Result<Client, Error> {
    let client = endpoint.admin(endpoint.platform_database()).await?;
    // As long as a script and what follows it may take; making and dropping databases is work for the disk.
    client.batch_execute("SET lock_timeout = '90s'; SET statement_timeout = '10min'").await?;
    client.execute("SELECT pg_advisory_lock(hashtext($1))", &[&what]).await?;
    Ok(client)
}

async fn ensure_database(client: &Client, app_id: &str) -> Result<(), Error> {
    if exists(client, app_id).await? {
        return Ok(());
    }
    // The template that cannot have been changed.
    client.batch_execute(&format!("CREATE DATABASE {} TEMPLATE template0", quote_identifier(app_id))).await
}

async fn exists(client: &Client, app_id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1";
    Ok(client.query_opt(sql, &[&app_id]).await?.is_some())
}

fn fill_in(app_id: &str) -> String {
    let login = |privilege: Privilege| quote_identifier(&privilege.login(app_id));
    HARDEN
        .replace("{database}", &quote_identifier(app_id))
        .replace("{owner}", &login(Privilege::Owner))
        .replace("{owner_name}", &Privilege::Owner.login(app_id))
        .replace("{service}", &login(Privilege::Service))
        .replace("{user}", &login(Privilege::User))
        .replace("{anon}", &login(Privilege::Anon))
}

/// The key, padded and masked as HMAC wants it, so that SQL needs nothing but SHA-256.
fn hmac_blocks(key: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut block = key.to_vec();
    block.resize(BLOCK, 0);
    let masked = |mask: u8| block.iter().map(|byte| byte ^ mask).collect();
    (masked(0x36), masked(0x5c))
}

#[cfg(test)]
mod tests {
    use ring::digest::{SHA256, digest};
    use ring::hmac;

    use super::*;

    #[test]
    fn every_placeholder_is_filled_in() {
        let sql = fill_in("app_0123456789ab");
        assert!(sql.contains("\"app_0123456789ab_owner\""));
        for placeholder in ["{database}", "{owner}", "{owner_name}", "{service}", "{user}", "{anon}"] {
            assert!(!sql.contains(placeholder), "{placeholder}");
        }
    }

    #[test]
    fn the_blocks_make_an_hmac() {
        let (inner, outer) = hmac_blocks(&[9; 32]);
        let hashed = digest(&SHA256, &[inner.as_slice(), b"text"].concat());
        let mac = digest(&SHA256, &[outer.as_slice(), hashed.as_ref()].concat());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[9; 32]);
        assert_eq!(mac.as_ref(), hmac::sign(&key, b"text").as_ref());
    }
}
