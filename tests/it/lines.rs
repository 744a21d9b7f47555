//! Order lines: sent by the JSON interface, priced line by line, shown on the receipt, sent again, checked.

use serde_json::{Value, json};
use tallystick::domain::condition::When;
use tallystick::domain::conversion::Badge;
use tallystick::domain::conversion_report::ReportFields;
use tallystick::domain::ids::{ConversionId, MemberId};
use tallystick::domain::line::{LineField, OnlyFor};
use tallystick::domain::money::Currency;
use tallystick::domain::reason::ReasonCode;
use tallystick::domain::rule::{EventName, Rate, Rule};
use tallystick::domain::terms::Terms;
use tallystick::reports::verify::{differences, told, verify};
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::{conversions, evidence, terms};

use crate::network::Network;
use crate::page::{between, unescape};
use crate::receipts::tamper;
use crate::shop::{Reply, Shop};
use crate::support::Kind;

const SAME: &str = "Recomputed now from stored inputs: same decision, same commission.";
const OTHER: &str = "it does not come out the same";

/// The network, and a shop whose campaign pays 5 % for boots, 0.30 for an order with a gift, 1 % for one kind of sock,
/// and 10 % for everything else.
struct Scene {
    network: Network,
    shop: Shop,
    key: String,
    click: String,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let network = Network::start(kind).await;
        pay_by_line(&network).await;
        let page = format!("/advertiser/campaigns/{}/integration", network.w);
        let made = network.shop.act(&page, "/api/create_api_key", "", &[("name", "Shop server")]).await;
        let key = format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").expect("the key is shown once"));
        let click = network.click(0, 1, &[]).await;
        let shop = Shop::new(&network.app, &network.w.to_string());
        Self { network, shop, key, click }
    }

    async fn send(&self, order: &str, amount: &str, items: Value) -> Reply {
        let report = json!({ "order_id": order, "amount": amount, "currency": "EUR", "click_id": self.click,
            "items": items });
        self.shop.post(&self.key, &report).await
    }

    /// Amount, commission and fee as they stand.
    async fn worth(&self, id: ConversionId) -> (Option<i64>, i64, i64) {
        let mut conn = self.network.app.store.read().await.unwrap();
        let row = conversions::get(&mut conn, id).await.unwrap();
        (row.amount_minor, row.commission_minor, row.fee_minor)
    }

    /// How many reports are stored of it.
    async fn reports(&self, id: ConversionId) -> usize {
        evidence::list(&mut self.network.app.store.read().await.unwrap(), id).await.unwrap().len()
    }

    /// Rule and commission of each line.
    async fn parts(&self, id: ConversionId) -> Vec<(Option<i64>, i64)> {
        let mut conn = self.network.app.store.read().await.unwrap();
        let (_, decision) = evidence::latest_decision(&mut conn, id).await.unwrap().unwrap();
        decision.lines.iter().map(|line| (line.rule_number, line.commission_minor)).collect()
    }

    async fn bad(&self) -> Vec<String> {
        let checks = verify(&mut self.network.app.store.snapshot().await.unwrap()).await.unwrap();
        checks.iter().flat_map(|check| check.bad.clone()).collect()
    }
}

/// The next version of W's terms.
async fn pay_by_line(network: &Network) {
    network.app.clock.advance_ms(60_000);
    let mut w = network.app.store.write().await.unwrap();
    let campaign = campaigns::get(&mut w, network.w).await.unwrap();
    let first = terms::get(&mut w, network.w, 1).await.unwrap();
    let only = |field, text: &str| Some(OnlyFor { field, text: text.to_owned() });
    let sale = |number, rate, currency, only_for| {
        let when = When::default();
        Rule { number, event: EventName::sale(), rate, currency, only_for, when }
    };
    let mut rules = vec![
        sale(1, Rate::Percent { bps: 500 }, None, only(LineField::Category, "Boots")),
        sale(2, Rate::Fixed { minor: 30 }, Some(Currency::EUR), only(LineField::Category, "Gifts")),
        sale(3, Rate::Percent { bps: 100 }, None, only(LineField::Sku, "SOCK-7")),
    ];
    rules.extend(first.rules.iter().cloned().zip(4..).map(|(rule, number)| Rule { number, ..rule }));
    let next = Terms { version: 2, starts_at: network.app.environment.now(), rules, ..first };
    next.check().unwrap();
    terms::insert(&mut w, &next, MemberId(1), network.app.environment.now()).await.unwrap();
    campaigns::update(&mut w, &Campaign { terms_version: 2, ..campaign }).await.unwrap();
    w.commit().await.unwrap();
    assert_eq!(terms::get(&mut network.app.store.read().await.unwrap(), network.w, 2).await.unwrap(), next);
}

fn item(sku: &str, category: &str, quantity: i64, unit: &str) -> Value {
    json!({ "sku": sku, "category": category, "quantity": quantity, "unit_amount": unit })
}

/// Boots 39.90, two pairs of socks at 5.00, a hat at 10.00: 59.90.
fn basket() -> Value {
    json!([item("BOOT-42", "Boots", 1, "39.90"), item("SOCK-7", "Socks", 2, "5.00"), item("HAT-1", "Hats", 1, "10.00")])
}

#[tokio::test]
async fn an_order_with_lines_is_paid_line_by_line_and_its_receipt_shows_them() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let network = &scene.network;
        let reply = scene.send("ORDER-4711", "59.90", basket()).await;
        assert_eq!(reply.told(), (201, "created", false, ""), "{reply:?}");
        let id: ConversionId = reply.text("conversion_id").parse().unwrap();
        assert_eq!(scene.worth(id).await, (Some(5990), 310, 62), "2.00 + 0.10 + 1.00, and 20 % of it once");
        assert_eq!(scene.parts(id).await, [(Some(1), 200), (Some(3), 10), (Some(4), 100)]);
        let path = format!("/receipts/{id}");
        for (browser, sees_sku) in [(&network.a, false), (&network.shop, true), (&network.admin, true)] {
            let page = browser.get(&path).await;
            assert!(page.text.contains(SAME) && !page.text.contains(OTHER), "{}", page.plain());
            let table = between(&page.text, "aria-label=\"Lines of the order\"", "</section>").expect("the lines");
            for text in ["Boots", "39.90", "Socks", "10.00", "2.00", "0.10", "59.90", "3.10"] {
                assert!(table.contains(text), "{text} in {table}");
            }
            assert_eq!(table.contains("SKU BOOT-42") && table.contains("SKU SOCK-7"), sees_sku, "{table}");
            assert_eq!(table.contains("hidden from you"), !sees_sku);
            let text = unescape(&page.text);
            assert!(text.contains("line by line (rules 1, 3, 4)"), "{text}");
            assert!(text.contains("Rule 1: 5 % of a sale's lines in category Boots"), "{text}");
            assert!(text.contains("3 lines."));
        }
        let requests = network.shop.get(&path).await.text;
        assert!(unescape(&requests).contains("\"items\":["), "as received");
        assert!(!network.a.get(&path).await.text.contains("BOOT-42"), "nowhere on the publisher's page");
        let plain = json!({ "order_id": "PLAIN", "amount": "59.90", "currency": "EUR", "click_id": scene.click });
        let plain = scene.shop.post(&scene.key, &plain).await;
        let id: ConversionId = plain.text("conversion_id").parse().unwrap();
        assert_eq!(scene.worth(id).await, (Some(5990), 599, 120), "without lines it is paid as a whole");
        assert!(!network.a.get(&format!("/receipts/{id}")).await.text.contains("Lines of the order"));
        assert_eq!(scene.bad().await, Vec::<String>::new());
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn a_percentage_is_rounded_by_line_and_a_fixed_amount_paid_once() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let cases = [
            // 10 % of 0.05 twice: 0.01 and 0.01, where 10 % of 0.10 were 0.01.
            (json!([item("A", "", 1, "0.05"), item("B", "", 1, "0.05")]), "0.10", (2, 0)),
            // 10 % of three at 0.05 is 0.015: 0.02; by the piece it were 0.03.
            (json!([item("A", "", 3, "0.05")]), "0.15", (2, 0)),
            (
                json!([item("G1", "Gifts", 3, "1.00"), item("A", "", 1, "10.00"), item("G2", "Gifts", 1, "1.00")]),
                "14.00",
                (130, 26),
            ),
            (json!([]), "10.00", (100, 20)),
        ];
        for (number, (items, amount, expected)) in cases.into_iter().enumerate() {
            let reply = scene.send(&format!("O{number}"), amount, items).await;
            assert_eq!(reply.status, 201, "{reply:?}");
            let (_, commission, fee) = scene.worth(reply.text("conversion_id").parse().unwrap()).await;
            assert_eq!((commission, fee), expected, "case {number}");
        }
        let checks = verify(&mut scene.network.app.store.snapshot().await.unwrap()).await.unwrap();
        assert_eq!(differences(&checks), 0, "{}", told(&checks));
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn the_same_lines_again_are_a_repeat_and_others_a_conflict() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let first = scene.send("O1", "59.90", basket()).await;
        let id: ConversionId = first.text("conversion_id").parse().unwrap();
        let again = scene.send("O1", "59.90", basket()).await;
        assert_eq!(again.told(), (200, "created", true, ""));
        assert_eq!(scene.reports(id).await, 1, "the same evidence");
        let mut turned = basket();
        turned.as_array_mut().unwrap().reverse();
        assert_eq!(scene.send("O1", "59.90", turned).await.told(), (200, "created", true, ""));
        let others = json!([item("HAT-1", "Hats", 1, "59.90")]);
        let conflict = scene.send("O1", "59.90", others.clone()).await;
        assert_eq!(conflict.told(), (409, "rejected", false, "order_conflict"));
        assert_eq!(scene.worth(id).await, (Some(5990), 310, 62), "nothing changes");
        let silent = scene.send("O1", "59.90", json!([])).await;
        assert_eq!(silent.told(), (200, "created", true, ""), "left out is no contradiction");
        assert_eq!(scene.worth(id).await, (Some(5990), 310, 62));

        // Whichever comes first, the lines count.
        let whole = scene.send("O2", "59.90", json!([])).await;
        let whole_id: ConversionId = whole.text("conversion_id").parse().unwrap();
        assert_eq!(scene.worth(whole_id).await, (Some(5990), 599, 120));
        assert_eq!(scene.send("O2", "59.90", basket()).await.told(), (200, "created", true, ""));
        assert_eq!(scene.worth(whole_id).await, (Some(5990), 310, 62), "as for O1, told the other way round");
        assert_eq!(scene.send("O2", "59.90", others).await.text("reason"), "order_conflict");

        // A higher rank's amount and lines replace a lower one's: signed, it names none.
        let signed = ReportFields {
            order_id: Some("O1".to_owned()),
            amount: Some("59.90".to_owned()),
            currency: Some("EUR".to_owned()),
            ..ReportFields::default()
        };
        let reply = scene.network.report(scene.network.w, Badge::Signed, signed).await;
        assert!((reply.status, reply.body.upgraded) == (200, true), "{reply:?}");
        assert_eq!(scene.worth(id).await, (Some(5990), 599, 120));
        assert!(scene.parts(id).await.is_empty());
        assert_eq!(scene.bad().await, Vec::<String>::new());
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn lines_that_cannot_be_are_refused_with_their_reason() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let long = "x".repeat(65);
        let many = vec![item("A", "", 1, "0.01"); 101];
        let cases = [
            (basket(), "59.91", "items_mismatch", "The lines add up to 59.90 EUR, the amount is 59.91 EUR."),
            (json!([item("A", "", 2, "29.95")]), "59.91", "items_mismatch", "add up to 59.90 EUR"),
            (json!([item("A", "", 1_000_000, "999999999999.99")]), "1.00", "items_mismatch", "far more than"),
            (json!([item("A", "", 0, "1.00")]), "0.00", "bad_field", "Line 1: the quantity"),
            (json!([item("A", "", 1, "1.005")]), "1.00", "bad_amount", "Line 1: the unit_amount"),
            (json!([item(&long, "", 1, "1.00")]), "1.00", "bad_field", "Line 1: the sku"),
            (json!([item("A", "a\u{0}b", 1, "1.00")]), "1.00", "bad_field", "Line 1: the category"),
            (json!(many), "1.01", "bad_field", "at most 100 lines"),
        ];
        for (number, (items, amount, reason, message)) in cases.into_iter().enumerate() {
            let reply = scene.send(&format!("O{number}"), amount, items).await;
            assert_eq!(reply.told(), (422, "rejected", false, reason), "{reply:?}");
            assert_eq!(reply.text("field"), "items");
            assert!(reply.text("message").contains(message), "{reply:?}");
        }
        let bare = json!({ "order_id": "O9", "items": basket() });
        assert_eq!(
            scene.shop.post(&scene.key, &bare).await.text("reason"),
            "items_mismatch",
            "lines without an amount"
        );
        for shape in [
            r#"[{"sku":"A","quantity":1.5,"unit_amount":"1.00"}]"#,
            r#"[{"sku":"A","unit_amount":"1.00"}]"#,
            r#"[{"name":"A","quantity":1,"unit_amount":"1.00"}]"#,
            "{}",
        ] {
            let body = format!(r#"{{"order_id":"O9","amount":"1.00","currency":"EUR","items":{shape}}}"#);
            let reply = scene.shop.post_text(&scene.key, &body).await;
            assert_eq!((reply.status, reply.text("reason")), (422, "bad_field"), "{shape} {reply:?}");
        }
        let page = scene.network.app.browser().get("/reasons/items_mismatch").await;
        let text = unescape(&page.text);
        assert!(
            text.contains(ReasonCode::ItemsMismatch.sentence()) && text.contains(ReasonCode::ItemsMismatch.remedy())
        );
        let log = scene.network.shop.get(&format!("/advertiser/campaigns/{}/requests", scene.network.w)).await.text;
        assert!(log.contains("href=\"/reasons/items_mismatch\""), "the advertiser reads it");
        let mut conn = scene.network.app.store.read().await.unwrap();
        let found = conversions::find_by_order(&mut conn, scene.network.w, "sale", "O0").await.unwrap();
        assert!(found.is_none(), "nothing was made of it");
        drop(conn);
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn a_refused_report_that_is_sent_again_keeps_its_lines() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let report = json!({ "order_id": "B1", "event": "bundle", "amount": "59.90", "currency": "EUR",
            "click_id": scene.click, "items": basket() });
        assert_eq!(scene.shop.post(&scene.key, &report).await.text("reason"), "event_unknown");
        let network = &scene.network;
        let mut w = network.app.store.write().await.unwrap();
        let campaign = campaigns::get(&mut w, network.w).await.unwrap();
        let second = terms::get(&mut w, network.w, 2).await.unwrap();
        let bundle: EventName = "bundle".parse().unwrap();
        let mut third = Terms { version: 3, starts_at: network.app.environment.now(), ..second };
        third.events.push(tallystick::domain::terms::EventTerms { name: bundle.clone(), is_once_per_click: false });
        third.rules[0].event = bundle.clone();
        third.rules.push(Rule {
            number: 6,
            event: bundle,
            rate: Rate::Percent { bps: 200 },
            currency: None,
            only_for: None,
            when: When::default(),
        });
        third.check().unwrap();
        terms::insert(&mut w, &third, MemberId(1), network.app.environment.now()).await.unwrap();
        campaigns::update(&mut w, &Campaign { terms_version: 3, ..campaign }).await.unwrap();
        w.commit().await.unwrap();
        // The click is of version 2, which pays nothing for it: the lines are kept all the same.
        let log = format!("/advertiser/campaigns/{}/requests", network.w);
        let list = network.shop.get(&log).await.text;
        let attempt = between(&list, &format!("href=\"{log}/"), "\"").expect("the request is listed");
        let sent = network.shop.act(&format!("{log}/{attempt}"), "/api/replay_report", "", &[]).await;
        assert_eq!(sent.status, 200, "{}", sent.plain());
        let mut conn = network.app.store.read().await.unwrap();
        let made = conversions::find_by_order(&mut conn, network.w, "bundle", "B1").await.unwrap();
        drop(conn);
        let id = made.unwrap_or_else(|| panic!("{}", sent.plain())).conversion_id;
        assert_eq!(scene.parts(id).await, [(None, 0), (None, 0), (None, 0)]);
        assert!(network.shop.get(&format!("/receipts/{id}")).await.text.contains("BOOT-42"));
        assert_eq!(scene.bad().await, Vec::<String>::new());
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn a_line_that_was_changed_is_found() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let network = &scene.network;
        let mut ids = Vec::new();
        for order in ["O1", "O2", "O3", "O4"] {
            ids.push(scene.send(order, "59.90", basket()).await.text("conversion_id").parse::<ConversionId>().unwrap());
        }
        assert_eq!(scene.bad().await, Vec::<String>::new(), "{kind:?}: clean");
        let store = &network.app.store;
        let quantity = "replace(clicks, '\"quantity\":2', '\"quantity\":3')";
        let of = |n: usize| ids[n].0;
        tamper(store, "evidence", &format!("update evidence set clicks = {quantity} where conversion_id = {}", of(0)))
            .await;
        let category = |column: &str| format!("replace({column}, '\"category\":\"Boots\"', '\"category\":\"Books\"')");
        tamper(
            store,
            "evidence",
            &format!("update evidence set clicks = {} where conversion_id = {}", category("clicks"), of(1)),
        )
        .await;
        tamper(
            store,
            "decisions",
            &format!("update decisions set decision = {} where conversion_id = {}", category("decision"), of(2)),
        )
        .await;
        // Everywhere at once, with 10 % of the books: only the row and the ledger know better.
        for (table, column) in [("evidence", "clicks"), ("decisions", "inputs"), ("decisions", "decision")] {
            let text = format!("update {table} set {column} = {} where conversion_id = {}", category(column), of(3));
            tamper(store, table, &text).await;
        }
        let bad = scene.bad().await;
        for (id, told) in ids.iter().zip([
            "its reports are not those that were decided on",
            "its reports are not those that were decided on",
            "its stored decision is not what its inputs give",
            "commission 310 and fee 62 are stored, 509 and 102 follow",
        ]) {
            let row = format!("conversion {id}: {told}");
            assert!(bad.contains(&row), "{kind:?} {row} in {bad:#?}");
            for browser in [&network.a, &network.shop, &network.admin] {
                let page = browser.get(&format!("/receipts/{id}")).await;
                assert!(page.text.contains(OTHER) && !page.text.contains(SAME), "{told}: {}", page.plain());
            }
        }
        scene.network.app.stop().await;
    }
}
