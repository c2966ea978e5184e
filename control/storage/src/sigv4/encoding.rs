//! Percent-encoding as signatures have it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// All but these is encoded, once.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// In a path slashes stay.
const PATH: &AsciiSet = &ENCODED.remove(b'/');

pub(super) const EMPTY_PATH: &str = "/";
/// Every byte but those of names and slashes is encoded; segments stay as they are.
pub(super) fn encode_path(path: &[u8]) -> String {
    if path.is_empty() { EMPTY_PATH.to_owned() } else { percent_encode(path, PATH).to_string() }
}

/// A query in its canonical form.
pub(crate) fn encode_query(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> String {
    let encode = |text: &[u8]| percent_encode(text, ENCODED).to_string();
    let mut pairs: Vec<(String, String)> =
        pairs.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The names and values of a query, in order. A plus is a plus.
pub(crate) fn decode_query(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let decode = |text: &str| percent_decode(text.as_bytes()).collect();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
