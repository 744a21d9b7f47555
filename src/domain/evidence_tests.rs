//! Evidence: what a further report is to those that are stored; and reports made up for the tests of other rules.

use super::conversion::{Badge, ConversionState};
use super::coupon::NamedCoupon;
use super::coupon::tests::coupon as coupon_of;
use super::customer::BoundCustomer;
use super::customer::tests::bound;
use super::evidence::*;
use super::ids::{AdvertiserId, CampaignId, ClickId, EvidenceId, LinkId, PublisherId, first_id_at};
use super::line::Line;
use super::money::Currency;
use super::reason::ReasonCode;
use super::rule::EventName;
use super::time::Timestamp;

/// The story's clock at its start.
pub const START: Timestamp = Timestamp(1_772_445_600_000);

/// A valid click `ms` after the start, of a link with the publisher's number.
pub fn click(ms: i64, publisher: i64) -> Candidate {
    Candidate {
        click_id: ClickId(first_id_at(START.plus_ms(ms)) + publisher),
        publisher_id: PublisherId(publisher),
        link_id: LinkId(publisher),
        creative_id: None,
        terms_version: 1,
        window_ms: 7 * crate::domain::time::DAY_MS,
        label: "valid".to_owned(),
        reason: None,
        was_publisher_active: true,
        was_enrolled: true,
        has_id: true,
        is_recreated: false,
        sources: vec![ClickSource::Parameter],
    }
}

/// A report `ms` after the start.
pub fn evidence(id: i64, badge: Badge, ms: i64, amount_minor: Option<i64>, clicks: &[Candidate]) -> Evidence {
    Evidence {
        evidence_id: EvidenceId(id),
        badge,
        received_at: START.plus_ms(ms),
        occurred_at: None,
        amount_minor,
        currency: amount_minor.map(|_| Currency::EUR),
        is_test: false,
        channel: None,
        is_conflict: false,
        is_campaign_inactive: false,
        clicks: clicks.to_vec(),
        unresolved: Vec::new(),
        beside: Beside::default(),
        lines: Vec::new(),
    }
}

pub fn inputs(evidence: &[Evidence]) -> Inputs {
    Inputs {
        campaign_id: CampaignId(7),
        advertiser_id: AdvertiserId(9),
        event: EventName::sale(),
        evidence: evidence.to_vec(),
        current_terms_version: 1,
        own: None,
        refunds: Vec::new(),
    }
}

proptest::prop_compose! {
    /// A click of one of three publishers around the window's edges, sometimes one that cannot earn. Everything
    /// about it follows from its id, as with stored clicks.
    fn any_click()(hour in 0..12_i64, publisher in 1..4_i64, spoilt in 0..5_u8) -> Candidate {
        let mut click = click(hour * crate::domain::time::HOUR_MS, publisher);
        click.click_id.0 += i64::from(spoilt) << 3;
        click.was_enrolled = spoilt != 1;
        click.has_id = spoilt != 2;
        click.is_recreated = spoilt == 4;
        click.window_ms = if spoilt == 3 { crate::domain::time::HOUR_MS } else { click.window_ms };
        click.terms_version = 1 + hour % 2;
        click
    }
}

proptest::prop_compose! {
    /// Now and then a coupon, a bound customer, one who is publisher 1 itself. What is told of one follows from its id.
    fn any_beside()(coupon in 0..8_i64, customer in 0..8_i64, own in 0..6_u8) -> Beside {
        let named = |id| NamedCoupon { was_enrolled: id != 3, newest_terms: 2, ..coupon_of(id, 1 + id % 3) };
        let customer_of = |id| BoundCustomer { newest_terms: 2, ..bound(id, 1 + id % 3) };
        Beside {
            coupon: (1..4).contains(&coupon).then(|| named(coupon)),
            customer: (1..4).contains(&customer).then(|| customer_of(customer)),
            own_publishers: vec![PublisherId(1); usize::from(own == 0)],
            is_new_customer: [None, Some(true), Some(false)][usize::from(own % 3)],
        }
    }
}

proptest::prop_compose! {
    fn any_evidence()(
        // Not the first one: nobody reports as the network itself.
        rank in 1..5_usize,
        hour in 0..200_i64,
        amount in proptest::option::of(0..3_i64),
        clicks in proptest::collection::vec(any_click(), 0..4),
        flags in 0..8_u8,
        beside in any_beside(),
        split in 0..4_i64,
    ) -> Evidence {
        let at = hour * crate::domain::time::HOUR_MS;
        let mut evidence = evidence(0, Badge::ALL[rank], at, amount.map(|amount| amount * 1000), &clicks);
        evidence.is_test = flags == 1;
        evidence.is_conflict = flags == 2;
        evidence.is_campaign_inactive = flags % 3 == 0;
        evidence.channel = (flags == 3).then(|| "search".to_owned());
        evidence.occurred_at = (flags >= 6).then_some(START.plus_ms(at / 2));
        let unknown = Unresolved { text: "x".to_owned(), reason: ReasonCode::ClickUnknown };
        evidence.unresolved = vec![unknown; usize::from(flags == 4)];
        evidence.beside = beside;
        // 1000 or 2000 as one line, or as two.
        if let (Some(minor), 1..=2) = (evidence.amount_minor.filter(|minor| *minor > 0), split) {
            evidence.lines = vec![line("Boots", 1, minor / split); split as usize];
        }
        evidence
    }
}

proptest::prop_compose! {
    /// One to five reports; the first is no conflict, as with stored ones.
    pub fn any_inputs()(mut all in proptest::collection::vec(any_evidence(), 1..6)) -> Inputs {
        for (index, evidence) in all.iter_mut().enumerate() {
            evidence.evidence_id = EvidenceId(index as i64);
            evidence.is_conflict &= index > 0;
        }
        inputs(&all)
    }
}

#[test]
fn a_new_report_is_told_apart_by_rank_and_amount() {
    use Arrival::{Conflict, First, Lower, SameContent, Upgrade};
    use ConversionState::{Approved, Pending, Unattributed};
    let new = |badge, amount_minor: Option<i64>| Content {
        badge,
        amount_minor,
        currency: amount_minor.map(|_| Currency::EUR),
        is_test: false,
        channel: None,
        occurred_at: None,
        lines: &[],
    };
    let key = [evidence(1, Badge::Key, 0, Some(4990), &[])];
    let silent = [evidence(1, Badge::Key, 0, None, &[])];
    let cases = [
        (new(Badge::Key, Some(4990)), &[] as &[Evidence], Pending, First),
        (new(Badge::Key, Some(4990)), &key, Pending, SameContent),
        (new(Badge::Key, Some(1)), &key, Pending, Conflict),
        (new(Badge::Key, None), &key, Pending, SameContent),
        (new(Badge::Key, Some(1)), &silent, Pending, SameContent),
        (new(Badge::Signed, Some(1)), &key, Pending, Upgrade),
        (new(Badge::Signed, Some(4990)), &key, Unattributed, Upgrade),
        (new(Badge::Signed, Some(4990)), &key, Approved, SameContent),
        (new(Badge::Signed, Some(1)), &key, Approved, Conflict),
        (new(Badge::Unverified, Some(1)), &key, Pending, Lower),
        (new(Badge::Unverified, Some(1)), &key, Approved, Lower),
        // What takes worth away is no repeat of what was said before.
        (Content { is_test: true, ..new(Badge::Key, Some(4990)) }, &key, Pending, Conflict),
        (Content { channel: Some("email"), ..new(Badge::Key, Some(4990)) }, &key, Pending, Conflict),
        (Content { occurred_at: Some(START), ..new(Badge::Key, Some(4990)) }, &key, Pending, Conflict),
    ];
    for (new, existing, state, expected) in cases {
        assert_eq!(compare(&new, existing, state), expected, "{new:?} {state}");
    }
}

fn line(category: &str, quantity: i64, unit_minor: i64) -> Line {
    Line { sku: None, category: Some(category.to_owned()), quantity, unit_minor }
}

#[test]
fn other_lines_of_an_amount_are_a_conflict_and_left_out_ones_are_not() {
    use Arrival::{Conflict, Lower, SameContent, Upgrade};
    let with = |badge, lines: &[Line]| Evidence { lines: lines.to_vec(), ..evidence(1, badge, 0, Some(3000), &[]) };
    let [boots, hats] = [line("Boots", 2, 1000), line("Hats", 1, 1000)];
    let [both, turned] = [[boots.clone(), hats.clone()], [hats, boots]];
    let other = [line("Boots", 3, 1000)];
    let known = [with(Badge::Key, &both)];
    let compared = |new: &Evidence, known: &[Evidence]| compare(&Content::of(new), known, ConversionState::Pending);
    for (new, expected) in [
        (with(Badge::Key, &both), SameContent),
        (with(Badge::Key, &turned), SameContent),
        (with(Badge::Key, &[]), SameContent),
        (with(Badge::Key, &other), Conflict),
        (with(Badge::Signed, &other), Upgrade),
        (with(Badge::Token, &other), Lower),
    ] {
        assert_eq!(compared(&new, &known), expected, "{:?}", new.lines);
    }
    assert_eq!(compared(&known[0], &[with(Badge::Key, &[])]), SameContent, "whichever comes first");
    let silent = Evidence { amount_minor: None, currency: None, ..with(Badge::Key, &[]) };
    let late = compare(&Content::of(&known[0]), std::slice::from_ref(&silent), ConversionState::Approved);
    assert_eq!(late, Conflict, "the first amount, after the decision: nothing changes, and that is said");
    assert_eq!(compared(&known[0], &[silent]), SameContent, "no amount was told before");
}

#[test]
fn lines_are_those_of_the_amount_that_counts() {
    let one = |id, badge, ms, minor, lines: &[Line]| Evidence {
        lines: lines.to_vec(),
        ..evidence(id, badge, ms, Some(minor), &[])
    };
    let [boots, hats] = [line("Boots", 1, 1000), line("Hats", 1, 1000)];
    let key = one(1, Badge::Key, 5, 1000, std::slice::from_ref(&boots));
    let lines = |all: &[Evidence]| {
        let inputs = inputs(all);
        inputs.amount().map_or(Vec::new(), |amount| inputs.lines(&amount).to_vec())
    };
    assert_eq!(lines(std::slice::from_ref(&key)), std::slice::from_ref(&boots));
    let without = one(2, Badge::Key, 0, 1000, &[]);
    assert_eq!(lines(&[without, key.clone()]), [boots], "one that leaves them out does not take them away");
    let signed = one(3, Badge::Signed, 9, 1000, std::slice::from_ref(&hats));
    assert_eq!(lines(&[key.clone(), signed]), std::slice::from_ref(&hats), "a higher rank replaces them");
    let bare = one(3, Badge::Signed, 9, 1000, &[]);
    assert_eq!(lines(&[key.clone(), bare]), [], "as its amount does, which came without");
    let conflict = Evidence { is_conflict: true, ..one(4, Badge::Key, 0, 1000, &[hats]) };
    assert_eq!(lines(&[conflict, key.clone()]), key.lines);
}

#[test]
fn another_currency_is_a_conflict_too() {
    let existing = [evidence(1, Badge::Key, 0, Some(4990), &[])];
    let dollars = Evidence { currency: "USD".parse().ok(), ..existing[0].clone() };
    let new = Content::of(&dollars);
    assert_eq!(compare(&new, &existing, ConversionState::Pending), Arrival::Conflict);
}

#[test]
fn the_time_is_what_a_trusted_report_says_else_when_the_best_came() {
    let pixel = Evidence { occurred_at: Some(START), ..evidence(1, Badge::Unverified, 10, None, &[]) };
    let signed = [evidence(2, Badge::Signed, 30, None, &[]), evidence(3, Badge::Signed, 20, None, &[])];
    let key = Evidence { occurred_at: Some(START.plus_ms(5)), ..evidence(4, Badge::Key, 40, None, &[]) };
    let at = |all: &[Evidence]| inputs(all).converted_at().map(|at| at.since(START));
    assert_eq!(at(&[]), None);
    assert_eq!(at(std::slice::from_ref(&pixel)), Some(10), "a browser's word does not count");
    assert_eq!(at(&[pixel.clone(), signed[0].clone(), signed[1].clone()]), Some(20));
    assert_eq!(at(&[pixel, signed[0].clone(), signed[1].clone(), key]), Some(5));
}

#[test]
fn the_amount_is_the_best_that_is_no_conflict() {
    let pixel = evidence(1, Badge::Unverified, 0, Some(1), &[]);
    let key = evidence(2, Badge::Key, 10, Some(8000), &[]);
    let conflict = Evidence { is_conflict: true, ..evidence(3, Badge::Key, 5, Some(9000), &[]) };
    let silent = evidence(4, Badge::Signed, 20, None, &[]);
    let amount = |all: &[Evidence]| inputs(all).amount().map(|amount| (amount.minor, amount.badge));
    assert_eq!(amount(std::slice::from_ref(&pixel)), Some((1, Badge::Unverified)));
    assert_eq!(amount(&[conflict.clone(), pixel.clone(), key.clone()]), Some((8000, Badge::Key)));
    assert_eq!(amount(&[silent, conflict, pixel, key]), Some((8000, Badge::Key)));
}
