//! The tables of `docs/API.md`, made of the route table.

use std::fmt::Write as _;

use schemars::SchemaGenerator;
use serde_json::Value;

use crate::access::Requirement;
use crate::error::Code;
use crate::route::{BodyLimit, Route};
use crate::routes::ROUTES;

/// The rows of one resource as a table in Markdown.
pub fn table(resource: &str) -> String {
    let mut text =
        "| route | who | takes | body limit | answers | errors |\n|---|---|---|---|---|---|\n".to_owned();
    for route in ROUTES.iter().filter(|route| route.resource == resource) {
        let method = route.method.as_ref().map_or("ANY", http::Method::as_str);
        let _ = writeln!(
            text,
            "| `{method} {}`<br>{} | {} | {} | {} | {} | {} |",
            route.path,
            route.summary,
            who(route),
            takes(route),
            limit(route),
            answers(route),
            errors(route)
        );
    }
    text
}

/// `document` with the table of each `<!-- routes: RESOURCE -->` ... `<!-- end -->` as it is now.
pub fn with_tables(document: &str) -> String {
    const BEGIN: &str = "<!-- routes: ";
    const END: &str = "<!-- end -->";
    let mut parts = document.split(BEGIN);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (resource, rest) = part.split_once(" -->").unwrap_or((part, ""));
        let after = rest.split_once(END).map_or("", |(_, after)| after);
        let _ = write!(text, "{BEGIN}{resource} -->\n{}{END}{after}", table(resource));
    }
    text
}

fn who(route: &Route) -> String {
    match route.requirement {
        Requirement::Open => "anyone".to_owned(),
        Requirement::Admin => "admin".to_owned(),
        Requirement::App(scope) => format!("`{}`", scope.as_str()),
        Requirement::Key => "admin, or any service key".to_owned(),
        Requirement::Agent => "`invoke`, or an end user".to_owned(),
        Requirement::Function => "its trigger says".to_owned(),
        Requirement::Client => "a client of the app".to_owned(),
    }
}

fn takes(route: &Route) -> String {
    let mut generator = SchemaGenerator::default();
    let query = members(&(route.query)(&mut generator).to_value(), &generator, "query");
    let body = match (route.body)(&mut generator) {
        Some((schema, required)) => {
            let text = members(&schema.to_value(), &generator, "body");
            if required { text } else { format!("{text}, or no body") }
        }
        None if route.media_type == "*/*" => "any body".to_owned(),
        None => String::new(),
    };
    [query, body].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("<br>")
}

/// The largest body; nothing of a route that reads none.
fn limit(route: &Route) -> &'static str {
    let reads = route.media_type == "*/*" || (route.body)(&mut SchemaGenerator::default()).is_some();
    match route.body_limit {
        BodyLimit::Streamed => "`--max-upload`",
        BodyLimit::Large if reads => "`--max-body`",
        BodyLimit::Small if reads => "64 KiB",
        BodyLimit::Large | BodyLimit::Small => "",
    }
}

/// `{name, type?}` of an object's schema; nothing of one without members.
fn members(schema: &Value, generator: &SchemaGenerator, what: &str) -> String {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let schema = name.and_then(|name| generator.definitions().get(name)).unwrap_or(schema);
    let Some(members) = schema["properties"].as_object() else { return String::new() };
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let names: Vec<String> = members
        .keys()
        .map(|name| if is_required(name) { name.clone() } else { format!("{name}?") })
        .collect();
    if names.is_empty() { String::new() } else { format!("{what} `{{{}}}`", names.join(", ")) }
}

fn answers(route: &Route) -> String {
    let schema = (route.answer)(&mut SchemaGenerator::default()).to_value();
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    match (name, route.media_type) {
        (_, "*/*") => "the function's response".to_owned(),
        (Some(name), "application/json") => format!("{} `{name}`", route.status.as_u16()),
        (_, media_type) => format!("{} `{media_type}`", route.status.as_u16()),
    }
}

/// The route's own; those of every route are told once.
fn errors(route: &Route) -> String {
    let names: Vec<String> = route.errors.iter().map(|code| link(*code)).collect();
    names.join(", ")
}

fn link(code: Code) -> String {
    let code = code.as_str();
    format!("[{code}](errors/{code}.md)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::check_generated;

    #[test]
    fn the_api_document_has_the_tables_of_the_route_table() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/API.md");
        let document = std::fs::read_to_string(path).unwrap();
        check_generated("docs/API.md", &with_tables(&document));
        for route in ROUTES {
            let marker = format!("<!-- routes: {} -->", route.resource);
            assert!(document.contains(&marker), "docs/API.md lacks {marker}");
        }
    }
}
