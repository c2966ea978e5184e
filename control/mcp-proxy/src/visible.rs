//! Text in which everything is seen.

/// A text in which everything is seen: what is not shown stands as its number.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            shown.push_str(&format!("\\u{{{:04X}}}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Controls, marks of direction, letters without a width, and the tags that repeat ASCII unseen.
pub(crate) fn is_hidden(letter: char) -> bool {
    matches!(u32::from(letter),
        0x00..=0x08 | 0x0b..=0x0c | 0x0e..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x180e
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb
        | 0xe0000..=0xe007f | 0xe0100..=0xe01ef)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_is_shown() {
        assert_eq!(visible("a\u{202e}b\nc\u{1b}"), "a\\u{202E}b\nc\\u{001B}");
    }
}
