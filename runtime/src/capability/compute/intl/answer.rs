//! What an `Intl` task answers: a text, or why there is none.

use mayfly_abi::compute::Status;

use super::super::ComputeError;

pub(crate) type IntlAnswer = Result<String, ComputeError>;

pub(crate) fn bad_settings() -> ComputeError {
    ComputeError(Status::Type, "invalid Intl argument")
}

pub(crate) fn missing() -> ComputeError {
    ComputeError(Status::NotSupported, "Intl has no data for this")
}
