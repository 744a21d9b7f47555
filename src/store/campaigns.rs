//! Campaigns: an advertiser edits them, an admin admits them, publishers browse them.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::campaign::{ApprovalMode, CampaignState};
use crate::domain::ids::{AdvertiserId, CampaignId};
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Campaign {
    pub campaign_id: CampaignId,
    pub advertiser_id: AdvertiserId,
    pub advertiser_name: String,
    pub name: String,
    pub description: String,
    pub category: String,
    pub state: CampaignState,
    pub state_reason: String,
    pub landing_url: String,
    /// One host a line, as `domain::link::AllowedHosts` writes them.
    pub allowed_hosts: String,
    pub landing_parameter: String,
    pub approval: ApprovalMode,
    /// The newest version of its terms.
    pub terms_version: i64,
    pub secret_version: i64,
    pub created_at_ms: Timestamp,
    pub version: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select c.campaign_id, c.advertiser_id, p.name as advertiser_name, c.name, c.description, c.category,
                c.state, c.state_reason, c.landing_url, c.allowed_hosts, c.landing_parameter, c.approval,
                c.terms_version, c.secret_version, c.created_at_ms, c.version
                from campaigns c join parties p on p.party_id = c.advertiser_id where ",
            $rest
        )
    };
}

sql! {
    GET = select!("c.campaign_id = $1");
    GET_PUBLIC = select!("c.campaign_id = $1 and c.state in ('live', 'paused', 'closing')");
    BROWSE = select!(
        "c.state = 'live' and (c.campaign_id < $1 or $1 is null)
            and (lower(c.name || ' ' || p.name || ' ' || c.category || ' ' || c.description) like $2 escape '!'
                or c.name || ' ' || p.name || ' ' || c.category || ' ' || c.description like $3 escape '!')
            order by c.campaign_id desc limit $4"
    );
    GET_OF_ADVERTISER = select!("c.campaign_id = $1 and c.advertiser_id = $2");
    LOCK_OF_ADVERTISER = "update campaigns set version = version where campaign_id = $1 and advertiser_id = $2";
    LOCK_PUBLIC = "update campaigns set version = version
        where campaign_id = $1 and state in ('live', 'paused', 'closing')";
    LIST_OF_ADVERTISER = select!("c.advertiser_id = $1 order by c.campaign_id desc limit $2");
    LIST_IN_STATE = select!("c.state = $1 order by c.campaign_id desc limit $2");
    LIST_ALL = select!("c.campaign_id > 0 order by c.campaign_id desc limit $1");
    INSERT = "insert into campaigns (campaign_id, advertiser_id, name, description, category, state, state_reason,
        landing_url, allowed_hosts, landing_parameter, approval, terms_version, secret_version, created_at_ms, version)
        values ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10, $11, $12, $13, 1)";
    UPDATE = "update campaigns set name = $3, description = $4, category = $5, landing_url = $6, allowed_hosts = $7,
        landing_parameter = $8, approval = $9, terms_version = $10, version = version + 1
        where campaign_id = $1 and version = $2 returning version";
    ROTATE_SECRET = "update campaigns set secret_version = secret_version + 1, version = version + 1
        where campaign_id = $1 and version = $2 returning secret_version";
    UPDATE_STATE = "update campaigns set state = $3, state_reason = $4, version = version + 1
        where campaign_id = $1 and version = $2 returning version";
}

/// Whoever asks: for the tracking path. Pages ask for [`get_public`] or [`get_of_advertiser`].
pub async fn get(conn: &mut Conn, id: CampaignId) -> Result<Campaign, StoreError> {
    on_driver!(conn, |c| query_as(GET).bind(id).fetch_one(c).await)
}

/// For everybody: what is or was live; a draft is as good as missing.
pub async fn get_public(conn: &mut Conn, id: CampaignId) -> Result<Campaign, StoreError> {
    on_driver!(conn, |c| query_as(GET_PUBLIC).bind(id).fetch_one(c).await)
}

/// As [`get_public`], and nobody else changes it or its terms until the transaction ends.
pub async fn lock_public(w: &mut Writer, id: CampaignId) -> Result<Campaign, StoreError> {
    on_driver!(w, |c| query(LOCK_PUBLIC).bind(id).execute(c).await.map(drop))?;
    get_public(w, id).await
}

/// The directory: live campaigns that mention `words` in name, advertiser, category or description; newest first,
/// from the one after `before` on.
pub async fn browse(
    conn: &mut Conn,
    words: &str,
    before: Option<CampaignId>,
    limit: i64,
) -> Result<Vec<Campaign>, StoreError> {
    let pattern = containing(words);
    // SQLite folds ASCII letters only, so what was typed counts as well.
    on_driver!(conn, |c| query_as(BROWSE)
        .bind(before)
        .bind(pattern.to_lowercase())
        .bind(&pattern)
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// A pattern for `like … escape '!'`.
fn containing(words: &str) -> String {
    format!("%{}%", words.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

pub async fn get_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    id: CampaignId,
) -> Result<Campaign, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_ADVERTISER).bind(id).bind(advertiser).fetch_one(c).await)
}

/// As [`get_of_advertiser`], and nobody else changes it or its terms until the transaction ends.
pub async fn lock_of_advertiser(
    w: &mut Writer,
    advertiser: AdvertiserId,
    id: CampaignId,
) -> Result<Campaign, StoreError> {
    on_driver!(w, |c| query(LOCK_OF_ADVERTISER).bind(id).bind(advertiser).execute(c).await.map(drop))?;
    get_of_advertiser(w, advertiser, id).await
}

/// Newest first.
pub async fn list_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    limit: i64,
) -> Result<Vec<Campaign>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_ADVERTISER).bind(advertiser).bind(limit).fetch_all(c).await)
}

/// Newest first: the directory, and the admin's queue.
pub async fn list_in_state(conn: &mut Conn, state: CampaignState, limit: i64) -> Result<Vec<Campaign>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_IN_STATE).bind(state).bind(limit).fetch_all(c).await)
}

/// For admins, newest first.
pub async fn list_all(conn: &mut Conn, limit: i64) -> Result<Vec<Campaign>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_ALL).bind(limit).fetch_all(c).await)
}

pub async fn insert(w: &mut Writer, campaign: &Campaign) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    on_driver!(w, |c| query(INSERT)
        .bind(campaign.campaign_id)
        .bind(campaign.advertiser_id)
        .bind(&campaign.name)
        .bind(&campaign.description)
        .bind(&campaign.category)
        .bind(campaign.state)
        .bind(&campaign.landing_url)
        .bind(&campaign.allowed_hosts)
        .bind(&campaign.landing_parameter)
        .bind(campaign.approval)
        .bind(campaign.terms_version)
        .bind(campaign.secret_version)
        .bind(campaign.created_at_ms)
        .execute(c)
        .await
        .map(drop))
}

/// Writes what an advertiser may edit.
///
/// # Errors
/// `Conflict`: the campaign is no longer at its `version`.
pub async fn update(w: &mut Writer, campaign: &Campaign) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE)
        .bind(campaign.campaign_id)
        .bind(campaign.version)
        .bind(&campaign.name)
        .bind(&campaign.description)
        .bind(&campaign.category)
        .bind(&campaign.landing_url)
        .bind(&campaign.allowed_hosts)
        .bind(&campaign.landing_parameter)
        .bind(campaign.approval)
        .bind(campaign.terms_version)
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}

/// # Errors
/// `Conflict`: the campaign is no longer at `version`.
pub async fn update_state(
    w: &mut Writer,
    id: CampaignId,
    version: i64,
    state: CampaignState,
    reason: &str,
) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE_STATE)
        .bind(id)
        .bind(version)
        .bind(state)
        .bind(reason)
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}

/// The next version of the secret; the one before stays live.
///
/// # Errors
/// `Conflict`: the campaign is no longer at `version`.
pub async fn rotate_secret(w: &mut Writer, id: CampaignId, version: i64) -> Result<i64, StoreError> {
    w.changed(Change::Routes);
    let rotated: Option<i64> =
        on_driver!(w, |c| query_scalar(ROTATE_SECRET).bind(id).bind(version).fetch_optional(c).await)?;
    rotated.ok_or(StoreError::Conflict)
}
