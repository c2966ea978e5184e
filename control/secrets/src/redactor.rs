//! `SecretRedactor`: replaces the values of an environment in texts that people read (console entries, messages,
//! stacks).
//!
//! One pass over the text, however many values there are: each place's next eight bytes are looked up among the values'
//! first eight. No automaton is built, since that would be one more copy of every secret. Values that begin alike are
//! compared one by one; where that becomes more than a text may cost, the rest of the text is not shown.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use zeroize::Zeroizing;

/// Shorter values are no secrets, and redacting them would redact everything: `1`, `true`, `debug`.
const HEAD: usize = 8;
/// One bit for each hash of the heads: most places of most texts are passed over by looking here.
const FILTER_BITS: usize = 4_096;

/// What may be compared in a text of any length, in bytes, and for each byte of it.
const COMPARED_BYTES_MIN: usize = 1 << 20;
const COMPARED_BYTES_PER_BYTE: usize = 64;
/// Stands for the rest of a text that costs more.
const NOT_SHOWN: &str = "… [the rest is not shown: it is too like too many values of the environment]";

/// Redacts values. Made once for an environment.
#[derive(Default)]
pub struct SecretRedactor {
    by_head: Option<Heads>,
}

struct Heads {
    filter: Box<[u64; FILTER_BITS / 64]>,
    values: HashMap<[u8; HEAD], Vec<SecretValue>>,
}

struct SecretValue {
    name: String,
    value: Zeroizing<Vec<u8>>,
}

impl SecretRedactor {
    /// Redacts nothing.
    pub const NOTHING: &Self = &Self { by_head: None };

    /// Redacts these values, by name, also as they are written in JSON and between quotes.
    pub fn new<'a>(values: impl Iterator<Item = (&'a String, &'a Zeroizing<String>)>) -> Self {
        let mut heads = Heads { filter: Box::new([0; FILTER_BITS / 64]), values: HashMap::new() };
        for (name, value) in values {
            heads.insert(name, Zeroizing::new(value.as_bytes().to_vec()));
            for printed in printed_forms(value) {
                heads.insert(name, printed);
            }
        }
        // Of two that begin alike, the longer one.
        for alike in heads.values.values_mut() {
            alike.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        }
        Self { by_head: (!heads.values.is_empty()).then_some(heads) }
    }

    /// The text with `[NAME]` in place of each value.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(heads) = &self.by_head else { return Cow::Borrowed(text) };
        let (mut shown, mut kept, mut at) = (String::new(), 0, 0);
        let mut left = COMPARED_BYTES_MIN + COMPARED_BYTES_PER_BYTE * text.len();
        while let Some(head) = text.as_bytes().get(at..).and_then(<[u8]>::first_chunk) {
            // A value is whole characters, so it begins and ends where characters do.
            match heads.find(head, &text.as_bytes()[at..], &mut left) {
                Some(secret) => {
                    shown.push_str(&text[kept..at]);
                    shown.push('[');
                    shown.push_str(&secret.name);
                    shown.push(']');
                    at += secret.value.len();
                    kept = at;
                }
                None if left == 0 => {
                    // `at` may be within a character.
                    let end = text.floor_char_boundary(at);
                    return Cow::Owned(format!("{shown}{}{NOT_SHOWN}", &text[kept..end.max(kept)]));
                }
                None => at += 1,
            }
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        shown.push_str(&text[kept..]);
        Cow::Owned(shown)
    }

    /// Redacts a text in place.
    pub fn redact_in_place(&self, text: &mut String) {
        if let Cow::Owned(redacted) = self.redact(text) {
            *text = redacted;
        }
    }
}

impl Heads {
    fn insert(&mut self, name: &str, value: Zeroizing<Vec<u8>>) {
        let Some(head) = value.first_chunk::<HEAD>().copied() else { return };
        let bit = bit_of(&head);
        self.filter[bit / 64] |= 1 << (bit % 64);
        self.values.entry(head).or_default().push(SecretValue { name: name.to_owned(), value });
    }

    /// The longest value that is here. What it compares is taken from `left`; when that is used up, it finds nothing.
    fn find(&self, head: &[u8; HEAD], rest: &[u8], left: &mut usize) -> Option<&SecretValue> {
        let bit = bit_of(head);
        if self.filter[bit / 64] & (1 << (bit % 64)) == 0 {
            return None;
        }
        for secret in self.values.get(head)? {
            *left = left.saturating_sub(secret.value.len());
            if *left == 0 {
                return None;
            }
            if rest.starts_with(&secret.value) {
                return Some(secret);
            }
        }
        None
    }
}

fn bit_of(head: &[u8; HEAD]) -> usize {
    let spread = u64::from_le_bytes(*head).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread >> (64 - FILTER_BITS.trailing_zeros())) as usize
}

/// As it is written in JSON, and as `console.log` shows it within an object, both without the quotes around it; only
/// what differs from the value itself.
fn printed_forms(value: &str) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    // No buffer that grows: it would leave copies behind.
    let mut json = Zeroizing::new(Vec::with_capacity(6 * value.len() + 2));
    // A text alone cannot fail to be written.
    let _ = serde_json::to_writer(&mut *json, value);
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let in_json = Zeroizing::new(inner.to_vec());
    // It is in quotes of another kind there, so that its own need no backslash.
    let mut in_object = Zeroizing::new(Vec::with_capacity(inner.len()));
    for (at, byte) in inner.iter().enumerate() {
        if !(*byte == b'\\' && inner.get(at + 1) == Some(&b'"')) {
            in_object.push(*byte);
        }
    }
    let differs = [in_json.as_slice() != value.as_bytes(), in_object != in_json];
    [in_json, in_object].into_iter().zip(differs).filter(|(_, differs)| *differs).map(|(form, _)| form)
}

impl fmt::Debug for SecretRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretRedactor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn redactor(values: &[(&str, &str)]) -> SecretRedactor {
        let values: BTreeMap<String, Zeroizing<String>> =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into())).collect();
        SecretRedactor::new(values.iter())
    }

    #[test]
    fn values_that_are_all_alike_cost_a_bounded_time_and_show_nothing() {
        let values: Vec<(String, String)> = (0..100)
            .map(|number| (format!("V{number}"), format!("{}é{number}", "a".repeat(4_000))))
            .collect();
        let values: Vec<(&str, &str)> =
            values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let redactor = redactor(&values);
        let text = "a".repeat(100_000) + values[7].1;
        let shown = redactor.redact(&text);
        assert!(shown.ends_with(NOT_SHOWN) && !shown.contains('é'), "{}", shown.len());
        assert_eq!(redactor.redact(values[7].1), "[V7]");
    }

    #[test]
    fn values_are_named_and_the_rest_stays() {
        let redactor =
            redactor(&[("KEY", "sk_live_12345"), ("LONGER", "sk_live_12345678"), ("SHORT", "1234567")]);
        for (text, shown) in [
            ("sk_live_12345", "[KEY]"),
            ("a sk_live_12345é", "a [KEY]é"),
            ("sk_live_12345678 sk_live_12345!", "[LONGER] [KEY]!"),
            ("sk_live_12345sk_live_12345", "[KEY][KEY]"),
            ("sk_live_1234 and 1234567", "sk_live_1234 and 1234567"),
            ("", ""),
        ] {
            assert_eq!(redactor.redact(text), shown);
        }
        assert!(matches!(redactor.redact("nothing to redact here"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_value_is_redacted_as_json_and_as_the_console_shows_it() {
        let redactor = redactor(&[("PEM", "-----BEGIN\n\"x\\\"\n-----END")]);
        let json = serde_json::to_string("-----BEGIN\n\"x\\\"\n-----END").unwrap();
        assert_eq!(redactor.redact(&json), "\"[PEM]\"");
        assert_eq!(redactor.redact(r#"{ pem: '-----BEGIN\n"x\\"\n-----END' }"#), "{ pem: '[PEM]' }");
    }

    proptest! {
        #[test]
        fn no_value_is_left_and_nothing_else_changes(
            value in "[a-c\u{e9}\u{1f600}\"\n]{8,12}",
            parts in proptest::collection::vec("[a-c\u{e9}]{0,4}", 0..6),
        ) {
            let redactor = redactor(&[("NAME", &value)]);
            let text = parts.join(&value);
            let secret = redactor.redact(&text);
            prop_assert!(!secret.contains(value.as_str()));
            if !text.contains(value.as_str()) {
                prop_assert_eq!(secret.as_ref(), text.as_str());
            } else {
                prop_assert_eq!(secret.replace("[NAME]", &value), text);
            }
        }
    }
}
