//! Landings are stored as clicks are: a bounded queue, one writer, one commit for all that wait; answered after it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::domain::click::Click;
use crate::domain::ids::ClickId;
use crate::domain::reason::ReasonCode;
use crate::domain::report::{LandingKey, Reader};
use crate::domain::time::Timestamp;
use crate::store::landings::{self, Landing, LandingDeltas, RefusalDeltas};
use crate::store::{Store, StoreError, clicks};

const QUEUE_LANDINGS_MAX: usize = 8_192;
const BATCH_LANDINGS_MAX: usize = 1_024;
const RETRY_PAUSE_MS: u64 = 50;

/// What became of a landing whose token is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The first of its click.
    New(Box<Click>),
    /// The click has landed already; nothing changed.
    Again(Box<Click>),
    /// There is no such click: it is not stored yet, was lost, or is no longer kept.
    NoClick,
}

enum Job {
    Landing { landing: Landing, readers: Arc<[Reader]>, stored: oneshot::Sender<Recorded> },
    Refusal { day: i64, reason: ReasonCode },
}

/// The writing end of the queue.
#[derive(Clone)]
pub struct LandingRecorder(mpsc::Sender<Job>);

/// Starts the writer. It ends when every [`LandingRecorder`] is gone, after it has stored what they gave it.
pub fn start(store: Store) -> (LandingRecorder, JoinHandle<()>) {
    let (queue, jobs) = mpsc::channel(QUEUE_LANDINGS_MAX);
    (LandingRecorder(queue), tokio::spawn(write_all(store, jobs)))
}

impl LandingRecorder {
    /// Stores a landing; nothing where the queue is full or the process ends.
    pub async fn record(&self, landing: Landing, readers: Arc<[Reader]>) -> Option<Recorded> {
        let (stored, done) = oneshot::channel();
        self.0.try_send(Job::Landing { landing, readers, stored }).ok()?;
        done.await.ok()
    }

    /// Counts a refusal. When the queue is half full the count is lost, so that what anybody can send takes no place
    /// from a landing.
    pub fn refuse(&self, at: Timestamp, reason: ReasonCode) {
        if self.0.capacity() <= QUEUE_LANDINGS_MAX / 2 {
            return;
        }
        let _ = self.0.try_send(Job::Refusal { day: at.utc_day(), reason });
    }
}

async fn write_all(store: Store, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::new();
    while jobs.recv_many(&mut batch, BATCH_LANDINGS_MAX).await > 0 {
        let recorded = loop {
            match write(&store, &batch).await {
                Ok(recorded) => break recorded,
                Err(error) => tracing::error!(landings = batch.len(), %error, "a batch of landings is not stored yet"),
            }
            tokio::time::sleep(Duration::from_millis(RETRY_PAUSE_MS)).await;
        };
        for (job, recorded) in batch.drain(..).zip(recorded) {
            if let (Job::Landing { stored, .. }, Some(recorded)) = (job, recorded) {
                // The visitor may be gone.
                let _ = stored.send(recorded);
            }
        }
    }
}

/// One transaction: landings, their totals, the count of refusals. Gives back what became of each job.
async fn write(store: &Store, batch: &[Job]) -> Result<Vec<Option<Recorded>>, StoreError> {
    let mut w = store.write().await?;
    let (mut deltas, mut refusals) = (LandingDeltas::new(), RefusalDeltas::new());
    let mut known: HashMap<ClickId, Option<Click>> = HashMap::new();
    let mut all = Vec::new();
    for job in batch {
        let (landing, readers) = match job {
            Job::Landing { landing, readers, .. } => (landing, readers),
            Job::Refusal { day, reason } => {
                *refusals.entry((*day, *reason)).or_default() += 1;
                all.push(None);
                continue;
            }
        };
        if let std::collections::hash_map::Entry::Vacant(unknown) = known.entry(landing.click_id) {
            unknown.insert(clicks::find(&mut w, landing.click_id).await?);
        }
        let recorded = match known[&landing.click_id].clone().map(Box::new) {
            None => Recorded::NoClick,
            Some(click) if landings::insert(&mut w, landing).await? => {
                LandingKey::of(&click, readers).for_each(|key| *deltas.entry(key).or_default() += 1);
                Recorded::New(click)
            }
            Some(click) => Recorded::Again(click),
        };
        all.push(Some(recorded));
    }
    landings::add(&mut w, &deltas).await?;
    landings::add_refusals(&mut w, &refusals).await?;
    w.commit().await?;
    Ok(all)
}
