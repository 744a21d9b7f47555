//! Refunds and reversals: what is taken back of an order, before and after its payment. A refund belongs to the order: one
//! that comes before its sale waits for it, and one of what is in a payout waits for the payout's end.

use crate::domain::conversion::ConversionState;
use crate::domain::decision::{Decision, decide, reported};
use crate::domain::environment::Environment;
use crate::domain::evidence::{Inputs, version};
use crate::domain::ids::{CampaignId, ConversionId, DecisionId, MemberId, RefundId};
use crate::domain::ledger_changes::Stage;
use crate::domain::line::Line;
use crate::domain::money::Money;
use crate::domain::party::{Acting, Viewer};
use crate::domain::reason::RejectReason;
use crate::domain::refund::{self, REFERENCE_MAX_BYTES, REFUNDS_MAX, Refund, RefundRefused as Beyond, Remaining};
use crate::domain::review::{self as rules, Step, StepRefused};
use crate::domain::terms::Terms;
use crate::store::conversions::Conversion;
use crate::store::refunds::{self, Refunded};
use crate::store::{Conn, Store, StoreError, Writer, conversions, evidence, terms};

use super::review::{self, ReviewRefused};
use super::step::{self, Taken};
use super::tally::Tally;

/// The job reads so many refunds at a time.
const PAGE: i64 = 500;

/// An order, by the advertiser's name of it.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    pub campaign_id: CampaignId,
    pub event: &'a str,
    pub order_id: &'a str,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewRefund {
    pub money: Money,
    /// Which of the order's lines; none: of all of them.
    pub lines: Vec<Line>,
    /// The same one of the same order is the same refund.
    pub reference: String,
    pub reason: RejectReason,
    pub note: String,
    /// Nothing where a program asks.
    pub by: Option<MemberId>,
}

/// Why nothing was taken back.
#[derive(Debug, thiserror::Error)]
pub enum RefundRefused {
    #[error(transparent)]
    Beyond(#[from] Beyond),
    #[error(transparent)]
    Step(#[from] StepRefused),
    #[error("it is {0}, and nothing of it is left")]
    Ended(ConversionState),
    #[error("the reference {0} names another refund of this order")]
    OtherContent(String),
    #[error("a reference has 1 to {REFERENCE_MAX_BYTES} bytes, without control characters and outer spaces")]
    BadReference,
    /// It is no longer what the person looked at; here it is as it is now.
    #[error("order {} changed since you looked: now it is: {}", .0.order_id, review::as_it_is(.0))]
    Changed(Box<Conversion>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It counts.
    Applied,
    /// For its sale, or for the end of a payout.
    Waits,
    /// It was there already.
    Known,
}

/// A refund that is stored.
#[derive(Debug, Clone)]
pub struct Booked {
    pub refund_id: RefundId,
    pub became: Became,
    /// As it is now; nothing while its sale has not come.
    pub conversion: Option<Conversion>,
}

/// What a refund would do.
#[derive(Debug, Clone)]
pub struct Preview {
    pub conversion: Conversion,
    /// What would be left, and what that is worth.
    pub left: Money,
    pub commission: Money,
    pub fee: Money,
    /// Nothing is left, and the conversion loses its worth.
    pub is_everything: bool,
}

/// Takes a part of an order back, or all that is left of it: for a program of the campaign. The caller commits.
///
/// # Errors
/// More than is left; another refund of the same reference; a reason "other" without a note.
pub async fn book(
    w: &mut Writer,
    environment: &Environment,
    order: Order<'_>,
    new: &NewRefund,
) -> Result<Booked, RefundRefused> {
    let Order { campaign_id, event, order_id } = order;
    let locked = conversions::lock_by_order(w, campaign_id, event, order_id).await?;
    let known = refunds::list_of_order(w, campaign_id, event, order_id).await?;
    if let Some(known) = same(&known, new)? {
        return Ok(Booked { refund_id: known, became: Became::Known, conversion: locked });
    }
    let refund = row(environment, order, new)?;
    let Some(conversion) = locked else { return wait_for_sale(w, new, &refund, known.len()).await };
    let taken = take(w, environment, conversion.clone(), &known, &refund).await?;
    finish(w, environment, conversion, &refund, taken).await
}

/// As [`book`], by a person who looks at the conversion at `version`.
///
/// # Errors
/// As [`book`]; `NotFound` for whoever may not review it; `Changed`.
pub async fn refund(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: ConversionId,
    version: i64,
    new: &NewRefund,
) -> Result<Booked, RefundRefused> {
    let mut w = store.write().await?;
    let conversion = review::lock_of(&mut w, viewer, id).await?;
    let known = of_order(&mut w, &conversion).await?;
    if let Some(known) = same(&known, new)? {
        return Ok(Booked { refund_id: known, became: Became::Known, conversion: Some(conversion) });
    }
    if conversion.version != version {
        return Err(RefundRefused::Changed(Box::new(conversion)));
    }
    let refund = row(environment, order_of(&conversion), new)?;
    let taken = take(&mut w, environment, conversion.clone(), &known, &refund).await?;
    let booked = finish(&mut w, environment, conversion, &refund, taken).await?;
    w.commit().await?;
    Ok(booked)
}

/// Takes all its worth from a conversion after its approval; after payment its publisher owes it back.
///
/// # Errors
/// As [`review::reject`]; it is not approved, or in a payout.
pub async fn reverse(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: ConversionId,
    version: i64,
    reason: Option<RejectReason>,
    note: &str,
) -> Result<(), ReviewRefused> {
    let mut w = store.write().await?;
    let conversion = review::lock_of(&mut w, viewer, id).await?;
    let step = rules::reverse(conversion.state, reason, note)?;
    let conversion = review::as_seen(conversion, version)?;
    review::write(&mut w, environment, conversion, step, Some(viewer.member_id)).await?;
    Ok(w.commit().await?)
}

/// What a refund would do; nothing is written.
///
/// # Errors
/// As [`refund`].
pub async fn preview(
    conn: &mut Conn,
    viewer: &Viewer,
    id: ConversionId,
    money: Money,
) -> Result<Preview, RefundRefused> {
    if matches!(viewer.acting, Acting::Publisher(_)) {
        return Err(StoreError::NotFound.into());
    }
    let conversion = conversions::get_of(conn, viewer.acting, id).await?;
    if ended(conversion.state) {
        return Err(RefundRefused::Ended(conversion.state));
    }
    let known = of_order(conn, &conversion).await?;
    let refund = Refund { refund_id: RefundId(0), minor: money.minor, currency: money.currency, lines: Vec::new() };
    let stand = Stand::of(conn, &conversion).await?;
    let left = stand.left_after(&known, &refund)?;
    // All that was asked for counts in the end, also what still waits.
    let waiting = known.iter().filter(|known| known.event_id.is_none()).map(Refunded::input);
    let (_, decision) = stand.decided_with(waiting.chain([refund]))?;
    let of = |minor| Money::new(minor, conversion.currency);
    let is_everything = left.is_nothing();
    let (commission, fee) = if is_everything { (0, 0) } else { (decision.commission_minor, decision.fee_minor) };
    Ok(Preview { left: of(left.minor), commission: of(commission), fee: of(fee), is_everything, conversion })
}

/// The job: takes what waited and need not wait any more. Two processes may run it at once: each conversion is looked at
/// under its lock. Gives how many refunds count now.
pub async fn apply_due(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let (mut after, mut tally) = (RefundId(0), Tally::default());
    loop {
        let due = refunds::list_due(&mut store.read().await?, after, PAGE).await?;
        let Some(&(last, _)) = due.last() else { return tally.result() };
        for (_, conversion) in due {
            if !tally.add(conversion, apply_waiting(store, environment, conversion).await) {
                return tally.result();
            }
        }
        after = last;
    }
}

/// Takes all that waited of one conversion; each refund is a step of its own.
pub(super) async fn apply_waiting(
    store: &Store,
    environment: &Environment,
    id: ConversionId,
) -> Result<usize, StoreError> {
    let mut w = store.write().await?;
    let mut conversion = conversions::lock(&mut w, id).await?;
    let known = of_order(&mut w, &conversion).await?;
    let mut applied = 0;
    for refund in known.iter().filter(|refund| refund.event_id.is_none()) {
        if Stage::of(conversion.state).is_none() {
            break;
        }
        let stand = Stand::of(&mut w, &conversion).await?;
        let (inputs, decision) = stand.decided_with([refund.input()])?;
        // An open one may still be reported better, with more than was taken back.
        let is_closed = decision.amount_minor == Some(0) && !conversion.state.is_open();
        let taken = write(&mut w, environment, conversion, refund, (&inputs, &decision), is_closed).await?;
        conversion = taken.after.clone();
        review::book(&mut w, environment, &[taken]).await?;
        applied += 1;
    }
    w.commit().await?;
    Ok(applied)
}

const fn ended(state: ConversionState) -> bool {
    matches!(state, ConversionState::Rejected | ConversionState::Reversed)
}

fn order_of(conversion: &Conversion) -> Order<'_> {
    Order { campaign_id: conversion.campaign_id, event: &conversion.event, order_id: &conversion.order_id }
}

pub(super) async fn of_order(conn: &mut Conn, conversion: &Conversion) -> Result<Vec<Refunded>, StoreError> {
    refunds::list_of_order(conn, conversion.campaign_id, &conversion.event, &conversion.order_id).await
}

/// The refund of this reference, if it is there and says the same.
fn same(known: &[Refunded], new: &NewRefund) -> Result<Option<RefundId>, RefundRefused> {
    let Some(known) = known.iter().find(|known| known.reference == new.reference) else { return Ok(None) };
    let is_same = known.money() == new.money && known.lines == new.lines;
    if is_same { Ok(Some(known.refund_id)) } else { Err(RefundRefused::OtherContent(new.reference.clone())) }
}

/// What is stored of a refund, as far as that does not depend on its conversion.
fn row(environment: &Environment, order: Order<'_>, new: &NewRefund) -> Result<Refunded, RefundRefused> {
    let reference = new.reference.as_str();
    let is_length = (1..=REFERENCE_MAX_BYTES).contains(&reference.len());
    if !is_length || reference.trim() != reference || reference.contains(char::is_control) {
        return Err(RefundRefused::BadReference);
    }
    if new.money.minor <= 0 {
        return Err(Beyond::NoAmount.into());
    }
    Ok(Refunded {
        refund_id: environment.new_id(RefundId),
        campaign_id: order.campaign_id,
        event: order.event.to_owned(),
        order_id: order.order_id.to_owned(),
        reference: new.reference.clone(),
        currency: new.money.currency,
        amount_minor: new.money.minor,
        lines: new.lines.clone(),
        reason: new.reason,
        note: new.note.trim().to_owned(),
        created_by: new.by,
        event_id: None,
    })
}

/// It came before its sale, which will read it. Where both come at the same moment and neither sees the other, the job
/// takes it.
async fn wait_for_sale(
    w: &mut Writer,
    new: &NewRefund,
    refund: &Refunded,
    known: usize,
) -> Result<Booked, RefundRefused> {
    if known >= REFUNDS_MAX {
        return Err(Beyond::TooMany.into());
    }
    rules::amend(ConversionState::Unattributed, refund.reason, &refund.note)?;
    if refunds::insert(w, refund).await? {
        return Ok(Booked { refund_id: refund.refund_id, became: Became::Waits, conversion: None });
    }
    // Another process stored one of this reference a moment ago.
    let known = refunds::list_of_order(w, refund.campaign_id, &refund.event, &refund.order_id).await?;
    let refund_id = same(&known, new)?.ok_or(StoreError::Conflict)?;
    Ok(Booked { refund_id, became: Became::Known, conversion: None })
}

/// A conversion with all that its newest decision rests on.
struct Stand {
    inputs: Inputs,
    decision: Decision,
    terms: Vec<Terms>,
}

fn broken(why: impl ToString) -> StoreError {
    StoreError::Corrupt { what: "decision's inputs", why: why.to_string() }
}

impl Stand {
    async fn of(conn: &mut Conn, conversion: &Conversion) -> Result<Self, StoreError> {
        let decided = evidence::latest_decision(conn, conversion.conversion_id).await?;
        let (inputs, decision) = decided.ok_or_else(|| broken("there is no decision"))?;
        let terms = terms::list(conn, conversion.campaign_id).await?;
        Ok(Self { inputs, decision, terms })
    }

    /// What is left after one more, by the strict rule.
    fn left_after(&self, known: &[Refunded], new: &Refund) -> Result<Remaining, RefundRefused> {
        let terms = version(&self.terms, self.decision.terms_version).map_err(broken)?;
        let (minor, currency, lines) = reported(&self.inputs, terms).ok_or(Beyond::WithoutAmount)?;
        let known: Vec<Refund> = known.iter().map(Refunded::input).collect();
        Ok(refund::refund(minor, lines, currency, &known, new)?)
    }

    /// The decision over the same reports and further refunds. Nothing but amount, lines and worth may follow from them.
    fn decided_with(&self, more: impl IntoIterator<Item = Refund>) -> Result<(Inputs, Decision), StoreError> {
        let mut inputs = self.inputs.clone();
        inputs.refunds.extend(more);
        inputs.refunds.sort();
        let decision = decide(&inputs, &self.terms).map_err(broken)?;
        let is_same = decision.publisher_id == self.decision.publisher_id
            && decision.terms_version == self.decision.terms_version
            && decision.currency == self.decision.currency;
        if is_same { Ok((inputs, decision)) } else { Err(broken("a refund would change more than the amount")) }
    }
}

/// Stores a refund of a conversion that this transaction has locked, and the step that follows; nothing where it waits.
/// What follows for totals and ledger is for [`review::book`].
pub(super) async fn take(
    w: &mut Writer,
    environment: &Environment,
    conversion: Conversion,
    known: &[Refunded],
    refund: &Refunded,
) -> Result<Option<Taken>, RefundRefused> {
    if ended(conversion.state) {
        return Err(RefundRefused::Ended(conversion.state));
    }
    rules::amend(conversion.state, refund.reason, &refund.note)?;
    let stand = Stand::of(w, &conversion).await?;
    let left = stand.left_after(known, &refund.input())?;
    if !refunds::insert(w, refund).await? {
        // Another process stored one of this reference, just before the sale came: asked again, it is known.
        return Err(StoreError::Conflict.into());
    }
    if Stage::of(conversion.state).is_none() {
        return Ok(None);
    }
    let (inputs, decision) = stand.decided_with([refund.input()])?;
    // What belongs to nobody has no worth to take, and stays open.
    let is_closed = left.is_nothing() && conversion.state != ConversionState::Unattributed;
    Ok(Some(write(w, environment, conversion, refund, (&inputs, &decision), is_closed).await?))
}

/// The refund of a row of a file, as [`take`].
pub(super) async fn take_new(
    w: &mut Writer,
    environment: &Environment,
    conversion: Conversion,
    new: &NewRefund,
) -> Result<Option<Taken>, RefundRefused> {
    let known = of_order(w, &conversion).await?;
    if same(&known, new)?.is_some() {
        return Ok(None);
    }
    let refund = row(environment, order_of(&conversion), new)?;
    take(w, environment, conversion, &known, &refund).await
}

/// The step with which a refund counts: what is left goes on, or, where nothing is, the conversion loses its worth.
async fn write(
    w: &mut Writer,
    environment: &Environment,
    conversion: Conversion,
    refund: &Refunded,
    (inputs, decision): (&Inputs, &Decision),
    is_closed: bool,
) -> Result<Taken, StoreError> {
    let (state, reason, note) = (conversion.state, refund.reason, refund.note.as_str());
    let step: Result<Step, StepRefused> = match state {
        ConversionState::Pending if is_closed => rules::reject(state, Some(reason), note),
        _ if is_closed => rules::reverse(state, Some(reason), note),
        _ => rules::amend(state, reason, note),
    };
    let step = step.map_err(broken)?;
    let by = refund.created_by;
    let taken = if is_closed {
        review::take(w, environment, conversion, step, by).await?
    } else {
        let change = |after: &mut Conversion, _| {
            after.apply(decision);
            after.state = state;
        };
        let taken = step::take(w, environment, conversion, step, by, change).await?;
        let id = environment.new_id(DecisionId);
        evidence::insert_decision(w, id, taken.after.conversion_id, inputs, decision).await?;
        taken
    };
    refunds::insert_step(w, refund.refund_id, taken.event_id).await?;
    Ok(taken)
}

async fn finish(
    w: &mut Writer,
    environment: &Environment,
    conversion: Conversion,
    refund: &Refunded,
    taken: Option<Taken>,
) -> Result<Booked, RefundRefused> {
    let refund_id = refund.refund_id;
    let Some(taken) = taken else {
        return Ok(Booked { refund_id, became: Became::Waits, conversion: Some(conversion) });
    };
    let after = taken.after.clone();
    review::book(w, environment, &[taken]).await?;
    Ok(Booked { refund_id, became: Became::Applied, conversion: Some(after) })
}
