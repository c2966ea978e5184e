//! The frame of a computation: its number, then its arguments.

use mayfly_abi::compute::Computation;
use mayfly_abi::frame::{Malformed, Reader};

/// The computation that a frame asks for, and its arguments.
pub(super) fn open(frame: &[u8]) -> Result<(Computation, Reader<'_>), Malformed> {
    let mut reader = Reader::new(frame);
    let computation = Computation::from_number(reader.u16()?).ok_or(Malformed)?;
    Ok((computation, reader))
}
