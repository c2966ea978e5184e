//! Number patterns: the affixes before and after the digits.

use super::parts::{Piece, push};

/// A pattern without its digits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// How many digits or zeros there are.
    pub(super) zeros: usize,
}

pub(super) fn is_digit(c: char) -> bool {
    matches!(c, '0' | '#' | ',' | '.')
}

/// One half of a pattern, around its digits. What is quoted stays so.
fn split(pattern: &str) -> Pattern {
    let mut quoted = false;
    let (mut first, mut last) = (pattern.len(), pattern.len());
    for (at, c) in pattern.char_indices() {
        if c == '\'' {
            quoted = !quoted;
        } else if !quoted && is_digit(c) {
            first = first.min(at);
            last = at + c.len_utf8();
        }
    }
    Pattern {
        prefix: pattern[..first].to_owned(),
        suffix: pattern[last..].to_owned(),
        zeros: pattern[first..last].matches('0').count(),
    }
}

/// The pattern of a number, and that of a negative one where it has its own.
pub(super) fn parse(pattern: &str) -> (Pattern, Option<Pattern>) {
    let mut halves = pattern.split(';');
    (split(halves.next().unwrap_or_default()), halves.next().map(split))
}

/// What stands for the symbols in a pattern.
pub(super) struct Symbols<'a> {
    pub(super) minus: &'a str,
    pub(super) plus: &'a str,
    pub(super) percent: &'a str,
    pub(super) currency: &'a str,
    /// What all other text is.
    pub(super) words: &'static str,
}

/// Puts symbols in.
pub(super) fn affix(pieces: &mut Vec<Piece>, text: &str, symbols: &Symbols<'_>) {
    let mut plain = String::new();
    let mut quoted = false;
    for c in text.chars() {
        let symbol = match c {
            '\'' => {
                quoted = !quoted;
                continue;
            }
            _ if quoted => None,
            '-' => Some(("minusSign", symbols.minus)),
            '+' => Some(("plusSign", symbols.plus)),
            '%' => Some(("percentSign", symbols.percent)),
            '¤' => Some(("currency", symbols.currency)),
            _ => None,
        };
        match symbol {
            Some((kind, text)) => {
                words(pieces, &plain, symbols.words);
                plain.clear();
                push(pieces, Piece::new(kind, text));
            }
            None => plain.push(c),
        }
    }
    words(pieces, &plain, symbols.words);
}

/// Words, and the space around them, which is literal.
pub(super) fn words(pieces: &mut Vec<Piece>, text: &str, kind: &'static str) {
    let inner = text.trim_matches(is_space);
    if inner.is_empty() {
        push(pieces, Piece::new("literal", text));
        return;
    }
    let start = text.find(inner).unwrap_or_default();
    push(pieces, Piece::new("literal", &text[..start]));
    push(pieces, Piece::new(kind, inner));
    push(pieces, Piece::new("literal", &text[start + inner.len()..]));
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}')
}

/// `{0}` filled in, with the words around it.
pub(super) fn fill(template: &str, inner: Vec<Piece>, kind: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // Where the word itself says how many, there is no number.
    let Some((before, after)) = template.split_once("{0}") else {
        words(&mut pieces, template, kind);
        return pieces;
    };
    words(&mut pieces, before, kind);
    for piece in inner {
        push(&mut pieces, piece);
    }
    words(&mut pieces, after, kind);
    pieces
}
