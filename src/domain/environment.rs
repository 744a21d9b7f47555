//! Time, randomness and ids are arguments, never fetched: these traits are how they are passed down.

use std::sync::Arc;

use super::ids::IdGenerator;
use super::time::Timestamp;

/// Tells the time. The process has the system's; a test moves its own.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Gives random bytes. The process has the system's; the demo and tests have a seeded one.
pub trait Entropy: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// What every action at the edge gets: the time, randomness, new ids.
#[derive(Clone)]
pub struct Environment {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub ids: Arc<IdGenerator>,
}

impl Environment {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id of the type asked for: `environment.new_id(ClickId)`.
    pub fn new_id<T>(&self, wrap: impl FnOnce(i64) -> T) -> T {
        wrap(self.ids.next(self.now()))
    }

    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}
