//! Where this network lives: its own origin, from which names and flags of cookies follow (domain.md section 2).

use std::fmt;

use url::{Host, Url};

/// The public address of the network: https, or http on this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    is_development: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlRefused {
    #[error("{0} must be an address such as https://network.example, without a path")]
    NotAnAddress(&'static str),
    #[error("{0} may be http only on localhost, 127.0.0.1 or [::1]: the tracking cookie needs https elsewhere")]
    Insecure(&'static str),
    #[error("TRACKING_URL must name another host than BASE_URL, or be the same: cookies do not tell ports apart")]
    SameHost,
    #[error("TRACKING_URL and BASE_URL must both be https, or both http on this machine")]
    OtherScheme,
}

impl BaseUrl {
    pub fn parse(text: &str) -> Result<Self, BaseUrlRefused> {
        Self::read(text, "BASE_URL")
    }

    /// The address of a tracking host.
    pub fn parse_tracking(text: &str) -> Result<Self, BaseUrlRefused> {
        Self::read(text, "TRACKING_URL")
    }

    /// Whether tracking may live at this address beside the pages at ours.
    pub fn check_tracking(&self, tracking: &Self) -> Result<(), BaseUrlRefused> {
        if self.origin() == tracking.origin() {
            return Ok(());
        }
        if self.is_secure() != tracking.is_secure() {
            return Err(BaseUrlRefused::OtherScheme);
        }
        if self.url.host() == tracking.url.host() { Err(BaseUrlRefused::SameHost) } else { Ok(()) }
    }

    fn read(text: &str, name: &'static str) -> Result<Self, BaseUrlRefused> {
        let url = Url::parse(text).map_err(|_| BaseUrlRefused::NotAnAddress(name))?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !matches!(url.scheme(), "http" | "https") || !bare {
            return Err(BaseUrlRefused::NotAnAddress(name));
        }
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(BaseUrlRefused::NotAnAddress(name)),
        };
        if url.scheme() == "http" && !is_loopback {
            return Err(BaseUrlRefused::Insecure(name));
        }
        Ok(Self { url, is_development: is_loopback })
    }

    /// Whether the origin is https: cookies get the `__Host-` prefix.
    pub fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// A network on loopback may send visitors to loopback.
    pub const fn is_development(&self) -> bool {
        self.is_development
    }

    /// `https://network.example`, without a slash at the end.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Host, and port unless it is the scheme's own: as browsers write it into `Host`.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or("");
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// A full address on this network; `path` starts with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_this_machine_only() {
        for text in ["http://localhost:3000", "http://127.0.0.1:8080/", "http://[::1]:1", "https://network.example"] {
            assert!(BaseUrl::parse(text).is_ok(), "{text}");
        }
        assert_eq!(BaseUrl::parse("http://network.example"), Err(BaseUrlRefused::Insecure("BASE_URL")));
        for text in ["network.example", "ftp://localhost", "https://a.example/path", "https://u@a.example", ""] {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlRefused::NotAnAddress("BASE_URL")), "{text}");
        }
    }

    #[test]
    fn tracking_has_the_same_address_or_another_host_of_the_same_kind() {
        use BaseUrlRefused::{NotAnAddress, OtherScheme, SameHost};
        let cases = [
            ("https://network.example", "https://network.example/", Ok(())),
            ("https://network.example", "https://track.example", Ok(())),
            ("https://network.example", "https://network.example:8443", Err(SameHost)),
            ("http://localhost:3000", "http://127.0.0.1:3000", Ok(())),
            ("http://localhost:3000", "http://localhost:3001", Err(SameHost)),
            ("https://network.example", "http://localhost:3000", Err(OtherScheme)),
        ];
        for (base, tracking, expected) in cases {
            let tracking = BaseUrl::parse_tracking(tracking).unwrap();
            assert_eq!(BaseUrl::parse(base).unwrap().check_tracking(&tracking), expected, "{base} {tracking}");
        }
        assert_eq!(BaseUrl::parse_tracking("x"), Err(NotAnAddress("TRACKING_URL")));
        assert_eq!(BaseUrl::parse("https://network.example:443").unwrap().authority(), "network.example");
        assert_eq!(BaseUrl::parse("http://localhost:3000").unwrap().authority(), "localhost:3000");
    }
}
