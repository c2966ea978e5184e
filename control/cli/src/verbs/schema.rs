//! `mayfly schema` and `mayfly types`.

mod local;
mod show;

use std::io::Read as _;
use std::path::Path;

use http::Method;
use mayfly_schema::{Declared, Node, Rules, typescript};
use serde_json::{Value, json};

use super::show_list;
use crate::args::{SchemaChangeArgs, SchemaPlace, SchemaVerb};
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

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
                    let body = json!({ "id": id, "dry_run": dry_run });
                    remote.ask(Method::POST, &remote.in_app("/schema/rollback")?, Some(&body)).await?
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
    // Read as it came: columns have an order.
    let text = remote.text(&remote.in_app("/schema")?).await?;
    let answer = Node::read(&text).ok();
    answer.and_then(|answer| answer.get("schema").cloned()).ok_or_else(|| {
        out::complain("the answer has no schema: is this a Mayfly server?");
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
            let mut body = vec![
                ("schema".to_owned(), schema),
                ("dry_run".to_owned(), Node::Bool(dry_run)),
                ("online".to_owned(), Node::Bool(change.online)),
            ];
            body.extend(change.name.as_deref().map(|name| ("name".to_owned(), Node::from(name))));
            let path = remote.in_app("/schema/apply")?;
            remote.send(Method::POST, &path, Node::Object(body).to_string()).await?
        }
    };
    Ok(finish(remote, &answer, dry_run))
}

/// Show the plan. A dry run of what has not been agreed to is no success.
fn finish(remote: &Remote, answer: &Value, dry_run: bool) -> Exit {
    if remote.json {
        out::json(answer);
    } else {
        show::plan(answer, dry_run);
    }
    out::warnings(answer);
    let has = |member: &str| answer[member].as_array().is_some_and(|it| !it.is_empty());
    let is_open = has("required") || has("losses");
    if dry_run && is_open { Exit::Conflict } else { Exit::Ok }
}

async fn history(remote: &Remote, place: &SchemaPlace) -> Result<Exit, Exit> {
    let answer = match &place.database_url {
        Some(url) => local::history(url, &place.schema).await?,
        None => remote.get(&remote.in_app("/migrations")?).await?,
    };
    show_list(
        remote,
        &answer,
        "migrations",
        &["id", "kind", "name", "applied_at", "duration_ms", "checksum"],
    );
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
