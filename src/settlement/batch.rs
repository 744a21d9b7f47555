//! Many reviews together: a dry run that changes nothing and says of each row what it would do; then its rows in
//! transactions of a hundred, each conversion as the dry run saw it. What was interrupted goes on where it was, since a
//! row's outcome is written with its step. A row that cannot be decided at all says so and keeps no other from it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::domain::environment::Environment;
use crate::domain::ids::{CampaignId, ConversionId, MemberId, PartyId, ReviewBatchId, first_id_at};
use crate::domain::money::Money;
use crate::domain::party::{Acting, MemberState, NETWORK, PartyState, Viewer};
use crate::domain::review::{Step, StepRefused};
use crate::domain::review_batch::{BatchAction, RowOutcome, UNSTARTED_MAX, Wish, WishRefused, tried_kept_from};
use crate::domain::time::Timestamp;
use crate::store::conversions::Conversion;
use crate::store::review_batches::{self, Batch, BatchRow};
use crate::store::{Conn, Store, StoreError, Writer, conversions, members};

use super::refund::{self, NewRefund, RefundRefused};
use super::review::{as_it_is, book, check_over, take};
use super::step::Taken;
use super::tally::Tally;

/// Rows of one transaction.
const TRANSACTION_ROWS: usize = 100;
/// The dry run's rows are kept so many at a time: meanwhile visitors click.
const KEPT_ROWS: usize = 500;
/// The job reads so many ids of batches at a time.
const BATCHES: i64 = 100;
/// Between two transactions others write: clicks above all.
const PAUSE: Duration = Duration::from_millis(5);
/// What a row says that fails for good, whatever the reason: that is in the log.
const FAULTY: &str = "it cannot be decided: something is wrong with it on the network's side";
/// What the rows say that are left when whoever started them may not review any more.
const NOT_ALLOWED: &str = "whoever started this does not review for this party any more";

/// What a row names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    Conversion(ConversionId),
    Order { order_id: String, event: String, campaign_id: Option<CampaignId> },
}

/// A row as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub number: i64,
    pub which: Which,
    pub wish: Result<Wish, WishRefused>,
}

/// Why a batch was not started.
#[derive(Debug, thiserror::Error)]
pub enum BatchRefused {
    #[error("it is started already; look again in a moment")]
    Started,
    #[error("{UNSTARTED_MAX} dry runs wait for their decision already; decide one of them, or come back tomorrow")]
    TooMany,
    #[error("it was tried more than a day ago; try it again")]
    TooOld,
    #[error("none of its rows can be decided")]
    NothingReady,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The dry run: what each row would do. Gives the batch, whose rows are kept.
///
/// # Errors
/// `NotFound` for publishers, and where a row names a conversion by an id that the viewer does not review. `TooMany` while
/// so many of the party's dry runs wait for their decision.
pub async fn rehearse(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    name: &str,
    asked: &[Asked],
) -> Result<ReviewBatchId, BatchRefused> {
    if matches!(viewer.acting, Acting::Publisher(_)) {
        return Err(StoreError::NotFound.into());
    }
    let first_kept = ReviewBatchId(first_id_at(tried_kept_from(environment.now())));
    let mut conn = store.read().await?;
    let unstarted = review_batches::count_unstarted_of_party(&mut conn, viewer.party(), first_kept).await?;
    drop(conn);
    if unstarted >= UNSTARTED_MAX {
        return Err(BatchRefused::TooMany);
    }
    let rows = tried(&mut store.snapshot().await?, environment.now(), viewer.acting, asked).await?;
    let id = environment.new_id(ReviewBatchId);
    for rows in rows.chunks(KEPT_ROWS) {
        let mut w = store.write().await?;
        review_batches::insert_rows(&mut w, id, rows).await?;
        w.commit().await?;
    }
    let new = Batch {
        review_batch_id: id,
        party_id: viewer.party(),
        member_id: viewer.member_id,
        name: name.to_owned(),
        rows_count: rows.len() as i64,
        started_by: None,
        started_at_ms: None,
        done_at_ms: None,
    };
    let mut w = store.write().await?;
    review_batches::insert(&mut w, &new).await?;
    w.commit().await?;
    Ok(id)
}

async fn tried(conn: &mut Conn, now: Timestamp, acting: Acting, asked: &[Asked]) -> Result<Vec<BatchRow>, StoreError> {
    let mut first_rows = HashMap::new();
    let mut rows = Vec::with_capacity(asked.len());
    for one in asked {
        let found = find(conn, acting, &one.which).await?;
        let conversion = found.as_ref().ok();
        let outcome = judge(one, now, &found, &first_rows);
        if let (Some(conversion), Ok(_)) = (conversion, &outcome) {
            first_rows.insert(conversion.conversion_id, one.number);
        }
        rows.push(kept(one, conversion, outcome));
    }
    Ok(rows)
}

/// The conversion that a row names, or why it names none.
async fn find(conn: &mut Conn, acting: Acting, which: &Which) -> Result<Result<Conversion, String>, StoreError> {
    let (order_id, event, campaign) = match which {
        Which::Conversion(id) => return conversions::get_of(conn, acting, *id).await.map(Ok),
        Which::Order { order_id, event, campaign_id } => (order_id, event, *campaign_id),
    };
    let mut found = conversions::list_of_order(conn, acting, event, order_id, campaign, 2).await?;
    Ok(match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(format!("no {event} with this order id has come in")),
        _ => Err("several campaigns have an order of this id: name the campaign".to_owned()),
    })
}

/// What a row would do, or why it does nothing; `first_rows` are the rows above that do something.
fn judge(
    asked: &Asked,
    now: Timestamp,
    found: &Result<Conversion, String>,
    first_rows: &HashMap<ConversionId, i64>,
) -> Result<String, String> {
    let wish = asked.wish.as_ref().map_err(ToString::to_string)?;
    let conversion = found.as_ref().map_err(Clone::clone)?;
    if let Some(first) = first_rows.get(&conversion.conversion_id) {
        return Err(format!("it is the same conversion as in row {first}"));
    }
    let step = wish.step(conversion.state).map_err(|refused| refused.to_string())?;
    check_over(conversion, &step, now).map_err(|refused| refused.to_string())?;
    let held = conversion.still_held().map(|code| format!(", held ({code})")).unwrap_or_default();
    let refund = match wish.refund_minor(conversion.currency).map_err(|refused| refused.to_string())? {
        None => String::new(),
        Some(minor) => taken_of(conversion, Money::new(minor, conversion.currency))?,
    };
    Ok(format!("{}{held}{refund}", as_it_is(conversion)))
}

/// What a refund would take, if so much is left.
fn taken_of(conversion: &Conversion, money: Money) -> Result<String, String> {
    let left = conversion.amount_minor.unwrap_or(0);
    if money.minor <= left {
        return Ok(format!("; {money} is taken back"));
    }
    let left = Money::new(left, conversion.currency);
    Err(crate::domain::refund::RefundRefused::BeyondAmount(left).to_string())
}

fn kept(asked: &Asked, conversion: Option<&Conversion>, outcome: Result<String, String>) -> BatchRow {
    let (order_id, event) = match (&asked.which, conversion) {
        (Which::Order { order_id, event, .. }, _) => (order_id.clone(), event.clone()),
        (Which::Conversion(_), Some(conversion)) => (conversion.order_id.clone(), conversion.event.clone()),
        (Which::Conversion(id), None) => (id.to_string(), String::new()),
    };
    let wish = asked.wish.as_ref().ok();
    let (outcome, message) = match outcome {
        Ok(message) => (RowOutcome::Ready, message),
        Err(message) => (RowOutcome::Refused, message),
    };
    BatchRow {
        number: asked.number,
        order_id,
        event,
        conversion_id: conversion.map(|known| known.conversion_id),
        seen_version: conversion.map(|known| known.version),
        action: wish.map(|wish| wish.action),
        reason: wish.and_then(|wish| wish.reason),
        note: wish.map(|wish| wish.note.clone()).unwrap_or_default(),
        amount: wish.map(|wish| wish.amount.clone()).unwrap_or_default(),
        outcome,
        message,
    }
}

/// Says that the rows shall be decided, in this member's name; [`run`] does it.
///
/// # Errors
/// `NotFound` for another party's batch; it is started, or too old, or has no row to decide.
pub async fn start(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    id: ReviewBatchId,
) -> Result<(), BatchRefused> {
    let mut w = store.write().await?;
    review_batches::get_of_party(&mut w, viewer.party(), id).await?;
    // The rows of an older one are being forgotten.
    if id.time() < tried_kept_from(environment.now()) {
        return Err(BatchRefused::TooOld);
    }
    if review_batches::list_ready(&mut w, id, 1).await?.is_empty() {
        return Err(BatchRefused::NothingReady);
    }
    if !review_batches::start(&mut w, id, viewer.member_id, environment.now()).await? {
        return Err(BatchRefused::Started);
    }
    Ok(w.commit().await?)
}

/// What a transaction did.
struct Done {
    rows: usize,
    /// There is nothing left to do.
    is_all: bool,
}

/// Decides rows of a started batch, in at most so many transactions. False where some are left: for the job, or another
/// call.
pub async fn run(
    store: &Store,
    environment: &Environment,
    id: ReviewBatchId,
    transactions_max: usize,
) -> Result<bool, StoreError> {
    for _ in 0..transactions_max {
        if run_some(store, environment, id).await?.is_all {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The job: goes on with what was started and is not done, a transaction of each in turn, and at most so many of all.
/// Two processes may run it at once: rows are decided under the lock of their batch. Gives how many were decided.
pub async fn run_due(store: &Store, environment: &Environment, transactions_max: usize) -> Result<usize, StoreError> {
    let (mut due, mut tally) = (undone(store).await?, Tally::default());
    for _ in 0..transactions_max {
        let Some(id) = due.pop_front() else { break };
        let done = run_some(store, environment, id).await;
        if done.as_ref().is_ok_and(|done| !done.is_all) {
            due.push_back(id);
        }
        if !tally.add(id, done.map(|done| done.rows)) {
            break;
        }
    }
    tally.result()
}

async fn undone(store: &Store) -> Result<VecDeque<ReviewBatchId>, StoreError> {
    let (mut conn, mut all, mut after) = (store.read().await?, VecDeque::new(), ReviewBatchId(0));
    loop {
        let page = review_batches::list_undone(&mut conn, after, BATCHES).await?;
        let Some(&last) = page.last() else { return Ok(all) };
        all.extend(page);
        after = last;
    }
}

/// One transaction; where that fails for good, its rows one by one.
async fn run_some(store: &Store, environment: &Environment, id: ReviewBatchId) -> Result<Done, StoreError> {
    match run_rows(store, environment, id, TRANSACTION_ROWS).await {
        Err(error) if !error.is_passing() => run_one_by_one(store, environment, id).await,
        done => done,
    }
}

/// Each of the next rows in a transaction of its own; one that fails for good is refused.
async fn run_one_by_one(store: &Store, environment: &Environment, id: ReviewBatchId) -> Result<Done, StoreError> {
    let mut all = Done { rows: 0, is_all: false };
    for _ in 0..TRANSACTION_ROWS {
        let next = review_batches::list_ready(&mut store.read().await?, id, 1).await?.pop();
        let done = match (run_rows(store, environment, id, 1).await, next) {
            (Err(error), Some(row)) if !error.is_passing() => {
                tracing::error!(batch = %id, row = row.number, %error, "a row of a review cannot be decided");
                refuse(store, id, row.number).await?;
                Done { rows: 0, is_all: false }
            }
            (done, _) => done?,
        };
        all.rows += done.rows;
        if done.is_all {
            return Ok(Done { is_all: true, ..all });
        }
    }
    Ok(all)
}

/// Nothing happens where another process has decided the row meanwhile.
async fn refuse(store: &Store, id: ReviewBatchId, number: i64) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    review_batches::lock(&mut w, id).await?;
    review_batches::set_outcome(&mut w, id, number, RowOutcome::Refused, FAULTY).await?;
    w.commit().await
}

/// One transaction of at most so many rows.
async fn run_rows(
    store: &Store,
    environment: &Environment,
    id: ReviewBatchId,
    rows_max: usize,
) -> Result<Done, StoreError> {
    let mut w = store.write().await?;
    let batch = review_batches::lock(&mut w, id).await?;
    let (Some(by), None) = (batch.started_by, batch.done_at_ms) else { return Ok(Done { rows: 0, is_all: true }) };
    // One more than it decides says whether it is the last.
    let mut rows = review_batches::list_ready(&mut w, id, rows_max as i64 + 1).await?;
    let is_all = rows.len() <= rows_max;
    rows.truncate(rows_max);
    if may_review(&mut w, by, batch.party_id).await? {
        decide(&mut w, environment, &batch, by, &rows).await?;
    } else {
        for row in &rows {
            review_batches::set_outcome(&mut w, id, row.number, RowOutcome::Refused, NOT_ALLOWED).await?;
        }
    }
    if is_all {
        review_batches::set_done(&mut w, id, environment.now()).await?;
    }
    w.commit().await?;
    if !is_all {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Done { rows: rows.len(), is_all })
}

/// Whether this member still reviews for the party: since the start they may have left, or the party may be suspended.
async fn may_review(conn: &mut Conn, by: MemberId, party: PartyId) -> Result<bool, StoreError> {
    let all = members::memberships(conn, by).await?;
    Ok(all.iter().any(|one| {
        let is_active = one.member_state == MemberState::Active && one.party_state == PartyState::Admitted;
        one.party_id == party && is_active
    }))
}

/// Locks all conversions of these rows by id, takes their steps, then moves totals and accounts once for all of them.
async fn decide(
    w: &mut Writer,
    environment: &Environment,
    batch: &Batch,
    by: MemberId,
    rows: &[BatchRow],
) -> Result<(), StoreError> {
    let mut locked: BTreeMap<ConversionId, Conversion> = BTreeMap::new();
    let mut ids: Vec<ConversionId> = rows.iter().filter_map(|row| row.conversion_id).collect();
    ids.sort_unstable();
    for id in ids {
        locked.insert(id, conversions::lock(w, id).await?);
    }
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        let conversion = row.conversion_id.and_then(|id| locked.remove(&id));
        let (outcome, message) = match step_of(batch.party_id, row, conversion, environment.now()) {
            Ok((conversion, _)) if row.action == Some(BatchAction::Refund) => {
                let (said, one) = take_back(w, environment, batch, by, row, conversion).await?;
                taken.extend(one);
                said
            }
            Ok((conversion, step)) => {
                let one = take(w, environment, conversion, step, Some(by)).await?;
                let message = said(&one.after);
                taken.push(one);
                (RowOutcome::Done, message)
            }
            Err(message) => (RowOutcome::Refused, message),
        };
        review_batches::set_outcome(w, batch.review_batch_id, row.number, outcome, &message).await?;
    }
    book(w, environment, &taken).await
}

/// The step that a row takes now, if its conversion is still what the dry run saw.
fn step_of(
    party: PartyId,
    row: &BatchRow,
    conversion: Option<Conversion>,
    now: Timestamp,
) -> Result<(Conversion, Step), String> {
    let known = conversion.filter(|known| party == NETWORK || known.advertiser_id.party() == party);
    let (Some(conversion), Some(action)) = (known, row.action) else {
        return Err("its conversion is not there any more".to_owned());
    };
    let wish = wish_of(row, action);
    let step = wish.step(conversion.state).map_err(|refused| refused.to_string())?;
    check_over(&conversion, &step, now).map_err(|refused| refused.to_string())?;
    if row.seen_version == Some(conversion.version) {
        Ok((conversion, step))
    } else {
        Err(format!("it changed since the dry run; now it is: {}", as_it_is(&conversion)))
    }
}

fn wish_of(row: &BatchRow, action: BatchAction) -> Wish {
    Wish { action, reason: row.reason, note: row.note.clone(), amount: row.amount.clone() }
}

/// What a row's refund becomes, with the step where it is one. Its reference is the row: decided again, it is the same.
async fn take_back(
    w: &mut Writer,
    environment: &Environment,
    batch: &Batch,
    by: MemberId,
    row: &BatchRow,
    conversion: Conversion,
) -> Result<((RowOutcome, String), Option<Taken>), StoreError> {
    let refused = |why: String| ((RowOutcome::Refused, why), None);
    let minor = match wish_of(row, BatchAction::Refund).refund_minor(conversion.currency) {
        Ok(minor) => minor.unwrap_or_default(),
        Err(why) => return Ok(refused(why.to_string())),
    };
    let Some(reason) = row.reason else { return Ok(refused(StepRefused::ReasonMissing.to_string())) };
    let new = NewRefund {
        money: Money::new(minor, conversion.currency),
        lines: Vec::new(),
        reference: format!("review {} row {}", batch.review_batch_id, row.number),
        reason,
        note: row.note.clone(),
        by: Some(by),
    };
    match refund::take_new(w, environment, conversion, &new).await {
        Ok(Some(taken)) => Ok(((RowOutcome::Done, said(&taken.after)), Some(taken))),
        Ok(None) => Ok(((RowOutcome::Done, "it waits until the payout has ended".to_owned()), None)),
        Err(RefundRefused::Store(error)) => Err(error),
        Err(why) => Ok(refused(why.to_string())),
    }
}

/// What was done.
fn said(after: &Conversion) -> String {
    format!("{}, commission {}", after.state, Money::new(after.commission_minor, after.currency))
}
