//! Date skeletons: from the requested fields to the nearest skeleton of CLDR, and its pattern adjusted.

use serde_json::{Map, Value};

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A letter, and how often it stands there.
    Field(char, usize),
    Text(String),
}

/// The pieces of a pattern.
pub(super) fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut quoted = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' if chars.peek() == Some(&'\'') => {
                chars.next();
                text(&mut tokens, '\'');
            }
            '\'' => quoted = !quoted,
            c if !quoted && c.is_ascii_alphabetic() => match tokens.last_mut() {
                Some(Token::Field(letter, width)) if *letter == c => *width += 1,
                _ => tokens.push(Token::Field(c, 1)),
            },
            c => text(&mut tokens, c),
        }
    }
    tokens
}

fn text(tokens: &mut Vec<Token>, c: char) {
    match tokens.last_mut() {
        Some(Token::Text(text)) => text.push(c),
        _ => tokens.push(Token::Text(c.to_string())),
    }
}

/// What kind of field a letter is.
pub(super) fn kind(letter: char) -> char {
    match letter {
        'L' => 'M',
        'c' | 'e' => 'E',
        'K' => 'h',
        'k' => 'H',
        'b' => 'B',
        'u' | 'r' | 'U' | 'Y' => 'y',
        letter => letter,
    }
}

/// Whether a field is written in letters.
fn is_word(kind: char, width: usize) -> bool {
    matches!(kind, 'E' | 'G' | 'B' | 'a') || (kind == 'M' && width > 2)
}

/// One to three letters of a word mean one width.
fn normal(kind: char, width: usize) -> usize {
    if is_word(kind, width) { width.max(3) } else { width }
}

fn distance(wanted: &[(char, usize)], skeleton: &[Token]) -> usize {
    let mut distance = 0;
    let mut found = 0;
    for (kind_wanted, width_wanted) in wanted {
        let field = skeleton.iter().find_map(|token| match token {
            Token::Field(letter, width) if kind(*letter) == *kind_wanted => Some(*width),
            _ => None,
        });
        let Some(width) = field else {
            distance += 0x1_0000;
            continue;
        };
        found += 1;
        if is_word(*kind_wanted, width) != is_word(*kind_wanted, *width_wanted) {
            distance += 0x100;
        }
        distance += normal(*kind_wanted, width).abs_diff(normal(*kind_wanted, *width_wanted));
    }
    // A pattern with more fields than were asked for is of no use.
    distance + 0x100_0000 * (skeleton.len() - found)
}

/// A skeleton, what it stands for, and the fields that it lacks.
type Nearest<'a> = (&'a str, &'a Value, Vec<(char, usize)>);

/// The nearest of all skeletons, and which fields it lacks.
pub(super) fn nearest<'a>(formats: &'a Map<String, Value>, wanted: &[(char, usize)]) -> Option<Nearest<'a>> {
    let (skeleton, value) = formats
        .iter()
        .map(|(skeleton, value)| (distance(wanted, &tokens(skeleton)), skeleton, value))
        .filter(|(distance, ..)| *distance < 0x100_0000)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(_, skeleton, value)| (skeleton, value))?;
    let there = tokens(skeleton);
    let has = |wanted: char| {
        there.iter().any(|token| matches!(token, Token::Field(letter, _) if kind(*letter) == wanted))
    };
    let lacking: Vec<_> = wanted.iter().copied().filter(|(kind, _)| !has(*kind)).collect();
    (lacking.len() < wanted.len()).then_some((skeleton.as_str(), value, lacking))
}

/// A pattern with its fields as wide as they were asked for, where the skeleton has them otherwise.
pub(super) fn adjusted(pattern: &str, skeleton: &str, wanted: &[(char, usize)]) -> Vec<Token> {
    let skeleton = tokens(skeleton);
    let width_in = |wanted: char| {
        skeleton.iter().find_map(|token| match token {
            Token::Field(letter, width) if kind(*letter) == wanted => Some(*width),
            _ => None,
        })
    };
    let adjust = |token: Token| match token {
        Token::Field(letter, width) => {
            let of = kind(letter);
            let asked = wanted.iter().find(|(kind, _)| *kind == of).map(|(_, width)| *width);
            match (asked, width_in(of)) {
                (Some(asked), Some(had))
                    if normal(of, asked) != normal(of, had) && is_word(of, asked) == is_word(of, width) =>
                {
                    // Minutes and seconds are of two digits wherever a pattern has them so.
                    let least = if matches!(of, 'm' | 's') { width } else { 1 };
                    Token::Field(letter, asked.max(least))
                }
                _ => Token::Field(letter, width),
            }
        }
        text => text,
    };
    tokens(pattern).into_iter().map(adjust).collect()
}

/// The pattern for fields of one half, date or time.
pub(super) fn pattern(formats: &Map<String, Value>, wanted: &[(char, usize)]) -> Vec<Token> {
    if wanted.is_empty() {
        return Vec::new();
    }
    if let [(letter, width)] = wanted
        && !formats.keys().any(|skeleton| skeleton.chars().all(|c| c == *letter))
    {
        return vec![Token::Field(*letter, *width)];
    }
    let Some((skeleton, value, lacking)) = nearest(formats, wanted) else {
        return wanted
            .iter()
            .enumerate()
            .flat_map(|(at, (letter, width))| {
                let space = (at > 0).then(|| Token::Text(" ".to_owned()));
                space.into_iter().chain([Token::Field(*letter, *width)])
            })
            .collect();
    };
    let mut found = adjusted(value.as_str().unwrap_or_default(), skeleton, wanted);
    if !lacking.is_empty() {
        found.push(Token::Text(" ".to_owned()));
        found.extend(pattern(formats, &lacking));
    }
    found
}

/// Where the second half of a range's pattern begins: at the first field that was there before.
pub(super) fn halves(tokens: &[Token]) -> usize {
    let mut seen = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let Token::Field(letter, _) = token {
            if seen.contains(&kind(*letter)) {
                return at;
            }
            seen.push(kind(*letter));
        }
    }
    tokens.len()
}
