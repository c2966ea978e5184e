//! Reads a JSON object field by field: each has a bound, an unknown one is refused, and an error names its path.

use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};

/// An object being read. What was read is gone from it; [`Fields::finish`] refuses the rest.
#[derive(Debug)]
pub struct Fields {
    members: Map<String, Value>,
    path: String,
}

impl Fields {
    /// The object at `path`, which is empty for the body itself.
    pub fn of(value: Value, path: &str) -> ApiResult<Self> {
        match value {
            Value::Object(members) => Ok(Self { members, path: path.to_owned() }),
            other => Err(ApiError::invalid(path, format!("expected an object, found {}", kind(&other)))),
        }
    }

    /// The path of one of its members.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A member that need not be there; `null` counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// A text of `min..=max` characters.
    pub fn text(&mut self, name: &str, min: usize, max: usize) -> ApiResult<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => {
                let length = text.chars().count();
                if (min..=max).contains(&length) {
                    Ok(Some(text))
                } else {
                    let message = format!("must have {min} to {max} characters, has {length}");
                    Err(ApiError::invalid(&self.path_of(name), message))
                }
            }
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// A text that has to be there.
    pub fn required_text(&mut self, name: &str, min: usize, max: usize) -> ApiResult<String> {
        self.text(name, min, max)?.ok_or_else(|| self.missing(name))
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> ApiResult<Option<bool>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// A whole number in `min..=max`.
    pub fn number(&mut self, name: &str, min: u32, max: u32) -> ApiResult<Option<u32>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (min..=max).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let message = format!("must be a whole number from {min} to {max}");
                Err(ApiError::invalid(&self.path_of(name), message))
            }
        }
    }

    /// A whole number in `0..=max`, for counts beyond what fits into 32 bits.
    pub fn count(&mut self, name: &str, max: u64) -> ApiResult<Option<u64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.as_u64().filter(|count| *count <= max) {
            Some(count) => Ok(Some(count)),
            None => {
                let message = format!("must be a whole number from 0 to {max}");
                Err(ApiError::invalid(&self.path_of(name), message))
            }
        }
    }

    /// One of a few words.
    pub fn choice<T>(
        &mut self,
        name: &str,
        words: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> ApiResult<Option<T>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(word)) => match parse(&word) {
                Some(chosen) => Ok(Some(chosen)),
                None => Err(ApiError::invalid(&self.path_of(name), format!("must be one of {words}"))),
            },
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// A list of at most `max` items.
    pub fn list(&mut self, name: &str, max: usize) -> ApiResult<Option<Vec<Value>>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) if items.len() <= max => Ok(Some(items)),
            Some(Value::Array(_)) => {
                Err(ApiError::invalid(&self.path_of(name), format!("may have {max} items at most")))
            }
            Some(other) => Err(self.wrong(name, "a list", &other)),
        }
    }

    /// An object, as it is.
    pub fn object(&mut self, name: &str) -> ApiResult<Option<Map<String, Value>>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(other) => Err(self.wrong(name, "an object", &other)),
        }
    }

    /// Refuse whatever nobody asked for.
    pub fn finish(self) -> ApiResult<()> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::invalid(&self.path_of(name), "is not a known field")),
        }
    }

    /// The error for a member that has to be there.
    pub fn missing(&self, name: &str) -> ApiError {
        ApiError::invalid(&self.path_of(name), "is required")
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> ApiError {
        ApiError::invalid(&self.path_of(name), format!("expected {expected}, found {}", kind(found)))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_mistake_names_its_path() {
        let read = |value: Value| -> ApiResult<()> {
            let mut fields = Fields::of(value, "settings")?;
            fields.text("text", 1, 3)?;
            fields.flag("flag")?;
            fields.number("number", 1, 10)?;
            fields.choice("choice", "a, b", |word| matches!(word, "a" | "b").then_some(()))?;
            fields.list("list", 1)?;
            fields.object("object")?;
            fields.finish()
        };
        assert!(
            read(json!({"text":"abc","flag":true,"number":10,"choice":"a","list":[1],"object":{}})).is_ok()
        );
        assert!(read(json!({"text":null})).is_ok());
        for (value, path) in [
            (json!([]), "settings: expected an object"),
            (json!({"text":""}), "settings.text: must have 1 to 3"),
            (json!({"text":"abcd"}), "settings.text: must have 1 to 3"),
            (json!({"text":1}), "settings.text: expected a string, found a number"),
            (json!({"flag":"yes"}), "settings.flag: expected true or false"),
            (json!({"number":0}), "settings.number: must be a whole number from 1 to 10"),
            (json!({"number":1.5}), "settings.number"),
            (json!({"number":99999999999u64}), "settings.number"),
            (json!({"choice":"c"}), "settings.choice: must be one of a, b"),
            (json!({"list":[1,2]}), "settings.list: may have 1"),
            (json!({"object":[]}), "settings.object: expected an object"),
            (json!({"extra":1}), "settings.extra: is not a known field"),
        ] {
            let error = read(value.clone()).unwrap_err();
            assert!(error.message().starts_with(path), "{value}: {}", error.message());
        }
    }
}
