//! `From<SecretsError> for ApiError`.

use mayfly_api::error::{ApiError, Code};

use crate::SecretsError;

impl From<SecretsError> for ApiError {
    fn from(error: SecretsError) -> Self {
        Self::new(Code::SecretsUnavailable, "the environment cannot be encrypted or decrypted").because(error)
    }
}
