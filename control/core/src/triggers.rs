//! Triggers: what starts a function. One folder a kind, all of one shape; adding one is a copy of `http`, its name in
//! `mayfly_api::triggers::TriggerKind` and a line in `kind`.
//!
//! A kind's folder has `config.rs` (what a deploy may say of it), and where it is served `event.rs` (what a function
//! gets to know of what fired), a source (an edge route, or a [`Job`](mayfly_common::jobs::Job)) that starts functions
//! by the one [`TriggerRunner`], and a ledger in the store.

pub mod cron;
mod http;
mod in_flight;
mod list;
mod promised;
pub mod queue;
mod run;
mod running;
pub mod s3_upload;
mod settler;
pub mod webhook;
pub mod websocket;

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::triggers::{Trigger, TriggerKind, TriggerSpec};
use mayfly_api::value::{List, Object};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use list::Triggers;
pub use promised::PromisedJob;
pub use run::TriggerRunner;

/// One kind of trigger.
pub(crate) trait TriggerUnit {
    /// Which kind.
    const KIND: TriggerKind;
    /// Whether this version of Mayfly starts functions by it.
    const AVAILABLE: bool;
    /// What a deploy may say of it.
    type Config: DeserializeOwned;
    /// What is kept of that, with defaults.
    type Stored: Serialize;

    /// Check a config beyond its shape; `path` is where it stands in the request.
    fn check(config: Self::Config, path: &str) -> ApiResult<Self::Stored>;
}

/// The list of kinds.
fn kind(kind: TriggerKind) -> fn(Map<String, Value>, &str) -> ApiResult<Value> {
    match kind {
        TriggerKind::Http => read_config::<http::Http>,
        TriggerKind::Cron => read_config::<cron::Cron>,
        TriggerKind::S3Upload => read_config::<s3_upload::S3Upload>,
        TriggerKind::Webhook => read_config::<webhook::Webhook>,
        TriggerKind::Websocket => read_config::<websocket::Websocket>,
    }
}

/// The triggers of a deploy: `triggers` wins over `trigger`; `None` when neither is there.
///
/// # Errors
/// For two of a kind, a config that is wrong, and a kind that would never start anything.
pub(crate) fn read(
    single: Option<Object<TriggerSpec>>,
    list: Option<List<Object<TriggerSpec>, 1, 5>>,
) -> ApiResult<Option<Vec<Trigger>>> {
    let specs: Vec<(String, TriggerSpec)> = match (list, single) {
        (Some(list), _) => {
            let specs = list.into_vec().into_iter().enumerate();
            specs.map(|(place, Object(spec))| (format!("triggers[{place}]"), spec)).collect()
        }
        (None, Some(Object(spec))) => vec![("trigger".to_owned(), spec)],
        (None, None) => return Ok(None),
    };
    let mut triggers: Vec<Trigger> = Vec::with_capacity(specs.len());
    for (path, spec) in specs {
        if triggers.iter().any(|other| other.kind == spec.kind) {
            let message = format!("there is another {} trigger already", spec.kind.as_str());
            return Err(ApiError::invalid(&format!("{path}.type"), message));
        }
        let config = kind(spec.kind)(spec.config.unwrap_or_default(), &path)?;
        triggers.push(Trigger { kind: spec.kind, config, enabled: spec.enabled.unwrap_or(true) });
    }
    Ok(Some(triggers))
}

fn read_config<U: TriggerUnit>(config: Map<String, Value>, path: &str) -> ApiResult<Value> {
    let config_path = format!("{path}.config");
    let config = mayfly_api::decode::value(Value::Object(config), &config_path)?;
    let stored = U::check(config, &config_path)?;
    if !U::AVAILABLE {
        return Err(unavailable(U::KIND, path));
    }
    serde_json::to_value(stored).map_err(ApiError::internal)
}

/// Better refused than kept and never fired.
fn unavailable(kind: TriggerKind, path: &str) -> ApiError {
    let message =
        format!("{path}: {} triggers are not available in this version of Mayfly yet", kind.as_str());
    ApiError::new(Code::ValidationTriggerUnavailable, message).with_details(
        serde_json::json!({ "path": format!("{path}.type"), "available": ["http", "cron", "s3_upload", "webhook", "websocket"] }),
    )
}

/// A trigger as the API shows it: without what is secret in its config.
pub(crate) fn shown(trigger: Trigger) -> Trigger {
    match trigger.kind {
        TriggerKind::Webhook => Trigger { config: webhook::shown(&trigger.config), ..trigger },
        _ => trigger,
    }
}

#[cfg(test)]
mod tests;
