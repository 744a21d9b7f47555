//! Decisions: pure, and the same for the same inputs.

use proptest::prelude::*;

use super::conversion::{Badge, ConversionState};
use super::coupon::tests::coupon;
use super::decision::*;
use super::evidence::{Arrival, Beside, ClickSource, Content, Evidence, Unresolved, compare};
use super::evidence::{Candidate, Inputs};
use super::evidence_tests::{any_inputs, click, evidence, inputs};
use super::ids::{AdvertiserId, PublisherId, RefundId};
use super::line::Line;
use super::money::Currency;
use super::reason::{Outcome, ReasonCode};
use super::refund::Refund;
use super::rule::EventName;
use super::terms::Terms;
use super::terms::{Model, example};
use super::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

const A: i64 = 1;
const B: i64 = 2;

fn decided(evidence: &[Evidence]) -> Decision {
    decide(&inputs(evidence), &[example(1)]).unwrap()
}

fn lead(evidence: &[Evidence]) -> Decision {
    decide(&Inputs { event: EventName::lead(), ..inputs(evidence) }, &[example(1)]).unwrap()
}

fn worth_of(decision: &Decision) -> (Option<i64>, i64, i64, Badge) {
    (decision.amount_minor, decision.commission_minor, decision.fee_minor, decision.badge)
}

#[test]
fn a_signed_order_is_priced_by_the_terms_of_its_click() {
    let decision = decided(&[evidence(1, Badge::Signed, HOUR_MS, Some(4990), &[click(0, B)])]);
    assert_eq!((decision.state, decision.outcome()), (ConversionState::Pending, Outcome::Created));
    assert_eq!(worth_of(&decision), (Some(4990), 499, 100, Badge::Signed));
    assert_eq!((decision.rule_number, decision.publisher_id), (Some(1), Some(PublisherId(B))));
    assert_eq!(decision.function_version, FUNCTION_VERSION);
    let text = serde_json::to_string(&decision).unwrap();
    assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
}

#[test]
fn an_order_with_lines_is_priced_line_by_line_and_a_test_shows_its_rules() {
    let line = |unit_minor| Line { sku: Some("A".to_owned()), category: None, quantity: 1, unit_minor };
    let lines = vec![line(5), line(5)];
    let signed = Evidence { lines, ..evidence(1, Badge::Signed, HOUR_MS, Some(10), &[click(0, A)]) };
    let parts = |decision: &Decision| -> Vec<(Option<i64>, i64)> {
        decision.lines.iter().map(|line| (line.rule_number, line.commission_minor)).collect()
    };
    let decision = decided(std::slice::from_ref(&signed));
    assert_eq!(worth_of(&decision), (Some(10), 2, 0, Badge::Signed));
    assert_eq!((decision.rule_number, parts(&decision)), (Some(1), vec![(Some(1), 1), (Some(1), 1)]));
    let text = serde_json::to_string(&decision).unwrap();
    assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
    let test = decided(&[Evidence { is_test: true, ..signed.clone() }]);
    assert_eq!((test.rule_number, parts(&test)), (Some(1), vec![(Some(1), 0), (Some(1), 0)]));
    let nobodys = decided(&[Evidence { clicks: Vec::new(), ..signed }]);
    assert_eq!((nobodys.rule_number, parts(&nobodys)), (None, vec![(None, 0), (None, 0)]));
}

#[test]
fn what_belongs_to_nobody_is_worth_nothing() {
    let decision = decided(&[evidence(1, Badge::Unverified, 0, Some(3000), &[])]);
    assert_eq!((decision.state, decision.outcome()), (ConversionState::Unattributed, Outcome::Unattributed));
    assert_eq!(worth_of(&decision), (Some(3000), 0, 0, Badge::Unverified));
    assert_eq!((decision.reason, decision.worth(AdvertiserId(9))), (Some(ReasonCode::NoEvidence), None));
}

#[test]
fn a_strangers_amount_changes_nothing_and_the_badge_is_the_weakest_it_rests_on() {
    let stranger = evidence(1, Badge::Unverified, 0, Some(1), &[]);
    let signed = evidence(2, Badge::Signed, HOUR_MS, Some(8000), &[click(0, A)]);
    assert_eq!(worth_of(&decided(&[stranger.clone(), signed])), (Some(8000), 800, 160, Badge::Signed));
    let silent = evidence(2, Badge::Signed, HOUR_MS, None, &[click(0, A)]);
    assert_eq!(worth_of(&lead(&[stranger.clone(), silent.clone()])), (None, 250, 50, Badge::Signed));
    assert_eq!(worth_of(&decided(&[stranger, silent])), (Some(1), 0, 0, Badge::Unverified));
    let cookie = evidence(1, Badge::Unverified, 0, Some(1), &[click(0, A)]);
    let without_click = evidence(2, Badge::Signed, HOUR_MS, Some(8000), &[]);
    assert_eq!(worth_of(&decided(&[cookie, without_click])), (Some(8000), 800, 160, Badge::Unverified));
}

#[test]
fn a_test_is_what_the_highest_rank_calls_one_and_worth_nothing() {
    let signed = evidence(1, Badge::Signed, HOUR_MS, Some(8000), &[click(0, A)]);
    let pixel = Evidence { is_test: true, ..evidence(2, Badge::Unverified, 0, Some(8000), &[]) };
    assert!(!decided(&[signed.clone(), pixel]).is_test);
    let nobodys = decided(&[Evidence { is_test: true, clicks: Vec::new(), ..signed.clone() }]);
    assert_eq!((nobodys.is_test, nobodys.reason), (true, Some(ReasonCode::NoEvidence)));
    let test = decided(&[Evidence { is_test: true, ..signed }]);
    assert_eq!((test.state, test.reason), (ConversionState::Pending, Some(ReasonCode::TestMode)));
    assert_eq!(worth_of(&test), (Some(8000), 0, 0, Badge::Signed));
    assert_eq!((test.outcome(), test.rule_number), (Outcome::Created, Some(1)));
}

#[test]
fn doubtful_clicks_and_speed_are_held_not_refused() {
    let labelled = |reason: &str| {
        let label = "invalid".to_owned();
        let candidate = Candidate { label, reason: Some(reason.to_owned()), ..click(0, A) };
        decided(&[evidence(1, Badge::Signed, HOUR_MS, Some(8000), &[candidate])])
    };
    assert_eq!(labelled("flood").held_reason, Some(ReasonCode::Flood));
    let held = labelled("no_user_agent");
    assert_eq!((held.held_reason, held.reason), (Some(ReasonCode::FraudRule), Some(ReasonCode::FraudRule)));
    assert_eq!((held.outcome(), held.commission_minor), (Outcome::Created, 800));
    let again = Candidate { is_recreated: true, ..click(0, A) };
    let report = |id, click: &Candidate| evidence(id, Badge::Signed, HOUR_MS, None, std::slice::from_ref(click));
    let lost = report(1, &again);
    assert_eq!(decided(std::slice::from_ref(&lost)).held_reason, Some(ReasonCode::FraudRule));
    assert_eq!(decided(&[lost.clone(), report(2, &click(0, A))]).held_reason, None, "its own record came after all");
    let conflict = Evidence { is_conflict: true, ..report(2, &click(0, A)) };
    let held = decided(&[lost.clone(), conflict]).held_reason;
    assert_eq!(held, Some(ReasonCode::FraudRule), "of a conflict nothing counts");
    let other = report(2, &Candidate { is_recreated: true, ..click(-1, B) });
    assert_eq!(decided(&[report(1, &click(0, A)), other]).held_reason, None, "another click");
    // domain.md section 13: minimum 30 s, conversion after 10 s
    let terms = [Terms { too_fast_ms: 30 * SECOND_MS, ..example(1) }];
    for (seconds, expected) in [(10, Some(ReasonCode::TooFast)), (30, None)] {
        let all = inputs(&[evidence(1, Badge::Signed, seconds * SECOND_MS, Some(8000), &[click(0, A)])]);
        assert_eq!(decide(&all, &terms).unwrap().held_reason, expected, "{seconds} s");
    }
}

#[test]
fn a_publishers_own_purchase_is_held_unless_a_weaker_report_says_so() {
    let own = |badge, publisher| {
        let beside = Beside { own_publishers: vec![PublisherId(publisher)], ..Beside::default() };
        Evidence { beside, ..evidence(2, badge, HOUR_MS, None, &[]) }
    };
    let order = evidence(1, Badge::Key, HOUR_MS, Some(8000), &[click(0, A)]);
    let held = |report| decided(&[order.clone(), report]).held_reason;
    let self_referral = Some(ReasonCode::SelfReferral);
    assert_eq!([held(own(Badge::Key, A)), held(own(Badge::Signed, A))], [self_referral; 2]);
    assert_eq!(held(own(Badge::Key, B)), None, "a member of another publisher");
    assert_eq!(held(own(Badge::Unverified, A)), None, "a rival's pixel");
    let coupon = Beside { coupon: Some(coupon(5, A)), ..own(Badge::Signed, A).beside };
    let by_coupon = decided(&[Evidence { beside: coupon, ..own(Badge::Signed, A) }]);
    assert_eq!((by_coupon.held_reason, by_coupon.reason), (self_referral, self_referral));
    assert_eq!(by_coupon.outcome(), Outcome::Created);
}

/// What the endpoint does with each report in turn.
fn arrive(reports: &[&Evidence]) -> Decision {
    let mut stored: Vec<Evidence> = Vec::new();
    for (index, report) in reports.iter().enumerate() {
        let mut new = (*report).clone();
        new.evidence_id.0 = index as i64;
        new.received_at = new.received_at.plus_ms(index as i64 * SECOND_MS);
        new.is_conflict = compare(&Content::of(&new), &stored, ConversionState::Pending) == Arrival::Conflict;
        stored.push(new);
    }
    decided(&stored)
}

#[test]
fn every_order_of_arrival_ends_the_same() {
    // story.md, the last paragraph, with a rival's click in the forged pixel
    let at = HOUR_MS;
    let reports = [
        evidence(0, Badge::Signed, at, Some(8000), &[click(MINUTE_MS, A)]),
        evidence(0, Badge::Unverified, at, Some(8000), &[]),
        evidence(0, Badge::Unverified, at, Some(8000), &[click(MINUTE_MS, A), click(0, B)]),
        evidence(0, Badge::Unverified, at, Some(1), &[click(2 * MINUTE_MS, B)]),
    ];
    let mut tried = 0;
    for code in 0..5_usize.pow(4) {
        let picks: Vec<usize> = (0..4).map(|place| code / 5_usize.pow(place) % 5).filter(|&pick| pick < 4).collect();
        let is_once = (0..4).all(|report| picks.iter().filter(|&&pick| pick == report).count() <= 1);
        if is_once && picks.contains(&0) {
            let decision = arrive(&picks.iter().map(|&pick| &reports[pick]).collect::<Vec<_>>());
            assert_eq!(worth_of(&decision), (Some(8000), 800, 160, Badge::Signed), "{picks:?}");
            assert_eq!(decision.publisher_id, Some(PublisherId(A)), "{picks:?}");
            tried += 1;
        }
    }
    assert!(tried >= 49, "all permutations of all subsets with the signed report");
}

fn shuffled() -> impl Strategy<Value = (Inputs, Inputs, [Terms; 2])> {
    let terms = [example(1), Terms { model: Model::FirstClick, ..example(2) }];
    any_inputs().prop_flat_map(move |all| {
        let terms = terms.clone();
        let order = (Just(all.evidence.clone()).prop_shuffle(), any::<bool>());
        order.prop_map(move |(mut evidence, is_turned)| {
            evidence.iter_mut().filter(|_| is_turned).for_each(|evidence| evidence.clicks.reverse());
            (all.clone(), Inputs { evidence, ..all.clone() }, terms.clone())
        })
    })
}

proptest! {
    #[test]
    fn the_order_of_the_inputs_does_not_matter((all, other, terms) in shuffled()) {
        let turned: Vec<Terms> = terms.iter().rev().cloned().collect();
        prop_assert_eq!(decide(&all, &terms).unwrap(), decide(&other, &turned).unwrap());
    }

    #[test]
    fn how_a_click_id_came_is_told_and_decides_nothing(all in any_inputs(), ways in any::<u64>()) {
        const WAYS: [&[ClickSource]; 3] =
            [&[ClickSource::Parameter], &[ClickSource::Cookie], &[ClickSource::Parameter, ClickSource::Cookie]];
        let mut moved = all.clone();
        let clicks = moved.evidence.iter_mut().flat_map(|evidence| &mut evidence.clicks);
        for (number, click) in clicks.enumerate() {
            click.sources = WAYS[(ways >> (2 * number)) as usize % 4 % 3].to_vec();
        }
        let terms = [example(1), Terms { model: Model::FirstClick, ..example(2) }];
        let decided = |inputs: &Inputs| {
            let mut decision = decide(inputs, &terms).unwrap();
            decision.trace.iter_mut().for_each(|line| line.sources.clear());
            decision
        };
        prop_assert_eq!(decided(&moved), decided(&all));
    }

    #[test]
    fn a_decision_is_the_same_from_stored_inputs(all in any_inputs()) {
        let terms = [example(1), example(2)];
        let stored: Inputs = serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
        let decision = decide(&all, &terms).unwrap();
        prop_assert_eq!(&decide(&stored, &terms).unwrap(), &decision);
        prop_assert_eq!(decision.worth(AdvertiserId(9)).is_some(), decision.state == ConversionState::Pending);
    }

    #[test]
    fn a_lower_rank_never_changes_a_signed_order(mut all in any_inputs(), text in "[a-z]{1,4}") {
        let signed = evidence(99, Badge::Signed, HOUR_MS, Some(8000), &[click(0, A)]);
        all.evidence.retain(|evidence| evidence.badge != Badge::Signed);
        all.evidence.iter_mut().filter(|evidence| evidence.badge == Badge::Unverified).for_each(|evidence| {
            evidence.unresolved.push(Unresolved { text: text.clone(), reason: ReasonCode::ClickForged });
        });
        all.evidence.iter_mut().for_each(|evidence| (evidence.occurred_at, evidence.channel) = (None, None));
        all.evidence.push(signed);
        let decision = decide(&all, &[example(1), example(2)]).unwrap();
        prop_assert_eq!(worth_of(&decision), (Some(8000), 800, 160, Badge::Signed));
        prop_assert_eq!(decision.publisher_id, Some(PublisherId(A)));
    }
}

#[test]
fn what_was_refunded_counts_less_and_nothing_left_earns_nothing() {
    let signed = evidence(1, Badge::Signed, HOUR_MS, Some(8000), &[click(0, A)]);
    let refund = |id, minor| Refund { refund_id: RefundId(id), minor, currency: Currency::EUR, lines: Vec::new() };
    let with = |event: EventName, refunds: &[Refund]| {
        let refunds = refunds.to_vec();
        decide(&Inputs { event, refunds, ..inputs(std::slice::from_ref(&signed)) }, &[example(1)]).unwrap()
    };
    let sale = |refunds: &[Refund]| with(EventName::sale(), refunds);
    assert_eq!(worth_of(&sale(&[refund(1, 3000)])), (Some(5000), 500, 100, Badge::Signed));
    let [first, second] = [refund(1, 3000), refund(2, 4999)];
    assert_eq!(sale(&[first.clone(), second.clone()]), sale(&[second, first]), "whatever came first");
    let nothing = sale(&[refund(1, 9000)]);
    assert_eq!((nothing.state, nothing.publisher_id), (ConversionState::Pending, Some(PublisherId(A))));
    assert_eq!(worth_of(&nothing), (Some(0), 0, 0, Badge::Signed));
    // A fixed amount is for the event: it stays while anything is left.
    assert_eq!(worth_of(&with(EventName::lead(), &[refund(1, 7999)])), (Some(1), 250, 50, Badge::Signed));
    assert_eq!(worth_of(&with(EventName::lead(), &[refund(1, 8000)])), (Some(0), 0, 0, Badge::Signed));
    let text = serde_json::to_string(&inputs(&[signed])).unwrap();
    assert!(!text.contains("refunds"), "inputs from before are as they were");
}

#[test]
fn a_refund_of_a_line_lets_the_others_stand() {
    let line = |sku: &str, unit_minor| Line { sku: Some(sku.to_owned()), category: None, quantity: 1, unit_minor };
    let lines = vec![line("A", 15), line("B", 15)];
    let signed = Evidence { lines, ..evidence(1, Badge::Signed, HOUR_MS, Some(30), &[click(0, A)]) };
    let back = Refund { refund_id: RefundId(1), minor: 15, currency: Currency::EUR, lines: vec![line("A", 15)] };
    let decided = decide(&Inputs { refunds: vec![back], ..inputs(&[signed]) }, &[example(1)]).unwrap();
    // 10 % of 0.15 is rounded up, once for the line that is left.
    assert_eq!((worth_of(&decided), decided.lines.len()), ((Some(15), 2, 0, Badge::Signed), 1));
    assert_eq!(decided.lines[0].line, line("B", 15));
}
