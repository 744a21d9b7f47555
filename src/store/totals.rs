//! Reading report totals: the day totals of one reader, added up by one dimension. No figure is read from anywhere else.

use sqlx::query_as;

use super::driver::Conn;
use super::error::StoreError;
use crate::domain::click::ClickLabel;
use crate::domain::conversion::ConversionState;
use crate::domain::ids::{CampaignId, CreativeId, LinkId, PartyId, PublisherId};
use crate::domain::money::Currency;
use crate::domain::report::{Basis, ConversionSums, Dimension};
use crate::domain::time::{Day, Timestamp};

/// Whose totals, of which days, filtered by what. The reader is the scope; all else only narrows it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub reader: PartyId,
    pub from: Day,
    /// The last day, included.
    pub to: Day,
    pub basis: Basis,
    pub campaign_id: Option<CampaignId>,
    pub link_id: Option<LinkId>,
    pub publisher_id: Option<PublisherId>,
    pub creative_id: Option<CreativeId>,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ClickTotal {
    /// A day, or the id of what the row stands for; 0 where there is none.
    pub group_key: i64,
    pub name: Option<String>,
    pub label: ClickLabel,
    pub reason: String,
    pub clicks: i64,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LandingTotal {
    pub group_key: i64,
    pub name: Option<String>,
    pub landings: i64,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ConversionTotal {
    pub group_key: i64,
    pub name: Option<String>,
    pub event: String,
    pub state: ConversionState,
    pub currency: Currency,
    pub conversions: i64,
    pub amount_minor: i64,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

impl ConversionTotal {
    pub const fn sums(&self) -> ConversionSums {
        ConversionSums {
            conversions: self.conversions,
            amount_minor: self.amount_minor,
            commission_minor: self.commission_minor,
            fee_minor: self.fee_minor,
        }
    }
}

// The names are joined to the few sums, not to the many totals. An optional filter narrows; the reader is equality.
macro_rules! clicks {
    ($key:literal, $inner:literal, $name:literal, $outer:literal) => {
        concat!(
            "select g.group_key, ",
            $name,
            " as name, g.label, g.reason, g.clicks from (select ",
            $key,
            " as group_key,
                r.label, r.reason, cast(sum(r.clicks) as bigint) as clicks from click_rollups r ",
            $inner,
            " where r.reader_id = $1 and r.grain = 'day' and r.bucket >= $2 and r.bucket <= $3
                and (r.campaign_id = $4 or $4 is null) and (r.link_id = $5 or $5 is null)
                and (r.publisher_id = $6 or $6 is null) and (r.creative_id = $7 or $7 is null) group by ",
            $key,
            ", r.label, r.reason
                having sum(r.clicks) <> 0) g ",
            $outer,
            " order by g.group_key, g.label, g.reason"
        )
    };
}

macro_rules! landings {
    ($key:literal, $inner:literal, $name:literal, $outer:literal) => {
        concat!(
            "select g.group_key, ",
            $name,
            " as name, g.landings from (select ",
            $key,
            " as group_key, cast(sum(r.landings) as bigint) as landings from landing_rollups r ",
            $inner,
            " where r.reader_id = $1 and r.grain = 'day' and r.bucket >= $2 and r.bucket <= $3
                and (r.campaign_id = $4 or $4 is null) and (r.link_id = $5 or $5 is null)
                and (r.publisher_id = $6 or $6 is null) and (r.creative_id = $7 or $7 is null) group by ",
            $key,
            " having sum(r.landings) <> 0) g ",
            $outer,
            " order by g.group_key"
        )
    };
}

macro_rules! conversions {
    ($key:literal, $inner:literal, $name:literal, $outer:literal) => {
        concat!(
            "select g.group_key, ", $name, " as name, g.event, g.state, g.currency, g.conversions, g.amount_minor,
                g.commission_minor, g.fee_minor from (select ", $key, " as group_key, r.event, r.state, r.currency,
                cast(sum(r.conversions) as bigint) as conversions, cast(sum(r.amount_minor) as bigint) as amount_minor,
                cast(sum(r.commission_minor) as bigint) as commission_minor,
                cast(sum(r.fee_minor) as bigint) as fee_minor from conversion_rollups r ", $inner,
            " where r.reader_id = $1 and r.grain = 'day' and r.bucket >= $2 and r.bucket <= $3
                and (r.campaign_id = $4 or $4 is null) and (r.link_id = $5 or $5 is null)
                and (r.publisher_id = $6 or $6 is null) and (r.creative_id = $7 or $7 is null) and r.basis = $8
                group by ", $key, ", r.event, r.state, r.currency having sum(r.conversions) <> 0) g ", $outer,
            " order by g.group_key, g.currency, g.event, g.state"
        )
    };
}

// Whether a campaign pays in a currency is said by its terms: by any version that has begun, not by one that is announced
// or was taken back.
macro_rules! unique {
    ($key:literal, $inner:literal) => {
        concat!(
            "select ",
            $key,
            " as group_key, cast(sum(r.clicks) as bigint) as clicks from click_rollups r ",
            $inner,
            " where r.reader_id = $1 and r.grain = 'day' and r.bucket >= $2 and r.bucket <= $3
                and (r.campaign_id = $4 or $4 is null) and (r.link_id = $5 or $5 is null)
                and (r.publisher_id = $6 or $6 is null) and (r.creative_id = $7 or $7 is null) and r.label = 'valid'
                and r.campaign_id in
                (select t.campaign_id from terms t where ',' || t.currencies || ',' like '%,' || $8 || ',%'
                    and (t.starts_at_ms <= $9 or t.version = 1) and not exists (select 1 from terms n
                        where n.campaign_id = t.campaign_id and n.version > t.version and n.starts_at_ms <= t.starts_at_ms))
                group by ",
            $key,
            " order by 1"
        )
    };
}

sql! {
    UNIQUE_BY_DAY = unique!("r.bucket", "");
    UNIQUE_BY_CAMPAIGN = unique!("r.campaign_id", "");
    UNIQUE_BY_LINK = unique!("r.link_id", "");
    UNIQUE_BY_CREATIVE = unique!("r.creative_id", "");
    UNIQUE_BY_PUBLISHER = unique!("r.publisher_id", "");
    UNIQUE_BY_ADVERTISER = unique!("k.advertiser_id", "join campaigns k on k.campaign_id = r.campaign_id");
    CLICKS_BY_DAY = clicks!("r.bucket", "", "cast(null as text)", "");
    CLICKS_BY_CAMPAIGN = clicks!("r.campaign_id", "", "n.name", "left join campaigns n on n.campaign_id = g.group_key");
    CLICKS_BY_LINK = clicks!("r.link_id", "", "coalesce(nullif(n.name, ''), n.slug)",
        "left join links n on n.link_id = g.group_key");
    CLICKS_BY_CREATIVE = clicks!("r.creative_id", "", "n.name",
        "left join creatives n on n.creative_id = g.group_key");
    CLICKS_BY_PUBLISHER = clicks!("r.publisher_id", "", "n.name", "left join parties n on n.party_id = g.group_key");
    CLICKS_BY_ADVERTISER = clicks!("k.advertiser_id", "join campaigns k on k.campaign_id = r.campaign_id", "n.name",
        "left join parties n on n.party_id = g.group_key");
    LANDINGS_BY_DAY = landings!("r.bucket", "", "cast(null as text)", "");
    LANDINGS_BY_CAMPAIGN =
        landings!("r.campaign_id", "", "n.name", "left join campaigns n on n.campaign_id = g.group_key");
    LANDINGS_BY_LINK = landings!("r.link_id", "", "coalesce(nullif(n.name, ''), n.slug)",
        "left join links n on n.link_id = g.group_key");
    LANDINGS_BY_CREATIVE = landings!("r.creative_id", "", "n.name",
        "left join creatives n on n.creative_id = g.group_key");
    LANDINGS_BY_PUBLISHER =
        landings!("r.publisher_id", "", "n.name", "left join parties n on n.party_id = g.group_key");
    LANDINGS_BY_ADVERTISER = landings!("k.advertiser_id", "join campaigns k on k.campaign_id = r.campaign_id", "n.name",
        "left join parties n on n.party_id = g.group_key");
    CONVERSIONS_BY_DAY = conversions!("r.bucket", "", "cast(null as text)", "");
    CONVERSIONS_BY_CAMPAIGN = conversions!("r.campaign_id", "", "n.name",
        "left join campaigns n on n.campaign_id = g.group_key");
    CONVERSIONS_BY_LINK = conversions!("r.link_id", "", "coalesce(nullif(n.name, ''), n.slug)",
        "left join links n on n.link_id = g.group_key");
    CONVERSIONS_BY_CREATIVE = conversions!("r.creative_id", "", "n.name",
        "left join creatives n on n.creative_id = g.group_key");
    CONVERSIONS_BY_PUBLISHER = conversions!("r.publisher_id", "", "n.name",
        "left join parties n on n.party_id = g.group_key");
    CONVERSIONS_BY_ADVERTISER = conversions!("k.advertiser_id", "join campaigns k on k.campaign_id = r.campaign_id",
        "n.name", "left join parties n on n.party_id = g.group_key");
    CAMPAIGN_NAMES = "select k.campaign_id, k.name from campaigns k where k.campaign_id in
        (select r.campaign_id from click_rollups r where r.reader_id = $1 and r.grain = 'day')
        or k.campaign_id in (select r.campaign_id from conversion_rollups r where r.reader_id = $1 and r.grain = 'day')
        order by k.name, k.campaign_id limit 500";
}

/// Clicks of the reader's days, added up by one dimension, label and reason.
pub async fn clicks(conn: &mut Conn, wanted: &Wanted, by: Dimension) -> Result<Vec<ClickTotal>, StoreError> {
    let text = match by {
        Dimension::Day => CLICKS_BY_DAY,
        Dimension::Campaign => CLICKS_BY_CAMPAIGN,
        Dimension::Link => CLICKS_BY_LINK,
        Dimension::Creative => CLICKS_BY_CREATIVE,
        Dimension::Publisher => CLICKS_BY_PUBLISHER,
        Dimension::Advertiser => CLICKS_BY_ADVERTISER,
    };
    on_driver!(conn, |c| query_as(text)
        .bind(wanted.reader)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(wanted.campaign_id)
        .bind(wanted.link_id)
        .bind(wanted.publisher_id)
        .bind(wanted.creative_id)
        .fetch_all(c)
        .await)
}

/// Unique clicks on campaigns that pay in this currency, or did until `now`, by what the rows stand for.
pub async fn unique_clicks(
    conn: &mut Conn,
    wanted: &Wanted,
    by: Dimension,
    currency: Currency,
    now: Timestamp,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let text = match by {
        Dimension::Day => UNIQUE_BY_DAY,
        Dimension::Campaign => UNIQUE_BY_CAMPAIGN,
        Dimension::Link => UNIQUE_BY_LINK,
        Dimension::Creative => UNIQUE_BY_CREATIVE,
        Dimension::Publisher => UNIQUE_BY_PUBLISHER,
        Dimension::Advertiser => UNIQUE_BY_ADVERTISER,
    };
    on_driver!(conn, |c| query_as(text)
        .bind(wanted.reader)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(wanted.campaign_id)
        .bind(wanted.link_id)
        .bind(wanted.publisher_id)
        .bind(wanted.creative_id)
        .bind(currency)
        .bind(now)
        .fetch_all(c)
        .await)
}

/// Landings of the reader's days, by the days of their clicks, added up by one dimension.
pub async fn landings(conn: &mut Conn, wanted: &Wanted, by: Dimension) -> Result<Vec<LandingTotal>, StoreError> {
    let text = match by {
        Dimension::Day => LANDINGS_BY_DAY,
        Dimension::Campaign => LANDINGS_BY_CAMPAIGN,
        Dimension::Link => LANDINGS_BY_LINK,
        Dimension::Creative => LANDINGS_BY_CREATIVE,
        Dimension::Publisher => LANDINGS_BY_PUBLISHER,
        Dimension::Advertiser => LANDINGS_BY_ADVERTISER,
    };
    on_driver!(conn, |c| query_as(text)
        .bind(wanted.reader)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(wanted.campaign_id)
        .bind(wanted.link_id)
        .bind(wanted.publisher_id)
        .bind(wanted.creative_id)
        .fetch_all(c)
        .await)
}

/// Conversions of the reader's days on one basis, added up by one dimension, event, state and currency.
pub async fn conversions(conn: &mut Conn, wanted: &Wanted, by: Dimension) -> Result<Vec<ConversionTotal>, StoreError> {
    let text = match by {
        Dimension::Day => CONVERSIONS_BY_DAY,
        Dimension::Campaign => CONVERSIONS_BY_CAMPAIGN,
        Dimension::Link => CONVERSIONS_BY_LINK,
        Dimension::Creative => CONVERSIONS_BY_CREATIVE,
        Dimension::Publisher => CONVERSIONS_BY_PUBLISHER,
        Dimension::Advertiser => CONVERSIONS_BY_ADVERTISER,
    };
    on_driver!(conn, |c| query_as(text)
        .bind(wanted.reader)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(wanted.campaign_id)
        .bind(wanted.link_id)
        .bind(wanted.publisher_id)
        .bind(wanted.creative_id)
        .bind(wanted.basis)
        .fetch_all(c)
        .await)
}

/// The campaigns that the reader has figures of: the choices of a filter.
pub async fn campaign_names(conn: &mut Conn, reader: PartyId) -> Result<Vec<(CampaignId, String)>, StoreError> {
    on_driver!(conn, |c| query_as(CAMPAIGN_NAMES).bind(reader).fetch_all(c).await)
}
