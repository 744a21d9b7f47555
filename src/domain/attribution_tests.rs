//! Attribution: who is credited, who is not and why, in tables and as properties.

use proptest::prelude::*;

use super::attribution::{Credit, attribute, window_refusal};
use super::conversion::Badge;
use super::coupon::NamedCoupon;
use super::coupon::tests::coupon;
use super::customer::tests::bound;
use super::customer::{BoundCustomer, bound_until};
use super::evidence::{Beside, Candidate, ClickSource, Evidence, Undecidable, Unresolved};
use super::evidence_tests::{START, any_inputs, click, evidence, inputs};
use super::ids::{CouponId, EvidenceId, PublisherId};
use super::policy::{EvidenceKind, Policy};
use super::reason::ReasonCode;
use super::terms::{Model, Terms, example};
use super::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use super::trace::{TraceLine, Verdict};

const A: i64 = 1;
const B: i64 = 2;

fn credit(evidence: &[Evidence]) -> Credit {
    attribute(&inputs(evidence), &[example(1)]).unwrap()
}

/// The signed report of one order an hour after the start.
fn signed(clicks: &[Candidate]) -> Evidence {
    evidence(1, Badge::Signed, HOUR_MS, Some(4990), clicks)
}

/// Publisher, verdict and reason of each line.
fn told(credit: &Credit) -> Vec<(Option<i64>, &'static str, Option<&'static str>)> {
    let publisher = |line: &TraceLine| line.publisher_id.map(|id| id.0);
    credit.trace.iter().map(|line| (publisher(line), line.verdict.as_str(), line.verdict.reason())).collect()
}

#[test]
fn the_last_click_wins_and_the_losers_are_told_why() {
    let result = credit(&[signed(&[click(0, A), click(MINUTE_MS, B), click(2 * MINUTE_MS, A)])]);
    assert_eq!((result.publisher_id, result.reason), (Some(PublisherId(A)), None));
    let later = Some("later_click_won");
    assert_eq!(told(&result), [(Some(A), "won", None), (Some(B), "lost", later), (Some(A), "lost", later)]);
}

#[test]
fn the_first_click_wins_where_the_terms_say_so_and_ties_go_to_the_lower_id() {
    let terms = [Terms { model: Model::FirstClick, ..example(1) }];
    let clicks = [click(MINUTE_MS, A), click(0, B), click(0, A)];
    let first = attribute(&inputs(&[signed(&clicks)]), &terms).unwrap();
    let (earlier, tie) = (Some("earlier_click_won"), Some("lower_id_won"));
    assert_eq!(told(&first), [(Some(A), "won", None), (Some(A), "lost", earlier), (Some(B), "lost", tie)]);
    let last = credit(&[signed(&[click(0, B), click(0, A)])]);
    assert_eq!(told(&last), [(Some(A), "won", None), (Some(B), "lost", tie)]);
}

#[test]
fn the_newest_terms_among_the_clicks_choose_the_model() {
    let terms = [example(1), Terms { model: Model::FirstClick, ..example(2) }];
    let newer = Candidate { terms_version: 2, ..click(MINUTE_MS, B) };
    let result = attribute(&inputs(&[signed(&[click(0, A), newer])]), &terms).unwrap();
    assert_eq!((result.publisher_id, result.terms_version), (Some(PublisherId(A)), 1));
}

#[test]
fn the_window_is_exact_and_half_open() {
    let window = 7 * DAY_MS;
    let cases = [
        (-1, Some(ReasonCode::BeforeClick)),
        (0, None),
        (1, None),
        (window - 1, None),
        (window, Some(ReasonCode::WindowExpired)),
        (window + 1, Some(ReasonCode::WindowExpired)),
    ];
    for (age, expected) in cases {
        assert_eq!(window_refusal(START, window, START.plus_ms(age)), expected, "{age}");
        let clicked = click(2 * HOUR_MS, A);
        let result = credit(&[evidence(1, Badge::Signed, 2 * HOUR_MS + age, None, &[clicked])]);
        assert_eq!(result.reason, expected, "{age}");
    }
    // domain.md section 13: 30 days' window, conversion on day 40
    let month = Candidate { window_ms: 30 * DAY_MS, ..click(0, A) };
    let late = credit(&[evidence(1, Badge::Signed, 40 * DAY_MS, None, &[month])]);
    assert_eq!(late.reason, Some(ReasonCode::WindowExpired));
}

#[test]
fn a_click_that_cannot_earn_says_why() {
    type Change = fn(&mut Candidate);
    let cases: [(Change, ReasonCode); 5] = [
        (|c| c.was_publisher_active = false, ReasonCode::PublisherInactive),
        (|c| c.was_enrolled = false, ReasonCode::NotEnrolled),
        (|c| c.has_id = false, ReasonCode::ClickUnknown),
        (|c| (c.has_id, c.reason) = (false, Some("consent_denied".to_owned())), ReasonCode::ConsentDenied),
        (|c| (c.has_id, c.reason) = (false, Some("bot".to_owned())), ReasonCode::ClickUnknown),
    ];
    for (change, expected) in cases {
        let mut candidate = click(0, A);
        change(&mut candidate);
        let result = credit(&[signed(&[candidate])]);
        assert_eq!((result.publisher_id, result.reason), (None, Some(expected)));
        assert_eq!(result.badge, Badge::Signed);
    }
    assert_eq!(credit(&[signed(&[])]).reason, Some(ReasonCode::NoEvidence));
}

#[test]
fn a_lower_rank_counts_only_where_the_higher_has_no_click_that_counts() {
    let pixel = evidence(2, Badge::Unverified, HOUR_MS, Some(1), &[click(30 * MINUTE_MS, B)]);
    let both = credit(&[pixel.clone(), signed(&[click(0, A)])]);
    assert_eq!((both.publisher_id, both.badge), (Some(PublisherId(A)), Badge::Signed));
    assert_eq!(told(&both)[1], (Some(B), "lost", Some("lower_rank")));
    let without = credit(&[pixel, signed(&[])]);
    assert_eq!((without.publisher_id, without.badge), (Some(PublisherId(B)), Badge::Unverified));
}

#[test]
fn a_click_seen_twice_counts_with_its_highest_badge() {
    let cookie = Candidate { sources: vec![ClickSource::Cookie], ..click(0, A) };
    let pixel = evidence(2, Badge::Unverified, 0, None, &[cookie]);
    let result = credit(&[pixel, signed(&[click(0, A)])]);
    let line = &result.trace[0];
    assert_eq!((result.trace.len(), line.badge), (1, Badge::Signed));
    assert_eq!(line.sources, [ClickSource::Parameter, ClickSource::Cookie]);
    assert_eq!(line.evidence_ids, [EvidenceId(1), EvidenceId(2)]);
}

#[test]
fn a_conflict_at_the_highest_rank_credits_nobody_but_one_below_it_does_no_harm() {
    let rival = Evidence { is_conflict: true, ..evidence(2, Badge::Signed, HOUR_MS, Some(1), &[click(9, B)]) };
    let result = credit(&[rival, signed(&[click(0, A)])]);
    assert_eq!(result.publisher_id, Some(PublisherId(A)));
    assert_eq!(told(&result)[1], (Some(B), "refused", Some("order_conflict")));
    let late = Evidence { is_conflict: true, ..evidence(3, Badge::Unverified, 0, Some(2), &[click(0, B)]) };
    assert_eq!(credit(&[late, signed(&[])]).publisher_id, Some(PublisherId(B)));
}

#[test]
fn another_channel_named_by_the_highest_rank_leaves_it_to_nobody() {
    let names = |channel: &str| Some(channel.to_owned());
    let pixel = Evidence { channel: names("email"), ..evidence(2, Badge::Unverified, 0, None, &[click(0, A)]) };
    let other = Evidence { channel: names("search"), ..signed(&[click(0, A)]) };
    assert_eq!(credit(&[pixel.clone(), other]).reason, Some(ReasonCode::ChannelOther));
    let ours = Evidence { channel: names("Affiliate"), ..signed(&[click(0, A)]) };
    assert_eq!(credit(&[pixel.clone(), ours]).reason, None);
    let silent = signed(&[click(0, A)]);
    assert_eq!(credit(&[pixel, silent]).reason, None, "a stranger's pixel takes nothing from a signed order");
}

#[test]
fn while_the_campaign_does_not_run_nobody_is_credited_and_one_report_while_it_runs_judges_the_clicks() {
    let inactive = Evidence { is_campaign_inactive: true, ..signed(&[click(0, A)]) };
    let none = Evidence { clicks: Vec::new(), ..inactive.clone() };
    for evidence in [vec![none.clone()], vec![inactive.clone()], vec![inactive.clone(), none]] {
        assert_eq!(credit(&evidence).reason, Some(ReasonCode::CampaignInactive));
    }
    assert_eq!(told(&credit(std::slice::from_ref(&inactive))), [(Some(A), "refused", Some("campaign_inactive"))]);
    let running = |badge| evidence(2, badge, 2 * HOUR_MS, None, &[]);
    let by = |badge| credit(&[inactive.clone(), running(badge)]).publisher_id;
    assert_eq!([by(Badge::Signed), by(Badge::Key)], [Some(PublisherId(A)); 2]);
    assert_eq!(by(Badge::Unverified), None, "a stranger's pixel does not keep a campaign open");
}

#[test]
fn the_best_vouched_report_gives_the_reason_and_in_it_a_click_before_an_id_that_led_to_none() {
    let unknown = |reason| vec![Unresolved { text: "abc".to_owned(), reason }];
    let coupon = unknown(ReasonCode::CouponUnknown);
    let stale = Candidate { window_ms: 1, ..click(0, A) };
    let pixel = |clicks: &[Candidate]| evidence(2, Badge::Unverified, HOUR_MS, None, clicks);
    let stale_signed = signed(std::slice::from_ref(&stale));
    let cases = [
        (vec![Evidence { unresolved: unknown(ReasonCode::ClickForged), ..signed(&[]) }], ReasonCode::ClickUnknown),
        (vec![Evidence { unresolved: coupon.clone(), ..stale_signed.clone() }], ReasonCode::WindowExpired),
        (vec![Evidence { unresolved: coupon.clone(), ..pixel(&[]) }, stale_signed], ReasonCode::WindowExpired),
        (vec![Evidence { unresolved: coupon, ..signed(&[]) }, pixel(&[stale])], ReasonCode::CouponUnknown),
    ];
    for (evidence, expected) in cases {
        assert_eq!(credit(&evidence).reason, Some(expected));
    }
}

fn by_coupon(evidence: Evidence, coupon: NamedCoupon) -> Evidence {
    Evidence { beside: Beside { coupon: Some(coupon), ..evidence.beside }, ..evidence }
}

fn by_customer(evidence: Evidence, customer: BoundCustomer) -> Evidence {
    Evidence { beside: Beside { customer: Some(customer), ..evidence.beside }, ..evidence }
}

#[test]
fn the_policy_orders_the_kinds_and_the_others_are_told_so() {
    use EvidenceKind::{Click, Coupon, Customer};
    const C: i64 = 3;
    let all = by_customer(by_coupon(signed(&[click(0, A)]), coupon(5, B)), bound(6, C));
    for policy in Policy::ALL {
        let terms = [Terms { policy: *policy, ..example(1) }];
        let result = attribute(&inputs(std::slice::from_ref(&all)), &terms).unwrap();
        let winner = match policy.order()[0] {
            Click => A,
            Coupon => B,
            Customer => C,
        };
        assert_eq!(result.publisher_id, Some(PublisherId(winner)), "{policy}");
        assert_eq!((result.link_id.unwrap().0, result.trace[0].kind), (winner, policy.order()[0]), "{policy}");
        assert_eq!(result.click_id.is_some(), policy.order()[0] == Click);
        assert_eq!(result.coupon_id, (policy.order()[0] == Coupon).then_some(CouponId(5)));
        assert!(result.trace[1..].iter().all(|line| line.verdict.reason() == Some("other_kind")), "{policy}");
        let gone = Evidence { clicks: Vec::new(), beside: Beside::default(), ..all.clone() };
        assert_eq!(attribute(&inputs(&[gone]), &terms).unwrap().reason, Some(ReasonCode::NoEvidence));
    }
}

#[test]
fn the_policy_of_the_newest_terms_among_what_counts_decides() {
    let newer = Terms { policy: Policy::CouponClickCustomer, starts_at: START.plus_ms(MINUTE_MS), ..example(2) };
    let named = NamedCoupon { newest_terms: 2, ..coupon(5, B) };
    let result = |at: i64| {
        let report = by_coupon(evidence(1, Badge::Signed, at, None, &[click(0, A)]), named.clone());
        let result = attribute(&inputs(&[report]), &[example(1), newer.clone()]).unwrap();
        (result.publisher_id.unwrap().0, result.terms_version)
    };
    assert_eq!([result(MINUTE_MS - 1), result(MINUTE_MS)], [(A, 1), (B, 2)]);
}

#[test]
fn without_a_click_the_terms_at_conversion_time_price_as_far_as_they_were_known() {
    let newer = Terms { starts_at: START.plus_ms(MINUTE_MS), ..example(2) };
    for (at, newest, expected) in [(0, 2, 1), (MINUTE_MS, 2, 2), (MINUTE_MS, 1, 1)] {
        let report = evidence(1, Badge::Signed, at, None, &[]);
        let named = by_coupon(report.clone(), NamedCoupon { newest_terms: newest, ..coupon(5, B) });
        let known = by_customer(report, BoundCustomer { newest_terms: newest, ..bound(6, B) });
        for evidence in [named, known] {
            let result = attribute(&inputs(&[evidence]), &[example(1), newer.clone()]).unwrap();
            assert_eq!(result.terms_version, expected, "{at} {newest}");
        }
    }
}

#[test]
fn the_highest_rank_decides_whatever_its_kind() {
    let pixel = evidence(2, Badge::Unverified, HOUR_MS, None, &[click(0, A)]);
    let result = credit(&[pixel.clone(), by_coupon(signed(&[]), coupon(5, B))]);
    assert_eq!((result.publisher_id, result.badge), (Some(PublisherId(B)), Badge::Signed));
    assert_eq!(told(&result)[1], (Some(A), "lost", Some("lower_rank")));
    let forged = by_coupon(evidence(2, Badge::Unverified, HOUR_MS, None, &[]), coupon(5, B));
    let result = credit(&[forged, signed(&[])]);
    assert_eq!((result.publisher_id, result.badge), (Some(PublisherId(B)), Badge::Unverified));
}

#[test]
fn coupons_and_customers_count_within_their_dates_and_give_their_reasons() {
    let (week, month) = (7 * DAY_MS, bound_until(START, 1).since(START));
    let none = Some(ReasonCode::NoEvidence);
    let expired = Some(ReasonCode::CouponExpired);
    for (length, is_coupon) in [(week, true), (month, false)] {
        for (ms, is_credited) in
            [(-1, false), (0, true), (1, true), (length - 1, true), (length, false), (length + 1, false)]
        {
            let report = evidence(1, Badge::Signed, ms, None, &[]);
            let report = if is_coupon { by_coupon(report, coupon(5, B)) } else { by_customer(report, bound(6, B)) };
            let result = credit(&[report]);
            let reason = if is_coupon { expired } else { none };
            assert_eq!(result.reason, if is_credited { None } else { reason }, "{ms}");
            assert_eq!(result.trace[0].verdict == Verdict::Won, is_credited, "{ms}");
        }
    }
}

#[test]
fn a_coupon_that_cannot_earn_says_why_after_the_clicks_and_before_an_unknown_code() {
    type Change = fn(&mut NamedCoupon);
    let cases: [(Change, ReasonCode); 3] = [
        (|c| c.was_publisher_active = false, ReasonCode::PublisherInactive),
        (|c| c.was_enrolled = false, ReasonCode::NotEnrolled),
        (|c| c.valid_until = Some(START), ReasonCode::CouponExpired),
    ];
    let unknown = |reason| vec![Unresolved { text: "x".to_owned(), reason }];
    for (change, expected) in cases {
        let mut named = coupon(5, B);
        change(&mut named);
        let report = by_coupon(signed(&[]), named);
        assert_eq!(credit(std::slice::from_ref(&report)).reason, Some(expected));
        let beside_code = Evidence { unresolved: unknown(ReasonCode::CouponUnknown), ..report.clone() };
        assert_eq!(credit(&[beside_code]).reason, Some(expected));
        let beside_id = Evidence { unresolved: unknown(ReasonCode::ClickForged), ..report.clone() };
        assert_eq!(credit(&[beside_id]).reason, Some(ReasonCode::ClickUnknown));
        let stale = Candidate { window_ms: 1, ..click(0, A) };
        let beside_click = Evidence { clicks: vec![stale], ..report };
        assert_eq!(credit(&[beside_click]).reason, Some(ReasonCode::WindowExpired));
    }
    let both = [unknown(ReasonCode::CouponUnknown), unknown(ReasonCode::ClickForged)].concat();
    let result = credit(&[Evidence { unresolved: both, ..signed(&[]) }]);
    assert_eq!(result.reason, Some(ReasonCode::ClickUnknown));
    assert_eq!(result.trace.iter().filter(|line| line.kind == EvidenceKind::Coupon).count(), 1);
}

#[test]
fn of_several_coupons_and_bindings_the_first_counts_whatever_the_order_of_the_reports() {
    let report = |id, beside: &dyn Fn(Evidence) -> Evidence| beside(evidence(id, Badge::Signed, HOUR_MS, None, &[]));
    let coupons = [report(1, &|e| by_coupon(e, coupon(6, A))), report(2, &|e| by_coupon(e, coupon(5, B)))];
    assert_eq!(told(&credit(&coupons)), [(Some(B), "won", None), (Some(A), "lost", Some("older_coupon_won"))]);
    let later = BoundCustomer { bound_at: START.plus_ms(1), ..bound(5, A) };
    let customers = [report(1, &|e| by_customer(e, later.clone())), report(2, &|e| by_customer(e, bound(6, B)))];
    assert_eq!(told(&credit(&customers)), [(Some(B), "won", None), (Some(A), "lost", Some("earlier_binding_won"))]);
}

#[test]
fn one_click_listed_twice_is_judged_the_same_in_either_order() {
    let twice = [click(0, A), Candidate { window_ms: 1, ..click(0, A) }];
    let turned = [twice[1].clone(), twice[0].clone()];
    assert_eq!(credit(&[signed(&twice)]), credit(&[signed(&turned)]));
}

#[test]
fn damaged_inputs_are_named() {
    assert_eq!(attribute(&inputs(&[]), &[example(1)]), Err(Undecidable::NoEvidence));
    let strange = Candidate { terms_version: 5, ..click(0, A) };
    let result = attribute(&inputs(&[signed(&[strange])]), &[example(1)]);
    assert_eq!(result, Err(Undecidable::TermsMissing(5)));
}

proptest! {
    #[test]
    fn who_is_credited_was_active_enrolled_and_in_its_window(all in any_inputs()) {
        let terms = [example(1), Terms { model: Model::FirstClick, ..example(2) }];
        let credit = attribute(&all, &terms).unwrap();
        let clicks = all.evidence.iter().flat_map(|evidence| &evidence.clicks);
        for click in clicks.filter(|click| Some(click.click_id) == credit.click_id) {
            let age = credit.converted_at.since(click.click_id.time());
            prop_assert!((0..click.window_ms).contains(&age));
            prop_assert!(click.was_publisher_active && click.was_enrolled && click.has_id);
        }
        let coupons = all.evidence.iter().filter_map(|evidence| evidence.beside.coupon.as_ref());
        for coupon in coupons.filter(|coupon| Some(coupon.coupon_id) == credit.coupon_id) {
            prop_assert!(coupon.was_enrolled && coupon.date_refusal(credit.converted_at).is_none());
        }
        prop_assert!(credit.click_id.is_none() || credit.coupon_id.is_none());
        prop_assert_eq!(credit.reason.is_none(), credit.publisher_id.is_some());
        let winners = credit.trace.iter().filter(|line| line.verdict == Verdict::Won).count();
        prop_assert_eq!(winners, usize::from(credit.publisher_id.is_some()));
    }
}
