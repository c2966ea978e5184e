//! What each submitted operation sends, and what comes back.

mod database;
mod idempotency;

pub use database::{Actor, Batch, Begin, Fetching, Query};
pub use idempotency::{Begun, Claim, Settle};

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

/// An outbound request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// 0 follow, 1 error, 2 manual.
    pub redirect: u8,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, or none.
    pub body: Option<Vec<u8>>,
}

impl Fetch {
    /// Appends everything but the body, which follows with [`Writer::rest`].
    pub fn begin<'a>(
        writer: &mut Writer,
        method: &str,
        url: &str,
        redirect: u8,
        headers: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
        has_body: bool,
    ) {
        writer.text(method);
        writer.text(url);
        writer.u8(redirect);
        writer.u8(u8::from(has_body));
        writer.pairs(headers);
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let method = reader.text()?.to_owned();
        let url = reader.text()?.to_owned();
        let redirect = reader.u8()?;
        let has_body = reader.u8()? != 0;
        let headers = reader.pairs()?;
        let body = reader.rest();
        Ok(Self { method, url, redirect, headers, body: has_body.then(|| body.to_vec()) })
    }
}

/// The answer to an outbound request.
#[derive(Debug)]
pub struct Fetched<'a> {
    /// The status.
    pub status: u16,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// The URL that answered.
    pub url: &'a str,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Fetched<'a> {
    /// Appends the answer to a frame.
    pub fn write(&self, writer: &mut Writer) {
        writer.u16(self.status);
        writer.u8(u8::from(self.redirected));
        writer.text(self.url);
        writer.pairs(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        writer.rest(self.body);
    }

    /// Reads an answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            status: reader.u16()?,
            redirected: reader.u8()? != 0,
            url: reader.text()?,
            headers: reader.pairs()?,
            body: reader.rest(),
        })
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
