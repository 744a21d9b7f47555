//! The recorder: a bounded queue, one writer, one commit for a batch; the answer leaves after the commit.
//!
//! The batch fills itself while the last commit is synced: the writer takes what is there and never lingers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::domain::click::{Click, ClickLabel, ClickReason};
use crate::domain::durability::ClickDurability;
use crate::domain::ids::{CreativeId, LinkId};
use crate::domain::report::{ClickKey, LandingKey, Reader};
use crate::store::clicks::{self, VisitorDay};
use crate::store::deferrals::{self, Deferrals};
use crate::store::landings::{self, GestureDeltas, LandingDeltas};
use crate::store::rollups::{self, ClickDeltas};
use crate::store::{Store, StoreError, Writer};

const QUEUE_CLICKS_MAX: usize = 65_536;
const BATCH_CLICKS_MAX: usize = 8_192;
/// Clicks that wait for a place in the queue at most, while the database is away: memory has an end.
const WAITING_CLICKS_MAX: usize = 262_144;
/// Turns of all that is ready to run, before a batch is written although more arrives with each.
const TURNS_MAX: usize = 8;
const RETRY_PAUSE_MS: u64 = 50;

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

struct Job {
    click: Click,
    readers: Arc<[Reader]>,
    stored: oneshot::Sender<()>,
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
struct Missed {
    deferred: AtomicI64,
    lost: AtomicI64,
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
    let (queue, jobs) = mpsc::channel(QUEUE_CLICKS_MAX);
    let missed = Arc::new(Missed::default());
    let recorder = Recorder {
        queue,
        durability: settings.durability,
        budget: (settings.commit_budget_ms > 0).then(|| Duration::from_millis(settings.commit_budget_ms)),
        waiting: Arc::new(Semaphore::new(WAITING_CLICKS_MAX)),
        missed: missed.clone(),
    };
    let writer = Writing { store, durability: settings.durability, missed };
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

/// Lets requests that have arrived, and wait for the processor only, come into the batch: a commit costs about the same
/// for one click and for a hundred. Never waits for those that are still to come.
async fn take_arrived(jobs: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>) {
    for _ in 0..TURNS_MAX {
        tokio::task::yield_now().await;
        if jobs.is_empty() || batch.len() >= BATCH_CLICKS_MAX {
            return;
        }
        jobs.recv_many(batch, BATCH_CLICKS_MAX - batch.len()).await;
    }
}

/// The one writer.
struct Writing {
    store: Store,
    durability: ClickDurability,
    missed: Arc<Missed>,
}

impl Writing {
    async fn write_all(self, mut jobs: mpsc::Receiver<Job>) {
        let (mut batch, mut last_day) = (Vec::new(), 0);
        while jobs.recv_many(&mut batch, BATCH_CLICKS_MAX).await > 0 {
            take_arrived(&mut jobs, &mut batch).await;
            batch.sort_by_key(|job| job.click.click_id);
            let missed = self.take_missed();
            while let Err(error) = self.write(&mut batch, missed).await {
                tracing::error!(clicks = batch.len(), %error, "a batch of clicks is not stored yet");
                tokio::time::sleep(Duration::from_millis(RETRY_PAUSE_MS)).await;
            }
            last_day = batch.last().map_or(last_day, |job| job.click.click_id.time().utc_day());
            for job in batch.drain(..) {
                // The visitor may be gone.
                let _ = job.stored.send(());
            }
        }
        if let Err(error) = self.count_last_missed(last_day).await {
            tracing::error!(%error, "the last deferred clicks are not counted");
        }
    }

    /// The promises that were missed since the last batch: counted with the next one, not by a commit of their own,
    /// which would make the database slower still.
    fn take_missed(&self) -> Deferrals {
        let take = |count: &AtomicI64| count.swap(0, Ordering::Relaxed);
        let missed = Deferrals { deferred: take(&self.missed.deferred), lost: take(&self.missed.lost) };
        if missed != Deferrals::default() {
            tracing::warn!(deferred = missed.deferred, lost = missed.lost, "clicks were answered before their commit");
        }
        missed
    }

    async fn count_last_missed(&self, utc_day: i64) -> Result<(), StoreError> {
        let missed = self.take_missed();
        if missed == Deferrals::default() {
            return Ok(());
        }
        let mut w = self.store.write().await?;
        deferrals::add(&mut w, utc_day, missed).await?;
        w.commit().await
    }

    /// A transaction that keeps what the network promises of a click.
    async fn begin(&self) -> Result<Writer, StoreError> {
        match self.durability {
            ClickDurability::Strict => self.store.write().await,
            ClickDurability::Process | ClickDurability::Fast => self.store.write_relaxed().await,
        }
    }

    /// One transaction: who is new today, the clicks, the totals.
    async fn write(&self, batch: &mut [Job], missed: Deferrals) -> Result<(), StoreError> {
        let mut w = self.begin_counting(batch, missed).await?;
        label(&mut w, batch.iter_mut().collect()).await?;
        let clicks: Vec<&Click> = batch.iter().map(|job| &job.click).collect();
        if clicks::insert_batch(&mut w, &clicks).await? == clicks.len() as u64 {
            rollups::add_clicks(&mut w, &totals(batch)).await?;
            landings::add_gestures(&mut w, &gestures(&clicks)).await?;
            return w.commit().await;
        }
        // Some were there before: made again from their token while they waited in the queue.
        drop(w);
        write_again(self.begin_counting(batch, missed).await?, batch).await
    }

    async fn begin_counting(&self, batch: &[Job], missed: Deferrals) -> Result<Writer, StoreError> {
        let mut w = self.begin().await?;
        if missed != Deferrals::default() {
            let utc_day = batch.last().map_or(0, |job| job.click.click_id.time().utc_day());
            deferrals::add(&mut w, utc_day, missed).await?;
        }
        Ok(w)
    }
}

/// As [`Writing::write`], where some are there: one that was made again gives way to its own record.
async fn write_again(mut w: Writer, batch: &mut [Job]) -> Result<(), StoreError> {
    let mut new = Vec::new();
    let (mut deltas, mut landed) = (ClickDeltas::new(), LandingDeltas::new());
    for job in batch {
        match clicks::find(&mut w, job.click.click_id).await? {
            Some(known) if known.is_recreated => {
                clicks::delete_recreated(&mut w, known.click_id).await?;
                count(&mut deltas, &known, &job.readers, -1);
                // A conversion was priced by them.
                job.click.terms_version = known.terms_version;
                if landings::find(&mut w, known.click_id).await?.is_some() {
                    // Its landing stays, and is counted where the click now stands.
                    LandingKey::of(&known, &job.readers).for_each(|key| *landed.entry(key).or_default() -= 1);
                    LandingKey::of(&job.click, &job.readers).for_each(|key| *landed.entry(key).or_default() += 1);
                }
                new.push(job);
            }
            Some(_) => {}
            None => new.push(job),
        }
    }
    label(&mut w, new.iter_mut().map(|job| &mut **job).collect()).await?;
    let clicks: Vec<&Click> = new.iter().map(|job| &job.click).collect();
    if clicks::insert_batch(&mut w, &clicks).await? != clicks.len() as u64 {
        // One more was made again in between: look once more.
        return Err(StoreError::Conflict);
    }
    for job in &new {
        count(&mut deltas, &job.click, &job.readers, 1);
    }
    rollups::add_clicks(&mut w, &deltas).await?;
    landings::add_gestures(&mut w, &gestures(&clicks)).await?;
    landings::add(&mut w, &landed).await?;
    w.commit().await
}

/// What clicks have in common that count in the same totals, by the same readers: a link has one campaign and one
/// publisher, and in every zone a quarter of an hour lies within one day.
type Alike = (*const Reader, LinkId, Option<CreativeId>, i64, ClickLabel, Option<ClickReason>);

/// The keys of the totals are made once for clicks that are alike, since a day in a zone takes long to find.
fn totals(batch: &[Job]) -> ClickDeltas {
    let mut counts: HashMap<Alike, (&Job, i64)> = HashMap::new();
    for job in batch {
        let (click, readers) = (&job.click, job.readers.as_ptr());
        let quarter = click.click_id.time().quarter();
        let alike = (readers, click.link_id, click.creative_id, quarter, click.label, click.reason);
        counts.entry(alike).or_insert((job, 0)).1 += 1;
    }
    let mut totals = ClickDeltas::new();
    for (job, clicks) in counts.into_values() {
        count(&mut totals, &job.click, &job.readers, clicks);
    }
    totals
}

/// Adds so many clicks like this one to the totals of its readers; takes away below zero.
fn count(totals: &mut ClickDeltas, click: &Click, readers: &[Reader], clicks: i64) {
    for key in ClickKey::of(click, readers) {
        *totals.entry(key).or_default() += clicks;
    }
}

/// Of the countable clicks whose browser would say it: how many a person's gesture led to.
fn gestures(clicks: &[&Click]) -> GestureDeltas {
    let mut sums = GestureDeltas::new();
    for click in clicks.iter().filter(|click| click.label != ClickLabel::Invalid) {
        if let Some(has_gesture) = click.has_gesture {
            let key = (click.click_id.time().utc_day(), click.campaign_id, click.publisher_id);
            let (clicks, gestures) = sums.entry(key).or_default();
            *clicks += 1;
            *gestures += i64::from(has_gesture);
        }
    }
    sums
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
