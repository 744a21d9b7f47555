//! What publishers are to be paid, and what they owe: signed entries, each taken by one payout. What was released, what
//! was taken back of it, and what is clawed back.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{ConversionId, PayableId, PayoutId, PublisherId};
use crate::domain::money::Currency;
use crate::domain::payout::{PayableKind, PayoutLine};
use crate::domain::time::Timestamp;

/// One entry. It has the id of the step that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Payable {
    pub payable_id: PayableId,
    pub publisher_id: PublisherId,
    pub currency: Currency,
    /// Not 0; less where the publisher owes it.
    pub amount_minor: i64,
    /// Nothing where it is about no single conversion.
    pub conversion_id: Option<ConversionId>,
    pub kind: PayableKind,
    /// When its conversion was approved: from then on the run counts in which it is due.
    pub approved_at_ms: Timestamp,
}

impl Payable {
    /// As a run looks at it.
    pub const fn line(&self) -> PayoutLine {
        PayoutLine {
            payable_id: self.payable_id,
            publisher_id: self.publisher_id,
            currency: self.currency,
            amount_minor: self.amount_minor,
            approved_at: self.approved_at_ms,
            is_due_at_once: matches!(self.kind, PayableKind::ClawedBack),
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select b.payable_id, b.publisher_id, b.currency, b.amount_minor, b.conversion_id, b.kind, b.approved_at_ms
            from payables b ",
            $rest
        )
    };
}

sql! {
    INSERT = "insert into payables (payable_id, publisher_id, currency, amount_minor, conversion_id, kind, approved_at_ms,
        created_at_ms) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    LIST_OPEN = select!("where b.currency = $1 and b.payable_id > $2 and not exists (select 1 from payout_items i
        where i.payable_id = b.payable_id and i.is_binding) order by b.payable_id limit $3");
    LIST_OPEN_OF_PUBLISHER = select!("where b.publisher_id = $1 and b.currency = $2 and not exists (select 1
        from payout_items i where i.payable_id = b.payable_id and i.is_binding) order by b.payable_id");
    LIST_OWED_OF_PUBLISHER = select!("where b.publisher_id = $1 and b.kind = 'commission_clawed_back' and not exists
        (select 1 from payout_items i where i.payable_id = b.payable_id and i.is_binding)
        order by b.payable_id desc limit $2");
    LIST_OF_PAYOUT = select!("join payout_items p on p.payable_id = b.payable_id where p.payout_id = $1
        order by b.payable_id");
    SUM_OF_CONVERSION = "select cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor from payables
        where conversion_id = $1";
}

pub async fn insert(w: &mut Writer, new: &Payable, at: Timestamp) -> Result<(), StoreError> {
    w.changed(Change::Figures(new.publisher_id.party()));
    on_driver!(w, |c| query(INSERT)
        .bind(new.payable_id)
        .bind(new.publisher_id)
        .bind(new.currency)
        .bind(new.amount_minor)
        .bind(new.conversion_id)
        .bind(new.kind)
        .bind(new.approved_at_ms)
        .bind(at)
        .execute(c)
        .await
        .map(drop))
}

/// What no payout has taken, whoever's, after `after`: for the proposal.
pub async fn list_open(
    conn: &mut Conn,
    currency: Currency,
    after: PayableId,
    limit: i64,
) -> Result<Vec<Payable>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OPEN).bind(currency).bind(after).bind(limit).fetch_all(c).await)
}

/// What no payout has taken of a publisher's.
pub async fn list_open_of_publisher(
    conn: &mut Conn,
    publisher: PublisherId,
    currency: Currency,
) -> Result<Vec<Payable>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OPEN_OF_PUBLISHER).bind(publisher).bind(currency).fetch_all(c).await)
}

/// What a publisher was paid and owes since, and no payout has kept yet; newest first.
pub async fn list_owed_of_publisher(
    conn: &mut Conn,
    publisher: PublisherId,
    limit: i64,
) -> Result<Vec<Payable>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OWED_OF_PUBLISHER).bind(publisher).bind(limit).fetch_all(c).await)
}

/// What a payout takes, or was proposed to take. The caller may see the payout.
pub async fn list_of_payout(conn: &mut Conn, payout: PayoutId) -> Result<Vec<Payable>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PAYOUT).bind(payout).fetch_all(c).await)
}

/// All entries of a conversion together: what is payable of it, paid or not.
pub async fn sum_of_conversion(conn: &mut Conn, conversion: ConversionId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(SUM_OF_CONVERSION).bind(conversion).fetch_one(c).await)
}
