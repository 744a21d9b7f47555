//! Seals what would do harm in a stolen database (trust.md S28): XChaCha20-Poly1305, under a key that is derived from the
//! network's own and named beside what it sealed.
//!
//! A sealed text belongs to one place, its table, column and row. Moved to another it does not open: nobody who can write
//! to the database gives one publisher another's bank account.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::domain::environment::Environment;
use crate::domain::secret::SecretKey;

const NONCE_BYTES: usize = 24;

/// A text that only the network can read, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key: see [`Seal::key_id`].
    pub key_id: i64,
    pub nonce: Vec<u8>,
    /// As long as the text, and 16 bytes that prove it.
    pub sealed: Vec<u8>,
}

/// Why a sealed text stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// `SECRET_KEY` is not the one it was sealed with.
    #[error("it was sealed under another SECRET_KEY")]
    OtherKey,
    /// It was changed, or it stands where another belongs.
    #[error("it was changed since it was sealed, or moved from another row")]
    Changed,
}

/// Where a sealed text is kept.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// `table:column`.
    pub column: &'p str,
    /// What names the row, and what in clear stands beside it must not change.
    pub row: &'p [i64],
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let row = self.row.iter().flat_map(|part| part.to_be_bytes());
        self.column.bytes().chain([0]).chain(row).collect()
    }
}

/// Seals and opens under one `SECRET_KEY`.
pub struct Seal {
    key_id: i64,
    cipher: XChaCha20Poly1305,
}

impl Seal {
    pub fn new(secret_key: &SecretKey) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = secret_key.derive("seal-key-id", &[]);
        // Positive, so that it reads well in a table.
        let key_id = i64::from_be_bytes([a & 0x7f, b, c, d, e, f, g, h]);
        let key = secret_key.derive("seal", &[&key_id.to_be_bytes()]);
        Self { key_id, cipher: XChaCha20Poly1305::new(&key.into()) }
    }

    /// Tells this key from others, and nothing of the key: stored beside what it sealed.
    pub const fn key_id(&self) -> i64 {
        self.key_id
    }

    /// Another result each time: nobody sees in it that two texts are the same.
    pub fn seal(&self, environment: &Environment, place: Place<'_>, text: &str) -> Sealed {
        let nonce: [u8; NONCE_BYTES] = environment.random();
        let payload = Payload { msg: text.as_bytes(), aad: &place.bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).expect("a text far below 256 GiB");
        Sealed { key_id: self.key_id, nonce: nonce.to_vec(), sealed }
    }

    /// # Errors
    /// Sealed under another key, in another place, or not by us.
    pub fn open(&self, place: Place<'_>, kept: &Sealed) -> Result<String, NotOpened> {
        if kept.key_id != self.key_id {
            return Err(NotOpened::OtherKey);
        }
        let nonce: [u8; NONCE_BYTES] = kept.nonce.as_slice().try_into().map_err(|_| NotOpened::Changed)?;
        let payload = Payload { msg: &kept.sealed, aad: &place.bytes() };
        let text = self.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| NotOpened::Changed)?;
        String::from_utf8(text).map_err(|_| NotOpened::Changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::environment;

    const PLACE: Place<'_> = Place { column: "payout_secrets:sealed", row: &[7, 1] };

    fn seal(byte: u8) -> Seal {
        Seal::new(&SecretKey::from_bytes([byte; 32]))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_under_its_key_and_tells_nothing() {
        let (environment, _) = environment();
        let kept = seal(7).seal(&environment, PLACE, "DE89370400440532013000");
        assert_eq!(seal(7).open(PLACE, &kept).as_deref(), Ok("DE89370400440532013000"));
        assert_eq!(kept.sealed.len(), 22 + 16);
        let again = seal(7).seal(&environment, PLACE, "DE89370400440532013000");
        assert_ne!((&again.nonce, &again.sealed), (&kept.nonce, &kept.sealed));
        assert_eq!(seal(8).open(PLACE, &kept), Err(NotOpened::OtherKey));
        let renamed = Sealed { key_id: seal(8).key_id(), ..kept.clone() };
        assert_eq!(seal(8).open(PLACE, &renamed), Err(NotOpened::Changed));
        assert!(seal(7).key_id() > 0 && seal(7).key_id() != seal(8).key_id());
    }

    #[test]
    fn what_was_moved_or_changed_stays_closed() {
        let (environment, _) = environment();
        let kept = seal(7).seal(&environment, PLACE, "ada@letters.example");
        for (column, row) in [
            ("payout_secrets:sealed", &[8, 1][..]),
            ("payout_secrets:sealed", &[7, 2]),
            ("payout_secrets:sealed", &[7]),
            ("payout_secrets:nonce", &[7, 1]),
            ("payout_secrets:seale", &[7, 1]),
        ] {
            assert_eq!(seal(7).open(Place { column, row }, &kept), Err(NotOpened::Changed), "{column} {row:?}");
        }
        for place in 0..kept.sealed.len() {
            let mut changed = kept.clone();
            changed.sealed[place] ^= 1;
            assert_eq!(seal(7).open(PLACE, &changed), Err(NotOpened::Changed), "byte {place}");
        }
        for nonce in [vec![0; NONCE_BYTES], kept.nonce[1..].to_vec(), Vec::new()] {
            assert_eq!(seal(7).open(PLACE, &Sealed { nonce, ..kept.clone() }), Err(NotOpened::Changed));
        }
        for sealed in [Vec::new(), kept.sealed[..15].to_vec(), kept.sealed[1..].to_vec()] {
            assert_eq!(seal(7).open(PLACE, &Sealed { sealed, ..kept.clone() }), Err(NotOpened::Changed));
        }
    }
}
