//! The decision about a conversion: whose it is and what it is worth. Stored with its inputs, so that a receipt and
//! `verify` can decide again and compare (domain.md sections 3 to 6).

use serde::{Deserialize, Serialize};

use super::attribution::{Credit, attribute};
use super::commission::{Priced, PricedLine, price};
use super::conversion::{Badge, ConversionState};
use super::evidence::{Amount, Candidate, Inputs, Undecidable, version};
use super::ids::{AdvertiserId, ClickId, CouponId, CreativeId, LinkId, PublisherId};
use super::ledger::Worth;
use super::money::Currency;
use super::reason::{Outcome, ReasonCode};
use super::terms::Terms;
use super::time::Timestamp;
use super::trace::TraceLine;

/// Raised whenever `decide` would answer differently for stored inputs.
pub const FUNCTION_VERSION: i64 = 1;

/// What was decided about one conversion. Money in minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Pending or unattributed.
    pub state: ConversionState,
    pub publisher_id: Option<PublisherId>,
    pub link_id: Option<LinkId>,
    pub creative_id: Option<CreativeId>,
    pub click_id: Option<ClickId>,
    /// Where a coupon, and no click, is credited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<CouponId>,
    pub terms_version: i64,
    pub rule_number: Option<i64>,
    pub converted_at: Timestamp,
    /// The lowest rank on which amount and attribution rest.
    pub badge: Badge,
    pub amount_minor: Option<i64>,
    pub currency: Currency,
    pub commission_minor: i64,
    /// The order's lines, each with its part of the commission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<PricedLine>,
    pub fee_minor: i64,
    /// Stops approval by itself.
    pub held_reason: Option<ReasonCode>,
    /// Worth nothing, in no report.
    pub is_test: bool,
    /// The code of the answer: why it belongs to nobody, or that it is a test, or the hold.
    pub reason: Option<ReasonCode>,
    pub trace: Vec<TraceLine>,
    pub function_version: i64,
}

impl Decision {
    /// Created or unattributed: a report that is rejected never gets here.
    pub fn outcome(&self) -> Outcome {
        self.reason.map_or(Outcome::Created, ReasonCode::outcome)
    }

    /// What the ledger gets for it; nothing while it belongs to nobody.
    pub fn worth(&self, advertiser_id: AdvertiserId) -> Option<Worth> {
        let (currency, commission_minor, fee_minor) = (self.currency, self.commission_minor, self.fee_minor);
        self.publisher_id.map(|publisher_id| Worth {
            advertiser_id,
            publisher_id,
            currency,
            commission_minor,
            fee_minor,
        })
    }
}

/// Decides about one conversion from everything that was reported about it; independent of the order of its inputs.
///
/// # Errors
/// When the stored inputs are damaged: no report, or a version of the terms is missing.
pub fn decide(inputs: &Inputs, terms: &[Terms]) -> Result<Decision, Undecidable> {
    let credit = attribute(inputs, terms)?;
    let terms = version(terms, credit.terms_version)?;
    let amount = amount(inputs, terms);
    let currency = currency(inputs, terms, amount);
    let is_test = inputs.is_test();
    let is_credited = credit.publisher_id.is_some();
    let lines = amount.as_ref().map_or(&[][..], |amount| inputs.lines(amount));
    let priced = price(terms, inputs.event.as_str(), amount.map(|amount| amount.minor), currency, lines);
    let priced = worth(priced, is_credited, is_test);
    let held_reason = if is_test { None } else { hold(inputs, terms, &credit) };
    let test = is_test.then_some(ReasonCode::TestMode);
    Ok(Decision {
        state: if is_credited { ConversionState::Pending } else { ConversionState::Unattributed },
        publisher_id: credit.publisher_id,
        link_id: credit.link_id,
        creative_id: credit.creative_id,
        click_id: credit.click_id,
        coupon_id: credit.coupon_id,
        terms_version: credit.terms_version,
        rule_number: priced.rule_number,
        converted_at: credit.converted_at,
        badge: amount.map_or(credit.badge, |amount| credit.badge.weaker(amount.badge)),
        amount_minor: amount.map(|amount| amount.minor),
        currency,
        commission_minor: priced.commission_minor,
        lines: priced.lines,
        fee_minor: priced.fee_minor,
        held_reason,
        is_test,
        reason: credit.reason.or(test).or(held_reason),
        trace: credit.trace,
        function_version: FUNCTION_VERSION,
    })
}

/// The amount that counts. One from a lower rank than the highest counts only where there is no commission without it:
/// a stranger's pixel must not weaken a signed lead.
fn amount(inputs: &Inputs, terms: &Terms) -> Option<Amount> {
    let amount = inputs.amount()?;
    let is_top = inputs.top_badge() == Some(amount.badge);
    let alone = price(terms, inputs.event.as_str(), None, currency(inputs, terms, None), &[]);
    if is_top || alone.commission_minor == 0 { Some(amount) } else { None }
}

/// The amount's currency; without an amount what the highest rank names, else the first of the terms.
fn currency(inputs: &Inputs, terms: &Terms, amount: Option<Amount>) -> Currency {
    let named = match amount {
        Some(amount) => amount.currency,
        None => inputs.top().filter_map(|evidence| evidence.currency).next(),
    };
    named.unwrap_or_else(|| terms.first_currency())
}

/// A test, and what belongs to nobody, is worth nothing; a test still shows the rule that it would have had.
fn worth(priced: Priced, is_credited: bool, is_test: bool) -> Priced {
    if is_credited && !is_test {
        return priced;
    }
    let shown = |rule: Option<i64>| rule.filter(|_| is_credited);
    let lines = priced.lines.into_iter();
    let lines = lines.map(|line| PricedLine { rule_number: shown(line.rule_number), commission_minor: 0, ..line });
    Priced { rule_number: shown(priced.rule_number), commission_minor: 0, fee_minor: 0, lines: lines.collect() }
}

/// Why a conversion is not approved by itself: the publisher's own purchase before the credited click's label, and that
/// before the speed. Without a click there is neither label nor speed.
fn hold(inputs: &Inputs, terms: &Terms, credit: &Credit) -> Option<ReasonCode> {
    if credit.publisher_id.is_some_and(|publisher| inputs.is_customer_of(publisher, credit.badge)) {
        return Some(ReasonCode::SelfReferral);
    }
    let click_id = credit.click_id?;
    let clicks = inputs.evidence.iter().flat_map(|evidence| &evidence.clicks);
    let credited: Vec<&Candidate> = clicks.filter(|click| click.click_id == click_id).collect();
    let mut doubtful = credited.iter().filter(|click| click.label == "invalid").peekable();
    let is_doubtful = doubtful.peek().is_some();
    if doubtful.any(|click| click.reason.as_deref() == Some(ReasonCode::Flood.as_str())) {
        return Some(ReasonCode::Flood);
    }
    // Made again from its token in every report: it may have been one of a flood, and nobody can know.
    if is_doubtful || credited.iter().all(|click| click.is_recreated) {
        return Some(ReasonCode::FraudRule);
    }
    let age_ms = credit.converted_at.since(click_id.time());
    (age_ms < terms.too_fast_ms).then_some(ReasonCode::TooFast)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::coupon::tests::coupon;
    use crate::domain::evidence::{Arrival, Beside, Content, Evidence, Unresolved, compare};
    use crate::domain::evidence_tests::{any_inputs, click, evidence, inputs};
    use crate::domain::line::Line;
    use crate::domain::rule::EventName;
    use crate::domain::terms::{Model, example};
    use crate::domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
    use proptest::prelude::*;

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
        assert_eq!(
            decided(&[lost.clone(), report(2, &click(0, A))]).held_reason,
            None,
            "its own record came after all"
        );
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
            let picks: Vec<usize> =
                (0..4).map(|place| code / 5_usize.pow(place) % 5).filter(|&pick| pick < 4).collect();
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
}
