//! What it means for the ledger, the deposits and what is payable that a conversion is worth less than before, or nothing.

use crate::domain::environment::Environment;
use crate::domain::ids::AllocationId;
use crate::domain::ledger::{self, Fact, Worth};
use crate::domain::ledger_changes::{Stage, amend};
use crate::domain::payout::PayableKind;
use crate::store::{StoreError, Writer, deposits};

use super::step::{self, Taken};

/// Posts it under the step's event. The deposits of its advertiser are locked.
pub async fn post(w: &mut Writer, environment: &Environment, taken: &Taken) -> Result<(), StoreError> {
    let wrong = |why: &str| StoreError::Corrupt { what: "refund", why: why.to_owned() };
    let Some(before) = taken.before.worth() else { return Ok(()) };
    let left = taken.after.event_worth();
    let after = Worth { commission_minor: left.commission_minor, fee_minor: left.fee_minor, ..before };
    let stage = Stage::of(taken.before.state).ok_or_else(|| wrong("nothing of it may change now"))?;
    let fact = taken.event_id.0;
    if stage == Stage::Open {
        let postings = ledger::change_accrual(Some(&before), Some(&after));
        return crate::store::ledger::post(w, environment, Fact::Conversion, fact, &postings).await;
    }
    let loss = before.loss(&after).ok_or_else(|| wrong("it would be worth more than before"))?;
    let id = taken.before.conversion_id;
    let is_allocated = deposits::allocated(w, id).await? > 0;
    let postings = amend(&loss, stage, is_allocated);
    crate::store::ledger::post(w, environment, Fact::Conversion, fact, &postings).await?;
    if is_allocated && stage != Stage::Paid && loss.charge_minor() > 0 {
        let allocation = environment.new_id(AllocationId);
        deposits::insert_allocation(w, allocation, id, -loss.charge_minor(), environment.now()).await?;
    }
    let kind = match stage {
        Stage::Open | Stage::Approved => return Ok(()),
        Stage::Payable => PayableKind::ReleaseReversed,
        Stage::Paid => PayableKind::ClawedBack,
    };
    step::enter(w, environment, taken, kind, -loss.commission_minor).await
}
