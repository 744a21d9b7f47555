//! Refunds: what was taken back of an order, and with which step of its conversion that counts.

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{CampaignId, ConversionId, EventId, MemberId, PayoutId, RefundId};
use crate::domain::line::Line;
use crate::domain::money::{Currency, Money};
use crate::domain::reason::RejectReason;
use crate::domain::refund::Refund;

/// A refund as it was asked for. When is in its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    pub refund_id: RefundId,
    pub campaign_id: CampaignId,
    pub event: String,
    pub order_id: String,
    /// The advertiser's own name of it.
    pub reference: String,
    pub currency: Currency,
    pub amount_minor: i64,
    pub lines: Vec<Line>,
    pub reason: RejectReason,
    pub note: String,
    /// Who asked for it; nothing where a program did.
    pub created_by: Option<MemberId>,
    /// The step with which it counts; nothing while it waits.
    pub event_id: Option<EventId>,
}

impl Refunded {
    pub const fn money(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// As a decision sees it.
    pub fn input(&self) -> Refund {
        Refund {
            refund_id: self.refund_id,
            minor: self.amount_minor,
            currency: self.currency,
            lines: self.lines.clone(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    refund_id: RefundId,
    campaign_id: CampaignId,
    event: String,
    order_id: String,
    reference: String,
    currency: Currency,
    amount_minor: i64,
    lines: String,
    reason: RejectReason,
    note: String,
    created_by: Option<MemberId>,
    event_id: Option<EventId>,
}

impl Row {
    fn refund(self) -> Result<Refunded, StoreError> {
        let corrupt = |error: serde_json::Error| StoreError::Corrupt { what: "refund", why: error.to_string() };
        let lines =
            if self.lines.is_empty() { Vec::new() } else { serde_json::from_str(&self.lines).map_err(corrupt)? };
        Ok(Refunded {
            refund_id: self.refund_id,
            campaign_id: self.campaign_id,
            event: self.event,
            order_id: self.order_id,
            reference: self.reference,
            currency: self.currency,
            amount_minor: self.amount_minor,
            lines,
            reason: self.reason,
            note: self.note,
            created_by: self.created_by,
            event_id: self.event_id,
        })
    }
}

sql! {
    LIST_OF_ORDER = "select r.refund_id, r.campaign_id, r.event, r.order_id, r.reference, r.currency, r.amount_minor,
        r.lines, r.reason, r.note, r.created_by, s.event_id from refunds r
        left join refund_steps s on s.refund_id = r.refund_id
        where r.campaign_id = $1 and r.event = $2 and r.order_id = $3 order by r.refund_id";
    LIST_DUE = "select r.refund_id, c.conversion_id from refunds r
        join conversions c on c.campaign_id = r.campaign_id and c.event = r.event and c.order_id = r.order_id
        where r.refund_id > $1 and c.state not in ('in_payout', 'rejected', 'reversed')
        and not exists (select 1 from refund_steps s where s.refund_id = r.refund_id)
        order by r.refund_id limit $2";
    LIST_WAITING_OF_PAYOUT = "select distinct c.conversion_id from conversions c
        join refunds r on r.campaign_id = c.campaign_id and r.event = c.event and r.order_id = c.order_id
        where c.payout_id = $1 and not exists (select 1 from refund_steps s where s.refund_id = r.refund_id)
        order by c.conversion_id";
    INSERT = "insert into refunds (refund_id, campaign_id, event, order_id, reference, currency, amount_minor, lines,
        reason, note, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (campaign_id, event, order_id, reference) do nothing";
    INSERT_STEP = "insert into refund_steps (refund_id, event_id) values ($1, $2)";
}

/// All that was taken back of an order, also before it was reported. The caller may see the order.
pub async fn list_of_order(
    conn: &mut Conn,
    campaign: CampaignId,
    event: &str,
    order_id: &str,
) -> Result<Vec<Refunded>, StoreError> {
    let rows: Vec<Row> =
        on_driver!(conn, |c| query_as(LIST_OF_ORDER).bind(campaign).bind(event).bind(order_id).fetch_all(c).await)?;
    rows.into_iter().map(Row::refund).collect()
}

/// Refunds that wait though their conversions could take them, after `after`: for the job, which looks again once it
/// holds one.
pub async fn list_due(
    conn: &mut Conn,
    after: RefundId,
    limit: i64,
) -> Result<Vec<(RefundId, ConversionId)>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_DUE).bind(after).bind(limit).fetch_all(c).await)
}

/// The conversions of a payout whose refunds wait for its end.
pub async fn list_waiting_of_payout(conn: &mut Conn, payout: PayoutId) -> Result<Vec<ConversionId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_WAITING_OF_PAYOUT).bind(payout).fetch_all(c).await)
}

/// False where the order has a refund of this reference already, also from another process at the same moment.
pub async fn insert(w: &mut Writer, new: &Refunded) -> Result<bool, StoreError> {
    let lines = if new.lines.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&new.lines).expect("lines can be written as JSON")
    };
    on_driver!(w, |c| query(INSERT)
        .bind(new.refund_id)
        .bind(new.campaign_id)
        .bind(&new.event)
        .bind(&new.order_id)
        .bind(&new.reference)
        .bind(new.currency)
        .bind(new.amount_minor)
        .bind(&lines)
        .bind(new.reason)
        .bind(&new.note)
        .bind(new.created_by)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Says with which step a refund counts.
pub async fn insert_step(w: &mut Writer, refund: RefundId, event: EventId) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT_STEP).bind(refund).bind(event).execute(c).await.map(drop))
}
