//! What each submitted operation sends, and what comes back.

mod database;
mod fetch;
mod idempotency;
mod key_values;
mod queue;
mod realtime;
mod websocket;

pub use database::{ActorFrame, Begin, FetchRows, Query, RowsFrame};
pub use fetch::{FetchEnd, FetchFrame, FetchWrite, Fetched, TransferEnd};
pub use idempotency::{ClaimAnswer, ClaimFrame, FinishClaim};
pub use key_values::{KeyValueFrame, KeyValueVerb};
pub use queue::{EnqueueFrame, Enqueued, JobStart};
pub use realtime::RealtimeFrame;
pub use websocket::{ConnectFrame, MESSAGE_BYTES_MAX, MessageFrame};

use crate::frame::{Malformed, Reader, Writer};

/// A timer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sleep {
    /// For how long, in milliseconds.
    pub ms: u32,
    /// Whether an invocation that waits for nothing else may end.
    pub background: bool,
}

impl Sleep {
    /// The frame of this operation.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(5);
        writer.u32(self.ms);
        writer.u8(u8::from(self.background));
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { ms: reader.u32()?, background: reader.u8()? != 0 })
    }
}

/// The first byte of an operation's answer: it went well, and what follows is the operation's own.
pub const ANSWER_OK: u8 = 0;
/// The first byte of an operation's answer: it failed, and what follows is an [`OperationError`].
pub const ANSWER_ERROR: u8 = 1;

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationError {
    /// `error.code`
    pub code: String,
    /// `error.message`
    pub message: String,
    /// Further properties.
    pub fields: Vec<(String, String)>,
}

impl OperationError {
    /// Appends the error to a frame.
    pub fn write<'a>(
        writer: &mut Writer,
        code: &str,
        message: &str,
        fields: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) {
        writer.text(code);
        writer.text(message);
        writer.pairs(fields);
    }

    /// Reads an error.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            code: reader.text()?.to_owned(),
            message: reader.text()?.to_owned(),
            fields: reader.pairs()?,
        })
    }
}
