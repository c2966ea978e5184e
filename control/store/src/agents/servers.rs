//! Other MCP servers of apps, and their tools as they were approved.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::AgentTables;
use crate::StoreError;

/// A server of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServerRow {
    /// Its name.
    pub name: String,
    /// Its URL; otherwise there is a program.
    pub url: Option<String>,
    /// The operator's program.
    pub program: Option<String>,
    /// The variable whose value is its key.
    pub key_env: Option<String>,
    /// Its tools as they were approved, as JSON.
    pub tools: String,
    /// When it was set, or tools of it were approved.
    pub updated_at: DateTime<Utc>,
}

impl AgentTables<'_> {
    /// An app's servers, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn servers(&self, app_id: &str) -> Result<Vec<McpServerRow>, StoreError> {
        let client = self.store.client().await?;
        let statement =
            client.prepare_cached("SELECT * FROM mcp_servers WHERE app_id = $1 ORDER BY name").await?;
        Ok(client.query(&statement, &[&app_id]).await?.iter().map(server).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn server(&self, app_id: &str, name: &str) -> Result<Option<McpServerRow>, StoreError> {
        let client = self.store.client().await?;
        let statement =
            client.prepare_cached("SELECT * FROM mcp_servers WHERE app_id = $1 AND name = $2").await?;
        Ok(client.query_opt(&statement, &[&app_id, &name]).await?.as_ref().map(server))
    }

    /// Set one, unless it would be one more than `max`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such app, [`StoreError::Conflict`] when it has too many.
    pub async fn set_server(
        &self,
        app_id: &str,
        set: &McpServerRow,
        max: usize,
    ) -> Result<DateTime<Utc>, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        // One at a time: the number is exact.
        let app = transaction.query_opt("SELECT FROM apps WHERE id = $1 FOR UPDATE", &[&app_id]).await?;
        if app.is_none() {
            return Err(StoreError::Missing("the app"));
        }
        let others = "SELECT count(*) FROM mcp_servers WHERE app_id = $1 AND name <> $2";
        let count: i64 = transaction.query_one(others, &[&app_id, &set.name]).await?.get(0);
        if count >= max as i64 {
            return Err(StoreError::Conflict(format!("an app has {max} MCP servers at most")));
        }
        let params: [&(dyn ToSql + Sync); 6] =
            [&app_id, &set.name, &set.url, &set.program, &set.key_env, &set.tools];
        let row = transaction
            .query_one(
                "INSERT INTO mcp_servers (app_id, name, url, program, key_env, tools)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (app_id, name) DO UPDATE SET url = EXCLUDED.url, program = EXCLUDED.program,
                     key_env = EXCLUDED.key_env, tools = EXCLUDED.tools, updated_at = clock_timestamp()
                 RETURNING updated_at",
                &params,
            )
            .await?;
        transaction.commit().await?;
        Ok(row.get(0))
    }

    /// Replace what was approved of a server, unless it was set meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it was.
    pub async fn approve_tools(
        &self,
        app_id: &str,
        known: &McpServerRow,
        tools: &str,
    ) -> Result<DateTime<Utc>, StoreError> {
        let client = self.store.client().await?;
        let row = client
            .query_opt(
                "UPDATE mcp_servers SET tools = $4, updated_at = clock_timestamp()
                 WHERE app_id = $1 AND name = $2 AND updated_at = $3 RETURNING updated_at",
                &[&app_id, &known.name, &known.updated_at, &tools],
            )
            .await?;
        row.map(|row| row.get(0))
            .ok_or_else(|| StoreError::Conflict("the MCP server was set meanwhile".to_owned()))
    }

    /// Remove one, where there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_server(&self, app_id: &str, name: &str) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client.execute("DELETE FROM mcp_servers WHERE app_id = $1 AND name = $2", &[&app_id, &name]).await?;
        Ok(())
    }
}

fn server(row: &Row) -> McpServerRow {
    McpServerRow {
        name: row.get("name"),
        url: row.get("url"),
        program: row.get("program"),
        key_env: row.get("key_env"),
        tools: row.get("tools"),
        updated_at: row.get("updated_at"),
    }
}
