//! What the tests of this folder share: a clock in hand, repeatable bytes, an empty database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::domain::environment::{Clock, Entropy, Environment};
use crate::domain::ids::IdGenerator;
use crate::domain::time::Timestamp;
use crate::store::Store;

/// 2026-03-02T10:00:00Z
pub const START: Timestamp = Timestamp(1_772_445_600_000);

/// Stands until it is moved.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that differ from call to call and not from run to run.
struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
    }
}

pub fn environment() -> (Environment, Arc<HandClock>) {
    let clock = Arc::new(HandClock(AtomicI64::new(START.0)));
    let entropy = Arc::new(CountingEntropy(AtomicU64::new(0)));
    (Environment { clock: clock.clone(), entropy, ids: Arc::new(IdGenerator::new(1)) }, clock)
}

/// A new database in a folder that lives as long as the second value.
pub async fn store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    (Store::open(&url).await.expect("a new database"), folder)
}
