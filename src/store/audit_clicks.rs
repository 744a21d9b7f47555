//! What `verify` reads of paid clicks, by SQL of its own.

use sqlx::{query_as, query_scalar};

use super::driver::Conn;
use super::error::StoreError;

/// Valid clicks that their terms pay for, counted from the clicks themselves.
#[derive(Debug, sqlx::FromRow)]
pub struct RawDay {
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub utc_day: i64,
    pub terms_version: i64,
    pub clicks: i64,
    pub first_click_id: i64,
}

/// The same as it is stored, with its terms and the conversion that pays it.
#[derive(Debug, sqlx::FromRow)]
pub struct StoredDay {
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub utc_day: i64,
    pub terms_version: i64,
    pub first_click_id: i64,
    pub unique_clicks: i64,
    pub counted_clicks: i64,
    pub click_minor: i64,
    pub click_currency: String,
    pub click_cap_minor: i64,
    pub conversion_id: Option<i64>,
    pub event: Option<String>,
    pub state: Option<String>,
    pub conversion_campaign: Option<i64>,
    pub conversion_publisher: Option<i64>,
    pub conversion_version: Option<i64>,
}

sql! {
    RAW_DAYS = "select c.campaign_id, c.publisher_id, (c.click_id >> 21) / 86400000 + 18262 as utc_day, c.terms_version,
        count(*) as clicks, min(c.click_id) as first_click_id from clicks c
        join terms t on t.campaign_id = c.campaign_id and t.version = c.terms_version
        left join uncounted_clicks u on u.click_id = c.click_id
        left join click_labels n on n.click_id = c.click_id and n.created_at_ms =
        (select max(m.created_at_ms) from click_labels m where m.click_id = c.click_id)
        where t.click_minor > 0 and u.click_id is null and not c.is_recreated and coalesce(n.label, c.label) = 'valid'
        group by 1, 2, 3, 4";
    STORED_DAYS = "select d.campaign_id, d.publisher_id, d.utc_day, d.terms_version, d.first_click_id, d.unique_clicks,
        d.counted_clicks, coalesce(t.click_minor, 0) as click_minor, coalesce(t.click_currency, '') as click_currency,
        coalesce(t.click_cap_minor, 0) as click_cap_minor, d.conversion_id, v.event, v.state,
        v.campaign_id as conversion_campaign, v.publisher_id as conversion_publisher,
        v.terms_version as conversion_version from click_days d
        left join terms t on t.campaign_id = d.campaign_id and t.version = d.terms_version
        left join conversions v on v.conversion_id = d.conversion_id
        order by d.campaign_id, d.publisher_id, d.utc_day, d.terms_version";
    WITHOUT_DAY = "select v.conversion_id from conversions v left join click_days d on d.conversion_id = v.conversion_id
        where v.event = 'click' and d.conversion_id is null order by v.conversion_id";
}

pub async fn raw_days(conn: &mut Conn) -> Result<Vec<RawDay>, StoreError> {
    on_driver!(conn, |c| query_as(RAW_DAYS).fetch_all(c).await)
}

/// By campaign, publisher, day and version.
pub async fn stored_days(conn: &mut Conn) -> Result<Vec<StoredDay>, StoreError> {
    on_driver!(conn, |c| query_as(STORED_DAYS).fetch_all(c).await)
}

/// Conversions of clicks that no day says to have.
pub async fn without_day(conn: &mut Conn) -> Result<Vec<i64>, StoreError> {
    on_driver!(conn, |c| query_scalar(WITHOUT_DAY).fetch_all(c).await)
}
