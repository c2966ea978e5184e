//! The function's response, as the guest sends it: status, header pairs, and the body to the end.

use crate::body::{BodyFrame, BodyKind};
use crate::frame::{Malformed, Reader, Writer};

/// The headers of a response, as they are written.
#[derive(Debug, Clone, Copy)]
pub enum ResponseHeaders<'a> {
    /// The one that most have, without its name: the guest would have to read that.
    ContentType(&'a str),
    /// Names and values.
    Pairs(&'a [(String, String)]),
}

/// Appends a response to a frame.
pub fn write(writer: &mut Writer, status: u16, headers: ResponseHeaders<'_>, body: BodyFrame<'_>) {
    writer.u16(status);
    body.kind().write(writer);
    match headers {
        ResponseHeaders::ContentType(value) => {
            writer.u8(1);
            writer.text(value);
        }
        ResponseHeaders::Pairs(pairs) => {
            writer.u8(0);
            writer.pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        }
    }
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
        let headers = match reader.u8()? {
            0 => reader.pairs()?,
            1 => vec![("content-type".to_owned(), reader.text()?.to_owned())],
            _ => return Err(Malformed),
        };
        Ok(Self { status, headers, body: BodyFrame::rest(kind, reader) })
    }
}
