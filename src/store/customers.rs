//! Customers: by which order one was bound to a publisher, and of which publishers one is a member. Only keyed hashes of
//! customers are stored; a binding is read from the orders themselves, so that one that is rejected binds nobody.

use sqlx::{query_as, query_scalar};

use super::driver::Conn;
use super::error::StoreError;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{CampaignId, ConversionId, LinkId, PublisherId};
use crate::domain::party::{Email, PartyState};
use crate::domain::time::Timestamp;

/// An order that binds its customer, with what its publisher is now.
#[derive(Debug, sqlx::FromRow)]
pub struct BindingOrder {
    pub conversion_id: ConversionId,
    pub publisher_id: PublisherId,
    pub converted_at_ms: Timestamp,
    /// Those of its terms.
    pub binding_months: i64,
    pub publisher_state: PartyState,
    pub enrollment_state: EnrollmentState,
    pub decided_at_ms: Option<Timestamp>,
    pub default_link_id: LinkId,
}

sql! {
    // A browser's report, and what rests on one, binds nobody: a publisher could send it for somebody else's customer.
    NEXT_BINDING = "select c.conversion_id, c.publisher_id, c.converted_at_ms, t.binding_months,
        p.state as publisher_state, e.state as enrollment_state, e.decided_at_ms, e.default_link_id
        from evidence v join conversions c on c.conversion_id = v.conversion_id
        join terms t on t.campaign_id = c.campaign_id and t.version = c.terms_version
        join parties p on p.party_id = c.publisher_id
        join enrollments e on e.campaign_id = c.campaign_id and e.publisher_id = c.publisher_id
        where v.customer_hash = $1 and v.customer_hash is not null and v.badge in ('signed', 'key') and not v.is_conflict and c.campaign_id = $2
        and c.badge in ('signed', 'key') and (c.click_id is not null or c.coupon_id is not null) and not c.is_test
        and c.state in ('pending', 'approved', 'payable', 'in_payout', 'paid') and t.binding_months > 0
        and not (c.event = $3 and c.order_id = $4) and c.converted_at_ms >= $5
        order by c.converted_at_ms, c.conversion_id limit 1";
    // What nobody accepted is no purchase; an order that belongs to no publisher is.
    ORDERED_BEFORE = "select c.conversion_id from evidence v join conversions c on c.conversion_id = v.conversion_id
        where v.customer_hash = $1 and v.customer_hash is not null and v.badge in ('signed', 'key')
        and not v.is_conflict and c.campaign_id = $2 and not c.is_test and c.state not in ('rejected', 'reversed')
        and c.event = $3 and c.order_id <> $4 and c.converted_at_ms < $5 limit 1";
    PUBLISHERS_OF_EMAIL = "select s.party_id from memberships s join members m on m.member_id = s.member_id
        join parties p on p.party_id = s.party_id where m.email = $1 and p.kind = 'publisher'
        order by s.party_id limit 50";
}

/// An order as its advertiser names it.
#[derive(Clone, Copy)]
pub struct OrderName<'a> {
    pub campaign_id: CampaignId,
    pub event: &'a str,
    pub order_id: &'a str,
}

/// The customer's first order since `since` that binds, beside this one: by a click or a coupon, trusted, no test, not
/// rejected, under terms that bind.
pub async fn next_binding(
    conn: &mut Conn,
    customer_hash: &[u8; 32],
    beside: OrderName<'_>,
    since: Timestamp,
) -> Result<Option<BindingOrder>, StoreError> {
    on_driver!(conn, |c| query_as(NEXT_BINDING)
        .bind(&customer_hash[..])
        .bind(beside.campaign_id)
        .bind(beside.event)
        .bind(beside.order_id)
        .bind(since)
        .fetch_optional(c)
        .await)
}

/// Whether the customer is known from another order of the campaign before `at`, of the same event, told by somebody whom
/// we know.
pub async fn has_ordered_before(
    conn: &mut Conn,
    customer_hash: &[u8; 32],
    beside: OrderName<'_>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let found: Option<ConversionId> = on_driver!(conn, |c| query_scalar(ORDERED_BEFORE)
        .bind(&customer_hash[..])
        .bind(beside.campaign_id)
        .bind(beside.event)
        .bind(beside.order_id)
        .bind(at)
        .fetch_optional(c)
        .await)?;
    Ok(found.is_some())
}

/// The publishers that have a member with this address, lowest first: whoever asks, for a rule.
pub async fn publishers_of_email(conn: &mut Conn, email: &Email) -> Result<Vec<PublisherId>, StoreError> {
    on_driver!(conn, |c| query_scalar(PUBLISHERS_OF_EMAIL).bind(email.as_str()).fetch_all(c).await)
}
