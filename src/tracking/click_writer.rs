//! The one writer of clicks: takes what waits in the queue, one commit for a batch, and counts by and by what a batch left
//! for later.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::click_sums::{ClickSums, PayingVersions, count, gestures};
use super::recorder::{Job, Missed};
use super::seen_visitors::{SeenVisitors, days_of, label_by_table};
use super::uncounted::{RETRY_PAUSE_MS, Uncounted};
use crate::domain::click::Click;
use crate::domain::durability::ClickDurability;
use crate::domain::report::LandingKey;
use crate::store::clicks;
use crate::store::deferrals::{self, Deferrals};
use crate::store::landings::{self, LandingDeltas};
use crate::store::{Store, StoreError, Writer, uncounted};

const BATCH_CLICKS_MAX: usize = 8_192;
/// Turns of all that is ready to run, before a batch is written although more arrives with each.
const TURNS_MAX: usize = 8;
/// A batch of so few is counted with its own commit, at once.
const COUNTED_AT_ONCE_MAX: usize = 8;

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

/// The UTC day of the last click, of a batch in the order of its clicks.
fn last_day(batch: &[Job]) -> Option<i64> {
    batch.last().map(|job| job.click.click_id.time().utc_day())
}

pub(super) struct ClickWriter {
    store: Store,
    durability: ClickDurability,
    missed: Arc<Missed>,
    uncounted: Uncounted,
    paying: PayingVersions,
    /// On SQLite, which has one process: it remembers the day's visitors itself.
    seen: Option<SeenVisitors>,
}

impl ClickWriter {
    pub fn new(store: Store, durability: ClickDurability, missed: Arc<Missed>, day_visitors_max: usize) -> Self {
        let seen = store.is_sqlite().then(|| SeenVisitors::new(day_visitors_max));
        let (uncounted, paying) = (Uncounted::default(), PayingVersions::default());
        let mut writer = Self { store, durability, missed, uncounted, paying, seen };
        // A process that was killed may have left some.
        writer.doubt();
        writer
    }

    pub async fn write_all(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.count_now().await;
        self.learn_newest_day().await;
        let (mut batch, mut day) = (Vec::new(), 0);
        while self.next(&mut jobs, &mut batch).await > 0 {
            take_arrived(&mut jobs, &mut batch).await;
            batch.sort_by_key(|job| job.click.click_id);
            let missed = self.missed.take();
            while let Err(error) = self.write(&mut batch, missed).await {
                self.take_back();
                tracing::error!(clicks = batch.len(), %error, "a batch of clicks is not stored yet");
                sleep(Duration::from_millis(RETRY_PAUSE_MS)).await;
            }
            self.seen.iter_mut().for_each(SeenVisitors::keep);
            day = last_day(&batch).unwrap_or(day);
            for job in batch.drain(..) {
                // The visitor may be gone.
                let _ = job.stored.send(());
            }
        }
        self.count_now().await;
        if let Err(error) = self.count_last_missed(day).await {
            tracing::error!(%error, "the last deferred clicks are not counted");
        }
    }

    /// Waits for clicks, and meanwhile brings the totals up to date when it is time, or when somebody reads them. 0: there
    /// are no more.
    async fn next(&mut self, jobs: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>) -> usize {
        loop {
            let Some(due) = self.uncounted.due() else { return jobs.recv_many(batch, BATCH_CLICKS_MAX).await };
            tokio::select! {
                biased;
                () = self.store.counting().asked() => self.uncounted.hasten(),
                () = due => self.count_now().await,
                count = jobs.recv_many(batch, BATCH_CLICKS_MAX) => return count,
            }
        }
    }

    /// Brings the totals up to date. Where that fails it is tried again a little later: the clicks are stored.
    async fn count_now(&mut self) {
        if self.uncounted.is_empty() {
            return;
        }
        match self.uncounted.count(&self.store, self.durability).await {
            Ok(()) => self.store.counting().catch_up(),
            Err(error) => tracing::error!(%error, "stored clicks are not counted yet"),
        }
    }

    /// On SQLite the notes may be others than those of the sums in memory: all that is noted is read and counted.
    fn doubt(&mut self) {
        if self.store.is_sqlite() {
            self.store.counting().fall_behind();
            self.uncounted.doubt();
        }
    }

    /// A transaction failed: what was remembered because of it is forgotten, and nothing else.
    fn take_back(&mut self) {
        self.seen.iter_mut().for_each(SeenVisitors::undo);
        if self.uncounted.is_empty() {
            self.store.counting().catch_up();
        }
    }

    /// The visitors of the newest day with clicks, which may be today, so that no click waits for them. Where that fails
    /// the first click does.
    async fn learn_newest_day(&mut self) {
        let Some(seen) = &mut self.seen else { return };
        if let Err(error) = seen.learn_newest(&self.store).await {
            tracing::error!(%error, "the visitors of the newest day are not read yet");
        }
    }

    /// Before the transaction: a day may have many visitors, and nobody else can write while one is under way.
    async fn learn(&mut self, batch: &[Job]) -> Result<(), StoreError> {
        match &mut self.seen {
            Some(seen) => seen.learn(&self.store, &days_of(batch)).await,
            None => Ok(()),
        }
    }

    async fn label(&mut self, w: &mut Writer, batch: Vec<&mut Job>) -> Result<(), StoreError> {
        match &mut self.seen {
            Some(seen) => seen.label(w, batch).await,
            None => label_by_table(w, batch).await,
        }
    }

    /// One transaction: who is new today, the clicks, the totals; where many come, the totals a little later.
    async fn write(&mut self, batch: &mut [Job], missed: Deferrals) -> Result<(), StoreError> {
        self.learn(batch).await?;
        let mut w = self.store.write_clicks(self.durability).await?;
        add_missed(&mut w, last_day(batch), missed).await?;
        self.label(&mut w, batch.iter_mut().collect()).await?;
        let clicks: Vec<&Click> = batch.iter().map(|job| &job.click).collect();
        if clicks::insert_batch(&mut w, &clicks).await? != clicks.len() as u64 {
            // Some were there before: made again from their token while they waited in the queue, or stored by a commit
            // that was said to have failed.
            drop(w);
            self.take_back();
            return self.write_again(batch, missed).await;
        }
        self.paying.learn(&mut w, &clicks).await?;
        let sums = ClickSums::of(batch, &self.paying);
        if !self.counts_later(batch.len()) {
            sums.add_to(&mut w).await?;
            return w.commit().await;
        }
        uncounted::insert(&mut w, &clicks).await?;
        // Before the commit: nobody is to see the clicks and not to wait for their totals.
        self.store.counting().fall_behind();
        w.commit().await?;
        self.uncounted.note(sums, &clicks);
        Ok(())
    }

    /// Where clicks come singly each is counted with its own commit. Many at once would write the same pages of totals
    /// again with every batch; and while some are owed, a few more are counted with them. PostgreSQL keeps totals for
    /// several processes, and counts at once.
    fn counts_later(&self, clicks: usize) -> bool {
        self.store.is_sqlite() && (clicks > COUNTED_AT_ONCE_MAX || !self.uncounted.is_empty())
    }

    /// As [`Self::write`], where some are there: one that was made again gives way to its own record, one that is stored
    /// already stays as it is.
    async fn write_again(&mut self, batch: &mut [Job], missed: Deferrals) -> Result<(), StoreError> {
        let (day, mut is_stored) = (last_day(batch), false);
        let mut w = self.store.write_clicks(self.durability).await?;
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
                Some(known) => {
                    is_stored = true;
                    self.seen.iter_mut().for_each(|seen| seen.remember(&known));
                }
                None => new.push(job),
            }
        }
        if is_stored {
            // The commit that was said to have failed: it counted what was missed, and may have left notes.
            self.doubt();
        } else {
            add_missed(&mut w, day, missed).await?;
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
        self.paying.learn(&mut w, &clicks).await?;
        sums.gestures = gestures(clicks.iter().copied());
        sums.days = self.paying.days(clicks.iter().copied());
        sums.add_to(&mut w).await?;
        landings::add(&mut w, &landed).await?;
        w.commit().await
    }

    async fn count_last_missed(&self, utc_day: i64) -> Result<(), StoreError> {
        let missed = self.missed.take();
        if missed == Deferrals::default() {
            return Ok(());
        }
        let mut w = self.store.write().await?;
        deferrals::add(&mut w, utc_day, missed).await?;
        w.commit().await
    }
}

/// The promises that were missed since the last batch: counted with the next one, not by a commit of their own, which
/// would make the database slower still.
async fn add_missed(w: &mut Writer, utc_day: Option<i64>, missed: Deferrals) -> Result<(), StoreError> {
    match utc_day {
        Some(utc_day) if missed != Deferrals::default() => deferrals::add(w, utc_day, missed).await,
        _ => Ok(()),
    }
}
