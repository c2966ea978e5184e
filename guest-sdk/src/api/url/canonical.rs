//! Recognises URLs that are written as the parser would write them, as most are: much cheaper than to parse. Doubt means no.

const PORT_MAX: u32 = 65_535;

/// Whether the parser would give this text back as it is. No is always a right answer.
pub(super) fn is_canonical(text: &str) -> bool {
    let text = text.as_bytes();
    let (rest, standard_port) = match (text.strip_prefix(b"https://"), text.strip_prefix(b"http://")) {
        (Some(rest), _) => (rest, 443),
        (_, Some(rest)) => (rest, 80),
        _ => return false,
    };
    let Some(slash) = position(rest, b'/') else { return false };
    let (authority, rest) = rest.split_at(slash);
    let (host, port) = match position(authority, b':') {
        Some(colon) => (&authority[..colon], Some(&authority[colon + 1..])),
        None => (authority, None),
    };
    is_host(host) && port.is_none_or(|port| is_port(port, standard_port)) && is_rest(rest)
}

fn position(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|&at| at == byte)
}

/// A name of lower case, which is no number and stands for no other script.
fn is_host(host: &[u8]) -> bool {
    let is_label = |label: &[u8]| {
        !label.is_empty()
            && label.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && label[0] != b'-'
            && label[label.len() - 1] != b'-'
            && label.get(2..4) != Some(b"--")
    };
    let last = host.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    host.split(|&byte| byte == b'.').all(is_label) && last.first().is_some_and(u8::is_ascii_lowercase)
}

fn is_port(port: &[u8], standard: u32) -> bool {
    let number = || port.iter().fold(0, |number: u32, digit| number * 10 + u32::from(digit - b'0'));
    port.len() <= 5
        && port.first().is_some_and(|first| matches!(first, b'1'..=b'9'))
        && port.iter().all(u8::is_ascii_digit)
        && number() <= PORT_MAX
        && number() != standard
}

/// What stands from the first slash on: nothing to be encoded, and no segment of the path that may be of dots.
fn is_rest(rest: &[u8]) -> bool {
    let mut path = true;
    let mut fragment = false;
    let mut before = b'/';
    for &byte in rest {
        match byte {
            b'#' if !fragment => (path, fragment) = (false, true),
            b'?' => path = false,
            // An encoded dot counts as one.
            _ if !is_plain(byte) || (path && before == b'/' && matches!(byte, b'.' | b'%')) => return false,
            _ => {}
        }
        before = byte;
    }
    true
}

/// What stands for itself in a path, a query and a fragment.
fn is_plain(byte: u8) -> bool {
    PLAIN[usize::from(byte)]
}

const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let all = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~!$&()*+,;=:@%/";
    let mut at = 0;
    while at < all.len() {
        plain[all[at] as usize] = true;
        at += 1;
    }
    plain
};
