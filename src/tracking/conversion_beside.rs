//! What a report names beside clicks: a coupon, a bound customer, a customer who is the publisher itself
//! (domain.md sections 4 and 10). All of it is looked up once, when the report comes, and stored with it.

use super::conversion::Context;
use crate::domain::conversion::Badge;
use crate::domain::conversion_report::ConversionReport;
use crate::domain::coupon::{self, NamedCoupon};
use crate::domain::customer::{self, BoundCustomer, bound_until};
use crate::domain::enrollment::was_enrolled;
use crate::domain::evidence::{Beside, Unresolved};
use crate::domain::ids::CampaignId;
use crate::domain::party::PartyState;
use crate::domain::reason::ReasonCode;
use crate::domain::secret::{SecretKey, mac};
use crate::domain::terms::Terms;
use crate::domain::time::Timestamp;
use crate::store::customers::{self, OrderName};
use crate::store::{StoreError, Writer, coupons};

/// So many bindings of one customer are followed, one after the other has ended: years of them.
const BINDINGS_MAX: usize = 100;

/// Looks up coupon and customer of a report that is about to be stored. A code that is no coupon is noted.
pub async fn resolve(
    context: &Context<'_>,
    w: &mut Writer,
    campaign: CampaignId,
    report: &ConversionReport,
    badge: Badge,
    terms: &[Terms],
) -> Result<(Beside, Option<Unresolved>), StoreError> {
    let at = report.occurred_at.unwrap_or_else(|| context.environment.now());
    let newest_terms = terms.iter().map(|terms| terms.version).max().unwrap_or(1);
    let (mut beside, mut unknown) = (Beside::default(), None);
    if let Some(code) = report.coupon.as_deref() {
        beside.coupon = named_coupon(w, campaign, code, at, newest_terms).await?;
        let unresolved = Unresolved { text: code.to_owned(), reason: ReasonCode::CouponUnknown };
        unknown = beside.coupon.is_none().then_some(unresolved);
    }
    if let Some(customer_id) = report.customer_id.as_deref() {
        let hash = customer_hash(context.secret_key, campaign, customer_id);
        let order =
            OrderName { campaign_id: campaign, event: report.event.as_str(), order_id: report.order_id.as_str() };
        if terms.iter().any(|terms| terms.binding_months > 0) {
            beside.customer = bound_customer(w, &hash, order, at, newest_terms).await?;
        }
        // A stranger could name a customer that nobody has, and have it paid as a new one.
        if badge.is_trusted() && terms.iter().any(Terms::asks_for_customers) {
            beside.is_new_customer = Some(!customers::has_ordered_before(w, &hash, order, at).await?);
        }
        // Not for strangers: the answer would tell them whose address it is. Their orders wait for a person anyway.
        if let Some(email) = customer::email(customer_id).filter(|_| badge.is_trusted()) {
            beside.own_publishers = customers::publishers_of_email(w, &email).await?;
        }
    }
    Ok((beside, unknown))
}

/// All that is ever stored of a customer. Keyed by campaign, so that two advertisers cannot compare theirs.
pub fn customer_hash(key: &SecretKey, campaign: CampaignId, customer_id: &str) -> [u8; 32] {
    let key = key.derive("customer", &[&campaign.0.to_be_bytes()]);
    mac(&key, &[customer::normal_form(customer_id).as_bytes()])
}

async fn named_coupon(
    w: &mut Writer,
    campaign: CampaignId,
    code: &str,
    at: Timestamp,
    newest_terms: i64,
) -> Result<Option<NamedCoupon>, StoreError> {
    let found = coupons::find_route(w, campaign, &coupon::key(code)).await?;
    Ok(found.map(|found| NamedCoupon {
        coupon_id: found.coupon_id,
        code: found.code,
        publisher_id: found.publisher_id,
        link_id: found.default_link_id,
        valid_from: found.valid_from_ms,
        valid_until: [found.valid_until_ms, found.ended_at_ms].into_iter().flatten().min(),
        was_publisher_active: found.publisher_state == PartyState::Admitted,
        was_enrolled: was_enrolled(found.enrollment_state, found.decided_at_ms, at),
        newest_terms,
    }))
}

/// Who has the customer at `at`: the first order binds, the next one that binds is the first after that has ended.
async fn bound_customer(
    w: &mut Writer,
    hash: &[u8; 32],
    order: OrderName<'_>,
    at: Timestamp,
    newest_terms: i64,
) -> Result<Option<BoundCustomer>, StoreError> {
    let mut since = Timestamp(i64::MIN);
    for _ in 0..BINDINGS_MAX {
        let Some(found) = customers::next_binding(w, hash, order, since).await? else { return Ok(None) };
        let until = bound_until(found.converted_at_ms, found.binding_months);
        if at < until {
            return Ok(Some(BoundCustomer {
                publisher_id: found.publisher_id,
                link_id: found.default_link_id,
                conversion_id: found.conversion_id,
                bound_at: found.converted_at_ms,
                bound_until: until,
                was_publisher_active: found.publisher_state == PartyState::Admitted,
                was_enrolled: was_enrolled(found.enrollment_state, found.decided_at_ms, at),
                newest_terms,
            }));
        }
        since = until;
    }
    Ok(None)
}
