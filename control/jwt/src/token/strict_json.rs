//! Strict JSON: a duplicate member is an error, since two readers that pick different ones would disagree about the
//! token's subject.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::TokenFault;

/// Maximum nesting of objects and lists.
const DEPTH_MAX: usize = 16;

/// An object, whole.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, TokenFault> {
    let duplicate = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0, duplicate: &duplicate }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Err(_) if duplicate.get() => Err(TokenFault::DuplicateMember),
        Ok(_) | Err(_) => Err(TokenFault::Json),
    }
}

/// One value at some depth.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    duplicate: &'a Cell<bool>,
}

impl Strict<'_> {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(below)?;
            if object.insert(name, value).is_some() {
                self.duplicate.set(true);
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_whole_or_not_at_all() {
        let read = object(br#"{"a":[1,-2,0.5,true,null,"x"],"b":{"c":{}}}"#).unwrap();
        assert_eq!(Value::Object(read), serde_json::json!({"a":[1,-2,0.5,true,null,"x"],"b":{"c":{}}}));
        for (text, fault) in [
            (r#"{"a":1,"a":1}"#, TokenFault::DuplicateMember),
            (r#"{"b":{"a":1,"a":2}}"#, TokenFault::DuplicateMember),
            (r#"{"a":1,"\u0061":2}"#, TokenFault::DuplicateMember),
            ("{} {}", TokenFault::Json),
            ("{}x", TokenFault::Json),
            ("[]", TokenFault::Json),
            ("", TokenFault::Json),
            (r#"{"a":1e999}"#, TokenFault::Json),
            (r#"{"a":NaN}"#, TokenFault::Json),
        ] {
            assert_eq!(object(text.as_bytes()), Err(fault), "{text}");
        }
    }

    #[test]
    fn depth_ends_at_its_bound() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(object(nested(DEPTH_MAX).as_bytes()), Err(TokenFault::Json));
        assert_eq!(object("[".repeat(100_000).as_bytes()), Err(TokenFault::Json));
    }
}
