//! JSON of 200 KB, parsed, changed, and written again.
use std::fmt::Write as _;

use super::{Needs, Work};

pub(super) fn work() -> Work {
    let body = document(1_800);
    let answer = format!("{},\"seen\":1800}}", &body[..body.len() - 1]).into_bytes();
    let source = "function handler(text) {
  const value = JSON.parse(text);
  value.seen = value.items.length;
  return JSON.stringify(value);
}";
    Work {
        name: "json",
        about: "200 KB of JSON, parsed, changed and written",
        source: source.to_owned(),
        body: body.into_bytes(),
        answer,
        needs: Needs::Nothing,
    }
}

/// An object with this many items of about 110 bytes, as `JSON.stringify` writes it.
pub(super) fn document(items: usize) -> String {
    let mut text = String::from("{\"items\":[");
    for n in 0..items {
        let comma = if n == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{comma}{{\"id\":{},\"name\":\"item number {n}\",\"price\":{}.5,\"tags\":[\"red\",\"small\",\"new\"],\"stock\":{{\"here\":{},\"there\":null}},\"sold\":{}}}",
            n + 1_000,
            n % 97,
            n % 13,
            n % 2 == 0
        );
    }
    text.push_str("]}");
    text
}
