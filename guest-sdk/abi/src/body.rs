//! A body within a frame: none, all of it, or a mark that it comes piece by piece.

use crate::frame::{Malformed, Reader, Writer};

/// The largest piece of a body that is sent by itself.
pub const CHUNK_BYTES_MAX: usize = 256 << 10;

/// A body, as the rest of a frame; its [`BodyKind`] stands somewhere before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFrame<'a> {
    /// A null body.
    None,
    /// All of it.
    Whole(&'a [u8]),
    /// It comes by operations of its own.
    Stream,
}

/// Which of those it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyKind {
    /// See [`BodyFrame::None`].
    #[default]
    None,
    /// See [`BodyFrame::Whole`].
    Whole,
    /// See [`BodyFrame::Stream`].
    Stream,
}

impl<'a> BodyFrame<'a> {
    /// Which it is.
    pub fn kind(self) -> BodyKind {
        match self {
            Self::None => BodyKind::None,
            Self::Whole(_) => BodyKind::Whole,
            Self::Stream => BodyKind::Stream,
        }
    }

    /// The rest of a frame, of which the kind is known.
    pub fn rest(kind: BodyKind, mut reader: Reader<'a>) -> Self {
        match kind {
            BodyKind::None => Self::None,
            BodyKind::Whole => Self::Whole(reader.rest()),
            BodyKind::Stream => Self::Stream,
        }
    }

    /// Ends a frame with it.
    pub fn write(self, writer: &mut Writer) {
        if let Self::Whole(bytes) = self {
            writer.rest(bytes);
        }
    }
}

impl BodyKind {
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
