//! Attempts: every request to a reporting end point with its outcome; nothing is refused silently.

use std::borrow::Cow;

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{AdvertiserId, AttemptId, CampaignId, ConversionId, MemberId};
use crate::domain::party::Acting;
use crate::domain::reason::{Outcome, ReasonCode};

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Attempt {
    pub attempt_id: AttemptId,
    pub campaign_id: Option<CampaignId>,
    /// `postback`, `pixel`, `api` or `refunds`; `replay` or `test` where a member sent it by hand.
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
    /// As it was sent, to search by; shortened where it is too long to be one.
    pub order_id: Option<String>,
    /// Who sent it by hand.
    pub member_id: Option<MemberId>,
    /// The request that was sent again.
    pub replay_of: Option<AttemptId>,
}

/// Which requests of the log are wanted; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub outcome: Option<Outcome>,
    pub reason: Option<ReasonCode>,
    /// A part of the order id, letter by letter.
    pub order_id: Option<String>,
    /// Only older ones: the next page.
    pub before: Option<AttemptId>,
}

macro_rules! select {
    ($($rest:literal),+) => {
        concat!(
            "select a.attempt_id, a.campaign_id, a.endpoint, a.method, a.query, a.body, a.outcome, a.http_status,
                a.reason, a.message, a.conversion_id, a.order_id, a.member_id, a.replay_of from attempts a ",
            $($rest),+
        )
    };
}

/// What narrows the log; `replace` finds a text letter by letter on both databases.
macro_rules! search {
    ($scope:literal) => {
        select!(
            $scope,
            "a.attempt_id >= $1 and (a.attempt_id < $2 or $2 is null) and (a.outcome = $3 or $3 is null)
            and (a.reason = $4 or $4 is null) and (replace(a.order_id, $5, '') <> a.order_id or $5 is null)
            order by a.attempt_id desc limit $6"
        )
    };
}

sql! {
    INSERT = "insert into attempts (attempt_id, campaign_id, endpoint, method, query, body, outcome, http_status,
        reason, message, conversion_id, order_id, member_id, replay_of)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    GET = select!("where a.attempt_id = $1");
    GET_OF_ADVERTISER = select!("join campaigns c on c.campaign_id = a.campaign_id
        where a.attempt_id = $1 and c.advertiser_id = $2 and a.campaign_id = $3");
    SEARCH = search!("where ");
    SEARCH_OF_ADVERTISER = search!("join campaigns c on c.campaign_id = a.campaign_id
        where c.advertiser_id = $7 and a.campaign_id = $8 and ");
    LIST_OF_ADVERTISER = select!("join campaigns c on c.campaign_id = a.campaign_id
        where c.advertiser_id = $1 and a.campaign_id = $2 order by a.attempt_id desc limit $3");
    LIST_OF_CONVERSION = select!("where a.conversion_id = $1 and (a.campaign_id = $2) order by a.attempt_id");
    LIST_OF_ORDER = select!("where a.order_id = $1 and a.attempt_id >= $2 order by a.attempt_id desc limit $3");
    LIST_OF_ORDER_OF_ADVERTISER = select!("join campaigns c on c.campaign_id = a.campaign_id
        where a.order_id = $1 and a.attempt_id >= $2 and c.advertiser_id = $4 order by a.attempt_id desc limit $3");
    COUNT = "select count(*) as attempts from attempts where outcome = $1";
}

/// What a stranger sent, as both databases can hold it: PostgreSQL's text has no NUL, so its picture stands for it.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{2400}")) } else { Cow::Borrowed(text) }
}

pub async fn insert(w: &mut Writer, attempt: &Attempt) -> Result<(), StoreError> {
    let order_id = attempt.order_id.as_deref().map(storable);
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
        .bind(order_id.as_deref())
        .bind(attempt.member_id)
        .bind(attempt.replay_of)
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

/// A page of the log of one of the advertiser's campaigns, newest first, not older than `since`.
pub async fn search_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    search: &Search,
    since: AttemptId,
    limit: i64,
) -> Result<Vec<Attempt>, StoreError> {
    on_driver!(conn, |c| query_as(SEARCH_OF_ADVERTISER)
        .bind(since)
        .bind(search.before)
        .bind(search.outcome)
        .bind(search.reason)
        .bind(search.order_id.as_deref())
        .bind(limit)
        .bind(advertiser)
        .bind(campaign)
        .fetch_all(c)
        .await)
}

/// A page of the whole network's log, for admins.
pub async fn search(
    conn: &mut Conn,
    search: &Search,
    since: AttemptId,
    limit: i64,
) -> Result<Vec<Attempt>, StoreError> {
    on_driver!(conn, |c| query_as(SEARCH)
        .bind(since)
        .bind(search.before)
        .bind(search.outcome)
        .bind(search.reason)
        .bind(search.order_id.as_deref())
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// A request about this campaign of the advertiser's.
pub async fn get_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    id: AttemptId,
) -> Result<Attempt, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_ADVERTISER).bind(id).bind(advertiser).bind(campaign).fetch_one(c).await)
}

/// Any request, for admins.
pub async fn get(conn: &mut Conn, id: AttemptId) -> Result<Attempt, StoreError> {
    on_driver!(conn, |c| query_as(GET).bind(id).fetch_one(c).await)
}

/// The requests about a conversion, oldest first; the campaign is the conversion's, which the caller may see.
pub async fn list_of_conversion(
    conn: &mut Conn,
    campaign: CampaignId,
    conversion: ConversionId,
) -> Result<Vec<Attempt>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_CONVERSION).bind(conversion).bind(campaign).fetch_all(c).await)
}

/// The requests that named an order, from `first` on, newest first: an admin's are all, an advertiser's those about its
/// campaigns; a publisher reads no requests.
pub async fn list_of_order(
    conn: &mut Conn,
    acting: Acting,
    order_id: &str,
    first: AttemptId,
    limit: i64,
) -> Result<Vec<Attempt>, StoreError> {
    let (text, advertiser) = match acting {
        Acting::Publisher(_) => return Ok(Vec::new()),
        Acting::Advertiser(advertiser) => (LIST_OF_ORDER_OF_ADVERTISER, Some(advertiser)),
        Acting::Admin => (LIST_OF_ORDER, None),
    };
    on_driver!(conn, |c| {
        let list = query_as(text).bind(order_id).bind(first).bind(limit);
        match advertiser {
            Some(advertiser) => list.bind(advertiser),
            None => list,
        }
        .fetch_all(c)
        .await
    })
}

pub async fn count(conn: &mut Conn, outcome: Outcome) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT).bind(outcome).fetch_one(c).await)
}
