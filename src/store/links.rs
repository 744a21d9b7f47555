//! Tracking links, and the one read with which the redirect learns everything about a link.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::campaign::CampaignState;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{AdvertiserId, CampaignId, LinkId, PublisherId};
use crate::domain::link::{Slug, SubIds, Tags};
use crate::domain::party::PartyState;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Link {
    pub link_id: LinkId,
    pub slug: String,
    pub campaign_id: CampaignId,
    pub campaign_name: String,
    pub campaign_state: CampaignState,
    pub enrollment_state: Option<EnrollmentState>,
    pub publisher_id: PublisherId,
    pub is_default: bool,
    pub name: String,
    /// Empty: the campaign's landing page.
    pub destination: String,
    #[sqlx(flatten)]
    pub subs: SubColumns,
    pub is_active: bool,
    /// From then on it takes no clicks; none: it never ends.
    pub expires_at_ms: Option<Timestamp>,
    /// Where visitors go while it takes no clicks; empty: the campaign's landing page.
    pub fallback: String,
    pub created_at_ms: Timestamp,
    pub version: i64,
}

/// Two random slugs alike are one in 10¹⁷: more than a few in a row would be a fault of the randomness.
const SLUGS_TRIED_MAX: usize = 5;

/// The five sub ids as columns.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub struct SubColumns {
    pub sub1: Option<String>,
    pub sub2: Option<String>,
    pub sub3: Option<String>,
    pub sub4: Option<String>,
    pub sub5: Option<String>,
}

impl From<SubColumns> for SubIds {
    fn from(subs: SubColumns) -> Self {
        Self([subs.sub1, subs.sub2, subs.sub3, subs.sub4, subs.sub5])
    }
}

/// What a redirect and a report need to know of a link: one row, kept in memory by `tracking::link_cache`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LinkRoute {
    pub link_id: LinkId,
    pub slug: String,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub advertiser_id: AdvertiserId,
    pub destination: String,
    #[sqlx(flatten)]
    pub subs: SubColumns,
    pub is_active: bool,
    pub expires_at_ms: Option<Timestamp>,
    pub fallback: String,
    pub landing_url: String,
    pub allowed_hosts: String,
    pub landing_parameter: String,
    pub campaign_state: CampaignState,
    pub publisher_state: PartyState,
    pub advertiser_state: PartyState,
    pub publisher_zone: String,
    pub advertiser_zone: String,
    pub enrollment_state: Option<EnrollmentState>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select l.link_id, l.slug, l.campaign_id, c.name as campaign_name, c.state as campaign_state,
                e.state as enrollment_state, l.publisher_id, l.is_default, l.name, l.destination, l.sub1, l.sub2,
                l.sub3, l.sub4, l.sub5, l.is_active, l.expires_at_ms, l.fallback, l.created_at_ms, l.version
                from links l join campaigns c on c.campaign_id = l.campaign_id
                left join enrollments e on e.campaign_id = l.campaign_id and e.publisher_id = l.publisher_id where ",
            $rest
        )
    };
}

macro_rules! route {
    ($rest:literal) => {
        concat!(
            "select l.link_id, l.slug, l.campaign_id, l.publisher_id, c.advertiser_id, l.destination, l.sub1, l.sub2,
                l.sub3, l.sub4, l.sub5, l.is_active, l.expires_at_ms, l.fallback, c.landing_url, c.allowed_hosts, c.landing_parameter,
                c.state as campaign_state, p.state as publisher_state, a.state as advertiser_state,
                p.time_zone as publisher_zone,
                a.time_zone as advertiser_zone, e.state as enrollment_state
                from links l join campaigns c on c.campaign_id = l.campaign_id
                join parties p on p.party_id = l.publisher_id join parties a on a.party_id = c.advertiser_id
                left join enrollments e on e.campaign_id = l.campaign_id and e.publisher_id = l.publisher_id where ",
            $rest
        )
    };
}

sql! {
    GET_OF_PUBLISHER = select!("l.link_id = $1 and l.publisher_id = $2");
    LIST_OF_PUBLISHER = select!("l.publisher_id = $1 order by l.link_id desc limit $2");
    ROUTE_BY_SLUG = route!("l.slug = $1");
    ROUTE_BY_ID = route!("l.link_id = $1");
    INSERT = "insert into links (link_id, slug, campaign_id, publisher_id, is_default, name, destination, sub1, sub2,
        sub3, sub4, sub5, is_active, created_at_ms, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)
        on conflict (slug) do nothing";
    LIST_WITH_TAG = select!("l.publisher_id = $1 and l.link_id in (select t.link_id from link_tags t where t.tag = $2)
        order by l.link_id desc limit $3");
    TAGS_OF_PUBLISHER = "select t.link_id, t.tag from link_tags t join links l on l.link_id = t.link_id
        where l.publisher_id = $1 order by t.tag, t.link_id limit 2000";
    TAGS_OF_LINK = "select t.tag from link_tags t where t.link_id = $1 order by t.tag";
    UPDATE = "update links set name = $4, destination = $5, sub1 = $6, sub2 = $7, sub3 = $8, sub4 = $9, sub5 = $10,
        expires_at_ms = $11, fallback = $12, version = version + 1
        where link_id = $1 and publisher_id = $2 and version = $3 returning version";
    DELETE_TAGS = "delete from link_tags where link_id = $1";
    INSERT_TAG = "insert into link_tags (link_id, tag) values ($1, $2)";
    UPDATE_ACTIVE = "update links set is_active = $3, version = version + 1 where link_id = $1 and publisher_id = $2";
}

pub async fn get_of_publisher(conn: &mut Conn, publisher: PublisherId, id: LinkId) -> Result<Link, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_PUBLISHER).bind(id).bind(publisher).fetch_one(c).await)
}

/// Newest first.
pub async fn list_of_publisher(conn: &mut Conn, publisher: PublisherId, limit: i64) -> Result<Vec<Link>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PUBLISHER).bind(publisher).bind(limit).fetch_all(c).await)
}

/// As [`list_of_publisher`], of those that bear a tag.
pub async fn list_with_tag(
    conn: &mut Conn,
    publisher: PublisherId,
    tag: &str,
    limit: i64,
) -> Result<Vec<Link>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_WITH_TAG).bind(publisher).bind(tag).bind(limit).fetch_all(c).await)
}

/// The tags of a publisher's links, by tag.
pub async fn tags_of_publisher(conn: &mut Conn, publisher: PublisherId) -> Result<Vec<(LinkId, String)>, StoreError> {
    on_driver!(conn, |c| query_as(TAGS_OF_PUBLISHER).bind(publisher).fetch_all(c).await)
}

/// The tags of a link that was found by its scope before.
pub async fn tags_of(conn: &mut Conn, link: &Link) -> Result<Vec<String>, StoreError> {
    on_driver!(conn, |c| query_scalar(TAGS_OF_LINK).bind(link.link_id).fetch_all(c).await)
}

pub async fn find_route(conn: &mut Conn, slug: &str) -> Result<Option<LinkRoute>, StoreError> {
    on_driver!(conn, |c| query_as(ROUTE_BY_SLUG).bind(slug).fetch_optional(c).await)
}

pub async fn find_route_by_id(conn: &mut Conn, id: LinkId) -> Result<Option<LinkRoute>, StoreError> {
    on_driver!(conn, |c| query_as(ROUTE_BY_ID).bind(id).fetch_optional(c).await)
}

/// A link to be made.
pub struct NewLink<'a> {
    pub link_id: LinkId,
    pub slug: Slug,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub is_default: bool,
    pub name: &'a str,
    pub destination: &'a str,
    pub sub_ids: &'a SubIds,
    pub at: Timestamp,
}

/// # Errors
/// `links_slug_key`: the slug is taken; another may be tried in the same transaction.
pub async fn insert(w: &mut Writer, link: &NewLink<'_>) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let [sub1, sub2, sub3, sub4, sub5] = &link.sub_ids.0;
    let inserted = on_driver!(w, |c| query(INSERT)
        .bind(link.link_id)
        .bind(link.slug.as_str())
        .bind(link.campaign_id)
        .bind(link.publisher_id)
        .bind(link.is_default)
        .bind(link.name)
        .bind(link.destination)
        .bind(sub1.as_deref())
        .bind(sub2.as_deref())
        .bind(sub3.as_deref())
        .bind(sub4.as_deref())
        .bind(sub5.as_deref())
        .bind(true)
        .bind(link.at)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    if inserted == 1 { Ok(()) } else { Err(StoreError::Refused("links_slug_key".to_owned())) }
}

/// As [`insert`], with another slug as often as one is taken.
///
/// # Errors
/// `links_slug_key`: none of the slugs was free.
pub async fn insert_with_new_slug(
    w: &mut Writer,
    mut link: NewLink<'_>,
    mut new_slug: impl FnMut() -> Slug,
) -> Result<(), StoreError> {
    for _ in 1..SLUGS_TRIED_MAX {
        match insert(w, &link).await {
            Err(error) if error.is_refused_by("links_slug_key") => link.slug = new_slug(),
            other => return other,
        }
    }
    insert(w, &link).await
}

/// What a publisher may change of its link.
pub struct LinkEdit<'a> {
    pub link_id: LinkId,
    pub publisher_id: PublisherId,
    /// The version that was read.
    pub version: i64,
    pub name: &'a str,
    pub destination: &'a str,
    pub sub_ids: &'a SubIds,
    pub expires_at_ms: Option<Timestamp>,
    pub fallback: &'a str,
    pub tags: &'a Tags,
}

/// Writes a link's changes and its tags.
///
/// # Errors
/// `Conflict`: the link is no longer at its `version`, or is not this publisher's.
pub async fn update(w: &mut Writer, edit: &LinkEdit<'_>) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let [sub1, sub2, sub3, sub4, sub5] = &edit.sub_ids.0;
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE)
        .bind(edit.link_id)
        .bind(edit.publisher_id)
        .bind(edit.version)
        .bind(edit.name)
        .bind(edit.destination)
        .bind(sub1.as_deref())
        .bind(sub2.as_deref())
        .bind(sub3.as_deref())
        .bind(sub4.as_deref())
        .bind(sub5.as_deref())
        .bind(edit.expires_at_ms)
        .bind(edit.fallback)
        .fetch_optional(c)
        .await)?;
    updated.ok_or(StoreError::Conflict)?;
    on_driver!(w, |c| query(DELETE_TAGS).bind(edit.link_id).execute(c).await.map(drop))?;
    for tag in edit.tags.as_slice() {
        on_driver!(w, |c| query(INSERT_TAG).bind(edit.link_id).bind(tag).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Switches a link on or off.
///
/// # Errors
/// `NotFound`: not a link of this publisher.
pub async fn update_active(
    w: &mut Writer,
    publisher: PublisherId,
    id: LinkId,
    is_active: bool,
) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let updated = on_driver!(w, |c| query(UPDATE_ACTIVE)
        .bind(id)
        .bind(publisher)
        .bind(is_active)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    if updated == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}
