//! Drafts of campaigns: what is taken, and which field is refused.

use super::campaign_draft::{CampaignDraft, DraftRefused};
use super::campaign_rates::{Counting, OWN_EVENTS_MAX, OwnEvent, RateUnit, RowStep};
use super::ids::CampaignId;
use super::line::LineField;
use super::line_rate::LineRate;
use super::money::Currency;
use super::terms::Terms;
use super::time::Timestamp;

const AT: Timestamp = Timestamp(1_772_445_600_000);

fn draft() -> CampaignDraft {
    CampaignDraft {
        name: " Winter boots ".to_owned(),
        landing_url: "https://Shop.example/boots?from={sub1}".to_owned(),
        allowed_hosts: "outlet.example\r\nshop.example".to_owned(),
        sale_rate: "12.5".to_owned(),
        lead_rate: "2.50".to_owned(),
        window: "7".to_owned(),
        terms_text: "No coupons.\r\nNo brand bidding.".to_owned(),
        ..CampaignDraft::default()
    }
}

fn terms(draft: &CampaignDraft) -> Result<Terms, DraftRefused> {
    draft.terms(CampaignId(7), 1, AT)
}

#[test]
fn a_draft_is_read_into_facts_and_terms() {
    let facts = draft().facts(false).unwrap();
    assert_eq!(facts.name, "Winter boots");
    assert_eq!(facts.allowed_hosts, "shop.example\noutlet.example");
    let terms = terms(&draft()).unwrap();
    let told: Vec<String> = terms.rules.iter().map(|rule| rule.sentence(Currency::EUR)).collect();
    assert_eq!(told, ["12.5 % of a sale", "2.50 EUR per lead"]);
    assert_eq!(terms.rules.iter().map(|rule| rule.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((terms.window.to_string().as_str(), terms.fee.bps, terms.too_fast_ms), ("7 days", 2000, 5000));
    assert_eq!(terms.text, "No coupons.\nNo brand bidding.");
    let events: Vec<_> = terms.events.iter().map(|event| (event.name.as_str(), event.is_once_per_click)).collect();
    assert_eq!(events, [("lead", true), ("sale", false)]);
}

#[test]
fn what_was_read_is_entered_again_the_same() {
    for window in [("7", "days"), ("36", "hours")] {
        let (window, window_unit) = (window.0.to_owned(), window.1.to_owned());
        let first = CampaignDraft { window, window_unit, ..draft() };
        let again = CampaignDraft::of(first.facts(false).unwrap(), &terms(&first).unwrap());
        assert_eq!(again.facts(false), first.facts(false));
        assert_eq!(terms(&again), terms(&first));
        assert_eq!((again.window, again.window_unit), (first.window, first.window_unit));
    }
}

#[test]
fn an_event_without_a_commission_is_not_one_of_the_campaigns() {
    let only_sale = CampaignDraft { lead_rate: String::new(), ..draft() };
    let terms = terms(&only_sale).unwrap();
    assert!(terms.event("lead").is_none() && terms.event("sale").is_some());
}

#[test]
fn clicks_pay_an_amount_up_to_a_limit_or_nothing() {
    let clicks =
        |rate: &str, cap: &str| CampaignDraft { click_rate: rate.to_owned(), click_cap: cap.to_owned(), ..draft() };
    assert_eq!(terms(&draft()).unwrap().click, None);
    let both = terms(&clicks(" 0.05", "3.00 ")).unwrap();
    assert_eq!(both.pays()[2], "0.05 EUR per valid visitor, at most 3.00 EUR a day per publisher");
    let again = CampaignDraft::of(draft().facts(false).unwrap(), &both);
    assert_eq!((again.click_rate.as_str(), again.click_cap.as_str()), ("0.05", "3.00"));
    let only_rate = terms(&clicks("0.05", "")).unwrap();
    assert_eq!(only_rate.click.map(|click| (click.minor, click.cap_minor)), Some((5, None)));
    for (rate, cap, field) in [
        ("0", "", "click_rate"),
        ("-1", "", "click_rate"),
        ("0.055", "", "click_rate"),
        ("10000.01", "", "click_rate"),
        ("", "3.00", "click_cap"),
        ("0.05", "0.04", "click_cap"),
        ("0.05", "much", "click_cap"),
    ] {
        assert_eq!(terms(&clicks(rate, cap)).unwrap_err().field, field, "{rate}, {cap}");
    }
}

#[test]
fn a_campaign_may_pay_for_clicks_alone() {
    let (sale_rate, lead_rate) = (String::new(), String::new());
    let alone = CampaignDraft { sale_rate, lead_rate, click_rate: "0.05".to_owned(), ..draft() };
    let stored = terms(&alone).unwrap();
    assert_eq!((stored.rules.len(), stored.events.len(), stored.pays().len()), (0, 1, 1));
    let again = CampaignDraft::of(draft().facts(false).unwrap(), &stored);
    assert_eq!(terms(&again), Ok(stored));
}

fn event(name: &str, rate: &str, unit: RateUnit, counting: Counting) -> OwnEvent {
    let (name, rate) = (name.to_owned(), rate.to_owned());
    OwnEvent { name, rate, unit: unit.to_string(), counting: counting.to_string() }
}

fn line_rate(field: LineField, text: &str, rate: &str, unit: RateUnit) -> LineRate {
    let (field, unit) = (field.to_string(), unit.to_string());
    LineRate { field, text: text.to_owned(), rate: rate.to_owned(), unit, ..LineRate::default() }
}

/// Two rates for lines and two events of its own, with an empty row between.
fn rich() -> CampaignDraft {
    CampaignDraft {
        line_rates: vec![
            line_rate(LineField::Category, " Gift cards ", "0", RateUnit::Percent),
            LineRate::default(),
            line_rate(LineField::Sku, "B-42", "1.50", RateUnit::Fixed),
        ],
        own_events: vec![
            event("free_trial", "2", RateUnit::Fixed, Counting::OncePerClick),
            OwnEvent::default(),
            event(" subscription ", "20", RateUnit::Percent, Counting::ByOrder),
        ],
        ..draft()
    }
}

#[test]
fn rates_for_lines_come_before_the_sale_and_own_events_after_the_lead() {
    let stored = terms(&rich()).unwrap();
    let told: Vec<String> = stored.rules.iter().map(|rule| rule.sentence(Currency::EUR)).collect();
    let expected = [
        "0 % of a sale's lines in category Gift cards",
        "1.50 EUR per sale with a line with SKU B-42",
        "12.5 % of a sale",
        "2.50 EUR per lead",
        "2.00 EUR per free_trial",
        "20 % of a subscription",
    ];
    assert_eq!(told, expected);
    assert_eq!(stored.rules.iter().map(|rule| rule.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let events: Vec<_> = stored.events.iter().map(|event| (event.name.as_str(), event.is_once_per_click)).collect();
    assert_eq!(events, [("lead", true), ("sale", false), ("free_trial", true), ("subscription", false)]);
    let again = CampaignDraft::of(rich().facts(false).unwrap(), &stored);
    assert_eq!((again.line_rates.len(), again.own_events.len()), (2, 2));
    assert_eq!(terms(&again), Ok(stored));
    let own = CampaignDraft { sale_rate: String::new(), lead_rate: String::new(), line_rates: vec![], ..rich() };
    let names: Vec<_> = terms(&own).unwrap().events;
    assert_eq!(names.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), ["free_trial", "subscription"]);
}

/// Three rates for kinds of orders, in the order in which they are asked.
fn conditional() -> CampaignDraft {
    let rate = |rate: &str| LineRate { rate: rate.to_owned(), ..LineRate::default() };
    let large = LineRate { amount_from: "100".to_owned(), ..rate("20") };
    let middle = LineRate { amount_from: "50".to_owned(), amount_below: "100.00".to_owned(), ..rate("15") };
    let new =
        LineRate { customer: "new".to_owned(), coupon: " Hello ".to_owned(), text: "Boots".to_owned(), ..rate("1") };
    CampaignDraft { line_rates: vec![large, middle, new], ..draft() }
}

#[test]
fn rates_for_kinds_of_orders_are_read_and_shown_again() {
    let stored = terms(&conditional()).unwrap();
    let told: Vec<String> = stored.rules.iter().take(3).map(|rule| rule.sentence(Currency::EUR)).collect();
    let expected = [
        "20 % of a sale where the order is 100.00 EUR or more",
        "15 % of a sale where the order is 50.00 EUR or more, under 100.00 EUR",
        "1 % of a sale's lines in category Boots where the customer is new and the coupon is Hello",
    ];
    assert_eq!(told, expected);
    let again = CampaignDraft::of(conditional().facts(false).unwrap(), &stored);
    assert_eq!(terms(&again), Ok(stored));
    assert_eq!((again.line_rates[1].amount_from.as_str(), again.line_rates[2].coupon.as_str()), ("50.00", "Hello"));
    let example = conditional().line_rates[1].told(Currency::EUR).unwrap().1;
    assert_eq!(example, "15 % of a 80.00 EUR order = 12.00 EUR");
    assert_eq!(LineRate::default().told(Currency::EUR), None);
}

#[test]
fn a_condition_that_cannot_be_is_named() {
    type Change = fn(&mut LineRate);
    let cases: [(Change, &str); 7] = [
        (|row| row.amount_from = "0".to_owned(), "amount_from"),
        (|row| row.amount_from = "1,50".to_owned(), "amount_from"),
        (|row| row.amount_below = "50".to_owned(), "amount_below"),
        (|row| row.amount_below = "-1".to_owned(), "amount_below"),
        (|row| row.customer = "old".to_owned(), "customer"),
        (|row| row.coupon = "two words".to_owned(), "coupon"),
        (|row| *row = LineRate { rate: "5".to_owned(), ..LineRate::default() }, "text"),
    ];
    for (index, (change, field)) in cases.into_iter().enumerate() {
        let mut changed = conditional();
        change(&mut changed.line_rates[1]);
        assert_eq!(terms(&changed).unwrap_err().field, format!("line_rates.1.{field}"), "case {index}");
    }
    let mut twice = conditional();
    twice.line_rates[2] = twice.line_rates[0].clone();
    assert_eq!(terms(&twice).unwrap_err().field, "line_rates.2.text");
}

#[test]
fn a_rate_is_moved_before_the_one_above_it() {
    let mut draft = conditional();
    draft.step(RowStep::parse("raise_line_rate_2").unwrap()).unwrap();
    assert_eq!((draft.line_rates[1].coupon.as_str(), draft.line_rates[2].rate.as_str()), (" Hello ", "15"));
    for nowhere in ["raise_line_rate_0", "raise_line_rate_3"] {
        assert!(draft.step(RowStep::parse(nowhere).unwrap()).is_err(), "{nowhere}");
    }
}

#[test]
fn a_row_that_cannot_be_is_named_by_its_number() {
    type Change = fn(&mut CampaignDraft);
    let cases: [(Change, &str); 15] = [
        (|d| d.own_events[2].name = "Free trial".to_owned(), "own_events.2.name"),
        (|d| d.own_events[2].name = "sale".to_owned(), "own_events.2.name"),
        (|d| d.own_events[2].name = "lead".to_owned(), "own_events.2.name"),
        (|d| d.own_events[0].name = "click".to_owned(), "own_events.0.name"),
        (|d| d.own_events[2].name = "free_trial".to_owned(), "own_events.2.name"),
        (|d| d.own_events[0].name.clear(), "own_events.0.name"),
        (|d| d.own_events[0].rate.clear(), "own_events.0.rate"),
        (|d| d.own_events[0].rate = "0".to_owned(), "own_events.0.rate"),
        (|d| d.own_events[2].rate = "101".to_owned(), "own_events.2.rate"),
        (|d| d.own_events[0].counting = "never".to_owned(), "own_events.0.counting"),
        (|d| d.line_rates[0].field = "size".to_owned(), "line_rates.0.field"),
        (|d| d.line_rates[0].text = "x".repeat(65), "line_rates.0.text"),
        (|d| d.line_rates[2].text.clear(), "line_rates.2.text"),
        (|d| d.line_rates[2].rate.clear(), "line_rates.2.rate"),
        (
            |d| d.line_rates[2] = line_rate(LineField::Category, "Gift cards", "5", RateUnit::Percent),
            "line_rates.2.text",
        ),
    ];
    for (index, (change, field)) in cases.into_iter().enumerate() {
        let mut changed = rich();
        change(&mut changed);
        let refused = terms(&changed).unwrap_err();
        assert_eq!(refused.field, field, "case {index}: {refused}");
        assert!(refused.message.ends_with('.') && refused.message.starts_with(char::is_uppercase), "{refused}");
    }
}

#[test]
fn rows_are_added_and_removed_by_their_buttons() {
    let mut draft = rich();
    for (button, events, rates) in
        [("add_event", 4, 3), ("remove_event_1", 3, 3), ("add_line_rate", 3, 4), ("remove_line_rate_0", 3, 3)]
    {
        draft.step(RowStep::parse(button).unwrap()).unwrap();
        assert_eq!((draft.own_events.len(), draft.line_rates.len()), (events, rates), "{button}");
    }
    assert_eq!((draft.own_events[1].name.as_str(), draft.line_rates[1].text.as_str()), (" subscription ", "B-42"));
    for gone in ["remove_event_3", "remove_line_rate_99"] {
        assert!(draft.step(RowStep::parse(gone).unwrap()).is_err(), "{gone}");
    }
    for text in ["", "save", "remove_event_", "remove_event_-1", "remove_event_x", "add_events"] {
        assert_eq!(RowStep::parse(text), None, "{text}");
    }
    while draft.own_events.len() < OWN_EVENTS_MAX {
        draft.step(RowStep::AddEvent).unwrap();
    }
    assert!(draft.step(RowStep::AddEvent).is_err());
    for (number, row) in draft.own_events.iter_mut().enumerate() {
        *row = event(&format!("event_{number}"), "1", RateUnit::Fixed, Counting::ByOrder);
    }
    assert_eq!(terms(&draft).unwrap().events.len(), 20, "as many as terms can have");
}

#[test]
fn every_refusal_names_its_field() {
    type Change = fn(&mut CampaignDraft);
    let cases: [(Change, &str); 22] = [
        (|d| d.name.clear(), "name"),
        (|d| d.description = "x".repeat(2_001), "description"),
        (|d| d.category = "x".repeat(41), "category"),
        (|d| d.landing_url = "shop.example".to_owned(), "landing_url"),
        (|d| d.landing_url = "javascript:alert(1)".to_owned(), "landing_url"),
        (|d| d.landing_url = "ftp://shop.example/".to_owned(), "landing_url"),
        (|d| d.landing_url = "https://user@shop.example/".to_owned(), "landing_url"),
        (|d| d.landing_url = "http://127.0.0.1:3000/".to_owned(), "landing_url"),
        (|d| d.landing_url = "https://{sub1}.example/".to_owned(), "landing_url"),
        (|d| d.allowed_hosts = "https://outlet.example".to_owned(), "allowed_hosts"),
        (|d| d.landing_parameter = "click id".to_owned(), "landing_parameter"),
        (|d| d.approval = "never".to_owned(), "approval"),
        (|d| d.currency = "eur".to_owned(), "currency"),
        (|d| d.sale_rate = "101".to_owned(), "sale_rate"),
        (|d| d.sale_rate = "0".to_owned(), "sale_rate"),
        (|d| d.lead_rate = "2,50".to_owned(), "lead_rate"),
        (|d| (d.sale_rate, d.lead_rate) = (String::new(), String::new()), "sale_rate"),
        (|d| d.window = "366".to_owned(), "window"),
        (|d| d.window = "1.5".to_owned(), "window"),
        (|d| d.validation_days = "-1".to_owned(), "validation_days"),
        (|d| d.hold_days = String::new(), "hold_days"),
        (|d| d.terms_text = "x".repeat(20_001), "terms_text"),
    ];
    for (index, (change, field)) in cases.into_iter().enumerate() {
        let mut changed = draft();
        change(&mut changed);
        let refused = changed.facts(false).map(drop).and_then(|()| terms(&changed).map(drop)).unwrap_err();
        assert_eq!(refused.field, field, "case {index}: {refused}");
        assert!(refused.message.ends_with('.') && refused.message.starts_with(char::is_uppercase), "{refused}");
    }
    assert!(CampaignDraft { landing_url: "http://127.0.0.1:3000/".to_owned(), ..draft() }.facts(true).is_ok());
}

#[test]
fn every_field_is_kept_for_a_refused_form() {
    let names: Vec<&str> = draft().values().into_iter().map(|(name, _)| name).collect();
    let serde_json::Value::Object(fields) = serde_json::to_value(draft()).unwrap() else { panic!("a struct") };
    assert!(fields.keys().all(|name| names.contains(&name.as_str())) && fields.len() == names.len());
}
