//! The salt of the UTC day in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use crate::domain::environment::Environment;
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::store::{Store, StoreError, salts};

/// So long one click in a minute waits for the salt of tomorrow, or of today where there is none.
const WAIT_MS: u64 = 1_000;

/// The salts of this UTC day and the next. The later one is made ahead, so that clicks go on when the day turns while the
/// database is away.
#[derive(Default)]
pub struct Salts {
    known: RwLock<BTreeMap<i64, [u8; 32]>>,
    /// The minute in which the salt of the next day was last looked for.
    looked: AtomicI64,
}

impl Salts {
    /// The salt of the UTC day of `at`; made by the first process that asks. Nothing where the database is away and has not
    /// been there since yesterday: the click counts, and its visitor is not told apart.
    pub async fn of(&self, store: &Store, environment: &Environment, at: Timestamp) -> Option<[u8; 32]> {
        let day = at.utc_day();
        let [salt, next] = self.known([day, day + 1]);
        let salt = match salt {
            Some(salt) => Some(salt),
            None => self.learn(store, environment, day, at).await,
        };
        let minute = at.0.div_euclid(MINUTE_MS);
        if next.is_none() && self.looked.swap(minute, Ordering::Relaxed) != minute {
            self.learn(store, environment, day + 1, at).await;
        }
        salt
    }

    fn known(&self, days: [i64; 2]) -> [Option<[u8; 32]>; 2] {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        days.map(|day| known.get(&day).copied())
    }

    async fn learn(&self, store: &Store, environment: &Environment, day: i64, at: Timestamp) -> Option<[u8; 32]> {
        let read = read_or_make(store, environment, day, at);
        let salt = match tokio::time::timeout(Duration::from_millis(WAIT_MS), read).await {
            Ok(Ok(salt)) => salt,
            Ok(Err(error)) => {
                tracing::warn!(%error, day, "a day's salt could not be read");
                return None;
            }
            Err(_) => {
                tracing::warn!(day, "a day's salt could not be read in time");
                return None;
            }
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(day, salt);
        // A clock may step back over midnight.
        known.retain(|other, _| *other >= at.utc_day() - 1);
        Some(salt)
    }
}

async fn read_or_make(
    store: &Store,
    environment: &Environment,
    day: i64,
    at: Timestamp,
) -> Result<[u8; 32], StoreError> {
    if let Some(salt) = salts::find(&mut store.read().await?, day).await? {
        return Ok(salt);
    }
    let mut w = store.write().await?;
    salts::insert(&mut w, day, &environment.random(), at).await?;
    let salt = salts::find(&mut w, day).await?.ok_or(StoreError::NotFound)?;
    w.commit().await?;
    Ok(salt)
}
