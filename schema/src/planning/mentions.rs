//! Whether a piece of SQL mentions a name: rather one false positive too many than one mention missed.

use crate::declare::dsl::{Index, KeyTarget};
use crate::quote::identifier;

/// Whether `name` stands in `text` as a word of its own, or quoted.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    if text.contains(&identifier(name)) {
        return true;
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.split(|c: char| !is_word(c)).any(|word| word == name)
}

/// Whether an index is over a column, carries it, or has it in an expression.
pub(crate) fn index_mentions(index: &Index, word: &str) -> bool {
    let in_keys = index.keys.iter().any(|key| match &key.target {
        KeyTarget::Column(name) => name == word,
        KeyTarget::Expression(text) => mentions(text.shown(), word),
    });
    let in_predicate = index.predicate.as_ref().is_some_and(|text| mentions(text.shown(), word));
    in_keys || in_predicate || index.include.iter().any(|name| name == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        assert!(mentions("(price > 0)", "price"));
        assert!(mentions("\"Unit Price\" > 0", "Unit Price"));
        assert!(!mentions("unit_price > 0", "price"));
    }
}
