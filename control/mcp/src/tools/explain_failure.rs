//! `explain_failure`: why an invocation failed, in one answer.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "explain_failure",
    title: "Explain Failure",
    description: DESCRIPTION,
    hints: Hints { read_only: true, destructive: false, idempotent: true, open_world: false },
    actions: &[ToolAction::new("", RouteId::InvocationExplain)],
    words: &[("invocation_id", "The invocation: results of invoke_function and errors name it.")],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Explains how an invocation ended: its error and what that code means, the stack mapped to the source, the
console output, what the deploy of its version changed (a diff), and the policies of row-level security that refused it.

Example
  Input:  { app_id: "app_abc123def456", invocation_id: "inv_..." }
  Output: { function, failed, summary, invocation: { error, stack, consoleLogs, ... }, error: { code, remediation, ... },
            deploy: { version, before, diff, ... }, row_level_security, next_steps }"#;
