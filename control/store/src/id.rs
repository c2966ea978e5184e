//! Random ids: a prefix that says what it names, and letters that cannot be guessed.

use ring::rand::{SecureRandom, SystemRandom};

use crate::StoreError;

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// `app_` and 12 characters of `[0-9a-z]`.
///
/// # Errors
/// [`StoreError::Internal`] when the operating system gives no randomness.
pub fn app() -> Result<String, StoreError> {
    random("app_", 12)
}

/// `fn_` and 20 characters.
///
/// # Errors
/// As [`app`].
pub fn function() -> Result<String, StoreError> {
    random("fn_", 20)
}

/// `ver_` and 20 characters.
///
/// # Errors
/// As [`app`].
pub fn version() -> Result<String, StoreError> {
    random("ver_", 20)
}

/// `inv_` and 20 characters.
///
/// # Errors
/// As [`app`].
pub fn invocation() -> Result<String, StoreError> {
    random("inv_", 20)
}

/// `key_` and 20 characters.
///
/// # Errors
/// As [`app`].
pub fn key() -> Result<String, StoreError> {
    random("key_", 20)
}

fn random(prefix: &str, length: usize) -> Result<String, StoreError> {
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    let mut bytes = [0_u8; 32];
    while id.len() < prefix.len() + length {
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| StoreError::Internal("the operating system gives no randomness".to_owned()))?;
        // 252 is the largest multiple of 36 in a byte: what lies above would favour the first letters.
        let letters = bytes.iter().filter(|byte| **byte < 252).map(|byte| ALPHABET[usize::from(byte % 36)]);
        id.extend(letters.take(prefix.len() + length - id.len()).map(char::from));
    }
    Ok(id)
}

/// Whether this is an app's id: `app_` and 12 of `[0-9a-z]`. Nothing else may become part of a database's name.
pub fn is_app(id: &str) -> bool {
    id.strip_prefix("app_")
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|byte| ALPHABET.contains(&byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shape_and_differ() {
        let first = app().unwrap();
        assert!(is_app(&first), "{first}");
        assert_ne!(first, app().unwrap());
        assert_eq!(function().unwrap().len(), "fn_".len() + 20);
    }

    #[test]
    fn other_texts_are_no_app() {
        for text in
            ["", "app_", "app_0123456789a", "app_0123456789abc", "app_0123456789A\"", "fn_0123456789ab"]
        {
            assert!(!is_app(text), "{text}");
        }
    }
}
