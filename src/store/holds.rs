//! What the quality rules held, and how soon after their clicks conversions came.

use sqlx::query_as;

use super::driver::Conn;
use super::error::StoreError;
use crate::domain::conversion::ConversionState;
use crate::domain::ids::{AdvertiserId, CampaignId};
use crate::domain::time::Timestamp;

/// Conversions that one rule held and that are in one state now; tests are not among them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HoldCount {
    pub held_reason: String,
    pub state: ConversionState,
    /// A person let them go on.
    pub is_released: bool,
    pub conversions: i64,
}

/// Credited conversions that came so many whole seconds after their click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Delay {
    pub seconds: i64,
    pub conversions: i64,
}

macro_rules! counts {
    ($scope:literal) => {
        concat!(
            "select held_reason, state, (hold_released_at_ms is not null) as is_released, count(*) as conversions
            from conversions where held_reason is not null and publisher_id is not null and not is_test and converted_at_ms >= $1 ",
            $scope,
            "group by held_reason, state, (hold_released_at_ms is not null) order by held_reason, state"
        )
    };
}

macro_rules! delays {
    ($scope:literal) => {
        concat!(
            "select (converted_at_ms - ((click_id >> 21) + 1577836800000)) / 1000 as seconds, count(*) as conversions
            from conversions where click_id is not null and publisher_id is not null and not is_test
            and converted_at_ms >= $1
            and converted_at_ms - ((click_id >> 21) + 1577836800000) < $2 ",
            $scope,
            "group by (converted_at_ms - ((click_id >> 21) + 1577836800000)) / 1000 order by seconds"
        )
    };
}

sql! {
    COUNTS = counts!("");
    COUNTS_OF_ADVERTISER = counts!("and advertiser_id = $2 and campaign_id = $3 ");
    DELAYS = delays!("");
    DELAYS_OF_ADVERTISER = delays!("and advertiser_id = $3 and campaign_id = $4 ");
}

/// Of one campaign of the advertiser, by what happened since `since`.
pub async fn counts_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    since: Timestamp,
) -> Result<Vec<HoldCount>, StoreError> {
    on_driver!(conn, |c| query_as(COUNTS_OF_ADVERTISER).bind(since).bind(advertiser).bind(campaign).fetch_all(c).await)
}

/// Of the whole network: for admins.
pub async fn counts(conn: &mut Conn, since: Timestamp) -> Result<Vec<HoldCount>, StoreError> {
    on_driver!(conn, |c| query_as(COUNTS).bind(since).fetch_all(c).await)
}

/// Conversions sooner than `below_ms` after their click, of one campaign of the advertiser.
pub async fn delays_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    since: Timestamp,
    below_ms: i64,
) -> Result<Vec<Delay>, StoreError> {
    on_driver!(conn, |c| query_as(DELAYS_OF_ADVERTISER)
        .bind(since)
        .bind(below_ms)
        .bind(advertiser)
        .bind(campaign)
        .fetch_all(c)
        .await)
}

/// The same of the whole network: for admins.
pub async fn delays(conn: &mut Conn, since: Timestamp, below_ms: i64) -> Result<Vec<Delay>, StoreError> {
    on_driver!(conn, |c| query_as(DELAYS).bind(since).bind(below_ms).fetch_all(c).await)
}
