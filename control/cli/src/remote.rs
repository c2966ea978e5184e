//! Asks a server by the endpoints of the route table, and tells success from failure.

use std::fmt::Display;

use bytes::Bytes;
use http::Method;
use mayfly_api::endpoint::{Endpoint, RequestBody as _};
use mayfly_api::names::encoded;
use mayfly_api::route::Route;
use mayfly_api::routes::RouteId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::args::RemoteArgs;
use crate::client::{AppSocket, CallAnswer, Client, ClientError, Events, Listening, ServerAnswer, Upgraded};
use crate::exit::Exit;
use crate::here;
use crate::out;

/// Where a server listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8787";

/// A server, an app and a key.
#[derive(Debug)]
pub(crate) struct Remote {
    client: Client,
    app: Option<String>,
    /// The server's address, as it was given.
    pub(crate) url: String,
    pub(crate) json: bool,
}

/// A good answer: as its type, and as it came.
pub(crate) struct Answered<T> {
    pub(crate) answer: T,
    text: Bytes,
}

impl<T> Answered<T> {
    /// Print the answer as it came under `--json`, else show it by `show`.
    pub(crate) fn print(&self, remote: &Remote, show: impl FnOnce(&T)) {
        if remote.json {
            out::data(String::from_utf8_lossy(&self.text).trim_end());
        } else {
            show(&self.answer);
        }
    }
}

impl Remote {
    pub(crate) fn new(args: &RemoteArgs) -> Result<Self, Exit> {
        let dev = here::running();
        let project = here::project().map_err(|error| {
            out::complain(&error);
            Exit::Usage
        })?;
        // A key goes to the server that it is of, and to no other.
        let dev = dev.filter(|dev| args.url.as_ref().is_none_or(|url| url.trim_end_matches('/') == dev.url));
        let of_dev = |member: fn(here::DevServer) -> String| dev.clone().map(member);
        let url = args
            .url
            .clone()
            .or_else(|| of_dev(|dev| dev.url))
            .or(project.url)
            .unwrap_or_else(|| DEFAULT_URL.to_owned());
        let key = args.key.clone().or_else(|| of_dev(|dev| dev.key));
        let app = args.app.clone().or_else(|| of_dev(|dev| dev.app)).or(project.app);
        let client = Client::new(&url, key.as_deref()).map_err(|error| {
            out::complain(&error.to_string());
            Exit::Usage
        })?;
        Ok(Self { client, app, url, json: args.json })
    }

    /// Call an endpoint of the app in the flags; `names` are the other parts of its path.
    pub(crate) async fn call<E: Endpoint>(
        &self,
        names: &[&str],
        query: &E::Query,
        body: &E::Body,
    ) -> Result<Answered<E::Answer>, Exit> {
        self.call_path::<E>(&self.path(E::route(), names)?, query, body).await
    }

    /// Call an endpoint of the app in the flags. Where it is refused, what `more` makes of the answer is said after the error.
    pub(crate) async fn call_and_explain<E: Endpoint>(
        &self,
        query: &E::Query,
        body: &E::Body,
        more: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Answered<E::Answer>, Exit> {
        let answer = self.send::<E>(&self.path(E::route(), &[])?, query, body).await?;
        let text = answer.body.clone();
        answered(answer).inspect_err(|_| {
            if let Some(more) = more(&String::from_utf8_lossy(&text)) {
                out::say(&more);
            }
        })
    }

    /// Call an endpoint of the app with this id.
    pub(crate) async fn call_on<E: Endpoint>(
        &self,
        app: &str,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<Answered<E::Answer>, Exit> {
        self.call_path::<E>(&filled(E::route(), app, &[]), query, body).await
    }

    async fn call_path<E: Endpoint>(
        &self,
        path: &str,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<Answered<E::Answer>, Exit> {
        answered(self.send::<E>(path, query, body).await?)
    }

    async fn send<E: Endpoint>(
        &self,
        path: &str,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<ServerAnswer, Exit> {
        let route = E::route();
        let unsendable = |error: serde_json::Error| {
            out::complain(&format!("the request cannot be written: {error}"));
            Exit::Usage
        };
        let path = format!("{path}{}", query_string(query).map_err(unsendable)?);
        let body = body.encode().map_err(unsendable)?.map(Bytes::from);
        let method = route.method.clone().unwrap_or(Method::POST);
        self.client.send(method, &path, body).await.map_err(|error| complain(&error))
    }

    /// Server-sent events of a route, from behind the last one that was seen.
    pub(crate) async fn events<Q: Serialize>(
        &self,
        id: RouteId,
        names: &[&str],
        query: &Q,
        last: Option<&str>,
    ) -> Result<Events, Exit> {
        let query = query_string(query).unwrap_or_default();
        let path = format!("{}{query}", self.path(id.route(), names)?);
        match self.client.events(&path, last).await.map_err(|error| complain(&error))? {
            Listening::Events(events) => Ok(events),
            Listening::Refused(answer) => Err(read::<Value>(&answer).err().unwrap_or(Exit::Failure)),
        }
    }

    /// Send a delivery to a webhook: without a key, and with the sender's own headers.
    pub(crate) async fn deliver(
        &self,
        path: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<ServerAnswer, Exit> {
        self.client.deliver(path, headers, body).await.map_err(|error| complain(&error))
    }

    /// Call a function. An answer that no function gave is an error.
    pub(crate) async fn call_function(
        &self,
        method: Method,
        path: &str,
        headers: Vec<(String, String)>,
        body: Option<Bytes>,
    ) -> Result<CallAnswer, Exit> {
        let answer = self.client.call(method, path, headers, body).await.map_err(|error| complain(&error))?;
        if answer.status >= 400 && !answer.headers.contains_key("x-invocation-id") {
            let refused =
                ServerAnswer { status: answer.status, invocation_id: None, session: None, body: answer.body };
            return Err(read::<Value>(&refused).err().unwrap_or(Exit::Failure));
        }
        Ok(answer)
    }

    /// Whether the flags name an app.
    pub(crate) fn has_app(&self) -> bool {
        self.app.as_ref().is_some_and(|app| !app.is_empty())
    }

    /// Post a message of the Model Context Protocol.
    pub(crate) async fn message(
        &self,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Result<Listening, ClientError> {
        self.client.message(RouteId::McpServe.route().path, headers, body).await
    }

    /// A path with the server's address before it.
    pub(crate) fn url(&self, path: &str) -> String {
        self.client.url(path)
    }

    /// A socket, for the key in the flags or another credential.
    pub(crate) async fn socket(&self, id: RouteId, token: Option<&str>) -> Result<AppSocket, Exit> {
        let path = self.path(id.route(), &[])?;
        match self.client.socket(&path, token).await.map_err(|error| complain(&error))? {
            Upgraded::Open(socket) => Ok(*socket),
            Upgraded::Refused(answer) => Err(read::<Value>(&answer).err().unwrap_or(Exit::Failure)),
        }
    }

    /// The path of a route of the app in the flags.
    pub(crate) fn path(&self, route: &Route, names: &[&str]) -> Result<String, Exit> {
        let needs_app = route.path.contains("{app}");
        match &self.app {
            None if needs_app => {
                out::complain(
                    "which app? Give --app, set MAYFLY_APP, or write app = \"app_...\" to mayfly.toml",
                );
                Err(Exit::Usage)
            }
            app => Ok(filled(route, app.as_deref().unwrap_or_default(), names)),
        }
    }
}

fn answered<T: DeserializeOwned>(answer: ServerAnswer) -> Result<Answered<T>, Exit> {
    Ok(Answered { answer: read::<T>(&answer)?, text: answer.body })
}

/// A row's path with the app and the other names in their places.
fn filled(route: &Route, app: &str, names: &[&str]) -> String {
    let mut names = names.iter();
    let parts = route.path.split('/').map(|part| match part {
        "{app}" => app.to_owned(),
        part if part.starts_with('{') => encoded(names.next().copied().unwrap_or_default()),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// `?name=value...` of the members that are there.
fn query_string<Q: Serialize>(query: &Q) -> Result<String, serde_json::Error> {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    if let Value::Object(members) = serde_json::to_value(query)? {
        for (name, value) in members {
            match value {
                Value::Null => {}
                Value::String(value) => drop(text.append_pair(&name, &value)),
                value => drop(text.append_pair(&name, &value.to_string())),
            }
        }
    }
    let text = text.finish();
    Ok(if text.is_empty() { text } else { format!("?{text}") })
}

/// A value as a cell: a dash where there is none.
pub(crate) fn optional<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn complain(error: &ClientError) -> Exit {
    out::complain(&error.to_string());
    match error {
        ClientError::TimedOut => Exit::TimedOut,
        ClientError::Request(_) => Exit::Usage,
        ClientError::Exchange { .. } => Exit::Failure,
    }
}

/// The answer when it is a good one; a bad one is explained on stderr.
fn read<T: DeserializeOwned>(answer: &ServerAnswer) -> Result<T, Exit> {
    if (200..300).contains(&answer.status) {
        return serde_json::from_slice(&answer.body).map_err(|error| {
            out::complain(&format!("the answer is not as expected: is this a Mayfly server? ({error})"));
            Exit::Failure
        });
    }
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(problem) if problem["error"].is_object() => explain(&problem["error"]),
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
    use mayfly_api::usage::{GetUsage, GroupBy};

    use super::*;

    #[test]
    fn the_mark_stands_below_the_place() {
        assert_eq!(source_excerpt("\tlet = 1", Some(12), Some(6)), "  12 | \tlet = 1\n     | \t    ^");
    }

    #[test]
    fn paths_and_queries_are_made_of_the_route_table() {
        let path = filled(RouteId::PolicyDrop.route(), "app_0123456789ab", &["my table", "a/b"]);
        assert_eq!(path, "/v1/app_0123456789ab/rls/my%20table/a%2Fb");
        let query = GetUsage { group_by: Some(GroupBy::Day), from: Some("2026-01-01".into()), to: None };
        assert_eq!(query_string(&query).unwrap(), "?from=2026-01-01&group_by=day");
        assert_eq!(query_string(&GetUsage::default()).unwrap(), "");
    }
}
