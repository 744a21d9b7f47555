//! Who is who: members log in, parties do business, memberships join them (domain.md section 0).

use serde::{Deserialize, Serialize};

use super::ids::{AdvertiserId, MemberId, PartyId, PublisherId};

/// The network's own party; made by the first migration.
pub const NETWORK: PartyId = PartyId(1);

text_enum! {
    pub enum PartyKind {
        Publisher = "publisher",
        Advertiser = "advertiser",
        Network = "network",
    }
}

text_enum! {
    /// applied → admitted | declined → suspended. An applied party can log in, look and prepare.
    pub enum PartyState {
        Applied = "applied",
        Admitted = "admitted",
        Declined = "declined",
        Suspended = "suspended",
    }
}

text_enum! {
    pub enum Role {
        Owner = "owner",
        Manager = "manager",
        Finance = "finance",
        Analyst = "analyst",
        Admin = "admin",
        Support = "support",
    }
}

text_enum! {
    pub enum MemberState {
        Active = "active",
        Disabled = "disabled",
    }
}

/// In whose name a member acts. The first segment of a URL says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acting {
    Publisher(PublisherId),
    Advertiser(AdvertiserId),
    Admin,
}

impl Acting {
    pub const fn party(self) -> PartyId {
        match self {
            Self::Publisher(id) => id.party(),
            Self::Advertiser(id) => id.party(),
            Self::Admin => NETWORK,
        }
    }

    pub const fn kind(self) -> PartyKind {
        match self {
            Self::Publisher(_) => PartyKind::Publisher,
            Self::Advertiser(_) => PartyKind::Advertiser,
            Self::Admin => PartyKind::Network,
        }
    }
}

/// Who is calling, and for whom: every function that finds or lists a party's data asks for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    pub member_id: MemberId,
    pub acting: Acting,
    pub role: Role,
    pub party_state: PartyState,
    pub party_name: String,
    pub email: String,
    pub time_zone: String,
}

impl Viewer {
    pub const fn party(&self) -> PartyId {
        self.acting.party()
    }

    /// Only an admitted party makes links, submits campaigns and takes traffic.
    pub fn is_admitted(&self) -> bool {
        self.party_state == PartyState::Admitted
    }
}

/// An e-mail address in the form in which it is compared: trimmed, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct NotAnEmail;

impl Email {
    /// One `@` with something on both sides, a point in the host, no white space, at most 254 bytes (RFC 5321).
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim().to_lowercase();
        let (local, host) = text.split_once('@').ok_or(NotAnEmail)?;
        let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        let host_ok = !host.contains('@') && host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
        if local.is_empty() || !host_ok || !clean || text.len() > 254 {
            return Err(NotAnEmail);
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that people chose: trimmed, 1 to 80 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 80 characters")]
pub struct NotAName;

impl Name {
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        let text = text.trim();
        let length = text.chars().count();
        if (1..=80).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAName)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A party's web site: empty, or an http or https address; shown as a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Website(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a web address such as https://example.org")]
pub struct NotAWebsite;

impl Website {
    pub fn parse(text: &str) -> Result<Self, NotAWebsite> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let url = url::Url::parse(text).map_err(|_| NotAWebsite)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.host().is_some() && text.len() <= 200;
        if is_web { Ok(Self(url.into())) } else { Err(NotAWebsite) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_trimmed_and_in_lower_case() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap().as_str(), "ada@example.com");
        for text in ["", "a", "@b.c", "a@", "a@b", "a b@c.de", "a@b@c.de", "a@.de", "a@de."] {
            assert_eq!(Email::parse(text), Err(NotAnEmail), "{text}");
        }
    }

    #[test]
    fn a_web_site_is_a_web_address_or_nothing() {
        assert_eq!(Website::parse(" https://Shop.example ").unwrap().as_str(), "https://shop.example/");
        assert_eq!(Website::parse("").unwrap().as_str(), "");
        for text in ["javascript:alert(1)", "shop.example", "data:text/html,x", "ftp://a.example"] {
            assert_eq!(Website::parse(text), Err(NotAWebsite), "{text}");
        }
    }
}
