//! Why a connection to an upstream ended: the first reason counts.

use std::sync::{Arc, Mutex, PoisonError};

/// The reason, once there is one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct UpstreamFault(Arc<Mutex<Option<String>>>);

impl UpstreamFault {
    pub(crate) fn set(&self, reason: impl Into<String>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert_with(|| reason.into());
    }

    pub(crate) fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
