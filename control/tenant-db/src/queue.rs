//! Jobs of `ctx.enqueue`, in the apps' own databases: functions store them, nodes run them.
//!
//! Functions' logins may do nothing with the tables but call `mayfly.enqueue`; all else is the platform's own, over
//! connections of the administrator's.

mod history;
mod provider;
mod session;
mod settings;

pub use crate::db::{
    ATTEMPTS_MAX, AppWakes, BACKOFF_SECONDS_MAX, DELAY_SECONDS_MAX, KEY_MAX, PAYLOAD_BYTES_MAX, check_job,
};
pub use history::{JobQuery, JobRow, QueueCounts};
pub use provider::AppQueues;
pub use session::{ClaimedJob, JobClaim, JobEnd, JobOutcome, JobSession, Stepped};
pub use settings::{QueueChange, QueueSettings};
