//! The roles: three groups for the whole server, and one that records changes; four logins for every app.
//!
//! A connection's login decides what it may do: no SQL can change that.

use postgres_protocol::password;
use tokio_postgres::{Client, Error};

use crate::identity::Privilege;
use mayfly_postgres::{quote_identifier, quote_literal};

/// Make the groups, and make them what they have to be.
pub(super) async fn ensure_groups(client: &Client) -> Result<(), Error> {
    for (name, bypass) in [
        // Runs nothing but the recording of changes.
        ("mayfly_changes", "NOBYPASSRLS"),
        ("butterbase_service", "BYPASSRLS"),
        ("butterbase_user", "NOBYPASSRLS"),
        ("butterbase_anon", "NOBYPASSRLS"),
    ] {
        let attributes =
            format!("NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION {bypass}");
        ensure_role(client, name, &attributes).await?;
    }
    Ok(())
}

/// Make an app's logins, and make them what they have to be.
pub(super) async fn ensure_logins(
    client: &Client,
    app_id: &str,
    connections: i32,
    password: Option<&str>,
) -> Result<(), Error> {
    for privilege in Privilege::ALL {
        let login = privilege.login(app_id);
        let quoted = quote_identifier(&login);
        // The verifier, not the password: statements end up in logs.
        let password = match password {
            Some(password) => {
                format!("PASSWORD {}", quote_literal(&password::scram_sha_256(password.as_bytes())))
            }
            None => "PASSWORD NULL".to_owned(),
        };
        let attributes = format!(
            "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS \
             CONNECTION LIMIT {connections} {password}"
        );
        ensure_role(client, &login, &attributes).await?;
        if privilege != Privilege::Owner {
            client.batch_execute(&format!("GRANT {} TO {quoted}", privilege.group())).await?;
        }
        // First remove what a login may have set for itself: settings apply to every later session of it.
        client
            .batch_execute(&format!(
                "ALTER ROLE {quoted} RESET ALL;
                 ALTER ROLE {quoted} SET temp_file_limit = '256MB';
                 -- A tenant's failing statements are the tenant's to know: they must not fill the server's log.
                 ALTER ROLE {quoted} SET log_min_messages = 'fatal';
                 ALTER ROLE {quoted} SET log_min_error_statement = 'panic'"
            ))
            .await?;
    }
    Ok(())
}

/// Remove an app's logins. Its database must be gone already.
pub(super) async fn drop_logins(client: &Client, app_id: &str) -> Result<(), Error> {
    for privilege in Privilege::ALL {
        let quoted = quote_identifier(&privilege.login(app_id));
        client.batch_execute(&format!("DROP ROLE IF EXISTS {quoted}")).await?;
    }
    Ok(())
}

/// Two servers may do this at the same moment: the one that comes second finds the role.
async fn ensure_role(client: &Client, name: &str, attributes: &str) -> Result<(), Error> {
    let quoted = quote_identifier(name);
    client
        .batch_execute(&format!(
            "DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal}) THEN
                    CREATE ROLE {quoted};
                END IF;
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
             END $$;
             ALTER ROLE {quoted} {attributes}",
            literal = quote_literal(name),
        ))
        .await
}
