//! Whose `X-Forwarded-For` is believed: the address of a request's client, where proxies stand in front.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use mayfly_common::cidr::Cidr;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The addresses of proxies that say truthfully whom they speak for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Cidr]>);

impl TrustedProxies {
    /// Those of these ranges.
    pub fn new(ranges: &[Cidr]) -> Self {
        Self(ranges.into())
    }

    /// Whether a connection from there is a trusted proxy's.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address))
    }

    /// Who sent a request. Each proxy adds, at the right, the address that it was asked from: what lies to the left of the first
    /// address that is no trusted proxy is that client's own claim.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.trusts(client) {
            return client;
        }
        for line in headers.get_all(X_FORWARDED_FOR).iter().rev() {
            for hop in line.as_bytes().rsplit(|byte| *byte == b',') {
                // Beyond what is no address, nobody is known.
                let Some(address) = parse(hop) else { return client };
                client = address;
                if !self.trusts(client) {
                    return client;
                }
            }
        }
        client
    }
}

/// An address, with or without a port; IPv6 with or without brackets.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address =
        bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let ranges = ["10.0.0.0/8", "fd00::/8"].map(|range| range.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        TrustedProxies::new(&ranges).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_client_is_the_first_from_the_right_that_is_no_trusted_proxy() {
        for (peer, lines, expected) in [
            // Without a proxy, the header is only a claim.
            ("203.0.113.7", &["198.51.100.1"][..], "203.0.113.7"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["192.0.2.66, 198.51.100.1, 10.3.0.9"], "198.51.100.1"),
            // Several lines are one list.
            ("10.0.0.1", &["192.0.2.66", "198.51.100.1", "10.3.0.9"], "198.51.100.1"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("::ffff:10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            // All of them proxies: the farthest.
            ("10.0.0.1", &["10.0.0.3,10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(client(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn beyond_what_is_no_address_nobody_is_known() {
        for lines in
            [&[][..], &[""], &["unknown"], &["198.51.100.1, _hidden"], &["198.51.100.1,"], &["1.2.3"], &["ä"]]
        {
            assert_eq!(client("10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        }
        assert_eq!(client("10.0.0.1", &["198.51.100.1, x, 10.0.0.2"]), "10.0.0.2");
    }
}
