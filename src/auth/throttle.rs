//! The brake on guessing passwords and on making the network hash them (trust.md S2, S3).
//!
//! For each e-mail address and network of origin, a few failures are free; then each doubles the wait. No address
//! is ever locked: its member elsewhere is not slowed by guesses from here. Each network of origin has a budget of
//! failures and sign-ups, so that who guesses at many addresses slows their own neighbours at most. One much wider budget
//! for all is the last resort against many networks at once.
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
/// One needs about 32 bytes. The budget of all keeps those that wait for something below 10,000.
const NETWORKS_MAX: usize = 50_000;
/// Failures and sign-ups from one network of origin: as many as an office with one address may need in a morning.
const NETWORK_BUDGET: Budget = Budget { at_once: 60, interval_ms: SECOND_MS };
/// Those of all networks together.
const COMMON_BUDGET: Budget = Budget { at_once: 3_000, interval_ms: 10 };

/// Not now: the password was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts: try again in {retry_after_seconds} s")]
pub struct Throttled {
    pub retry_after_seconds: u32,
}

/// So many at once, and then one for each interval. Of a leaky bucket one number is kept: when it will be whole again.
#[derive(Debug, Clone, Copy)]
struct Budget {
    at_once: i64,
    interval_ms: i64,
}

impl Budget {
    fn wait_ms(self, whole_at: Timestamp, now: Timestamp) -> i64 {
        whole_at.since(now) - (self.at_once - 1) * self.interval_ms
    }

    fn take(self, whole_at: &mut Timestamp, now: Timestamp) {
        *whole_at = (*whole_at).max(now).plus_ms(self.interval_ms);
    }

    fn give_back(self, whole_at: &mut Timestamp) {
        *whole_at = whole_at.plus_ms(-self.interval_ms);
    }
}

/// An address counts as its /24, or its /48: what one household or one rented machine can choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 3]),
    V6([u8; 6]),
}

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, ..] = v6.octets();
                Self::V6([a, b, c, d, e, f])
            }
        }
    }

    const fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

/// The hash of an e-mail address, and the network from which it was tried.
type Key = [u8; 32];

/// Before any time that is asked about.
const LONG_AGO: Timestamp = Timestamp(i64::MIN / 2);

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    next_at: Timestamp,
}

#[derive(Debug)]
struct Inner {
    entries: HashMap<Key, Entry>,
    /// When each network's budget will be whole again.
    networks: HashMap<Network, Timestamp>,
    common: Timestamp,
}

/// Counts the failures of log-ins, and sign-ups.
#[derive(Debug)]
pub struct Throttle(Mutex<Inner>);

/// An attempt that was let through. It counts as a failure from the start, so that a thousand at the same moment
/// do not all pass before the first has failed; say what became of it, or drop it when it failed.
#[derive(Debug)]
#[must_use = "an attempt that is dropped has failed"]
pub struct Attempt<'t> {
    throttle: &'t Throttle,
    network: Network,
    /// At which address a password is tried, and what was known of it; nothing for a sign-up.
    tried: Option<(Key, Option<Entry>)>,
}

impl Throttle {
    pub fn new() -> Self {
        Self(Mutex::new(Inner { entries: HashMap::new(), networks: HashMap::new(), common: LONG_AGO }))
    }

    /// May a password be tried now? `email` is what was typed, registered or not.
    pub fn admit(&self, email: &str, address: IpAddr, now: Timestamp) -> Result<Attempt<'_>, Throttled> {
        let network = Network::of(address);
        let key = key(email, network);
        let mut inner = self.lock();
        let before = inner.entries.get(&key).copied().filter(|entry| now.since(entry.next_at) < FORGET_AFTER_MS);
        let wait_ms = before.map_or(0, |entry| entry.next_at.since(now)).max(inner.budget_wait_ms(network, now));
        wait(wait_ms)?;
        let failures = before.map_or(0, |entry| entry.failures).saturating_add(1);
        inner.make_room(now);
        inner.entries.insert(key, Entry { failures, next_at: now.plus_ms(delay_ms(failures)) });
        inner.take(network, now);
        Ok(Attempt { throttle: self, network, tried: Some((key, before)) })
    }

    /// May somebody sign up now? It is counted whether it succeeds or not: a password is hashed either way.
    pub fn admit_sign_up(&self, address: IpAddr, now: Timestamp) -> Result<Attempt<'_>, Throttled> {
        let network = Network::of(address);
        let mut inner = self.lock();
        wait(inner.budget_wait_ms(network, now))?;
        inner.take(network, now);
        Ok(Attempt { throttle: self, network, tried: None })
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
        if let Some((key, _)) = self.tried {
            inner.entries.remove(&key);
        }
        inner.give_back(self.network);
    }

    /// The password was not looked at after all (the machine is busy, the database away): as if never asked.
    pub fn not_tried(self) {
        let mut inner = self.throttle.lock();
        match self.tried {
            Some((key, Some(entry))) => drop(inner.entries.insert(key, entry)),
            Some((key, None)) => drop(inner.entries.remove(&key)),
            None => {}
        }
        inner.give_back(self.network);
    }
}

impl Inner {
    fn budget_wait_ms(&self, network: Network, now: Timestamp) -> i64 {
        let whole_at = self.networks.get(&network).copied().unwrap_or(LONG_AGO);
        NETWORK_BUDGET.wait_ms(whole_at, now).max(COMMON_BUDGET.wait_ms(self.common, now))
    }

    fn take(&mut self, network: Network, now: Timestamp) {
        self.forget_whole_networks(now);
        NETWORK_BUDGET.take(self.networks.entry(network).or_insert(LONG_AGO), now);
        COMMON_BUDGET.take(&mut self.common, now);
    }

    fn give_back(&mut self, network: Network) {
        if let Some(whole_at) = self.networks.get_mut(&network) {
            NETWORK_BUDGET.give_back(whole_at);
        }
        COMMON_BUDGET.give_back(&mut self.common);
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

    /// When full: a network whose budget is whole is as good as one that was never seen.
    fn forget_whole_networks(&mut self, now: Timestamp) {
        if self.networks.len() >= NETWORKS_MAX {
            self.networks.retain(|_, whole_at| *whole_at > now);
        }
    }
}

/// # Errors
/// How long to wait, if at all.
fn wait(wait_ms: i64) -> Result<(), Throttled> {
    if wait_ms <= 0 {
        return Ok(());
    }
    let seconds = (wait_ms + SECOND_MS - 1) / SECOND_MS;
    Err(Throttled { retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX) })
}

/// The wait after the n-th failure: none, then 1 s, doubling, at most 15 minutes.
fn delay_ms(failures: u32) -> i64 {
    match failures.checked_sub(FREE_FAILURES) {
        None => 0,
        Some(over) => DELAY_MAX_MS.min(DELAY_FIRST_MS << over.min(20)),
    }
}

fn key(email: &str, network: Network) -> Key {
    let mut hash = Sha256::new();
    hash.update(network.bytes());
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
        assert_eq!(Network::of(at("2001:db8:1:2::3")), Network::of(at("2001:db8:1:ffff::4")));
        assert_ne!(Network::of(at("2001:db8:1::3")), Network::of(at("2001:db8:2::3")));
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

    /// The n-th of many networks.
    fn network(n: i64) -> IpAddr {
        at(&format!("10.{}.{}.7", n / 256, n % 256))
    }

    #[test]
    fn a_network_has_a_budget_which_refills_and_success_does_not_use_it_up() {
        let throttle = Throttle::new();
        let fail = |n: i64, now| throttle.admit(&format!("m{n}@example.com"), at("198.51.100.7"), now).map(drop);
        for n in 0..1_000 {
            throttle.admit(&format!("m{n}@example.com"), at("198.51.100.7"), NOW).unwrap().succeeded();
        }
        assert_eq!((0..1_000).filter(|n| fail(*n, NOW).is_ok()).count(), 60);
        assert_eq!(fail(1_001, NOW), Err(Throttled { retry_after_seconds: 1 }));
        assert_eq!((2_000..3_000).filter(|n| fail(*n, NOW.plus_ms(10_000)).is_ok()).count(), 10);
        // Who guesses at many addresses from one network slows nobody elsewhere.
        let elsewhere = throttle.admit("ada@example.com", at("198.51.101.7"), NOW.plus_ms(10_000));
        elsewhere.unwrap().succeeded();
    }

    #[test]
    fn all_networks_together_have_a_much_wider_budget() {
        let throttle = Throttle::new();
        let fail = |n: i64, now| throttle.admit(&format!("m{n}@example.com"), network(n), now).is_ok();
        assert_eq!((0..5_000).filter(|n| fail(*n, NOW)).count(), 3_000);
        assert_eq!((5_000..9_000).filter(|n| fail(*n, NOW.plus_ms(1_000))).count(), 100);
    }

    #[test]
    fn sign_ups_use_the_budget_of_their_network() {
        let throttle = Throttle::new();
        for _ in 0..100 {
            throttle.admit_sign_up(at("2001:db8:1::3"), NOW).unwrap().not_tried();
        }
        let admitted = (0..100).filter(|_| throttle.admit_sign_up(at("2001:db8:1:2::3"), NOW).is_ok()).count();
        assert_eq!(admitted, 60, "made or refused, a password was hashed");
        let log_in = throttle.admit("ada@example.com", at("2001:db8:1:ffff::4"), NOW).map(drop);
        assert_eq!(log_in, Err(Throttled { retry_after_seconds: 1 }));
        assert!(throttle.admit_sign_up(at("2001:db8:2::3"), NOW).is_ok());
        assert!(throttle.admit_sign_up(at("2001:db8:1::3"), NOW.plus_ms(SECOND_MS)).is_ok());
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_those_who_failed_most() {
        let throttle = Throttle::new();
        guess(&throttle, "ada@example.com", 0..60);
        for n in 0..150_000 {
            let now = NOW.plus_ms(60_000 + n * COMMON_BUDGET.interval_ms);
            let address = at(&format!("2001:{:x}:{:x}::7", n / 65_536, n % 65_536));
            drop(throttle.admit(&format!("m{n}@example.com"), address, now).unwrap());
        }
        assert!(throttle.entries() <= ENTRIES_MAX && throttle.lock().networks.len() <= NETWORKS_MAX);
        let before = throttle.lock().entries[&key("ada@example.com", Network::of(at("198.51.100.7")))];
        assert!(before.failures > 5);
    }
}
