//! The guard's table: every range by its first and last address, and every way of writing loopback.

use proptest::prelude::*;

use super::*;

#[test]
fn first_and_last_address_of_every_range_are_refused() {
    for address in [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "100.100.100.200",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:2::1",
        "2001:10::1",
        "2001:1f::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ] {
        let parsed: IpAddr = address.parse().unwrap();
        assert_eq!(check_address(parsed, &[]), Err(Denied::Address(parsed)), "{address}");
    }
}

#[test]
fn neighbours_of_the_ranges_are_public() {
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "8.8.8.8",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2003::1",
    ] {
        assert_eq!(check_address(address.parse().unwrap(), &[]), Ok(()), "{address}");
    }
}

#[test]
fn every_spelling_of_loopback_in_a_url_is_refused() {
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://0/",
        "http://0xa9fea9fe/",
        "http://127.0.0.1.:80/",
        "https://[64:ff9b::7f00:1]:8443/",
    ] {
        let parsed = Url::parse(url).unwrap();
        assert!(matches!(check_url(&parsed, &[]), Err(Denied::Address(_))), "{url}");
    }
}

#[test]
fn schemes_credentials_and_ports_are_checked() {
    for (url, expected) in [
        ("ftp://example.com/", "http and https only"),
        ("file:///etc/passwd", "http and https only"),
        ("http://user@example.com/", "user name"),
        ("http://:secret@example.com/", "password"),
        ("http://example.com:25/", "port 25"),
        ("http://example.com:6667/", "port 6667"),
        ("http://example.com:0/", "port 0"),
    ] {
        let error = check_url(&Url::parse(url).unwrap(), &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{url}: {error}");
    }
    for url in ["http://example.com/", "https://example.com:8443/x?y", "http://8.8.8.8:8080/"] {
        assert_eq!(check_url(&Url::parse(url).unwrap(), &[]), Ok(()), "{url}");
    }
}

#[test]
fn the_operator_can_allow_a_range_and_nothing_beside_it() {
    let allow: Vec<Cidr> = vec!["127.0.0.1/32".parse().unwrap(), "fd00::/8".parse().unwrap()];
    assert!(check_address("127.0.0.1".parse().unwrap(), &allow).is_ok());
    assert!(check_address("::ffff:127.0.0.1".parse().unwrap(), &allow).is_ok());
    assert!(check_address("fd12::1".parse().unwrap(), &allow).is_ok());
    assert!(check_address("127.0.0.2".parse().unwrap(), &allow).is_err());
    assert!(check_address("fe80::1".parse().unwrap(), &allow).is_err());
    for bad in ["", "x", "127.0.0.1/33", "::/129", "1.2.3.4/-1", "1.2.3/8"] {
        assert!(bad.parse::<Cidr>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn an_ipv4_address_is_treated_alike_in_every_wrapping(bits: u32) {
        let plain = Ipv4Addr::from(bits);
        let verdict = check_address(plain.into(), &[]).is_ok();
        for (base, _) in V6_CARRIES_V4 {
            let wrapped = Ipv6Addr::from(u128::from(base) | u128::from(bits));
            // The two lowest compatible addresses are `::` and `::1`, refused as themselves.
            prop_assert_eq!(check_address(wrapped.into(), &[]).is_ok(), verdict, "{}", wrapped);
        }
    }

    #[test]
    fn whatever_the_standard_library_calls_private_is_refused(bits: u32) {
        let address = Ipv4Addr::from(bits);
        if address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
            || address.is_documentation() || address.is_unspecified() || address.is_broadcast()
        {
            prop_assert!(check_address(address.into(), &[]).is_err());
        }
    }

    #[test]
    fn no_url_makes_the_guard_panic(text in ".{0,200}") {
        if let Ok(url) = Url::parse(&text) {
            let _ = check_url(&url, &[]);
        }
    }
}
