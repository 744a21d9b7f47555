//! What the demo plays on: the application's own parts, a clock it moves, and dice.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::app::state::App;
use crate::domain::environment::Entropy;
use crate::domain::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::server::clock::MovableClock;
use crate::tracking::Tracking;

/// How much happens, about: some requests come on top, some orders come to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub clicks: u64,
    pub orders: u64,
}

impl Size {
    pub const FULL: Self = Self { clicks: 30_000, orders: 955 };
}

/// How long the demo's life is; it ends now.
pub const DAYS: i64 = 90;

pub struct Stage {
    pub app: App,
    pub tracking: Tracking,
    pub clock: Arc<MovableClock>,
    /// The first moment of the first day.
    pub start: Timestamp,
}

impl Stage {
    pub fn now(&self) -> Timestamp {
        self.app.environment.now()
    }

    /// Time goes by, but never beyond the end.
    pub fn pass(&self, ms: i64) {
        self.clock.move_to(self.now().plus_ms(ms).min(self.end()));
    }

    pub fn day(&self, day: i64) -> Timestamp {
        self.start.plus_ms(day * DAY_MS)
    }

    /// An hour, UTC, of the calendar day on which a day begins.
    pub fn hour(&self, day: i64, hour: i64) -> Timestamp {
        Timestamp(self.day(day).utc_day() * DAY_MS + hour * HOUR_MS)
    }

    pub fn end(&self) -> Timestamp {
        self.day(DAYS)
    }
}

/// Numbers that look random: a small generator (SplitMix64), seeded once.
pub struct Dice(u64);

impl Dice {
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut seed = [0; 8];
        entropy.fill(&mut seed);
        Self(u64::from_le_bytes(seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound` - 1. The bias towards small numbers is far too small to see.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// `low` to `high` - 1.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.saturating_sub(low).max(1).unsigned_abs()).cast_signed()
    }

    pub fn is_one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A place of `weights`, the heavier the likelier.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (place, weight) in weights.enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        0
    }

    /// An address of a private network: nobody's.
    pub fn address(&mut self) -> Ipv4Addr {
        let [a, b, c, ..] = self.next().to_le_bytes();
        Ipv4Addr::new(10, a, b, c)
    }
}
