//! Paths of arguments: `timeoutMs`, `triggers[0].type`, `schema.tables.*._drop`.

use serde_json::Value;

/// The most steps of a path.
const STEPS_MAX: usize = 32;

/// The path of an argument, or of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArgumentPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
    /// Every member or element.
    Any,
}

impl ArgumentPath {
    /// Read a path.
    ///
    /// # Errors
    /// In words: what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (name, elements) =
                part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
            match name {
                "" => return Err("has an empty part".to_owned()),
                "*" => steps.push(Step::Any),
                name => steps.push(Step::Member(name.to_owned())),
            }
            for element in elements.into_iter().flat_map(|rest| rest.split('[')) {
                let number = element.strip_suffix(']').ok_or("has a `[` without its `]`")?;
                steps.push(match number {
                    "*" => Step::Any,
                    number => Step::Element(number.parse().map_err(|_| "has no number between `[` and `]`")?),
                });
            }
        }
        if steps.len() > STEPS_MAX {
            return Err(format!("has more than {STEPS_MAX} parts"));
        }
        Ok(Self { steps })
    }

    /// The values at the path.
    pub(crate) fn select<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![root];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| step.select(value)).collect();
        }
        found
    }

    /// Put something else at the path, where there is something.
    pub(crate) fn replace(&self, root: &mut Value, with: &str) {
        replace(&self.steps, root, with);
    }
}

impl Step {
    fn select<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
            (Self::Element(place), Value::Array(elements)) => elements.get(*place).into_iter().collect(),
            (Self::Any, Value::Object(members)) => members.values().collect(),
            (Self::Any, Value::Array(elements)) => elements.iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Paths are short, and the depth of JSON is bounded by its parser: this recursion is, too.
fn replace(steps: &[Step], value: &mut Value, with: &str) {
    let Some((step, rest)) = steps.split_first() else {
        *value = with.into();
        return;
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            if let Some(member) = members.get_mut(name) {
                replace(rest, member, with);
            }
        }
        (Step::Element(place), Value::Array(elements)) => {
            if let Some(element) = elements.get_mut(*place) {
                replace(rest, element, with);
            }
        }
        (Step::Any, Value::Object(members)) => {
            members.values_mut().for_each(|member| replace(rest, member, with));
        }
        (Step::Any, Value::Array(elements)) => {
            elements.iter_mut().for_each(|element| replace(rest, element, with));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_found_by_their_paths() {
        let root = json!({ "a": { "b": [1, { "c": 2 }] }, "d": { "x": { "n": 5 }, "y": { "n": 6 } } });
        let found = |path: &str| {
            ArgumentPath::parse(path).unwrap().select(&root).into_iter().cloned().collect::<Vec<_>>()
        };
        assert_eq!(found("a.b[0]"), [json!(1)]);
        assert_eq!(found("a.b[1].c"), [json!(2)]);
        assert_eq!(found("d.*.n"), [json!(5), json!(6)]);
        assert_eq!(found("a.b[*].c"), [json!(2)]);
        assert!(found("a.b.c").is_empty() && found("a.b[7]").is_empty() && found("z").is_empty());
        for bad in ["", "a..b", "a[", "a[x]", "a[1", ".a", "[0]"] {
            assert!(ArgumentPath::parse(bad).is_err(), "{bad}");
        }
        assert!(ArgumentPath::parse(&["a"; 33].join(".")).is_err());
    }
}
