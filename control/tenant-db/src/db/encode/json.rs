//! A JavaScript array as JSON, for parameters of the types `json` and `jsonb`.

use mayfly_runtime::providers::Value;

use super::{Fault, date_parts, number_text, plain};

/// What `JSON.stringify` gives of it; but for numbers of any length, which JSON can hold, and for bytes, which it cannot
/// and which are written as PostgreSQL writes them.
pub(super) fn text(value: &Value) -> Result<String, Fault> {
    let mut text = String::new();
    write(value, &mut text)?;
    Ok(text)
}

/// The sandbox bounds how deep arrays are nested.
fn write(value: &Value, text: &mut String) -> Result<(), Fault> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) if number.is_finite() => text.push_str(&number_text(*number)),
        Value::Number(_) => text.push_str("null"),
        Value::Bigint(digits) => text.push_str(digits),
        Value::Json(json) => text.push_str(plain(json)?),
        Value::Text(string) => quote(string, text),
        Value::Bytes(bytes) => quote(&format!("\\x{}", hex::encode(bytes)), text),
        Value::Date(millis) => match date_parts(*millis) {
            Some((year, rest)) if (0..=9999).contains(&year) => quote(&format!("{year:04}-{rest}Z"), text),
            Some((year, rest)) => quote(&format!("{year:+07}-{rest}Z"), text),
            None => text.push_str("null"),
        },
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text)?;
            }
            text.push(']');
        }
    }
    Ok(())
}

fn quote(string: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(string).to_string());
}
