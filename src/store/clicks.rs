//! Clicks: the hot path. The one noun where the two databases are given different texts.

use std::collections::HashSet;

use sqlx::{PgConnection, SqliteConnection, query, query_as, query_scalar};

use super::driver::{Conn, Driver, Writer};
use super::error::StoreError;
use super::rows::MultiRow;
use crate::domain::click::{Click, ClickLabel, ClickReason, Consent};
use crate::domain::ids::{CampaignId, ClickId, CreativeId, LinkId, PublisherId, first_id_at};
use crate::domain::link::SubIds;
use crate::domain::party::Acting;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::domain::visitor::DeviceClass;

use super::links::SubColumns;

#[derive(sqlx::FromRow)]
struct ClickRow {
    click_id: ClickId,
    campaign_id: CampaignId,
    publisher_id: PublisherId,
    link_id: LinkId,
    creative_id: Option<CreativeId>,
    terms_version: i64,
    label: ClickLabel,
    reason: Option<ClickReason>,
    has_gesture: Option<bool>,
    #[sqlx(flatten)]
    subs: SubColumns,
    landing_host: String,
    landing_path: String,
    referrer_host: Option<String>,
    device: DeviceClass,
    browser: String,
    system: String,
    country: Option<String>,
    fetch_dest: Option<String>,
    visitor: Option<Vec<u8>>,
    consent: Consent,
    is_deep_link_rejected: bool,
    is_recreated: bool,
}

impl From<ClickRow> for Click {
    fn from(row: ClickRow) -> Self {
        Self {
            click_id: row.click_id,
            campaign_id: row.campaign_id,
            publisher_id: row.publisher_id,
            link_id: row.link_id,
            creative_id: row.creative_id,
            terms_version: row.terms_version,
            label: row.label,
            reason: row.reason,
            has_gesture: row.has_gesture,
            sub_ids: SubIds::from(row.subs),
            landing_host: row.landing_host,
            landing_path: row.landing_path,
            referrer_host: row.referrer_host,
            device: row.device,
            browser: row.browser,
            system: row.system,
            country: row.country,
            fetch_dest: row.fetch_dest,
            visitor: row.visitor.and_then(|key| key.try_into().ok()),
            consent: row.consent,
            is_deep_link_rejected: row.is_deep_link_rejected,
            is_recreated: row.is_recreated,
        }
    }
}

macro_rules! columns {
    () => {
        "click_id, campaign_id, publisher_id, link_id, creative_id, terms_version, label, reason, has_gesture, sub1,
        sub2, sub3, sub4, sub5, landing_host, landing_path, referrer_host, device, browser, system, country,
        fetch_dest, visitor, consent, is_deep_link_rejected, is_recreated"
    };
}

sql! {
    VALID_VISITORS = "select click_id, publisher_id, campaign_id, visitor from clicks
        where click_id > $1 and click_id < $2 and label = 'valid' and visitor is not null order by click_id limit $3";
    FIND = concat!("select ", columns!(), " from clicks where click_id = $1");
    FIND_NEWEST = "select max(click_id) as click_id from clicks";
    FIND_OF_PUBLISHER = concat!("select ", columns!(), " from clicks where click_id = $1 and publisher_id = $2");
    FIND_OF_ADVERTISER = concat!("select ", columns!(), " from clicks where click_id = $1
        and campaign_id in (select campaign_id from campaigns where advertiser_id = $2)");
    LIST_OF_DAY = concat!("select ", columns!(), " from clicks where click_id >= $1 and click_id < $2 and publisher_id = $3
        and campaign_id = $4 and terms_version = $5 and label = 'valid' and not is_recreated
        order by click_id limit $6 offset $7");
    DELETE_RECREATED = "delete from clicks where click_id = $1 and is_recreated";
    RECENT_OF_PUBLISHER = "select count(*) as clicks from clicks where click_id >= $1 and publisher_id = $2
        and label <> 'invalid'";
    RECENT_OF_ADVERTISER = "select count(*) as clicks from clicks where click_id >= $1 and label <> 'invalid'
        and campaign_id in (select campaign_id from campaigns where advertiser_id = $2)";
    RECENT = "select count(*) as clicks from clicks where click_id >= $1 and label <> 'invalid'";
    INSERT_UNNEST [postgres] = concat!("insert into clicks (", columns!(), ") select * from unnest($1::bigint[],
        $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::boolean[],
        $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
        $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::bytea[], $24::text[], $25::boolean[],
        $26::boolean[]) on conflict (click_id) do nothing");
    VISITORS_UNNEST [postgres] = "insert into visitors (utc_day, publisher_id, campaign_id, visitor)
        select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])
        on conflict do nothing returning utc_day, publisher_id, campaign_id, visitor";
}

/// Rows of a page of [`list_valid_visitors`].
const VISITORS_PAGE: i64 = 10_000;

pub static INSERT_ROWS: MultiRow =
    MultiRow::new(concat!("insert into clicks (", columns!(), ") values"), 26, "on conflict (click_id) do nothing");
pub static VISITORS_ROWS: MultiRow = MultiRow::new(
    "insert into visitors (utc_day, publisher_id, campaign_id, visitor) values",
    4,
    "on conflict do nothing returning utc_day, publisher_id, campaign_id, visitor",
);

pub async fn find(conn: &mut Conn, id: ClickId) -> Result<Option<Click>, StoreError> {
    let row: Option<ClickRow> = on_driver!(conn, |c| query_as(FIND).bind(id).fetch_optional(c).await)?;
    Ok(row.map(Click::from))
}

/// The newest of the whole network.
pub async fn find_newest(conn: &mut Conn) -> Result<Option<ClickId>, StoreError> {
    on_driver!(conn, |c| query_scalar(FIND_NEWEST).fetch_one(c).await)
}

/// A click as the caller may see it: its publisher, the advertiser of its campaign, an admin. Else nothing.
pub async fn find_of(conn: &mut Conn, acting: Acting, id: ClickId) -> Result<Option<Click>, StoreError> {
    let (text, party) = match acting {
        Acting::Admin => return find(conn, id).await,
        Acting::Publisher(publisher) => (FIND_OF_PUBLISHER, publisher.party()),
        Acting::Advertiser(advertiser) => (FIND_OF_ADVERTISER, advertiser.party()),
    };
    let row: Option<ClickRow> = on_driver!(conn, |c| query_as(text).bind(id).bind(party).fetch_optional(c).await)?;
    Ok(row.map(Click::from))
}

/// Takes away a click that was made again from its token, because its own record is here.
pub async fn delete_recreated(w: &mut Writer, id: ClickId) -> Result<(), StoreError> {
    on_driver!(w, |c| query(DELETE_RECREATED).bind(id).execute(c).await.map(drop))
}

/// The valid clicks of one publisher under one version of a campaign's terms on a UTC day, a page of them. One that was made
/// again from its token has no visitor, and is not paid.
pub async fn list_of_day(
    conn: &mut Conn,
    publisher: PublisherId,
    campaign: CampaignId,
    (utc_day, terms_version): (i64, i64),
    (limit, offset): (i64, i64),
) -> Result<Vec<Click>, StoreError> {
    let first = |day: i64| first_id_at(Timestamp(day * DAY_MS));
    let rows: Vec<ClickRow> = on_driver!(conn, |c| query_as(LIST_OF_DAY)
        .bind(first(utc_day))
        .bind(first(utc_day + 1))
        .bind(publisher)
        .bind(campaign)
        .bind(terms_version)
        .bind(limit)
        .bind(offset)
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(Click::from).collect())
}

/// Clicks that count, from `first` on, of one publisher.
pub async fn recent_of_publisher(conn: &mut Conn, publisher: PublisherId, first: ClickId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(RECENT_OF_PUBLISHER).bind(first).bind(publisher).fetch_one(c).await)
}

/// Clicks that count, from `first` on, on all campaigns of one advertiser.
pub async fn recent_of_advertiser(
    conn: &mut Conn,
    advertiser: crate::domain::ids::AdvertiserId,
    first: ClickId,
) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(RECENT_OF_ADVERTISER).bind(first).bind(advertiser).fetch_one(c).await)
}

/// Clicks that count, from `first` on, of the whole network: for admins.
pub async fn recent(conn: &mut Conn, first: ClickId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(RECENT).bind(first).fetch_one(c).await)
}

/// One visitor of one publisher and campaign on one UTC day.
pub type VisitorDay = (i64, PublisherId, CampaignId, Vec<u8>);

/// Remembers visitors; gives back those that were not known before. `visitors` are sorted and distinct, so that
/// two processes never wait for each other in a circle.
pub async fn insert_visitors(w: &mut Writer, visitors: &[VisitorDay]) -> Result<HashSet<VisitorDay>, StoreError> {
    let result = match w.driver() {
        Driver::Sqlite(c) => visitors_rows(c, visitors).await,
        Driver::Postgres(c) => visitors_unnest(c, visitors).await,
    };
    w.settle(result)
}

async fn visitors_rows(c: &mut SqliteConnection, visitors: &[VisitorDay]) -> sqlx::Result<HashSet<VisitorDay>> {
    let mut new = HashSet::new();
    for (text, rows) in VISITORS_ROWS.chunks(visitors) {
        let mut insert = query_as::<_, VisitorDay>(text);
        for (day, publisher, campaign, visitor) in rows {
            insert = insert.bind(day).bind(publisher).bind(campaign).bind(&visitor[..]);
        }
        new.extend(insert.fetch_all(&mut *c).await?);
    }
    Ok(new)
}

async fn visitors_unnest(c: &mut PgConnection, visitors: &[VisitorDay]) -> sqlx::Result<HashSet<VisitorDay>> {
    let rows = query_as::<_, VisitorDay>(VISITORS_UNNEST)
        .bind(visitors.iter().map(|v| v.0).collect::<Vec<_>>())
        .bind(visitors.iter().map(|v| v.1).collect::<Vec<_>>())
        .bind(visitors.iter().map(|v| v.2).collect::<Vec<_>>())
        .bind(visitors.iter().map(|v| &v.3[..]).collect::<Vec<_>>());
    Ok(rows.fetch_all(c).await?.into_iter().collect())
}

/// The visitors of the valid clicks of a UTC day, a page of them, by click; `after` the last one of the page before.
pub async fn list_valid_visitors(
    conn: &mut Conn,
    utc_day: i64,
    after: Option<ClickId>,
) -> Result<Vec<(ClickId, VisitorDay)>, StoreError> {
    let first = |day: i64| first_id_at(Timestamp(day * DAY_MS));
    let after = after.map_or(first(utc_day) - 1, |after| after.0);
    let rows: Vec<(ClickId, PublisherId, CampaignId, Vec<u8>)> = on_driver!(conn, |c| query_as(VALID_VISITORS)
        .bind(after)
        .bind(first(utc_day + 1))
        .bind(VISITORS_PAGE)
        .fetch_all(c)
        .await)?;
    let row = |(click, publisher, campaign, visitor)| (click, (utc_day, publisher, campaign, visitor));
    Ok(rows.into_iter().map(row).collect())
}

/// Stores a batch and says how many of it are new; a click that is there already stays as it is.
pub async fn insert_batch(w: &mut Writer, clicks: &[&Click]) -> Result<u64, StoreError> {
    let result = match w.driver() {
        Driver::Sqlite(c) => insert_rows(c, clicks).await,
        Driver::Postgres(c) => insert_unnest(c, clicks).await,
    };
    w.settle(result)
}

async fn insert_rows(c: &mut SqliteConnection, clicks: &[&Click]) -> sqlx::Result<u64> {
    let mut stored = 0;
    for (text, rows) in INSERT_ROWS.chunks(clicks) {
        let mut insert = query(text);
        for r in rows {
            insert = insert.bind(r.click_id).bind(r.campaign_id).bind(r.publisher_id).bind(r.link_id);
            insert = insert.bind(r.creative_id).bind(r.terms_version).bind(r.label).bind(r.reason).bind(r.has_gesture);
            for sub in &r.sub_ids.0 {
                insert = insert.bind(sub.as_deref());
            }
            insert = insert.bind(&r.landing_host).bind(&r.landing_path).bind(r.referrer_host.as_deref());
            insert = insert.bind(r.device).bind(&r.browser).bind(&r.system).bind(r.country.as_deref());
            insert = insert.bind(r.fetch_dest.as_deref()).bind(r.visitor.as_ref().map(|key| &key[..]));
            insert = insert.bind(r.consent).bind(r.is_deep_link_rejected).bind(r.is_recreated);
        }
        stored += insert.execute(&mut *c).await?.rows_affected();
    }
    Ok(stored)
}

async fn insert_unnest(c: &mut PgConnection, clicks: &[&Click]) -> sqlx::Result<u64> {
    fn all<'c, T>(clicks: &[&'c Click], pick: impl Fn(&'c Click) -> T) -> Vec<T> {
        clicks.iter().copied().map(pick).collect()
    }
    let mut insert = query(INSERT_UNNEST)
        .bind(all(clicks, |r| r.click_id))
        .bind(all(clicks, |r| r.campaign_id))
        .bind(all(clicks, |r| r.publisher_id))
        .bind(all(clicks, |r| r.link_id))
        .bind(all(clicks, |r| r.creative_id))
        .bind(all(clicks, |r| r.terms_version))
        .bind(all(clicks, |r| r.label))
        .bind(all(clicks, |r| r.reason))
        .bind(all(clicks, |r| r.has_gesture));
    for number in 0..5 {
        insert = insert.bind(all(clicks, |r| r.sub_ids.0[number].as_deref()));
    }
    insert
        .bind(all(clicks, |r| r.landing_host.as_str()))
        .bind(all(clicks, |r| r.landing_path.as_str()))
        .bind(all(clicks, |r| r.referrer_host.as_deref()))
        .bind(all(clicks, |r| r.device))
        .bind(all(clicks, |r| r.browser.as_str()))
        .bind(all(clicks, |r| r.system.as_str()))
        .bind(all(clicks, |r| r.country.as_deref()))
        .bind(all(clicks, |r| r.fetch_dest.as_deref()))
        .bind(all(clicks, |r| r.visitor.as_ref().map(|key| &key[..])))
        .bind(all(clicks, |r| r.consent))
        .bind(all(clicks, |r| r.is_deep_link_rejected))
        .bind(all(clicks, |r| r.is_recreated))
        .execute(c)
        .await
        .map(|done| done.rows_affected())
}
