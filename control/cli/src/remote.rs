//! Asks a server, and tells success from failure.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::args::RemoteArgs;
use super::exit::Exit;
use super::out;
use crate::client::{Answer, Client, ClientError, Events, Listening};

/// A server, an app and a key.
#[derive(Debug)]
pub(super) struct Remote {
    client: Client,
    app: Option<String>,
    pub(super) json: bool,
}

impl Remote {
    pub(super) fn new(args: &RemoteArgs) -> Result<Self, Exit> {
        let client = Client::new(&args.url, args.key.as_deref()).map_err(|error| {
            out::complain(&error.to_string());
            Exit::Usage
        })?;
        Ok(Self { client, app: args.app.clone(), json: args.json })
    }

    /// `/v1/{app}` and what follows.
    pub(super) fn in_app(&self, rest: &str) -> Result<String, Exit> {
        match &self.app {
            Some(app) => Ok(format!("/v1/{}{rest}", segment(app))),
            None => {
                out::complain("which app? Give --app or set MAYFLY_APP");
                Err(Exit::Usage)
            }
        }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Exit> {
        self.ask(Method::GET, path, None).await
    }

    /// The text of a good answer.
    pub(super) async fn text(&self, path: &str) -> Result<String, Exit> {
        let answer = self.exchange(Method::GET, path, None).await?;
        read(&answer)?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// The JSON of a good answer; a bad one is explained on stderr.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Exit> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        read(&self.exchange(method, path, body).await?)
    }

    /// The same with JSON text, whose members keep their order.
    pub(super) async fn send(&self, method: Method, path: &str, body: String) -> Result<Value, Exit> {
        read(&self.exchange(method, path, Some(Bytes::from(body))).await?)
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Answer, Exit> {
        self.client.send(method, path, body).await.map_err(|error| complain(&error))
    }

    /// Server-sent events, from behind the last one that was seen.
    pub(super) async fn events(&self, path: &str, last: Option<&str>) -> Result<Events, Exit> {
        match self.client.events(path, last).await.map_err(|error| complain(&error))? {
            Listening::Events(events) => Ok(events),
            Listening::Refused(answer) => Err(read(&answer).err().unwrap_or(Exit::Failure)),
        }
    }
}

fn complain(error: &ClientError) -> Exit {
    out::complain(&error.to_string());
    match error {
        ClientError::TimedOut => Exit::TimedOut,
        ClientError::Request(_) => Exit::Usage,
        ClientError::Exchange { .. } => Exit::Failure,
    }
}

/// A path's segment, encoded.
pub(super) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn read(answer: &Answer) -> Result<Value, Exit> {
    let parsed: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if (200..300).contains(&answer.status) {
        return parsed.ok_or_else(|| {
            out::complain("the answer is not JSON: is this a Mayfly server?");
            Exit::Failure
        });
    }
    match &parsed {
        Some(problem) if problem["error"].is_object() => explain(&problem["error"]),
        _ => out::complain(&format!("the server answered {}", answer.status)),
    }
    if let Some(id) = &answer.invocation_id {
        out::say(&format!("invocation {id}"));
    }
    Err(Exit::of_status(answer.status))
}

/// The message, the place in the source where there is one, and what to do.
fn explain(error: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    out::complain(&format!("{}: {}", text(&error["code"]), text(&error["message"])));
    let details = &error["details"];
    if let Some(line) = details["source_line"].as_str() {
        out::say(&source_excerpt(line, details["line"].as_u64(), details["column"].as_u64()));
    }
    if let Some(stack) = details["stack"].as_str() {
        out::say(stack);
    }
    out::say(&text(&error["remediation"]));
}

/// The line of source that an error is about, and a mark below the place.
pub fn source_excerpt(text: &str, line: Option<u64>, column: Option<u64>) -> String {
    let number = line.map(|line| line.to_string()).unwrap_or_default();
    let column = usize::try_from(column.unwrap_or(1)).unwrap_or(1).clamp(1, 200);
    // Tabs stay tabs, so that the mark stands below its place.
    let indent: String = text.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("  {number} | {text}\n  {} | {indent}^", " ".repeat(number.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_place() {
        assert_eq!(source_excerpt("\tlet = 1", Some(12), Some(6)), "  12 | \tlet = 1\n     | \t    ^");
    }
}
