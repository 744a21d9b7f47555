//! The quota of reports that anybody can send: per campaign and UTC day, counted in one row, by all processes together.

use sqlx::{query, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{AdvertiserId, CampaignId};

sql! {
    TAKE = "insert into report_quotas (campaign_id, utc_day, accepted, beyond) values ($1, $2, 1, 0)
        on conflict (campaign_id, utc_day) do update set accepted = report_quotas.accepted + 1
        where report_quotas.accepted < $3";
    COUNT_BEYOND = "insert into report_quotas (campaign_id, utc_day, accepted, beyond) values ($1, $2, 0, 1)
        on conflict (campaign_id, utc_day) do update set beyond = report_quotas.beyond + 1";
    BEYOND_OF_ADVERTISER = "select q.beyond from report_quotas q join campaigns c on c.campaign_id = q.campaign_id
        where c.advertiser_id = $1 and q.campaign_id = $2 and q.utc_day = $3";
}

/// Takes one place of the day's quota; false where none is left. `most` is at least 1.
pub async fn take(w: &mut Writer, campaign: CampaignId, utc_day: i64, most: i64) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(TAKE)
        .bind(campaign)
        .bind(utc_day)
        .bind(most)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Counts a report for which no place was left.
pub async fn count_beyond(w: &mut Writer, campaign: CampaignId, utc_day: i64) -> Result<(), StoreError> {
    on_driver!(w, |c| query(COUNT_BEYOND).bind(campaign).bind(utc_day).execute(c).await.map(drop))
}

/// How many reports of a day found no place, for the campaign's advertiser.
pub async fn beyond_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    utc_day: i64,
) -> Result<i64, StoreError> {
    let beyond: Option<i64> = on_driver!(conn, |c| query_scalar(BEYOND_OF_ADVERTISER)
        .bind(advertiser)
        .bind(campaign)
        .bind(utc_day)
        .fetch_optional(c)
        .await)?;
    Ok(beyond.unwrap_or(0))
}
