//! `Bytes` that carry what was taken for them: it goes back when the last reference to them does.

use bytes::Bytes;

use crate::Held;

struct Counted {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes, counted as long as anything refers to them.
pub fn held_bytes(bytes: impl Into<Bytes>, held: Held) -> Bytes {
    let bytes = bytes.into();
    if held.amount() == 0 { bytes } else { Bytes::from_owner(Counted { bytes, _held: held }) }
}
