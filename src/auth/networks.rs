//! Networks of addresses: those of our own proxies, and those from which a key or a token counts.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// A network of a list holds at most so large a part of all addresses: 1 of 256, 1 of 65,536.
const SHORTEST_V4: u8 = 8;
const SHORTEST_V6: u8 = 16;

/// A list of networks; the empty one contains no address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Arc<[IpNet]>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address nor a network such as 10.0.0.0/8")]
pub struct NotANetwork(pub String);

impl Networks {
    /// Networks and addresses, separated by commas or white space; nothing means none.
    pub fn parse(text: &str) -> Result<Self, NotANetwork> {
        let entries = text.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty());
        entries.map(network).collect::<Result<Arc<[IpNet]>, _>>().map(Self)
    }

    /// An address in its canonical form: IPv4 in IPv6 is IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether some network is so large that the list keeps hardly anybody out.
    pub fn is_wide(&self) -> bool {
        self.0.iter().any(|network| match network {
            IpNet::V4(network) => network.prefix_len() < SHORTEST_V4,
            IpNet::V6(network) => network.prefix_len() < SHORTEST_V6,
        })
    }
}

/// As it is stored and shown; a network of one address without its length.
impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, network) in self.0.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            if network.prefix_len() == network.max_prefix_len() {
                write!(f, "{comma}{}", network.addr())?;
            } else {
                write!(f, "{comma}{network}")?;
            }
        }
        Ok(())
    }
}

fn network(text: &str) -> Result<IpNet, NotANetwork> {
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    let network = text.parse::<IpNet>().map(|network| network.trunc());
    network.or(address).map_err(|_| NotANetwork(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_written_and_asked() {
        let list = Networks::parse("203.0.113.7, 198.51.100.9/24\n2001:db8::/32 ::ffff:192.0.2.1").unwrap();
        assert_eq!(list.to_string(), "203.0.113.7, 198.51.100.0/24, 2001:db8::/32, 192.0.2.1");
        assert_eq!(Networks::parse(&list.to_string()), Ok(list.clone()));
        let cases = [
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("198.51.100.255", true),
            ("198.51.101.0", false),
            ("2001:db8::5", true),
            ("2001:db9::5", false),
            ("192.0.2.1", true),
        ];
        for (address, expected) in cases {
            assert_eq!(list.contains(address.parse().unwrap()), expected, "{address}");
        }
        assert!(Networks::parse(" , ").unwrap().is_empty() && list.len() == 4 && !list.is_wide());
    }

    #[test]
    fn what_is_no_network_is_refused_and_what_holds_everybody_is_wide() {
        for bad in ["203.0.113", "203.0.113.7/33", "shop.example", "203.0.113.7:80", "2001:db8::/129"] {
            assert_eq!(Networks::parse(bad), Err(NotANetwork(bad.to_owned())));
        }
        for (text, expected) in
            [("0.0.0.0/0", true), ("10.0.0.0/7", true), ("10.0.0.0/8", false), ("::/0", true), ("2001::/16", false)]
        {
            assert_eq!(Networks::parse(text).unwrap().is_wide(), expected, "{text}");
        }
    }
}
