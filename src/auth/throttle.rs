//! The brake on guessing passwords (trust.md S3).
//!
//! For each e-mail address and network of origin, a few failures are free; then each doubles the wait. No address
//! is ever locked: its member elsewhere is not slowed by guesses from here. All guessing together has one budget, which
//! somebody who guesses at many addresses can use up for everybody.
//! The state is this process's own: a second process doubles what can be guessed, no more.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::domain::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// Failures that cost no wait.
const FREE_FAILURES: u32 = 5;
const DELAY_FIRST_MS: i64 = SECOND_MS;
const DELAY_MAX_MS: i64 = 15 * MINUTE_MS;
/// Failures are forgotten so long after the wait has ended.
const FORGET_AFTER_MS: i64 = DAY_MS;
/// One entry needs about 64 bytes.
const ENTRIES_MAX: usize = 100_000;
/// All failures of the process: so many at once, and then one for each interval.
const BUDGET_FAILURES: i64 = 300;
const BUDGET_INTERVAL_MS: i64 = 100;

/// Not now: the password was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts: try again in {retry_after_seconds} s")]
pub struct Throttled {
    pub retry_after_seconds: u32,
}

/// The hash of an e-mail address, and the network from which it was tried.
type Key = [u8; 32];

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    next_at: Timestamp,
}

#[derive(Debug)]
struct Inner {
    entries: HashMap<Key, Entry>,
    /// When the budget will be whole again: the one number that a leaky bucket needs.
    whole_at: Timestamp,
}

/// Counts the failures of log-ins.
#[derive(Debug)]
pub struct Throttle(Mutex<Inner>);

/// An attempt that was let through. It counts as a failure from the start, so that a thousand at the same moment
/// do not all pass before the first has failed; say what became of it, or drop it when it failed.
#[derive(Debug)]
#[must_use = "an attempt that is dropped has failed"]
pub struct Attempt<'t> {
    throttle: &'t Throttle,
    key: Key,
    before: Option<Entry>,
}

impl Throttle {
    pub fn new() -> Self {
        Self(Mutex::new(Inner { entries: HashMap::new(), whole_at: Timestamp(i64::MIN / 2) }))
    }

    /// May a password be tried now? `email` is what was typed, registered or not.
    pub fn admit(&self, email: &str, address: IpAddr, now: Timestamp) -> Result<Attempt<'_>, Throttled> {
        let key = key(email, address);
        let mut inner = self.lock();
        let before = inner.entries.get(&key).copied().filter(|entry| now.since(entry.next_at) < FORGET_AFTER_MS);
        let wait_ms = before.map_or(0, |entry| entry.next_at.since(now)).max(inner.budget_wait_ms(now));
        if wait_ms > 0 {
            let seconds = (wait_ms + SECOND_MS - 1) / SECOND_MS;
            return Err(Throttled { retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX) });
        }
        let failures = before.map_or(0, |entry| entry.failures).saturating_add(1);
        inner.make_room(now);
        inner.entries.insert(key, Entry { failures, next_at: now.plus_ms(delay_ms(failures)) });
        inner.whole_at = inner.whole_at.max(now).plus_ms(BUDGET_INTERVAL_MS);
        Ok(Attempt { throttle: self, key, before })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn entries(&self) -> usize {
        self.lock().entries.len()
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Attempt<'_> {
    /// The password was right: the failures before it are forgotten.
    pub fn succeeded(self) {
        let mut inner = self.throttle.lock();
        inner.entries.remove(&self.key);
        inner.give_back();
    }

    /// The password was not looked at after all (the machine is busy, the database away): as if never asked.
    pub fn not_tried(self) {
        let mut inner = self.throttle.lock();
        match self.before {
            Some(entry) => inner.entries.insert(self.key, entry),
            None => inner.entries.remove(&self.key),
        };
        inner.give_back();
    }
}

impl Inner {
    fn budget_wait_ms(&self, now: Timestamp) -> i64 {
        self.whole_at.since(now) - (BUDGET_FAILURES - 1) * BUDGET_INTERVAL_MS
    }

    fn give_back(&mut self) {
        self.whole_at = self.whole_at.plus_ms(-BUDGET_INTERVAL_MS);
    }

    /// When full: whoever is forgotten anyway goes, and then the half with the fewest failures. So a flood of addresses
    /// with one failure each does not free the one who guessed much; and the work is spread over the insertions
    /// in between.
    fn make_room(&mut self, now: Timestamp) {
        if self.entries.len() < ENTRIES_MAX {
            return;
        }
        self.entries.retain(|_, entry| now.since(entry.next_at) < FORGET_AFTER_MS);
        if self.entries.len() > ENTRIES_MAX / 2 {
            let ranked = self.entries.iter().map(|(key, entry)| (entry.failures, entry.next_at, *key));
            let mut ranked: Vec<(u32, Timestamp, Key)> = ranked.collect();
            let (fewest, _, _) = ranked.select_nth_unstable(ENTRIES_MAX / 2);
            for (_, _, key) in fewest {
                self.entries.remove(key);
            }
        }
    }
}

/// The wait after the n-th failure: none, then 1 s, doubling, at most 15 minutes.
fn delay_ms(failures: u32) -> i64 {
    match failures.checked_sub(FREE_FAILURES) {
        None => 0,
        Some(over) => DELAY_MAX_MS.min(DELAY_FIRST_MS << over.min(20)),
    }
}

/// An address counts as its /24, or its /48: what one household or one rented machine can choose from.
fn key(email: &str, address: IpAddr) -> Key {
    let mut hash = Sha256::new();
    match address.to_canonical() {
        IpAddr::V4(v4) => hash.update(&v4.octets()[..3]),
        IpAddr::V6(v6) => hash.update(&v6.octets()[..6]),
    }
    hash.update(email.trim().to_lowercase());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_772_445_600_000);

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Guesses once a second; how many passwords were looked at.
    fn guess(throttle: &Throttle, email: &str, seconds: std::ops::Range<i64>) -> usize {
        seconds.filter(|s| throttle.admit(email, at("198.51.100.7"), NOW.plus_ms(s * SECOND_MS)).is_ok()).count()
    }

    #[test]
    fn of_a_thousand_guesses_fewer_than_twenty_are_checked() {
        assert!(guess(&Throttle::new(), "ada@example.com", 0..1_000) < 20);
        let throttle = Throttle::new();
        let at_once = (0..1_000).filter(|_| throttle.admit("ada@example.com", at("198.51.100.7"), NOW).is_ok());
        assert_eq!(at_once.count(), 5);
    }

    #[test]
    fn the_wait_doubles_to_a_quarter_of_an_hour_and_is_told() {
        assert_eq!(
            [1, 4, 5, 6, 7, 14, 15, u32::MAX].map(delay_ms),
            [0, 0, 1_000, 2_000, 4_000, 512_000, 900_000, 900_000]
        );
        let throttle = Throttle::new();
        guess(&throttle, "ada@example.com", 0..5);
        let again = |ms| throttle.admit(" ADA@example.com", at("198.51.100.200"), NOW.plus_ms(ms)).map(drop);
        assert_eq!(again(4_001), Err(Throttled { retry_after_seconds: 1 }));
        assert_eq!(again(5_000), Ok(()));
        assert_eq!(again(5_001), Err(Throttled { retry_after_seconds: 2 }));
    }

    #[test]
    fn other_members_and_other_networks_are_not_slowed() {
        let throttle = Throttle::new();
        guess(&throttle, "ada@example.com", 0..60);
        let now = NOW.plus_ms(60 * SECOND_MS);
        assert!(throttle.admit("ada@example.com", at("198.51.100.9"), now).is_err());
        assert!(throttle.admit("ada@example.com", at("::ffff:198.51.100.9"), now).is_err());
        assert!(throttle.admit("bob@example.com", at("198.51.100.9"), now).is_ok());
        assert!(throttle.admit("ada@example.com", at("198.51.101.9"), now).is_ok());
        assert_eq!(key("a", at("2001:db8:1:2::3")), key("a", at("2001:db8:1:ffff::4")));
        assert_ne!(key("a", at("2001:db8:1::3")), key("a", at("2001:db8:2::3")));
    }

    #[test]
    fn success_resets_and_what_was_not_tried_does_not_count() {
        let throttle = Throttle::new();
        guess(&throttle, "ada@example.com", 0..4);
        let now = NOW.plus_ms(10_000);
        throttle.admit("ada@example.com", at("198.51.100.7"), now).unwrap().not_tried();
        throttle.admit("ada@example.com", at("198.51.100.7"), now).unwrap().succeeded();
        assert_eq!(throttle.entries(), 0);
        assert_eq!(guess(&throttle, "ada@example.com", 20..25), 5);
    }

    #[test]
    fn failures_are_forgotten_a_day_after_the_wait() {
        let throttle = Throttle::new();
        guess(&throttle, "ada@example.com", 0..100);
        let day = DAY_MS / SECOND_MS;
        assert_eq!(guess(&throttle, "ada@example.com", day + 1_000..day + 1_005), 5);
    }

    #[test]
    fn all_failures_together_have_a_budget_which_refills_and_success_does_not_use_it_up() {
        let throttle = Throttle::new();
        let fail = |n: i64, now| throttle.admit(&format!("m{n}@example.com"), at("198.51.100.7"), now).map(drop);
        for n in 0..1_000 {
            throttle.admit(&format!("m{n}@example.com"), at("198.51.100.7"), NOW).unwrap().succeeded();
        }
        assert_eq!((0..1_000).filter(|n| fail(*n, NOW).is_ok()).count(), 300);
        assert_eq!(fail(1_001, NOW), Err(Throttled { retry_after_seconds: 1 }));
        assert_eq!((2_000..3_000).filter(|n| fail(*n, NOW.plus_ms(1_000)).is_ok()).count(), 10);
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_those_who_failed_most() {
        let throttle = Throttle::new();
        guess(&throttle, "ada@example.com", 0..60);
        for n in 0..150_000_i64 {
            let now = NOW.plus_ms(60_000 + n * BUDGET_INTERVAL_MS / 100);
            throttle.lock().whole_at = now; // the budget is another test's matter
            drop(throttle.admit(&format!("m{n}@example.com"), at("203.0.113.1"), now));
        }
        assert!(throttle.entries() <= ENTRIES_MAX);
        let before = throttle.lock().entries[&key("ada@example.com", at("198.51.100.7"))];
        assert!(before.failures > 5);
    }
}
