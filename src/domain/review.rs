//! The life of a conversion after it was decided: validation, review, rejection, reversal, and the state as a
//! projection of the appended events (domain.md section 6).

use serde::{Deserialize, Serialize};

use super::conversion::{Badge, ConversionState};
use super::ids::MemberId;
use super::reason::{ReasonCode, RejectReason};
use super::terms::Terms;
use super::time::{DAY_MS, Timestamp};

/// So long after the deadline the advertiser alone is asked; then the network too.
pub const ADVERTISER_REVIEW_DAYS: i64 = 14;
/// So long after the deadline what is pending still is rejected.
pub const CLOSED_AFTER_DAYS: i64 = 30;
/// But never sooner than so long after advertiser and network were told that it is the network's turn: a report may come
/// in late, and nobody may have looked for weeks.
pub const HEARD_DAYS: i64 = 7;
/// Why, in the words that its publisher reads.
pub const UNCONFIRMED: &str = "Nobody confirmed it within 30 days after its validation deadline.";

text_enum! {
    /// Why a conversion took a step.
    pub enum StepReason {
        /// The first report.
        Reported = "reported",
        /// Another report changed the attribution.
        EvidenceAdded = "evidence_added",
        /// A better vouched report replaced amount or attribution.
        EvidenceUpgraded = "evidence_upgraded",
        /// The network counted the clicks of the day.
        Counted = "counted",
        /// A person approved it.
        Reviewed = "reviewed",
        /// The validation deadline passed.
        Validated = "validated",
        /// A person let a held one go on.
        HoldReleased = "hold_released",
        /// The hold is over, and it is funded.
        Released = "released",
        /// Reserved for a payout.
        Reserved = "reserved",
        /// The payout was paid.
        Settled = "settled",
        PayoutFailed = "payout_failed",
        PayoutReturned = "payout_returned",
        OrderCancelled = "order_cancelled",
        ItemReturned = "item_returned",
        PartialReturn = "partial_return",
        PaymentFailed = "payment_failed",
        OutOfStock = "out_of_stock",
        DuplicateOrder = "duplicate_order",
        TestOrder = "test_order",
        FraudConfirmed = "fraud_confirmed",
        TermsBreach = "terms_breach",
        NotNewCustomer = "not_new_customer",
        AdvertiserError = "advertiser_error",
        NetworkError = "network_error",
        DisputeUpheld = "dispute_upheld",
        Other = "other",
    }
}

impl From<RejectReason> for StepReason {
    fn from(reason: RejectReason) -> Self {
        reason.as_str().parse().expect("every reject reason is a step's reason")
    }
}

/// One appended step in the life of a conversion; never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// From 1, without a gap, within the conversion.
    pub number: i64,
    /// Nothing for the first.
    pub from: Option<ConversionState>,
    /// Equal to `from` where only the amount or the evidence changed.
    pub to: ConversionState,
    /// The member who did it; nothing when the system did.
    pub actor: Option<MemberId>,
    pub reason: StepReason,
    pub note: Option<String>,
    pub amount_before_minor: Option<i64>,
    pub amount_after_minor: Option<i64>,
    /// What it was worth; nothing for the first, and where an early version did not say.
    pub worth_before: Option<EventWorth>,
    /// What it is worth since: 0 where it lost its worth.
    pub worth_after: Option<EventWorth>,
    pub at: Timestamp,
}

/// What a conversion is worth at a step, in minor units of its currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventWorth {
    pub commission_minor: i64,
    pub fee_minor: i64,
}

impl EventRecord {
    /// Something of it was taken back, and the rest goes on.
    pub fn is_refund(&self) -> bool {
        self.from == Some(self.to) && self.reason.as_str().parse::<RejectReason>().is_ok()
    }

    /// What this step took of its worth.
    pub fn loss(&self) -> EventWorth {
        let (before, after) = (self.worth_before.unwrap_or_default(), self.worth_after.unwrap_or_default());
        let less = |before: i64, after: i64| before.saturating_sub(after).max(0);
        EventWorth {
            commission_minor: less(before.commission_minor, after.commission_minor),
            fee_minor: less(before.fee_minor, after.fee_minor),
        }
    }
}

/// A history that cannot have happened: the stored events are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenHistory {
    #[error("a conversion without events")]
    Empty,
    #[error("event {0} is missing or there twice")]
    Gap(i64),
    #[error("event {0} does not follow from the one before")]
    Step(i64),
}

/// The state of a conversion from its events, in whatever order they are given.
pub fn project(events: &[EventRecord]) -> Result<ConversionState, BrokenHistory> {
    let mut sorted: Vec<&EventRecord> = events.iter().collect();
    sorted.sort_by_key(|event| event.number);
    let mut state: Option<ConversionState> = None;
    for (event, number) in sorted.into_iter().zip(1..) {
        if event.number != number {
            return Err(BrokenHistory::Gap(number));
        }
        let is_allowed = match state {
            None => event.to.is_open(),
            Some(state) => state == event.to || state.can_become(event.to),
        };
        if event.from != state || !is_allowed {
            return Err(BrokenHistory::Step(number));
        }
        state = Some(event.to);
    }
    state.ok_or(BrokenHistory::Empty)
}

/// Until when the advertiser may review before a conversion is approved by itself.
pub fn validation_deadline(converted_at: Timestamp, terms: &Terms) -> Timestamp {
    converted_at.plus_ms(terms.validation_days * DAY_MS)
}

/// Until when an approved conversion is held before it may be paid.
pub fn hold_end(approved_at: Timestamp, terms: &Terms) -> Timestamp {
    approved_at.plus_ms(terms.hold_days * DAY_MS)
}

/// What a review looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub state: ConversionState,
    pub badge: Badge,
    /// Why it is held still; nothing once a person released it.
    pub held_reason: Option<ReasonCode>,
    pub deadline_at: Timestamp,
    /// When advertiser and network were told that the network decides; nothing before.
    pub handed_over_at: Option<Timestamp>,
}

/// A step that may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub from: ConversionState,
    pub to: ConversionState,
    pub reason: StepReason,
    pub note: Option<String>,
}

/// Why a step may not be taken; each is a sentence for the person who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    #[error("it is {0}, and only a pending conversion can be approved or rejected")]
    NotPending(ConversionState),
    #[error("it is {0}, and only an approved, payable or paid conversion can be reversed")]
    NotReversible(ConversionState),
    #[error("it is in a payout that is under way: wait until that is paid or has failed")]
    InPayout,
    #[error("a negative change needs a reason")]
    ReasonMissing,
    #[error("the reason \"other\" needs a note")]
    NoteMissing,
    #[error("its day is not over: it counts clicks until {0}")]
    DayNotOver(Timestamp),
    #[error("it is not yet due: the validation deadline is {0}")]
    NotDue(Timestamp),
    #[error("its report is {0}, which a person must approve")]
    NotTrusted(Badge),
    #[error("it is held ({0}), and a person must approve or reject it")]
    Held(ReasonCode),
    #[error("it may be decided until {0}")]
    NotLeftOver(Timestamp),
    #[error("nobody was told yet that the network decides")]
    NotHandedOver,
    #[error("it is approved by itself")]
    ApprovedByItself,
    #[error("it is not held")]
    NotHeld,
    #[error("a hold is released with a reason, in words")]
    ReleaseReasonMissing,
    #[error("it is {0}, and only an approved conversion becomes payable")]
    NotApproved(ConversionState),
    #[error("the hold is not over before {0}")]
    HoldNotOver(Timestamp),
    #[error("the advertiser's payments do not cover it yet")]
    NotFunded,
}

/// A person approves a pending conversion, held or not.
pub fn approve(state: ConversionState) -> Result<Step, StepRefused> {
    approve_as(state, StepReason::Reviewed)
}

/// The deadline approves what is vouched for and not held; everything else waits for a person.
pub fn approve_by_itself(standing: &Standing, now: Timestamp) -> Result<Step, StepRefused> {
    let step = approve_as(standing.state, StepReason::Validated)?;
    if now < standing.deadline_at {
        return Err(StepRefused::NotDue(standing.deadline_at));
    }
    if let Some(reason) = standing.held_reason {
        return Err(StepRefused::Held(reason));
    }
    if standing.badge.is_trusted() { Ok(step) } else { Err(StepRefused::NotTrusted(standing.badge)) }
}

/// Nothing stays pending: what nobody has confirmed at the end loses its worth. Nothing is rejected of which nobody heard
/// in time that it would be.
pub fn close_by_itself(standing: &Standing, now: Timestamp) -> Result<Step, StepRefused> {
    let step = reject(standing.state, Some(RejectReason::Other), UNCONFIRMED)?;
    let handed_over_at = standing.handed_over_at.ok_or(StepRefused::NotHandedOver)?;
    let end_at = closed_at(standing, handed_over_at);
    if now < end_at {
        return Err(StepRefused::NotLeftOver(end_at));
    }
    if approve_by_itself(standing, now).is_ok() { Err(StepRefused::ApprovedByItself) } else { Ok(step) }
}

/// When it becomes the network's turn, if the advertiser does not decide.
pub const fn handed_over_at(standing: &Standing) -> Timestamp {
    standing.deadline_at.plus_ms(ADVERTISER_REVIEW_DAYS * DAY_MS)
}

/// When what nobody decides is rejected, if it was, or will be, handed over at this time.
pub fn closed_at(standing: &Standing, handed_over_at: Timestamp) -> Timestamp {
    let end_at = standing.deadline_at.plus_ms(CLOSED_AFTER_DAYS * DAY_MS);
    end_at.max(handed_over_at.plus_ms(HEARD_DAYS * DAY_MS))
}

/// A person has looked at a held conversion and lets it go on like any other, with a reason (domain.md section 10).
pub fn release_hold(standing: &Standing, why: &str) -> Result<Step, StepRefused> {
    let state = standing.state;
    if state != ConversionState::Pending {
        return Err(StepRefused::NotPending(state));
    }
    if standing.held_reason.is_none() {
        return Err(StepRefused::NotHeld);
    }
    let note = Some(why.trim().to_owned()).filter(|why| !why.is_empty()).ok_or(StepRefused::ReleaseReasonMissing)?;
    Ok(Step { from: state, to: state, reason: StepReason::HoldReleased, note: Some(note) })
}

/// Since when the hold is released, by the events in their order: whatever changes the evidence is looked at anew.
pub fn hold_released_at<'e>(events: impl IntoIterator<Item = &'e EventRecord>) -> Option<Timestamp> {
    events.into_iter().fold(None, |released, event| match event.reason {
        StepReason::HoldReleased => Some(event.at),
        StepReason::Reported | StepReason::EvidenceAdded | StepReason::EvidenceUpgraded => None,
        _ => released,
    })
}

fn approve_as(from: ConversionState, reason: StepReason) -> Result<Step, StepRefused> {
    match from {
        ConversionState::Pending => Ok(Step { from, to: ConversionState::Approved, reason, note: None }),
        _ => Err(StepRefused::NotPending(from)),
    }
}

/// The hold is over, and the advertiser's money for it has arrived: payable.
pub fn release(
    from: ConversionState,
    hold_end_at: Timestamp,
    is_funded: bool,
    now: Timestamp,
) -> Result<Step, StepRefused> {
    if from != ConversionState::Approved {
        return Err(StepRefused::NotApproved(from));
    }
    if now < hold_end_at {
        return Err(StepRefused::HoldNotOver(hold_end_at));
    }
    if !is_funded {
        return Err(StepRefused::NotFunded);
    }
    Ok(Step { from, to: ConversionState::Payable, reason: StepReason::Released, note: None })
}

/// Takes the worth from a pending conversion. One that belongs to nobody has none to take, and stays open: a stranger's
/// report must not close an order before the shop's own arrives.
pub fn reject(from: ConversionState, reason: Option<RejectReason>, note: &str) -> Result<Step, StepRefused> {
    if from != ConversionState::Pending {
        return Err(StepRefused::NotPending(from));
    }
    negative(from, ConversionState::Rejected, reason, note)
}

/// Takes the worth from a conversion after its approval; after payment the publisher owes it back.
pub fn reverse(from: ConversionState, reason: Option<RejectReason>, note: &str) -> Result<Step, StepRefused> {
    match from {
        ConversionState::Approved | ConversionState::Payable | ConversionState::Paid => {
            negative(from, ConversionState::Reversed, reason, note)
        }
        ConversionState::InPayout => Err(StepRefused::InPayout),
        _ => Err(StepRefused::NotReversible(from)),
    }
}

/// Takes a part of the order back; what is left goes on.
pub fn amend(state: ConversionState, reason: RejectReason, note: &str) -> Result<Step, StepRefused> {
    negative(state, state, Some(reason), note)
}

/// A note of a person may be longer nowhere.
pub const NOTE_CHARS_MAX: usize = 500;

/// Whether people may read this as a note: not too long, on one line.
pub fn is_note(text: &str) -> bool {
    text.chars().count() <= NOTE_CHARS_MAX && !text.contains(char::is_control)
}

fn negative(
    from: ConversionState,
    to: ConversionState,
    reason: Option<RejectReason>,
    note: &str,
) -> Result<Step, StepRefused> {
    let reason = reason.ok_or(StepRefused::ReasonMissing)?;
    let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
    if reason == RejectReason::Other && note.is_none() {
        return Err(StepRefused::NoteMissing);
    }
    Ok(Step { from, to, reason: reason.into(), note })
}

text_enum! {
    /// Whom an undecided conversion waits for.
    pub enum ReviewStage {
        /// Nobody yet: the deadline is ahead, or it is no longer pending, or it is about to be approved by itself.
        Waiting = "waiting",
        /// It needs review by the advertiser, who is reminded.
        Advertiser = "advertiser",
        /// The advertiser did not answer: the network decides.
        Network = "network",
    }
}

/// Whether a pending conversion needs review, and by whom.
pub fn review_stage(standing: &Standing, now: Timestamp) -> ReviewStage {
    match approve_by_itself(standing, now) {
        Err(StepRefused::Held(_) | StepRefused::NotTrusted(_)) => {
            let overdue_ms = now.since(standing.deadline_at);
            if overdue_ms < ADVERTISER_REVIEW_DAYS * DAY_MS { ReviewStage::Advertiser } else { ReviewStage::Network }
        }
        _ => ReviewStage::Waiting,
    }
}
