//! Approving and rejecting conversions: by their advertiser, by an admin, and by the validation deadline.

use std::collections::BTreeSet;

use crate::domain::account::AccountKey;
use crate::domain::click_pay;
use crate::domain::conversion::ConversionState;
use crate::domain::environment::Environment;
use crate::domain::ids::{AdvertiserId, ConversionId, MemberId};
use crate::domain::ledger::{self, Fact, Posting, Worth};
use crate::domain::money::{Currency, Money};
use crate::domain::party::{Acting, Viewer};
use crate::domain::reason::{ReasonCode, RejectReason};
use crate::domain::review::{self, Standing, Step, StepRefused};
use crate::domain::time::Timestamp;
use crate::store::conversions::Conversion;
use crate::store::{self, Conn, Store, StoreError, Writer, conversion_lists, conversions, terms};

use super::step::{self, Taken};
use super::tally::Tally;
use super::{deposit, loss};

/// The job reads so many ids at a time.
const PAGE: i64 = 500;

/// Why a conversion was not approved or rejected.
#[derive(Debug, thiserror::Error)]
pub enum ReviewRefused {
    #[error(transparent)]
    Step(#[from] StepRefused),
    /// It is no longer what the person looked at; here it is as it is now.
    #[error("order {} changed since you looked: now it is: {}", .0.order_id, as_it_is(.0))]
    Changed(Box<Conversion>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a review is about, in words.
pub(super) fn as_it_is(conversion: &Conversion) -> String {
    let money = |minor| Money::new(minor, conversion.currency);
    let amount = conversion.amount_minor.map(|minor| format!(" over {}", money(minor))).unwrap_or_default();
    let (commission, fee) = (money(conversion.commission_minor), money(conversion.fee_minor));
    let Conversion { event, badge, .. } = conversion;
    format!("{event}{amount}, {badge}, commission {commission}, fee {fee}")
}

/// A person approves a pending conversion that is still at the `version` they saw: the advertiser owes it, and a deposit
/// pays for it if there is one.
///
/// # Errors
/// `NotFound` for whoever may not review it; a step that its state does not allow; `Changed`.
pub async fn approve(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: ConversionId,
    version: i64,
) -> Result<(), ReviewRefused> {
    let mut w = store.write().await?;
    let conversion = lock_of(&mut w, viewer, id).await?;
    let step = review::approve(conversion.state)?;
    check_over(&conversion, &step, environment.now())?;
    let conversion = as_seen(conversion, version)?;
    write(&mut w, environment, conversion, step, Some(viewer.member_id)).await?;
    Ok(w.commit().await?)
}

/// Takes its worth from a conversion that is not yet approved; the reason is what its publisher reads.
///
/// # Errors
/// As [`approve`]; no reason, or "other" without a note.
pub async fn reject(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: ConversionId,
    version: i64,
    reason: Option<RejectReason>,
    note: &str,
) -> Result<(), ReviewRefused> {
    let mut w = store.write().await?;
    let conversion = lock_of(&mut w, viewer, id).await?;
    let step = review::reject(conversion.state, reason, note)?;
    let conversion = as_seen(conversion, version)?;
    write(&mut w, environment, conversion, step, Some(viewer.member_id)).await?;
    Ok(w.commit().await?)
}

/// Lets a held conversion go on like any other that waits; the reason stands on its receipt.
///
/// # Errors
/// As [`approve`]; it is not held, or no reason is given.
pub async fn release_hold(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: ConversionId,
    version: i64,
    why: &str,
) -> Result<(), ReviewRefused> {
    let mut w = store.write().await?;
    let conversion = lock_of(&mut w, viewer, id).await?;
    let standing = standing_of(&mut w, &conversion).await?;
    let step = review::release_hold(&standing, why)?;
    let conversion = as_seen(conversion, version)?;
    let change = |after: &mut Conversion, at| after.hold_released_at_ms = Some(at);
    step::take(&mut w, environment, conversion, step, Some(viewer.member_id), change).await?;
    Ok(w.commit().await?)
}

/// Locks a conversion that this viewer may review: an advertiser its own, an admin any.
pub(super) async fn lock_of(w: &mut Writer, viewer: &Viewer, id: ConversionId) -> Result<Conversion, StoreError> {
    if matches!(viewer.acting, Acting::Publisher(_)) {
        return Err(StoreError::NotFound);
    }
    conversions::get_of(w, viewer.acting, id).await?;
    conversions::lock(w, id).await
}

/// What still counts clicks is not approved.
pub(super) fn check_over(conversion: &Conversion, step: &Step, now: Timestamp) -> Result<(), StepRefused> {
    match step.to {
        ConversionState::Approved => click_pay::check_over(&conversion.event, conversion.converted_at_ms, now),
        _ => Ok(()),
    }
}

/// Further evidence may have changed the amount, the commission or the publisher since.
pub(super) fn as_seen(conversion: Conversion, version: i64) -> Result<Conversion, ReviewRefused> {
    if conversion.version == version { Ok(conversion) } else { Err(ReviewRefused::Changed(Box::new(conversion))) }
}

/// Writes one step of a review with all that follows from it; gives the conversion as it is afterwards.
pub(super) async fn write(
    w: &mut Writer,
    environment: &Environment,
    conversion: Conversion,
    step: Step,
    actor: Option<MemberId>,
) -> Result<Conversion, StoreError> {
    let taken = take(w, environment, conversion, step, actor).await?;
    let after = taken.after.clone();
    book(w, environment, &[taken]).await?;
    Ok(after)
}

/// The step of a review, approval, rejection or reversal, and its event. What follows for totals and ledger is for [`book`].
pub(super) async fn take(
    w: &mut Writer,
    environment: &Environment,
    conversion: Conversion,
    step: Step,
    actor: Option<MemberId>,
) -> Result<Taken, StoreError> {
    let (to, text) = (step.to, step.reason.as_str().to_owned());
    let change = |after: &mut Conversion, at| match to {
        ConversionState::Approved => after.approved_at_ms = Some(at),
        _ => after.reason = Some(text),
    };
    step::take(w, environment, conversion, step, actor, change).await
}

/// What the steps of reviews and refunds mean for totals and ledger; what is owed is paid for as far as there is money.
pub(super) async fn book(w: &mut Writer, environment: &Environment, taken: &[Taken]) -> Result<(), StoreError> {
    step::count(w, taken).await?;
    let is_owed = |one: &&Taken| !one.before.state.is_open() || one.after.state == ConversionState::Approved;
    let owed = taken.iter().filter(is_owed).map(|one| (one.after.advertiser_id, one.after.currency));
    let owing: BTreeSet<(AdvertiserId, Currency)> = owed.collect();
    let facts: Vec<(&Taken, Option<Vec<Posting>>)> = taken.iter().map(|one| (one, postings_of(one))).collect();
    // Accounts that are not there yet are made before the first posting, all of them in one order: another transaction
    // with the same publishers the other way round waits, instead of each for the other.
    let postings = facts.iter().filter_map(|(_, postings)| postings.as_ref()).flatten();
    let mut accounts: BTreeSet<AccountKey> = postings.flat_map(|one| [one.debit, one.credit]).collect();
    accounts.extend(owing.iter().map(|(advertiser, currency)| deposit::account(*advertiser, *currency)));
    store::ledger::ensure_accounts(w, environment, &accounts).await?;
    for &(advertiser, currency) in &owing {
        deposit::lock(w, environment, advertiser, currency).await?;
    }
    for (one, postings) in facts {
        match postings {
            Some(postings) => {
                store::ledger::post(w, environment, Fact::Conversion, one.event_id.0, &postings).await?;
            }
            None => loss::post(w, environment, one).await?,
        }
    }
    for (advertiser, currency) in owing {
        deposit::allocate(w, environment, advertiser, currency).await?;
    }
    Ok(())
}

/// What the decision on a pending conversion posts; nothing is told for any other step, which may take something back.
fn postings_of(taken: &Taken) -> Option<Vec<Posting>> {
    let rule: fn(&Worth) -> Vec<Posting> = match (taken.before.state, taken.after.state) {
        (ConversionState::Pending, ConversionState::Approved) => ledger::approve,
        (ConversionState::Pending, ConversionState::Rejected) => ledger::reject,
        _ => return None,
    };
    Some(taken.before.worth().map(|worth| rule(&worth)).unwrap_or_default())
}

/// Posts what a step means for the worth of its conversion, under the event's id; nothing while it belongs to nobody.
pub(super) async fn post(
    w: &mut Writer,
    environment: &Environment,
    taken: &Taken,
    rule: impl FnOnce(&Worth) -> Vec<Posting>,
) -> Result<(), StoreError> {
    let Some(worth) = taken.before.worth() else { return Ok(()) };
    store::ledger::post(w, environment, Fact::Conversion, taken.event_id.0, &rule(&worth)).await
}

/// The job: approves every pending conversion whose validation deadline has passed, which is vouched for and not held.
/// Two processes may run it at once: each conversion is decided under its lock. Gives how many were approved.
pub async fn approve_due(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let (mut after, mut tally) = (ConversionId(0), Tally::default());
    loop {
        let now = environment.now();
        let due = conversion_lists::list_validation_over(&mut store.read().await?, now, after, PAGE).await?;
        let Some(&last) = due.last() else { return tally.result() };
        for id in due {
            if !tally.add(id, approve_by_itself(store, environment, id).await.map(usize::from)) {
                return tally.result();
            }
        }
        after = last;
    }
}

/// False where it is no longer due.
async fn approve_by_itself(store: &Store, environment: &Environment, id: ConversionId) -> Result<bool, StoreError> {
    let mut w = store.write().await?;
    let conversion = conversions::lock(&mut w, id).await?;
    let standing = standing_of(&mut w, &conversion).await?;
    let now = environment.now();
    let step = review::approve_by_itself(&standing, now);
    match step.and_then(|step| check_over(&conversion, &step, now).map(|()| step)) {
        Ok(step) => write(&mut w, environment, conversion, step, None).await?,
        Err(_) => return Ok(false),
    };
    w.commit().await?;
    Ok(true)
}

/// As [`standing`], by the terms that price it.
pub(super) async fn standing_of(conn: &mut Conn, conversion: &Conversion) -> Result<Standing, StoreError> {
    let terms = terms::get(conn, conversion.campaign_id, conversion.terms_version).await?;
    standing(conversion, review::validation_deadline(conversion.converted_at_ms, &terms))
}

/// What the rules of review look at; not whether the network was asked already.
pub fn standing(conversion: &Conversion, deadline_at: Timestamp) -> Result<Standing, StoreError> {
    let corrupt = |why: &str| StoreError::Corrupt { what: "hold", why: why.to_owned() };
    let held = conversion.still_held();
    let held_reason = held.map(|code| code.parse::<ReasonCode>().map_err(|_| corrupt(code))).transpose()?;
    Ok(Standing { state: conversion.state, badge: conversion.badge, held_reason, deadline_at, handed_over_at: None })
}
