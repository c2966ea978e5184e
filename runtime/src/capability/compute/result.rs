//! What a computation results in: bytes, or a refusal with the DOM exception that it becomes.

use mayfly_abi::compute::Status;
use mayfly_abi::frame::Malformed;
use zeroize::Zeroizing;

/// A result, which may be a key.
pub(crate) type Output = Zeroizing<Vec<u8>>;
pub(crate) type Computed = Result<Output, ComputeError>;

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ComputeError(pub(crate) Status, pub(crate) &'static str);

impl From<Malformed> for ComputeError {
    fn from(_: Malformed) -> Self {
        Self(Status::Type, "the arguments of this computation are malformed")
    }
}

pub(crate) fn operation(why: &'static str) -> ComputeError {
    ComputeError(Status::Operation, why)
}

pub(crate) fn data(why: &'static str) -> ComputeError {
    ComputeError(Status::Data, why)
}

pub(crate) fn not_supported(why: &'static str) -> ComputeError {
    ComputeError(Status::NotSupported, why)
}

pub(crate) fn yes_or_no(yes: bool) -> Computed {
    Ok(vec![u8::from(yes)].into())
}

pub(super) fn parts(computed: Computed) -> (Status, Output) {
    match computed {
        Ok(bytes) => (Status::Done, bytes),
        Err(ComputeError(status, why)) => (status, why.as_bytes().to_vec().into()),
    }
}
