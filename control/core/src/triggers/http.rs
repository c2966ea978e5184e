//! Http triggers: requests to a function's URL. Its source is the edge's call route, its ledger the invocation records.

mod config;
mod event;
mod matching;

pub(crate) use config::Http;
pub use config::PATH_BYTES_MAX;
pub use matching::HttpTrigger;

pub(crate) use event::HttpEvent;
