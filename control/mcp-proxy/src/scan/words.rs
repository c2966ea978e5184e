//! The words of a name: `deleteUserRows`, `delete_user_rows` and `delete-user-rows` are the same three.

/// The words of a tool's or a parameter's name, in lower case.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        let ends = !letter.is_alphanumeric() || (letter.is_uppercase() && was_lower);
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        for name in ["delete_user_rows", "delete-user.rows", "deleteUserRows", "Delete user/rows"] {
            assert_eq!(words(name), ["delete", "user", "rows"], "{name}");
        }
        assert_eq!(words("getHTTP2Status"), ["get", "http2", "status"]);
        assert!(words("__").is_empty());
    }
}
