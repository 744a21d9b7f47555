//! The valid clicks of a day that their terms pay for. They are counted with every batch of clicks: on the hot path, and so
//! with two texts.

use std::collections::BTreeMap;

use sqlx::{PgConnection, SqliteConnection, query, query_as};

use super::driver::{Conn, Driver, Writer};
use super::error::StoreError;
use super::rows::MultiRow;
use crate::domain::ids::{CampaignId, ClickId, ConversionId, PublisherId};
use crate::domain::time::Timestamp;

/// What is paid together, up to a limit: whatever versions of the terms were in force on that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct DayKey {
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub utc_day: i64,
}

/// The clicks of a day under one version of the terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct DayRow {
    pub terms_version: i64,
    pub first_click_id: ClickId,
    pub unique_clicks: i64,
    /// How many of them the conversion was brought up to.
    pub counted_clicks: i64,
    pub conversion_id: Option<ConversionId>,
}

/// Valid clicks by day and version of the terms, with the first of them: sorted, so that nodes do not wait for each other
/// in a circle.
pub type DayDeltas = BTreeMap<(CampaignId, PublisherId, i64, i64), (i64, ClickId)>;

macro_rules! tail {
    () => {
        "on conflict (campaign_id, publisher_id, utc_day, terms_version) do update
        set unique_clicks = click_days.unique_clicks + excluded.unique_clicks,
        first_click_id = case when excluded.first_click_id < click_days.first_click_id
            then excluded.first_click_id else click_days.first_click_id end"
    };
}

macro_rules! day {
    () => {
        "campaign_id = $1 and publisher_id = $2 and utc_day = $3"
    };
}

sql! {
    ADD_UNNEST [postgres] = concat!("insert into click_days (campaign_id, publisher_id, utc_day, terms_version,
        first_click_id, unique_clicks) select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
        $5::bigint[], $6::bigint[]) ", tail!());
    LIST_DUE = "select distinct campaign_id, publisher_id, utc_day from click_days
        where unique_clicks <> counted_clicks and counted_at_ms <= $1
        order by campaign_id, publisher_id, utc_day limit $2";
    LOCK = concat!("update click_days set counted_at_ms = counted_at_ms where ", day!(), "
        returning terms_version, first_click_id, unique_clicks, counted_clicks, conversion_id");
    SET_COUNTED = concat!("update click_days set counted_clicks = $5, counted_at_ms = $6, conversion_id = $7
        where ", day!(), " and terms_version = $4");
}

pub static ADD_ROWS: MultiRow = MultiRow::new(
    "insert into click_days (campaign_id, publisher_id, utc_day, terms_version, first_click_id, unique_clicks) values",
    6,
    tail!(),
);

/// Counts valid clicks, in the transaction that adds them to the totals.
pub async fn add(w: &mut Writer, deltas: &DayDeltas) -> Result<(), StoreError> {
    if deltas.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = deltas.iter().collect();
    let result = match w.driver() {
        Driver::Sqlite(c) => add_rows(c, &rows).await,
        Driver::Postgres(c) => add_unnest(c, &rows).await,
    };
    w.settle(result)
}

type Row<'d> = (&'d (CampaignId, PublisherId, i64, i64), &'d (i64, ClickId));

async fn add_rows(c: &mut SqliteConnection, rows: &[Row<'_>]) -> sqlx::Result<()> {
    for (text, rows) in ADD_ROWS.chunks(rows) {
        let mut insert = query(text);
        for ((campaign, publisher, day, version), (clicks, first)) in rows {
            insert = insert.bind(campaign).bind(publisher).bind(day).bind(version).bind(first).bind(clicks);
        }
        insert.execute(&mut *c).await?;
    }
    Ok(())
}

async fn add_unnest(c: &mut PgConnection, rows: &[Row<'_>]) -> sqlx::Result<()> {
    query(ADD_UNNEST)
        .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.2).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.3).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.1).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.0).collect::<Vec<_>>())
        .execute(c)
        .await
        .map(drop)
}

/// For the job: days with clicks that their conversions do not have yet, and which were not looked at since `before`.
pub async fn list_due(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<Vec<DayKey>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_DUE).bind(before).bind(limit).fetch_all(c).await)
}

/// The versions of a day, the lowest first. Nobody else counts or accrues it until the transaction ends.
pub async fn lock(w: &mut Writer, day: &DayKey) -> Result<Vec<DayRow>, StoreError> {
    let mut rows: Vec<DayRow> = on_driver!(w, |c| query_as(LOCK)
        .bind(day.campaign_id)
        .bind(day.publisher_id)
        .bind(day.utc_day)
        .fetch_all(c)
        .await)?;
    rows.sort_by_key(|row| row.terms_version);
    Ok(rows)
}

/// Says that the conversion has all clicks of a locked row.
pub async fn set_counted(
    w: &mut Writer,
    day: &DayKey,
    row: &DayRow,
    conversion: Option<ConversionId>,
    at: Timestamp,
) -> Result<(), StoreError> {
    on_driver!(w, |c| query(SET_COUNTED)
        .bind(day.campaign_id)
        .bind(day.publisher_id)
        .bind(day.utc_day)
        .bind(row.terms_version)
        .bind(row.unique_clicks)
        .bind(at)
        .bind(conversion)
        .execute(c)
        .await
        .map(drop))
}
