//! `manage_function`: everything about functions but deploying and calling them.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "manage_function",
    title: "Manage Functions",
    description: DESCRIPTION,
    hints: Hints { read_only: false, destructive: true, idempotent: false, open_world: false },
    actions: &[
        ToolAction::new("list", RouteId::FunctionsList),
        ToolAction::new("get", RouteId::FunctionsGet),
        ToolAction::new("delete", RouteId::FunctionsDelete),
        ToolAction::new("get_logs", RouteId::LogsGet),
        ToolAction::new("update_env", RouteId::FunctionEnvPatch).renaming(&[("env", "envVars")]),
        ToolAction::new("update_settings", RouteId::FunctionSettingsPatch).hiding(&["rollout"]),
        ToolAction::new("versions", RouteId::VersionsList),
        ToolAction::new("rollback", RouteId::FunctionsRollback),
        ToolAction::new("rollout", RouteId::FunctionSettingsPatch).within("rollout"),
    ],
    words: &[
        ("function_name", "The function. Every action but list needs it."),
        ("env", "update_env: variables to set; null deletes one, the others stay."),
        ("limit", "get_logs: records a page, 1 to 1000 (default: 100)."),
        ("cursor", "get_logs: `nextCursor` of the page before."),
        ("since", "get_logs: from this time on (RFC 3339)."),
        ("until", "get_logs: before this time (RFC 3339)."),
        ("level", "get_logs: only records with a console entry of this level."),
        ("status", "get_logs: only this status; or error, or ok."),
        ("invocation", "get_logs: only this invocation."),
        (
            "version",
            "rollback: the version to go back to (default: the one before). rollout: the version to roll out.",
        ),
        ("percent", "rollout: its share of the calls; 0 ends the rollout, 100 completes it."),
        ("max_error_percent", "rollout: beyond this share of failures it is rolled back (default: 5)."),
        ("min_invocations", "rollout: invocations before failures count (default: 20)."),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Lists, shows, changes and deletes functions, and reads their logs.

Actions, each with app_id
  list                                  all functions
  get          { function_name }        one, with its code, settings and the names of its variables
  delete       { function_name }        deletes it and its variables; there is no way back
  get_logs     { function_name, limit?, cursor?, since?, until?, level?, status?, invocation? }
                                        records of invocations, newest first: console output, errors with mapped stacks, times
  update_env   { function_name, env: { NAME: value | null } }
  update_settings { function_name, timeoutMs?, memoryLimitMb?, cpuLimitMs?, agent_tool?, allow_service_key_impersonation?, ... }
  versions     { function_name }        all versions, newest first
  rollback     { function_name, version? }
  rollout      { function_name, percent, version?, max_error_percent?, min_invocations? }

Errors: RESOURCE_NOT_FOUND: no such app or function; VALIDATION_INVALID_SCHEMA names the parameter that is wrong."#;
