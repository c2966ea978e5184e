//! The schema engine on any PostgreSQL, without a server of ours.

use mayfly_schema::{Declared, Ledger, Node, Options, Rules, SchemaError, history as records};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::args::SchemaChangeArgs;
use crate::exit::Exit;
use crate::out;
use mayfly_postgres::Endpoint;
use mayfly_schema::report;

/// Records shown.
const RECORDS_MAX: i64 = 1000;

async fn connect(url: &str) -> Result<Client, Exit> {
    Endpoint::connect(url).await.map_err(|error| {
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
) -> Result<Value, Exit> {
    let options = Options { dry_run, online: change.online, name: change.name.clone(), ..options(schema) };
    carry_out(&mut connect(url).await?, declaration, &options).await
}

async fn carry_out(client: &mut Client, declaration: &Node, options: &Options) -> Result<Value, Exit> {
    let declared = Declared::parse(declaration, &Rules::default()).map_err(|error| failed(&error.into()))?;
    bring(client, &declared, options).await
}

async fn bring(client: &mut Client, declared: &Declared, options: &Options) -> Result<Value, Exit> {
    let outcome = mayfly_schema::apply(client, declared, options, &Ledger::own()).await;
    Ok(report(&outcome.map_err(|error| failed(&error))?, options.dry_run))
}

pub(super) async fn rollback(url: &str, schema: &str, id: i64, dry_run: bool) -> Result<Value, Exit> {
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

pub(super) async fn history(url: &str, schema: &str) -> Result<Value, Exit> {
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
    Ok(json!({ "migrations": shown }))
}

/// What would make the first like the second. Neither is changed.
pub(super) async fn diff(from: &str, to: &str, schema: &str) -> Result<Value, Exit> {
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
