//! What is stored and not in the totals yet, on SQLite, where many clicks at once would write the same pages of totals
//! again with every batch (performance.md, section 2).
//!
//! The notes beside the clicks say what is owed. The sums in memory only save reading those clicks again, and are counted
//! only where the notes are theirs: a commit that was said to have failed may have been made.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::click_sums::{ClickSums, PayingVersions, count, gestures};
use super::link_cache::readers_of;
use crate::domain::click::Click;
use crate::domain::durability::ClickDurability;
use crate::domain::ids::{ClickId, LinkId};
use crate::domain::report::Reader;
use crate::store::links::find_route_by_id;
use crate::store::{Conn, Store, StoreError, Writer, clicks, uncounted};

/// Between a write of clicks or totals that failed and the next one.
pub const RETRY_PAUSE_MS: u64 = 50;
/// So long the totals lag behind at most, if nobody asks for them, while many clicks come.
const COUNT_EVERY_MS: u64 = 200;
/// However many ask for them, they are written no more often than this.
const COUNT_ASKED_EVERY_MS: u64 = 25;
/// Notes that are read, and counted in one transaction.
const PAGE_NOTES: i64 = 8_192;

/// What the totals lack.
#[derive(Default)]
pub struct Uncounted {
    owed: Owed,
    /// When it must be counted; nothing where nothing is owed.
    due: Option<Pin<Box<Sleep>>>,
    tried_at: Option<Instant>,
}

#[derive(Default)]
enum Owed {
    #[default]
    Nothing,
    Batches(Batches),
    /// Whatever is noted: what is counted of it, nobody here knows.
    AllNotes,
}

/// Batches since the totals were written, and their notes.
struct Batches {
    sums: ClickSums,
    clicks: u64,
    first: ClickId,
    last: ClickId,
}

impl Batches {
    fn join(&mut self, more: Self) {
        self.sums.join(more.sums);
        self.clicks += more.clicks;
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
    }

    /// # Errors
    /// [`StoreError::Conflict`]: the notes are not those of these sums, and nothing was counted.
    async fn count(&self, mut w: Writer) -> Result<(), StoreError> {
        if uncounted::clear(&mut w, self.first, self.last).await? != self.clicks {
            return Err(StoreError::Conflict);
        }
        self.sums.add_to(&mut w).await?;
        w.commit().await
    }
}

fn after_ms(ms: u64) -> Pin<Box<Sleep>> {
    Box::pin(sleep(Duration::from_millis(ms)))
}

impl Uncounted {
    pub const fn is_empty(&self) -> bool {
        matches!(self.owed, Owed::Nothing)
    }

    /// Until it must be counted.
    pub fn due(&mut self) -> Option<Pin<&mut Sleep>> {
        self.due.as_mut().map(Pin::as_mut)
    }

    /// A batch, in the order of its clicks, was stored with its notes.
    pub fn note(&mut self, sums: ClickSums, batch: &[&Click]) {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return };
        let more = Batches { sums, clicks: batch.len() as u64, first: first.click_id, last: last.click_id };
        match &mut self.owed {
            Owed::Nothing => self.owed = Owed::Batches(more),
            Owed::Batches(batches) => batches.join(more),
            Owed::AllNotes => {}
        }
        self.due.get_or_insert_with(|| after_ms(COUNT_EVERY_MS));
    }

    /// There may be other notes than those of the sums in memory.
    pub fn doubt(&mut self) {
        self.owed = Owed::AllNotes;
        self.due = Some(after_ms(0));
    }

    /// Somebody waits for the totals.
    pub fn hasten(&mut self) {
        let pause = Duration::from_millis(COUNT_ASKED_EVERY_MS);
        let soonest = self.tried_at.map_or_else(tokio::time::Instant::now, |tried_at| tried_at + pause);
        if let Some(due) = &mut self.due
            && soonest < due.deadline()
        {
            due.as_mut().reset(soonest);
        }
    }

    /// Brings the totals up to date.
    pub async fn count(&mut self, store: &Store, durability: ClickDurability) -> Result<(), StoreError> {
        self.tried_at = Some(tokio::time::Instant::now());
        let counted = self.try_count(store, durability).await;
        if counted.is_ok() {
            self.owed = Owed::Nothing;
            self.due = None;
        } else {
            self.due = Some(after_ms(RETRY_PAUSE_MS));
        }
        counted
    }

    async fn try_count(&mut self, store: &Store, durability: ClickDurability) -> Result<(), StoreError> {
        if let Owed::Batches(batches) = &self.owed {
            match batches.count(store.write_clicks(durability).await?).await {
                Err(StoreError::Conflict) => self.owed = Owed::AllNotes,
                counted => return counted,
            }
        }
        if self.is_empty() { Ok(()) } else { count_notes(store, durability).await }
    }
}

/// Counts whatever is noted, as a process that was killed left it. A click that cannot be read keeps its note, of which
/// `verify` tells: it stops no other.
async fn count_notes(store: &Store, durability: ClickDurability) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let mut conn = store.read().await?;
        let page = uncounted::list(&mut conn, after, PAGE_NOTES).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        let (sums, unreadable) = sums_of(&mut conn, &page).await?;
        drop(conn);
        let mut w = store.write_clicks(durability).await?;
        let mut cleared = 0;
        for run in page.split(|id| unreadable.contains(id)) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                cleared += uncounted::clear(&mut w, *first, *last).await?;
            }
        }
        if cleared != (page.len() - unreadable.len()) as u64 {
            return Err(StoreError::Conflict);
        }
        sums.add_to(&mut w).await?;
        w.commit().await?;
    }
}

/// What noted clicks add to the totals, and those that cannot be read. One that is kept no longer adds nothing.
async fn sums_of(conn: &mut Conn, noted: &[ClickId]) -> Result<(ClickSums, BTreeSet<ClickId>), StoreError> {
    let (mut sums, mut unreadable) = (ClickSums::default(), BTreeSet::new());
    let (mut counted, mut known) = (Vec::new(), HashMap::new());
    for id in noted {
        match click_and_readers(conn, *id, &mut known).await {
            Ok(Some((click, readers))) => {
                count(&mut sums.totals, &click, &readers, 1);
                counted.push(click);
            }
            Ok(None) => {}
            Err(error) if error.is_unreadable() || matches!(error, StoreError::NotFound) => {
                tracing::error!(click.id = %id, %error, "a stored click cannot be counted");
                unreadable.insert(*id);
            }
            Err(error) => return Err(error),
        }
    }
    sums.gestures = gestures(counted.iter());
    let mut paying = PayingVersions::default();
    paying.learn(conn, &counted.iter().collect::<Vec<_>>()).await?;
    sums.days = paying.days(counted.iter());
    Ok((sums, unreadable))
}

/// A click, and whose totals it counts in.
///
/// # Errors
/// [`StoreError::NotFound`]: its link is not there.
async fn click_and_readers(
    conn: &mut Conn,
    id: ClickId,
    known: &mut HashMap<LinkId, [Reader; 3]>,
) -> Result<Option<(Click, [Reader; 3])>, StoreError> {
    let Some(click) = clicks::find(conn, id).await? else { return Ok(None) };
    if let Some(readers) = known.get(&click.link_id) {
        return Ok(Some((click, readers.clone())));
    }
    let route = find_route_by_id(conn, click.link_id).await?.ok_or(StoreError::NotFound)?;
    let readers = readers_of(&route);
    known.insert(click.link_id, readers.clone());
    Ok(Some((click, readers)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owing() -> Uncounted {
        let batch = Batches { sums: ClickSums::default(), clicks: 1, first: ClickId(1), last: ClickId(1) };
        Uncounted { owed: Owed::Batches(batch), due: Some(after_ms(COUNT_EVERY_MS)), tried_at: None }
    }

    fn due_at(uncounted: &Uncounted) -> Instant {
        uncounted.due.as_ref().unwrap().deadline()
    }

    #[tokio::test]
    async fn who_asks_is_served_at_once_and_many_who_ask_together_at_the_same_time() {
        let mut first = owing();
        first.hasten();
        assert!(due_at(&first) <= tokio::time::Instant::now(), "at once");

        let mut again = owing();
        let tried_at = due_at(&again) - Duration::from_millis(COUNT_EVERY_MS);
        again.tried_at = Some(tried_at);
        for _ in 0..3 {
            again.hasten();
            assert_eq!(due_at(&again), tried_at + Duration::from_millis(COUNT_ASKED_EVERY_MS));
        }
        again.tried_at = Some(tried_at + Duration::from_secs(60));
        again.hasten();
        assert_eq!(due_at(&again), tried_at + Duration::from_millis(COUNT_ASKED_EVERY_MS), "never later than it was");
    }

    #[tokio::test]
    async fn batches_are_owed_together_and_nothing_that_is_doubted_is_taken_from_memory() {
        let batch = |first, last| {
            let [first, last] = [first, last].map(ClickId);
            Batches { sums: ClickSums::default(), clicks: 2, first, last }
        };
        let mut all = batch(5, 9);
        all.join(batch(3, 4));
        assert_eq!((all.clicks, all.first, all.last), (4, ClickId(3), ClickId(9)));

        let mut uncounted = owing();
        uncounted.doubt();
        assert!(matches!(uncounted.owed, Owed::AllNotes) && due_at(&uncounted) <= tokio::time::Instant::now());
    }
}
