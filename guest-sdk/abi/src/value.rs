//! An SQL parameter on its way from JavaScript to the host.

use crate::frame::{Malformed, Reader, Writer};

/// How deep arrays may be nested: PostgreSQL itself stops at six dimensions.
pub const MAX_DEPTH: u8 = 6;

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

impl Value {
    /// Appends the value to a frame.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Null => writer.u8(0),
            Self::Bool(value) => {
                writer.u8(1);
                writer.u8(u8::from(*value));
            }
            Self::Number(value) => {
                writer.u8(2);
                writer.f64(*value);
            }
            Self::Bigint(value) => {
                writer.u8(3);
                writer.text(value);
            }
            Self::Text(value) => {
                writer.u8(4);
                writer.text(value);
            }
            Self::Bytes(value) => {
                writer.u8(5);
                writer.bytes(value);
            }
            Self::Date(value) => {
                writer.u8(6);
                writer.f64(*value);
            }
            Self::Json(value) => {
                writer.u8(7);
                writer.text(value);
            }
            Self::Array(values) => {
                writer.u8(8);
                writer.u32(values.len() as u32);
                for value in values {
                    value.write(writer);
                }
            }
        }
    }

    /// Reads one value.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::read_at(reader, 0)
    }

    fn read_at(reader: &mut Reader<'_>, depth: u8) -> Result<Self, Malformed> {
        Ok(match reader.u8()? {
            0 => Self::Null,
            1 => Self::Bool(reader.u8()? != 0),
            2 => Self::Number(reader.f64()?),
            3 => Self::Bigint(reader.text()?.to_owned()),
            4 => Self::Text(reader.text()?.to_owned()),
            5 => Self::Bytes(reader.bytes()?.to_vec()),
            6 => Self::Date(reader.f64()?),
            7 => Self::Json(reader.text()?.to_owned()),
            8 if depth < MAX_DEPTH => {
                let count = reader.count(1)?;
                let values = (0..count).map(|_| Self::read_at(reader, depth + 1));
                Self::Array(values.collect::<Result<_, _>>()?)
            }
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_the_way() {
        let value = Value::Array(vec![
            Value::Null,
            Value::Bool(true),
            Value::Number(1.5),
            Value::Bigint("9007199254740993".into()),
            Value::Text("a".into()),
            Value::Bytes(vec![0, 255]),
            Value::Date(0.0),
            Value::Json("{}".into()),
            Value::Array(vec![]),
        ]);
        let mut writer = Writer::default();
        value.write(&mut writer);
        let frame = writer.finish();
        assert_eq!(Value::read(&mut Reader::new(&frame)), Ok(value));
    }

    #[test]
    fn nesting_is_bounded() {
        let mut frame = Vec::new();
        for _ in 0..=MAX_DEPTH {
            frame.extend_from_slice(&[8, 1, 0, 0, 0]);
        }
        frame.push(0);
        assert_eq!(Value::read(&mut Reader::new(&frame)), Err(Malformed));
    }
}
