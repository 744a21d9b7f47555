//! What `verify` reads: the raw rows and what was made of them, by SQL of its own. No query of the write path is shared.

use sqlx::{query_as, query_scalar};

use super::driver::Conn;
use super::error::StoreError;

/// A click and what is wrong with it.
#[derive(Debug, sqlx::FromRow)]
pub struct BadClick {
    pub click_id: i64,
    pub problem: String,
}

/// The countable clicks of one visitor's day that have not exactly one valid click among them, or not the first.
#[derive(Debug, sqlx::FromRow)]
pub struct LabelGroup {
    pub first_click: i64,
    pub last_click: i64,
    pub clicks: i64,
    pub valid: i64,
    /// The first that is valid.
    pub valid_click: Option<i64>,
}

/// Clicks by all that a total tells apart, in quarters of an hour UTC.
#[derive(Debug, sqlx::FromRow)]
pub struct RawClicks {
    pub quarter: i64,
    pub advertiser_id: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub link_id: i64,
    pub creative_id: i64,
    pub label: String,
    pub reason: String,
    pub clicks: i64,
}

#[derive(Debug, sqlx::FromRow)]
pub struct ClickTotal {
    pub reader_id: i64,
    pub grain: String,
    pub bucket: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub link_id: i64,
    pub creative_id: i64,
    pub label: String,
    pub reason: String,
    pub clicks: i64,
}

/// Conversions that are no tests, by all that a total tells apart, in quarters of an hour UTC of both dates.
#[derive(Debug, sqlx::FromRow)]
pub struct RawConversions {
    pub converted_quarter: i64,
    pub clicked_quarter: i64,
    pub advertiser_id: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub link_id: i64,
    pub creative_id: i64,
    pub event: String,
    pub state: String,
    pub currency: String,
    pub conversions: i64,
    pub amount_minor: i64,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

#[derive(Debug, sqlx::FromRow)]
pub struct ConversionTotal {
    pub reader_id: i64,
    pub grain: String,
    pub basis: String,
    pub bucket: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub link_id: i64,
    pub creative_id: i64,
    pub event: String,
    pub state: String,
    pub currency: String,
    pub conversions: i64,
    pub amount_minor: i64,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

sql! {
    COUNT_CLICKS = "select count(*) as clicks from clicks";
    COUNT_NOTED = "select count(*) as clicks from uncounted_clicks";
    OLD_NOTES = "select u.click_id, 'it is stored and still not in the totals' as problem from uncounted_clicks u
        where (u.click_id >> 21) < (select max(c.click_id) >> 21 from clicks c) - $1 order by u.click_id";
    BAD_CLICKS = "select b.click_id, b.problem from (select c.click_id, case
        when l.link_id is null then 'its link does not exist'
        when l.campaign_id <> c.campaign_id then 'its campaign is not that of its link'
        when l.publisher_id <> c.publisher_id then 'its publisher is not that of its link'
        when k.campaign_id is null then 'its campaign does not exist'
        when p.party_id is null then 'its publisher does not exist'
        when t.version is null then 'its version of the terms does not exist'
        when t.starts_at_ms > (c.click_id >> 21) + 1577836800000 then 'its terms began after it'
        when exists (select 1 from terms n where n.campaign_id = c.campaign_id and n.version > c.terms_version
            and n.starts_at_ms <= (c.click_id >> 21) + 1577836800000 and n.created_at_ms < n.starts_at_ms)
            then 'an announced version of its terms had begun before it'
        when c.label not in ('valid', 'duplicate', 'invalid') then 'its label is unknown'
        when c.label = 'invalid' and c.reason is null then 'it is invalid without a reason'
        when c.label <> 'invalid' and c.reason is not null then 'it has a reason and is not invalid'
        when c.label <> 'invalid' and c.visitor is null and not c.is_recreated then 'it counts without a visitor'
        end as problem from clicks c left join links l on l.link_id = c.link_id
        left join campaigns k on k.campaign_id = c.campaign_id left join parties p on p.party_id = c.publisher_id
        left join terms t on t.campaign_id = c.campaign_id and t.version = c.terms_version) b
        where b.problem is not null order by b.click_id";
    BAD_LABELS = "select g.first_click, g.last_click, g.clicks, g.valid, g.valid_click from (
        select min(click_id) as first_click, max(click_id) as last_click, count(*) as clicks,
        cast(sum(case when label = 'valid' then 1 else 0 end) as bigint) as valid,
        min(case when label = 'valid' then click_id end) as valid_click from clicks
        where label <> 'invalid' and visitor is not null and click_id >= $1
        group by (click_id >> 21) / 86400000, publisher_id, campaign_id, visitor) g
        left join deferrals d on d.utc_day = (g.first_click >> 21) / 86400000 + 18262
        where g.valid <> 1 or ((g.valid_click >> 21) - (g.first_click >> 21) > $2 and d.utc_day is null) order by 1";
    FIRST_VISITOR_DAY = "select min(v.utc_day) as utc_day from visitors v
        join visitor_salts s on s.utc_day = v.utc_day";
    UNKNOWN_VISITORS = "select c.click_id, 'it is valid on a day on which its visitor is not known' as problem
        from clicks c left join visitors v on v.utc_day = (c.click_id >> 21) / 86400000 + 18262
        and v.publisher_id = c.publisher_id and v.campaign_id = c.campaign_id and v.visitor = c.visitor
        where c.label = 'valid' and c.visitor is not null and c.click_id >= ($1 - 18262) * 86400000 * 2097152
        and v.visitor is null order by c.click_id";
    LONELY_VISITORS = "select v.utc_day, v.publisher_id, v.campaign_id from visitors v left join
        (select distinct (click_id >> 21) / 86400000 + 18262 as utc_day, publisher_id, campaign_id, visitor from clicks
        where label = 'valid' and visitor is not null and click_id >= ($1 - 18262) * 86400000 * 2097152) c
        on c.utc_day = v.utc_day and c.publisher_id = v.publisher_id and c.campaign_id = v.campaign_id
        and c.visitor = v.visitor where c.visitor is null order by v.utc_day, v.publisher_id, v.campaign_id";
    ZONES = "select party_id, time_zone from parties";
    RAW_CLICKS = "select (c.click_id >> 21) / 900000 + 1753152 as quarter, coalesce(k.advertiser_id, 0) as advertiser_id,
        c.campaign_id, c.publisher_id, c.link_id, coalesce(c.creative_id, 0) as creative_id,
        coalesce(n.label, c.label) as label,
        coalesce(case when n.label is null then c.reason else n.reason end, '') as reason, count(*) as clicks
        from clicks c left join uncounted_clicks u on u.click_id = c.click_id
        left join campaigns k on k.campaign_id = c.campaign_id
        left join click_labels n on n.click_id = c.click_id and n.created_at_ms =
        (select max(m.created_at_ms) from click_labels m where m.click_id = c.click_id)
        where u.click_id is null group by 1, 2, 3, 4, 5, 6, 7, 8";
    CLICK_TOTALS = "select reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id, label, reason,
        clicks from click_rollups where clicks <> 0";
    RAW_CONVERSIONS = "select converted_at_ms / 900000 as converted_quarter,
        coalesce((click_id >> 21) + 1577836800000, converted_at_ms) / 900000 as clicked_quarter, advertiser_id,
        campaign_id, coalesce(publisher_id, 0) as publisher_id, coalesce(link_id, 0) as link_id,
        coalesce(creative_id, 0) as creative_id, event, state, currency, count(*) as conversions,
        cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor,
        cast(sum(commission_minor) as bigint) as commission_minor, cast(sum(fee_minor) as bigint) as fee_minor
        from conversions where not is_test group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10";
    CONVERSION_TOTALS = "select reader_id, grain, basis, bucket, campaign_id, publisher_id, link_id, creative_id, event,
        state, currency, conversions, amount_minor, commission_minor, fee_minor from conversion_rollups
        where conversions <> 0 or amount_minor <> 0 or commission_minor <> 0 or fee_minor <> 0";
}

pub async fn count_clicks(conn: &mut Conn) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_CLICKS).fetch_one(c).await)
}

/// Clicks that are noted to be counted.
pub async fn count_noted(conn: &mut Conn) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_NOTED).fetch_one(c).await)
}

/// Those of them that are older than the newest click by more than `age_ms`.
pub async fn old_notes(conn: &mut Conn, age_ms: i64) -> Result<Vec<BadClick>, StoreError> {
    on_driver!(conn, |c| query_as(OLD_NOTES).bind(age_ms).fetch_all(c).await)
}

pub async fn bad_clicks(conn: &mut Conn) -> Result<Vec<BadClick>, StoreError> {
    on_driver!(conn, |c| query_as(BAD_CLICKS).fetch_all(c).await)
}

/// Among the clicks from `first` on, which are all there. Where a later click than the first is valid, it is told from
/// `overtaking_ms` on.
pub async fn bad_labels(conn: &mut Conn, first: i64, overtaking_ms: i64) -> Result<Vec<LabelGroup>, StoreError> {
    on_driver!(conn, |c| query_as(BAD_LABELS).bind(first).bind(overtaking_ms).fetch_all(c).await)
}

/// The first day whose visitors are all remembered: they are forgotten after its salt.
pub async fn first_visitor_day(conn: &mut Conn) -> Result<Option<i64>, StoreError> {
    on_driver!(conn, |c| query_scalar(FIRST_VISITOR_DAY).fetch_one(c).await)
}

/// Valid clicks since `first_day` whose visitor is not remembered for that day.
pub async fn unknown_visitors(conn: &mut Conn, first_day: i64) -> Result<Vec<BadClick>, StoreError> {
    on_driver!(conn, |c| query_as(UNKNOWN_VISITORS).bind(first_day).fetch_all(c).await)
}

/// Remembered visitors without a valid click: day, publisher, campaign.
pub async fn lonely_visitors(conn: &mut Conn, first_day: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    on_driver!(conn, |c| query_as(LONELY_VISITORS).bind(first_day).fetch_all(c).await)
}

/// Every party's time zone.
pub async fn zones(conn: &mut Conn) -> Result<Vec<(i64, String)>, StoreError> {
    on_driver!(conn, |c| query_as(ZONES).fetch_all(c).await)
}

pub async fn raw_clicks(conn: &mut Conn) -> Result<Vec<RawClicks>, StoreError> {
    on_driver!(conn, |c| query_as(RAW_CLICKS).fetch_all(c).await)
}

pub async fn click_totals(conn: &mut Conn) -> Result<Vec<ClickTotal>, StoreError> {
    on_driver!(conn, |c| query_as(CLICK_TOTALS).fetch_all(c).await)
}

pub async fn raw_conversions(conn: &mut Conn) -> Result<Vec<RawConversions>, StoreError> {
    on_driver!(conn, |c| query_as(RAW_CONVERSIONS).fetch_all(c).await)
}

pub async fn conversion_totals(conn: &mut Conn) -> Result<Vec<ConversionTotal>, StoreError> {
    on_driver!(conn, |c| query_as(CONVERSION_TOTALS).fetch_all(c).await)
}
