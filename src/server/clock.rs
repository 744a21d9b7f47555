//! The process's time and randomness: the only place that asks the system for either.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::domain::environment::{Clock, Entropy};
use crate::domain::time::Timestamp;

/// The system's clock. Never steps back within a process.
#[derive(Debug, Default)]
pub struct SystemClock {
    last: AtomicI64,
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place
    fn now(&self) -> Timestamp {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let last = self.last.fetch_max(now, Ordering::Relaxed);
        Timestamp(now.max(last))
    }
}

/// A clock for rehearsals: stands at an instant, or at the one that a file names, read at every look.
#[derive(Debug, Clone)]
pub enum FixedClock {
    At(Timestamp),
    File(PathBuf),
}

impl FromStr for FixedClock {
    type Err = String;

    /// `2026-03-02T10:00:00Z` or `@path`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix('@') {
            let path = PathBuf::from(path);
            return read_instant(&path).map(|_| Self::File(path));
        }
        Timestamp::parse(text).map(Self::At).map_err(|error| error.to_string())
    }
}

fn read_instant(path: &PathBuf) -> Result<Timestamp, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Timestamp::parse(text.trim()).map_err(|error| format!("{}: {error}", path.display()))
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        match self {
            Self::At(at) => *at,
            Self::File(path) => read_instant(path).expect("the clock file holds an instant"),
        }
    }
}

/// A clock that stands where it was moved to, never back, until it is let go: then it follows the system's.
#[derive(Debug, Default)]
pub struct MovableClock {
    at: AtomicI64,
    is_free: AtomicBool,
    system: SystemClock,
}

impl MovableClock {
    pub fn move_to(&self, at: Timestamp) {
        self.at.fetch_max(at.0, Ordering::Relaxed);
    }

    pub fn let_go(&self) {
        self.is_free.store(true, Ordering::Relaxed);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let at = Timestamp(self.at.load(Ordering::Relaxed));
        if self.is_free.load(Ordering::Relaxed) { self.system.now().max(at) } else { at }
    }
}

/// The system's random bytes.
#[derive(Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[allow(clippy::disallowed_methods)] // the one place
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system gives random bytes");
    }
}

/// The same bytes for the same seed: for the demo and for simulations, never for a network with real money.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: [u8; 32],
    counter: Mutex<u64>,
}

impl SeededEntropy {
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: Mutex::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut counter = self.counter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            *counter += 1;
            let mut mac = Hmac::<Sha256>::new_from_slice(&self.seed).expect("a key of any length");
            mac.update(&counter.to_be_bytes());
            chunk.copy_from_slice(&mac.finalize().into_bytes()[..chunk.len()]);
        }
    }
}
