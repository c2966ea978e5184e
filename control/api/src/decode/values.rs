//! How many values a JSON text has: each takes some hundred bytes in memory, so that a text of a few bytes each would take a
//! hundred times its own length.

/// Values of a JSON text that is read into a tree.
pub const VALUES_MAX: usize = 250_000;

/// Whether a text has at most [`VALUES_MAX`] values. It need not be JSON.
pub fn has_few_values(text: &[u8]) -> bool {
    // Each value takes two bytes at least: itself, and what separates it from the next.
    text.len() / 2 < VALUES_MAX || count(text) <= VALUES_MAX
}

/// What begins a value, or separates it from the one before, outside of strings.
fn count(text: &[u8]) -> usize {
    let (mut values, mut in_string, mut at) = (0, false, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => at += 1,
            b'{' | b'[' | b',' if !in_string => values += 1,
            _ => {}
        }
        at += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        assert_eq!(count(br#"{"a":[1,2,{}],"b":"[{,,\",,"}"#), 6);
        assert_eq!(count(br#""unclosed \"#), 0);
    }

    #[test]
    fn long_texts_of_many_values_are_told_from_long_ones() {
        let many = |values: usize| format!("[{}0]", "0,".repeat(values - 1)).into_bytes();
        assert!(has_few_values(&many(VALUES_MAX)) && !has_few_values(&many(VALUES_MAX + 1)));
        let text = format!("{{\"code\":\"{}\"}}", "a,[{".repeat(VALUES_MAX));
        assert!(has_few_values(text.as_bytes()));
    }
}
