//! `mayfly deploy`, `invoke`, `functions`, `versions` and `rollback`.

use std::path::Path;

use http::Method;
use serde_json::{Map, Value, json};

use super::{assignments, show_list};
use crate::args::FunctionVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, segment};
use crate::source::FunctionSource;

/// A test call, as flags describe it.
pub(super) struct Wanted {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) data: Option<String>,
    pub(super) header: Vec<String>,
}

pub(super) async fn deploy(
    remote: &Remote,
    path: &Path,
    name: Option<String>,
    env: &[String],
) -> Result<Exit, Exit> {
    let mut source = FunctionSource::read(path).map_err(|error| {
        out::complain(&error);
        Exit::Usage
    })?;
    source.name = name.unwrap_or(source.name);
    if !env.is_empty() {
        source.fields.insert("envVars".into(), Value::Object(assignments(env)?));
    }
    let answer = remote.ask(Method::POST, &remote.in_app("/functions")?, Some(&source.body())).await?;
    show_deployed(remote, &answer);
    Ok(Exit::Ok)
}

pub(super) async fn rollback(remote: &Remote, name: &str, version: Option<u32>) -> Result<Exit, Exit> {
    let path = remote.in_app(&format!("/functions/{}/rollback", segment(name)))?;
    let answer = remote.ask(Method::POST, &path, Some(&json!({ "version": version }))).await?;
    show_deployed(remote, &answer);
    Ok(Exit::Ok)
}

fn show_deployed(remote: &Remote, answer: &Value) {
    if remote.json {
        out::json(answer);
    } else {
        let cell = |member| out::cell(answer, member);
        out::say(&format!("{} serves version {}", cell("name"), cell("version")));
        out::data(&cell("url"));
    }
    out::warnings(answer);
}

pub(super) async fn invoke(remote: &Remote, name: &str, wanted: &Wanted, fail: bool) -> Result<Exit, Exit> {
    let path = remote.in_app(&format!("/functions/{}/invoke", segment(name)))?;
    let body = json!({
        "method": wanted.method,
        "path": wanted.path,
        "headers": headers(&wanted.header)?,
        "body": wanted.data.as_deref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
    });
    let answer = remote.ask(Method::POST, &path, Some(&body)).await?;
    if remote.json {
        out::json(&answer);
    } else {
        show_answer(&answer);
    }
    let failed = answer["status"].as_u64().is_some_and(|status| status >= 400);
    Ok(if fail && failed { Exit::FunctionFailed } else { Exit::Ok })
}

/// The body is the data; all else is chatter.
fn show_answer(answer: &Value) {
    let cell = |member| out::cell(answer, member);
    out::say(&format!("{} in {} ms, {}", cell("status"), cell("duration_ms"), cell("invocation_id")));
    for line in answer["logs"].as_array().into_iter().flatten() {
        out::say(&format!("{:>5} {}", out::cell(line, "level"), out::cell(line, "message")));
    }
    match &answer["body"] {
        Value::Null => {}
        Value::String(text) => out::raw(text.as_bytes()),
        other => out::json(other),
    }
}

fn headers(lines: &[String]) -> Result<Map<String, Value>, Exit> {
    lines
        .iter()
        .map(|line| match line.split_once(':') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.trim().into())),
            None => {
                out::complain(&format!("{line} is not of the form `name: value`"));
                Err(Exit::Usage)
            }
        })
        .collect()
}

pub(super) async fn versions(remote: &Remote, name: &str) -> Result<Exit, Exit> {
    let answer = remote.get(&remote.in_app(&format!("/functions/{}/versions", segment(name)))?).await?;
    show_list(
        remote,
        &answer,
        "versions",
        &["version", "active", "code_bytes", "created_at", "id", "schema_fingerprint"],
    );
    Ok(Exit::Ok)
}

/// Change how a version is rolled out, if anything is wanted, and show how that goes.
pub(super) async fn rollout(remote: &Remote, name: &str, wanted: Option<Value>) -> Result<Exit, Exit> {
    let place = remote.in_app(&format!("/functions/{}", segment(name)))?;
    if let Some(rollout) = wanted {
        let body = json!({ "rollout": rollout });
        remote.ask(Method::PATCH, &format!("{place}/settings"), Some(&body)).await?;
    }
    let answer = remote.get(&format!("{place}/versions")).await?;
    let rollout = &answer["rollout"];
    if remote.json {
        out::json(rollout);
    } else if rollout.is_null() {
        out::say("one version serves all calls");
    } else {
        let columns =
            ["version", "percent", "state", "invocations", "errors", "max_error_percent", "started_at"];
        out::table(&columns, &[columns.iter().map(|column| out::cell(rollout, column)).collect()]);
    }
    Ok(Exit::Ok)
}

pub(super) async fn run(remote: &Remote, verb: FunctionVerb) -> Result<Exit, Exit> {
    match verb {
        FunctionVerb::List => {
            let answer = remote.get(&remote.in_app("/functions")?).await?;
            let columns = ["name", "version", "status", "invocationCount", "errorRate", "avgDuration", "url"];
            show_list(remote, &answer, "functions", &columns);
        }
        FunctionVerb::Get { name } => {
            out::json(&remote.get(&remote.in_app(&format!("/functions/{}", segment(&name)))?).await?);
        }
        FunctionVerb::Delete { name } => {
            let path = remote.in_app(&format!("/functions/{}", segment(&name)))?;
            remote.ask(Method::DELETE, &path, None).await?;
            out::say(&format!("{name} is deleted"));
        }
    }
    Ok(Exit::Ok)
}
