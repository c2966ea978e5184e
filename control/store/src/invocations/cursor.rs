//! The cursor of a page of records, as an opaque text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Points behind the record of this number.
pub(super) fn write(number: i64) -> String {
    URL_SAFE_NO_PAD.encode(number.to_string())
}

/// `None`: the text is no cursor of ours.
pub(super) fn read(text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let number: i64 = std::str::from_utf8(&bytes).ok()?.parse().ok()?;
    (number >= 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        for number in [0, 1, i64::MAX] {
            assert_eq!(read(&write(number)), Some(number));
        }
    }

    #[test]
    fn other_texts_are_no_cursor() {
        for text in ["", "!", "LTE", "MTIzLmEnYg", "eC5pbnZfMQ"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
