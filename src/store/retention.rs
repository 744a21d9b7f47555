//! Forgetting: rows whose time is over, in batches, so that nobody waits long for the one writer of SQLite. On
//! PostgreSQL a month of clicks is a partition, and goes as a whole.

use sqlx::{query, query_scalar};

use super::driver::{Conn, Driver, Writer};
use super::error::StoreError;
use crate::domain::ids::{AttemptId, ClickId};
use crate::domain::retention::Kept;
use crate::domain::time::{Day, Timestamp};

sql! {
    CLAIM = "insert into retention (kind, next_run_at_ms, forgotten_before_ms) values ($1, $3, 0)
        on conflict (kind) do update set next_run_at_ms = excluded.next_run_at_ms
        where retention.next_run_at_ms <= $2";
    NOTE = "update retention set forgotten_before_ms = $2 where kind = $1 and forgotten_before_ms < $2";
    FORGOTTEN_BEFORE = "select forgotten_before_ms from retention where kind = $1";
    DELETE_ATTEMPTS = "delete from attempts where attempt_id in
        (select attempt_id from attempts where attempt_id < $1 order by attempt_id limit $2)";
    DELETE_QUOTAS = "delete from report_quotas where utc_day < $1";
    DELETE_CLICKS = "delete from clicks where click_id in
        (select click_id from clicks where click_id < $1 order by click_id limit $2)";
    DELETE_LABELS = "delete from click_labels where click_id in
        (select distinct click_id from click_labels where click_id < $1 order by click_id limit $2)";
    DELETE_LANDINGS = "delete from landings where click_id in
        (select click_id from landings where click_id < $1 order by click_id limit $2)";
    DELETE_SALTS = "delete from visitor_salts where utc_day < $1";
    DELETE_VISITORS = "delete from visitors where (utc_day, publisher_id, campaign_id, visitor) in
        (select utc_day, publisher_id, campaign_id, visitor from visitors where utc_day < $1
        order by utc_day, publisher_id, campaign_id, visitor limit $2)";
    MAKE_MONTH [postgres] = "select make_clicks_month($1, $2, $3) as made";
    DROP_MONTHS [postgres] = "select drop_clicks_months_before($1) as dropped";
}

/// Whether it is this process's turn: it is due at `now`, and nobody takes it again before `next`.
pub async fn claim(w: &mut Writer, kind: Kept, now: Timestamp, next: Timestamp) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(CLAIM)
        .bind(kind)
        .bind(now)
        .bind(next)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Says that everything before `before` is being forgotten: to be committed before the first row goes.
pub async fn note(w: &mut Writer, kind: Kept, before: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(NOTE).bind(kind).bind(before).execute(c).await.map(drop))
}

/// From where on everything is there; nothing was forgotten yet: from the beginning.
pub async fn forgotten_before(conn: &mut Conn, kind: Kept) -> Result<Timestamp, StoreError> {
    let before: Option<i64> = on_driver!(conn, |c| query_scalar(FORGOTTEN_BEFORE).bind(kind).fetch_optional(c).await)?;
    Ok(Timestamp(before.unwrap_or(0)))
}

/// At most `limit` of the requests before `first`; says how many.
pub async fn delete_attempts(w: &mut Writer, first: AttemptId, limit: i64) -> Result<u64, StoreError> {
    delete(w, DELETE_ATTEMPTS, first.0, limit).await
}

/// The quotas of days before `utc_day`.
pub async fn delete_quotas(w: &mut Writer, utc_day: i64) -> Result<(), StoreError> {
    on_driver!(w, |c| query(DELETE_QUOTAS).bind(utc_day).execute(c).await.map(drop))
}

/// At most `limit` of the clicks before `first`; says how many.
pub async fn delete_clicks(w: &mut Writer, first: ClickId, limit: i64) -> Result<u64, StoreError> {
    delete(w, DELETE_CLICKS, first.0, limit).await
}

/// The later labels of at most `limit` clicks before `first`; says how many.
pub async fn delete_labels(w: &mut Writer, first: ClickId, limit: i64) -> Result<u64, StoreError> {
    delete(w, DELETE_LABELS, first.0, limit).await
}

/// At most `limit` of the landings of clicks before `first`, which are gone already; says how many.
pub async fn delete_landings(w: &mut Writer, first: ClickId, limit: i64) -> Result<u64, StoreError> {
    delete(w, DELETE_LANDINGS, first.0, limit).await
}

/// The salts of the days before `utc_day`: the visitors of those days can no longer be told.
pub async fn delete_salts(w: &mut Writer, utc_day: i64) -> Result<(), StoreError> {
    on_driver!(w, |c| query(DELETE_SALTS).bind(utc_day).execute(c).await.map(drop))
}

/// At most `limit` of the remembered visitors of the days before `utc_day`; says how many.
pub async fn delete_visitors(w: &mut Writer, utc_day: i64, limit: i64) -> Result<u64, StoreError> {
    delete(w, DELETE_VISITORS, utc_day, limit).await
}

async fn delete(w: &mut Writer, text: &'static str, before: i64, limit: i64) -> Result<u64, StoreError> {
    on_driver!(w, |c| query(text).bind(before).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}

/// `202603` of a day in March 2026.
fn month_name(day: Day) -> String {
    day.to_string().replace('-', "").chars().take(6).collect()
}

/// Makes a place for the clicks from `first` up to `end`, a month from its first day on. False where there is one, and on
/// SQLite, where all clicks lie together.
pub async fn make_month(w: &mut Writer, month: Day, first: ClickId, end: ClickId) -> Result<bool, StoreError> {
    let made = match w.driver() {
        Driver::Sqlite(_) => Ok(false),
        Driver::Postgres(c) => {
            query_scalar(MAKE_MONTH).bind(month_name(month)).bind(first).bind(end).fetch_one(c).await
        }
    };
    w.settle(made)
}

/// Drops the months before this one, where clicks lie by months; says how many.
pub async fn drop_months(w: &mut Writer, month: Day) -> Result<i64, StoreError> {
    let dropped = match w.driver() {
        Driver::Sqlite(_) => Ok(0),
        Driver::Postgres(c) => query_scalar(DROP_MONTHS).bind(month_name(month)).fetch_one(c).await,
    };
    w.settle(dropped)
}
