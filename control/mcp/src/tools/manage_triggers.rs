//! `manage_triggers`: what starts functions, and what became of it.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "manage_triggers",
    title: "Manage Triggers",
    description: DESCRIPTION,
    // `cron_run` and `replay` run functions.
    hints: Hints { read_only: false, destructive: true, idempotent: false, open_world: true },
    actions: &[
        ToolAction::new("list", RouteId::TriggersList),
        ToolAction::new("cron", RouteId::CronGet),
        ToolAction::new("cron_run", RouteId::CronRun),
        ToolAction::new("deliveries", RouteId::WebhookDeliveriesList),
        ToolAction::new("delivery", RouteId::WebhookDeliveryGet),
        ToolAction::new("replay", RouteId::WebhookDeliveryReplay),
    ],
    words: &[
        ("function_name", "The function. Every action but list needs it."),
        ("delivery_id", "delivery, replay: the delivery (whd_...)."),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Shows what starts functions and what became of it, and runs a slot or a delivery once more.

Actions, each with app_id
  list                                        the triggers of all functions, with their next and last run
  cron       { function_name }                the next slots, and what became of the last ones
  cron_run   { function_name }                runs the function now, beside its schedule
  deliveries { function_name, ... }           what came to its webhook, newest first
  delivery   { function_name, delivery_id }
  replay     { function_name, delivery_id }   runs a delivery that has ended once more

Triggers are changed by deploy_function."#;
