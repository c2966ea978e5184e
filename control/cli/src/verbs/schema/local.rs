//! The schema engine on any PostgreSQL, without a server of ours.

use mayfly_schema::{ChangeHistory, Declared, Node, Options, Rules, SchemaError, history as records};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::HISTORY_COLUMNS;
use crate::args::SchemaChangeArgs;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;
use mayfly_api::schema::SchemaApplied;
use mayfly_postgres::PostgresEndpoint;

/// Records shown.
const RECORDS_MAX: i64 = 1000;

async fn connect(url: &str) -> Result<Client, Exit> {
    PostgresEndpoint::connect(url).await.map_err(|error| {
        out::complain(&format!("the database cannot be reached: {error}"));
        Exit::Failure
    })
}

fn options(schema: &str) -> Options {
    Options { schema: schema.to_owned(), ..Options::default() }
}

pub(super) async fn get(url: &str, schema: &str) -> Result<Node, Exit> {
    let mut client = connect(url).await?;
    let catalog = mayfly_schema::read(&mut client, &options(schema)).await.map_err(|error| failed(&error))?;
    Ok(mayfly_schema::write::write(&catalog, false))
}

pub(super) async fn apply(
    url: &str,
    schema: &str,
    declaration: &Node,
    change: &SchemaChangeArgs,
    dry_run: bool,
) -> Result<SchemaApplied, Exit> {
    let options = Options { dry_run, online: change.online, name: change.name.clone(), ..options(schema) };
    carry_out(&mut connect(url).await?, declaration, &options).await
}

async fn carry_out(
    client: &mut Client,
    declaration: &Node,
    options: &Options,
) -> Result<SchemaApplied, Exit> {
    let declared = Declared::parse(declaration, &Rules::default()).map_err(|error| failed(&error.into()))?;
    bring(client, &declared, options).await
}

async fn bring(client: &mut Client, declared: &Declared, options: &Options) -> Result<SchemaApplied, Exit> {
    let outcome = mayfly_schema::apply(client, declared, options, &ChangeHistory::own()).await;
    let report = mayfly_schema::report(&outcome.map_err(|error| failed(&error))?, options.dry_run);
    serde_json::from_value(report).map_err(|error| {
        out::complain(&format!("the plan cannot be shown: {error}"));
        Exit::Failure
    })
}

pub(super) async fn rollback(url: &str, schema: &str, id: i64, dry_run: bool) -> Result<SchemaApplied, Exit> {
    let mut client = connect(url).await?;
    let declared = records::state(&client, schema, id).await.map_err(|error| failed(&error))?;
    let options = Options {
        dry_run,
        lossless: true,
        name: Some(format!("rollback to {id}")),
        kind: "rollback".to_owned(),
        ..options(schema)
    };
    bring(&mut client, &declared, &options).await
}

pub(super) async fn history(remote: &Remote, url: &str, schema: &str) -> Result<Exit, Exit> {
    let client = connect(url).await?;
    let records = records::list(&client, schema, RECORDS_MAX).await.map_err(|error| failed(&error))?;
    let shown: Vec<Value> = records
        .iter()
        .map(|record| {
            let mut shown = json!(record);
            shown["duration_ms"] = (record.duration_us / 1_000).into();
            shown
        })
        .collect();
    if remote.json {
        out::json(&json!({ "migrations": shown }));
    } else {
        let rows =
            shown.iter().map(|it| HISTORY_COLUMNS.iter().map(|column| out::cell(it, column)).collect());
        out::table(&HISTORY_COLUMNS, &rows.collect::<Vec<_>>());
    }
    Ok(Exit::Ok)
}

/// What would make the first like the second. Neither is changed.
pub(super) async fn diff(from: &str, to: &str, schema: &str) -> Result<SchemaApplied, Exit> {
    let mut wanted = connect(to).await?;
    let catalog = mayfly_schema::read(&mut wanted, &options(schema)).await.map_err(|error| failed(&error))?;
    let declaration = mayfly_schema::write::write(&catalog, true);
    let options = Options { dry_run: true, ..options(schema) };
    carry_out(&mut connect(from).await?, &declaration, &options).await
}

fn failed(error: &SchemaError) -> Exit {
    out::complain(&error.to_string());
    match error {
        SchemaError::Declaration(_) | SchemaError::Step { .. } => Exit::Validation,
        SchemaError::Consent(_) | SchemaError::Loses(_) | SchemaError::Locked { .. } => Exit::Conflict,
        SchemaError::NoSuchState(_) => Exit::NotFound,
        _ => Exit::Failure,
    }
}
