//! Payouts: proposed as a run, approved (and only then reserved), paid or failed.

use crate::domain::account::{AccountKey, AccountKind};
use crate::domain::conversion::ConversionState;
use crate::domain::environment::Environment;
use crate::domain::ids::{ConversionId, MemberId, PayableId, PayoutId, PayoutRunId};
use crate::domain::ledger::{self, Fact, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::party::Viewer;
use crate::domain::payout::{
    self, NET_DAYS_DEFAULT, PayableKind, PayoutLine, PayoutRules, PayoutRunState, PayoutState, Proposal, SeenRun,
};
use crate::domain::time::Zone;
use crate::store::conversions::Conversion;
use crate::store::payables::{self, Payable};
use crate::store::payouts::{NewPayout, Payout};
use crate::store::{Store, StoreError, Writer, conversions, parties, payouts, refunds};

use super::step::{self, Taken};
use super::{TEXT_MAX, admin, hold, payout_details, refund, text};

const PAGE: i64 = 1_000;

/// How the network pays; from the process's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayoutSettings {
    /// The month of approval must have ended so long before the run.
    pub net_days: i64,
    /// Less is carried: minor units of the run's currency. Unset: 25 of the currency.
    pub threshold_minor: Option<i64>,
    /// A run of more needs a second admin: minor units of the run's currency. Unset: off.
    pub four_eyes_minor: Option<i64>,
}

impl Default for PayoutSettings {
    fn default() -> Self {
        Self { net_days: NET_DAYS_DEFAULT, threshold_minor: None, four_eyes_minor: None }
    }
}

impl PayoutSettings {
    fn rules(&self, currency: Currency) -> PayoutRules {
        let thresholds = self.threshold_minor.map(|minor| Money::new(minor, currency)).into_iter().collect();
        // The network's zone.
        PayoutRules { net_days: self.net_days, thresholds, zone: Zone::UTC }
    }
}

/// Why nothing happened to a run or a payout.
#[derive(Debug, thiserror::Error)]
pub enum PayoutRefused {
    #[error("it has changed since it was proposed: propose again and look again")]
    Changed,
    #[error("there is nothing to pay in this run")]
    NothingToPay,
    #[error("{0} cannot be paid now, as it could when this was proposed: propose again and look again")]
    Held(String),
    #[error(
        "its publisher entered other payout details after it was approved: if it was not sent, mark it as failed, and \
        propose again"
    )]
    OtherDestination,
    #[error("a run of more than {0} is approved by another admin than the one who proposed it")]
    SecondAdminNeeded(Money),
    #[error("the payout is {0}, which leaves no such step")]
    NotUnderWay(PayoutState),
    #[error("the bank's reference is needed, in at most {TEXT_MAX} characters")]
    ReferenceMissing,
    #[error("say why, in at most {TEXT_MAX} characters: the publisher will read it")]
    ReasonMissing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lists what each publisher would get in this currency, and who gets nothing with the reason: a draft, in which
/// nothing is reserved. An earlier draft in this currency is given up.
///
/// # Errors
/// `Changed`: somebody else proposes at the same moment.
pub async fn propose(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    currency: Currency,
    settings: &PayoutSettings,
) -> Result<PayoutRunId, PayoutRefused> {
    let by = admin(viewer)?;
    hold::release_due(store, environment).await?;
    let mut w = store.write().await?;
    payouts::cancel_draft(&mut w, currency).await?;
    let run = environment.new_id(PayoutRunId);
    payouts::insert_run(&mut w, run, currency, by).await.map_err(|error| {
        if error.is_refused_by("payout_runs_currency_key") { PayoutRefused::Changed } else { error.into() }
    })?;
    let lines = payable(&mut w, currency).await?;
    let now = environment.now();
    for proposal in payout::propose(&lines, &settings.rules(currency), now) {
        let why = match proposal.state {
            PayoutState::Proposed => payout_details::payee(&mut w, proposal.publisher_id, now).await?.err(),
            // Carried already: it says why.
            _ => None,
        };
        let proposal = proposal.held(why);
        insert_proposal(&mut w, environment, run, &proposal, &lines).await?;
    }
    w.commit().await?;
    Ok(run)
}

/// Every entry in this currency that no payout has taken, by id.
async fn payable(w: &mut Writer, currency: Currency) -> Result<Vec<PayoutLine>, StoreError> {
    let mut lines: Vec<PayoutLine> = Vec::new();
    loop {
        let after = lines.last().map_or(PayableId(0), |line| line.payable_id);
        let more = payables::list_open(w, currency, after, PAGE).await?;
        if more.is_empty() {
            return Ok(lines);
        }
        lines.extend(more.iter().map(Payable::line));
    }
}

async fn insert_proposal(
    w: &mut Writer,
    environment: &Environment,
    payout_run_id: PayoutRunId,
    proposal: &Proposal,
    lines: &[PayoutLine],
) -> Result<(), StoreError> {
    let payout_id = environment.new_id(PayoutId);
    let new = NewPayout {
        payout_id,
        payout_run_id,
        publisher_id: proposal.publisher_id,
        money: proposal.money,
        state: proposal.state,
        reason: &proposal.sentence().unwrap_or_default(),
    };
    payouts::insert(w, &new).await?;
    for &id in &proposal.payables {
        let line = lines.binary_search_by_key(&id, |line| line.payable_id);
        let line = &lines[line.expect("a proposal pays the lines it was made from")];
        payouts::insert_item(w, payout_id, id, line.amount_minor).await?;
    }
    Ok(())
}

/// After an approval that found the run to be another than it was: the proposal to look at in its place. Nothing where the
/// run is approved already, by somebody else.
pub async fn propose_instead(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    run_id: PayoutRunId,
    settings: &PayoutSettings,
) -> Result<Option<PayoutRunId>, PayoutRefused> {
    admin(viewer)?;
    let mut conn = store.read().await?;
    let run = payouts::get_run(&mut conn, run_id).await?;
    let draft = payouts::find_draft(&mut conn, run.currency).await?;
    drop(conn);
    match (run.state, draft) {
        (PayoutRunState::Approved | PayoutRunState::Completed, _) => Ok(None),
        (PayoutRunState::Cancelled, Some(draft)) => Ok(Some(draft.payout_run_id)),
        (PayoutRunState::Draft | PayoutRunState::Cancelled, _) => {
            propose(store, environment, viewer, run.currency, settings).await.map(Some)
        }
    }
}

/// An admin approves a run as it was `seen`: all its payouts are reserved in this one transaction, so that nothing is paid
/// twice, whatever runs at once, and each is bound to where its publisher is paid now.
///
/// # Errors
/// `Changed`: decided by somebody else, or no longer what was proposed, or seen. `Held`: somebody in it cannot be paid any
/// more. Nothing is reserved then.
pub async fn approve(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    run_id: PayoutRunId,
    seen: SeenRun,
    settings: &PayoutSettings,
) -> Result<(), PayoutRefused> {
    let by = admin(viewer)?;
    let mut w = store.write().await?;
    let run = payouts::get_run(&mut w, run_id).await?;
    payouts::approve_run(&mut w, run_id, seen.version, by).await.map_err(changed)?;
    if run.seen() != seen {
        return Err(PayoutRefused::Changed);
    }
    let limit = settings.four_eyes_minor.filter(|limit| run.total_minor > *limit && run.created_by == by);
    if let Some(limit) = limit {
        return Err(PayoutRefused::SecondAdminNeeded(Money::new(limit, run.currency)));
    }
    let mut proposed = payouts::list_of_run(&mut w, run_id).await?;
    proposed.retain(|payout| payout.state == PayoutState::Proposed);
    if proposed.is_empty() {
        return Err(PayoutRefused::NothingToPay);
    }
    fix_destinations(&mut w, environment, &mut proposed).await?;
    let taken = take_along(&mut w, environment, &proposed, by).await?;
    step::count(&mut w, &taken).await?;
    for payout in proposed {
        bind(&mut w, &payout).await?;
        reserve(&mut w, environment, payout, by).await?;
    }
    Ok(w.commit().await?)
}

/// Fixes where each of them goes. The publishers are locked, so that none can enter other details before the commit.
async fn fix_destinations(
    w: &mut Writer,
    environment: &Environment,
    proposed: &mut [Payout],
) -> Result<(), PayoutRefused> {
    proposed.sort_by_key(|payout| payout.publisher_id);
    for payout in proposed {
        parties::lock(w, payout.publisher_id.party()).await?;
        match payout_details::payee(w, payout.publisher_id, environment.now()).await? {
            Ok(details) => payout.payout_details_id = Some(details),
            Err(_) => return Err(PayoutRefused::Held(payout.publisher_name.clone())),
        }
    }
    Ok(())
}

fn changed(error: StoreError) -> PayoutRefused {
    if matches!(error, StoreError::Conflict) { PayoutRefused::Changed } else { error.into() }
}

async fn reserve(w: &mut Writer, environment: &Environment, payout: Payout, by: MemberId) -> Result<(), PayoutRefused> {
    let account =
        AccountKey { party: payout.publisher_id.party(), kind: AccountKind::Payable, currency: payout.currency };
    crate::store::ledger::lock_account(w, &account).await?;
    if crate::store::ledger::balance(w, &account).await? < payout.amount_minor {
        return Err(PayoutRefused::Changed);
    }
    post(w, environment, payout.payout_id, &ledger::reserve(payout.publisher_id, payout.money())).await?;
    let decided_at_ms = Some(environment.now());
    let payout = Payout { state: PayoutState::Approved, approved_by: Some(by), decided_at_ms, ..payout };
    payouts::update(w, &payout).await.map_err(changed)
}

async fn post(
    w: &mut Writer,
    environment: &Environment,
    payout: PayoutId,
    postings: &[Posting],
) -> Result<(), StoreError> {
    crate::store::ledger::post(w, environment, Fact::Payout, payout.0, postings).await
}

/// Takes along the conversions whose commissions these payouts pay, locked in the order of their ids, and those that are
/// worth nothing.
async fn take_along(
    w: &mut Writer,
    environment: &Environment,
    list: &[Payout],
    by: MemberId,
) -> Result<Vec<Taken>, PayoutRefused> {
    let mut going: Vec<(ConversionId, &Payout)> = Vec::new();
    for payout in list {
        let entries = payables::list_of_payout(w, payout.payout_id).await?;
        let sum: i128 = entries.iter().map(|entry| i128::from(entry.amount_minor)).sum();
        assert!(sum == i128::from(payout.amount_minor), "a payout is the sum of its entries: {payout:?}");
        let released = entries.iter().filter(|entry| entry.kind == PayableKind::Released);
        going.extend(released.filter_map(|entry| entry.conversion_id).map(|id| (id, payout)));
        let worthless = payouts::list_worthless(w, payout.publisher_id, payout.currency).await?;
        going.extend(worthless.into_iter().map(|id| (id, payout)));
    }
    going.sort_by_key(|(id, _)| *id);
    going.dedup_by_key(|(id, _)| *id);
    let mut taken = Vec::with_capacity(going.len());
    for (id, payout) in going {
        let conversion = conversions::lock(w, id).await?;
        // What was taken back of it cancels out what was released.
        if conversion.state != ConversionState::Reversed {
            let entered = payables::sum_of_conversion(w, id).await?;
            let is_as_proposed = conversion.commission_minor == entered && conversion.payout_id.is_none();
            let conversion = Some(conversion).filter(|_| is_as_proposed).ok_or(PayoutRefused::Changed)?;
            taken.push(move_one(w, environment, conversion, payout, PayoutState::Approved, by).await?);
        }
    }
    Ok(taken)
}

async fn move_one(
    w: &mut Writer,
    environment: &Environment,
    conversion: Conversion,
    payout: &Payout,
    to: PayoutState,
    by: MemberId,
) -> Result<Taken, PayoutRefused> {
    let is_of_payout = conversion.currency == payout.currency && conversion.publisher_id == Some(payout.publisher_id);
    let step = payout::step(conversion.state, to).filter(|_| is_of_payout).ok_or(PayoutRefused::Changed)?;
    let paying = (!is_open_again(to)).then_some(payout.payout_id);
    Ok(step::take(w, environment, conversion, step, Some(by), |after, _| after.payout_id = paying).await?)
}

/// Takes the entries of a payout for good. They must be what it was proposed for: nothing that its publisher owes since
/// may stay behind. What was taken back of a commission stands beside it, and is due with it.
async fn bind(w: &mut Writer, payout: &Payout) -> Result<(), PayoutRefused> {
    let items = payables::list_of_payout(w, payout.payout_id).await?;
    let open = payables::list_open_of_publisher(w, payout.publisher_id, payout.currency).await?;
    let is_beside = |entry: &Payable| items.iter().any(|item| item.conversion_id == entry.conversion_id);
    let is_left = |entry: &Payable| {
        entry.amount_minor < 0 && !items.contains(entry) && (entry.kind == PayableKind::ClawedBack || is_beside(entry))
    };
    if !items.iter().all(|item| open.contains(item)) || open.iter().any(is_left) {
        return Err(PayoutRefused::Changed);
    }
    payouts::bind_items(w, payout.payout_id, true).await.map_err(|error| {
        let is_taken = error.is_refused_by("payout_items_payable_id_key");
        if is_taken { PayoutRefused::Changed } else { error.into() }
    })
}

/// Whether the entries of such a payout can be paid by another.
const fn is_open_again(state: PayoutState) -> bool {
    matches!(state, PayoutState::Failed | PayoutState::Returned)
}

/// Takes the conversions of a payout along to its end, locked in the order of their ids.
async fn end_conversions(
    w: &mut Writer,
    environment: &Environment,
    payout: &Payout,
    to: PayoutState,
    by: MemberId,
) -> Result<(), PayoutRefused> {
    let ids = payouts::list_conversions(w, payout.payout_id).await?;
    let mut taken = Vec::with_capacity(ids.len());
    for id in ids {
        let conversion = conversions::lock(w, id).await?;
        // One that was reversed since its payment stays so: what was taken back stands beside what is open again.
        if to != PayoutState::Returned || conversion.state != ConversionState::Reversed {
            taken.push(move_one(w, environment, conversion, payout, to, by).await?);
        }
    }
    if is_open_again(to) {
        payouts::bind_items(w, payout.payout_id, false).await?;
    }
    Ok(step::count(w, &taken).await?)
}

/// The bank was told to pay it. From here on its publisher may enter other details: the money goes where it was approved to
/// go, and it can still be called paid.
///
/// # Errors
/// Not approved any more; changed since `version`. `OtherDestination`: as with [`mark_paid`].
pub async fn mark_sent(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: PayoutId,
    version: i64,
) -> Result<(), PayoutRefused> {
    admin(viewer)?;
    let mut w = store.write().await?;
    let payout = locked(&mut w, id, PayoutState::Sent).await?;
    let sent = Payout { state: PayoutState::Sent, version, sent_at_ms: Some(environment.now()), ..payout };
    payouts::update(&mut w, &sent).await.map_err(changed)?;
    Ok(w.commit().await?)
}

/// The publisher has the money: the bank says so by its reference.
///
/// # Errors
/// No reference; not under way any more; changed since `version`. `OtherDestination`: it was approved to where the
/// publisher is not paid any more; it can still fail.
pub async fn mark_paid(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: PayoutId,
    version: i64,
    reference: &str,
) -> Result<(), PayoutRefused> {
    let reference = text(reference).ok_or(PayoutRefused::ReferenceMissing)?;
    finish(store, environment, viewer, id, version, PayoutState::Paid, reference).await
}

/// It could not be sent: its entries are open again.
///
/// # Errors
/// No reason; not under way any more; changed since `version`.
pub async fn fail(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: PayoutId,
    version: i64,
    reason: &str,
) -> Result<(), PayoutRefused> {
    let reason = text(reason).ok_or(PayoutRefused::ReasonMissing)?;
    finish(store, environment, viewer, id, version, PayoutState::Failed, reason).await
}

/// It was paid, and the publisher's bank sent it back: its conversions are payable again.
///
/// # Errors
/// No reason; not paid; changed since `version`.
pub async fn returned(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: PayoutId,
    version: i64,
    reason: &str,
) -> Result<(), PayoutRefused> {
    let reason = text(reason).ok_or(PayoutRefused::ReasonMissing)?;
    finish(store, environment, viewer, id, version, PayoutState::Returned, reason).await
}

/// The payout, which may become `to`, with its run and its publisher: nobody else decides about them, or says where it is
/// paid, until the transaction ends.
async fn locked(w: &mut Writer, id: PayoutId, to: PayoutState) -> Result<Payout, PayoutRefused> {
    let payout = payouts::get(w, id).await?;
    payouts::lock_run(w, payout.payout_run_id).await?;
    parties::lock(w, payout.publisher_id.party()).await?;
    let payout = payouts::get(w, id).await?;
    if !payout.state.can_become(to) {
        return Err(PayoutRefused::NotUnderWay(payout.state));
    }
    let is_payment = matches!(to, PayoutState::Sent | PayoutState::Paid);
    if is_payment && payout.is_elsewhere() { Err(PayoutRefused::OtherDestination) } else { Ok(payout) }
}

/// The end of a payout: paid, with the bank's reference as `text`, or failed or returned, with the reason.
async fn finish(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: PayoutId,
    version: i64,
    to: PayoutState,
    text: &str,
) -> Result<(), PayoutRefused> {
    let by = admin(viewer)?;
    let mut w = store.write().await?;
    let mut payout = locked(&mut w, id, to).await?;
    let run = payout.payout_run_id;
    let refunded = refunds::list_waiting_of_payout(&mut w, id).await?;
    end_conversions(&mut w, environment, &payout, to, by).await?;
    let now = environment.now();
    payout.state = to;
    payout.version = version;
    let post_it = match to {
        PayoutState::Paid => ledger::settle,
        PayoutState::Returned => ledger::payout_returned,
        _ => ledger::fail,
    };
    if to == PayoutState::Paid {
        (payout.reference, payout.paid_at_ms) = (text.to_owned(), Some(now));
    } else {
        (payout.reason, payout.decided_at_ms) = (text.to_owned(), Some(now));
    }
    let postings = post_it(payout.publisher_id, payout.money());
    post(&mut w, environment, id, &postings).await?;
    payouts::update(&mut w, &payout).await.map_err(changed)?;
    payouts::complete_run(&mut w, run).await?;
    w.commit().await?;
    for conversion in refunded {
        // The payout has ended whatever becomes of this; the job takes what is left.
        if let Err(error) = refund::apply_waiting(store, environment, conversion).await {
            tracing::error!(%error, "a refund that waited for a payout");
        }
    }
    Ok(())
}
