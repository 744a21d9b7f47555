//! Keys of the JSON interface and tokens of the postback: of each secret only a hash.

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::conversion::Badge;
use crate::domain::ids::{AdvertiserId, ApiKeyId, CampaignId, MemberId};
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ApiKeyRow {
    pub api_key_id: ApiKeyId,
    /// The one campaign that it may report to.
    pub campaign_id: CampaignId,
    pub name: String,
    /// `Key` or `Token`: the badge of what is reported with it.
    pub badge: Badge,
    /// The networks from which it counts, as text; empty for everywhere.
    pub networks: String,
    pub secret_hash: Vec<u8>,
    pub created_at_ms: Timestamp,
    pub last_used_at_ms: Option<Timestamp>,
    pub revoked_at_ms: Option<Timestamp>,
    /// From then on it counts no more; nothing for a key without an end.
    pub expires_at_ms: Option<Timestamp>,
}

impl ApiKeyRow {
    /// Whether something can be reported with it at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at_ms.is_none() && self.expires_at_ms.is_none_or(|end| now < end)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select k.api_key_id, k.campaign_id, k.name, k.badge, k.networks, k.secret_hash, k.created_at_ms, k.last_used_at_ms,
                k.revoked_at_ms, k.expires_at_ms from api_keys k ",
            $rest
        )
    };
}

sql! {
    FIND = select!("where k.api_key_id = $1");
    LIST_OF_CAMPAIGN = select!("join campaigns c on c.campaign_id = k.campaign_id
        where c.advertiser_id = $1 and k.campaign_id = $2 order by k.api_key_id desc limit $3");
    COUNT_LIVE = "select count(*) as live from api_keys where campaign_id = $1 and revoked_at_ms is null
        and (expires_at_ms is null or expires_at_ms > $2)";
    INSERT = "insert into api_keys (api_key_id, campaign_id, name, secret_hash, created_at_ms, created_by,
        expires_at_ms, badge, networks) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    REVOKE = "update api_keys set revoked_at_ms = $3 where api_key_id = $1 and revoked_at_ms is null
        and campaign_id in (select campaign_id from campaigns where advertiser_id = $2) returning campaign_id";
    TOUCH = "update api_keys set last_used_at_ms = $2
        where api_key_id = $1 and (last_used_at_ms is null or last_used_at_ms <= $3)";
}

/// Whoever presents it: the caller compares the hash and the campaign, and asks whether it is live.
pub async fn find(conn: &mut Conn, id: ApiKeyId) -> Result<Option<ApiKeyRow>, StoreError> {
    on_driver!(conn, |c| query_as(FIND).bind(id).fetch_optional(c).await)
}

/// Newest first, revoked ones too.
pub async fn list_of_campaign(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    limit: i64,
) -> Result<Vec<ApiKeyRow>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_CAMPAIGN).bind(advertiser).bind(campaign).bind(limit).fetch_all(c).await)
}

/// Keys of the campaign that are neither revoked nor expired.
pub async fn count_live(conn: &mut Conn, campaign: CampaignId, now: Timestamp) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_LIVE).bind(campaign).bind(now).fetch_one(c).await)
}

pub async fn insert(w: &mut Writer, key: &ApiKeyRow, by: MemberId) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(key.api_key_id)
        .bind(key.campaign_id)
        .bind(&key.name)
        .bind(&key.secret_hash)
        .bind(key.created_at_ms)
        .bind(by)
        .bind(key.expires_at_ms)
        .bind(key.badge)
        .bind(&key.networks)
        .execute(c)
        .await
        .map(drop))
}

/// Ends a key of one of the advertiser's campaigns, and says of which.
///
/// # Errors
/// `NotFound`: no such key, not the advertiser's, or revoked before.
pub async fn revoke(
    w: &mut Writer,
    advertiser: AdvertiserId,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<CampaignId, StoreError> {
    on_driver!(w, |c| query_scalar(REVOKE).bind(id).bind(advertiser).bind(at).fetch_one(c).await)
}

/// Notes that it was used at `at`, unless that is noted since `noted_since`: not every request is a write.
pub async fn touch(w: &mut Writer, id: ApiKeyId, at: Timestamp, noted_since: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(TOUCH).bind(id).bind(at).bind(noted_since).execute(c).await.map(drop))
}
