//! Forgetting what is kept for a time only (domain.md section 11). Report totals, evidence, decisions and money stay.
//!
//! Clicks and requests are forgotten by one process at a time: a row in the database says whose turn it is. A process
//! that ends in the middle leaves the rest to the next turn; nothing is forgotten twice.

use crate::domain::environment::Environment;
use crate::domain::ids::{AttemptId, ClickId, NoticeId, ReviewBatchId, UploadId, first_id_at};
use crate::domain::retention::{self, Kept, NOTICES_KEPT_MS, REQUESTS_KEPT_MS, start_of};
use crate::domain::review_batch::tried_kept_from;
use crate::domain::time::{HOUR_MS, Timestamp};
use crate::store::{Store, StoreError, notices, retention as rows, review_batches, uploads};

/// How often clicks and requests are looked at.
const EVERY_MS: i64 = HOUR_MS;
/// Rows that one transaction deletes.
const BATCH_ROWS: i64 = 5_000;

/// Whether it is this process's turn at `now`.
async fn claim(store: &Store, kind: Kept, now: Timestamp) -> Result<bool, StoreError> {
    let mut w = store.write().await?;
    let is_ours = rows::claim(&mut w, kind, now, now.plus_ms(EVERY_MS)).await?;
    w.commit().await?;
    Ok(is_ours)
}

/// Deletes batch by batch until one is not full; says how many rows went.
macro_rules! all_batches {
    ($store:ident, |$w:ident| $delete:expr) => {{
        let mut gone = 0;
        loop {
            let mut $w = $store.write().await?;
            let batch: u64 = $delete;
            $w.commit().await?;
            gone += batch;
            if batch < BATCH_ROWS as u64 {
                break gone;
            }
        }
    }};
}

/// Raw clicks after their thirteen months, with their later labels and landings. Makes a place for the months ahead first.
pub async fn clicks(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let now = environment.now();
    if !claim(store, Kept::Clicks, now).await? {
        return Ok(0);
    }
    for (month, next) in retention::click_months(now) {
        let mut w = store.write().await?;
        rows::make_month(&mut w, month, first_click(start_of(month)), first_click(start_of(next))).await?;
        w.commit().await?;
    }
    let month = retention::clicks_kept_from(now);
    let mut w = store.write().await?;
    rows::note(&mut w, Kept::Clicks, start_of(month)).await?;
    w.commit().await?;
    let first = first_click(start_of(month));
    let mut w = store.write().await?;
    let months = rows::drop_months(&mut w, month).await?;
    w.commit().await?;
    let clicks = all_batches!(store, |w| rows::delete_clicks(&mut w, first, BATCH_ROWS).await?);
    let labels = all_batches!(store, |w| rows::delete_labels(&mut w, first, BATCH_ROWS).await?);
    let landings = all_batches!(store, |w| rows::delete_landings(&mut w, first, BATCH_ROWS).await?);
    Ok(count(clicks + labels + landings) + usize::try_from(months).unwrap_or(0))
}

/// The requests to the reporting end points after thirty days, and the quotas of those days; with them the files of
/// orders, what was reviewed together, and, after their own time, notices.
pub async fn requests(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let now = environment.now();
    if !claim(store, Kept::Requests, now).await? {
        return Ok(0);
    }
    let before = now.plus_ms(-REQUESTS_KEPT_MS);
    let mut w = store.write().await?;
    rows::note(&mut w, Kept::Requests, before).await?;
    rows::delete_quotas(&mut w, before.utc_day()).await?;
    uploads::delete_before(&mut w, UploadId(first_id_at(before))).await?;
    w.commit().await?;
    forget_batches(store, before, now).await?;
    let notice = NoticeId(first_id_at(now.plus_ms(-NOTICES_KEPT_MS)));
    all_batches!(store, |w| notices::delete_before(&mut w, notice, BATCH_ROWS).await?);
    let first = AttemptId(first_id_at(before));
    Ok(count(all_batches!(store, |w| rows::delete_attempts(&mut w, first, BATCH_ROWS).await?)))
}

/// What was reviewed together before `before`, and the dry runs that are too old to be decided: for longer than the clocks
/// of two processes may differ, so that nobody starts one among this.
async fn forget_batches(store: &Store, before: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let too_old = tried_kept_from(now).plus_ms(-EVERY_MS);
    let [first, unstarted] = [before, too_old].map(|at| ReviewBatchId(first_id_at(at)));
    all_batches!(store, |w| review_batches::delete_rows(&mut w, first, BATCH_ROWS).await?);
    all_batches!(store, |w| review_batches::delete_rows_unstarted(&mut w, unstarted, BATCH_ROWS).await?);
    all_batches!(store, |w| review_batches::delete(&mut w, first, unstarted, BATCH_ROWS).await?);
    Ok(())
}

/// The salts of the days before yesterday, then the visitors of those days. At every look, by every process: no visitor
/// may be known for longer than 48 hours because one process died.
pub async fn visitors(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let day = retention::visitors_kept_from(environment.now());
    let mut w = store.write().await?;
    rows::delete_salts(&mut w, day).await?;
    w.commit().await?;
    Ok(count(all_batches!(store, |w| rows::delete_visitors(&mut w, day, BATCH_ROWS).await?)))
}

fn first_click(at: Timestamp) -> ClickId {
    ClickId(first_id_at(at))
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
