//! What clicks add to the totals, and to the days that are paid by the click.

use std::collections::HashMap;

use super::recorder::Job;
use crate::domain::click::{Click, ClickLabel, ClickReason};
use crate::domain::ids::{CampaignId, ClickId, CreativeId, LinkId, PublisherId};
use crate::domain::report::{ClickKey, Reader};
use crate::store::click_days::{self, DayDeltas};
use crate::store::landings::{self, GestureDeltas};
use crate::store::rollups::{self, ClickDeltas};
use crate::store::{Conn, StoreError, Writer, terms};

/// What a batch of clicks adds to the totals, or several do.
#[derive(Default)]
pub struct ClickSums {
    pub totals: ClickDeltas,
    pub gestures: GestureDeltas,
    /// Valid clicks that are paid for themselves.
    pub days: DayDeltas,
}

/// Which versions of the terms pay for clicks. They never change, so each is asked for once.
#[derive(Default)]
pub struct PayingVersions(HashMap<(CampaignId, i64), bool>);

impl PayingVersions {
    /// Asks for the versions of these clicks that are not known yet.
    pub async fn learn(&mut self, conn: &mut Conn, clicks: &[&Click]) -> Result<(), StoreError> {
        for click in clicks {
            let version = (click.campaign_id, click.terms_version);
            if !self.0.contains_key(&version)
                && let Some(pays) = terms::pays_clicks(conn, version.0, version.1).await?
            {
                self.0.insert(version, pays);
            }
        }
        Ok(())
    }

    /// The valid clicks among these that are paid. One that was made again from its token has no visitor: nobody can know
    /// whether it was the first of its day.
    pub fn days<'c>(&self, clicks: impl Iterator<Item = &'c Click>) -> DayDeltas {
        let pays = |click: &&Click| self.0.get(&(click.campaign_id, click.terms_version)) == Some(&true);
        let mut days = DayDeltas::new();
        for click in clicks.filter(|click| click.label == ClickLabel::Valid && !click.is_recreated).filter(pays) {
            let utc_day = click.click_id.time().utc_day();
            let key = (click.campaign_id, click.publisher_id, utc_day, click.terms_version);
            add_day(&mut days, key, (1, click.click_id));
        }
        days
    }
}

fn add_day(days: &mut DayDeltas, key: (CampaignId, PublisherId, i64, i64), (clicks, first): (i64, ClickId)) {
    let sums = days.entry(key).or_insert((0, first));
    *sums = (sums.0 + clicks, sums.1.min(first));
}

impl ClickSums {
    pub fn of(batch: &[Job], paying: &PayingVersions) -> Self {
        let clicks = || batch.iter().map(|job| &job.click);
        Self { totals: totals(batch), gestures: gestures(clicks()), days: paying.days(clicks()) }
    }

    pub fn join(&mut self, more: Self) {
        for (key, clicks) in more.totals {
            *self.totals.entry(key).or_default() += clicks;
        }
        for (key, (clicks, gestures)) in more.gestures {
            let sums = self.gestures.entry(key).or_default();
            *sums = (sums.0 + clicks, sums.1 + gestures);
        }
        for (key, sums) in more.days {
            add_day(&mut self.days, key, sums);
        }
    }

    /// Adds them to what is stored, and tells the readers.
    pub async fn add_to(&self, w: &mut Writer) -> Result<(), StoreError> {
        rollups::add_clicks(w, &self.totals).await?;
        landings::add_gestures(w, &self.gestures).await?;
        click_days::add(w, &self.days).await
    }
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
pub fn count(totals: &mut ClickDeltas, click: &Click, readers: &[Reader], clicks: i64) {
    for key in ClickKey::of(click, readers) {
        *totals.entry(key).or_default() += clicks;
    }
}

/// Of the countable clicks whose browser would say it: how many a person's gesture led to.
pub fn gestures<'c>(clicks: impl Iterator<Item = &'c Click>) -> GestureDeltas {
    let mut sums = GestureDeltas::new();
    for click in clicks.filter(|click| click.label != ClickLabel::Invalid) {
        if let Some(has_gesture) = click.has_gesture {
            let key = (click.click_id.time().utc_day(), click.campaign_id, click.publisher_id);
            let (clicks, gestures) = sums.entry(key).or_default();
            *clicks += 1;
            *gestures += i64::from(has_gesture);
        }
    }
    sums
}
