//! Checks whether a server can isolate tenants: its version, and our rights on it.

use tokio_postgres::Client;

use super::TenantError;
use mayfly_postgres::ServerVersion;

/// Refuses a server that cannot isolate tenants.
pub(super) async fn check(client: &Client) -> Result<(), TenantError> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version_num')::integer,
                    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)",
            &[],
        )
        .await?;
    let number: i32 = row.get(0);
    let version = ServerVersion::from_number(number.unsigned_abs());
    if let Some(needed) = version.needs_update() {
        let text = format!(
            "it is version {version}, which does not keep tenants safely apart: update it to {needed} or newer"
        );
        return Err(TenantError::Unsuitable(text));
    }
    // Taking rights on PostgreSQL's own functions away from PUBLIC, BYPASSRLS and temp_file_limit are a superuser's.
    if !row.get::<_, bool>(1) {
        return Err(TenantError::Unsuitable("the user of the database URL must be a superuser".to_owned()));
    }
    Ok(())
}
