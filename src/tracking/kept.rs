//! What is kept of a report that is no conversion: the request with its answer, or where anybody could send it, a count.

use super::conversion::{Context, Report};
use super::reply::Reply;
use crate::domain::conversion::OrderId;
use crate::domain::conversion_report::Refused;
use crate::domain::environment::Environment;
use crate::domain::ids::{AttemptId, CampaignId};
use crate::domain::site::BaseUrl;
use crate::domain::time::Timestamp;
use crate::store::attempts::{self, Attempt};
use crate::store::{Store, StoreError, report_quotas};

/// Stores a report that is no conversion, so that whoever it concerns can see it.
pub async fn refuse(
    store: &Store,
    environment: &Environment,
    base_url: &BaseUrl,
    report: &Report,
    campaign: Option<CampaignId>,
    refused: &Refused,
) -> Result<Reply, StoreError> {
    let reply = Reply::refusal(base_url, refused);
    let mut w = store.write().await?;
    let id = environment.new_id(AttemptId);
    attempts::insert(&mut w, &attempt(id, report, campaign, &reply)).await?;
    w.commit().await?;
    Ok(reply)
}

/// What is kept of a report and its answer for thirty days.
pub(super) fn attempt(id: AttemptId, report: &Report, campaign: Option<CampaignId>, reply: &Reply) -> Attempt {
    Attempt {
        attempt_id: id,
        campaign_id: campaign,
        endpoint: report.endpoint.to_owned(),
        method: report.method.clone(),
        query: report.query.clone(),
        body: report.body.clone(),
        outcome: reply.body.outcome,
        http_status: reply.status.into(),
        reason: reply.body.reason,
        message: reply.body.message.clone().unwrap_or_default(),
        conversion_id: reply.body.conversion_id,
        order_id: report.fields.order_id.as_deref().map(|id| id.chars().take(OrderId::LENGTH_MAX).collect()),
        member_id: report.by_hand.map(|by_hand| by_hand.member_id),
        replay_of: report.by_hand.and_then(|by_hand| by_hand.replay_of),
    }
}

/// Counted, not kept row by row: what anybody can send must not fill the database.
pub(super) async fn refuse_beyond(
    context: &Context<'_>,
    campaign: CampaignId,
    now: Timestamp,
) -> Result<Reply, StoreError> {
    let mut w = context.store.write().await?;
    report_quotas::count_beyond(&mut w, campaign, now.utc_day()).await?;
    w.commit().await?;
    Ok(Reply::beyond_quota(context, now))
}
