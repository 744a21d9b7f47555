//! What is entered for a new key or token.

use crate::auth::api_key::ApiKey;
use crate::auth::networks::Networks;
use crate::domain::conversion::Badge;
use crate::domain::party::Name;
use crate::domain::time::{Timestamp, Zone};

/// Networks that one key may count from.
const NETWORKS_MAX: usize = 32;

pub struct KeyFields {
    pub name: Name,
    /// `Key` or `Token`.
    pub badge: Badge,
    pub networks: Networks,
    pub expires_at: Option<Timestamp>,
}

impl KeyFields {
    /// The fields as entered, or the first that is wrong and why. Nothing named as the kind means a key.
    pub fn read(
        name: &str,
        kind: &str,
        networks: &str,
        expires_on: &str,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Self, (&'static str, String)> {
        let name = Name::parse(name)
            .map_err(|_| ("name", "Name the program that will use it, in 1 to 80 characters.".to_owned()))?;
        let badge = match kind {
            "" | "key" => Badge::Key,
            "token" => Badge::Token,
            _ => return Err(("kind", "Choose a key or a token.".to_owned())),
        };
        let expires_at = ApiKey::end_of(expires_on, zone, now).map_err(|_| {
            ("expires_on", "Name a day from today on, at most ten years ahead, as in 2027-01-31.".to_owned())
        })?;
        let networks = allowed(networks, badge).map_err(|message| ("networks", message))?;
        Ok(Self { name, badge, networks, expires_at })
    }
}

/// A token is written down in logs and histories: it needs a list that keeps others out.
fn allowed(text: &str, badge: Badge) -> Result<Networks, String> {
    let networks = Networks::parse(text).map_err(|error| format!("{error}."))?;
    if networks.len() > NETWORKS_MAX {
        return Err(format!("Name at most {NETWORKS_MAX} addresses and networks."));
    }
    if badge == Badge::Token && (networks.is_empty() || networks.is_wide()) {
        let text = "A token counts from listed addresses only: name those of your server, as in 203.0.113.7 or \
            203.0.113.0/24.";
        return Err(text.to_owned());
    }
    Ok(networks)
}
