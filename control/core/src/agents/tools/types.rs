//! TypeScript's declaration of `tools`, made of the tools' schemas.

use std::fmt::Write as _;

use mayfly_api::agent_tools::AgentToolInfo;
use mayfly_api::tool_schema::ToolSchema;
use mayfly_policy::CompiledSchema;
use serde_json::{Map, Value};

use crate::agents::servers::ApprovedTool;

/// Characters of all types of one tool; a longer one is `unknown`.
const TYPE_CHARS_MAX: usize = 4_000;

/// Characters of the declaration of other servers' tools in all: beyond, those that are left are named by a number.
const SERVERS_CHARS_MAX: usize = 100_000;

/// The declaration: one member a tool, and one a server.
pub(super) fn declaration(tools: &[AgentToolInfo], of_servers: &[(String, ApprovedTool)]) -> String {
    let mut text = String::from("declare const tools: {\n");
    for tool in tools {
        if let Some(description) = &tool.description {
            let _ = writeln!(text, "  /** {} */", in_comment(description));
        }
        let (input, output) = (tool.input.as_ref(), tool.output.as_ref());
        text.push_str("  ");
        text.push_str(&method(&tool.name, input.map(ToolSchema::members), output.map(ToolSchema::members)));
    }
    text.push('}');
    if !of_servers.is_empty() {
        text.push_str(" & ");
        text.push_str(&servers(of_servers));
    }
    text.push_str(";\n");
    text
}

/// The members of other servers.
fn servers(tools: &[(String, ApprovedTool)]) -> String {
    let (mut text, mut begun, mut left) = (String::from("{\n"), None, 0);
    for (server, tool) in tools {
        let mut one = String::new();
        if !tool.description.is_empty() {
            let _ = writeln!(one, "    /** {} */", in_comment(&tool.description));
        }
        let _ = write!(one, "    {}", method(&tool.name, Some(&tool.input), tool.output.as_ref()));
        // What a server says of its tools is its own word alone.
        let one = mayfly_mcp_proxy::visible(&one);
        if text.len() + one.len() > SERVERS_CHARS_MAX {
            left += 1;
            continue;
        }
        if begun != Some(server) {
            if begun.is_some() {
                text.push_str("  };\n");
            }
            let _ = writeln!(text, "  {}: {{", quoted(server));
            begun = Some(server);
        }
        text.push_str(&one);
    }
    if begun.is_some() {
        text.push_str("  };\n");
    }
    if left > 0 {
        let _ = writeln!(text, "  // {left} more tools of other servers have no room here.");
    }
    text.push('}');
    text
}

fn method(name: &str, input: Option<&Map<String, Value>>, output: Option<&Map<String, Value>>) -> String {
    let optional = if input.is_some_and(needs_members) { "" } else { "?" };
    let (takes, answers) = (type_of(input, "Record<string, unknown>"), type_of(output, "any"));
    format!("{}(args{optional}: {takes}): Promise<{answers}>;\n", quoted(name))
}

fn needs_members(schema: &Map<String, Value>) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|names| !names.is_empty())
}

fn type_of(schema: Option<&Map<String, Value>>, otherwise: &str) -> String {
    let Some(schema) = schema else { return otherwise.to_owned() };
    let Ok(compiled) = CompiledSchema::compile("", schema) else { return otherwise.to_owned() };
    let text = typed(compiled.expanded());
    if text.len() > TYPE_CHARS_MAX { otherwise.to_owned() } else { text }
}

fn typed(schema: &Value) -> String {
    let Value::Object(members) = schema else {
        return if *schema == Value::Bool(false) { "never".to_owned() } else { "unknown".to_owned() };
    };
    if let Some(value) = members.get("const") {
        return literal(value);
    }
    if let Some(Value::Array(values)) = members.get("enum") {
        return union(values.iter().map(literal));
    }
    for (name, joint) in [("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")] {
        if let Some(Value::Array(schemas)) = members.get(name) {
            let types: Vec<String> = schemas.iter().map(|schema| format!("({})", typed(schema))).collect();
            return if types.is_empty() { "unknown".to_owned() } else { types.join(joint) };
        }
    }
    match members.get("type") {
        Some(Value::Array(types)) => union(types.iter().map(|of| simple(of, members))),
        Some(of) => simple(of, members),
        None if members.contains_key("properties") => object(members),
        None => "unknown".to_owned(),
    }
}

fn simple(of: &Value, members: &Map<String, Value>) -> String {
    match of.as_str().unwrap_or_default() {
        "string" => "string".to_owned(),
        "number" | "integer" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => format!("Array<{}>", members.get("items").map_or("unknown".to_owned(), typed)),
        "object" => object(members),
        _ => "unknown".to_owned(),
    }
}

fn object(members: &Map<String, Value>) -> String {
    let required: Vec<&str> = members
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let Some(Value::Object(properties)) = members.get("properties") else {
        let of = members.get("additionalProperties").filter(|of| of.is_object());
        return format!("Record<string, {}>", of.map_or("unknown".to_owned(), typed));
    };
    let mut text = String::from("{ ");
    for (name, schema) in properties {
        if let Some(description) = schema.get("description").and_then(Value::as_str) {
            let _ = write!(text, "/** {} */ ", in_comment(description));
        }
        let optional = if required.contains(&name.as_str()) { "" } else { "?" };
        let _ = write!(text, "{}{optional}: {}; ", quoted(name), typed(schema));
    }
    text.push('}');
    text
}

fn union(types: impl Iterator<Item = String>) -> String {
    let types: Vec<String> = types.collect();
    if types.is_empty() { "never".to_owned() } else { types.join(" | ") }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) => "unknown".to_owned(),
        value => value.to_string(),
    }
}

/// A member's name as a text: whatever it is, it ends nothing.
fn quoted(name: &str) -> String {
    let plain = name.bytes().enumerate().all(|(place, byte)| {
        byte.is_ascii_alphabetic() || byte == b'_' || (place > 0 && byte.is_ascii_digit())
    });
    if plain && !name.is_empty() { name.to_owned() } else { Value::from(name).to_string() }
}

/// Tenants' words, on one line, which end no comment.
fn in_comment(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("*/", "* /")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(name: &str, input: Value, output: Value) -> AgentToolInfo {
        let tool = json!({ "name": name, "description": "Finds\nnotes. */ evil()", "mode": "read_only",
            "exposed_to": "end_user", "input": input, "output": output });
        serde_json::from_value(tool).unwrap()
    }

    #[test]
    fn a_schema_is_a_type() {
        let input = json!({ "type": "object", "required": ["text"], "properties": {
            "text": { "type": "string", "description": "What to look for." },
            "limit": { "type": ["integer", "null"] }, "kind": { "enum": ["a", 1, null] },
            "tags": { "type": "array", "items": { "$ref": "#/$defs/tag" } }, "a-b": { "anyOf": [{ "const": true }, {}] } },
            "$defs": { "tag": { "type": "string" } } });
        let output = json!({ "type": "array", "items": { "type": "object", "properties": { "id": { "type": "integer" } } } });
        assert_eq!(
            declaration(&[tool("find-notes", input, output), tool("all", json!(null), json!(null))], &[]),
            "declare const tools: {\n  /** Finds notes. * / evil() */\n  \"find-notes\"(args: { \"a-b\"?: (true) | (unknown); \
             kind?: \"a\" | 1 | null; limit?: number | null; tags?: Array<string>; /** What to look for. */ text: string; }): \
             Promise<Array<{ id?: number; }>>;\n  /** Finds notes. * / evil() */\n  all(args?: Record<string, unknown>): \
             Promise<any>;\n};\n"
        );
    }
    fn of_server(name: &str, description: &str) -> ApprovedTool {
        let tool = json!({ "name": name, "description": description, "class": "read", "severity": "low", "signals": [],
            "sha256": "", "input": { "type": "object", "required": ["a"], "properties": {
                "a": { "type": "number", "description": "b\u{200b}*/" } } }, "output": null });
        serde_json::from_value(tool).unwrap()
    }

    #[test]
    fn tools_of_servers_are_members_of_their_servers() {
        let tools = [("files", "read"), ("files", "a-b"), ("web", "get")]
            .map(|(of, name)| (of.to_owned(), of_server(name, "")));
        assert_eq!(
            declaration(&[], &tools),
            "declare const tools: {\n} & {\n  files: {\n    read(args: { /** b\\u{200B}* / */ a: number; }): Promise<any>;\n    \
             \"a-b\"(args: { /** b\\u{200B}* / */ a: number; }): Promise<any>;\n  };\n  web: {\n    get(args: { /** b\\u{200B}* / */ a: \
             number; }): Promise<any>;\n  };\n};\n"
        );
    }

    #[test]
    fn a_declaration_is_not_longer_than_a_model_can_read() {
        let long = "x".repeat(300);
        let tools: Vec<(String, ApprovedTool)> =
            (0..1_000).map(|number| ("files".to_owned(), of_server(&format!("t{number}"), &long))).collect();
        let text = declaration(&[], &tools);
        assert!(text.len() < SERVERS_CHARS_MAX + 1_000, "{}", text.len());
        assert!(text.contains("more tools of other servers have no room here"));
    }
}
