//! The guest's report of a failure that it saw itself.

use crate::frame::{Malformed, Reader, Writer};

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ReportKind {
    /// Something was thrown.
    Threw = 0,
    /// The `RangeError` of a full call stack was thrown.
    StackOverflow = 1,
    /// The engine ran out of memory.
    OutOfMemory = 2,
    /// The handler returned something else than a `Response`; the message says what.
    NoResponse = 3,
    /// The module exports no handler; the message says what it does export.
    NoHandler = 4,
    /// The source could not be compiled.
    Syntax = 5,
}

/// A failure, as the guest describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultReport {
    /// What kind.
    pub kind: ReportKind,
    /// `Name: message`, or the printed value.
    pub message: String,
    /// The stack, or nothing.
    pub stack: String,
    /// `error.code`, where it is a string.
    pub code: Option<String>,
}

impl FaultReport {
    /// The frame of this report.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(64 + self.message.len() + self.stack.len());
        writer.u8(self.kind as u8);
        writer.text(&self.message);
        writer.text(&self.stack);
        writer.optional_text(self.code.as_deref());
        writer.finish()
    }

    /// Reads a report.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let kind = match reader.u8()? {
            0 => ReportKind::Threw,
            1 => ReportKind::StackOverflow,
            2 => ReportKind::OutOfMemory,
            3 => ReportKind::NoResponse,
            4 => ReportKind::NoHandler,
            5 => ReportKind::Syntax,
            _ => return Err(Malformed),
        };
        Ok(Self {
            kind,
            message: reader.text()?.to_owned(),
            stack: reader.text()?.to_owned(),
            code: reader.optional_text()?.map(str::to_owned),
        })
    }
}
