//! The table of hosts: names under which apps are reached, beside the server's own.

use crate::changes::{self, ChangeKind};
use crate::{Store, StoreError};

/// A name of a host, and what is reached by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppHost {
    /// In lower case, without a port.
    pub host: String,
    /// The app.
    pub app_id: String,
    /// The function that answers all of its paths.
    pub function: Option<String>,
}

/// What tells one state of the table from another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostsStamp {
    rows: i64,
    last: i64,
}

/// The table of hosts.
#[derive(Debug, Clone, Copy)]
pub struct HostsTable<'a> {
    store: &'a Store,
}

impl Store {
    /// The table of hosts.
    pub fn hosts(&self) -> HostsTable<'_> {
        HostsTable { store: self }
    }
}

impl HostsTable<'_> {
    /// Whether it is as it was.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn stamp(&self) -> Result<HostsStamp, StoreError> {
        let client = self.store.client().await?;
        let row = client.query_one("SELECT count(*), coalesce(max(id), 0) FROM app_hosts", &[]).await?;
        Ok(HostsStamp { rows: row.get(0), last: row.get(1) })
    }

    /// All of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self) -> Result<Vec<AppHost>, StoreError> {
        self.select("", None).await
    }

    /// Those of an app, in the order in which they were given.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn of_app(&self, app_id: &str) -> Result<Vec<AppHost>, StoreError> {
        self.select("WHERE app_id = $1", Some(app_id)).await
    }

    async fn select(&self, of: &str, app_id: Option<&str>) -> Result<Vec<AppHost>, StoreError> {
        let client = self.store.client().await?;
        let query = format!("SELECT host, app_id, function_name FROM app_hosts {of} ORDER BY id");
        let rows = match app_id {
            Some(app_id) => client.query(&query, &[&app_id]).await?,
            None => client.query(&query, &[]).await?,
        };
        let host = |row| AppHost {
            host: tokio_postgres::Row::get(row, 0),
            app_id: row.get(1),
            function: row.get(2),
        };
        Ok(rows.iter().map(host).collect())
    }

    /// Gives an app these in place of those that it has.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another app has one of them.
    pub async fn replace(&self, app_id: &str, hosts: &[(String, Option<String>)]) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        transaction.execute("DELETE FROM app_hosts WHERE app_id = $1", &[&app_id]).await?;
        for (host, function) in hosts {
            let insert = "INSERT INTO app_hosts (host, app_id, function_name) VALUES ($1, $2, $3)
                          ON CONFLICT (host) DO NOTHING";
            if transaction.execute(insert, &[host, &app_id, function]).await? == 0 {
                return Err(StoreError::Conflict(format!("the host {host} is another app's")));
            }
        }
        changes::record(&transaction, app_id, None, ChangeKind::App).await?;
        self.store.commit(transaction).await
    }
}
