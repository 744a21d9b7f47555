//! From where a request comes, when proxies stand in between (trust.md S23).
//!
//! Anybody can write `X-Forwarded-For`. So it is read from the right, where our own proxies wrote, and only as far as
//! those who wrote it are trusted: the first address that is not a proxy of ours is the client's.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::auth::networks::{Networks, NotANetwork};

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The networks of our own proxies. Empty: nobody is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Networks);

impl TrustedProxies {
    /// Networks and addresses, separated by commas; nothing means none.
    pub fn parse(text: &str) -> Result<Self, NotANetwork> {
        Networks::parse(text).map(Self)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(address)
    }
}

/// Walks from the peer towards the client and stops at the first address that no proxy of ours has, or before the
/// first entry that is not an address. IPv4 in IPv6 (`::ffff:a.b.c.d`) counts as IPv4.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut address = peer.to_canonical();
    for line in headers.get_all(X_FORWARDED_FOR).iter().rev() {
        // A line that is not text has no entries: it reads as one that is no address.
        for entry in line.to_str().unwrap_or("?").rsplit(',') {
            if !trusted.contains(address) {
                return address;
            }
            let Some(before) = entry_address(entry.trim()) else { return address };
            address = before;
        }
    }
    address
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn entry_address(entry: &str) -> Option<IpAddr> {
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = entry.parse::<IpAddr>().ok().or_else(bracketed).or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRUSTED: &str = "10.0.0.0/8, 192.0.2.1, 2001:db8:ffff::/48";

    fn address(peer: &str, lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &TrustedProxies::parse(TRUSTED).unwrap()).to_string()
    }

    #[test]
    fn nobody_can_pretend_to_be_elsewhere() {
        let cases: [(&str, &[&[u8]], &str); 20] = [
            // who comes directly
            ("203.0.113.5", &[], "203.0.113.5"),
            ("203.0.113.5", &[b"198.51.100.1"], "203.0.113.5"),
            ("203.0.113.5", &[b"10.0.0.1"], "203.0.113.5"),
            // through one proxy, through two, over IPv6
            ("10.0.0.1", &[b"203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &[b"203.0.113.5, 192.0.2.1"], "203.0.113.5"),
            ("2001:db8:ffff::1", &[b"2001:db8:1::5"], "2001:db8:1::5"),
            ("::ffff:10.0.0.1", &[b"::ffff:203.0.113.5"], "203.0.113.5"),
            // what the client wrote stands left of what the proxy saw
            ("10.0.0.1", &[b"198.51.100.1, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &[b"10.9.9.9, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &[b"198.51.100.1", b"203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &[b"198.51.100.1", b"203.0.113.5, 10.0.0.2"], "203.0.113.5"),
            // ports and brackets
            ("10.0.0.1", &[b"203.0.113.5:4711"], "203.0.113.5"),
            ("10.0.0.1", &[b"[2001:db8:1::5]:4711"], "2001:db8:1::5"),
            ("10.0.0.1", &[b"[2001:db8:1::5]"], "2001:db8:1::5"),
            // garbage stops the walk
            ("10.0.0.1", &[b"203.0.113.5, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[b"203.0.113.5, , 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[b"203.0.113.5", b"\xff\xfe"], "10.0.0.1"),
            ("10.0.0.1", &[b"203.0.113.5:99999"], "10.0.0.1"),
            ("10.0.0.1", &[b""], "10.0.0.1"),
            // only proxies: the outermost
            ("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ];
        for (peer, lines, expected) in cases {
            assert_eq!(address(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_list_of_networks_is_read_or_refused() {
        assert!(!TrustedProxies::parse("").unwrap().contains("127.0.0.1".parse().unwrap()));
        let loopback = TrustedProxies::parse("127.0.0.0/8,::1").unwrap();
        assert!(loopback.contains("::1".parse().unwrap()) && loopback.contains("127.9.9.9".parse().unwrap()));
        for text in ["localhost", "10.0.0.0/33", "10.0.0.1,x"] {
            assert!(TrustedProxies::parse(text).is_err(), "{text}");
        }
    }
}
