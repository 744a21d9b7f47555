//! The recorder: a bounded queue, one writer, one commit for a batch; the answer leaves after the commit.
//!
//! The batch fills itself while the last commit is synced: the writer takes what is there and never lingers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::domain::click::{Click, ClickLabel};
use crate::domain::report::{ClickKey, Reader};
use crate::store::clicks::{self, VisitorDay};
use crate::store::rollups::{self, ClickDeltas};
use crate::store::{Store, StoreError, Writer};

const QUEUE_CLICKS_MAX: usize = 65_536;
const BATCH_CLICKS_MAX: usize = 8_192;
const RETRY_PAUSE_MS: u64 = 50;

/// What the answer to a click promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Its commit came first.
    Durable,
    /// The commit took longer than the budget, or the queue is full: the click is queued, and may be lost in a crash.
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

struct Job {
    click: Click,
    readers: Arc<[Reader]>,
    stored: oneshot::Sender<()>,
}

/// The writing end of the queue.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Job>,
    /// Nothing: wait for the commit however long it takes.
    budget: Option<Duration>,
}

/// Starts the writer. It ends when every [`Recorder`] is gone, after it has stored what they gave it.
pub fn start(store: Store, commit_budget_ms: u64) -> (Recorder, JoinHandle<()>) {
    let (queue, jobs) = mpsc::channel(QUEUE_CLICKS_MAX);
    let budget = (commit_budget_ms > 0).then(|| Duration::from_millis(commit_budget_ms));
    (Recorder { queue, budget }, tokio::spawn(write_all(store, jobs)))
}

impl Recorder {
    /// Stores a click and says what may be promised of it.
    pub async fn record(&self, click: Click, readers: Arc<[Reader]>) -> Promise {
        let (stored, done) = oneshot::channel();
        let job = Job { click, readers, stored };
        let Some(budget) = self.budget else {
            return match self.queue.send(job).await {
                Ok(()) => promise(done.await.is_ok()),
                Err(_) => Promise::Deferred,
            };
        };
        match self.queue.try_send(job) {
            Ok(()) => promise(matches!(tokio::time::timeout(budget, done).await, Ok(Ok(())))),
            Err(mpsc::error::TrySendError::Full(job)) => self.defer(job),
            Err(mpsc::error::TrySendError::Closed(_)) => Promise::Deferred,
        }
    }

    /// Waits for a place in the queue in the visitor's stead.
    fn defer(&self, job: Job) -> Promise {
        let queue = self.queue.clone();
        tokio::spawn(async move {
            // The queue closes only when the process ends.
            let _ = queue.send(job).await;
        });
        Promise::Deferred
    }
}

const fn promise(is_stored: bool) -> Promise {
    if is_stored { Promise::Durable } else { Promise::Deferred }
}

async fn write_all(store: Store, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::new();
    while jobs.recv_many(&mut batch, BATCH_CLICKS_MAX).await > 0 {
        batch.sort_by_key(|job| job.click.click_id);
        while let Err(error) = write(&store, &mut batch).await {
            tracing::error!(clicks = batch.len(), %error, "a batch of clicks is not stored yet");
            tokio::time::sleep(Duration::from_millis(RETRY_PAUSE_MS)).await;
        }
        for job in batch.drain(..) {
            // The visitor may be gone.
            let _ = job.stored.send(());
        }
    }
}

/// One transaction: who is new today, the clicks, the totals.
async fn write(store: &Store, batch: &mut [Job]) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    label(&mut w, batch.iter_mut().collect()).await?;
    let clicks: Vec<Click> = batch.iter().map(|job| job.click.clone()).collect();
    if clicks::insert_batch(&mut w, &clicks).await? == clicks.len() as u64 {
        rollups::add_clicks(&mut w, &totals(batch.iter())).await?;
        return w.commit().await;
    }
    // Some were there before: made again from their token while they waited in the queue.
    drop(w);
    write_again(store, batch).await
}

/// As [`write`], where some are there: one that was made again gives way to its own record.
async fn write_again(store: &Store, batch: &mut [Job]) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    let mut new = Vec::new();
    let mut deltas = ClickDeltas::new();
    for job in batch {
        match clicks::find(&mut w, job.click.click_id).await? {
            Some(known) if known.is_recreated => {
                clicks::delete_recreated(&mut w, known.click_id).await?;
                count(&mut deltas, &known, &job.readers, -1);
                // A conversion was priced by them.
                job.click.terms_version = known.terms_version;
                new.push(job);
            }
            Some(_) => {}
            None => new.push(job),
        }
    }
    label(&mut w, new.iter_mut().map(|job| &mut **job).collect()).await?;
    let clicks: Vec<Click> = new.iter().map(|job| job.click.clone()).collect();
    if clicks::insert_batch(&mut w, &clicks).await? != clicks.len() as u64 {
        // One more was made again in between: look once more.
        return Err(StoreError::Conflict);
    }
    for job in new {
        count(&mut deltas, &job.click, &job.readers, 1);
    }
    rollups::add_clicks(&mut w, &deltas).await?;
    w.commit().await
}

fn totals<'j>(jobs: impl Iterator<Item = &'j Job>) -> ClickDeltas {
    let mut totals = ClickDeltas::new();
    for job in jobs {
        count(&mut totals, &job.click, &job.readers, 1);
    }
    totals
}

/// Adds a click to the totals of its readers, or takes it away.
fn count(totals: &mut ClickDeltas, click: &Click, readers: &[Reader], sign: i64) {
    for key in ClickKey::of(click, readers) {
        *totals.entry(key).or_default() += sign;
    }
}

/// The visitor day in which a countable click may be the first.
fn visitor_day(click: &Click) -> Option<VisitorDay> {
    let countable = matches!(click.label, ClickLabel::Valid | ClickLabel::Duplicate);
    let visitor = click.visitor.filter(|_| countable)?;
    Some((click.click_id.time().utc_day(), click.publisher_id, click.campaign_id, visitor.to_vec()))
}

/// Of the countable clicks of a visitor's day the first stays valid, the others are duplicates.
async fn label(w: &mut Writer, batch: Vec<&mut Job>) -> Result<(), StoreError> {
    let mut days: Vec<VisitorDay> = batch.iter().filter_map(|job| visitor_day(&job.click)).collect();
    days.sort();
    days.dedup();
    let mut new = clicks::insert_visitors(w, &days).await?;
    for job in batch {
        if let Some(day) = visitor_day(&job.click) {
            job.click.label = if new.remove(&day) { ClickLabel::Valid } else { ClickLabel::Duplicate };
        }
    }
    Ok(())
}
