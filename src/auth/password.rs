//! Passwords: which are taken, how they are kept, and how many may be computed at once (trust.md S1, S2, S4).
//!
//! One computation needs 19 MiB and tens of milliseconds, and anybody may cause one: so as many run as there are
//! cores, a few dozen wait, and the rest are told that the network is busy.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::environment::Environment;

/// OWASP's parameters for argon2id (trust.md S1).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// ASVS 6.2.1 asks for 8 and recommends 15.
pub const LENGTH_MIN_CHARACTERS: usize = 12;
/// Checked before anything is computed from the text.
pub const LENGTH_MAX_BYTES: usize = 128;
/// Below so many guesses (the `guesses` of zxcvbn, its score of 3) a password counts as common.
const GUESSES_MIN: u64 = 100_000_000;
/// Only the beginning is judged: the time of zxcvbn grows steeply with the length of a text full of characters that
/// stand for letters (`4@8({[…`), to 0.8 s for 100 of them, and to 40 ms for 24.
const JUDGED_CHARACTERS: usize = 24;
/// What everybody who attacks an affiliate network tries first, besides the member's own name and address.
const CONTEXT: [&str; 7] =
    ["tallystick", "affiliate", "publisher", "advertiser", "commission", "network", "flexoffers"];

/// Computations that may wait for a core.
const WAITING_MAX: usize = 64;

/// What is computed when nobody has the address: a hash of nothing, with the parameters of today.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    #[error("A password has at least 12 characters.")]
    TooShort,
    #[error("A password has at most 128 bytes.")]
    TooLong,
    #[error("This password is too easy to guess.")]
    TooCommon,
}

/// More log-ins at once than this machine can compute: answer 503 and let them try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at this moment")]
pub struct PasswordBusy;

/// A password that may be chosen. Not trimmed, cut or changed in any way; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

impl NewPassword {
    /// `context` are texts about the member (e-mail address, names): their words do not make a password stronger.
    ///
    /// Takes up to 40 ms for a text made to be slow, else about one.
    ///
    /// # Errors
    /// Shorter than 12 characters, longer than 128 bytes, or guessed in fewer than 10^8 attempts.
    pub fn parse(text: &str, context: &[&str]) -> Result<Self, PasswordRefused> {
        if text.len() > LENGTH_MAX_BYTES {
            return Err(PasswordRefused::TooLong);
        }
        if text.chars().count() < LENGTH_MIN_CHARACTERS {
            return Err(PasswordRefused::TooShort);
        }
        let words = words(context);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let beginning: String = text.chars().take(JUDGED_CHARACTERS).collect();
        if zxcvbn::zxcvbn(&beginning, &words).guesses() < GUESSES_MIN {
            return Err(PasswordRefused::TooCommon);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// Each text, each word of it, all in lower case, and the words of the trade. At most 64: the time is bounded.
fn words(context: &[&str]) -> BTreeSet<String> {
    let own = context.iter().flat_map(|text| {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        std::iter::once(*text).chain(parts)
    });
    CONTEXT.into_iter().chain(own).filter(|word| word.len() >= 3).take(64).map(str::to_lowercase).collect()
}

/// What a log-in's password is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but kept with parameters of former days: hash it again while the text is at hand.
    RightButOld,
}

/// Computes and checks hashes; clones share one queue. Hashes are PHC strings (`$argon2id$v=19$m=…`).
#[derive(Clone)]
pub struct Passwords {
    cores: Arc<Semaphore>,
    /// A place on a core or in the queue before it.
    places: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

impl Passwords {
    /// As many at once as this machine has cores.
    pub fn new() -> Self {
        Self::with_cores(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }

    fn with_cores(cores: usize) -> Self {
        let places = Arc::new(Semaphore::new(cores + WAITING_MAX));
        Self { cores: Arc::new(Semaphore::new(cores)), places, computed: Arc::default() }
    }

    /// How many hashes were computed since the start.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// The PHC string to keep, with a new salt.
    pub async fn hash(&self, env: &Environment, password: &NewPassword) -> Result<String, PasswordBusy> {
        self.hash_text(env, &password.0).await
    }

    /// Hashes again what was just found right, also where it would not be taken as a new password.
    pub(super) async fn hash_text(&self, env: &Environment, password: &str) -> Result<String, PasswordBusy> {
        let salt = SaltString::encode_b64(&env.random::<SALT_BYTES>()).expect("16 bytes are a salt");
        let password = password.to_owned();
        self.compute(move || {
            let hash = argon2().hash_password(password.as_bytes(), &salt);
            hash.expect("constant parameters, a password of at most 128 bytes").to_string()
        })
        .await
    }

    /// Checks a password against the hash that is kept, or against nobody's where there is none: in both cases one
    /// hash is computed, so that the time of an answer does not tell which addresses are registered (trust.md S4).
    pub async fn verify(&self, password: &str, phc: Option<&str>) -> Result<Verdict, PasswordBusy> {
        if password.len() > LENGTH_MAX_BYTES {
            return Ok(Verdict::Wrong);
        }
        let is_registered = phc.is_some();
        let (password, phc) = (password.to_owned(), phc.unwrap_or(NOBODY).to_owned());
        let verdict = self.compute(move || judge(&password, &phc)).await?;
        Ok(if is_registered { verdict } else { Verdict::Wrong })
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordBusy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| PasswordBusy)?;
        let core = self.cores.clone().acquire_owned().await.map_err(|_| PasswordBusy)?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        // The permits travel with the work: a caller who hangs up does not free a core that is still computing.
        let work = move || {
            let _held: [OwnedSemaphorePermit; 2] = [place, core];
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordBusy)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constant parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Computes with the parameters in the PHC string. A string that cannot be read is nobody's password.
fn judge(password: &str, phc: &str) -> Verdict {
    let Ok(hash) = PasswordHash::new(phc) else {
        tracing::error!("a stored password hash cannot be read");
        return Verdict::Wrong;
    };
    match argon2().verify_password(password.as_bytes(), &hash) {
        Err(_) => Verdict::Wrong,
        Ok(()) if is_current(&hash) => Verdict::Right,
        Ok(()) => Verdict::RightButOld,
    }
}

fn is_current(hash: &PasswordHash<'_>) -> bool {
    let same = |params: Params| (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES);
    hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && Params::try_from(hash).is_ok_and(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::environment;

    const CONTEXT: [&str; 2] = ["ada@lovelace.example", "Ada King"];

    #[test]
    fn what_is_short_long_or_common_is_refused() {
        let cases = [
            ("elevenchars", PasswordRefused::TooShort),
            ("😀😁😂🤣😃😄😅😆😉😊😋", PasswordRefused::TooShort),
            ("password1!", PasswordRefused::TooShort),
            ("password1234!", PasswordRefused::TooCommon),
            ("flexoffers123", PasswordRefused::TooCommon),
            ("tallystick2026", PasswordRefused::TooCommon),
            ("lovelace1815!", PasswordRefused::TooCommon),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", PasswordRefused::TooCommon),
        ];
        for (text, why) in cases {
            assert_eq!(NewPassword::parse(text, &CONTEXT), Err(why), "{text}");
        }
        let too_long = "correct horse battery staple ".repeat(5);
        assert_eq!(NewPassword::parse(&too_long, &CONTEXT), Err(PasswordRefused::TooLong));
    }

    #[test]
    fn a_passphrase_emoji_and_every_other_character_are_taken_unchanged() {
        let long = "correct horse battery staple ".repeat(4); // 116 bytes, a space at the end
        for text in [&long[..], "😀😁😂🤣😃😄😅😆😉😊😋😎", "Xk9#mPq2vL7w", " naïve\tcafé\u{0}déjà "]
        {
            assert_eq!(NewPassword::parse(text, &CONTEXT).unwrap().0, text);
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let password = NewPassword::parse("correct horse battery", &[]).unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }

    #[tokio::test]
    async fn a_hash_carries_the_parameters_and_every_character_counts() {
        let (env, _) = environment();
        let passwords = Passwords::new();
        let text = "x".repeat(40) + "correct horse battery 😀";
        let password = NewPassword(text.clone());
        let first = passwords.hash(&env, &password).await.unwrap();
        let second = passwords.hash(&env, &password).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second, "each has its own salt");
        assert_eq!(passwords.verify(&text, Some(&first)).await, Ok(Verdict::Right));
        for wrong in [&text[..text.len() - 4], "", "correct horse battery"] {
            assert_eq!(passwords.verify(wrong, Some(&first)).await, Ok(Verdict::Wrong));
        }
    }

    #[tokio::test]
    async fn a_hash_of_former_days_is_right_but_old() {
        let passwords = Passwords::new();
        let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let phc = old.hash_password(b"correct horse battery", &salt).unwrap().to_string();
        let verdict = |text| passwords.verify(text, Some(&phc));
        assert_eq!(verdict("correct horse battery").await, Ok(Verdict::RightButOld));
        assert_eq!(verdict("another horse battery").await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn nobody_costs_what_a_member_costs_and_a_text_too_long_costs_nothing() {
        let passwords = Passwords::new();
        assert!(is_current(&PasswordHash::new(NOBODY).unwrap()), "nobody's hash has the parameters of today");
        assert_eq!(passwords.verify("correct horse battery", None).await, Ok(Verdict::Wrong));
        assert_eq!(passwords.computed(), 1);
        assert_eq!(passwords.verify(&"x".repeat(129), None).await, Ok(Verdict::Wrong));
        assert_eq!(passwords.computed(), 1);
    }

    #[tokio::test]
    async fn beyond_the_queue_the_answer_is_busy_and_the_queue_empties_again() {
        let passwords = Passwords::with_cores(1);
        let the_core = passwords.cores.clone().acquire_owned().await.unwrap();
        let wait = |passwords: Passwords| async move { passwords.compute(|| ()).await };
        let waiting: Vec<_> = (0..=WAITING_MAX).map(|_| tokio::spawn(wait(passwords.clone()))).collect();
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.compute(|| ()).await, Err(PasswordBusy));
        drop(the_core);
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
        assert_eq!(passwords.compute(|| 7).await, Ok(7));
    }
}
