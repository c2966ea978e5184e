//! A test's own schema, in a database that all these tests share.

use std::sync::atomic::{AtomicUsize, Ordering};

use mayfly_schema::{
    ApplyOutcome, Catalog, ChangeHistory, Declared, Options, ParseError, Rules, SchemaError, apply,
};
use support::cluster::endpoint;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

const DATABASE: &str = "schema_engine";

static MADE: OnceCell<()> = OnceCell::const_new();
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A connection to the database of these tests.
pub(super) async fn client() -> Client {
    MADE.get_or_init(|| async {
        let admin = endpoint().admin("postgres").await.unwrap();
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {DATABASE}")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await.unwrap();
        let client = endpoint().admin(DATABASE).await.unwrap();
        // Into a separate schema: they belong to no test.
        client
            .batch_execute(
                "CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA pg_catalog; CREATE EXTENSION btree_gist SCHEMA pg_catalog;
                 CREATE EXTENSION pg_trgm SCHEMA pg_catalog",
            )
            .await
            .unwrap();
    })
    .await;
    endpoint().admin(DATABASE).await.unwrap()
}

/// A schema, and a connection to it.
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) options: Options,
}

impl Place {
    pub(super) async fn new() -> Self {
        Self::with(client().await).await
    }

    pub(super) async fn with(client: Client) -> Self {
        let name = format!("s{}", NEXT.fetch_add(1, Ordering::Relaxed));
        client.batch_execute(&format!("CREATE SCHEMA {name}; SET search_path = {name}")).await.unwrap();
        Self { client, options: Options { schema: name, ..Options::default() } }
    }

    /// Another connection to the same schema.
    pub(super) async fn again(&self) -> Self {
        let client = client().await;
        client.batch_execute(&format!("SET search_path = {}", self.options.schema)).await.unwrap();
        Self { client, options: self.options.clone() }
    }

    pub(super) async fn try_apply(&mut self, schema: &str) -> Result<ApplyOutcome, SchemaError> {
        let declared = declared(schema)?;
        apply(&mut self.client, &declared, &self.options, &ChangeHistory::own()).await
    }

    pub(super) async fn apply(&mut self, schema: &str) -> ApplyOutcome {
        self.try_apply(schema).await.unwrap_or_else(|error| panic!("{error}\n{schema}"))
    }

    pub(super) async fn try_dry_run(&mut self, schema: &str) -> Result<ApplyOutcome, SchemaError> {
        let declared = declared(schema)?;
        let options = Options { dry_run: true, ..self.options.clone() };
        apply(&mut self.client, &declared, &options, &ChangeHistory::own()).await
    }

    pub(super) async fn dry_run(&mut self, schema: &str) -> ApplyOutcome {
        self.try_dry_run(schema).await.unwrap_or_else(|error| panic!("{error}\n{schema}"))
    }

    pub(super) async fn read(&mut self) -> Catalog {
        mayfly_schema::read(&mut self.client, &self.options).await.unwrap()
    }

    pub(super) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    }

    /// The first column of the rows, as text.
    pub(super) async fn texts(&self, sql: &str) -> Vec<String> {
        let messages = self.client.simple_query(sql).await.unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
        let rows = messages.iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        });
        rows.collect()
    }

    pub(super) async fn drop(self) -> Client {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.options.schema)).await;
        self.client
    }
}

/// A declaration; an object without `tables` is the body of the one table `t`.
pub(super) fn declared(schema: &str) -> Result<Declared, ParseError> {
    Declared::read(&whole(schema), &Rules::default())
}

pub(super) fn whole(schema: &str) -> String {
    if schema.contains("\"tables\"") {
        schema.to_owned()
    } else {
        format!(r#"{{"tables":{{"t":{schema}}}}}"#)
    }
}

/// The missing consent: its path and its value.
pub(super) fn consents(outcome: Result<ApplyOutcome, SchemaError>) -> Vec<(String, String)> {
    match outcome {
        Err(SchemaError::Consent(missing)) => missing.into_iter().map(|it| (it.path, it.add)).collect(),
        other => panic!("{other:?}"),
    }
}
