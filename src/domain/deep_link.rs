//! Where a link may lead: the hosts of its campaign and nowhere else (domain.md section 1, trust.md S16).

use std::fmt;
use std::net::Ipv4Addr;

use url::{Host, Url};

/// A deep link, or a saved destination, has at most so many bytes.
pub const DESTINATION_BYTES_MAX: usize = 2_048;
/// A destination with its macros replaced has at most so many bytes.
pub const LOCATION_BYTES_MAX: usize = 8_192;
/// The parameters that carry a deep link; the first one there counts.
pub const DEEP_LINK_NAMES: [&str; 3] = ["url", "u", "ued"];

/// The hosts to which a campaign's links may lead: its own domain and those on its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<AllowedHost>);

/// A host and its port; no port: the scheme's own.
type AllowedHost = (Host<String>, Option<u16>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a host as in shop.example, or shop.example:8443: {0:?}")]
pub struct NotAHost(pub String);

impl AllowedHosts {
    /// Reads hosts, one a line or with commas between them; compared after IDNA and in lower case.
    /// A development network may list `localhost` and `127.0.0.1`, with a port.
    ///
    /// # Errors
    /// The first entry that is no host.
    pub fn parse(text: &str, is_development: bool) -> Result<Self, NotAHost> {
        let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        let read = |entry: &str| read_host(entry, is_development).ok_or_else(|| NotAHost(entry.to_owned()));
        entries.map(read).collect::<Result<_, _>>().map(Self)
    }

    fn check(&self, url: &Url) -> Result<(), DestinationRefused> {
        let host = url.host().ok_or(DestinationRefused::NotAUrl)?;
        let ports: Vec<_> = self.0.iter().filter(|(name, _)| *name == host).map(|(_, port)| *port).collect();
        match host {
            _ if ports.contains(&url.port()) || ports.contains(&url.port_or_known_default()) => Ok(()),
            _ if !ports.is_empty() => Err(DestinationRefused::Port),
            Host::Domain(_) => Err(DestinationRefused::Host),
            Host::Ipv4(_) | Host::Ipv6(_) => Err(DestinationRefused::IpLiteral),
        }
    }
}

fn read_host(entry: &str, is_development: bool) -> Option<AllowedHost> {
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok().filter(|port| *port != 0)?)),
        None => (entry, None),
    };
    let host = Host::parse(name).ok()?;
    let is_fit = match &host {
        Host::Domain(name) if name == "localhost" => is_development && port.is_some(),
        Host::Domain(name) => is_public_name(name),
        Host::Ipv4(address) => *address == Ipv4Addr::LOCALHOST && is_development && port.is_some(),
        Host::Ipv6(_) => false,
    };
    is_fit.then_some((host, port))
}

/// Two or more labels of letters, digits and hyphens.
fn is_public_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.contains('.') && name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_fit))
}

/// As it is stored: one host a line.
impl fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.iter().map(|(host, port)| match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        });
        f.pad(&lines.collect::<Vec<_>>().join("\n"))
    }
}

/// Why a link may not lead there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DestinationRefused {
    #[error("too long: at most {DESTINATION_BYTES_MAX} bytes, or {LOCATION_BYTES_MAX} with its macros replaced")]
    TooLong,
    #[error("not a web address as in https://shop.example/shoes")]
    NotAUrl,
    #[error("only http and https")]
    Scheme,
    #[error("a user name or password in the address")]
    UserInfo,
    #[error("a number in place of a host name")]
    IpLiteral,
    #[error("a port that the campaign does not list")]
    Port,
    #[error("a host that the campaign does not list")]
    Host,
    #[error("a macro before the path")]
    MacroInHost,
}

/// Reads a deep link or a saved destination. What comes back, never the text itself, is where to go.
///
/// A loopback host is on a list only where [`AllowedHosts::parse`] was told of a development network.
pub fn check_destination(text: &str, hosts: &AllowedHosts) -> Result<Url, DestinationRefused> {
    if text.len() > DESTINATION_BYTES_MAX {
        return Err(DestinationRefused::TooLong);
    }
    read_url(text, hosts)
}
/// As [`check_destination`], without its length.
pub(super) fn read_url(text: &str, hosts: &AllowedHosts) -> Result<Url, DestinationRefused> {
    let url = Url::parse(text).map_err(|_| DestinationRefused::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(DestinationRefused::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(DestinationRefused::UserInfo);
    }
    hosts.check(&url)?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts() -> AllowedHosts {
        AllowedHosts::parse("shop.example, B\u{fc}cher.example\nshop.example:8443,tls.example:443", false).unwrap()
    }

    #[test]
    fn hosts_are_listed_in_one_form() {
        assert_eq!(hosts().to_string(), "shop.example\nxn--bcher-kva.example\nshop.example:8443\ntls.example:443");
        let loopback = "localhost:3001,127.0.0.1:3001";
        assert_eq!(AllowedHosts::parse(loopback, true).unwrap().to_string(), loopback.replace(',', "\n"));
        for entry in ["localhost", "127.0.0.1", "[::1]:3001", "127.0.0.2:3001", "shop", "https://shop.example"] {
            assert_eq!(AllowedHosts::parse(entry, true), Err(NotAHost(entry.to_owned())));
        }
        for entry in ["localhost:3001", "127.0.0.1:3001", "2130706433:80", "*.shop.example", "shop.example.", "a..b"] {
            assert_eq!(AllowedHosts::parse(entry, false), Err(NotAHost(entry.to_owned())));
        }
    }

    #[test]
    fn hostile_destinations_are_refused() {
        use DestinationRefused::*;
        let too_long = format!("https://shop.example/{}", "a".repeat(DESTINATION_BYTES_MAX));
        let refused = [
            (TooLong, too_long.as_str()),
            (NotAUrl, "//shop.example/ /path https:// https://shop.example:99999/ https://shop%00.example/"),
            (Scheme, "javascript:alert(1)//shop.example data:text/html,https://shop.example ftp://shop.example/"),
            (Scheme, "file://shop.example/etc/passwd blob:https://shop.example/1"),
            (UserInfo, "https://shop.example@evil.example/ https://u:p@shop.example/ https://:p@shop.example/"),
            (IpLiteral, "https://127.0.0.1/ https://2130706433/ https://0x7f.1/ https://[::1]/ https://017700000001"),
            (Port, "https://shop.example:8080/ https://shop.example:80/ http://tls.example/ https://shop.example:0"),
            (Host, "https://evil.example/ https:/\\evil.example/ https://evil.example\\@shop.example/"),
            (Host, "https://evil.example#@shop.example/ https://evil.example?.shop.example/ http://localhost:3001/"),
            (Host, "https://shop.example.evil.example/ https://evilshop.example/ https://www.shop.example/"),
            (Host, "https://shop.example./ https://sh\u{43e}p.example/ https:evil.example https:///evil.example"),
        ];
        for (reason, texts) in refused {
            for text in texts.split(' ') {
                assert_eq!(check_destination(text, &hosts()), Err(reason), "{text}");
            }
        }
        assert_eq!(check_destination("", &hosts()), Err(NotAUrl));
        assert_eq!(check_destination("https://ev\til.example/", &hosts()), Err(Host));
        assert_eq!(check_destination("https://shop.example/", &AllowedHosts::default()), Err(Host));
    }

    /// The addresses of the fixture, which `end2end/journeys/redirect.spec.ts` sends to a running network.
    fn hostile() -> Vec<String> {
        let lines = include_str!("../../tests/fixtures/hostile_links.txt").lines();
        let texts = lines.filter(|line| !line.starts_with("# "));
        texts.map(|text| serde_json::from_str(&format!("\"{text}\"")).unwrap()).collect()
    }

    /// By a reading of our own, which knows nothing of addresses: what follows the slashes, up to the next mark.
    fn authority_of(url: &str) -> &str {
        let rest = url.split_once("://").expect("an absolute address").1;
        &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())]
    }

    #[test]
    fn no_hostile_address_leads_anywhere_else() {
        let hosts = AllowedHosts::parse("shop.example,www.shop.example", false).unwrap();
        let texts = hostile();
        assert!(texts.len() >= 573, "{}", texts.len());
        let mut accepted = 0;
        for text in &texts {
            let Ok(url) = check_destination(text, &hosts) else { continue };
            accepted += 1;
            let is_plain = url.as_str().bytes().all(|byte| byte.is_ascii_graphic());
            assert!(is_plain && authority_of(url.as_str()) == "shop.example", "{text:?} leads to {url}");
            assert!(matches!(url.scheme(), "http" | "https"), "{text:?} leads to {url}");
        }
        assert!(accepted > 20 && accepted < texts.len() / 3, "{accepted} of {} are no attack after all", texts.len());
    }

    #[test]
    fn a_destination_is_what_the_parser_makes_of_it() {
        for (text, expected) in [
            ("https://shop.example", "https://shop.example/"),
            ("HTTPS://SHOP.example:443/a b?q=\u{e4}#x", "https://shop.example/a%20b?q=%C3%A4#x"),
            ("https://tls.example:443", "https://tls.example/"),
            ("https://shop.example:8443/", "https://shop.example:8443/"),
            ("https://B\u{dc}CHER.example/", "https://xn--bcher-kva.example/"),
            ("https://shop\u{3002}example/", "https://shop.example/"),
            ("https://shop.example\\@evil.example/", "https://shop.example/@evil.example/"),
            ("https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/Set-Cookie:%20a=b"),
        ] {
            assert_eq!(check_destination(text, &hosts()).unwrap().as_str(), expected, "{text}");
        }
        let local = AllowedHosts::parse("127.0.0.1:3001", true).unwrap();
        assert!(check_destination("http://127.0.0.1:3001/shop", &local).is_ok());
        assert_eq!(check_destination("http://127.0.0.1/shop", &local), Err(DestinationRefused::Port));
    }

    proptest! {
        #[test]
        fn what_is_accepted_leads_to_a_listed_host(
            text in r"(https?:)?[/\\]{0,3}[@a-z.:#?%0-9]{0,4}(shop\.example|evil\.example)[@:/\\.a-z0-9]{0,12}"
        ) {
            if let Ok(url) = check_destination(&text, &hosts()) {
                prop_assert_eq!(url.host_str(), Some("shop.example"));
                prop_assert_eq!(check_destination(url.as_str(), &hosts()), Ok(url));
            }
        }
    }
}
