//! What `verify` reads of landings and gestures: the raw rows and their totals, by SQL of its own.

use sqlx::query_as;

use super::audit::BadClick;
use super::driver::Conn;
use super::error::StoreError;

/// Landings by all that a total tells apart, in quarters of an hour UTC of their clicks.
#[derive(Debug, sqlx::FromRow)]
pub struct RawLandings {
    pub quarter: i64,
    pub advertiser_id: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub link_id: i64,
    pub creative_id: i64,
    pub landings: i64,
}

#[derive(Debug, sqlx::FromRow)]
pub struct LandingTotal {
    pub reader_id: i64,
    pub grain: String,
    pub bucket: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub link_id: i64,
    pub creative_id: i64,
    pub landings: i64,
}

/// Countable clicks of a UTC day whose browser would say it, and their gestures.
#[derive(Debug, sqlx::FromRow)]
pub struct DayGestures {
    pub utc_day: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub clicks: i64,
    pub gestures: i64,
}

sql! {
    BAD_LANDINGS = "select b.click_id, b.problem from (select l.click_id, case
        when c.click_id is null then 'it landed and does not exist'
        when l.landed_at_ms < (c.click_id >> 21) + 1577836800000 then 'it landed before it happened'
        when c.label = 'invalid' and c.reason not in ('no_user_agent', 'flood') then 'it landed and never had an id'
        end as problem from landings l left join clicks c on c.click_id = l.click_id where l.click_id >= $1) b
        where b.problem is not null order by b.click_id";
    COUNT_LANDINGS = "select count(*) as landings from landings";
    RAW_LANDINGS = "select (c.click_id >> 21) / 900000 + 1753152 as quarter,
        coalesce(k.advertiser_id, 0) as advertiser_id, c.campaign_id, c.publisher_id, c.link_id,
        coalesce(c.creative_id, 0) as creative_id, count(*) as landings from landings l
        join clicks c on c.click_id = l.click_id left join campaigns k on k.campaign_id = c.campaign_id
        group by 1, 2, 3, 4, 5, 6";
    LANDING_TOTALS = "select reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id, landings
        from landing_rollups where landings <> 0";
    RAW_GESTURES = "select (c.click_id >> 21) / 86400000 + 18262 as utc_day, c.campaign_id, c.publisher_id,
        count(*) as clicks, cast(sum(case when c.has_gesture then 1 else 0 end) as bigint) as gestures from clicks c
        left join uncounted_clicks u on u.click_id = c.click_id
        where c.label <> 'invalid' and c.has_gesture is not null and u.click_id is null group by 1, 2, 3";
    DAY_GESTURES = "select utc_day, campaign_id, publisher_id, clicks, gestures from gesture_rollups";
}

pub async fn count_landings(conn: &mut Conn) -> Result<i64, StoreError> {
    on_driver!(conn, |c| sqlx::query_scalar(COUNT_LANDINGS).fetch_one(c).await)
}

/// Landings, from a click id on, of clicks that are not there, were not there yet, or never had an id.
pub async fn bad_landings(conn: &mut Conn, first: i64) -> Result<Vec<BadClick>, StoreError> {
    on_driver!(conn, |c| query_as(BAD_LANDINGS).bind(first).fetch_all(c).await)
}

pub async fn raw_landings(conn: &mut Conn) -> Result<Vec<RawLandings>, StoreError> {
    on_driver!(conn, |c| query_as(RAW_LANDINGS).fetch_all(c).await)
}

pub async fn landing_totals(conn: &mut Conn) -> Result<Vec<LandingTotal>, StoreError> {
    on_driver!(conn, |c| query_as(LANDING_TOTALS).fetch_all(c).await)
}

pub async fn raw_gestures(conn: &mut Conn) -> Result<Vec<DayGestures>, StoreError> {
    on_driver!(conn, |c| query_as(RAW_GESTURES).fetch_all(c).await)
}

pub async fn day_gestures(conn: &mut Conn) -> Result<Vec<DayGestures>, StoreError> {
    on_driver!(conn, |c| query_as(DAY_GESTURES).fetch_all(c).await)
}
