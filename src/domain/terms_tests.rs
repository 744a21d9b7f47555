//! Terms: windows, cuts, the same promise told again, and which field is refused.

use super::customer::BINDING_MONTHS_MAX;
use super::line::{LineField, OnlyFor};
use super::money::Currency;
use super::rule::Rate;
use super::terms::*;
use super::time::{DAY_MS, HOUR_MS, Timestamp};

#[test]
fn windows_are_whole_hours_from_1_hour_to_365_days() {
    assert_eq!(AttributionWindow::from_days(7).unwrap().to_string(), "7 days");
    assert_eq!(AttributionWindow::from_hours(36).unwrap().to_string(), "36 hours");
    assert_eq!(AttributionWindow::from_hours(24).unwrap().to_string(), "1 day");
    assert_eq!(AttributionWindow::from_hours(1).unwrap().to_string(), "1 hour");
    assert_eq!(AttributionWindow::from_days(7).unwrap().seconds(), 604_800);
    for ms in [0, -1, HOUR_MS - 1, HOUR_MS + 1, 365 * DAY_MS + 1, 366 * DAY_MS, i64::MAX] {
        assert_eq!(AttributionWindow::from_ms(ms), Err(WindowOutOfRange), "{ms}");
    }
    assert_eq!(AttributionWindow::from_hours(i64::MAX), Err(WindowOutOfRange));
    assert!(serde_json::from_str::<AttributionWindow>("1").is_err());
}

#[test]
fn a_cut_is_a_lower_rate_or_a_missing_rule() {
    type Change = fn(&mut Terms);
    let cases: [(Change, bool); 8] = [
        (|_| {}, false),
        (|t| t.rules[0].rate = Rate::Percent { bps: 1001 }, false),
        (|t| t.window = AttributionWindow::from_days(1).unwrap(), false),
        (|t| t.rules[0].rate = Rate::Percent { bps: 999 }, true),
        (|t| t.rules[1].rate = Rate::Fixed { minor: 249 }, true),
        (|t| t.rules[1].rate = Rate::Percent { bps: 9000 }, true),
        (|t| t.rules.truncate(1), true),
        (|t| t.currencies = vec!["USD".parse().unwrap()], true),
    ];
    for (index, (change, expected)) in cases.into_iter().enumerate() {
        let mut next = example(2);
        change(&mut next);
        assert_eq!(example(1).is_cut_by(&next), expected, "case {index}");
    }
}

#[test]
fn the_same_promise_is_told_whatever_its_version_and_order() {
    let mut next = Terms { starts_at: Timestamp(0), ..example(2) };
    next.events.reverse();
    assert!(example(1).promises_same(&next));
    next.hold_days += 1;
    assert!(!example(1).promises_same(&next));
}

#[test]
fn terms_survive_storage() {
    let terms = example(3);
    let text = serde_json::to_string(&terms).unwrap();
    assert_eq!(serde_json::from_str::<Terms>(&text).unwrap(), terms);
}

#[test]
fn terms_that_cannot_be_name_the_field() {
    assert_eq!(example(1).check(), Ok(()));
    let dollar: Currency = "USD".parse().unwrap();
    type Change = fn(&mut Terms, Currency);
    let cases: [(Change, &str); 17] = [
        (|t, _| t.binding_months = BINDING_MONTHS_MAX + 1, "binding_months"),
        (|t, _| t.version = 0, "version"),
        (|t, _| t.currencies.clear(), "currencies"),
        (|t, _| t.currencies.push(Currency::EUR), "currencies"),
        (|t, _| t.events.clear(), "events"),
        (|t, _| t.events.push(t.events[0].clone()), "events"),
        (|t, _| t.rules.clear(), "rules"),
        (|t, _| t.rules.reverse(), "rules"),
        (|t, _| t.rules[0].event = "other".parse().unwrap(), "rules"),
        (|t, _| t.rules[0].rate = Rate::Percent { bps: 10_001 }, "rules"),
        (|t, _| t.rules[1].rate = Rate::Fixed { minor: -1 }, "rules"),
        (|t, dollar| t.rules[1].currency = Some(dollar), "rules"),
        (|t, _| t.rules[0].only_for = Some(OnlyFor { field: LineField::Sku, text: String::new() }), "rules"),
        (|t, _| t.fee.bps = -1, "fee"),
        (|t, _| t.validation_days = 366, "validation_days"),
        (|t, _| t.too_fast_ms = -1, "too_fast_ms"),
        (|t, _| t.text = "x".repeat(TEXT_MAX_BYTES + 1), "text"),
    ];
    for (change, field) in cases {
        let mut terms = example(1);
        change(&mut terms, dollar);
        assert_eq!(terms.check().map_err(|refused| refused.field()), Err(field));
    }
}

#[test]
fn the_fee_is_a_share_of_the_commission_or_of_the_amount() {
    assert_eq!(Fee { basis: FeeBasis::Commission, bps: 2000 }.minor(499, Some(4990)), 100);
    assert_eq!(Fee { basis: FeeBasis::Amount, bps: 100 }.minor(499, Some(4990)), 50);
    assert_eq!(Fee { basis: FeeBasis::Amount, bps: 100 }.minor(250, None), 0);
}
