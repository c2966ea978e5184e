//! What a failure of the platform's database means to whoever asked.

use crate::auth::key::NoRandomness;
use crate::error::{ApiError, Code};
use crate::secrets::SecretsError;
use crate::store::StoreError;

/// How the body's `details.subsystem` and `/readyz` call it.
pub(super) const POSTGRESQL: &str = "postgresql";

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(POSTGRESQL, error),
            StoreError::Full(_) => {
                Self::new(Code::StorageFull, "PostgreSQL has no space left; nothing was changed")
                    .with_details(serde_json::json!({ "subsystem": POSTGRESQL }))
                    .because(error)
            }
            StoreError::Conflict(_) => {
                Self::new(Code::ResourceConflict, "it exists already, or is being changed by someone else")
                    .because(error)
            }
            StoreError::Missing(what) => Self::not_found(what),
            StoreError::Migrate(_) | StoreError::Internal(_) => Self::internal(error),
        }
    }
}

impl From<SecretsError> for ApiError {
    fn from(error: SecretsError) -> Self {
        Self::new(Code::SecretsUnavailable, "the environment cannot be sealed or opened").because(error)
    }
}

impl From<NoRandomness> for ApiError {
    fn from(error: NoRandomness) -> Self {
        Self::internal(error)
    }
}
