//! `deploy_function`: deploys a function, or another version of it.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "deploy_function",
    title: "Deploy Function",
    description: DESCRIPTION,
    // A deploy replaces what serves; the same deploy again makes one more version of the same code.
    hints: Hints { read_only: false, destructive: true, idempotent: true, open_world: false },
    actions: &[ToolAction::new("", RouteId::FunctionsDeploy)],
    words: &[
        ("app_id", "The app to deploy to."),
        ("name", "The function's name: letters, digits, hyphens, underscores."),
        ("code", "TypeScript or JavaScript that exports a handler function; at most 1 MiB."),
        ("description", "What the function is for."),
        ("envVars", "Environment variables, encrypted at rest; they replace the function's present ones."),
        ("trigger", "One trigger; `triggers` is the fuller form and wins."),
        (
            "triggers",
            "What starts the function, at most one of each type. Default: one http trigger with auth \"required\". \
             http {method?, path?, auth?: required|optional|none}; cron {schedule, timezone?}; websocket {event?}; \
             webhook {provider, secret, ...}; s3_upload {bucket, prefix?, contentTypes?}.",
        ),
        ("timeoutMs", "Wall clock for one invocation, in milliseconds (default: 30000)."),
        ("memoryLimitMb", "Memory, in MB (default: 128)."),
        ("cpuLimitMs", "CPU for one invocation, in milliseconds (default: 10000)."),
        ("agent_tool", "When true, the app's agents may call it as a tool (default: false)."),
        (
            "agent_tool_description",
            "What the tool does, for a model that has to choose; at most 500 characters.",
        ),
        ("agent_tool_mode", "read_only (default), or read_write: then each call needs a person's approval."),
        (
            "agent_tool_exposed_to",
            "developer_only (default), or end_user: end users' agents may call it, too.",
        ),
        ("agent_tool_input", "JSON Schema of the tool's arguments; they are checked by it. At most 16 KiB."),
        ("agent_tool_output", "JSON Schema of the tool's result; it is checked by it. At most 16 KiB."),
        (
            "allow_service_key_impersonation",
            "Whether a service key may act as a user by X-Butterbase-As-User (default: true).",
        ),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Deploys a serverless function, or a new version of one that has this name; the next call runs it.

Example
  Input:  { app_id: "app_abc123def456", name: "send-welcome-email", code: "export async function handler(req, ctx) { ... }",
            trigger: { type: "http", config: { method: "POST", path: "/welcome", auth: "required" } } }
  Output: { function_id: "fn_...", name: "send-welcome-email", url: "https://.../v1/app_abc123def456/fn/send-welcome-email",
            status: "deployed", version: 1, ... }

The code exports `handler(req, ctx)`, or has a default export; it takes a Request and must return a Response, never a plain object.
  ctx.db           the app's PostgreSQL: `await ctx.db.query("SELECT ... WHERE id = $1", [id])` gives { rows, rowCount }
  ctx.env          the variables of `envVars`
  ctx.user         { id, claims } of an end user, else null
  ctx.waitUntil    work that goes on after the response, 30 s at most: `ctx.waitUntil(fetch(...))`
  ctx.idempotency  `await ctx.idempotency.claim(key, { scope?, ttlSeconds? })` is true for the first caller of a key only: for
                   webhooks that are delivered more than once
console output is kept with the invocation: manage_function with the action get_logs shows it.

Row-level security: a call with an end user's token runs as butterbase_user and sees that user's rows; one with a service key, a
cron trigger or a webhook runs as butterbase_service and sees all rows.

Errors: VALIDATION_INVALID_CODE (alias VALIDATION_INVALID_SCHEMA) with line and column: the code does not parse, throws at its top
level or exports no handler; RESOURCE_NOT_FOUND: there is no such app. What served before goes on serving.
Deploying the same again is safe. Settings that are left out keep their values.
Next: invoke_function to try it, then manage_function with the action get_logs."#;
