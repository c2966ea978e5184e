//! Formatted text in its parts (`formatToParts`), and the writer that collects them from ICU4X.

use std::fmt;

use serde_json::Value;
use writeable::{Part, PartsWrite, Writeable};

/// The kind of a part, as ECMA-402 calls it, and its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) kind: &'static str,
    pub(super) text: String,
    /// What of a range it belongs to, or the unit of a relative time.
    pub(super) source: Option<&'static str>,
}

impl Piece {
    pub(super) fn new(kind: &'static str, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), source: None }
    }
}

/// Joins neighbouring literals.
pub(super) fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    if piece.text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.kind == piece.kind && last.kind == "literal" && last.source == piece.source => {
            last.text.push_str(&piece.text);
        }
        _ => pieces.push(piece),
    }
}

/// The parts as the guest reads them: kind, text and source of each, one after another.
pub(super) fn json(pieces: &[Piece]) -> String {
    let flat = pieces.iter().flat_map(|piece| {
        [Value::from(piece.kind), Value::from(piece.text.as_str()), Value::from(piece.source)]
    });
    Value::from_iter(flat).to_string()
}

/// The text alone.
pub(super) fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// The parts that ICU4X writes; where they are within each other, the inner one counts.
pub(super) fn written(value: &impl Writeable, otherwise: &'static str) -> Vec<Piece> {
    let mut collector = Collector { pieces: Vec::new(), kinds: vec![otherwise] };
    // Writing into memory does not fail.
    let _ = value.write_to_parts(&mut collector);
    collector.pieces
}

struct Collector {
    pieces: Vec<Piece>,
    kinds: Vec<&'static str>,
}

impl fmt::Write for Collector {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kind = self.kinds.last().copied().unwrap_or("literal");
        match self.pieces.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(text),
            _ => self.pieces.push(Piece::new(kind, text)),
        }
        Ok(())
    }
}

impl PartsWrite for Collector {
    type SubPartsWrite = Self;

    fn with_part(
        &mut self,
        part: Part,
        mut write: impl FnMut(&mut Self::SubPartsWrite) -> fmt::Result,
    ) -> fmt::Result {
        self.kinds.push(part.value);
        if part.value == "element" {
            self.pieces.push(Piece::new("element", ""));
        }
        let result = write(self);
        self.kinds.pop();
        result
    }
}
