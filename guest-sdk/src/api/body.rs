//! Bodies between the prelude and the host: their frames, and streamed writing.

use javy_plugin_api::javy::quickjs::{ArrayBuffer, Ctx, IntoJs, Result, TypedArray, Value};
use mayfly_abi::body::{BodyFrame, CHUNK_BYTES_MAX};

use super::database;
use crate::text;

/// A body of the prelude's, copied out of its heap.
pub(super) enum Outgoing {
    /// `null`
    None,
    /// A string, or bytes.
    Whole(Vec<u8>),
    /// `true`: it comes piece by piece.
    Stream,
}

impl Outgoing {
    pub(super) fn of(body: &Value<'_>) -> Result<Self> {
        if let Some(string) = body.as_string() {
            return Ok(Self::Whole(text::text(string)?.into_bytes()));
        }
        if body.as_bool() == Some(true) {
            return Ok(Self::Stream);
        }
        Ok(database::bytes_of(body).map_or(Self::None, Self::Whole))
    }

    /// As frames have it.
    pub(super) fn as_body(&self) -> BodyFrame<'_> {
        match self {
            Self::None => BodyFrame::None,
            Self::Whole(bytes) => BodyFrame::Whole(bytes),
            Self::Stream => BodyFrame::Stream,
        }
    }
}

/// What came in, as the prelude has it: `null`, an `ArrayBuffer`, or `true`.
pub(super) fn incoming<'js>(ctx: &Ctx<'js>, body: BodyFrame<'_>) -> Result<Value<'js>> {
    match body {
        BodyFrame::None => Ok(Value::new_null(ctx.clone())),
        BodyFrame::Whole(bytes) => Ok(ArrayBuffer::new_copy(ctx.clone(), bytes)?.into_value()),
        BodyFrame::Stream => true.into_js(ctx),
    }
}

/// The bytes of a piece from `start` on, as many as go at once.
pub(super) fn piece<'a>(bytes: &'a TypedArray<'_, u8>, start: usize) -> &'a [u8] {
    let rest = bytes.as_bytes().unwrap_or_default().get(start..).unwrap_or_default();
    &rest[..rest.len().min(CHUNK_BYTES_MAX)]
}

/// The bytes of an answer that has nothing else.
pub(super) fn answered<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    TypedArray::<u8>::new_copy(ctx.clone(), bytes).map(TypedArray::into_value)
}
