//! The shapes of names and ids, as the contract writes them.

use percent_encoding::AsciiSet;

use crate::value::Rule;

/// The rule of a function's name.
#[derive(Debug)]
pub struct FunctionName;

impl Rule for FunctionName {
    const NAME: &'static str = "FunctionName";
    const REGEX: &'static str = "^[A-Za-z0-9_-]{1,100}$";
    const MESSAGE: &'static str = "must match ^[A-Za-z0-9_-]{1,100}$";

    fn matches(text: &str) -> bool {
        is_function_name(text)
    }
}

/// The rule of an app's name.
#[derive(Debug)]
pub struct AppName;

impl Rule for AppName {
    const NAME: &'static str = "AppName";
    const REGEX: &'static str = "^[a-z0-9][a-z0-9_-]{0,62}$";
    const MESSAGE: &'static str = "must match ^[a-z0-9][a-z0-9_-]{0,62}$";

    fn matches(text: &str) -> bool {
        is_app_name(text)
    }
}

/// The longest name of a function.
pub const FUNCTION_NAME_CHARS_MAX: usize = 100;

/// `app_` and 12 of `[0-9a-z]`.
pub fn is_app_id(text: &str) -> bool {
    text.strip_prefix("app_").is_some_and(|rest| {
        rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    })
}

/// `key_` and up to 60 of `[0-9A-Za-z_-]`.
pub fn is_key_id(text: &str) -> bool {
    text.strip_prefix("key_").is_some_and(|rest| (1..=60).contains(&rest.len()) && is_word(rest))
}

/// `^[A-Za-z0-9_-]{1,100}$`
pub fn is_function_name(text: &str) -> bool {
    (1..=FUNCTION_NAME_CHARS_MAX).contains(&text.len()) && is_word(text)
}

/// `^[a-z0-9][a-z0-9_-]{0,62}$`
pub fn is_app_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'_' || b == b'-')
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// `^[A-Za-z_][A-Za-z0-9_]{0,127}$`: what a shell could export.
pub fn is_env_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Names that only the platform sets, in any case.
pub fn is_reserved_env_name(text: &str) -> bool {
    ["BUTTERBASE_", "MAYFLY_"]
        .iter()
        .any(|prefix| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

/// A segment of a path with its percent-encoding decoded; `None` where that is no UTF-8, or has a NUL, which PostgreSQL does not
/// store.
pub fn decoded(segment: &str) -> Option<String> {
    let name = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?;
    (!name.contains('\0')).then(|| name.into_owned())
}

/// Names of functions have `-` and `_`, and are not decoded. A dot alone would be another path.
const ENCODED: &AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A text as a segment of a path, percent-encoded.
pub fn encoded(segment: &str) -> String {
    percent_encoding::utf8_percent_encode(segment, ENCODED).to_string()
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_at_their_bounds() {
        assert!(
            is_app_id("app_0123456789ab") && !is_app_id("app_0123456789a") && !is_app_id("app_0123456789aB")
        );
        assert!(is_function_name(&"a".repeat(100)) && !is_function_name(&"a".repeat(101)));
        assert!(!is_function_name("") && !is_function_name("a b") && !is_function_name("ä"));
        assert!(is_app_name("my-app_2") && !is_app_name("-app") && !is_app_name("App"));
        assert!(is_env_name("API_KEY") && is_env_name("_x") && !is_env_name("1X") && !is_env_name("A-B"));
    }

    #[test]
    fn segments_are_decoded() {
        assert_eq!(decoded("a%20b%C3%BC").as_deref(), Some("a b\u{fc}"));
        assert_eq!(decoded("100%").as_deref(), Some("100%"));
        assert_eq!(decoded("a+b").as_deref(), Some("a+b"));
        assert_eq!(decoded("%ff"), None);
        assert_eq!(encoded("my-function_1"), "my-function_1");
        assert_eq!(encoded(".."), "%2E%2E");
        assert_eq!(decoded(&encoded("a b/\u{fc}%")).as_deref(), Some("a b/\u{fc}%"));
    }

    #[test]
    fn reserved_names_are_reserved_in_any_case() {
        for name in ["BUTTERBASE_APP_ID", "butterbase_x", "Mayfly_", "MAYFLY_X"] {
            assert!(is_reserved_env_name(name), "{name}");
        }
        assert!(!is_reserved_env_name("BUTTERBASE") && !is_reserved_env_name("MY_MAYFLY_X"));
        assert!(!is_reserved_env_name("ü"), "no slicing within a character");
    }
}
