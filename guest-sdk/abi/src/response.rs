//! The function's response, as the guest sends it: status, header pairs, and the body to the end.

use crate::body::{BodyFrame, BodyKind};
use crate::frame::{Malformed, Reader, Writer};

/// Appends a response to a frame.
pub fn write<'a>(
    writer: &mut Writer,
    status: u16,
    headers: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    body: BodyFrame<'_>,
) {
    writer.u16(status);
    body.kind().write(writer);
    writer.pairs(headers);
    body.write(writer);
}

/// A response frame, read.
#[derive(Debug, PartialEq, Eq)]
pub struct ResponseFrame<'a> {
    /// The status, unchecked.
    pub status: u16,
    /// The headers, unchecked.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: BodyFrame<'a>,
}

impl<'a> ResponseFrame<'a> {
    /// Reads a response.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let status = reader.u16()?;
        let kind = BodyKind::read(&mut reader)?;
        let headers = reader.pairs()?;
        Ok(Self { status, headers, body: BodyFrame::rest(kind, reader) })
    }
}
