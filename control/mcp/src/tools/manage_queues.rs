//! `manage_queues`: jobs of functions, and what became of them.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "manage_queues",
    title: "Manage Queues",
    description: DESCRIPTION,
    // `enqueue` and `replay` run functions, `cancel` takes a job away.
    hints: Hints { read_only: false, destructive: true, idempotent: false, open_world: true },
    actions: &[
        ToolAction::new("list", RouteId::QueuesList),
        ToolAction::new("update", RouteId::QueuePatch),
        ToolAction::new("jobs", RouteId::JobsList),
        ToolAction::new("enqueue", RouteId::JobEnqueue),
        ToolAction::new("job", RouteId::JobGet),
        ToolAction::new("replay", RouteId::JobReplay),
        ToolAction::new("cancel", RouteId::JobCancel),
    ],
    words: &[
        ("function_name", "The function whose queue it is. Every action but list needs it."),
        ("job_id", "job, replay, cancel: the job (job_...)."),
        ("payload", "enqueue: the body of the function's request."),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Shows the queues of an app's functions, and stores, replays or cancels jobs.

Actions, each with app_id
  list                                           the queues, with how many jobs are in which state
  update  { function_name, concurrency?, paused? }
  jobs    { function_name, state?, ... }         newest first
  enqueue { function_name, payload?, delay?, at?, attempts?, backoff?, key? }
  job     { function_name, job_id }              with its payload and its error
  replay  { function_name, job_id }              runs a job that has ended once more
  cancel  { function_name, job_id }              a job that waits

A job fails when its function throws or answers with a status of 400 and above; it is tried again until its attempts are used up."#;
