//! The number of this process among those on one database: held by a lease, so that no id is made twice
//! (domain.md section 0). On SQLite there is one process, and its number is 0.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::{sleep, timeout};

use crate::domain::environment::Environment;
use crate::domain::ids::{IdGenerator, time_of};
use crate::domain::time::MINUTE_MS;
use crate::store::leases::{self, Holder};
use crate::store::{Store, StoreError};

/// So long after it was last renewed a number has run out.
const LEASE_MS: i64 = MINUTE_MS;
/// Others may take a number so long after it has run out: until then a process goes on without its database, answers
/// redirects, and keeps their clicks for the time when the database is back.
const OUTAGE_MAX_MS: i64 = 15 * MINUTE_MS;
const RENEW_EVERY: Duration = Duration::from_secs(20);
const RETRY_AFTER: Duration = Duration::from_secs(2);
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(5);
/// A process that could not renew for this long after the last time stops: before others may take its number.
const GIVE_UP_AFTER: Duration = Duration::from_secs(15 * 60);
/// Several processes that start at once try the same number.
const TRIES_MAX: u32 = 64;
/// A clock that stepped back by less than this between two starts is bridged: ids go on after the last one.
const STEP_BACK_MAX_MS: i64 = MINUTE_MS;

/// A number that is ours until it is released or lost.
pub struct Lease {
    node: u16,
    holder: Holder,
    store: Store,
    environment: Environment,
}

impl Lease {
    /// Takes the lowest free number of a PostgreSQL database.
    ///
    /// # Errors
    /// Every number is held, or the database cannot be reached.
    pub async fn take(store: &Store, environment: &Environment) -> anyhow::Result<Self> {
        let holder = environment.random();
        for _ in 0..TRIES_MAX {
            let now = environment.now();
            let mut w = store.write().await?;
            match leases::take(&mut w, &holder, now.plus_ms(-OUTAGE_MAX_MS), now.plus_ms(LEASE_MS)).await {
                Ok(node) => {
                    w.commit().await?;
                    let (store, environment) = (store.clone(), environment.clone());
                    return Ok(Self { node, holder, store, environment });
                }
                Err(StoreError::Conflict | StoreError::Unavailable(_)) => {}
                Err(error) => return Err(error).context("taking a node number"),
            }
        }
        bail!("no node number could be taken: too many processes start at once")
    }

    pub const fn node(&self) -> u16 {
        self.node
    }

    /// Renews the lease for as long as that goes well; returns when the number is lost, and why.
    pub async fn hold(&self) -> anyhow::Error {
        loop {
            match timeout(GIVE_UP_AFTER, self.next_renewal()).await {
                Ok(true) => {}
                Ok(false) => return anyhow::anyhow!("another process took node number {}", self.node),
                Err(_) => {
                    return anyhow::anyhow!("node number {} could not be renewed for {GIVE_UP_AFTER:?}", self.node);
                }
            }
        }
    }

    /// Renews when it is time, and again until the database answers whether the number was still ours.
    async fn next_renewal(&self) -> bool {
        sleep(RENEW_EVERY).await;
        loop {
            match timeout(RENEWAL_TIMEOUT, self.renew()).await {
                Ok(Ok(is_ours)) => return is_ours,
                Ok(Err(error)) => tracing::warn!(node = self.node, %error, "the node number is not renewed yet"),
                Err(_) => tracing::warn!(node = self.node, "renewing the node number takes too long"),
            }
            sleep(RETRY_AFTER).await;
        }
    }

    /// Whether the number was still ours.
    pub async fn renew(&self) -> Result<bool, StoreError> {
        let mut w = self.store.write().await?;
        let until = self.environment.now().plus_ms(LEASE_MS);
        let renewed = leases::renew(&mut w, self.node, &self.holder, until).await?;
        w.commit().await?;
        Ok(renewed)
    }

    /// Gives the number back; a lease that cannot be given back runs out by itself.
    pub async fn release(self) -> Result<(), StoreError> {
        let mut w = self.store.write().await?;
        leases::release(&mut w, self.node, &self.holder).await?;
        w.commit().await
    }
}

/// Ids of this node that go on after those in the database: a start must not give an id twice, also where the clock
/// stepped back meanwhile, or the number was another machine's before.
pub async fn ids(store: &Store, environment: &Environment, node: u16) -> Result<IdGenerator, StoreError> {
    let last = time_of(leases::last_id(&mut store.read().await?).await?);
    let behind_ms = last.since(environment.now());
    if behind_ms >= STEP_BACK_MAX_MS {
        tracing::warn!(behind_ms, last = %last, "the clock is behind what the database holds: is it set right?");
        return Ok(IdGenerator::new(node));
    }
    Ok(IdGenerator::after(node, last))
}
