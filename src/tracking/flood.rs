//! Too many clicks from one address and user agent in a minute: counted in memory, over all campaigns.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::time::{MINUTE_MS, Timestamp};

/// Clicks a minute that one address and user agent may make (domain.md section 12).
const CLICKS_PER_MINUTE_MAX: u32 = 300;
/// Senders remembered within one minute; beyond that new ones are not counted.
const SENDERS_MAX: usize = 100_000;

/// The counts of the current minute. Keys are hashes with a random key: no address is kept.
#[derive(Default)]
pub struct Flood {
    hasher: RandomState,
    counts: Mutex<(i64, HashMap<u64, u32>)>,
}

impl Flood {
    /// Counts a click; true where it is one too many.
    pub fn is_flood(&self, address: IpAddr, user_agent: &str, at: Timestamp) -> bool {
        let sender = self.hasher.hash_one((address, user_agent));
        let minute = at.0.div_euclid(MINUTE_MS);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 != minute {
            *counts = (minute, HashMap::new());
        }
        if counts.1.len() >= SENDERS_MAX && !counts.1.contains_key(&sender) {
            return false;
        }
        let count = counts.1.entry(sender).or_default();
        *count += 1;
        *count > CLICKS_PER_MINUTE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_301st_click_of_a_minute_is_a_flood_and_the_next_minute_begins_anew() {
        let (flood, address) = (Flood::default(), IpAddr::from([192, 0, 2, 1]));
        let late: Vec<bool> = (0..301).map(|_| flood.is_flood(address, "a", Timestamp(0))).collect();
        assert_eq!(late.iter().filter(|&&late| late).count(), 1);
        assert!(late[300]);
        assert!(!flood.is_flood(address, "b", Timestamp(0)));
        assert!(!flood.is_flood(address, "a", Timestamp(MINUTE_MS)));
    }
}
