//! The guard: which addresses, ports and URLs a function may reach. Pure: it resolves nothing and connects to nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mayfly_common::cidr::{Cidr, contains_v4, contains_v6};
use url::{Host, Url};

/// Why a request is refused before anything is sent. The words are for the function's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Not http or https, no host, or credentials in the URL.
    #[error("{0}")]
    Url(&'static str),
    /// A port of a protocol that is not HTTP.
    #[error("port {0} is not open to fetch")]
    Port(u16),
    /// An address that is not public.
    #[error("{0} is not a public address")]
    Address(IpAddr),
}

/// IPv4 ranges that are not the public Internet, each by its registry's name.
const V4_DENIED: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // "this network"
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // shared, carrier-grade NAT; a cloud's metadata too
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local; most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // IETF protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // 6to4 relay
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),        // reserved
    (Ipv4Addr::new(255, 255, 255, 255), 32), // broadcast
];

/// IPv6 ranges that are not the public Internet.
const V6_DENIED: [(Ipv6Addr, u8); 15] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 128),        // unspecified
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 1), 128),        // loopback
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48), // local NAT64
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),     // discard
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32),    // Teredo: an IPv4 address inside
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48),    // benchmarking
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28), // ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),    // 6to4: an IPv4 address inside
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),    // documentation
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),    // segment routing
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),     // unique local; a cloud's metadata too
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),    // link-local
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),    // site-local
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),     // multicast
];

/// IPv6 ranges whose last 32 bits are an IPv4 address that the network may well send the packet to.
const V6_CARRIES_V4: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 96),      // IPv4-compatible
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), // IPv4-mapped
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96), // IPv4-translated
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96), // NAT64
];

/// Ports that the Fetch standard blocks because other protocols live there.
const PORTS_DENIED: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// May a function open a connection to this address? `allow` holds the operator's exceptions.
pub fn check_address(address: IpAddr, allow: &[Cidr]) -> Result<(), Denied> {
    if allow.iter().any(|range| range.contains(address)) || is_public(address) {
        Ok(())
    } else {
        Err(Denied::Address(address))
    }
}

/// May a function ask for this URL at all? Addresses written in it are checked here, names once they are resolved.
pub fn check_url(url: &Url, allow: &[Cidr]) -> Result<(), Denied> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Denied::Url("fetch speaks http and https only"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Denied::Url("a URL with a user name or password in it cannot be fetched"));
    }
    let port = url.port_or_known_default().ok_or(Denied::Url("the URL has no port"))?;
    if PORTS_DENIED.contains(&port) {
        return Err(Denied::Port(port));
    }
    match url.host() {
        None => Err(Denied::Url("the URL has no host")),
        Some(Host::Domain(_)) => Ok(()),
        Some(Host::Ipv4(address)) => check_address(address.into(), allow),
        Some(Host::Ipv6(address)) => check_address(address.into(), allow),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !V4_DENIED.iter().any(|(base, bits)| contains_v4(*base, *bits, address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if V6_DENIED.iter().any(|(base, bits)| contains_v6(*base, *bits, address)) {
        return false;
    }
    if V6_CARRIES_V4.iter().any(|(base, bits)| contains_v6(*base, *bits, address)) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    true
}

#[cfg(test)]
mod tests;
