//! Deciding again: a stored conversion against its stored inputs, its evidence, its events and its transfers. What does
//! not come out the same is named.

use std::collections::HashMap;
use std::fmt::Display;

use crate::domain::account::AccountKey;
use crate::domain::conversion::ConversionState;
use crate::domain::decision::{Decision, decide};
use crate::domain::evidence::{Evidence, Inputs};
use crate::domain::ledger::{self, Posting, Worth};
use crate::domain::money::Money;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::refund::Refund;
use crate::domain::review::{EventRecord, hold_released_at, project};
use crate::domain::terms::Terms;
use crate::domain::time::Timestamp;
use crate::store::conversions::Conversion;
use crate::store::ledger::Transfer;

/// Everything that is stored about one conversion.
pub struct Stored<'a> {
    pub conversion: &'a Conversion,
    /// The newest decision with its inputs; nothing: it is missing.
    pub decided: Option<&'a (Inputs, Decision)>,
    pub evidence: &'a [Evidence],
    pub terms: &'a [Terms],
    pub events: &'a [EventRecord],
    pub transfers: &'a [Transfer],
    /// What deposits pay of it.
    pub allocated_minor: i64,
    /// What was taken back of the order and counts.
    pub refunds: &'a [Refund],
}

/// One field that is stored otherwise than it comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `amount`, `commission`, `ledger` …
    pub field: &'static str,
    pub stored: String,
    pub recomputed: String,
    /// Whose figure it is, where not every party of the conversion may read it.
    account: Option<AccountKey>,
}

impl Difference {
    fn new(field: &'static str, stored: impl Display, recomputed: impl Display) -> Self {
        Self { field, stored: stored.to_string(), recomputed: recomputed.to_string(), account: None }
    }

    /// For people. A publisher reads that the fee or somebody else's account differs, not what it holds.
    pub fn sentence(&self, viewer: &Viewer) -> String {
        let is_private = [FEE, ALLOCATION].contains(&self.field)
            || self.account.is_some_and(|account| account.party != viewer.party());
        if is_private && viewer.acting.kind() == PartyKind::Publisher {
            return format!("The {} differs from what it must be (hidden from you).", self.field);
        }
        format!("The {} is stored as {}, and comes out as {}.", self.field, self.stored, self.recomputed)
    }
}

const FEE: &str = "network fee";
/// What the advertiser has paid, with the fee.
const ALLOCATION: &str = "allocation";

/// Compares everything; empty: same decision, same commission.
pub fn differences(stored: &Stored<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    match stored.decided {
        Some((inputs, decision)) => decisions(stored, inputs, decision, &mut found),
        None => found.push(Difference::new("decision", "missing", "a decision")),
    }
    states(stored, &mut found);
    balances(stored, &mut found);
    allocation(stored, &mut found);
    found
}

/// The fields of a decision, as the conversion's row and a decision both name them.
type Fields = [(&'static str, String); 15];

fn text(value: Option<impl Display>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

fn of_decision(one: &Decision) -> Fields {
    let money = |minor| Money::new(minor, one.currency);
    [
        ("amount", text(one.amount_minor.map(money))),
        ("currency", one.currency.to_string()),
        ("commission", money(one.commission_minor).to_string()),
        (FEE, money(one.fee_minor).to_string()),
        ("publisher", text(one.publisher_id)),
        ("link", text(one.link_id)),
        ("click", text(one.click_id)),
        ("coupon", text(one.coupon_id)),
        ("terms version", one.terms_version.to_string()),
        ("rule", text(one.rule_number)),
        ("badge", one.badge.to_string()),
        ("conversion time", one.converted_at.to_string()),
        ("test mark", one.is_test.to_string()),
        ("creative", text(one.creative_id)),
        ("reason of the hold", text(one.held_reason)),
    ]
}

fn of_row(one: &Conversion) -> Fields {
    let money = |minor| Money::new(minor, one.currency);
    [
        ("amount", text(one.amount_minor.map(money))),
        ("currency", one.currency.to_string()),
        ("commission", money(one.commission_minor).to_string()),
        (FEE, money(one.fee_minor).to_string()),
        ("publisher", text(one.publisher_id)),
        ("link", text(one.link_id)),
        ("click", text(one.click_id)),
        ("coupon", text(one.coupon_id)),
        ("terms version", one.terms_version.to_string()),
        ("rule", text(one.rule_number)),
        ("badge", one.badge.to_string()),
        ("conversion time", one.converted_at_ms.to_string()),
        ("test mark", one.is_test.to_string()),
        ("creative", text(one.creative_id)),
        ("reason of the hold", text(one.held_reason.as_deref())),
    ]
}

/// The rules are run over the stored inputs, and again over the stored reports themselves.
fn decisions(stored: &Stored<'_>, inputs: &Inputs, decision: &Decision, found: &mut Vec<Difference>) {
    let evidence = counted_evidence(stored, inputs);
    if sorted(&evidence) != sorted(&inputs.evidence) {
        let reports = |number: usize| format!("{number} reports");
        let (then, now) = (reports(inputs.evidence.len()), reports(evidence.len()));
        found.push(Difference::new("evidence", now, format!("{then} as they were decided on")));
    }
    if *stored.refunds != inputs.refunds {
        let refunds = |number: usize| format!("{number} refunds");
        let (then, now) = (refunds(inputs.refunds.len()), refunds(stored.refunds.len()));
        found.push(Difference::new("refunds", now, format!("{then} as they were decided on")));
    }
    let over_rows = Inputs { evidence, refunds: stored.refunds.to_vec(), ..inputs.clone() };
    for inputs in [inputs, &over_rows] {
        match decide(inputs, stored.terms) {
            Ok(recomputed) => {
                compare(&of_row(stored.conversion), &of_decision(&recomputed), found);
                compare(&of_decision(decision), &of_decision(&recomputed), found);
                if *decision != recomputed && found.is_empty() {
                    found.push(Difference::new("decision", "another trace, reason or line", "the rules' own"));
                }
            }
            Err(error) => found.push(Difference::new("decision", "undecidable", error)),
        }
    }
}

/// Reports that came after the approval changed nothing and are not among the inputs.
fn counted_evidence(stored: &Stored<'_>, inputs: &Inputs) -> Vec<Evidence> {
    let is_open = stored.conversion.state.is_open();
    let is_input = |one: &&Evidence| inputs.evidence.iter().any(|input| input.evidence_id == one.evidence_id);
    stored.evidence.iter().filter(|one| is_open || is_input(one)).cloned().collect()
}

fn sorted(evidence: &[Evidence]) -> Vec<&Evidence> {
    let mut sorted: Vec<&Evidence> = evidence.iter().collect();
    sorted.sort_by_key(|one| one.evidence_id);
    sorted
}

fn compare(stored: &Fields, recomputed: &Fields, found: &mut Vec<Difference>) {
    for ((field, stored), (_, recomputed)) in stored.iter().zip(recomputed) {
        if stored != recomputed && !found.iter().any(|one| one.field == *field) {
            found.push(Difference::new(field, stored, recomputed));
        }
    }
}

fn states(stored: &Stored<'_>, found: &mut Vec<Difference>) {
    match project(stored.events) {
        Ok(state) if state == stored.conversion.state => {}
        Ok(state) => found.push(Difference::new("state", stored.conversion.state, state)),
        Err(error) => found.push(Difference::new("state", stored.conversion.state, error)),
    }
    let mut same = |field, stored: String, recomputed: String| {
        if stored != recomputed {
            found.push(Difference::new(field, stored, recomputed));
        }
    };
    same("reason", text(stored.conversion.reason.as_deref()), reason(stored));
    let released = hold_released_at(stored.events);
    same("release of the hold", text(stored.conversion.hold_released_at_ms), text(released));
    same("time of approval", text(stored.conversion.approved_at_ms), text(approved_at(stored.events)));
}

/// Of a conversion that lost its worth, the reason of the event that took it; else what was decided.
fn reason(stored: &Stored<'_>) -> String {
    let state = stored.conversion.state;
    if matches!(state, ConversionState::Rejected | ConversionState::Reversed) {
        return text(stored.events.iter().find(|event| event.to == state).map(|event| event.reason));
    }
    text(stored.decided.and_then(|(_, decision)| decision.reason))
}

/// When it was approved, by the event that did it.
fn approved_at(events: &[EventRecord]) -> Option<Timestamp> {
    events.iter().find(|event| event.to == ConversionState::Approved).map(|event| event.at)
}

/// The sums of its transfers on every account, against what its state demands.
fn balances(stored: &Stored<'_>, found: &mut Vec<Difference>) {
    let mut actual: HashMap<AccountKey, i64> = HashMap::new();
    for transfer in stored.transfers {
        let currency = transfer.currency;
        let debit = AccountKey { party: transfer.debit_party, kind: transfer.debit_kind, currency };
        let credit = AccountKey { party: transfer.credit_party, kind: transfer.credit_kind, currency };
        *actual.entry(debit).or_default() -= transfer.amount_minor;
        *actual.entry(credit).or_default() += transfer.amount_minor;
    }
    let expected = ledger::balances(&demanded(stored));
    let mut accounts: Vec<&AccountKey> = actual.keys().chain(expected.keys()).collect();
    accounts.sort_by_key(|account| (account.party, account.kind, account.currency));
    accounts.dedup();
    for account in accounts {
        let of = |sums: &HashMap<AccountKey, i64>| sums.get(account).copied().unwrap_or(0);
        let (stored, recomputed) = (of(&actual), of(&expected));
        if stored != recomputed {
            let show = |minor| format!("{} on {}", Money::new(minor, account.currency), account.kind);
            let difference = Difference::new("ledger", show(stored), show(recomputed));
            found.push(Difference { account: Some(*account), ..difference });
        }
    }
}

/// What a conversion in its state has posted, all together: what it is worth, and what was taken back after its payment.
fn demanded(stored: &Stored<'_>) -> Vec<Posting> {
    let Some((owed, back)) = owed(stored) else { return Vec::new() };
    let is_allocated = stored.allocated_minor != 0;
    match stored.conversion.state {
        ConversionState::Unattributed | ConversionState::Rejected => Vec::new(),
        ConversionState::Pending => ledger::accrue(&owed),
        ConversionState::Approved => approved(&owed, is_allocated),
        ConversionState::Payable | ConversionState::InPayout | ConversionState::Paid | ConversionState::Reversed => {
            [released(&owed, is_allocated), ledger::claw_back(&back)].concat()
        }
    }
}

/// What was owed for it in all, and what of that was taken back after its payment; nothing while it is nobody's.
fn owed(stored: &Stored<'_>) -> Option<(Worth, Worth)> {
    let worth = stored.conversion.worth()?;
    let left = stored.conversion.event_worth();
    let after_payment = stored.events.iter().filter(|event| {
        event.from == Some(ConversionState::Paid)
            && matches!(event.to, ConversionState::Paid | ConversionState::Reversed)
    });
    let back = after_payment.map(EventRecord::loss).fold(worth.nothing(), |sum, loss| Worth {
        commission_minor: sum.commission_minor.saturating_add(loss.commission_minor),
        fee_minor: sum.fee_minor.saturating_add(loss.fee_minor),
        ..sum
    });
    let owed = Worth {
        commission_minor: left.commission_minor.saturating_add(back.commission_minor),
        fee_minor: left.fee_minor.saturating_add(back.fee_minor),
        ..worth
    };
    Some((owed, back))
}

/// Deposits pay for all that is owed, or for nothing of it.
fn allocation(stored: &Stored<'_>, found: &mut Vec<Difference>) {
    let charge_minor = owed(stored).map_or(0, |(owed, _)| owed.commission_minor.saturating_add(owed.fee_minor));
    if stored.allocated_minor != 0 && stored.allocated_minor != charge_minor {
        let money = |minor| Money::new(minor, stored.conversion.currency);
        found.push(Difference::new(ALLOCATION, money(stored.allocated_minor), money(charge_minor)));
    }
}

fn approved(worth: &Worth, is_allocated: bool) -> Vec<Posting> {
    let allocation = if is_allocated { ledger::allocate(worth) } else { Vec::new() };
    [ledger::accrue(worth), ledger::approve(worth), allocation].concat()
}

fn released(worth: &Worth, is_allocated: bool) -> Vec<Posting> {
    [approved(worth, is_allocated), ledger::release(worth)].concat()
}
