//! The recorder: a bounded queue, one writer, one commit for a batch; the answer leaves after the commit.
//!
//! The batch fills itself while the last commit is synced: the writer takes what is there and never lingers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep};

use super::click_sums::{ClickSums, PayingVersions, count, gestures, left_uncounted};
use super::seen_visitors::{SeenVisitors, label_by_table};
use crate::domain::click::Click;
use crate::domain::durability::ClickDurability;
use crate::domain::report::{LandingKey, Reader};
use crate::store::clicks;
use crate::store::deferrals::{self, Deferrals};
use crate::store::landings::{self, LandingDeltas};
use crate::store::{Store, StoreError, Writer, uncounted};

const QUEUE_CLICKS_MAX: usize = 65_536;
const BATCH_CLICKS_MAX: usize = 8_192;
/// Clicks that wait for a place in the queue at most, while the database is away: memory has an end.
const WAITING_CLICKS_MAX: usize = 262_144;
/// Turns of all that is ready to run, before a batch is written although more arrives with each.
const TURNS_MAX: usize = 8;
const RETRY_PAUSE_MS: u64 = 50;
/// A batch of so few is counted with its own commit, at once.
const COUNTED_AT_ONCE_MAX: usize = 8;
/// So long the totals lag behind at most, if nobody asks for them, while many clicks come.
const COUNT_EVERY_MS: u64 = 200;

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
    if store.is_sqlite() {
        // A process that was killed may have left some.
        store.counting().fall_behind();
    }
    let seen = store.is_sqlite().then(SeenVisitors::default);
    let (durability, uncounted, paying) = (settings.durability, Uncounted::default(), PayingVersions::default());
    let writer = Writing { store, durability, missed, uncounted, paying, seen };
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

/// What is stored and not in the totals yet.
#[derive(Default)]
struct Uncounted {
    sums: ClickSums,
    /// When they must be; nothing where nothing is behind.
    due: Option<Pin<Box<Sleep>>>,
}

fn after_ms(ms: u64) -> Pin<Box<Sleep>> {
    Box::pin(sleep(Duration::from_millis(ms)))
}

/// The one writer.
struct Writing {
    store: Store,
    durability: ClickDurability,
    missed: Arc<Missed>,
    uncounted: Uncounted,
    paying: PayingVersions,
    /// On SQLite, which has one process: it remembers the day's visitors itself.
    seen: Option<SeenVisitors>,
}

impl Writing {
    async fn write_all(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.count_left().await;
        let (mut batch, mut last_day) = (Vec::new(), 0);
        while self.next(&mut jobs, &mut batch).await > 0 {
            take_arrived(&mut jobs, &mut batch).await;
            batch.sort_by_key(|job| job.click.click_id);
            let missed = self.take_missed();
            while let Err(error) = self.write(&mut batch, missed).await {
                self.seen.iter_mut().for_each(SeenVisitors::forget);
                tracing::error!(clicks = batch.len(), %error, "a batch of clicks is not stored yet");
                sleep(Duration::from_millis(RETRY_PAUSE_MS)).await;
            }
            last_day = batch.last().map_or(last_day, |job| job.click.click_id.time().utc_day());
            for job in batch.drain(..) {
                // The visitor may be gone.
                let _ = job.stored.send(());
            }
        }
        self.count_now().await;
        if let Err(error) = self.count_last_missed(last_day).await {
            tracing::error!(%error, "the last deferred clicks are not counted");
        }
    }

    /// Waits for clicks, and meanwhile brings the totals up to date when it is time, or when somebody reads them. 0: there
    /// are no more.
    async fn next(&mut self, jobs: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>) -> usize {
        loop {
            let Some(due) = &mut self.uncounted.due else { return jobs.recv_many(batch, BATCH_CLICKS_MAX).await };
            tokio::select! {
                biased;
                () = self.store.counting().asked() => {}
                () = due => {}
                count = jobs.recv_many(batch, BATCH_CLICKS_MAX) => return count,
            }
            self.count_now().await;
        }
    }

    /// What a process that was killed had stored and not counted.
    async fn count_left(&self) {
        if !self.store.is_sqlite() {
            return;
        }
        while let Err(error) = left_uncounted(&self.store).await {
            tracing::error!(%error, "the clicks of before are not counted yet");
            sleep(Duration::from_millis(RETRY_PAUSE_MS)).await;
        }
        self.store.counting().catch_up();
    }

    /// Brings the totals up to date. Where that fails it is tried again a little later: the clicks are stored.
    async fn count_now(&mut self) {
        if self.uncounted.due.is_none() {
            return;
        }
        match self.try_count().await {
            Ok(()) => self.caught_up(),
            Err(error) => {
                tracing::error!(%error, "stored clicks are not counted yet");
                self.uncounted.due = Some(after_ms(RETRY_PAUSE_MS));
            }
        }
    }

    async fn try_count(&self) -> Result<(), StoreError> {
        let mut w = self.begin().await?;
        self.uncounted.sums.add_to(&mut w).await?;
        uncounted::clear(&mut w).await?;
        w.commit().await
    }

    fn caught_up(&mut self) {
        self.uncounted = Uncounted::default();
        self.store.counting().catch_up();
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

    /// One transaction: who is new today, the clicks, the totals; where many come, the totals a little later.
    async fn write(&mut self, batch: &mut [Job], missed: Deferrals) -> Result<(), StoreError> {
        let mut w = self.begin_counting(batch, missed).await?;
        self.label(&mut w, batch.iter_mut().collect()).await?;
        let clicks: Vec<&Click> = batch.iter().map(|job| &job.click).collect();
        if clicks::insert_batch(&mut w, &clicks).await? != clicks.len() as u64 {
            // Some were there before: made again from their token while they waited in the queue.
            drop(w);
            if let Some(seen) = &mut self.seen {
                seen.undo();
            }
            return self.write_again(batch, missed).await;
        }
        self.paying.learn(&mut w, &clicks).await?;
        let sums = ClickSums::of(batch, &self.paying);
        if self.counts_later(batch.len()) {
            uncounted::insert(&mut w, &clicks).await?;
            w.commit().await?;
            self.uncounted.sums.join(sums);
            self.uncounted.due.get_or_insert_with(|| after_ms(COUNT_EVERY_MS));
            self.store.counting().fall_behind();
            return Ok(());
        }
        sums.add_to(&mut w).await?;
        if self.uncounted.due.is_some() {
            self.uncounted.sums.add_to(&mut w).await?;
            uncounted::clear(&mut w).await?;
        }
        w.commit().await?;
        if self.uncounted.due.is_some() {
            self.caught_up();
        }
        Ok(())
    }

    /// Where clicks come singly each is counted with its own commit. Many at once would write the same pages of totals
    /// again with every batch. PostgreSQL keeps totals for several processes, and counts at once.
    fn counts_later(&self, clicks: usize) -> bool {
        self.store.is_sqlite() && clicks > COUNTED_AT_ONCE_MAX
    }

    async fn label(&mut self, w: &mut Writer, batch: Vec<&mut Job>) -> Result<(), StoreError> {
        match &mut self.seen {
            Some(seen) => seen.label(w, batch).await,
            None => label_by_table(w, batch).await,
        }
    }

    async fn begin_counting(&self, batch: &[Job], missed: Deferrals) -> Result<Writer, StoreError> {
        let mut w = self.begin().await?;
        if missed != Deferrals::default() {
            let utc_day = batch.last().map_or(0, |job| job.click.click_id.time().utc_day());
            deferrals::add(&mut w, utc_day, missed).await?;
        }
        Ok(w)
    }

    /// As [`Self::write`], where some are there: one that was made again gives way to its own record.
    async fn write_again(&mut self, batch: &mut [Job], missed: Deferrals) -> Result<(), StoreError> {
        let mut w = self.begin_counting(batch, missed).await?;
        let mut new = Vec::new();
        let (mut sums, mut landed) = (ClickSums::default(), LandingDeltas::new());
        for job in batch {
            match clicks::find(&mut w, job.click.click_id).await? {
                Some(known) if known.is_recreated => {
                    clicks::delete_recreated(&mut w, known.click_id).await?;
                    count(&mut sums.totals, &known, &job.readers, -1);
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
        self.label(&mut w, new.iter_mut().map(|job| &mut **job).collect()).await?;
        let clicks: Vec<&Click> = new.iter().map(|job| &job.click).collect();
        if clicks::insert_batch(&mut w, &clicks).await? != clicks.len() as u64 {
            // One more was made again in between: look once more.
            return Err(StoreError::Conflict);
        }
        for job in &new {
            count(&mut sums.totals, &job.click, &job.readers, 1);
        }
        sums.gestures = gestures(clicks.iter().copied());
        self.paying.learn(&mut w, &clicks).await?;
        sums.days = self.paying.days(clicks.iter().copied());
        sums.add_to(&mut w).await?;
        landings::add(&mut w, &landed).await?;
        w.commit().await
    }
}
