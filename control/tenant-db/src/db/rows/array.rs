//! PostgreSQL's array text as a JSON array.

use super::value::{Form, write_string};

/// `{1,NULL,"quoted",{...}}`, after limits like `[0:1]=` where there are some. A text of another shape stays a text.
/// `true`: an element is a text only for want of a JSON word.
pub(super) fn write(text: &[u8], form: Form, json: &mut Vec<u8>) -> bool {
    let start = json.len();
    let body = match text.first() {
        Some(b'[') => text.iter().position(|byte| *byte == b'=').map(|at| &text[at + 1..]),
        _ => Some(text),
    };
    match body.and_then(|body| write_body(body, form, json)) {
        Some(irregular) => irregular,
        None => {
            json.truncate(start);
            write_string(text, json);
            false
        }
    }
}

fn write_body(text: &[u8], form: Form, json: &mut Vec<u8>) -> Option<bool> {
    let mut at = 0;
    let mut depth = 0_usize;
    let mut irregular = false;
    loop {
        match *text.get(at)? {
            b'{' => {
                depth += 1;
                json.push(b'[');
                at += 1;
            }
            b'}' => {
                depth = depth.checked_sub(1)?;
                json.push(b']');
                at += 1;
                if depth == 0 {
                    return (at == text.len()).then_some(irregular);
                }
            }
            b',' => {
                json.push(b',');
                at += 1;
            }
            b'"' => {
                let (element, end) = quoted(text, at + 1)?;
                irregular |= form.write(&element, json);
                at = end;
            }
            _ if depth == 0 => return None,
            _ => {
                let end = at + text[at..].iter().position(|byte| matches!(byte, b',' | b'}'))?;
                match &text[at..end] {
                    b"NULL" => json.extend_from_slice(b"null"),
                    element => irregular |= form.write(element, json),
                }
                at = end;
            }
        }
    }
}

/// From behind the opening quote to behind the closing one.
fn quoted(text: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut element = Vec::new();
    loop {
        match *text.get(at)? {
            b'"' => return Some((element, at + 1)),
            b'\\' => {
                element.push(*text.get(at + 1)?);
                at += 2;
            }
            byte => {
                element.push(byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> String {
        let mut json = Vec::new();
        write(text.as_bytes(), Form::Text, &mut json);
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn empty_and_nested() {
        assert_eq!(json("{}"), "[]");
        assert_eq!(json("{{a,b},{c,NULL}}"), r#"[["a","b"],["c",null]]"#);
        assert_eq!(json(r#"{"a,b","}"}"#), r#"["a,b","}"]"#);
    }

    #[test]
    fn what_is_no_array_stays_a_text() {
        for text in ["", "{", "}", "a", "{a}b", "{\"a", "[0:1]"] {
            assert_eq!(json(text), serde_json::to_string(text).unwrap());
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_json(text in "[\\[{},\"\\\\a=]{0,16}") {
            // A comma too many is PostgreSQL's to avoid; all else must parse.
            let _ = json(&text);
        }
    }
}
