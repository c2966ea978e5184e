//! `mayfly invoke`: a test call, with what the function printed; or the call itself, as its callers make it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::OptionalJson;
use mayfly_api::functions::{InvokeFunction, Invoked};
use mayfly_api::routes::{FunctionsInvoke, RouteId};
use serde_json::Value;

use crate::client::CallAnswer;
use crate::exit::Exit;
use crate::given;
use crate::out;
use crate::remote::Remote;

/// By which a service key calls as an end user.
const AS_USER: &str = "x-butterbase-as-user";

/// A call, as flags describe it.
pub(super) struct CallArgs {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) data: Option<String>,
    pub(super) header: Vec<String>,
    pub(super) as_user: Option<String>,
}

pub(super) async fn invoke(
    remote: &Remote,
    name: &str,
    wanted: &CallArgs,
    include: bool,
    fail: bool,
) -> Result<Exit, Exit> {
    let mut headers = headers(&wanted.header)?;
    headers.extend(wanted.as_user.clone().map(|user| (AS_USER.to_owned(), user)));
    let body = wanted.data.as_deref().map(given::body).transpose()?;
    let text = body.as_deref().map(std::str::from_utf8).transpose();
    let status = match text {
        Ok(text) if !include && wanted.as_user.is_none() => {
            let headers: BTreeMap<String, String> = headers.into_iter().collect();
            let body = OptionalJson(InvokeFunction {
                method: Some(wanted.method.as_str().into()),
                path: Some(wanted.path.as_str().into()),
                headers: Some(headers),
                body: text.map(given::value),
                wait_background: None,
            });
            let answered = remote.call::<FunctionsInvoke>(&[name], &Nothing {}, &body).await?;
            answered.print(remote, show_invoked);
            answered.answer.status
        }
        // Bytes that are no text cannot be within JSON; a user and headers are the call's own.
        Ok(_) | Err(_) => {
            let answer = call(remote, name, wanted, headers, body).await?;
            if include {
                show_head(&answer);
            }
            out::raw(&answer.body);
            answer.status
        }
    };
    Ok(if fail && status >= 400 { Exit::FunctionFailed } else { Exit::Ok })
}

/// The call itself. What is refused before a function runs is explained, as of every other verb.
async fn call(
    remote: &Remote,
    name: &str,
    wanted: &CallArgs,
    mut headers: Vec<(String, String)>,
    body: Option<Bytes>,
) -> Result<CallAnswer, Exit> {
    let method = Method::from_bytes(wanted.method.as_bytes()).map_err(|_| {
        out::complain(&format!("{} is not a method", wanted.method));
        Exit::Usage
    })?;
    if let Some(body) = &body
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
        let kind = match std::str::from_utf8(body) {
            Ok(_) if is_json => "application/json",
            Ok(_) => "text/plain;charset=UTF-8",
            Err(_) => "application/octet-stream",
        };
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    let path = remote.path(RouteId::FunctionCall.route(), &[name])?;
    // The row's path has a rest that may be there.
    let path = path.strip_suffix("/*]").unwrap_or(&path);
    remote.call_function(method, &format!("{path}{}", wanted.path), headers, body).await
}

fn show_head(answer: &CallAnswer) {
    out::data(&format!("HTTP/1.1 {} {}", answer.status, answer.reason));
    for (name, value) in &answer.headers {
        out::data(&format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    out::data("");
}

/// The body is the data; all else is chatter.
fn show_invoked(invoked: &Invoked) {
    out::say(&format!("{} in {} ms, {}", invoked.status, invoked.duration_ms, invoked.invocation_id));
    for line in invoked.logs.iter().flatten() {
        out::say(&format!("{:>5} {}", line.level, line.message));
    }
    match &invoked.body {
        Value::Null => {}
        Value::String(text) => out::raw(text.as_bytes()),
        other => out::json(other),
    }
}

fn headers(lines: &[String]) -> Result<Vec<(String, String)>, Exit> {
    lines
        .iter()
        .map(|line| match line.split_once(':') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
            None => {
                out::complain(&format!("{line} is not of the form `name: value`"));
                Err(Exit::Usage)
            }
        })
        .collect()
}
