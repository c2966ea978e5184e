//! `manage_app`: apps and what they are set to.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "manage_app",
    title: "Manage Apps",
    description: DESCRIPTION,
    hints: Hints { read_only: false, destructive: true, idempotent: false, open_world: false },
    actions: &[
        ToolAction::new("list", RouteId::AppsList),
        ToolAction::new("create", RouteId::AppsCreate),
        ToolAction::new("get", RouteId::AppsGet),
        ToolAction::new("delete", RouteId::AppsDelete),
        ToolAction::new("get_config", RouteId::ConfigGet),
        ToolAction::new("update_config", RouteId::ConfigPatch),
    ],
    words: &[
        ("app_id", "The app. Every action but list and create needs it."),
        ("name", "create: a name for the app."),
        ("confirm", "delete: the app's id once more."),
        ("paused", "update_config: the kill switch; functions answer 503 while it is true."),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Lists, makes and deletes apps, and changes what they are set to.

Actions
  list                                 all apps (needs the operator's key, as create, get and delete do)
  create        { name }               a new app, its database and its keys, which are shown this once
  get           { app_id }
  delete        { app_id, confirm }    drops its database; there is no way back
  get_config    { app_id }
  update_config { app_id, paused?, reason?, cors_origins?, egress?, limits?, auth? }

Errors: AUTH_FORBIDDEN: the key may not; RESOURCE_NOT_FOUND: there is no such app for this key."#;
