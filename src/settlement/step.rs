//! One step in the life of a conversion that this transaction has locked.

use crate::domain::environment::Environment;
use crate::domain::ids::{EventId, MemberId, PayableId};
use crate::domain::payout::PayableKind;
use crate::domain::review::{EventRecord, Step};
use crate::domain::time::Timestamp;
use crate::store::conversions::Conversion;
use crate::store::payables::{self, Payable};
use crate::store::{StoreError, Writer, conversions, evidence, rollups};

/// A conversion before and after a step, and the step's event. The caller posts to the ledger and moves the totals.
pub struct Taken {
    pub before: Conversion,
    pub after: Conversion,
    pub event_id: EventId,
}

/// Writes the step and its event; `change` sets what else the step changes of the conversion, at the event's time.
pub async fn take(
    w: &mut Writer,
    environment: &Environment,
    before: Conversion,
    step: Step,
    actor: Option<MemberId>,
    change: impl FnOnce(&mut Conversion, Timestamp),
) -> Result<Taken, StoreError> {
    let event_id = environment.new_id(EventId);
    let at = event_id.time();
    let mut after = Conversion { state: step.to, ..before.clone() };
    change(&mut after, at);
    conversions::update(w, &after).await?;
    let event = EventRecord {
        number: evidence::count_events(w, before.conversion_id).await? + 1,
        from: Some(step.from),
        to: step.to,
        actor,
        reason: step.reason,
        note: step.note,
        amount_before_minor: before.amount_minor,
        amount_after_minor: after.amount_minor,
        worth_before: Some(before.event_worth()),
        worth_after: Some(after.event_worth()),
        at,
    };
    evidence::insert_event(w, event_id, before.conversion_id, &event).await?;
    Ok(Taken { before, after, event_id })
}

/// Writes what a step makes payable to its publisher, or owed by it.
pub async fn enter(
    w: &mut Writer,
    environment: &Environment,
    taken: &Taken,
    kind: PayableKind,
    amount_minor: i64,
) -> Result<(), StoreError> {
    let Some(publisher_id) = taken.before.publisher_id.filter(|_| amount_minor != 0) else { return Ok(()) };
    let new = Payable {
        payable_id: PayableId(taken.event_id.0),
        publisher_id,
        currency: taken.before.currency,
        amount_minor,
        conversion_id: Some(taken.before.conversion_id),
        kind,
        approved_at_ms: taken.before.approved_at_ms.unwrap_or_else(|| taken.event_id.time()),
    };
    payables::insert(w, &new, environment.now()).await
}

/// Moves the totals of everybody who reads these conversions.
pub async fn count(w: &mut Writer, taken: &[Taken]) -> Result<(), StoreError> {
    let changes: Vec<_> = taken.iter().map(|taken| (Some(&taken.before), Some(&taken.after))).collect();
    rollups::change_conversions(w, &changes).await
}
