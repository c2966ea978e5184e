//! What an `Intl` task answers: a text, or why there is none.

use mayfly_abi::compute::Status;

use super::super::Refusal;

pub(super) type Answer = Result<String, Refusal>;

pub(super) fn bad_settings() -> Refusal {
    Refusal(Status::Type, "invalid Intl argument")
}

pub(super) fn missing() -> Refusal {
    Refusal(Status::NotSupported, "Intl has no data for this")
}
