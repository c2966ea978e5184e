//! A field that may be left out, and that may be null: three different things.

use serde::{Deserialize, Deserializer};

/// What a field that is there says: null is `Some(None)`. With `#[serde(default)]`, one that is left out is `None`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
