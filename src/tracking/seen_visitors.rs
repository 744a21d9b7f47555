//! The visitors of a day, in the memory of the one process that works on an SQLite database. In a table each new one is a
//! row at a random place, and so one more page of every commit (performance.md, section 2): the table has only those for
//! whom there is no room here. After a restart they are read again from the day's clicks.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::recorder::Job;
use crate::domain::click::{Click, ClickLabel};
use crate::domain::ids::PublisherId;
use crate::store::clicks::{self, VisitorDay};
use crate::store::{StoreError, Writer};

/// Visitors of one day in memory: at nine bytes each, in a table that doubles, about 38 MB.
const DAY_VISITORS_MAX: usize = 3_600_000;
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
#[derive(Default)]
pub struct SeenVisitors {
    days: BTreeMap<i64, Day>,
    /// By the transaction that is not committed yet.
    added: Vec<(i64, u64)>,
}

/// One visitor of a publisher's campaign; the visitor's key knows the campaign. Of as many as there is room for, two are
/// taken for one on fewer than one in a million days.
fn fingerprint(publisher: PublisherId, visitor: &[u8]) -> u64 {
    let first = visitor.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    first ^ publisher.0.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl SeenVisitors {
    /// Of the countable clicks of a visitor's day the first stays valid, the others are duplicates. Batches are in the order
    /// of their clicks.
    pub(super) async fn label(&mut self, w: &mut Writer, batch: Vec<&mut Job>) -> Result<(), StoreError> {
        self.added.clear();
        let mut without_room = Vec::new();
        for job in batch {
            let Some((day, visitor)) = visitor_of(&job.click) else { continue };
            self.learn(w, day).await?;
            let (seen, key) = (self.days.entry(day).or_default(), fingerprint(job.click.publisher_id, &visitor));
            if seen.contains(&key) {
                job.click.label = ClickLabel::Duplicate;
            } else if seen.len() < DAY_VISITORS_MAX {
                seen.insert(key);
                self.added.push((day, key));
                job.click.label = ClickLabel::Valid;
            } else {
                without_room.push(job);
            }
        }
        if without_room.is_empty() { Ok(()) } else { label_by_table(w, without_room).await }
    }

    /// What this transaction added is not stored by it.
    pub fn undo(&mut self) {
        if self.days.values().any(|seen| seen.len() >= DAY_VISITORS_MAX) {
            // It may have written to the table, too.
            return self.forget();
        }
        for (day, key) in self.added.drain(..) {
            if let Some(seen) = self.days.get_mut(&day) {
                seen.remove(&key);
            }
        }
    }

    /// Nobody knows what is stored: it is read again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Reads the day's visitors, unless they are here. Those for whom there is no room go into the table.
    async fn learn(&mut self, w: &mut Writer, day: i64) -> Result<(), StoreError> {
        if self.days.contains_key(&day) {
            return Ok(());
        }
        let (mut seen, mut after) = (Day::default(), None);
        loop {
            let page = clicks::list_valid_visitors(w, day, after).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            let mut rest: Vec<VisitorDay> = Vec::new();
            for (_, visitor) in page {
                if seen.len() < DAY_VISITORS_MAX {
                    seen.insert(fingerprint(visitor.1, &visitor.3));
                } else {
                    rest.push(visitor);
                }
            }
            rest.sort();
            clicks::insert_visitors(w, &rest).await?;
        }
        self.days.insert(day, seen);
        while self.days.len() > DAYS_MAX {
            let oldest = self.days.keys().copied().find(|other| *other != day);
            oldest.and_then(|oldest| self.days.remove(&oldest));
        }
        Ok(())
    }
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
