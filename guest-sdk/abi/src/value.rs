//! An SQL parameter on its way from JavaScript to the host.

/// A JavaScript value that can be an SQL parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null` or `undefined`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, NaN and the infinities included.
    Number(f64),
    /// A `BigInt`, in decimal.
    Bigint(String),
    /// A string.
    Text(String),
    /// A `Uint8Array` or `ArrayBuffer`.
    Bytes(Vec<u8>),
    /// A `Date`: milliseconds since 1970; NaN for an invalid one.
    Date(f64),
    /// Any other object, as its JSON text.
    Json(String),
    /// An array: a PostgreSQL array, nested ones included.
    Array(Vec<Value>),
}
