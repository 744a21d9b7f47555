//! What a run pays to whom, when it is due, what is carried and why.

use super::conversion::ConversionState;
use super::ids::{PayableId, PublisherId};
use super::money::{Currency, Money};
use super::payout::*;
use super::time::{Timestamp, Zone};
use proptest::prelude::*;

const A: PublisherId = PublisherId(10);
const B: PublisherId = PublisherId(11);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn rules(net_days: i64) -> PayoutRules {
    PayoutRules { net_days, thresholds: vec![Money::new(500, Currency::EUR)], zone: Zone::UTC }
}

fn line(id: i64, publisher_id: PublisherId, amount_minor: i64) -> PayoutLine {
    let approved_at = at("2026-03-09T14:00:00Z");
    let is_due_at_once = amount_minor < 0;
    let payable_id = PayableId(id);
    PayoutLine { payable_id, publisher_id, currency: Currency::EUR, amount_minor, approved_at, is_due_at_once }
}

#[test]
fn the_month_of_approval_has_ended_in_the_networks_zone() {
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    let cases = [
        ("2026-03-02T10:00:00Z", 0, &Zone::UTC, "2026-04-01T08:00:00Z", true),
        ("2026-03-31T23:59:59Z", 0, &Zone::UTC, "2026-03-31T23:59:59Z", false),
        ("2026-03-31T23:59:59Z", 0, &Zone::UTC, "2026-04-01T00:00:00Z", true),
        ("2026-03-31T23:59:59Z", 0, &berlin, "2026-04-30T21:59:59Z", false),
        ("2026-03-31T23:59:59Z", 0, &berlin, "2026-04-30T22:00:00Z", true),
        ("2026-03-02T10:00:00Z", 30, &Zone::UTC, "2026-04-30T23:59:59Z", false),
        ("2026-03-02T10:00:00Z", 30, &Zone::UTC, "2026-05-01T00:00:00Z", true),
        ("2026-12-31T10:00:00Z", 0, &Zone::UTC, "2027-01-01T00:00:00Z", true),
        ("2028-02-29T10:00:00Z", 1, &Zone::UTC, "2028-03-02T00:00:00Z", true),
    ];
    for (approved, net, zone, run, expected) in cases {
        assert_eq!(eligible(at(approved), net, zone, at(run)), expected, "{approved} +{net} {run}");
    }
}

#[test]
fn the_storys_run_pays_a_and_carries_b_and_says_so() {
    // story.md step 16, column first
    let lines = [line(1, A, 300), line(4, B, 499), line(2, A, 800), line(3, A, 250)];
    let proposals = propose(&lines, &rules(0), at("2026-04-01T08:00:00Z"));
    assert_eq!(proposals.len(), 2);
    assert_eq!((proposals[0].publisher_id, proposals[0].money.minor), (A, 1350));
    assert_eq!((proposals[0].state, proposals[0].sentence()), (PayoutState::Proposed, None));
    assert_eq!(proposals[0].payables, [PayableId(1), PayableId(2), PayableId(3)]);
    assert_eq!((proposals[1].publisher_id, proposals[1].state), (B, PayoutState::Carried));
    let sentence = "4.99 EUR is below the threshold of 5.00 EUR and is carried to the next run.";
    assert_eq!(proposals[1].sentence().as_deref(), Some(sentence));
}

#[test]
fn who_is_not_in_the_run_is_told_why() {
    let run = at("2026-04-01T08:00:00Z");
    let debt = propose(&[line(1, A, 300), line(2, A, -900)], &rules(0), run);
    assert_eq!((debt[0].money.minor, debt[0].reason), (-600, Some(CarryReason::NegativeBalance)));
    let due_at_once = propose(&[line(1, A, 3000), line(2, A, -900)], &rules(30), run);
    assert_eq!((due_at_once[0].money.minor, due_at_once[0].reason), (-900, Some(CarryReason::NegativeBalance)));
    let early = propose(&[line(1, A, 3000)], &rules(30), run);
    assert_eq!(early[0].sentence().as_deref(), Some("30.00 EUR is payable in a run from 2026-05-01 on."));
    let exact = propose(&[line(1, A, 500)], &rules(0), run);
    assert_eq!(exact[0].state, PayoutState::Proposed);
    let yen = PayoutLine { currency: "JPY".parse().unwrap(), ..line(1, A, 24) };
    let threshold_minor = 25;
    assert_eq!(propose(&[yen], &rules(0), run)[0].reason, Some(CarryReason::BelowThreshold { threshold_minor }));
}

#[test]
fn what_is_taken_back_before_payment_is_due_with_its_conversion_and_a_claw_back_at_once() {
    let run = at("2026-04-01T08:00:00Z");
    let back = |amount| PayoutLine { is_due_at_once: false, ..line(2, A, amount) };
    let early = propose(&[line(1, A, 3000), back(-900)], &rules(30), run);
    assert_eq!(early[0].sentence().as_deref(), Some("21.00 EUR is payable in a run from 2026-05-01 on."));
    let owed = propose(&[line(1, A, 3000), line(2, A, -900)], &rules(0), run);
    assert_eq!((owed[0].money.minor, owed[0].state), (2100, PayoutState::Proposed));
    assert_eq!(owed[0].payables, [PayableId(1), PayableId(2)]);
    assert_eq!(propose(&[line(1, A, 900), back(-900)], &rules(0), run), [], "what cancels itself out waits silently");
    let rest = propose(
        &[line(1, A, 900), line(2, A, -900), PayoutLine { approved_at: run, ..line(3, A, 700) }],
        &rules(0),
        run,
    );
    assert_eq!((rest[0].money.minor, rest[0].reason.map(CarryReason::as_str)), (700, Some("not_yet_due")));
}

#[test]
fn a_change_of_payout_details_carries_what_would_have_been_paid() {
    let (run, until) = (at("2026-04-01T08:00:00Z"), at("2026-04-03T10:00:00Z"));
    let one = |minor| propose(&[line(1, A, minor)], &rules(0), run).remove(0);
    let changed = Some(CarryReason::DetailsChanged { until });
    let held = one(3000).held(changed);
    assert_eq!((held.state, held.reason.map(CarryReason::as_str)), (PayoutState::Carried, Some("details_changed")));
    let sentence =
        "30.00 EUR waits until 3 Apr 2026, 10:00 UTC, since the payout details were changed, and is carried.";
    assert_eq!(held.sentence().as_deref(), Some(sentence));
    assert_eq!((held.money, held.payables.len()), (one(3000).money, 1));
    assert_eq!(one(3000).held(None), one(3000));
    assert_eq!(one(499).held(changed), one(499), "what is carried anyway says why as ever");
}

#[test]
fn who_cannot_be_paid_says_why_and_to_the_publisher_not_with_whom_it_shares() {
    let (now, until) = (at("2026-04-01T08:00:00Z"), at("2026-04-03T10:00:00Z"));
    let good = Payee { is_suspended: false, has_details: true, held_until: None, is_shared: false };
    let held = Payee { held_until: Some(until), ..good };
    let money = Money::new(3000, Currency::EUR);
    let cases = [
        (good, None, ""),
        (Payee { held_until: Some(now), ..good }, None, ""),
        (held, Some("details_changed"), "since the payout details were changed"),
        (Payee { is_shared: true, ..held }, Some("shared_destination"), "the network has looked at the payout details"),
        (Payee { has_details: false, ..good }, Some("details_missing"), "until payout details are entered"),
        (Payee { is_suspended: true, is_shared: true, ..held }, Some("suspended"), "while the publisher is suspended"),
    ];
    for (payee, code, words) in cases {
        let reason = payee.carry_reason(now);
        assert_eq!(reason.map(CarryReason::as_str), code, "{payee:?}");
        let told = reason.map(|reason| reason.sentence(money)).unwrap_or_default();
        assert!(told.contains(words) && !told.contains("share") && !told.contains("other"), "{told}");
    }
}

#[test]
fn payouts_and_runs_take_only_the_allowed_steps() {
    use PayoutState::{Approved, Cancelled, Failed, Paid, Proposed, Returned, Sent};
    let allowed = [
        (Proposed, Approved),
        (Proposed, Cancelled),
        (Approved, Sent),
        (Approved, Paid),
        (Approved, Failed),
        (Sent, Paid),
        (Sent, Failed),
        (Paid, Returned),
    ];
    for &from in PayoutState::ALL {
        for &to in PayoutState::ALL {
            assert_eq!(from.can_become(to), allowed.contains(&(from, to)), "{from} to {to}");
        }
    }
    assert!(PayoutRunState::Draft.can_become(PayoutRunState::Approved));
    assert!(!PayoutRunState::Approved.can_become(PayoutRunState::Cancelled), "what is reserved is not given up");
}

#[test]
fn a_conversion_follows_its_payout() {
    use ConversionState::{InPayout, Paid, Payable};
    let allowed = [
        (Payable, PayoutState::Approved, InPayout),
        (InPayout, PayoutState::Paid, Paid),
        (InPayout, PayoutState::Failed, Payable),
        (Paid, PayoutState::Returned, Payable),
    ];
    for &from in ConversionState::ALL {
        for &to in PayoutState::ALL {
            let expected = allowed.iter().find(|(state, payout, _)| (*state, *payout) == (from, to));
            assert_eq!(step(from, to).map(|step| step.to), expected.map(|(_, _, next)| *next), "{from} to {to}");
        }
    }
}

proptest! {
    #[test]
    fn a_proposal_does_not_depend_on_the_order_and_loses_nothing(
        (lines, shuffled) in proptest::collection::vec((0..5_i64, -500..2000_i64), 1..12).prop_flat_map(|all| {
            let lines: Vec<PayoutLine> =
                all.iter().zip(1..).map(|(&(who, amount), id)| line(id, PublisherId(who), amount)).collect();
            (Just(lines.clone()), Just(lines).prop_shuffle())
        }),
    ) {
        let run = at("2026-04-01T08:00:00Z");
        let proposals = propose(&lines, &rules(0), run);
        prop_assert_eq!(&proposals, &propose(&shuffled, &rules(0), run));
        let proposed: i64 = proposals.iter().map(|proposal| proposal.money.minor).sum();
        prop_assert_eq!(proposed, lines.iter().map(|line| line.amount_minor).sum::<i64>());
        for proposal in proposals.iter().filter(|proposal| proposal.state == PayoutState::Proposed) {
            prop_assert!(proposal.money.minor >= 500);
        }
    }
}
