//! `From<StoreError> for ApiError`.

use mayfly_api::error::{ApiError, Code};

use crate::StoreError;

/// The name of the store in `details.subsystem` and in `/readyz`.
pub const POSTGRESQL: &str = "postgresql";

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(POSTGRESQL, error),
            StoreError::Full(_) => {
                Self::new(Code::StorageFull, "PostgreSQL has no space left; nothing was changed")
                    .with_details(serde_json::json!({ "subsystem": POSTGRESQL }))
                    .because(error)
            }
            StoreError::Conflict(reason) => Self::new(Code::ResourceConflict, reason),
            StoreError::Missing(what) => Self::not_found(what),
            StoreError::Migrate(_) | StoreError::Internal(_) => Self::internal(error),
        }
    }
}
