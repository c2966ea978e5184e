//! Where the parts lie of a URL that the parser has written: such text needs no second parse.

use std::ops::Range;

use super::part;

/// Where a part lies.
pub(super) fn split(href: &str, which: u32) -> Range<usize> {
    let fragment = find(href, 0, b'#');
    let query = find(&href[..fragment], 0, b'?');
    let mark_alone = |from: usize, to: usize| if to == from + 1 { from..from } else { from..to };
    match which {
        part::SEARCH => return mark_alone(query, fragment),
        part::HASH => return mark_alone(fragment, href.len()),
        _ => {}
    }
    let scheme = find(href, 0, b':');
    let (authority, path) = match href[scheme..query].strip_prefix("://") {
        Some(_) => (scheme + 3, find(&href[..query], scheme + 3, b'/')),
        // A path that begins with two slashes has this before it, lest it be taken for an authority.
        None if href[scheme..].starts_with(":/.//") => (scheme + 1, scheme + 3),
        None => (scheme + 1, scheme + 1),
    };
    // Where there is no authority, there is nothing up to the path.
    let host_end = if path == scheme + 3 && authority == scheme + 1 { authority } else { path };
    let (name, password, host) = user(&href[..host_end], authority);
    let port = port(&href[..host_end], host);
    match which {
        part::PROTOCOL => 0..scheme + 1,
        part::USERNAME => authority..name,
        part::PASSWORD => password,
        part::HOST => host..host_end,
        part::HOSTNAME => host..port.map_or(host_end, |port| port - 1),
        part::PORT => port.unwrap_or(host_end)..host_end,
        part::PATHNAME => path..query,
        _ => 0..0,
    }
}

/// The first of this byte from `start` on, or the end.
fn find(text: &str, start: usize, byte: u8) -> usize {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    rest.iter().position(|&at| at == byte).map_or(text.len(), |at| start + at)
}

/// The end of the user's name, the password, and the beginning of the host.
fn user(text: &str, start: usize) -> (usize, Range<usize>, usize) {
    let end = find(text, start, b'@');
    if end == text.len() {
        return (start, start..start, start);
    }
    let name = find(&text[..end], start, b':');
    (name, (name + 1).min(end)..end, end + 1)
}

/// The beginning of the port, where there is one.
fn port(text: &str, host: usize) -> Option<usize> {
    let colon = host + text.get(host..)?.rfind(':')?;
    // Within brackets it is an address's.
    (!text[colon..].contains(']')).then_some(colon + 1)
}
