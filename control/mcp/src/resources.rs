//! Resources: documents of the server, and what an app has, as texts.

use http::Method;
use mayfly_api::error::page;
use mayfly_api::names::{is_app_id, is_function_name};
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::Value;

use crate::host::{RouteAnswer, RouteRequest, ToolHost};

const MARKDOWN: &str = "text/markdown";
const JSON: &str = "application/json";
const TYPESCRIPT: &str = "text/typescript";

/// Documents: the last part of their URI, what they are about, their text.
const DOCUMENTS: &[(&str, &str, &str)] = &[
    (
        "GUEST.md",
        "What a function gets: ctx, the web platform, limits.",
        include_str!("../../../docs/GUEST.md"),
    ),
    ("SCHEMA.md", "How tables are declared.", include_str!("../../../docs/SCHEMA.md")),
    ("LIMITS.md", "Every limit.", include_str!("../../../docs/LIMITS.md")),
    ("AGENTS.md", "How agents use Mayfly.", include_str!("../../../docs/AGENTS.md")),
];

/// What a URI of ours names.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    Document(&'static str),
    ErrorPage(&'a str),
    Code { app: &'a str, function: &'a str },
    Logs { app: &'a str, function: &'a str },
    Schema { app: &'a str },
    Tools { app: &'a str },
}

/// Resources that need no name.
pub(crate) fn listed() -> Vec<Resource> {
    let resource = |(name, about, text): &(&str, &str, &str)| {
        Resource::new(format!("mayfly://docs/{name}"), *name)
            .with_description(*about)
            .with_mime_type(MARKDOWN)
            .with_size(text.len() as u64)
    };
    DOCUMENTS.iter().map(resource).collect()
}

/// Resources by name.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, about: &str, mime_type: &str| {
        ResourceTemplate::new(uri, name).with_description(about).with_mime_type(mime_type)
    };
    vec![
        template("mayfly://errors/{code}", "error", "The page about an error code.", MARKDOWN),
        template(
            "mayfly://apps/{app_id}/functions/{function_name}/code",
            "code",
            "The source of a function that serves now.",
            TYPESCRIPT,
        ),
        template(
            "mayfly://apps/{app_id}/functions/{function_name}/logs",
            "logs",
            "The newest 20 invocations of a function.",
            JSON,
        ),
        template(
            "mayfly://apps/{app_id}/tools.d.ts",
            "tools",
            "TypeScript's declaration of `tools`, as run_code has it: the app's functions that are agent tools.",
            TYPESCRIPT,
        ),
        template("mayfly://apps/{app_id}/schema", "schema", "The tables of an app, as a declaration.", JSON),
    ]
}

/// The text of a resource; `Ok(None)`: there is none of that URI.
///
/// # Errors
/// The problem of the route that has it.
pub(crate) async fn read<H: ToolHost>(host: &H, uri: &str) -> Result<Option<ReadResourceResult>, Value> {
    let (mime_type, text) = match named(uri) {
        None => return Ok(None),
        Some(Named::Document(text)) => (MARKDOWN, text.to_owned()),
        Some(Named::ErrorPage(code)) => match page(code) {
            Some(text) => (MARKDOWN, text.to_owned()),
            None => return Ok(None),
        },
        Some(Named::Code { app, function }) => {
            let details = ask(host, format!("/v1/{app}/functions/{function}")).await?;
            (TYPESCRIPT, details["code"].as_str().unwrap_or_default().to_owned())
        }
        Some(Named::Logs { app, function }) => {
            let page = ask(host, format!("/v1/{app}/functions/{function}/logs?limit=20")).await?;
            (JSON, format!("{page:#}"))
        }
        Some(Named::Tools { app }) => {
            let list = ask(host, format!("/v1/{app}/tools")).await?;
            (TYPESCRIPT, list["types"].as_str().unwrap_or_default().to_owned())
        }
        Some(Named::Schema { app }) => {
            // As it came: its columns are in their order.
            let answer = send(host, format!("/v1/{app}/schema")).await?;
            (JSON, String::from_utf8_lossy(&answer.body).into_owned())
        }
    };
    let contents = ResourceContents::text(text, uri).with_mime_type(mime_type);
    Ok(Some(ReadResourceResult::new(vec![contents])))
}

fn named(uri: &str) -> Option<Named<'_>> {
    let rest = uri.strip_prefix("mayfly://")?;
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        ["docs", name] => {
            let document = DOCUMENTS.iter().find(|(known, _, _)| known == name);
            document.map(|(_, _, text)| Named::Document(text))
        }
        ["errors", code] => Some(Named::ErrorPage(code)),
        ["apps", app, "schema"] if is_app_id(app) => Some(Named::Schema { app }),
        ["apps", app, "tools.d.ts"] if is_app_id(app) => Some(Named::Tools { app }),
        ["apps", app, "functions", function, what] if is_app_id(app) && is_function_name(function) => {
            match *what {
                "code" => Some(Named::Code { app, function }),
                "logs" => Some(Named::Logs { app, function }),
                _ => None,
            }
        }
        _ => None,
    }
}

async fn ask<H: ToolHost>(host: &H, path: String) -> Result<Value, Value> {
    let answer = send(host, path).await?;
    Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
}

async fn send<H: ToolHost>(host: &H, path: String) -> Result<RouteAnswer, Value> {
    let request = RouteRequest { method: Method::GET, path, body: None };
    let answer = host.ask(request).await.map_err(|error| Value::Object(host.problem(&error)))?;
    if answer.status < 400 {
        return Ok(answer);
    }
    Err(serde_json::from_slice(&answer.body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_uris_name_something() {
        let app = "app_0123456789ab";
        assert_eq!(named(&format!("mayfly://apps/{app}/schema")), Some(Named::Schema { app }));
        assert!(matches!(named("mayfly://docs/GUEST.md"), Some(Named::Document(_))));
        let code = format!("mayfly://apps/{app}/functions/a-b/code");
        assert_eq!(named(&code), Some(Named::Code { app, function: "a-b" }));
        for uri in [
            "",
            "file:///etc/passwd",
            "mayfly://docs/../../secrets.key",
            "mayfly://docs/README.md",
            "mayfly://apps/nope/schema",
            "mayfly://apps/app_0123456789ab/functions/../schema",
            "mayfly://apps/app_0123456789ab/functions/a?x/code",
            "mayfly://apps/app_0123456789ab/schema/",
        ] {
            assert_eq!(named(uri), None, "{uri}");
        }
    }
}
