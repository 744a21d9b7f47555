//! Keys with which an advertiser's programs call the JSON interface (trust.md S20): `tsk_{id}_{secret}`; and tokens,
//! `tst_{id}_{secret}`, for programs that can send nothing but an address. A token is written down wherever an address
//! is, in logs and histories, so it counts for less and from listed addresses only (domain.md section 3).
//!
//! The id finds the row; of the secret only the SHA-256 is kept. A slow hash would protect nothing: nobody guesses
//! 256 bits.
//!
//! The secret is derived from the network's own and the key's id. So the one page that shows a new key can make its
//! text again from the id alone: no form, session or flash ever holds a secret, and nothing needs JavaScript.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::conversion::Badge;
use crate::domain::ids::{ApiKeyId, BASE32};
use crate::domain::secret::SecretKey;
use crate::domain::time::{Day, MINUTE_MS, NotATime, Timestamp, Zone};

/// Let secret scanners recognise a key that was published by mistake.
const KEY_PREFIX: &str = "tsk_";
const TOKEN_PREFIX: &str = "tst_";
const SECRET_BYTES: usize = 32;

/// A new key is shown within this time, or never.
const SHOWN_MS: i64 = 10 * MINUTE_MS;

/// A key ends at most so many days ahead.
const DAYS_AHEAD_MAX: i64 = 3_653;

/// A key as it was given to us: which one it claims to be, and the hash of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// `Key` or `Token`: the badge of what is reported with it.
    pub badge: Badge,
    pub hash: [u8; 32],
}

/// The text of a new key: to be shown once, and never kept or printed.
pub struct ApiKeyText(String);

impl ApiKeyText {
    /// For the one page that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyText(…)")
    }
}

impl ApiKey {
    /// The key of this id, with a secret of 256 bits: its text, and what is kept of it.
    pub fn issue(secret_key: &SecretKey, id: ApiKeyId, badge: Badge) -> (ApiKeyText, Self) {
        let secret: [u8; SECRET_BYTES] = secret_key.derive("api-key", &[&id.0.to_be_bytes()]);
        let prefix = if badge == Badge::Token { TOKEN_PREFIX } else { KEY_PREFIX };
        let text = format!("{prefix}{id}_{}", BASE32.encode(&secret));
        (ApiKeyText(text), Self { id, badge, hash: Sha256::digest(secret).into() })
    }

    /// Whether a key that was made at `created_at` is still so new that its text may be shown.
    pub const fn may_be_shown(created_at: Timestamp, now: Timestamp) -> bool {
        now.since(created_at) < SHOWN_MS
    }

    /// When a key ends that counts through `day`, a day of `zone` as in `2027-01-31`; never, where none is named.
    ///
    /// # Errors
    /// What is no day, a day that is over, or one too far ahead.
    pub fn end_of(day: &str, zone: &Zone, now: Timestamp) -> Result<Option<Timestamp>, NotATime> {
        if day.is_empty() {
            return Ok(None);
        }
        let (day, today): (Day, Day) = (day.parse()?, zone.day_of(now));
        if day < today || day > today.plus(DAYS_AHEAD_MAX) {
            return Err(NotATime);
        }
        Ok(Some(zone.start_of(day.plus(1))))
    }

    /// Reads the text of a key, in either case; none where it cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        let token = text.strip_prefix(TOKEN_PREFIX).map(|rest| (Badge::Token, rest));
        let (badge, rest) = token.or_else(|| text.strip_prefix(KEY_PREFIX).map(|rest| (Badge::Key, rest)))?;
        let (id, secret) = rest.split_once('_')?;
        let secret: [u8; SECRET_BYTES] = BASE32.decode(secret.as_bytes()).ok()?.try_into().ok()?;
        Some(Self { id: id.parse().ok()?, badge, hash: Sha256::digest(secret).into() })
    }

    /// Whether `stored` is the hash that was kept for this id; takes the same time wherever they differ.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.hash.ct_eq(stored).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: SecretKey = SecretKey::from_bytes([7; 32]);

    #[test]
    fn a_key_is_read_back_and_matches_only_its_own_hash() {
        let (text, key) = ApiKey::issue(&NETWORK, ApiKeyId(42), Badge::Key);
        let (_, other) = ApiKey::issue(&NETWORK, ApiKeyId(43), Badge::Key);
        let (_, foreign) = ApiKey::issue(&SecretKey::from_bytes([8; 32]), ApiKeyId(42), Badge::Key);
        assert_ne!(key, foreign);
        let (token, _) = ApiKey::issue(&NETWORK, ApiKeyId(42), Badge::Token);
        assert_eq!(ApiKey::read(token.reveal()).map(|token| token.badge), Some(Badge::Token));
        assert_eq!(token.reveal().replace("tst_", "tsk_"), text.reveal());
        assert_eq!(text.reveal().len(), "tsk_".len() + 13 + 1 + 52);
        let read = ApiKey::read(text.reveal()).unwrap();
        assert_eq!(read, key);
        assert!(read.matches(&key.hash));
        assert!(!read.matches(&other.hash) && !read.matches(&[]) && !read.matches(&key.hash[..31]));
        assert!(!format!("{text:?}").contains(&text.reveal()[20..]));
    }

    #[test]
    fn a_key_ends_with_a_day_of_its_party() {
        let (zone, now) = (Zone::parse("America/Chicago").unwrap(), Timestamp::parse("2026-03-02T03:00:00Z").unwrap());
        let end = |day: &str| ApiKey::end_of(day, &zone, now).map(|end| end.map(|end| end.to_string()));
        assert_eq!(end(""), Ok(None));
        assert_eq!(end("2026-03-01").unwrap().unwrap(), "2026-03-02T06:00:00Z", "it is still the first there");
        for bad in ["2026-02-28", "2036-03-03", "tomorrow", "2026-02-30", "9999-12-31"] {
            assert_eq!(end(bad), Err(NotATime), "{bad}");
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let (text, _) = ApiKey::issue(&NETWORK, ApiKeyId(42), Badge::Key);
        let text = text.reveal();
        let last = &text[..text.len() - 1];
        for bad in
            ["", "tsk_", last, &format!("{text}0"), &text[4..], &text.replace("tsk_", "xsk_"), &format!(" {text}")]
        {
            assert_eq!(ApiKey::read(bad), None, "{bad}");
        }
    }
}
