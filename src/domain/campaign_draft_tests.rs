//! Drafts of campaigns: what is taken, and which field is refused.

use super::campaign_draft::{CampaignDraft, DraftRefused};
use super::ids::CampaignId;
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
    let names: Vec<&str> = draft().values().map(|(name, _)| name).to_vec();
    let serde_json::Value::Object(fields) = serde_json::to_value(draft()).unwrap() else { panic!("a struct") };
    assert!(fields.keys().all(|name| names.contains(&name.as_str())) && fields.len() == names.len());
}
