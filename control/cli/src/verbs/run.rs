//! `mayfly run`: code that runs once.

use std::io::Read as _;
use std::path::Path;

use mayfly_api::decode::{self, Nothing};
use mayfly_api::endpoint::Json;
use mayfly_api::routes::RunCode as RunCodeRoute;
use mayfly_api::run::{CodeRun, RunCode};
use serde_json::{Value, json};

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) async fn run(remote: &Remote, args: &RunArgs) -> Result<Exit, Exit> {
    let code = read(&args.file)?;
    let input: Option<Value> = match args.input.as_deref().map(serde_json::from_str).transpose() {
        Ok(input) => input,
        Err(error) => {
            out::complain(&format!("--input is not JSON: {error}"));
            return Err(Exit::Usage);
        }
    };
    let body = json!({
        "code": code,
        "input": input,
        "limits": { "timeoutMs": args.timeout },
        "capabilities": {
            "db": args.db, "env": args.env, "fetch": args.fetch, "functions": args.functions, "enqueue": args.enqueue,
            "storage": args.storage, "broadcast": args.broadcast,
        },
    });
    // Flags are checked as the server would.
    let wanted: RunCode = decode::value(body, "").map_err(|error| {
        out::complain(error.message());
        Exit::Validation
    })?;
    let answered = remote.call::<RunCodeRoute>(&[], &Nothing {}, &Json(wanted)).await?;
    answered.print(remote, show);
    Ok(if answered.answer.error.is_some() { Exit::FunctionFailed } else { Exit::Ok })
}

fn read(file: &Path) -> Result<String, Exit> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| {
        out::complain(&format!("{}: {error}", file.display()));
        Exit::Usage
    })
}

/// The body is the data; all else is chatter.
fn show(ran: &CodeRun) {
    let status = ran.status.map_or("no response".to_owned(), |status| status.to_string());
    out::say(&format!("{status} in {} ms, {}", ran.duration_ms, ran.invocation_id));
    for line in &ran.logs {
        out::say(&format!("{:>5} {}", line.level, line.message));
    }
    if let Some(error) = &ran.error {
        out::complain(&format!("{}: {}", error.code, error.message));
        if let Some(stack) = &error.stack {
            out::say(stack);
        }
    }
    match &ran.body {
        Value::Null => {}
        Value::String(text) => out::raw(text.as_bytes()),
        other => out::json(other),
    }
}
