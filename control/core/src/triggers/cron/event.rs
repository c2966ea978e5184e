//! What a function gets to know of the slot that fired: `ctx.trigger`, and the body of its request.

use mayfly_api::value::Timestamp;
use mayfly_runtime::Request;
use mayfly_store::ClaimedSlot;
use serde::Serialize;

/// A slot that fires. `ctx.trigger`, next to its `type`, is this with names in camel case.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CronEvent {
    schedule: String,
    timezone: String,
    scheduled_at: Timestamp,
    fired_at: Timestamp,
    attempt: u32,
    manual: bool,
}

/// The body of the request: names in snake case, as everywhere in the API.
#[derive(Serialize)]
struct Body<'a> {
    trigger: &'static str,
    schedule: &'a str,
    timezone: &'a str,
    scheduled_at: Timestamp,
    fired_at: Timestamp,
    attempt: u32,
    manual: bool,
}

impl CronEvent {
    /// Of a claimed slot.
    pub(super) fn new(slot: &ClaimedSlot) -> Self {
        Self {
            schedule: slot.schedule.clone(),
            timezone: slot.timezone.clone(),
            scheduled_at: slot.key.scheduled_at.into(),
            fired_at: slot.fired_at.into(),
            attempt: slot.attempt,
            manual: slot.key.manual,
        }
    }

    /// `POST` with a JSON body, to the function's URL.
    pub(super) fn request(&self, url: &str) -> Request {
        let body = Body {
            trigger: "cron",
            schedule: &self.schedule,
            timezone: &self.timezone,
            scheduled_at: self.scheduled_at,
            fired_at: self.fired_at,
            attempt: self.attempt,
            manual: self.manual,
        };
        // Strings, numbers and booleans only.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        Request {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("x-trigger-type".to_owned(), "cron".to_owned()),
            ],
            body: Some(body.into()),
        }
    }
}
