//! JavaScript values as parameters, in PostgreSQL's text format.

mod json;

use std::fmt::Write as _;

use mayfly_runtime::providers::{GuestError, Value};

use super::limits::PARAMS_MAX;

/// PostgreSQL's arrays have six dimensions at most.
const ARRAY_DEPTH_MAX: usize = 6;

/// `json` and `jsonb`.
const JSON_TYPES: [u32; 2] = [114, 3802];

/// One parameter; `None` is NULL.
pub(crate) type Param = Option<Vec<u8>>;

/// Whether one of them is an array: what it becomes depends on the parameter's type.
pub(super) fn has_array(values: &[Value]) -> bool {
    values.iter().any(|value| matches!(value, Value::Array(_)))
}

/// All parameters of a statement, together at most `bytes_max` bytes. An array is JSON for a parameter of one of JSON's
/// types, and PostgreSQL's array for any other; types that are not given are others.
pub(super) fn encode(values: &[Value], bytes_max: usize, types: &[u32]) -> Result<Vec<Param>, GuestError> {
    if values.len() > PARAMS_MAX {
        let message = format!("the statement has {} parameters, the limit is {PARAMS_MAX}", values.len());
        return Err(GuestError::new("54000", message));
    }
    let mut bytes = 0;
    let mut params = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let is_json = types.get(index).is_some_and(|oid| JSON_TYPES.contains(oid));
        let text = match value {
            Value::Array(_) if is_json => json::text(value).map(Some),
            value => encode_one(value),
        };
        let text = text.map_err(|fault| fault.of_parameter(index + 1))?;
        bytes += text.as_ref().map_or(0, String::len);
        if bytes > bytes_max {
            let message = format!("the parameters have more than {bytes_max} bytes");
            return Err(GuestError::new("54000", message));
        }
        params.push(text.map(String::into_bytes));
    }
    Ok(params)
}

enum Fault {
    Nul,
    InvalidDate,
    TooDeep,
}

impl Fault {
    fn of_parameter(self, number: usize) -> GuestError {
        match self {
            Self::Nul => GuestError::new(
                "22021",
                format!("parameter ${number} contains a NUL character, which PostgreSQL's text cannot hold"),
            ),
            Self::InvalidDate => GuestError::new("22007", format!("parameter ${number} is an invalid Date")),
            Self::TooDeep => GuestError::new(
                "54000",
                format!("parameter ${number} is an array of more than {ARRAY_DEPTH_MAX} dimensions"),
            ),
        }
    }
}

fn encode_one(value: &Value) -> Result<Option<String>, Fault> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::Bool(value) => (if *value { "true" } else { "false" }).to_owned(),
        Value::Number(number) => number_text(*number),
        Value::Date(millis) => date_text(*millis)?,
        Value::Bytes(bytes) => format!("\\x{}", hex::encode(bytes)),
        Value::Bigint(text) | Value::Text(text) | Value::Json(text) => plain(text)?.to_owned(),
        Value::Array(items) => {
            let mut text = String::new();
            array_text(items, 1, &mut text)?;
            text
        }
    };
    Ok(Some(text))
}

fn plain(text: &str) -> Result<&str, Fault> {
    if text.contains('\0') { Err(Fault::Nul) } else { Ok(text) }
}

/// Without an exponent, so that a large whole number is still one to an integer column.
fn number_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        (if number > 0.0 { "Infinity" } else { "-Infinity" }).to_owned()
    } else {
        number.to_string()
    }
}

/// The largest instant of JavaScript's dates, in milliseconds from 1970 either way.
const DATE_MAX: f64 = 8.64e15;

/// ISO 8601 in UTC, with PostgreSQL's way to write years before 1.
fn date_text(millis: f64) -> Result<String, Fault> {
    let (year, rest) = date_parts(millis).ok_or(Fault::InvalidDate)?;
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    let (day, time) = rest.split_once('T').unwrap_or((&rest, ""));
    Ok(format!("{year:04}-{day} {time}+00{era}"))
}

/// The year, and `MM-DDThh:mm:ss.mmm`; `None` for an invalid date.
fn date_parts(millis: f64) -> Option<(i64, String)> {
    // Not a number is not within the range either.
    if !(-DATE_MAX..=DATE_MAX).contains(&millis) {
        return None;
    }
    let millis = millis as i64;
    let (year, month, day) = civil_from_days(millis.div_euclid(86_400_000));
    let time = millis.rem_euclid(86_400_000);
    let rest = format!(
        "{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}",
        time / 3_600_000,
        time / 60_000 % 60,
        time / 1000 % 60,
        time % 1000
    );
    Some((year, rest))
}

/// Year, month and day of the Gregorian calendar, extended backwards, from days since 1970-01-01. Counts from the
/// first of March of the year 0, so that the leap day is the last of its year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

fn array_text(items: &[Value], depth: usize, text: &mut String) -> Result<(), Fault> {
    if depth > ARRAY_DEPTH_MAX {
        return Err(Fault::TooDeep);
    }
    text.push('{');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match item {
            Value::Array(items) => array_text(items, depth + 1, text)?,
            item => match encode_one(item)? {
                None => text.push_str("NULL"),
                Some(element) => quote_element(&element, text),
            },
        }
    }
    text.push('}');
    Ok(())
}

/// Always quoted: what would need quotes is a long list, and an unquoted NULL means something else.
fn quote_element(element: &str, text: &mut String) {
    text.push('"');
    for character in element.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        // Writing to a String cannot fail.
        let _ = text.write_char(character);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Value) -> String {
        String::from_utf8(encode(&[value], 1 << 20, &[]).unwrap()[0].clone().unwrap()).unwrap()
    }

    fn code(value: Value) -> String {
        encode(&[value], 100, &[]).unwrap_err().code
    }

    #[test]
    fn numbers_are_written_in_full() {
        for (number, expected) in [
            (5.0, "5"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e21, "1000000000000000000000"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(Value::Number(number)), expected);
        }
        assert_eq!(text(Value::Number(5e-324)).parse::<f64>().unwrap(), 5e-324);
    }

    #[test]
    fn dates_are_iso_with_eras() {
        for (millis, expected) in [
            (0.0, "1970-01-01 00:00:00.000+00"),
            (-1.0, "1969-12-31 23:59:59.999+00"),
            (1_700_000_000_123.0, "2023-11-14 22:13:20.123+00"),
            (-62_167_219_200_000.0, "0001-01-01 00:00:00.000+00 BC"),
            (8.64e15, "275760-09-13 00:00:00.000+00"),
            (-8.64e15, "271822-04-20 00:00:00.000+00 BC"),
        ] {
            assert_eq!(text(Value::Date(millis)), expected);
        }
        for bad in [f64::NAN, f64::INFINITY, 8.64e15 + 1.0] {
            assert_eq!(code(Value::Date(bad)), "22007");
        }
    }

    #[test]
    fn arrays_nest_and_quote() {
        let array = Value::Array(vec![
            Value::Null,
            Value::Text("NULL".to_owned()),
            Value::Text("a\"b\\c,{}".to_owned()),
            Value::Array(vec![Value::Number(1.0), Value::Bool(true)]),
            Value::Array(Vec::new()),
        ]);
        assert_eq!(text(array), r#"{NULL,"NULL","a\"b\\c,{}",{"1","true"},{}}"#);
    }

    #[test]
    fn an_array_is_json_for_a_parameter_of_json() {
        let json = |value: Value| {
            let params = encode(&[Value::Array(vec![value])], 1 << 20, &[3802]).unwrap();
            String::from_utf8(params[0].clone().unwrap()).unwrap()
        };
        for (value, expected) in [
            (Value::Null, "[null]"),
            (Value::Bool(false), "[false]"),
            (Value::Number(1.5), "[1.5]"),
            (Value::Number(f64::NAN), "[null]"),
            (Value::Bigint("9007199254740993".to_owned()), "[9007199254740993]"),
            (Value::Text("a\"\n\0".to_owned()), r#"["a\"\n\u0000"]"#),
            (Value::Json("{\"a\":[]}".to_owned()), r#"[{"a":[]}]"#),
            (Value::Date(1_700_000_000_123.0), r#"["2023-11-14T22:13:20.123Z"]"#),
            (Value::Date(8.64e15), r#"["+275760-09-13T00:00:00.000Z"]"#),
            (Value::Date(-62_198_755_200_000.0), r#"["-000001-01-01T00:00:00.000Z"]"#),
            (Value::Date(f64::NAN), "[null]"),
            (Value::Bytes(vec![0, 255]), r#"["\\x00ff"]"#),
            (Value::Array(Vec::new()), "[[]]"),
        ] {
            assert_eq!(json(value), expected);
        }
        let (list, object) = (Value::Array(Vec::new()), Value::Json("{}".to_owned()));
        let mixed = encode(&[list.clone(), list, object], 1 << 20, &[114, 1009, 3802]).unwrap();
        let mixed: Vec<_> = mixed.into_iter().map(|text| String::from_utf8(text.unwrap()).unwrap()).collect();
        assert_eq!(mixed, ["[]", "{}", "{}"]);
    }

    #[test]
    fn what_postgresql_cannot_hold_is_refused() {
        let deep = (0..7).fold(Value::Null, |value, _| Value::Array(vec![value]));
        assert_eq!(code(deep), "54000");
        assert_eq!(code(Value::Text("a\0".to_owned())), "22021");
        assert_eq!(code(Value::Array(vec![Value::Text("\0".to_owned())])), "22021");
        assert_eq!(code(Value::Bytes(vec![0; 50])), "54000");
        assert_eq!(encode(&vec![Value::Null; 65_536], 100, &[]).unwrap_err().code, "54000");
        assert_eq!(encode(&vec![Value::Null; 65_535], 100, &[]).unwrap().len(), 65_535);
    }
}
