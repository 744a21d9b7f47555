//! Load over raw connections: requests that were made before, answers that are counted and not much looked at.

pub mod closed;
pub mod connection;
pub mod open;
pub mod requests;

use std::collections::BTreeMap;
use std::time::Duration;

use connection::Answer;

/// What came back.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Tally {
    pub answers: u64,
    pub statuses: BTreeMap<u16, u64>,
    pub durable: u64,
    pub deferred: u64,
    /// Connections that were refused or broke.
    pub broken: u64,
    pub seconds: f64,
}

impl Tally {
    pub fn note(&mut self, answer: &Answer) {
        self.answers += 1;
        *self.statuses.entry(answer.status).or_default() += 1;
        self.durable += u64::from(answer.is_durable);
        self.deferred += u64::from(answer.is_deferred);
    }

    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// Of the answers that say what became of the click, those that promise nothing.
    pub fn deferred_share(&self) -> f64 {
        self.deferred as f64 / ((self.durable + self.deferred) as f64).max(1.0)
    }

    /// Answers that are no redirect, and connections that gave none.
    pub fn wrong(&self) -> u64 {
        self.broken + self.answers - self.statuses.get(&302).copied().unwrap_or(0)
    }

    pub fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.durable += other.durable;
        self.deferred += other.deferred;
        self.broken += other.broken;
        self.seconds += other.seconds;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
    }
}

/// An answer that takes longer counts as none.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
