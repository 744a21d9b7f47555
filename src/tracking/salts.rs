//! The salt of the day, from which visitor keys are made: random, the same in every process, gone after two days.

use std::sync::{PoisonError, RwLock};

use crate::domain::environment::Environment;
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError, salts};

/// The salt of the newest day that was asked for.
#[derive(Default)]
pub struct Salts(RwLock<Option<(i64, [u8; 32])>>);

impl Salts {
    /// The salt of the UTC day of `at`; made by the first process that asks.
    pub async fn of(&self, store: &Store, environment: &Environment, at: Timestamp) -> Result<[u8; 32], StoreError> {
        let day = at.utc_day();
        if let Some((known, salt)) = *self.0.read().unwrap_or_else(PoisonError::into_inner)
            && known == day
        {
            return Ok(salt);
        }
        let salt = read_or_make(store, environment, day, at).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((day, salt));
        Ok(salt)
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
