//! What `ctx.idempotency`'s operations send, and what comes back.

use crate::frame::{Malformed, Reader, Writer};

/// A claim of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimFrame {
    /// The key.
    pub key: String,
    /// The namespace.
    pub scope: String,
    /// After how many seconds it may be taken again; 0 for never.
    pub ttl_seconds: u32,
}

impl ClaimFrame {
    /// The frame of this operation.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(16 + self.key.len() + self.scope.len());
        writer.text(&self.key);
        writer.text(&self.scope);
        writer.u32(self.ttl_seconds);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            key: reader.text()?.to_owned(),
            scope: reader.text()?.to_owned(),
            ttl_seconds: reader.u32()?,
        })
    }
}

/// The answer to a claim that work is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAnswer<'a> {
    /// The key is the caller's: the transaction in which to work.
    Mine(u32),
    /// The work was done before, with this result: JSON, or nothing for `undefined`.
    Done(&'a str),
}

impl<'a> ClaimAnswer<'a> {
    /// The frame of this answer.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::default();
        match self {
            Self::Mine(transaction) => {
                writer.u8(0);
                writer.u32(transaction);
            }
            Self::Done(result) => {
                writer.u8(1);
                writer.text(result);
            }
        }
        writer.finish()
    }

    /// Reads the answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(match reader.u8()? {
            0 => Self::Mine(reader.u32()?),
            1 => Self::Done(reader.text()?),
            _ => return Err(Malformed),
        })
    }
}

/// The end of work that is bound to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishClaim {
    /// The transaction's number.
    pub transaction: u32,
    /// Its result: JSON, or nothing for `undefined`.
    pub result: String,
}

impl FinishClaim {
    /// The frame of this operation.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(8 + self.result.len());
        writer.u32(self.transaction);
        writer.text(&self.result);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { transaction: reader.u32()?, result: reader.text()?.to_owned() })
    }
}
