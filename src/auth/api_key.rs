//! Keys with which an advertiser's programs call the JSON interface (trust.md S20): `tsk_{id}_{secret}`.
//!
//! The id finds the row; of the secret only the SHA-256 is kept. A slow hash would protect nothing: nobody guesses
//! 256 random bits.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::environment::Environment;
use crate::domain::ids::{ApiKeyId, BASE32};

/// Lets secret scanners recognise a key that was published by mistake.
const PREFIX: &str = "tsk_";
const SECRET_BYTES: usize = 32;

/// A key as it was given to us: which one it claims to be, and the hash of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
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
    /// A new key with a secret of 256 bits: its text, and what is kept of it.
    pub fn issue(env: &Environment, id: ApiKeyId) -> (ApiKeyText, Self) {
        let secret = env.random::<SECRET_BYTES>();
        let text = format!("{PREFIX}{id}_{}", BASE32.encode(&secret));
        (ApiKeyText(text), Self { id, hash: Sha256::digest(secret).into() })
    }

    /// Reads the text of a key, in either case; none where it cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let secret: [u8; SECRET_BYTES] = BASE32.decode(secret.as_bytes()).ok()?.try_into().ok()?;
        Some(Self { id: id.parse().ok()?, hash: Sha256::digest(secret).into() })
    }

    /// Whether `stored` is the hash that was kept for this id; takes the same time wherever they differ.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.hash.ct_eq(stored).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::environment;

    #[test]
    fn a_key_is_read_back_and_matches_only_its_own_hash() {
        let (env, _) = environment();
        let (text, key) = ApiKey::issue(&env, env.new_id(ApiKeyId));
        let (_, other) = ApiKey::issue(&env, key.id);
        assert_eq!(text.reveal().len(), "tsk_".len() + 13 + 1 + 52);
        let read = ApiKey::read(text.reveal()).unwrap();
        assert_eq!(read, key);
        assert!(read.matches(&key.hash));
        assert!(!read.matches(&other.hash) && !read.matches(&[]) && !read.matches(&key.hash[..31]));
        assert!(!format!("{text:?}").contains(&text.reveal()[20..]));
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let (env, _) = environment();
        let (text, _) = ApiKey::issue(&env, env.new_id(ApiKeyId));
        let text = text.reveal();
        let last = &text[..text.len() - 1];
        for bad in
            ["", "tsk_", last, &format!("{text}0"), &text[4..], &text.replace("tsk_", "xsk_"), &format!(" {text}")]
        {
            assert_eq!(ApiKey::read(bad), None, "{bad}");
        }
    }
}
