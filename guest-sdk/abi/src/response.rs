//! The function's answer, as the guest sends it: status, header pairs, and the body to the end.

use crate::frame::{Malformed, Reader, Writer};

/// Begins a response frame; the body, if there is one, follows with [`Writer::rest`].
pub fn begin<'a>(
    writer: &mut Writer,
    status: u16,
    headers: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    has_body: bool,
) {
    writer.u16(status);
    writer.u8(u8::from(has_body));
    writer.pairs(headers);
}

/// A response frame, read.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The status, unchecked.
    pub status: u16,
    /// The headers, unchecked.
    pub headers: Vec<(String, String)>,
    /// The body, or `None` for a null body.
    pub body: Option<&'a [u8]>,
}

impl<'a> Frame<'a> {
    /// Reads a response.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let status = reader.u16()?;
        let has_body = reader.u8()? != 0;
        let headers = reader.pairs()?;
        let body = reader.rest();
        Ok(Self { status, headers, body: has_body.then_some(body) })
    }
}
