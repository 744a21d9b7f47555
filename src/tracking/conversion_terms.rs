//! Which versions of its campaign's terms a report may speak of (domain.md section 5). What was promised before a version
//! dropped an event or a currency is still reported after that, and the shop does not know which click came when.

use super::conversion::Report;
use crate::domain::conversion::{Badge, OrderId};
use crate::domain::conversion_report::{ReportFields, event_name};
use crate::domain::evidence::Candidate;
use crate::domain::ids::CampaignId;
use crate::domain::rule::EventName;
use crate::domain::schedule;
use crate::domain::terms::Terms;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Writer, conversions};

/// The version in force now, those that the report's clicks keep, and the one in force when a sender whom we know says
/// that it happened: without a click that one prices it. A further report of an order that is known may name what any
/// version knew that has held: a server tells what a page told before, and seldom with the click.
pub async fn spoken_of<'t>(
    w: &mut Writer,
    campaign: CampaignId,
    report: &Report,
    (badge, clicks): (Badge, &[Candidate]),
    (all, current): (&'t [Terms], &'t Terms),
    now: Timestamp,
) -> Result<Vec<&'t Terms>, StoreError> {
    let fields = &report.fields;
    let said = fields.occurred_at.as_deref().filter(|_| badge.is_trusted()).and_then(|at| Timestamp::parse(at).ok());
    let kept = |terms: &&Terms| clicks.iter().any(|click| click.terms_version == terms.version);
    let mut versions = vec![current];
    versions.extend(all.iter().filter(kept));
    versions.extend(said.and_then(|at| schedule::in_force(all, at)));
    if !know(&versions, fields) && is_known(w, campaign, fields).await? {
        let has_held = |terms: &&Terms| terms.starts_at <= now && !schedule::is_withdrawn(all, terms);
        versions.extend(all.iter().filter(has_held));
    }
    Ok(versions)
}

/// Whether the versions have what the report names.
fn know(versions: &[&Terms], fields: &ReportFields) -> bool {
    let event = event_name(fields.event.as_deref());
    let currency = fields.currency.as_deref().filter(|text| !text.is_empty());
    let has = |terms: &Terms, code: &str| terms.currencies.iter().any(|currency| currency.code() == code);
    versions.iter().any(|terms| terms.event(event).is_some())
        && currency.is_none_or(|code| versions.iter().any(|terms| has(terms, code)))
}

/// Whether there is a conversion of this order.
async fn is_known(w: &mut Writer, campaign: CampaignId, fields: &ReportFields) -> Result<bool, StoreError> {
    let event = event_name(fields.event.as_deref()).parse::<EventName>();
    let order = fields.order_id.as_deref().map(str::parse::<OrderId>);
    let (Ok(event), Some(Ok(order))) = (event, order) else { return Ok(false) };
    Ok(conversions::find_by_order(w, campaign, event.as_str(), order.as_str()).await?.is_some())
}
