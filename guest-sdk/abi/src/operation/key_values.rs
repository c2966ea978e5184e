//! What `ctx.kv`'s operation sends.

use crate::frame::{Malformed, Reader, Writer};

/// What is to be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyValueVerb {
    /// Its value.
    Get = 0,
    /// Gives it a value.
    Set = 1,
    /// Forgets it.
    Delete = 2,
    /// Adds to its number.
    Increment = 3,
    /// The keys that begin with it.
    List = 4,
}

impl KeyValueVerb {
    fn from_number(number: u8) -> Result<Self, Malformed> {
        Ok(match number {
            0 => Self::Get,
            1 => Self::Set,
            2 => Self::Delete,
            3 => Self::Increment,
            4 => Self::List,
            _ => return Err(Malformed),
        })
    }
}

/// One operation of `ctx.kv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValueFrame {
    /// What is to be done.
    pub verb: KeyValueVerb,
    /// The key, or what the keys of a list begin with.
    pub key: String,
    /// A value as JSON, a number to add, or the key behind which a list begins.
    pub value: String,
    /// After how many seconds it is forgotten, 0 for never; how many keys a list has.
    pub number: u32,
}

impl KeyValueFrame {
    /// The frame of this operation.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(16 + self.key.len() + self.value.len());
        writer.u8(self.verb as u8);
        writer.text(&self.key);
        writer.text(&self.value);
        writer.u32(self.number);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            verb: KeyValueVerb::from_number(reader.u8()?)?,
            key: reader.text()?.to_owned(),
            value: reader.text()?.to_owned(),
            number: reader.u32()?,
        })
    }
}
