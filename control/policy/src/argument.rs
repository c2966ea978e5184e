//! Rules of arguments, compiled.

use jsonschema::{PatternOptions, Validator};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::policies::ArgumentRule;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::path::ArgumentPath;

/// Bytes that a compiled expression may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Characters of a value that a message shows.
const SHOWN_CHARS_MAX: usize = 100;

/// A rule of one argument.
#[derive(Debug)]
pub(crate) struct CompiledArgument {
    /// As the policy writes it.
    pub(crate) text: String,
    path: ArgumentPath,
    rule: ArgumentRule,
    pattern: Option<Regex>,
    schema: Option<Validator>,
}

/// What a value breaks: the member of the rule, and a sentence.
pub(crate) struct Broken {
    pub(crate) member: &'static str,
    pub(crate) reason: String,
}

impl CompiledArgument {
    /// `place` is the rule's path in the policy.
    ///
    /// # Errors
    /// `VALIDATION_INVALID_SCHEMA` with the path of the mistake.
    pub(crate) fn compile(place: &str, text: &str, rule: &ArgumentRule) -> ApiResult<Self> {
        let path = ArgumentPath::parse(text).map_err(|message| ApiError::invalid(place, message))?;
        let pattern = rule.pattern.as_deref().map(|pattern| {
            let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
            built.map_err(|error| ApiError::invalid(&format!("{place}.pattern"), last_line(&error)))
        });
        let schema = rule.schema.as_ref().map(|schema| {
            // An engine that does not backtrack: no text makes it slow.
            let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
            options.build(schema).map_err(|error| ApiError::invalid(&format!("{place}.schema"), error))
        });
        let (minimum, maximum) = (rule.minimum, rule.maximum);
        if let (Some(minimum), Some(maximum)) = (minimum, maximum)
            && minimum > maximum
        {
            return Err(ApiError::invalid(&format!("{place}.minimum"), "is above `maximum`"));
        }
        if *rule == ArgumentRule::default() {
            return Err(ApiError::invalid(place, "says nothing: it needs equals, one_of, pattern, ..."));
        }
        Ok(Self {
            text: text.to_owned(),
            path,
            rule: rule.clone(),
            pattern: pattern.transpose()?,
            schema: schema.transpose()?,
        })
    }

    /// The rule as a sentence.
    pub(crate) fn in_words(&self) -> String {
        let rule = serde_json::to_value(&self.rule).unwrap_or_default();
        let members = rule.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let words: Vec<String> = members.map(|(name, value)| format!("{name} {}", shown(value))).collect();
        format!("the argument {} has to keep {}", self.text, words.join(", "))
    }

    /// Whether a call's arguments keep the rule.
    pub(crate) fn check(&self, arguments: &Value) -> Result<(), Broken> {
        let found = self.path.select(arguments);
        let needed = [
            ("required", self.rule.required == Some(true)),
            ("equals", self.rule.equals.is_some()),
            ("one_of", self.rule.one_of.is_some()),
            ("pattern", self.pattern.is_some()),
        ];
        if found.is_empty()
            && let Some((member, _)) = needed.iter().find(|(_, is_needed)| *is_needed)
        {
            return Err(Broken { member, reason: format!("{} is required", self.text) });
        }
        found.into_iter().try_for_each(|value| self.check_value(value))
    }

    fn check_value(&self, value: &Value) -> Result<(), Broken> {
        let broken = |member, what: String| {
            Err(Broken { member, reason: format!("{} {what}, and is {}", self.text, shown(value)) })
        };
        let rule = &self.rule;
        if let Some(wanted) = rule.equals.as_ref().filter(|wanted| *wanted != value) {
            return broken("equals", format!("must be {}", shown(wanted)));
        }
        if rule.one_of.as_ref().is_some_and(|wanted| !wanted.contains(value)) {
            return broken("one_of", "must be one of those that the policy lists".to_owned());
        }
        if let Some(pattern) = &self.pattern
            && !value.as_str().is_some_and(|text| pattern.is_match(text))
        {
            return broken("pattern", format!("must match {pattern}"));
        }
        if let Some(minimum) = rule.minimum.filter(|minimum| value.as_f64().is_none_or(|n| n < *minimum)) {
            return broken("minimum", format!("must be at least {minimum}"));
        }
        if let Some(maximum) = rule.maximum.filter(|maximum| value.as_f64().is_none_or(|n| n > *maximum)) {
            return broken("maximum", format!("must be at most {maximum}"));
        }
        if let Some(max) = rule.max_length.map(|max| max.get() as usize).filter(|max| length(value) > *max) {
            return broken("max_length", format!("may have a length of {max}"));
        }
        if self.schema.as_ref().is_some_and(|schema| !schema.is_valid(value)) {
            return broken("schema", "must be valid by the policy's schema".to_owned());
        }
        Ok(())
    }
}

/// A number or a flag has none, and so is within any bound.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(elements) => elements.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The crate draws the place over several lines, and says what is wrong in the last one.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
