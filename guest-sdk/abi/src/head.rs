//! The head of an invocation: everything that the guest needs before the handler runs.

use crate::body::BodyKind;
use crate::frame::{Malformed, Reader, Writer};

/// Written by the host, read by the guest.
#[derive(Debug)]
pub struct Head<'a> {
    /// Renews every generator that the snapshot froze.
    pub seed: [u8; 16],
    /// When the invocation began: milliseconds since 1970.
    pub started_at_ms: f64,
    /// The request's method.
    pub method: &'a str,
    /// The request's absolute URL.
    pub url: &'a str,
    /// Whether there is a body, and how it is read.
    pub body: BodyKind,
    /// A frame of header pairs, read only when the function asks.
    pub headers: &'a [u8],
}

impl<'a> Head<'a> {
    /// Appends the head to a frame.
    pub fn write(&self, writer: &mut Writer) {
        writer.rest(&self.seed);
        writer.f64(self.started_at_ms);
        writer.text(self.method);
        writer.text(self.url);
        self.body.write(writer);
        writer.rest(self.headers);
    }

    /// Reads a head.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (seed, rest) = bytes.split_first_chunk::<16>().ok_or(Malformed)?;
        let mut reader = Reader::new(rest);
        Ok(Self {
            seed: *seed,
            started_at_ms: reader.f64()?,
            method: reader.text()?,
            url: reader.text()?,
            body: BodyKind::read(&mut reader)?,
            headers: reader.rest(),
        })
    }
}
