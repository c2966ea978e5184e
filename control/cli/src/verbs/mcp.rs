//! `mayfly mcp`: the server's own tools on stdin and stdout. Each line is a message for `/mcp`, each answer a line.
//!
//! The tools are those of the server, and so are its policies: nothing is defined here a second time.

mod headers;
mod proxy;
mod scan;
mod servers;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, abortable};
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};

use crate::client::{ClientError, Listening, ServerAnswer};
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;
use crate::stdin;

use headers::{Agreed, Negotiated};

pub(super) use proxy::proxy;
pub(super) use scan::scan;
pub(super) use servers::servers;

/// Messages that are answered at once; more wait in stdin.
const MESSAGES_MAX: usize = 64;
/// JSON-RPC's codes: the line is no JSON; the server refused the message.
const PARSE_ERROR: i32 = -32_700;
const SERVER_ERROR: i32 = -32_000;

/// Pass messages on until stdin ends, and what was asked is answered.
pub(super) async fn bridge(remote: &Remote) -> Result<Exit, Exit> {
    let mut lines = stdin::lines()?;
    let mut answering = FuturesUnordered::new();
    let mut asked: Vec<(Value, AbortHandle)> = Vec::new();
    let mut negotiated = Negotiated::default();
    let mut is_open = true;
    while is_open || !answering.is_empty() {
        tokio::select! {
            line = lines.recv(), if is_open && answering.len() < MESSAGES_MAX => match line {
                None => is_open = false,
                Some(line) if line.trim().is_empty() => {}
                Some(line) => match serde_json::from_str::<Value>(&line) {
                    Err(error) => say(&failure(&Value::Null, PARSE_ERROR, &error.to_string(), None)),
                    Ok(message) => {
                        cancel(&message, &mut asked);
                        let id = message["id"].clone();
                        let headers = negotiated.headers(&message);
                        let (answer, abort) = abortable(pass_on(remote, id.clone(), headers, line));
                        asked.push((id.clone(), abort));
                        answering.push(async move { (id, answer.await.unwrap_or_default()) });
                    }
                },
            },
            Some((id, agreed)) = answering.next() => {
                asked.retain(|(known, _)| *known != id);
                negotiated.learn(agreed);
            }
        }
    }
    Ok(Exit::Ok)
}

/// A call that is cancelled here is cancelled there: its request is dropped, and never answered.
fn cancel(message: &Value, asked: &mut Vec<(Value, AbortHandle)>) {
    if message["method"] != "notifications/cancelled" {
        return;
    }
    let id = &message["params"]["requestId"];
    asked.retain(|(known, abort)| {
        if known == id && !known.is_null() {
            abort.abort();
        }
        known != id || known.is_null()
    });
}

/// Send a message and write what comes back. Answers what a handshake agreed on.
async fn pass_on(remote: &Remote, id: Value, headers: Vec<(&'static str, String)>, line: String) -> Agreed {
    match remote.message(headers, Bytes::from(line)).await {
        Ok(Listening::Events(mut events)) => {
            let mut version = None;
            while let Some(event) = events.next().await {
                version = version.or_else(|| version_in(&event.data));
                say_text(&event.data);
            }
            Agreed { version, session: None }
        }
        Ok(Listening::Refused(answer)) => {
            let version = whole(&id, &answer);
            Agreed { version, session: answer.session }
        }
        Err(error) => {
            unreachable(&id, &error);
            Agreed::default()
        }
    }
}

/// An answer that is one message, or none, or the API's problem.
fn whole(id: &Value, answer: &ServerAnswer) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    let parsed = serde_json::from_str::<Value>(&text).unwrap_or_default();
    if parsed["jsonrpc"].is_string() {
        say_text(&text);
        return version_in(&text);
    }
    if answer.status >= 400 {
        let message = parsed["detail"].as_str().unwrap_or("the server refused the message").to_owned();
        out::complain(&message);
        if !id.is_null() {
            say(&failure(id, SERVER_ERROR, &message, Some(parsed)));
        }
    }
    None
}

fn unreachable(id: &Value, error: &ClientError) {
    out::complain(&error.to_string());
    if !id.is_null() {
        say(&failure(id, SERVER_ERROR, &error.to_string(), None));
    }
}

fn failure(id: &Value, code: i32, message: &str, data: Option<Value>) -> Value {
    let mut error = json!({ "code": code, "message": message });
    if let Some(data) = data {
        error["data"] = data;
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}

fn version_in(text: &str) -> Option<String> {
    let message = serde_json::from_str::<Value>(text).ok()?;
    message["result"]["protocolVersion"].as_str().map(str::to_owned)
}

fn say(message: &Value) {
    out::data(&message.to_string());
}

/// One message is one line, however its author broke it.
fn say_text(text: &str) {
    if text.contains(['\n', '\r']) {
        match serde_json::from_str::<Value>(text) {
            Ok(message) => say(&message),
            Err(error) => out::complain(&format!("the server sent no message: {error}")),
        }
    } else if !text.is_empty() {
        out::data(text);
    }
}
