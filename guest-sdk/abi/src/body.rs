//! A body within a frame: none, all of it, or word that it comes piece by piece.

use crate::frame::{Malformed, Reader, Writer};

/// The largest piece of a body that is sent by itself.
pub const CHUNK_BYTES_MAX: usize = 256 << 10;

/// A body, as the rest of a frame; its [`Kind`] stands somewhere before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// A null body.
    None,
    /// All of it.
    Whole(&'a [u8]),
    /// It comes by operations of its own.
    Stream,
}

/// Which of those it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// See [`Body::None`].
    #[default]
    None,
    /// See [`Body::Whole`].
    Whole,
    /// See [`Body::Stream`].
    Stream,
}

impl<'a> Body<'a> {
    /// Which it is.
    pub fn kind(self) -> Kind {
        match self {
            Self::None => Kind::None,
            Self::Whole(_) => Kind::Whole,
            Self::Stream => Kind::Stream,
        }
    }

    /// The rest of a frame, of which the kind is known.
    pub fn rest(kind: Kind, mut reader: Reader<'a>) -> Self {
        match kind {
            Kind::None => Self::None,
            Kind::Whole => Self::Whole(reader.rest()),
            Kind::Stream => Self::Stream,
        }
    }

    /// Ends a frame with it.
    pub fn write(self, writer: &mut Writer) {
        if let Self::Whole(bytes) = self {
            writer.rest(bytes);
        }
    }
}

impl Kind {
    /// Appends it to a frame.
    pub fn write(self, writer: &mut Writer) {
        writer.u8(self as u8);
    }

    /// Reads it.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.u8()? {
            0 => Self::None,
            1 => Self::Whole,
            2 => Self::Stream,
            _ => return Err(Malformed),
        })
    }
}
