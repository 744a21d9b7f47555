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
    #[error("BASE_URL must be an address such as https://network.example, without a path")]
    NotAnAddress,
    #[error("BASE_URL may be http only on localhost, 127.0.0.1 or [::1]: the tracking cookie needs https elsewhere")]
    Insecure,
}

impl BaseUrl {
    pub fn parse(text: &str) -> Result<Self, BaseUrlRefused> {
        let url = Url::parse(text).map_err(|_| BaseUrlRefused::NotAnAddress)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !matches!(url.scheme(), "http" | "https") || !bare {
            return Err(BaseUrlRefused::NotAnAddress);
        }
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(BaseUrlRefused::NotAnAddress),
        };
        if url.scheme() == "http" && !is_loopback {
            return Err(BaseUrlRefused::Insecure);
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
        assert_eq!(BaseUrl::parse("http://network.example"), Err(BaseUrlRefused::Insecure));
        for text in ["network.example", "ftp://localhost", "https://a.example/path", "https://u@a.example", ""] {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlRefused::NotAnAddress), "{text}");
        }
    }
}
