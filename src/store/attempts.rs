//! Attempts: every request to a reporting end point with its outcome; nothing is refused silently.

use std::borrow::Cow;

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{AdvertiserId, AttemptId, CampaignId, ConversionId};
use crate::domain::reason::{Outcome, ReasonCode};

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Attempt {
    pub attempt_id: AttemptId,
    pub campaign_id: Option<CampaignId>,
    /// `postback`, `pixel` or `api`.
    pub endpoint: String,
    pub method: String,
    /// Without signature and token.
    pub query: String,
    pub body: String,
    pub outcome: Outcome,
    pub http_status: i64,
    pub reason: Option<ReasonCode>,
    /// What was wrong, for people.
    pub message: String,
    pub conversion_id: Option<ConversionId>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select a.attempt_id, a.campaign_id, a.endpoint, a.method, a.query, a.body, a.outcome, a.http_status,
                a.reason, a.message, a.conversion_id from attempts a ",
            $rest
        )
    };
}

sql! {
    INSERT = "insert into attempts (attempt_id, campaign_id, endpoint, method, query, body, outcome, http_status,
        reason, message, conversion_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    LIST_OF_ADVERTISER = select!("join campaigns c on c.campaign_id = a.campaign_id
        where c.advertiser_id = $1 and a.campaign_id = $2 order by a.attempt_id desc limit $3");
    LIST_OF_CONVERSION = select!("where a.conversion_id = $1 and (a.campaign_id = $2) order by a.attempt_id");
    COUNT = "select count(*) as attempts from attempts where outcome = $1";
}

/// What a stranger sent, as both databases can hold it: PostgreSQL's text has no NUL, so its picture stands for it.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{2400}")) } else { Cow::Borrowed(text) }
}

pub async fn insert(w: &mut Writer, attempt: &Attempt) -> Result<(), StoreError> {
    let [method, query_text, body, message] =
        [&attempt.method, &attempt.query, &attempt.body, &attempt.message].map(|text| storable(text));
    on_driver!(w, |c| query(INSERT)
        .bind(attempt.attempt_id)
        .bind(attempt.campaign_id)
        .bind(&attempt.endpoint)
        .bind(&method[..])
        .bind(&query_text[..])
        .bind(&body[..])
        .bind(attempt.outcome)
        .bind(attempt.http_status)
        .bind(attempt.reason)
        .bind(&message[..])
        .bind(attempt.conversion_id)
        .execute(c)
        .await
        .map(drop))
}

/// The newest requests about one of the advertiser's campaigns.
pub async fn list_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    limit: i64,
) -> Result<Vec<Attempt>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_ADVERTISER).bind(advertiser).bind(campaign).bind(limit).fetch_all(c).await)
}

/// The requests about a conversion, oldest first; the campaign is the conversion's, which the caller may see.
pub async fn list_of_conversion(
    conn: &mut Conn,
    campaign: CampaignId,
    conversion: ConversionId,
) -> Result<Vec<Attempt>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_CONVERSION).bind(conversion).bind(campaign).fetch_all(c).await)
}

pub async fn count(conn: &mut Conn, outcome: Outcome) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT).bind(outcome).fetch_one(c).await)
}
