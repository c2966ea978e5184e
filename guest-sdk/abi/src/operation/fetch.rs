//! What `fetch`'s operations send, and what comes back.

use crate::body::{BodyFrame, BodyKind};
use crate::frame::{Malformed, Reader, Writer};

/// An outbound request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchFrame<'a> {
    /// The method.
    pub method: &'a str,
    /// The absolute URL.
    pub url: &'a str,
    /// 0 follow, 1 error, 2 manual.
    pub redirect: u8,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: BodyFrame<'a>,
}

impl<'a> FetchFrame<'a> {
    /// The frame of this operation.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(256);
        writer.text(self.method);
        writer.text(self.url);
        writer.u8(self.redirect);
        self.body.kind().write(&mut writer);
        writer.pairs(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.body.write(&mut writer);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let method = reader.text()?;
        let url = reader.text()?;
        let redirect = reader.u8()?;
        let kind = BodyKind::read(&mut reader)?;
        let headers = reader.pairs()?;
        Ok(Self { method, url, redirect, headers, body: BodyFrame::rest(kind, reader) })
    }
}

/// The answer to an outbound request.
#[derive(Debug)]
pub struct Fetched<'a> {
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub status_text: &'a str,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// The URL that answered.
    pub url: &'a str,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body; a stream's number is that of the operation.
    pub body: BodyFrame<'a>,
}

impl<'a> Fetched<'a> {
    /// The frame of this answer.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(256);
        writer.u16(self.status);
        writer.text(self.status_text);
        writer.u8(u8::from(self.redirected));
        writer.text(self.url);
        self.body.kind().write(&mut writer);
        writer.pairs(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.body.write(&mut writer);
        writer.finish()
    }

    /// Reads an answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let status = reader.u16()?;
        let status_text = reader.text()?;
        let redirected = reader.u8()? != 0;
        let url = reader.text()?;
        let kind = BodyKind::read(&mut reader)?;
        let headers = reader.pairs()?;
        Ok(Self { status, status_text, redirected, url, headers, body: BodyFrame::rest(kind, reader) })
    }
}

/// A piece of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchWrite<'a> {
    /// The number of the fetch.
    pub fetch: u32,
    /// The piece.
    pub piece: &'a [u8],
}

impl<'a> FetchWrite<'a> {
    /// The frame of this operation.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(4 + self.piece.len());
        writer.u32(self.fetch);
        writer.rest(self.piece);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { fetch: reader.u32()?, piece: reader.rest() })
    }
}

/// How one of the two bodies of a fetch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferEnd {
    /// The rest of the response's body is not wanted.
    Unwanted,
    /// The request's body is complete.
    Complete,
    /// The request's body breaks off.
    Broken,
}

/// The end of one of the bodies of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchEnd {
    /// The number of the fetch.
    pub fetch: u32,
    /// How it ended.
    pub ending: TransferEnd,
}

impl FetchEnd {
    /// The bytes to send.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(5);
        writer.u32(self.fetch);
        writer.u8(self.ending as u8);
        writer.finish()
    }

    /// Reads them.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let fetch = reader.u32()?;
        let ending = match reader.u8()? {
            0 => TransferEnd::Unwanted,
            1 => TransferEnd::Complete,
            2 => TransferEnd::Broken,
            _ => return Err(Malformed),
        };
        Ok(Self { fetch, ending })
    }
}
