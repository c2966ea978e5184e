//! `RowFilter`: which rows a subscription is for, by the values of their columns.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Number;
use serde_json::value::RawValue;

/// Columns of a filter, and the bytes of its JSON.
const COLUMNS_MAX: usize = 10;
const BYTES_MAX: usize = 4 << 10;

/// Columns and the values that they must have; without any, it passes every row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowFilter(BTreeMap<String, Scalar>);

#[derive(Debug, Clone, PartialEq)]
enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
}

impl RowFilter {
    /// From an object of columns and values: texts, numbers, booleans and null.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(json: &RawValue) -> Result<Self, String> {
        if json.get().len() > BYTES_MAX {
            return Err(format!("\"filter\" may have {BYTES_MAX} bytes at most"));
        }
        let columns: BTreeMap<String, &RawValue> = serde_json::from_str(json.get())
            .map_err(|_| "\"filter\" must be an object of columns and their values".to_owned())?;
        if columns.len() > COLUMNS_MAX {
            return Err(format!("\"filter\" may name {COLUMNS_MAX} columns at most"));
        }
        let scalars = columns.into_iter().map(|(column, value)| match Scalar::read(value) {
            Some(scalar) => Ok((column, scalar)),
            None => Err(format!("\"filter.{column}\" must be a text, a number, a boolean or null")),
        });
        scalars.collect::<Result<_, _>>().map(Self)
    }

    /// Whether it passes every row.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The row, where it has the values.
    pub(super) fn keep<'a>(&self, record: Option<&'a RawValue>) -> Option<&'a RawValue> {
        record.filter(|record| self.passes(record))
    }

    /// Whether a row, as JSON, has the values.
    fn passes(&self, record: &RawValue) -> bool {
        if self.is_empty() {
            return true;
        }
        let Ok(row) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(record.get()) else {
            return false;
        };
        self.0.iter().all(|(column, wanted)| {
            row.get(column.as_str())
                .and_then(|value| Scalar::read(value))
                .is_some_and(|value| value.equals(wanted))
        })
    }
}

impl Scalar {
    fn read(json: &RawValue) -> Option<Self> {
        let text = json.get();
        match text.bytes().next()? {
            b'n' => Some(Self::Null),
            b't' => Some(Self::Bool(true)),
            b'f' => Some(Self::Bool(false)),
            b'"' => serde_json::from_str(text).ok().map(Self::Text),
            b'-' | b'0'..=b'9' => serde_json::from_str(text).ok().map(Self::Number),
            _ => None,
        }
    }

    /// 1 equals 1.0, as in JavaScript.
    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one == two || one.as_f64() == two.as_f64(),
            _ => self == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn it_compares_scalars_of_every_kind() {
        let row = raw(r#"{"id":7,"price":1.0,"name":"caf\u00e9","done":false,"at":null,"tags":["a"]}"#);
        for passing in [
            "{}",
            r#"{"id":7}"#,
            r#"{"id":7.0,"price":1}"#,
            r#"{"name":"café"}"#,
            r#"{"done":false,"at":null}"#,
        ] {
            assert!(RowFilter::parse(&raw(passing)).unwrap().passes(&row), "{passing}");
        }
        for other in
            [r#"{"id":8}"#, r#"{"id":"7"}"#, r#"{"done":true}"#, r#"{"missing":null}"#, r#"{"tags":null}"#]
        {
            assert!(!RowFilter::parse(&raw(other)).unwrap().passes(&row), "{other}");
        }
    }

    #[test]
    fn it_is_bounded_and_says_what_is_wrong() {
        let of = |columns: usize| {
            let columns: Vec<_> = (0..columns).map(|number| format!(r#""c{number}":1"#)).collect();
            raw(&format!("{{{}}}", columns.join(",")))
        };
        assert!(RowFilter::parse(&of(10)).is_ok());
        assert!(RowFilter::parse(&of(11)).unwrap_err().contains("10"));
        let long = |length: usize| raw(&format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8)));
        assert!(RowFilter::parse(&long(4096)).is_ok());
        assert!(RowFilter::parse(&long(4097)).unwrap_err().contains("4096"));
        assert!(RowFilter::parse(&raw("[1]")).unwrap_err().contains("object"));
        assert!(RowFilter::parse(&raw(r#"{"a":{"b":1}}"#)).unwrap_err().contains("filter.a"));
    }
}
