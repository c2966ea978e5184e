//! Whether a piece of SQL can be embedded safely: brackets and quotes closed, and no second statement.
//!
//! What the piece says is PostgreSQL's business; that it ends where we think it ends is ours. It looks at each
//! character once and calls nothing twice, whatever is in it.

/// The longest expression, in bytes.
const BYTES_MAX: usize = 64 << 10;

/// The deepest brackets: PostgreSQL's own parser recurses.
const DEPTH_MAX: usize = 256;

/// Check one expression.
///
/// # Errors
/// What is wrong with it.
pub fn check_expression(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("an expression must not be empty".to_owned());
    }
    if text.len() > BYTES_MAX {
        return Err(format!("an expression has at most {BYTES_MAX} bytes, this one has {}", text.len()));
    }
    if text.contains('\0') {
        return Err("an expression must not contain NUL".to_owned());
    }
    let bytes = text.as_bytes();
    let mut open: Vec<u8> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        at += match rest[0] {
            b'\'' => quoted(rest, b'\'', has_escapes(bytes, at))?,
            b'"' => quoted(rest, b'"', false)?,
            b'$' => dollar(bytes, at)?,
            b'-' if rest.starts_with(b"--") => return Err("comments are not allowed here".to_owned()),
            b'/' if rest.starts_with(b"/*") => return Err("comments are not allowed here".to_owned()),
            b';' => return Err("one expression, please: there is a ';' in it".to_owned()),
            bracket @ (b'(' | b'[') => {
                open.push(bracket);
                if open.len() > DEPTH_MAX {
                    return Err(format!("brackets are nested more than {DEPTH_MAX} deep"));
                }
                1
            }
            bracket @ (b')' | b']') => {
                let wanted = if bracket == b')' { b'(' } else { b'[' };
                if open.pop() != Some(wanted) {
                    return Err(format!("there is a '{}' too many", char::from(bracket)));
                }
                1
            }
            _ => 1,
        };
    }
    match open.last() {
        Some(bracket) => Err(format!("a '{}' is not closed", char::from(*bracket))),
        None => Ok(()),
    }
}

/// `E'...'`: the quote follows an E that begins a word.
fn has_escapes(bytes: &[u8], at: usize) -> bool {
    at > 0 && bytes[at - 1].eq_ignore_ascii_case(&b'e') && (at == 1 || !is_word(bytes[at - 2]))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The length of a quoted text that begins here.
fn quoted(rest: &[u8], quote: u8, escapes: bool) -> Result<usize, String> {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(format!("a {} is not closed", char::from(quote)))
}

/// The length of what a dollar begins: a quoted text, or nothing but a dollar.
fn dollar(bytes: &[u8], at: usize) -> Result<usize, String> {
    let rest = &bytes[at..];
    if at > 0 && is_word(bytes[at - 1]) {
        return Ok(1);
    }
    let tag = rest[1..].iter().take_while(|byte| is_word(**byte) && **byte != b'$').count();
    let is_quote = rest.get(tag + 1) == Some(&b'$') && !rest[1].is_ascii_digit();
    if !is_quote {
        return Err("parameters such as $1 are not allowed here".to_owned());
    }
    let mark = &rest[..tag + 2];
    let body = &rest[tag + 2..];
    let end = body.windows(mark.len()).position(|window| window == mark);
    end.map(|end| end + 2 * mark.len()).ok_or_else(|| "a $-quoted text is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn closed_pieces_pass() {
        for text in [
            "now()",
            "'it''s; fine'",
            "E'a\\'; b'",
            "\"odd \"\"; name\" > 0",
            "$$ ; ( $$ || $t$ ' $t$",
            "ARRAY['(', ']']",
            "(a[1] + (b))",
            "'\\'",
            "a$b > 1",
            "-1",
            "a - -1",
        ] {
            assert_eq!(check_expression(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_would_get_out_is_refused() {
        for text in [
            "",
            "0); drop table x",
            "0) , evil int CHECK (true",
            "(",
            "'",
            "E'\\'",
            "1 -- x",
            "1 /* x",
            "$1",
            "$$ open",
            "(]",
            "a\0",
            "1; commit",
        ] {
            assert!(check_expression(text).is_err(), "{text}");
        }
        assert!(check_expression(&"(".repeat(1_000)).unwrap_err().contains("nested"));
        assert!(check_expression(&"x".repeat(BYTES_MAX + 1)).is_err());
        assert!(check_expression(&"x".repeat(BYTES_MAX)).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_stumble(text in ".*") {
            let _ = check_expression(&text);
        }

        #[test]
        fn what_passes_can_be_put_in_brackets(text in r#"[a-z'"$();\[\]E\\-]{0,24}"#) {
            if check_expression(&text).is_ok() {
                let bracketed = format!("({text})");
                prop_assert!(check_expression(&bracketed).is_ok());
            }
        }
    }
}
