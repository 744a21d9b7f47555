//! Coupons: which publisher a code names, from when until when. Ended, never deleted.

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{AdvertiserId, CampaignId, CouponId, LinkId, MemberId, PublisherId};
use crate::domain::money::Currency;
use crate::domain::party::PartyState;
use crate::domain::time::Timestamp;

/// A coupon as its advertiser and its publisher see it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Coupon {
    pub coupon_id: CouponId,
    pub campaign_id: CampaignId,
    pub campaign_name: String,
    pub publisher_id: PublisherId,
    pub publisher_name: String,
    pub code: String,
    pub valid_from_ms: Timestamp,
    /// The first moment at which it is not valid any more.
    pub valid_until_ms: Option<Timestamp>,
    pub created_at_ms: Timestamp,
    pub ended_at_ms: Option<Timestamp>,
}

/// What a report's code leads to, with what its publisher is now.
#[derive(Debug, sqlx::FromRow)]
pub struct CouponRoute {
    pub coupon_id: CouponId,
    pub code: String,
    pub publisher_id: PublisherId,
    pub valid_from_ms: Timestamp,
    pub valid_until_ms: Option<Timestamp>,
    pub ended_at_ms: Option<Timestamp>,
    pub publisher_state: PartyState,
    pub enrollment_state: EnrollmentState,
    pub decided_at_ms: Option<Timestamp>,
    pub default_link_id: LinkId,
}

/// What a coupon has earned in one currency; nothing rejected or reversed, and no test.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CouponFigures {
    pub coupon_id: CouponId,
    pub currency: Currency,
    pub conversions: i64,
    pub amount_minor: i64,
    pub commission_minor: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select q.coupon_id, q.campaign_id, c.name as campaign_name, q.publisher_id, p.name as publisher_name,
                q.code, q.valid_from_ms, q.valid_until_ms, q.created_at_ms, q.ended_at_ms
                from coupons q join campaigns c on c.campaign_id = q.campaign_id
                join parties p on p.party_id = q.publisher_id where ",
            $rest
        )
    };
}

macro_rules! figures {
    ($scope:literal) => {
        concat!(
            "select coupon_id, currency, count(*) as conversions,
                cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor,
                cast(sum(commission_minor) as bigint) as commission_minor
                from conversions where coupon_id is not null and not is_test
                and state in ('pending', 'approved', 'payable', 'in_payout', 'paid') and ",
            $scope,
            " group by coupon_id, currency order by coupon_id, currency"
        )
    };
}

sql! {
    LIST_OF_ADVERTISER = select!("c.advertiser_id = $1 and q.campaign_id = $2 order by p.name, q.coupon_id limit $3");
    LIST_OF_PUBLISHER = select!("q.publisher_id = $1 order by c.name, q.coupon_id desc limit $2");
    FIGURES_OF_ADVERTISER = figures!("advertiser_id = $1 and campaign_id = $2");
    FIGURES_OF_PUBLISHER = figures!("publisher_id = $1");
    COUNT = "select count(*) as coupons from coupons where campaign_id = $1";
    FIND_ROUTE = "select q.coupon_id, q.code, q.publisher_id, q.valid_from_ms, q.valid_until_ms, q.ended_at_ms,
        p.state as publisher_state, e.state as enrollment_state, e.decided_at_ms, e.default_link_id
        from coupons q join parties p on p.party_id = q.publisher_id
        join enrollments e on e.campaign_id = q.campaign_id and e.publisher_id = q.publisher_id
        where q.campaign_id = $1 and q.code_key = $2";
    INSERT = "insert into coupons (coupon_id, campaign_id, publisher_id, code, code_key, valid_from_ms, valid_until_ms,
        created_at_ms, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    END = "update coupons set ended_at_ms = coalesce(ended_at_ms, $3), ended_by = coalesce(ended_by, $4)
        where coupon_id = $1 and campaign_id in (select c.campaign_id from campaigns c where c.advertiser_id = $2)
        returning campaign_id";
}

/// A campaign's coupons, by publisher.
pub async fn list_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    limit: i64,
) -> Result<Vec<Coupon>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_ADVERTISER).bind(advertiser).bind(campaign).bind(limit).fetch_all(c).await)
}

/// The publisher's own, by campaign, the newest first.
pub async fn list_of_publisher(conn: &mut Conn, publisher: PublisherId, limit: i64) -> Result<Vec<Coupon>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PUBLISHER).bind(publisher).bind(limit).fetch_all(c).await)
}

/// What each coupon of the advertiser's campaign has earned.
pub async fn figures_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
) -> Result<Vec<CouponFigures>, StoreError> {
    on_driver!(conn, |c| query_as(FIGURES_OF_ADVERTISER).bind(advertiser).bind(campaign).fetch_all(c).await)
}

/// What each coupon of the publisher has earned.
pub async fn figures_of_publisher(conn: &mut Conn, publisher: PublisherId) -> Result<Vec<CouponFigures>, StoreError> {
    on_driver!(conn, |c| query_as(FIGURES_OF_PUBLISHER).bind(publisher).fetch_all(c).await)
}

/// How many coupons a campaign has, ended ones too.
pub async fn count(conn: &mut Conn, campaign: CampaignId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT).bind(campaign).fetch_one(c).await)
}

/// What a report's code leads to; `key` as `domain::coupon::key` makes it.
pub async fn find_route(conn: &mut Conn, campaign: CampaignId, key: &str) -> Result<Option<CouponRoute>, StoreError> {
    on_driver!(conn, |c| query_as(FIND_ROUTE).bind(campaign).bind(key).fetch_optional(c).await)
}

pub struct NewCoupon<'a> {
    pub coupon_id: CouponId,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub code: &'a str,
    pub key: &'a str,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub at: Timestamp,
    pub by: MemberId,
}

/// # Errors
/// `coupons_campaign_id_code_key_key`: the campaign has, or had, this code.
pub async fn insert(w: &mut Writer, new: &NewCoupon<'_>) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(new.coupon_id)
        .bind(new.campaign_id)
        .bind(new.publisher_id)
        .bind(new.code)
        .bind(new.key)
        .bind(new.valid_from)
        .bind(new.valid_until)
        .bind(new.at)
        .bind(new.by)
        .execute(c)
        .await
        .map(drop))
}

/// Ends a coupon now; one that has ended stays as it is. Gives its campaign.
///
/// # Errors
/// `NotFound`: not a coupon of this advertiser.
pub async fn end(
    w: &mut Writer,
    advertiser: AdvertiserId,
    id: CouponId,
    at: Timestamp,
    by: MemberId,
) -> Result<CampaignId, StoreError> {
    let campaign: Option<CampaignId> =
        on_driver!(w, |c| query_scalar(END).bind(id).bind(advertiser).bind(at).bind(by).fetch_optional(c).await)?;
    campaign.ok_or(StoreError::NotFound)
}
