//! Payouts: what one publisher gets in one currency, and the runs that list them (domain.md section 9).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conversion::ConversionState;
use super::ids::{PayableId, PublisherId};
use super::money::{Currency, Money};
use super::review::{Step, StepReason};
use super::time::{Day, Timestamp, Zone};

/// The month of approval must have ended so long before the run (domain.md section 12).
pub const NET_DAYS_DEFAULT: i64 = 30;
/// Whole units of the currency; less is carried (domain.md section 12).
pub const THRESHOLD_DEFAULT_UNITS: i64 = 25;

text_enum! {
    /// proposed → approved → sent → paid | failed | returned.
    pub enum PayoutState {
        /// In a draft run: nothing is reserved.
        Proposed = "proposed",
        /// Reserved, by an admin.
        Approved = "approved",
        /// Given to the bank.
        Sent = "sent",
        /// The publisher has it.
        Paid = "paid",
        /// Could not be sent, with a reason: payable again.
        Failed = "failed",
        /// Came back after it was paid: payable again.
        Returned = "returned",
        /// Not in this run, with a reason: it waits for the next.
        Carried = "carried",
        /// Its run was cancelled before anything was reserved.
        Cancelled = "cancelled",
    }
}

impl PayoutState {
    /// The states that may follow.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Proposed => &[Self::Approved, Self::Cancelled],
            Self::Approved => &[Self::Sent, Self::Paid, Self::Failed],
            Self::Sent => &[Self::Paid, Self::Failed],
            Self::Paid => &[Self::Returned],
            Self::Failed | Self::Returned | Self::Carried | Self::Cancelled => &[],
        }
    }

    pub fn can_become(self, next: Self) -> bool {
        self.next().contains(&next)
    }

    /// Money is reserved for it, or has left.
    pub const fn is_binding(self) -> bool {
        matches!(self, Self::Approved | Self::Sent | Self::Paid)
    }
}

/// The step of a conversion whose payout becomes `to`; nothing where the two do not fit together.
pub fn step(from: ConversionState, to: PayoutState) -> Option<Step> {
    let (next, reason) = match to {
        PayoutState::Approved => (ConversionState::InPayout, StepReason::Reserved),
        PayoutState::Paid => (ConversionState::Paid, StepReason::Settled),
        PayoutState::Failed if from == ConversionState::InPayout => {
            (ConversionState::Payable, StepReason::PayoutFailed)
        }
        PayoutState::Returned if from == ConversionState::Paid => {
            (ConversionState::Payable, StepReason::PayoutReturned)
        }
        _ => return None,
    };
    from.can_become(next).then_some(Step { from, to: next, reason, note: None })
}

text_enum! {
    /// draft → approved → completed, or draft → cancelled.
    pub enum PayoutRunState {
        /// A proposal: nothing is reserved.
        Draft = "draft",
        /// Every payout in it is reserved.
        Approved = "approved",
        /// Every payout in it is paid or has failed.
        Completed = "completed",
        /// Given up as a draft.
        Cancelled = "cancelled",
    }
}

impl PayoutRunState {
    /// The states that may follow.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Approved, Self::Cancelled],
            Self::Approved => &[Self::Completed],
            Self::Completed | Self::Cancelled => &[],
        }
    }

    pub fn can_become(self, next: Self) -> bool {
        self.next().contains(&next)
    }
}

/// The first day on which a run may pay what was approved at `approved_at`: `net_days` after the end of that month, in
/// the network's zone.
pub fn due_day(approved_at: Timestamp, net_days: i64, zone: &Zone) -> Day {
    let month_start = zone.day_of(approved_at).month_start();
    month_start.plus(31).month_start().plus(net_days)
}

/// Whether a run at `run_at` may pay it.
pub fn eligible(approved_at: Timestamp, net_days: i64, zone: &Zone, run_at: Timestamp) -> bool {
    zone.day_of(run_at) >= due_day(approved_at, net_days, zone)
}

text_enum! {
    /// What an entry is about: named by the transfer that makes it.
    pub enum PayableKind {
        /// A commission became payable.
        Released = "released",
        /// A part of it, or all, was taken back before it was paid.
        ReleaseReversed = "release_reversed",
        /// It was taken back after it was paid: the publisher owes it.
        ClawedBack = "commission_clawed_back",
    }
}

/// One entry that a payout may take: with a negative amount the publisher owes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutLine {
    pub payable_id: PayableId,
    pub publisher_id: PublisherId,
    pub currency: Currency,
    pub amount_minor: i64,
    pub approved_at: Timestamp,
    /// A claw-back waits for no month: its conversion was paid. What is taken back before that is due with its conversion.
    pub is_due_at_once: bool,
}

/// The rules of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct PayoutRules {
    pub net_days: i64,
    /// The network's own thresholds; a currency without one has 25.
    pub thresholds: Vec<Money>,
    /// The network's zone.
    pub zone: Zone,
}

impl PayoutRules {
    /// Less than this is carried; minor units.
    pub fn threshold_minor(&self, currency: Currency) -> i64 {
        let own = self.thresholds.iter().find(|threshold| threshold.currency == currency);
        own.map_or(THRESHOLD_DEFAULT_UNITS * 10_i64.pow(currency.digits()), |threshold| threshold.minor)
    }
}

/// Why a publisher is not in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum CarryReason {
    BelowThreshold {
        threshold_minor: i64,
    },
    NegativeBalance,
    /// Nothing of it is due yet; the earliest day on which something is.
    NotYetDue {
        due_day: Day,
    },
    /// The publisher has not said where it is paid.
    DetailsMissing,
    /// Where the publisher is paid was changed: it has until then to notice.
    DetailsChanged {
        until: Timestamp,
    },
    /// Another publisher is paid to the same place, and no admin has said that this is right.
    SharedDestination,
    /// The network has suspended the publisher.
    Suspended,
}

impl CarryReason {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BelowThreshold { .. } => "below_threshold",
            Self::NegativeBalance => "negative_balance",
            Self::NotYetDue { .. } => "not_yet_due",
            Self::DetailsMissing => "details_missing",
            Self::DetailsChanged { .. } => "details_changed",
            Self::SharedDestination => "shared_destination",
            Self::Suspended => "suspended",
        }
    }

    /// For people, about the proposal's money. The publisher reads it, too: so it does not say that a destination is shared,
    /// which would tell that somebody else has this account.
    pub fn sentence(self, money: Money) -> String {
        match self {
            Self::BelowThreshold { threshold_minor } => {
                let threshold = Money::new(threshold_minor, money.currency);
                format!("{money} is below the threshold of {threshold} and is carried to the next run.")
            }
            Self::NegativeBalance => format!("{money} is owed to the network and is carried to the next run."),
            Self::NotYetDue { due_day } => format!("{money} is payable in a run from {due_day} on."),
            Self::DetailsMissing => format!("{money} waits until payout details are entered, and is carried."),
            Self::DetailsChanged { until } => {
                let until = Zone::UTC.show(until);
                format!("{money} waits until {until} UTC, since the payout details were changed, and is carried.")
            }
            Self::SharedDestination => {
                format!("{money} waits until the network has looked at the payout details, and is carried.")
            }
            Self::Suspended => format!("{money} waits while the publisher is suspended, and is carried."),
        }
    }
}

/// What a run proposes for one publisher in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub publisher_id: PublisherId,
    /// The sum of its entries.
    pub money: Money,
    /// Proposed or carried.
    pub state: PayoutState,
    /// Why it is carried.
    pub reason: Option<CarryReason>,
    /// The entries that it takes or, carried, would have taken; sorted.
    pub payables: Vec<PayableId>,
}

impl Proposal {
    /// For people: why it is not in the run.
    pub fn sentence(&self) -> Option<String> {
        self.reason.map(|reason| reason.sentence(self.money))
    }

    /// As it is when its publisher cannot be paid now for this reason.
    #[must_use]
    pub fn held(self, reason: Option<CarryReason>) -> Self {
        match reason {
            Some(_) if self.state == PayoutState::Proposed => Self { state: PayoutState::Carried, reason, ..self },
            _ => self,
        }
    }
}

/// What is known of a publisher on the day of a run, whatever it has earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payee {
    pub is_suspended: bool,
    pub has_details: bool,
    /// Until when a change of its details holds its payouts; it may be over.
    pub held_until: Option<Timestamp>,
    /// Another publisher is paid to the same place, and no admin has let that be.
    pub is_shared: bool,
}

impl Payee {
    /// Why it cannot be paid at `now`; nothing where it can. Of several reasons the one that keeps it the longest.
    pub fn carry_reason(self, now: Timestamp) -> Option<CarryReason> {
        match self {
            Self { is_suspended: true, .. } => Some(CarryReason::Suspended),
            Self { has_details: false, .. } => Some(CarryReason::DetailsMissing),
            Self { is_shared: true, .. } => Some(CarryReason::SharedDestination),
            Self { held_until, .. } => {
                held_until.filter(|until| now < *until).map(|until| CarryReason::DetailsChanged { until })
            }
        }
    }
}

/// A run as an admin saw it on the page whose button approves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRun {
    pub version: i64,
    /// How many payouts, without those that are carried.
    pub payouts: i64,
    pub total_minor: i64,
}

/// Lists what each publisher gets in each currency, and who gets nothing this time with the reason; by publisher, then
/// currency, whatever the order of the lines.
pub fn propose(lines: &[PayoutLine], rules: &PayoutRules, run_at: Timestamp) -> Vec<Proposal> {
    let mut groups: BTreeMap<(PublisherId, &'static str), Vec<&PayoutLine>> = BTreeMap::new();
    for line in lines {
        groups.entry((line.publisher_id, line.currency.code())).or_default().push(line);
    }
    groups.into_values().filter_map(|group| propose_one(&group, rules, run_at)).collect()
}

fn propose_one(group: &[&PayoutLine], rules: &PayoutRules, run_at: Timestamp) -> Option<Proposal> {
    let first = group.first()?;
    let is_due =
        |line: &PayoutLine| line.is_due_at_once || eligible(line.approved_at, rules.net_days, &rules.zone, run_at);
    let (due, later): (Vec<&PayoutLine>, Vec<&PayoutLine>) = group.iter().partition(|line| is_due(line));
    let threshold_minor = rules.threshold_minor(first.currency);
    let due_day = later.iter().map(|line| due_day(line.approved_at, rules.net_days, &rules.zone)).min();
    let (counted, reason) = match (sum(&due), due_day) {
        // What cancels itself out is nothing that anybody waits for.
        (0, Some(due_day)) => (later, Some(CarryReason::NotYetDue { due_day })),
        (0, None) => return None,
        (minor, _) if minor < 0 => (due, Some(CarryReason::NegativeBalance)),
        (minor, _) if minor < threshold_minor => (due, Some(CarryReason::BelowThreshold { threshold_minor })),
        _ => (due, None),
    };
    let mut payables: Vec<PayableId> = counted.iter().map(|line| line.payable_id).collect();
    payables.sort();
    Some(Proposal {
        publisher_id: first.publisher_id,
        money: Money::new(sum(&counted), first.currency),
        state: if reason.is_some() { PayoutState::Carried } else { PayoutState::Proposed },
        reason,
        payables,
    })
}

/// # Panics
/// When the sum leaves `i64`.
fn sum(lines: &[&PayoutLine]) -> i64 {
    let total: i128 = lines.iter().map(|line| i128::from(line.amount_minor)).sum();
    i64::try_from(total).expect("a payout within the limits of money")
}
