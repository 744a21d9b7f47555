//! The hold: what is approved, no longer held back and funded becomes payable.

use crate::domain::environment::Environment;
use crate::domain::ids::ConversionId;
use crate::domain::payout::PayableKind;
use crate::domain::{ledger, review};
use crate::store::{Store, StoreError, conversion_lists, conversions, deposits, rollups, terms};

use super::review::post;
use super::step;
use super::tally::Tally;

/// The job reads so many ids at a time.
const PAGE: i64 = 500;

/// The job: releases every approved conversion whose hold is over and which is funded. Two processes may run it at
/// once: each conversion is decided under its lock. Gives how many were released.
pub async fn release_due(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let (mut after, mut tally) = (ConversionId(0), Tally::default());
    loop {
        let now = environment.now();
        let due = conversion_lists::list_hold_over(&mut store.read().await?, now, after, PAGE).await?;
        let Some(&last) = due.last() else { return tally.result() };
        for id in due {
            if !tally.add(id, release(store, environment, id).await.map(usize::from)) {
                return tally.result();
            }
        }
        after = last;
    }
}

/// False where it is no longer due.
async fn release(store: &Store, environment: &Environment, id: ConversionId) -> Result<bool, StoreError> {
    let mut w = store.write().await?;
    let conversion = conversions::lock(&mut w, id).await?;
    let Some(approved_at) = conversion.approved_at_ms else { return Ok(false) };
    let terms = terms::get(&mut w, conversion.campaign_id, conversion.terms_version).await?;
    let allocated_minor = deposits::allocated(&mut w, id).await?;
    // What costs nothing needs no money.
    let is_funded = conversion.worth().is_none_or(|worth| allocated_minor >= worth.charge_minor());
    let hold_end = review::hold_end(approved_at, &terms);
    match review::release(conversion.state, hold_end, is_funded, environment.now()) {
        Ok(step) => {
            let taken = step::take(&mut w, environment, conversion, step, None, |_, _| ()).await?;
            rollups::change_conversion(&mut w, Some(&taken.before), Some(&taken.after)).await?;
            post(&mut w, environment, &taken, ledger::release).await?;
            let commission_minor = taken.after.worth().map_or(0, |worth| worth.commission_minor);
            step::enter(&mut w, environment, &taken, PayableKind::Released, commission_minor).await?;
        }
        Err(_) => return Ok(false),
    }
    w.commit().await?;
    Ok(true)
}
