//! What a tool does, by its name, its actions and its annotations. Pure.

use std::fmt;

use rmcp::model::Tool;
use serde::Serialize;
use serde_json::Value;

use super::words::words;

/// What a tool does: the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolClass {
    /// It shows something.
    Read,
    /// It makes or changes something.
    Write,
    /// It runs something, whose effects are not known.
    Execute,
    /// It destroys something.
    Destructive,
    /// It changes who may do what.
    Admin,
}

impl ToolClass {
    /// As reports have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Destructive => "destructive",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for ToolClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Verbs, and what a tool does that begins with one.
const VERBS: &[(ToolClass, &[&str])] = &[
    (
        ToolClass::Read,
        &[
            "browse", "check", "compare", "count", "describe", "diff", "dry", "echo", "explain", "export",
            "fetch", "find", "get", "inspect", "list", "lookup", "monitor", "open", "ping", "preview",
            "query", "read", "retrieve", "search", "select", "show", "status", "tree", "validate", "verify",
            "versions", "view", "watch",
        ],
    ),
    (
        ToolClass::Write,
        &[
            "add",
            "append",
            "apply",
            "archive",
            "assign",
            "attach",
            "commit",
            "configure",
            "copy",
            "create",
            "edit",
            "enqueue",
            "import",
            "insert",
            "make",
            "manage",
            "merge",
            "modify",
            "move",
            "patch",
            "post",
            "push",
            "put",
            "register",
            "rename",
            "replace",
            "rollback",
            "rollout",
            "save",
            "set",
            "store",
            "sync",
            "toggle",
            "update",
            "upload",
            "upsert",
            "write",
        ],
    ),
    (
        ToolClass::Execute,
        &[
            "build", "call", "cancel", "deploy", "dispatch", "eval", "evaluate", "exec", "execute", "invoke",
            "launch", "notify", "publish", "replay", "restart", "retry", "run", "schedule", "send", "spawn",
            "start", "stop", "submit", "trigger",
        ],
    ),
    (
        ToolClass::Destructive,
        &[
            "clear",
            "delete",
            "destroy",
            "drop",
            "erase",
            "kill",
            "purge",
            "remove",
            "reset",
            "terminate",
            "truncate",
            "uninstall",
            "wipe",
        ],
    ),
    (ToolClass::Admin, &["authorize", "ban", "grant", "impersonate", "invite", "revoke", "sudo"]),
];

/// What a tool that is no reader changes, when it changes who may do what.
const ADMIN_NOUNS: &[&str] = &[
    "admin",
    "admins",
    "credential",
    "credentials",
    "key",
    "keys",
    "permission",
    "permissions",
    "policies",
    "policy",
    "role",
    "roles",
    "token",
    "tokens",
];

/// Properties by which a tool is told what to do.
const ACTION_PROPERTIES: &[&str] = &["action", "operation"];

/// What a tool does.
pub(crate) fn classify(tool: &Tool) -> ToolClass {
    let name = words(&tool.name);
    let by_actions =
        actions(tool).iter().map(|action| of_words(&words(action)).unwrap_or(ToolClass::Write)).max();
    let by_name = of_words(&name);
    let hints = tool.annotations.as_ref();
    let says = |hint: Option<bool>| hint == Some(true);
    let read_only = hints.is_some_and(|hints| says(hints.read_only_hint));
    let destructive = hints.is_some_and(|hints| says(hints.destructive_hint) && !read_only);
    let class = match (by_actions, by_name) {
        (Some(by_actions), Some(by_name)) => by_actions.max(by_name),
        (Some(class), None) | (None, Some(class)) => class,
        (None, None) if read_only => ToolClass::Read,
        (None, None) if destructive => ToolClass::Destructive,
        (None, None) => of_description(tool).unwrap_or(ToolClass::Write),
    };
    let is_admin = name.iter().any(|word| ADMIN_NOUNS.contains(&word.as_str()));
    match class {
        ToolClass::Read if destructive => ToolClass::Destructive,
        ToolClass::Write | ToolClass::Destructive if is_admin => ToolClass::Admin,
        class => class,
    }
}

/// Whether a tool says that it only reads, and does not.
pub(crate) fn pretends_to_read(tool: &Tool, class: ToolClass) -> bool {
    let read_only = tool.annotations.as_ref().and_then(|hints| hints.read_only_hint);
    read_only == Some(true) && class != ToolClass::Read
}

/// The actions that a tool can be told to do; none for most.
pub(crate) fn actions(tool: &Tool) -> Vec<&str> {
    let properties = tool.input_schema.get("properties").and_then(Value::as_object);
    let action = properties.and_then(|all| ACTION_PROPERTIES.iter().find_map(|name| all.get(*name)));
    let names = action.and_then(|action| action["enum"].as_array());
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// By the first word that is a verb.
fn of_words(words: &[String]) -> Option<ToolClass> {
    words.iter().find_map(|word| {
        VERBS.iter().find(|(_, verbs)| verbs.contains(&word.as_str())).map(|(class, _)| *class)
    })
}

/// By the first word of what it says it does: "Deletes a row".
fn of_description(tool: &Tool) -> Option<ToolClass> {
    let first = words(tool.description.as_deref()?).into_iter().next()?;
    let stem = first.strip_suffix('s').unwrap_or(&first).to_owned();
    let without_e = first.strip_suffix("es").unwrap_or(&stem).to_owned();
    of_words(&[first, stem, without_e])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rmcp::model::ToolAnnotations;
    use serde_json::json;

    use super::*;

    fn tool(name: &'static str, description: &'static str, properties: Value) -> Tool {
        let schema = json!({ "type": "object", "properties": properties });
        Tool::new(name, description, Arc::new(schema.as_object().unwrap().clone()))
    }

    #[test]
    fn verbs_decide() {
        for (name, class) in [
            ("read_file", ToolClass::Read),
            ("list_deleted_items", ToolClass::Read),
            ("createEntities", ToolClass::Write),
            ("deploy_function", ToolClass::Execute),
            ("invoke_function", ToolClass::Execute),
            ("delete_entities", ToolClass::Destructive),
            ("create_api_key", ToolClass::Admin),
            ("get_api_key", ToolClass::Read),
            ("revoke_access", ToolClass::Admin),
            ("frobnicate", ToolClass::Write),
        ] {
            assert_eq!(classify(&tool(name, "", json!({}))), class, "{name}");
        }
        assert_eq!(classify(&tool("frobnicate", "Deletes rows.", json!({}))), ToolClass::Destructive);
        assert_eq!(classify(&tool("frobnicate", "Searches rows.", json!({}))), ToolClass::Read);
    }

    #[test]
    fn the_worst_action_decides() {
        let with = |actions: &[&str]| tool("manage_x", "", json!({ "action": { "enum": actions } }));
        let schema = ["get", "apply", "dry_run", "list_migrations", "rollback"];
        assert_eq!(classify(&with(&schema)), ToolClass::Write);
        assert_eq!(classify(&with(&["list", "delete"])), ToolClass::Destructive);
        assert_eq!(classify(&with(&["list", "cron_run"])), ToolClass::Execute);
    }

    #[test]
    fn annotations_make_a_tool_worse_and_never_better() {
        let hinted = |name, read, destroys| {
            let hints = ToolAnnotations::default().read_only(read).destructive(destroys);
            tool(name, "", json!({})).with_annotations(hints)
        };
        assert_eq!(classify(&hinted("get_x", false, true)), ToolClass::Destructive);
        let liar = hinted("delete_x", true, false);
        assert_eq!(classify(&liar), ToolClass::Destructive);
        assert!(pretends_to_read(&liar, ToolClass::Destructive));
        assert_eq!(classify(&hinted("frobnicate", true, false)), ToolClass::Read);
        assert_eq!(classify(&hinted("deploy_x", false, true)), ToolClass::Execute);
    }
}
