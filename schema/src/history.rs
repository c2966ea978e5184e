//! The migration history: a record for every change that was applied, in the same transaction as the change.

pub use crate::catalog::fingerprint::sha256;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Transaction};

use crate::catalog::Catalog;
use crate::catalog::fingerprint::fingerprint;
use crate::catalog::write::write;
use crate::declare::dsl::Declared;
use crate::declare::node::Node;
use crate::declare::parse::Rules;
use crate::error::SchemaError;

/// Where changes are recorded, and what keeps two of them apart. The statements are the embedder's.
#[derive(Debug, Clone)]
pub struct ChangeHistory {
    /// An advisory lock that the session holds from beginning to end, when nothing else keeps two applies apart.
    pub session_lock: Option<i64>,
    /// Run at the beginning of the transaction: it waits for an earlier apply.
    pub lock: Option<String>,
    /// Run after that, before anything else.
    pub prepare: Option<String>,
    /// Run at its end, before the record.
    pub finish: Option<String>,
    /// Gets name, SQL, checksum, key, duration in microseconds (`bigint`), kind, schema (`json`), fingerprint, renames
    /// (`json`); gives the record's number (`bigint`). Everything else is text.
    pub record: String,
    /// Run when a record's change is done and had steps after the transaction. Gets the record's number, and schema
    /// (`json`) and fingerprint as they are now.
    pub amend: Option<String>,
}

/// What is recorded of one change.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistoryEntry<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) sql: &'a str,
    pub(crate) key_id: Option<&'a str>,
    pub(crate) duration_us: i64,
    pub(crate) kind: &'a str,
    pub(crate) schema: String,
    pub(crate) fingerprint: &'a str,
    pub(crate) renames: String,
}

/// One change, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Record {
    /// 1, 2, 3...; a number may be missing.
    pub id: i64,
    /// What its author called it.
    pub name: Option<String>,
    /// `apply`, `rollback`...
    pub kind: String,
    /// The statements.
    pub sql: String,
    /// SHA-256 of the statements.
    pub checksum: String,
    /// The schema's fingerprint afterwards.
    pub fingerprint: Option<String>,
    /// When, in RFC 3339.
    pub applied_at: String,
    /// How long it took, in microseconds.
    pub duration_us: i64,
}

impl ChangeHistory {
    /// A table of our own in a schema of our own, for any database.
    pub fn own() -> Self {
        Self {
            // Any number will do, as long as it is always this one.
            session_lock: Some(7_166_374_921),
            lock: None,
            prepare: Some(include_str!("history/own.sql").to_owned()),
            finish: None,
            // The path begins with the schema that the change is about.
            record: "INSERT INTO mayfly.schema_migrations
                         (name, sql, checksum, key_id, duration_us, kind, schema, fingerprint, renames, namespace)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, current_schema()) RETURNING id"
                .to_owned(),
            amend: Some(
                "UPDATE mayfly.schema_migrations SET schema = $2, fingerprint = $3 WHERE id = $1".to_owned(),
            ),
        }
    }

    pub(crate) async fn record(
        &self,
        transaction: &Transaction<'_>,
        entry: &HistoryEntry<'_>,
    ) -> Result<i64, SchemaError> {
        let checksum = sha256(entry.sql);
        let schema: Box<serde_json::value::RawValue> = raw(&entry.schema);
        let renames = raw(&entry.renames);
        let (schema, renames) = (tokio_postgres::types::Json(schema), tokio_postgres::types::Json(renames));
        let params: [(&(dyn ToSql + Sync), Type); 9] = [
            (&entry.name, Type::TEXT),
            (&entry.sql, Type::TEXT),
            (&checksum, Type::TEXT),
            (&entry.key_id, Type::TEXT),
            (&entry.duration_us, Type::INT8),
            (&entry.kind, Type::TEXT),
            (&schema, Type::JSON),
            (&entry.fingerprint, Type::TEXT),
            (&renames, Type::JSON),
        ];
        Ok(transaction.query_typed_one(&self.record, &params).await?.try_get(0)?)
    }

    pub(crate) async fn amend(&self, client: &Client, id: i64, catalog: &Catalog) -> Result<(), SchemaError> {
        let Some(sql) = &self.amend else { return Ok(()) };
        let schema = tokio_postgres::types::Json(raw(&write(catalog, true).to_string()));
        let fingerprint = fingerprint(catalog);
        let params: [(&(dyn ToSql + Sync), Type); 3] =
            [(&id, Type::INT8), (&schema, Type::JSON), (&fingerprint, Type::TEXT)];
        client.execute_typed(sql, &params).await?;
        Ok(())
    }
}

/// A recorded state as a declaration: what was renamed since goes by its names of then, from the newest rename to the
/// oldest.
///
/// # Errors
/// [`SchemaError::Declaration`] when the record does not read as one.
pub fn past_state(schema: &str, later: &[String], rules: &Rules) -> Result<Declared, SchemaError> {
    let rules = Rules { tables_max: None, ..rules.clone() };
    let mut declared = Declared::read(schema, &rules)?;
    for renames in later {
        let renames = Node::read(renames).unwrap_or(Node::Null);
        rename_back(&mut declared, &renames);
    }
    Ok(declared)
}

fn rename_back(declared: &mut Declared, renames: &Node) {
    let text = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        _ => String::new(),
    };
    if let Some(Node::Object(tables)) = renames.get("tables") {
        for (new, old) in tables {
            let old = text(old);
            for table in declared.tables.iter_mut().filter(|table| table.name == old) {
                table.renamed_from.get_or_insert_with(|| new.clone());
            }
        }
    }
    if let Some(Node::List(columns)) = renames.get("columns") {
        for column in columns {
            let Node::List(parts) = column else { continue };
            let [table, new, old] = [0, 1, 2].map(|place| parts.get(place).map(text).unwrap_or_default());
            let tables = declared.tables.iter_mut();
            // A column's table goes by its later name.
            let found = tables.filter(|it| it.name == table || it.renamed_from.as_ref() == Some(&table));
            for column in found.flat_map(|it| &mut it.columns).filter(|column| column.name == old) {
                column.renamed_from.get_or_insert_with(|| new.clone());
            }
        }
    }
}

fn raw(text: &str) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::from_string(text.to_owned()).unwrap_or_default()
}

/// The records of [`ChangeHistory::own`] about one schema, newest first; none where there never was one.
///
/// # Errors
/// [`SchemaError::Connection`]
pub async fn list(client: &Client, namespace: &str, limit: i64) -> Result<Vec<Record>, SchemaError> {
    if !is_there(client).await? {
        return Ok(Vec::new());
    }
    let params: [(&(dyn ToSql + Sync), Type); 2] = [(&limit, Type::INT8), (&namespace, Type::TEXT)];
    let rows = client.query_typed(include_str!("history/list.sql"), &params).await?;
    rows.iter()
        .map(|row| {
            Ok(Record {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                kind: row.try_get(2)?,
                sql: row.try_get(3)?,
                checksum: row.try_get(4)?,
                fingerprint: row.try_get(5)?,
                applied_at: row.try_get(6)?,
                duration_us: row.try_get(7)?,
            })
        })
        .collect()
}

/// The state that [`ChangeHistory::own`] recorded with a change of one schema.
///
/// # Errors
/// [`SchemaError::NoSuchState`]
pub async fn state(client: &Client, namespace: &str, id: i64) -> Result<Declared, SchemaError> {
    if !is_there(client).await? {
        return Err(SchemaError::NoSuchState(id));
    }
    let params: [(&(dyn ToSql + Sync), Type); 2] = [(&namespace, Type::TEXT), (&id, Type::INT8)];
    let rows = client.query_typed(include_str!("history/state.sql"), &params).await?;
    let all: Vec<(String, String)> =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, SchemaError>>()?;
    let Some(((schema, _), later)) = all.split_last() else { return Err(SchemaError::NoSuchState(id)) };
    let later: Vec<String> = later.iter().map(|(_, renames)| renames.clone()).collect();
    past_state(schema, &later, &Rules::default())
}

async fn is_there(client: &Client) -> Result<bool, SchemaError> {
    let there =
        client.query_typed_one("SELECT to_regclass('mayfly.schema_migrations') IS NOT NULL", &[]).await?;
    Ok(there.try_get(0)?)
}
