//! The wall clock: the only place of the runtime that reads it.

use std::time::SystemTime;

/// The present instant.
#[allow(clippy::disallowed_methods, reason = "this is the place")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
