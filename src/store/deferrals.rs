//! Clicks that were answered before their commit, by UTC day: counted, so that an admin sees them.

use sqlx::{query, query_as};

use super::driver::{Conn, Writer};
use super::error::StoreError;

sql! {
    ADD = "insert into deferrals (utc_day, deferred, lost) values ($1, $2, $3) on conflict (utc_day) do update
        set deferred = deferrals.deferred + excluded.deferred, lost = deferrals.lost + excluded.lost";
    COUNT_SINCE = "select cast(coalesce(sum(deferred), 0) as bigint) as deferred,
        cast(coalesce(sum(lost), 0) as bigint) as lost from deferrals where utc_day >= $1";
}

/// Answers that left before the commit of their click.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Deferrals {
    /// Queued, and stored a little later.
    pub deferred: i64,
    /// Not even queued, because too many waited: only a conversion brings them back, from their token.
    pub lost: i64,
}

/// Adds to a day's counts.
pub async fn add(w: &mut Writer, utc_day: i64, more: Deferrals) -> Result<(), StoreError> {
    on_driver!(w, |c| query(ADD).bind(utc_day).bind(more.deferred).bind(more.lost).execute(c).await.map(drop))
}

/// The counts from a UTC day on, of the whole network: for admins.
pub async fn count_since(conn: &mut Conn, utc_day: i64) -> Result<Deferrals, StoreError> {
    on_driver!(conn, |c| query_as(COUNT_SINCE).bind(utc_day).fetch_one(c).await)
}
