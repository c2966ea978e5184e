//! `manage_realtime`: which tables' changes sockets can follow.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "manage_realtime",
    title: "Manage Realtime",
    description: DESCRIPTION,
    // What a subscriber sees is what it could read: nothing is lost by switching a table off and on again.
    hints: Hints { read_only: false, destructive: false, idempotent: true, open_world: false },
    actions: &[
        ToolAction::new("list", RouteId::RealtimeTablesList),
        ToolAction::new("enable", RouteId::RealtimeTableEnable),
        ToolAction::new("disable", RouteId::RealtimeTableDisable),
    ],
    words: &[("table", "enable, disable: the table's name, in the schema public.")],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Switches tables on and off for the change feed: clients with a socket that send {"type": "subscribe", "table": NAME} are told of inserts, updates and deletes of the rows that row-level security shows them.

Actions, each with app_id
  list               the tables that are switched on
  enable  { table }  on; one that is on stays so
  disable { table }  off; its subscribers are told"#;
