//! Landings: clicks that the advertiser's page saw arrive, their totals, and the quality of clicks by publisher.

use std::collections::BTreeMap;

use sqlx::{PgConnection, SqliteConnection, query, query_as};

use super::changes::Change;
use super::driver::{Conn, Driver, Writer};
use super::error::StoreError;
use super::rows::MultiRow;
use crate::domain::ids::{AdvertiserId, CampaignId, ClickId, PublisherId};
use crate::domain::reason::ReasonCode;
use crate::domain::report::LandingKey;
use crate::domain::time::Timestamp;

/// A click that arrived, as the advertiser's page told it first.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Landing {
    pub click_id: ClickId,
    pub landed_at_ms: Timestamp,
    /// Without query and fragment.
    pub path: String,
}

/// A campaign whose clicks arrive nowhere.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SilentCampaign {
    pub campaign_id: CampaignId,
    pub name: String,
    /// Clicks with an id, none of which has landed.
    pub clicks: i64,
}

/// Of one publisher's countable clicks whose browser would say it, those that a person's gesture led to.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Gestures {
    pub publisher_id: PublisherId,
    pub clicks: i64,
    pub gestures: i64,
}

macro_rules! gesture_tail {
    () => {
        "on conflict (utc_day, campaign_id, publisher_id)
        do update set clicks = gesture_rollups.clicks + excluded.clicks,
        gestures = gesture_rollups.gestures + excluded.gestures"
    };
}

sql! {
    FIND = "select click_id, landed_at_ms, path from landings where click_id = $1";
    INSERT = "insert into landings (click_id, landed_at_ms, path) values ($1, $2, $3) on conflict do nothing";
    ADD = "insert into landing_rollups (reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id,
        landings) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id)
        do update set landings = landing_rollups.landings + excluded.landings";
    ADD_REFUSALS = "insert into landing_refusals (utc_day, reason, requests) values ($1, $2, $3)
        on conflict (utc_day, reason) do update set requests = landing_refusals.requests + excluded.requests";
    REFUSALS = "select reason, cast(sum(requests) as bigint) as requests from landing_refusals where utc_day >= $1
        group by reason order by reason";
    GESTURES_UNNEST [postgres] = concat!("insert into gesture_rollups (utc_day, campaign_id, publisher_id, clicks,
        gestures) select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) ",
        gesture_tail!());
    GESTURES_OF_ADVERTISER = "select g.publisher_id, cast(sum(g.clicks) as bigint) as clicks,
        cast(sum(g.gestures) as bigint) as gestures from gesture_rollups g
        join campaigns c on c.campaign_id = g.campaign_id where c.advertiser_id = $1 and g.utc_day >= $2
        group by g.publisher_id order by g.publisher_id";
    GESTURES = "select publisher_id, cast(sum(clicks) as bigint) as clicks,
        cast(sum(gestures) as bigint) as gestures from gesture_rollups where utc_day >= $1
        group by publisher_id order by publisher_id";
    SILENT = "select c.campaign_id, c.name, cast(sum(r.clicks) as bigint) as clicks from click_rollups r
        join campaigns c on c.campaign_id = r.campaign_id
        where r.reader_id = $1 and c.advertiser_id = $1 and r.grain = 'quarter' and r.bucket >= $2
        and (r.label <> 'invalid' or r.reason in ('no_user_agent', 'flood'))
        and not exists (select 1 from landing_rollups l where l.reader_id = $1 and l.grain = 'quarter'
            and l.bucket >= $2 and l.campaign_id = r.campaign_id and l.landings > 0)
        group by c.campaign_id, c.name having sum(r.clicks) > $3 order by c.campaign_id";
}

pub static GESTURE_ROWS: MultiRow = MultiRow::new(
    "insert into gesture_rollups (utc_day, campaign_id, publisher_id, clicks, gestures) values",
    5,
    gesture_tail!(),
);

pub async fn find(conn: &mut Conn, click: ClickId) -> Result<Option<Landing>, StoreError> {
    on_driver!(conn, |c| query_as(FIND).bind(click).fetch_optional(c).await)
}

/// Stores a landing; false where the click has landed already.
pub async fn insert(w: &mut Writer, landing: &Landing) -> Result<bool, StoreError> {
    let stored = on_driver!(w, |c| query(INSERT)
        .bind(landing.click_id)
        .bind(landing.landed_at_ms)
        .bind(&landing.path)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(stored == 1)
}

/// Landings by key: sorted, so that nodes do not wait for each other in a circle.
pub type LandingDeltas = BTreeMap<LandingKey, i64>;

/// Adds landings to the totals and tells the readers.
pub async fn add(w: &mut Writer, deltas: &LandingDeltas) -> Result<(), StoreError> {
    for (key, landings) in deltas {
        w.changed(Change::Figures(key.reader_id));
        on_driver!(w, |c| query(ADD)
            .bind(key.reader_id)
            .bind(key.grain)
            .bind(key.bucket)
            .bind(key.campaign_id)
            .bind(key.publisher_id)
            .bind(key.link_id)
            .bind(key.creative_id)
            .bind(landings)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Refused landings of a UTC day, by reason.
pub type RefusalDeltas = BTreeMap<(i64, ReasonCode), i64>;

pub async fn add_refusals(w: &mut Writer, deltas: &RefusalDeltas) -> Result<(), StoreError> {
    for ((day, reason), requests) in deltas {
        on_driver!(w, |c| query(ADD_REFUSALS).bind(day).bind(reason).bind(requests).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// For admins: refused landings since a UTC day, by reason.
pub async fn refusals(conn: &mut Conn, first_day: i64) -> Result<Vec<(ReasonCode, i64)>, StoreError> {
    on_driver!(conn, |c| query_as(REFUSALS).bind(first_day).fetch_all(c).await)
}

/// Clicks whose browser would say it, and gestures, by UTC day, campaign and publisher.
pub type GestureDeltas = BTreeMap<(i64, CampaignId, PublisherId), (i64, i64)>;

/// Written with every batch of clicks: on the hot path, and so with two texts.
pub async fn add_gestures(w: &mut Writer, deltas: &GestureDeltas) -> Result<(), StoreError> {
    let rows: Vec<_> = deltas.iter().collect();
    let result = match w.driver() {
        Driver::Sqlite(c) => gesture_rows(c, &rows).await,
        Driver::Postgres(c) => gestures_unnest(c, &rows).await,
    };
    w.settle(result)
}

type GestureRow<'d> = (&'d (i64, CampaignId, PublisherId), &'d (i64, i64));

async fn gesture_rows(c: &mut SqliteConnection, rows: &[GestureRow<'_>]) -> sqlx::Result<()> {
    for (text, rows) in GESTURE_ROWS.chunks(rows) {
        let mut insert = query(text);
        for ((day, campaign, publisher), (clicks, gestures)) in rows {
            insert = insert.bind(day).bind(campaign).bind(publisher).bind(clicks).bind(gestures);
        }
        insert.execute(&mut *c).await?;
    }
    Ok(())
}

async fn gestures_unnest(c: &mut PgConnection, rows: &[GestureRow<'_>]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    query(GESTURES_UNNEST)
        .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.2).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.1).collect::<Vec<_>>())
        .execute(c)
        .await
        .map(drop)
}

/// The publishers of one advertiser's campaigns, since a UTC day.
pub async fn gestures_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    first_day: i64,
) -> Result<Vec<Gestures>, StoreError> {
    on_driver!(conn, |c| query_as(GESTURES_OF_ADVERTISER).bind(advertiser).bind(first_day).fetch_all(c).await)
}

/// For admins: all publishers, since a UTC day.
pub async fn gestures(conn: &mut Conn, first_day: i64) -> Result<Vec<Gestures>, StoreError> {
    on_driver!(conn, |c| query_as(GESTURES).bind(first_day).fetch_all(c).await)
}

/// The advertiser's campaigns with more than `clicks_max` clicks with an id since `from`, of which none has landed.
pub async fn silent_campaigns(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    from: Timestamp,
    clicks_max: i64,
) -> Result<Vec<SilentCampaign>, StoreError> {
    on_driver!(conn, |c| query_as(SILENT).bind(advertiser).bind(from.quarter()).bind(clicks_max).fetch_all(c).await)
}
