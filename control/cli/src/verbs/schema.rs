//! `mayfly schema` and `mayfly types`.

mod local;
mod show;

use std::io::Read as _;
use std::path::Path;

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::routes::{MigrationsList, SchemaApply, SchemaGet, SchemaRollback};
use mayfly_api::schema::{ApplySchema, MigrationInfo, RollBackSchema, SchemaApplied};
use mayfly_api::value::RawObject;
use mayfly_schema::{Declared, Node, Rules, typescript};

use crate::args::{SchemaChangeArgs, SchemaPlace, SchemaVerb};
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};

/// What a history shows of each change.
const HISTORY_COLUMNS: [&str; 6] = ["id", "kind", "name", "applied_at", "duration_ms", "checksum"];
/// The largest declaration that is read from a file.
const FILE_BYTES_MAX: u64 = 16 << 20;

pub(super) async fn run(remote: &Remote, verb: SchemaVerb) -> Result<Exit, Exit> {
    match verb {
        SchemaVerb::Get { place } => get(remote, &place).await,
        SchemaVerb::Plan { change, place } => change_schema(remote, &change, &place, true).await,
        SchemaVerb::Apply { change, place } => change_schema(remote, &change, &place, false).await,
        SchemaVerb::History { place } => history(remote, &place).await,
        SchemaVerb::Rollback { id, dry_run, place } => {
            let answer = match &place.database_url {
                Some(url) => local::rollback(url, &place.schema, id, dry_run).await?,
                None => {
                    let id = u32::try_from(id).unwrap_or_default().into();
                    let body = Json(RollBackSchema { id, dry_run: Some(dry_run), name: None });
                    remote.call::<SchemaRollback>(&[], &Nothing {}, &body).await?.answer
                }
            };
            Ok(finish(remote, &answer, dry_run))
        }
        SchemaVerb::Diff { from, to, schema } => {
            let answer = local::diff(&from, &to, &schema).await?;
            Ok(finish(remote, &answer, true))
        }
    }
}

/// `mayfly types`
pub(super) async fn types(remote: &Remote, place: &SchemaPlace, file: &Path) -> Result<Exit, Exit> {
    let schema = fetch(remote, place).await?;
    let declared = Declared::parse(&schema, &Rules::default()).map_err(|error| {
        out::complain(&error.to_string());
        Exit::Validation
    })?;
    let text = typescript::render(&declared);
    if file == Path::new("-") {
        out::raw(text.as_bytes());
        return Ok(Exit::Ok);
    }
    std::fs::write(file, text).map_err(|error| {
        out::complain(&format!("{}: {error}", file.display()));
        Exit::Failure
    })?;
    let count = declared.tables.len();
    out::say(&format!("{} has {count} table{}", file.display(), if count == 1 { "" } else { "s" }));
    Ok(Exit::Ok)
}

async fn fetch(remote: &Remote, place: &SchemaPlace) -> Result<Node, Exit> {
    if let Some(url) = &place.database_url {
        return local::get(url, &place.schema).await;
    }
    let answered = remote.call::<SchemaGet>(&[], &Nothing {}, &EmptyBody).await?;
    // Read as it came: columns have an order.
    Node::read(answered.answer.schema.text()).map_err(|error| {
        out::complain(&format!("the schema cannot be read: {error}"));
        Exit::Failure
    })
}

async fn get(remote: &Remote, place: &SchemaPlace) -> Result<Exit, Exit> {
    let schema = fetch(remote, place).await?;
    out::data(&if remote.json { schema.to_string() } else { show::pretty(&schema) });
    Ok(Exit::Ok)
}

async fn change_schema(
    remote: &Remote,
    change: &SchemaChangeArgs,
    place: &SchemaPlace,
    dry_run: bool,
) -> Result<Exit, Exit> {
    let text = read(&change.file)?;
    let schema = Node::read(&text).map_err(|error| {
        out::complain(&format!("{}: {error}", change.file.display()));
        Exit::Validation
    })?;
    let answer = match &place.database_url {
        Some(url) => local::apply(url, &place.schema, &schema, change, dry_run).await?,
        None => {
            let schema = RawObject::of(schema.to_string()).map_err(|error| {
                out::complain(&format!("{}: {error}", change.file.display()));
                Exit::Validation
            })?;
            let body = Json(ApplySchema {
                schema,
                dry_run: Some(dry_run),
                name: change.name.as_deref().map(Into::into),
                online: Some(change.online),
            });
            remote.call::<SchemaApply>(&[], &Nothing {}, &body).await?.answer
        }
    };
    Ok(finish(remote, &answer, dry_run))
}

/// Show the plan. A dry run of what has not been agreed to is no success.
fn finish(remote: &Remote, answer: &SchemaApplied, dry_run: bool) -> Exit {
    if remote.json {
        out::json(answer);
    } else {
        show::plan(answer, dry_run);
    }
    answer.warnings.iter().flatten().for_each(|warning| out::warn(warning));
    let some = |list: &Option<Vec<serde_json::Value>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let is_open = some(&answer.required) || some(&answer.losses);
    if dry_run && is_open { Exit::Conflict } else { Exit::Ok }
}

async fn history(remote: &Remote, place: &SchemaPlace) -> Result<Exit, Exit> {
    if let Some(url) = &place.database_url {
        return local::history(remote, url, &place.schema).await;
    }
    let answered = remote.call::<MigrationsList>(&[], &Nothing {}, &EmptyBody).await?;
    answered.print(remote, |list| {
        let rows = list.migrations.iter().map(|migration| {
            let MigrationInfo { id, kind, name, applied_at, duration_ms, checksum, .. } = migration;
            vec![
                id.to_string(),
                kind.clone(),
                optional(name.as_deref()),
                applied_at.to_string(),
                duration_ms.to_string(),
                checksum.clone(),
            ]
        });
        out::table(&HISTORY_COLUMNS, &rows.collect::<Vec<_>>());
    });
    Ok(Exit::Ok)
}

fn read(file: &Path) -> Result<String, Exit> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(FILE_BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| {
        out::complain(&format!("{}: {error}", file.display()));
        Exit::Usage
    })?;
    Ok(text)
}
