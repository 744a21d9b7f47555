//! The recorder: a bounded queue, one writer, one commit for a batch; the answer leaves after the commit.
//!
//! The batch fills itself while the last commit is synced: the writer takes what is there and never lingers.
//! Here is the queue's end that a redirect holds; `click_writer` is at the other one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::click_writer::ClickWriter;
use super::seen_visitors::DAY_VISITORS_MAX;
use crate::domain::click::Click;
use crate::domain::durability::ClickDurability;
use crate::domain::report::Reader;
use crate::store::Store;
use crate::store::deferrals::Deferrals;

const QUEUE_CLICKS_MAX: usize = 65_536;
/// Clicks that wait for a place in the queue at most, while the database is away: memory has an end.
const WAITING_CLICKS_MAX: usize = 262_144;

/// What the answer to a click promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Its commit came first.
    Durable,
    /// The commit took longer than the budget, the queue is full, or the network does not promise more
    /// ([`ClickDurability`]): the click may be lost in a crash.
    Deferred,
}

impl Promise {
    /// The value of the header `Click-Record`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Deferred => "deferred",
        }
    }
}

pub(super) struct Job {
    pub click: Click,
    pub readers: Arc<[Reader]>,
    pub stored: oneshot::Sender<()>,
}

/// What is promised of a click, and how long its visitor may wait for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecorderSettings {
    pub durability: ClickDurability,
    /// How long an answer waits for the commit; 0: however long it takes.
    pub commit_budget_ms: u64,
}

/// Promises that were not kept, until they are counted in the database.
#[derive(Default)]
pub(super) struct Missed {
    deferred: AtomicI64,
    lost: AtomicI64,
}

impl Missed {
    /// Those since the last call.
    pub fn take(&self) -> Deferrals {
        let take = |count: &AtomicI64| count.swap(0, Ordering::Relaxed);
        let missed = Deferrals { deferred: take(&self.deferred), lost: take(&self.lost) };
        if missed != Deferrals::default() {
            tracing::warn!(deferred = missed.deferred, lost = missed.lost, "clicks were answered before their commit");
        }
        missed
    }
}

/// The writing end of the queue.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Job>,
    durability: ClickDurability,
    /// Nothing: wait for the commit however long it takes.
    budget: Option<Duration>,
    waiting: Arc<Semaphore>,
    missed: Arc<Missed>,
}

/// Starts the writer. It ends when every [`Recorder`] is gone, after it has stored what they gave it.
pub fn start(store: Store, settings: RecorderSettings) -> (Recorder, JoinHandle<()>) {
    start_with_room(store, settings, DAY_VISITORS_MAX)
}

/// As [`start`], with memory for so many visitors of a day; the others are in a table. Only SQLite's one process
/// remembers visitors itself.
#[doc(hidden)]
pub fn start_with_room(
    store: Store,
    settings: RecorderSettings,
    day_visitors_max: usize,
) -> (Recorder, JoinHandle<()>) {
    let (queue, jobs) = mpsc::channel(QUEUE_CLICKS_MAX);
    let missed = Arc::new(Missed::default());
    let recorder = Recorder {
        queue,
        durability: settings.durability,
        budget: (settings.commit_budget_ms > 0).then(|| Duration::from_millis(settings.commit_budget_ms)),
        waiting: Arc::new(Semaphore::new(WAITING_CLICKS_MAX)),
        missed: missed.clone(),
    };
    let writer = ClickWriter::new(store, settings.durability, missed, day_visitors_max);
    (recorder, tokio::spawn(writer.write_all(jobs)))
}

impl Recorder {
    /// Stores a click and says what may be promised of it.
    pub async fn record(&self, click: Click, readers: Arc<[Reader]>) -> Promise {
        let (stored, done) = oneshot::channel();
        let job = Job { click, readers, stored };
        let is_stored = match (self.durability, self.budget) {
            (ClickDurability::Fast, _) => {
                self.enqueue(job);
                return Promise::Deferred;
            }
            (_, None) => self.queue.send(job).await.is_ok() && done.await.is_ok(),
            (_, Some(budget)) => self.enqueue(job) && matches!(tokio::time::timeout(budget, done).await, Ok(Ok(()))),
        };
        if is_stored && self.durability == ClickDurability::Strict {
            return Promise::Durable;
        }
        if !is_stored {
            self.missed.deferred.fetch_add(1, Ordering::Relaxed);
        }
        Promise::Deferred
    }

    /// Puts a click into the queue, or, when that is full, lets it wait for a place in the visitor's stead. True when
    /// it is in the queue.
    fn enqueue(&self, job: Job) -> bool {
        let Err(mpsc::error::TrySendError::Full(job)) = self.queue.try_send(job) else { return true };
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            self.missed.lost.fetch_add(1, Ordering::Relaxed);
            return false;
        };
        let queue = self.queue.clone();
        tokio::spawn(async move {
            // The queue closes only when the process ends.
            let _ = queue.send(job).await;
            drop(place);
        });
        false
    }
}
