//! The totals of many clicks, without the clicks: they are drawn one by one, added up, and written through the store.

use tallystick::domain::click::ClickLabel;
use tallystick::domain::conversion::ConversionState;
use tallystick::domain::ids::{CreativeId, PartyId};
use tallystick::domain::money::Currency;
use tallystick::domain::party::NETWORK;
use tallystick::domain::report::{Basis, ClickKey, ConversionKey, ConversionSums, Grain};
use tallystick::domain::time::Timestamp;
use tallystick::store::Store;
use tallystick::store::rollups::{ClickDeltas, ConversionDeltas, add_clicks, add_conversions};

use crate::numbers::{Dice, Zipf};
use crate::seed::Placed;

/// The clicks are spread over so many days, the last of which is today.
pub const DAYS: i64 = 90;
/// Quarters of an hour are written for so many days.
pub const QUARTER_DAYS: i64 = 30;
const QUARTERS_A_DAY: i64 = 96;
/// Label, reason, and how many of a hundred clicks have it.
const LABELS: [(ClickLabel, &str, usize); 3] =
    [(ClickLabel::Valid, "", 70), (ClickLabel::Duplicate, "", 25), (ClickLabel::Invalid, "bot", 5)];
/// Of so many clicks one leads to a sale.
const CLICKS_A_SALE: i64 = 100;
const ROWS_A_COMMIT: usize = 50_000;

/// Counts by link, bucket and label.
struct Cells {
    buckets: usize,
    counts: Vec<u32>,
}

impl Cells {
    fn new(links: usize, buckets: i64) -> Self {
        let buckets = buckets as usize;
        Self { buckets, counts: vec![0; links * buckets * LABELS.len()] }
    }

    fn add(&mut self, link: usize, bucket: i64, label: usize) {
        self.counts[(link * self.buckets + bucket as usize) * LABELS.len() + label] += 1;
    }

    /// Link, bucket, label and count, of those that are not empty.
    fn each(&self) -> impl Iterator<Item = (usize, i64, usize, i64)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(place, count)| {
            let (cell, label) = (place / LABELS.len(), place % LABELS.len());
            (cell / self.buckets, (cell % self.buckets) as i64, label, i64::from(*count))
        })
    }
}

fn label(dice: &mut Dice) -> usize {
    let lot = dice.below(100);
    if lot < LABELS[0].2 { 0 } else { usize::from(lot >= LABELS[0].2 + LABELS[1].2) + 1 }
}

/// Writes the totals of `clicks` clicks that end at `now`, for all their readers.
pub async fn fill(store: &Store, links: &[Placed], clicks: u64, now: Timestamp) -> anyhow::Result<()> {
    let (mut dice, zipf) = (Dice::new(clicks), Zipf::new(links.len()));
    let (mut days, mut quarters) =
        (Cells::new(links.len(), DAYS), Cells::new(links.len(), QUARTER_DAYS * QUARTERS_A_DAY));
    for _ in 0..clicks {
        let (link, day, label) = (zipf.draw(&mut dice), dice.below(DAYS as usize) as i64, label(&mut dice));
        days.add(link, day, label);
        let since = day - (DAYS - QUARTER_DAYS);
        if since >= 0 {
            quarters.add(link, since * QUARTERS_A_DAY + dice.below(QUARTERS_A_DAY as usize) as i64, label);
        }
    }
    let first_day = now.utc_day() - DAYS + 1;
    let first_quarter = (now.utc_day() - QUARTER_DAYS + 1) * QUARTERS_A_DAY;
    write(store, links, &days, Grain::Day, first_day).await?;
    write(store, links, &quarters, Grain::Quarter, first_quarter).await?;
    write_sales(store, links, &days, first_day).await
}

fn readers(link: &Placed) -> [PartyId; 3] {
    [NETWORK, link.advertiser_id.party(), link.publisher_id.party()]
}

async fn write(store: &Store, links: &[Placed], cells: &Cells, grain: Grain, first: i64) -> anyhow::Result<()> {
    let mut deltas = ClickDeltas::new();
    for (place, bucket, label, count) in cells.each() {
        let link = &links[place];
        let (label, reason, _) = LABELS[label];
        for reader_id in readers(link) {
            let key = ClickKey {
                reader_id,
                grain,
                bucket: first + bucket,
                campaign_id: link.campaign_id,
                publisher_id: link.publisher_id,
                link_id: link.link_id,
                creative_id: CreativeId(0),
                label,
                reason,
            };
            deltas.insert(key, count);
        }
        if deltas.len() >= ROWS_A_COMMIT {
            flush(store, &mut deltas).await?;
        }
    }
    flush(store, &mut deltas).await
}

async fn flush(store: &Store, deltas: &mut ClickDeltas) -> anyhow::Result<()> {
    let mut w = store.write().await?;
    add_clicks(&mut w, deltas).await?;
    deltas.clear();
    Ok(w.commit().await?)
}

async fn write_sales(store: &Store, links: &[Placed], days: &Cells, first_day: i64) -> anyhow::Result<()> {
    let mut deltas = ConversionDeltas::new();
    for (place, day, label, count) in days.each().filter(|(_, _, label, _)| *label == 0) {
        let (link, sales) = (&links[place], (count / CLICKS_A_SALE).max(i64::from(day % 7 == 0)));
        let state = if day < DAYS - QUARTER_DAYS { ConversionState::Approved } else { ConversionState::Pending };
        let sums = ConversionSums {
            conversions: sales,
            amount_minor: sales * 4_990,
            commission_minor: sales * 499,
            fee_minor: sales * 100 + label as i64,
        };
        for (reader_id, basis) in readers(link).into_iter().flat_map(|id| [(id, Basis::Conversion), (id, Basis::Click)])
        {
            let key = ConversionKey {
                reader_id,
                grain: Grain::Day,
                basis,
                bucket: first_day + day,
                campaign_id: link.campaign_id,
                publisher_id: link.publisher_id,
                link_id: link.link_id,
                creative_id: CreativeId(0),
                event: "sale".to_owned(),
                state,
                currency: Currency::EUR,
            };
            deltas.entry(key).or_default().add(&sums, 1);
        }
    }
    let mut w = store.write().await?;
    add_conversions(&mut w, &deltas).await?;
    Ok(w.commit().await?)
}
