//! `PostgresEndpoint`: the address of a PostgreSQL server and the administrator's login on it. No secret is in its debug
//! output.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};
use zeroize::Zeroizing;

use super::url::{self, Parsed};
use crate::{EndpointError, ServerAddress, Tls};

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A tenant may hold a lock that the platform waits for, and make any statement long: no connection of the
/// administrator's waits for that without end. Those that have to wait longer set it themselves.
const TIMEOUTS: &str = "-c lock_timeout=30s -c statement_timeout=300s";

/// In a tenant's database nothing of ours takes long by itself.
const TIMEOUTS_AMONG_TENANTS: &str = "-c lock_timeout=30s -c statement_timeout=60s -c search_path=pg_catalog";

struct Parts {
    address: ServerAddress,
    tls: Tls,
    user: String,
    password: Option<Zeroizing<String>>,
    maintenance_database: String,
    platform_database: String,
    managed: bool,
}

/// A server, and the administrator's login there. Cheap to clone.
#[derive(Clone)]
pub struct PostgresEndpoint(Arc<Parts>);

impl fmt::Debug for PostgresEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresEndpoint")
            .field("address", &self.0.address)
            .field("user", &self.0.user)
            .finish_non_exhaustive()
    }
}

impl PostgresEndpoint {
    /// The managed cluster's: everyone who can enter the directory is trusted.
    pub(super) fn managed(directory: PathBuf, port: u16, user: &str) -> Self {
        Self(Arc::new(Parts {
            address: ServerAddress::Unix { directory, port },
            tls: Tls::off(),
            user: user.to_owned(),
            password: None,
            maintenance_database: "postgres".to_owned(),
            platform_database: "mayfly".to_owned(),
            managed: true,
        }))
    }

    /// `postgres://user:password@host:port/database?sslmode=require&sslrootcert=/path/ca.pem`.
    ///
    /// The database named there is the platform's own; `mayfly` when none is, or `postgres`. `sslmode` is `disable` or
    /// `require`; without it, connections that leave the machine are encrypted. The server's certificate is always
    /// checked: against the public authorities, or those in `sslrootcert`.
    ///
    /// # Errors
    /// [`EndpointError`] says which part cannot be used.
    pub fn from_url(url: &str) -> Result<Self, EndpointError> {
        let Parsed { config, address, tls } = url::parse(url)?;
        let user = config.get_user().ok_or_else(|| EndpointError::Url("it names no user".to_owned()))?;
        let password = match config.get_password() {
            None => None,
            Some(bytes) => Some(Zeroizing::new(
                String::from_utf8(bytes.to_vec())
                    .map_err(|_| EndpointError::Url("the password is not UTF-8".to_owned()))?,
            )),
        };
        let platform_database = match config.get_dbname() {
            None | Some("postgres") => "mayfly",
            Some(name) => name,
        };
        Ok(Self(Arc::new(Parts {
            address,
            tls,
            user: user.to_owned(),
            password,
            maintenance_database: "postgres".to_owned(),
            platform_database: platform_database.to_owned(),
            managed: false,
        })))
    }

    /// One connection to the very database that a URL names.
    ///
    /// # Errors
    /// [`EndpointError`] says which part of the URL cannot be used, or why the server cannot be reached.
    pub async fn connect(url: &str) -> Result<Client, EndpointError> {
        let Parsed { mut config, tls, .. } = url::parse(url)?;
        config
            .application_name("mayfly")
            .ssl_mode(if tls.is_required() { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(CONNECT_TIMEOUT);
        let connected = config.connect(tls).await;
        let (client, connection) = connected.map_err(|error| EndpointError::Url(error.to_string()))?;
        drive(connection);
        Ok(client)
    }

    /// Its address.
    pub fn address(&self) -> &ServerAddress {
        &self.0.address
    }

    /// Whether it is our own cluster, whose socket is its lock: no login there needs a password.
    pub fn is_managed(&self) -> bool {
        self.0.managed
    }

    /// The database in which others are made.
    pub fn maintenance_database(&self) -> &str {
        &self.0.maintenance_database
    }

    /// The platform's own database.
    pub fn platform_database(&self) -> &str {
        &self.0.platform_database
    }

    /// The administrator's settings for one database.
    pub fn client_config(&self, database: &str) -> Config {
        let mut config = Config::new();
        match &self.0.address {
            ServerAddress::Unix { directory, port } => config.host_path(directory).port(*port),
            ServerAddress::Tcp { host, port } => config.host(host).port(*port),
        };
        config
            .user(&self.0.user)
            .dbname(database)
            .application_name("mayfly")
            .ssl_mode(if self.0.tls.is_required() { SslMode::Require } else { SslMode::Disable })
            .options(TIMEOUTS)
            .connect_timeout(CONNECT_TIMEOUT);
        if let Some(password) = &self.0.password {
            config.password(password.as_bytes());
        }
        config
    }

    /// How connections of [`client_config`](Self::client_config) are encrypted.
    pub fn tls(&self) -> Tls {
        self.0.tls.clone()
    }

    /// One connection of the administrator's, for the few statements that have no pool.
    ///
    /// # Errors
    /// PostgreSQL's, or that it cannot be reached.
    pub async fn admin(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.client_config(database).connect(self.tls()).await?;
        drive(connection);
        Ok(client)
    }

    /// One connection of the administrator's in a tenant's database, where the tenant may have made functions and
    /// operators: an unqualified name never means one of them.
    ///
    /// # Errors
    /// PostgreSQL's, or that it cannot be reached.
    pub async fn admin_in_tenant_database(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = self.client_config(database);
        config.options(TIMEOUTS_AMONG_TENANTS);
        let (client, connection) = config.connect(self.tls()).await?;
        drive(connection);
        Ok(client)
    }
}

/// Drives a connection. Its error is the client's too.
#[allow(clippy::disallowed_methods, reason = "a connection's driver ends when its client is dropped")]
fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(connection);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let endpoint =
            PostgresEndpoint::from_url("postgres://me:s3cret@db.example:6432/platform?sslmode=disable")
                .unwrap();
        assert_eq!(endpoint.address(), &ServerAddress::Tcp { host: "db.example".to_owned(), port: 6432 });
        assert_eq!(endpoint.platform_database(), "platform");
        assert!(!endpoint.is_managed());
        assert!(!format!("{endpoint:?}").contains("s3cret"));
    }

    #[test]
    fn the_platform_does_not_live_in_the_maintenance_database() {
        for url in ["postgres://me@h?sslmode=disable", "postgres://me@h/postgres?sslmode=disable"] {
            assert_eq!(PostgresEndpoint::from_url(url).unwrap().platform_database(), "mayfly");
        }
    }
}
