//! The visitors of a day, in the memory of the one process that works on an SQLite database. In a table each new one is a
//! row at a random place, and so one more page of every commit (performance.md, section 2): the table has only those for
//! whom there is no room here. After a restart they are read again from the day's clicks.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::recorder::Job;
use crate::domain::click::{Click, ClickLabel};
use crate::domain::ids::PublisherId;
use crate::store::clicks::{self, VisitorDay};
use crate::store::{Store, StoreError, Writer};

/// Visitors of one day in memory: at nine bytes each, in a table that doubles, about 38 MB.
pub const DAY_VISITORS_MAX: usize = 3_600_000;
/// Today, and yesterday for clicks that were written late.
const DAYS_MAX: usize = 2;

/// Keys are parts of a keyed hash: nothing is gained by another one.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only whole numbers are kept");
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

type Day = HashSet<u64, BuildHasherDefault<AsIs>>;

/// Who has clicked today, by publisher and campaign.
pub struct SeenVisitors {
    /// Each whole: its clicks were read when it was first needed.
    days: BTreeMap<i64, Day>,
    /// By the transaction that is not committed yet.
    added: Vec<(i64, u64)>,
    /// Visitors of one day at most.
    room: usize,
}

/// What is known of a visitor who clicks.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    First,
    Again,
    /// There is no room for another: the table knows.
    NoRoom,
}

/// One visitor of a publisher's campaign; the visitor's key knows the campaign. Of as many as there is room for, two are
/// taken for one on fewer than one in a million days.
fn fingerprint(publisher: PublisherId, visitor: &[u8]) -> u64 {
    let first = visitor.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    first ^ publisher.0.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl SeenVisitors {
    pub const fn new(room: usize) -> Self {
        Self { days: BTreeMap::new(), added: Vec::new(), room }
    }

    /// Reads the visitors of the newest day that has clicks.
    pub async fn learn_newest(&mut self, store: &Store) -> Result<(), StoreError> {
        let newest = clicks::find_newest(&mut store.read().await?).await?;
        match newest {
            Some(click) => self.learn(store, &BTreeSet::from([click.time().utc_day()])).await,
            None => Ok(()),
        }
    }

    /// Reads the visitors of these days, unless they are here. Before a transaction that labels their clicks: a busy day
    /// takes long, and only this process writes clicks.
    pub async fn learn(&mut self, store: &Store, days: &BTreeSet<i64>) -> Result<(), StoreError> {
        for day in days {
            if !self.days.contains_key(day) {
                self.days.insert(*day, read_day(store, *day, self.room).await?);
                self.forget_farthest(*day, days);
            }
        }
        Ok(())
    }

    /// Makes room for a day that was learnt: the one farthest from it goes, whether a late click brought it or a clock that
    /// was wrong.
    fn forget_farthest(&mut self, learnt: i64, needed: &BTreeSet<i64>) {
        while self.days.len() > DAYS_MAX {
            let others = self.days.keys().filter(|day| !needed.contains(*day));
            let Some(farthest) = others.max_by_key(|day| day.abs_diff(learnt)).copied() else { return };
            self.days.remove(&farthest);
        }
    }

    /// Of the countable clicks of a visitor's day the first stays valid, the others are duplicates. Batches are in the order
    /// of their clicks, and their days are learnt.
    pub(super) async fn label(&mut self, w: &mut Writer, batch: Vec<&mut Job>) -> Result<(), StoreError> {
        let mut without_room = Vec::new();
        for job in batch {
            let Some((day, visitor)) = visitor_of(&job.click) else { continue };
            match self.see(day, fingerprint(job.click.publisher_id, &visitor)) {
                Seen::First => job.click.label = ClickLabel::Valid,
                Seen::Again => job.click.label = ClickLabel::Duplicate,
                Seen::NoRoom => without_room.push(job),
            }
        }
        if without_room.is_empty() { Ok(()) } else { label_by_table(w, without_room).await }
    }

    fn see(&mut self, day: i64, key: u64) -> Seen {
        let seen = self.days.entry(day).or_default();
        if seen.contains(&key) {
            return Seen::Again;
        }
        if seen.len() >= self.room {
            return Seen::NoRoom;
        }
        seen.insert(key);
        self.added.push((day, key));
        Seen::First
    }

    /// The transaction is committed.
    pub fn keep(&mut self) {
        self.added.clear();
    }

    /// The transaction failed, as far as anybody knows: what it added is not stored by it, neither here nor in the table.
    pub fn undo(&mut self) {
        for (day, key) in self.added.drain(..) {
            if let Some(seen) = self.days.get_mut(&day) {
                seen.remove(&key);
            }
        }
    }

    /// A click is stored by a transaction that was undone here. In the order of the clicks, as they were labelled: who found
    /// no room then finds none now.
    pub fn remember(&mut self, stored: &Click) {
        let Some((day, visitor)) = visitor_of(stored).filter(|_| stored.label == ClickLabel::Valid) else { return };
        if let Some(seen) = self.days.get_mut(&day)
            && seen.len() < self.room
        {
            seen.insert(fingerprint(stored.publisher_id, &visitor));
        }
    }
}

/// The visitors of a day, page by page. Those for whom there is no room go into the table.
async fn read_day(store: &Store, day: i64, room: usize) -> Result<Day, StoreError> {
    let (mut seen, mut after) = (Day::default(), None);
    loop {
        let page = clicks::list_valid_visitors(&mut store.read().await?, day, after).await?;
        let Some((last, _)) = page.last() else { return Ok(seen) };
        after = Some(*last);
        let mut rest: Vec<VisitorDay> = Vec::new();
        for (_, visitor) in page {
            if seen.len() < room {
                seen.insert(fingerprint(visitor.1, &visitor.3));
            } else {
                rest.push(visitor);
            }
        }
        if !rest.is_empty() {
            rest.sort();
            let mut w = store.write().await?;
            clicks::insert_visitors(&mut w, &rest).await?;
            w.commit().await?;
        }
    }
}

/// The UTC days of clicks whose visitors must be known.
pub(super) fn days_of(batch: &[Job]) -> BTreeSet<i64> {
    batch.iter().filter_map(|job| visitor_of(&job.click)).map(|(day, _)| day).collect()
}

/// The UTC day and the visitor of a click that may be the first of that day.
fn visitor_of(click: &Click) -> Option<(i64, [u8; 16])> {
    let is_countable = matches!(click.label, ClickLabel::Valid | ClickLabel::Duplicate);
    click.visitor.filter(|_| is_countable).map(|visitor| (click.click_id.time().utc_day(), visitor))
}

fn visitor_day(click: &Click) -> Option<VisitorDay> {
    visitor_of(click).map(|(day, visitor)| (day, click.publisher_id, click.campaign_id, visitor.to_vec()))
}

/// Of the countable clicks of a visitor's day the first stays valid, the others are duplicates.
pub(super) async fn label_by_table(w: &mut Writer, batch: Vec<&mut Job>) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(room: usize, days: &[i64]) -> SeenVisitors {
        let days = days.iter().map(|day| (*day, Day::default())).collect();
        SeenVisitors { days, ..SeenVisitors::new(room) }
    }

    #[test]
    fn a_transaction_that_fails_takes_back_its_own_visitors_and_no_others() {
        let mut seen = seen(2, &[1]);
        assert_eq!(seen.see(1, 5), Seen::First);
        seen.keep();
        // One that failed before it labelled anything.
        seen.undo();
        assert_eq!(seen.see(1, 5), Seen::Again);
        assert_eq!((seen.see(1, 6), seen.see(1, 7)), (Seen::First, Seen::NoRoom));
        seen.undo();
        assert_eq!((seen.see(1, 5), seen.see(1, 7)), (Seen::Again, Seen::First), "its room is free again");
        seen.keep();
        assert_eq!((seen.see(1, 6), seen.see(1, 7)), (Seen::NoRoom, Seen::Again));
    }

    #[test]
    fn the_day_farthest_from_the_one_learnt_goes_and_none_that_a_batch_needs() {
        let left = |days: &[i64], learnt: i64, needed: &[i64]| {
            let mut seen = seen(2, days);
            seen.forget_farthest(learnt, &needed.iter().copied().collect());
            seen.days.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(left(&[9, 10, 11], 11, &[11]), [10, 11], "midnight");
        assert_eq!(left(&[3, 9, 10], 3, &[3]), [3, 9], "a late click");
        assert_eq!(left(&[10, 11, 400], 11, &[11]), [10, 11], "a clock that was wrong");
        assert_eq!(left(&[3, 9, 10], 10, &[3, 9, 10]), [3, 9, 10], "a batch of three days");
    }
}
