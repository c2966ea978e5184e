//! Quoting: identifiers and literals as SQL.

/// The most bytes of a name; PostgreSQL cuts longer ones off without a word.
pub(crate) const NAME_BYTES_MAX: usize = 63;

/// A name, quoted.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Several names, quoted, with commas between them.
pub(crate) fn identifiers<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| identifier(name.as_ref())).collect();
    quoted.join(", ")
}

/// A text, quoted; right whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// At most as many bytes as a name may have, cut between characters.
pub(crate) fn clip(name: &str, bytes: usize) -> &str {
    let mut end = name.len().min(bytes);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        assert_eq!(identifier("a\"; drop table x; --"), "\"a\"\"; drop table x; --\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\' or"), " E'a\\\\'' or'");
    }

    #[test]
    fn clipping_keeps_characters_whole() {
        assert_eq!(clip("aé", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
    }
}
