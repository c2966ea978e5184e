//! Rust source as tokens, without comments, literals and what is compiled for tests alone.

/// The words, `::` and single punctuation characters of a source text, in order. A literal becomes one `"`.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            found.push("\"".to_owned());
            length
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the string or character that the text begins with.
fn literal(text: &str) -> Option<usize> {
    let unprefixed = text.strip_prefix('b').unwrap_or(text);
    let prefix = text.len() - unprefixed.len();
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let opened = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = opened.find(&close).map_or(opened.len(), |end| end + close.len());
        return Some(prefix + 1 + hashes + 1 + end);
    }
    let quote = unprefixed.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = unprefixed.char_indices().skip(1);
    if quote == '\'' {
        // A lifetime has no second quote behind its first character.
        let mut ahead = unprefixed.chars().skip(1);
        let is_character = ahead.next()? == '\\' || ahead.next() == Some('\'');
        if !is_character {
            return None;
        }
    }
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(prefix + at + 1);
        }
    }
    Some(text.len())
}

/// The tokens without the items that `#[cfg(test)]` stands before; and the names of the modules among those.
pub(super) fn without_tests(tokens: &[String]) -> (Vec<String>, Vec<String>) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut rest = tokens;
    while let Some(first) = rest.first() {
        if !rest.iter().take(MARK.len()).eq(MARK) {
            kept.push(first.clone());
            rest = &rest[1..];
            continue;
        }
        let item = &rest[MARK.len()..];
        if let Some(at) = item.iter().position(|token| token == "mod")
            && item[..at].iter().all(|token| token != ";" && token != "{")
        {
            modules.extend(item.get(at + 1).cloned());
        }
        rest = &item[item_length(item)..];
    }
    (kept, modules)
}

/// Up to the item's semicolon, or to the end of its braces.
fn item_length(item: &[String]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in item.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn comments_and_literals_are_no_words() {
    let text = "a // b\n/* c */ \"d \\\" e\" 'f' '\\'' r#\"g \" h\"# b\"i\" &'j k::l";
    assert_eq!(tokens(text).join(" "), "a \" \" \" \" \" & ' j k :: l");
}

#[test]
fn what_is_for_tests_is_left_out() {
    let text = "use a; #[cfg(test)] mod b; #[cfg(test)] mod c { use d; fn e() {} } fn f() {}
        #[cfg(test)] fn g(h: [u8; 2]) { ; } i";
    let (kept, modules) = without_tests(&tokens(text));
    assert_eq!(kept.join(" "), "use a ; fn f ( ) { } i");
    assert_eq!(modules, ["b", "c"]);
}
