//! What is risky about a tool beside what it does. Pure.

use std::sync::LazyLock;

use regex::Regex;
use rmcp::model::Tool;
use serde::Serialize;
use serde_json::Value;

use super::classify::{ToolClass, pretends_to_read};
use super::injection::injections;
use super::severity::Severity;
use super::words::words;

/// Parameters from which on there are many.
const PARAMETERS_MANY: usize = 10;

/// Parameters that are run, or asked of a database.
const CODE: &[&str] = &[
    "cmd",
    "code",
    "command",
    "commands",
    "expr",
    "expression",
    "javascript",
    "program",
    "python",
    "query",
    "script",
    "shell",
    "sql",
    "statement",
];
/// Parameters that are shown to people as they are.
const MARKUP: &[&str] = &["body", "html", "markdown", "markup", "template"];
/// Parameters that are secrets.
const SECRETS: &[&str] =
    &["apikey", "credential", "credentials", "passphrase", "passwd", "password", "secret", "token"];
/// The same of two words.
const SECRET_PAIRS: &[(&str, &str)] = &[("access", "key"), ("api", "key"), ("private", "key")];

/// One thing that is risky about a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RiskSignal {
    /// Which one: `freeform_input`, `many_parameters`, `bulk`, `admin`, `raw_html`, `secrets`, `says_read_only`,
    /// `injected_text`.
    pub signal: &'static str,
    /// In words.
    pub text: String,
    /// How bad that alone is.
    pub severity: Severity,
}

/// What is risky about a tool.
pub(crate) fn signals(tool: &Tool, class: ToolClass) -> Vec<RiskSignal> {
    let mut found = Vec::new();
    let mut add = |signal, severity, text: String| found.push(RiskSignal { signal, text, severity });
    let parameters = parameters(tool);
    let named = |known: &[&str]| {
        let mut names = Vec::new();
        for (name, schema) in &parameters {
            let is_named = words(name).iter().any(|word| known.contains(&word.as_str()));
            if takes_text(schema) && is_named {
                names.push(name.as_str());
            }
        }
        names.join(", ")
    };
    let code = named(CODE);
    if !code.is_empty() {
        // What is looked for is no program.
        let severity = if class == ToolClass::Read { Severity::Medium } else { Severity::High };
        add("freeform_input", severity, format!("Accepts freeform code/query input ({code})"));
    }
    if parameters.len() >= PARAMETERS_MANY {
        let text = format!("High parameter count ({} properties)", parameters.len());
        add("many_parameters", Severity::Low, text);
    }
    let description = tool.description.as_deref().unwrap_or_default();
    let said = format!("{} {description}", words(&tool.name).join(" "));
    if class != ToolClass::Read && (matches(&BULK, &said) || takes_many(&parameters)) {
        add("bulk", Severity::Medium, "Bulk/mass operation: affects multiple targets".to_owned());
    }
    if class == ToolClass::Admin || matches(&ADMIN, &said) {
        add("admin", Severity::Medium, "Admin/system-level operation".to_owned());
    }
    let markup = named(MARKUP);
    if !markup.is_empty() {
        add("raw_html", Severity::Medium, format!("Accepts raw HTML/template content ({markup})"));
    }
    let secrets: Vec<&str> =
        parameters.iter().map(|(name, _)| name.as_str()).filter(|name| is_secret(name)).collect();
    if !secrets.is_empty() {
        add("secrets", Severity::Medium, format!("Takes secrets ({})", secrets.join(", ")));
    }
    if class == ToolClass::Read && matches(&SHOWN_SECRETS, &said) {
        add("secrets", Severity::Medium, "Shows secrets, by what it says of itself".to_owned());
    }
    if pretends_to_read(tool, class) {
        let text = format!("Says that it only reads, and is named as a tool that does not ({class})");
        add("says_read_only", Severity::High, text);
    }
    for injected in injections(tool).into_iter().take(5) {
        add("injected_text", Severity::Critical, format!("Injected text: {injected}"));
    }
    found
}

/// A tool's parameters, by name.
pub(crate) fn parameters(tool: &Tool) -> Vec<(String, Value)> {
    let properties = tool.input_schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, schema)| (name.clone(), schema.clone())).collect()
}

static BULK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let things = "(accounts|customers|data|documents|entities|entries|files|items|messages|objects|records|rows|tables|users)";
    Regex::new(&format!(r"(?i)\b(bulk|batch(es)?|mass|(all|every|multiple|many) {things})\b")).ok()
});

static ADMIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "administrators?|admin|bypass(es|ed)?|root (access|user)|sees all (data|rows)|sudo|superuser|system-level";
    Regex::new(&format!(r"(?i)\b({words})\b")).ok()
});

static SHOWN_SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "api[- ]keys?|credentials|environment variables|passwords?|private keys?|secrets";
    Regex::new(&format!(r"(?i)\b({words})\b")).ok()
});

fn matches(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

/// Whether a text fits: a schema that names no type takes anything.
fn takes_text(schema: &Value) -> bool {
    match &schema["type"] {
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => schema.get("enum").is_none(),
    }
}

/// Whether it is told of several things at once: `ids`, `entityNames`, ...
fn takes_many(parameters: &[(String, Value)]) -> bool {
    let plural = [
        "ids",
        "names",
        "paths",
        "urls",
        "entities",
        "items",
        "records",
        "rows",
        "files",
        "observations",
        "relations",
        "deletions",
    ];
    parameters.iter().any(|(name, schema)| {
        let last = words(name).pop();
        schema["type"] == "array" && last.is_some_and(|last| plural.contains(&last.as_str()))
    })
}

fn is_secret(name: &str) -> bool {
    let words = words(name);
    let pair =
        |(first, second): &(&str, &str)| words.windows(2).any(|two| two[0] == *first && two[1] == *second);
    words.iter().any(|word| SECRETS.contains(&word.as_str())) || SECRET_PAIRS.iter().any(pair)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn found(name: &'static str, description: &'static str, properties: Value) -> Vec<String> {
        let schema = json!({ "type": "object", "properties": properties });
        let tool = Tool::new(name, description, Arc::new(schema.as_object().unwrap().clone()));
        let class = super::super::classify::classify(&tool);
        signals(&tool, class).into_iter().map(|signal| signal.text).collect()
    }

    #[test]
    fn the_signals_of_the_first_tools() {
        let ten: serde_json::Map<String, Value> =
            (0..9).map(|number| (format!("a{number}"), json!({ "type": "string" }))).collect();
        let mut properties = Value::Object(ten);
        properties["code"] = json!({ "type": "string" });
        assert_eq!(
            found("deploy_function", "By a service key it sees all rows (RLS bypassed).", properties),
            [
                "Accepts freeform code/query input (code)",
                "High parameter count (10 properties)",
                "Bulk/mass operation: affects multiple targets",
                "Admin/system-level operation",
            ]
        );
        let invoke = json!({ "app_id": { "type": "string" }, "body": {}, "headers": { "type": "object" } });
        assert_eq!(
            found("invoke_function", "Calls a function as the service role.", invoke),
            ["Accepts raw HTML/template content (body)"]
        );
        let schema = json!({ "app_id": { "type": "string" }, "action": { "enum": ["get", "apply"] }, "schema": { "type": "object" } });
        assert_eq!(found("manage_schema", "Safe to call multiple times.", schema), Vec::<String>::new());
    }

    #[test]
    fn each_signal_has_its_cause() {
        let one = |name, property: &str, schema: Value| found(name, "", json!({ property: schema }));
        assert_eq!(one("run_sql", "sqlText", json!({ "type": "string" })).len(), 1);
        assert!(one("set_code", "code", json!({ "type": "integer" })).is_empty());
        assert_eq!(one("sign_in", "apiKey", json!({ "type": "string" })), ["Takes secrets (apiKey)"]);
        let shows = found("get-env", "Returns all environment variables.", json!({}));
        assert_eq!(shows, ["Shows secrets, by what it says of itself"]);
        assert_eq!(one("delete_entities", "entityNames", json!({ "type": "array" })).len(), 1);
        assert!(one("read_files", "paths", json!({ "type": "array" })).is_empty(), "reading many is no risk");
    }
}
