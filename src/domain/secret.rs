//! The network's one secret, and what is derived from it (domain.md section 0).

use std::fmt;

use data_encoding::{BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::ids::CampaignId;

/// `SECRET_KEY`: 32 bytes from which every other secret comes. It is never printed.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

/// The text is not a secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret key is 32 bytes: 64 hexadecimal digits, or base64")]
pub struct NotASecretKey;

/// Signs a campaign's postbacks: 64 hexadecimal digits, to be used as a key just as they are shown.
#[derive(Clone)]
pub struct PostbackSecret(String);

impl SecretKey {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits, or base64 of 32 bytes; white space around them (a file's last line) does not count.
    pub fn from_text(text: &str) -> Result<Self, NotASecretKey> {
        let text = text.trim();
        let bytes = match text.len() {
            64 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()),
            _ => BASE64_NOPAD.decode(text.strip_suffix('=').unwrap_or(text).as_bytes()),
        };
        let bytes = bytes.map_err(|_| NotASecretKey)?;
        bytes.try_into().map(Self).map_err(|_| NotASecretKey)
    }

    /// Another key, for one purpose and one list of parts only; it tells nothing about this one.
    pub fn derive(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let all: Vec<&[u8]> = std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()).collect();
        mac(&self.0, &all)
    }

    /// The secret of a campaign: nothing to store. Rotation is the next version.
    pub fn postback_secret(&self, campaign_id: CampaignId, version: i64) -> PostbackSecret {
        let parts: [&[u8]; 2] = [&campaign_id.0.to_be_bytes(), &version.to_be_bytes()];
        PostbackSecret(HEXLOWER.encode(&self.derive("postback", &parts)))
    }
}

impl PostbackSecret {
    /// For the advertiser's eyes, and as the key of a signature.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

impl fmt::Debug for PostbackSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostbackSecret(hidden)")
    }
}

/// HMAC-SHA256 over parts. Each goes in behind its length (8 bytes, big-endian): moving a byte from one part to the
/// next gives another result.
pub fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA256 with a key of any length, for formats that others define.
pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: SecretKey = SecretKey::from_bytes([7; 32]);

    #[test]
    fn a_key_is_read_from_hex_or_base64() {
        let bytes: [u8; 32] = std::array::from_fn(|index| index as u8 + 200);
        let hex = HEXLOWER.encode(&bytes);
        let base64 = data_encoding::BASE64.encode(&bytes);
        for text in [&hex, &hex.to_uppercase(), &format!(" {hex}\n"), &base64, &base64.replace('=', "")] {
            assert_eq!(SecretKey::from_text(text).unwrap().0, bytes, "{text}");
        }
        for text in ["", "abc", &hex[1..], &format!("{hex}00"), &hex.replace('c', "g"), &base64[4..]] {
            assert_eq!(SecretKey::from_text(text).unwrap_err(), NotASecretKey, "{text}");
        }
    }

    #[test]
    fn secrets_are_never_printed() {
        let secret = KEY.postback_secret(CampaignId(1), 1);
        let printed = format!("{KEY:?} {secret:?}");
        assert_eq!(printed, "SecretKey(hidden) PostbackSecret(hidden)");
    }

    #[test]
    fn parts_and_purposes_are_kept_apart() {
        let all = [
            KEY.derive("a", &[]),
            KEY.derive("a", &[b""]),
            KEY.derive("a", &[b"bc"]),
            KEY.derive("a", &[b"b", b"c"]),
            KEY.derive("ab", &[b"c"]),
            KEY.derive("a", &[b"bc", b""]),
            SecretKey::from_bytes([8; 32]).derive("a", &[b"bc"]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{index}");
        }
    }

    #[test]
    fn a_postback_secret_belongs_to_a_campaign_and_a_version_and_never_changes() {
        let secret = KEY.postback_secret(CampaignId(42), 1);
        // computed by another implementation
        assert_eq!(secret.as_str(), "e7c9a38eb683f7506ad3e365c5b79d4786962537c9b95dd4796fd48f111d3492");
        assert_ne!(secret.as_str(), KEY.postback_secret(CampaignId(42), 2).as_str());
        assert_ne!(secret.as_str(), KEY.postback_secret(CampaignId(43), 1).as_str());
    }
}
