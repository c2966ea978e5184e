//! Recognises URLs that are written as the parser would write them, as most are: much cheaper than to parse. Doubt means no.

const PORT_MAX: u32 = 65_535;

/// Whether the parser would give this text back as it is. No is always a right answer.
pub(super) fn is_canonical(text: &str) -> bool {
    let (rest, standard_port) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, 443),
        (_, Some(rest)) => (rest, 80),
        _ => return false,
    };
    let Some((authority, rest)) = rest.split_once('/') else { return false };
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    is_host(host)
        && port.is_none_or(|port| is_port(port, standard_port))
        && is_path(path)
        && query.bytes().all(|byte| is_plain(byte) || byte == b'?')
        && fragment.bytes().all(|byte| is_plain(byte) || byte == b'?')
}

/// A name of lower case, which is no number and stands for no other script.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        !label.is_empty()
            && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && bytes[0] != b'-'
            && bytes[bytes.len() - 1] != b'-'
            && bytes.get(2..4) != Some(b"--")
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(is_label) && last.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_port(port: &str, standard: u32) -> bool {
    port.len() <= 5
        && port.starts_with(|c| matches!(c, '1'..='9'))
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse().is_ok_and(|port: u32| port <= PORT_MAX && port != standard)
}

/// What stands behind the first slash: nothing to be encoded, and no segment that may be of dots.
fn is_path(path: &str) -> bool {
    let mut before = b'/';
    for byte in path.bytes() {
        // An encoded dot counts as one.
        if !is_plain(byte) || (before == b'/' && matches!(byte, b'.' | b'%')) {
            return false;
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
