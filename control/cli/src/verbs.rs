//! The verbs that talk to a server: ask, then show.

mod apps;
mod functions;
mod logs;
mod schema;
mod tokens;
mod usage;

use http::Method;
use serde_json::{Map, Value, json};

use super::args::{EnvVerb, KeyVerb, RemoteArgs, UsageVerb, Verb};
use super::exit::Exit;
use super::out;
use super::remote::{Remote, segment};

/// Run one verb.
pub async fn run(args: &RemoteArgs, verb: Verb) -> Exit {
    let remote = match Remote::new(args) {
        Ok(remote) => remote,
        Err(exit) => return exit,
    };
    match dispatch(&remote, verb).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn dispatch(remote: &Remote, verb: Verb) -> Result<Exit, Exit> {
    match verb {
        Verb::Deploy { path, name, env } => functions::deploy(remote, &path, name, &env).await,
        Verb::Invoke { name, method, path, data, header, fail } => {
            let wanted = functions::Wanted { method, path, data, header };
            functions::invoke(remote, &name, &wanted, fail).await
        }
        Verb::Logs { name, follow, limit, level, status, invocation } => {
            let filter = logs::Filter { limit, level, status, invocation };
            logs::show(remote, &name, &filter, follow).await
        }
        Verb::Usage { verb: Some(UsageVerb::Verify { invocation }), .. } => {
            usage::verify(remote, &invocation).await
        }
        Verb::Usage { verb: None, from, to, by } => {
            usage::show(remote, from.as_deref(), to.as_deref(), &by).await
        }
        Verb::Env(verb) => env(remote, verb).await,
        Verb::Functions(verb) => functions::run(remote, verb).await,
        Verb::Versions { name } => functions::versions(remote, &name).await,
        Verb::Rollout { name, version, percent, max_error_percent, min_invocations } => {
            let wanted = json!({ "version": version, "percent": percent,
                "max_error_percent": max_error_percent, "min_invocations": min_invocations });
            functions::rollout(remote, &name, percent.map(|_| wanted)).await
        }
        Verb::Token { sub, ttl, claims } => tokens::mint(remote, &sub, ttl, claims.as_deref()).await,
        Verb::Rollback { name, to } => functions::rollback(remote, &name, to).await,
        Verb::Schema(verb) => schema::run(remote, verb).await,
        Verb::Types { out, place } => schema::types(remote, &place, &out).await,
        Verb::Apps(verb) => apps::run(remote, verb).await,
        Verb::Keys(verb) => keys(remote, verb).await,
    }
}

async fn env(remote: &Remote, verb: EnvVerb) -> Result<Exit, Exit> {
    let (function, change) = match verb {
        EnvVerb::List { function } => (function, None),
        EnvVerb::Set { vars, function } => (function, Some(assignments(&vars)?)),
        EnvVerb::Unset { names, function } => {
            (function, Some(names.into_iter().map(|name| (name, Value::Null)).collect()))
        }
    };
    let (place, list, member) = match function {
        Some(name) => {
            let place = remote.in_app(&format!("/functions/{}", segment(&name)))?;
            (format!("{place}/env"), place, "envKeys")
        }
        None => (remote.in_app("/env")?, remote.in_app("/env")?, "keys"),
    };
    let (answer, member) = match change {
        Some(vars) => {
            let body = json!({ "envVars": Value::Object(vars) });
            (remote.ask(Method::PATCH, &place, Some(&body)).await?, "updatedKeys")
        }
        None => (remote.get(&list).await?, member),
    };
    if remote.json {
        out::json(&answer[member]);
    } else {
        for name in answer[member].as_array().into_iter().flatten() {
            out::data(name.as_str().unwrap_or_default());
        }
    }
    Ok(Exit::Ok)
}

/// `NAME=value` pairs as an object.
fn assignments(vars: &[String]) -> Result<Map<String, Value>, Exit> {
    vars.iter()
        .map(|var| match var.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.into())),
            None => {
                out::complain(&format!("{var} is not of the form NAME=value"));
                Err(Exit::Usage)
            }
        })
        .collect()
}

async fn keys(remote: &Remote, verb: KeyVerb) -> Result<Exit, Exit> {
    let base = remote.in_app("/keys")?;
    match verb {
        KeyVerb::List => {
            let answer = remote.get(&base).await?;
            show_list(remote, &answer, "keys", &["id", "type", "name", "prefix", "scopes", "revoked_at"]);
        }
        KeyVerb::Create { name, scopes, anon } => {
            let mut body = json!({ "name": name, "type": if anon { "anon" } else { "service" } });
            if !scopes.is_empty() {
                body["scopes"] = scopes.into();
            }
            let answer = remote.ask(Method::POST, &base, Some(&body)).await?;
            if remote.json {
                out::json(&answer);
            } else {
                out::say(&format!("{} is shown this once:", out::cell(&answer, "id")));
                out::data(&out::cell(&answer, "key"));
            }
        }
        KeyVerb::Signing => {
            let answer = remote.get(&remote.in_app("/auth/keys")?).await?;
            let columns = ["kid", "algorithm", "state", "imported", "verifies_until", "created_at"];
            show_list(remote, &answer, "keys", &columns);
        }
        KeyVerb::Rotate { grace } => {
            let body = json!({ "grace_seconds": grace });
            let answer = remote.ask(Method::POST, &remote.in_app("/auth/keys/rotate")?, Some(&body)).await?;
            if remote.json {
                out::json(&answer);
            } else {
                out::data(&out::cell(&answer, "kid"));
            }
        }
        KeyVerb::Forget { kid } => {
            let path = remote.in_app(&format!("/auth/keys/{}", segment(&kid)))?;
            remote.ask(Method::DELETE, &path, None).await?;
            out::say(&format!("{kid} is forgotten"));
        }
        KeyVerb::Revoke { id } => {
            remote.ask(Method::DELETE, &format!("{base}/{}", segment(&id)), None).await?;
            out::say(&format!("{id} is revoked"));
        }
    }
    Ok(Exit::Ok)
}

/// A list of the answer, as a table or as it is.
fn show_list(remote: &Remote, answer: &Value, member: &str, columns: &[&str]) {
    if remote.json {
        return out::json(answer);
    }
    let rows: Vec<Vec<String>> = answer[member]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| columns.iter().map(|column| out::cell(item, column)).collect())
        .collect();
    out::table(columns, &rows);
}
