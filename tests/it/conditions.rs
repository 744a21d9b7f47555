//! Rules with conditions: the order's amount, its customer, its coupon; as reported, on the receipt, and checked.

use serde_json::{Value, json};
use tallystick::domain::condition::{CustomerKind, When};
use tallystick::domain::ids::{ConversionId, MemberId};
use tallystick::domain::money::Currency;
use tallystick::domain::rule::{EventName, Rate, Rule};
use tallystick::domain::terms::Terms;
use tallystick::reports::verify::{differences, told, verify};
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::{conversions, terms};

use crate::network::Network;
use crate::page::{between, unescape};
use crate::shop::{Reply, Shop};
use crate::support::Kind;

/// The network, and a shop whose campaign pays 1 % with the coupon LOYAL, 15 % of a new customer's order, 20 % of an
/// order of 100.00 EUR or more, 12 % of one from 50.00 EUR on, and 10 % of everything else.
struct Scene {
    network: Network,
    shop: Shop,
    key: String,
    click: String,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let network = Network::start(kind).await;
        pay_by_kind_of_order(&network).await;
        let page = format!("/advertiser/campaigns/{}/integration", network.w);
        let made = network.shop.act(&page, "/api/create_api_key", "", &[("name", "Shop server")]).await;
        let key = format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").expect("the key is shown once"));
        let click = network.click(0, 1, &[]).await;
        let shop = Shop::new(&network.app, &network.w.to_string());
        Self { network, shop, key, click }
    }

    /// A report of an order, with whatever else it says.
    async fn send(&self, order: &str, amount: &str, more: Value) -> Reply {
        let mut report = json!({ "order_id": order, "amount": amount, "currency": "EUR", "click_id": self.click });
        let fields = report.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let reply = self.shop.post(&self.key, &report).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply
    }

    /// The rule that priced the order, and what it earned.
    async fn priced(&self, order: &str, amount: &str, more: Value) -> (Option<i64>, i64) {
        let id: ConversionId = self.send(order, amount, more).await.text("conversion_id").parse().unwrap();
        let row = conversions::get(&mut self.network.app.store.read().await.unwrap(), id).await.unwrap();
        (row.rule_number, row.commission_minor)
    }

    async fn assert_verified(&self) {
        let checks = verify(&mut self.network.app.store.snapshot().await.unwrap()).await.unwrap();
        assert_eq!(differences(&checks), 0, "{}", told(&checks));
    }
}

/// The next version of W's terms.
async fn pay_by_kind_of_order(network: &Network) {
    network.app.clock.advance_ms(60_000);
    let mut w = network.app.store.write().await.unwrap();
    let campaign = campaigns::get(&mut w, network.w).await.unwrap();
    let first = terms::get(&mut w, network.w, 1).await.unwrap();
    let sale = |number, bps, when: When| Rule {
        number,
        event: EventName::sale(),
        rate: Rate::Percent { bps },
        currency: when.has_amounts().then_some(Currency::EUR),
        only_for: None,
        when,
    };
    let from = |amount| When { amount_from: Some(amount), ..When::default() };
    let mut rules = vec![
        sale(1, 100, When { coupon: Some("Loyal".to_owned()), ..When::default() }),
        sale(2, 1500, When { customer: Some(CustomerKind::New), ..When::default() }),
        sale(3, 2000, from(10_000)),
        sale(4, 1200, When { amount_below: Some(10_000), ..from(5_000) }),
    ];
    rules.extend(first.rules.iter().cloned().zip(5..).map(|(rule, number)| Rule { number, ..rule }));
    let next = Terms { version: 2, starts_at: network.app.environment.now(), rules, ..first };
    next.check().unwrap();
    terms::insert(&mut w, &next, MemberId(1), network.app.environment.now()).await.unwrap();
    campaigns::update(&mut w, &Campaign { terms_version: 2, ..campaign }).await.unwrap();
    w.commit().await.unwrap();
    let read = terms::get(&mut network.app.store.read().await.unwrap(), network.w, 2).await.unwrap();
    assert_eq!(read, next, "every condition is stored");
}

#[tokio::test]
async fn the_first_rule_whose_conditions_hold_prices_the_order() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let nothing = || json!({});
        assert_eq!(scene.priced("A-1", "49.99", nothing()).await, (Some(5), 500));
        assert_eq!(scene.priced("A-2", "50.00", nothing()).await, (Some(4), 600), "from 50.00 on");
        assert_eq!(scene.priced("A-3", "99.99", nothing()).await, (Some(4), 1_200));
        assert_eq!(scene.priced("A-4", "100.00", nothing()).await, (Some(3), 2_000), "100.00 is not under 100.00");
        let loyal = json!({ "coupon": " loyal ", "customer_id": "c-9" });
        assert_eq!(scene.priced("A-5", "100.00", loyal).await, (Some(1), 100), "the first that holds");
        let other = json!({ "coupon": "WELCOME" });
        assert_eq!(scene.priced("A-6", "10.00", other).await, (Some(5), 100), "another coupon asks for nothing");
        scene.assert_verified().await;
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn a_customer_is_new_once_and_never_by_a_strangers_word() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let by = |customer: &str| json!({ "customer_id": customer });
        assert_eq!(scene.priced("B-1", "10.00", by("Ada@Example.com")).await, (Some(2), 150));
        scene.network.app.clock.advance_ms(1);
        let again = scene.priced("B-2", "10.00", by("ada@example.com ")).await;
        assert_eq!(again, (Some(5), 100), "the same person, returning");
        assert_eq!(scene.priced("B-3", "10.00", by("c-2")).await, (Some(2), 150), "somebody else");
        scene.network.app.clock.advance_ms(1);
        let reply = scene.send("B-4", "10.00", by("c-2")).await;
        let page = scene.network.shop.get(&format!("/receipts/{}", reply.text("conversion_id"))).await;
        let text = unescape(&page.text);
        assert!(text.contains("The customer is returning."), "{text}");
        assert!(text.contains("10 % of a sale (rule 5)"), "{text}");
        scene.assert_verified().await;
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn a_customer_whose_only_order_was_rejected_is_still_new() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let by = json!({ "customer_id": "c-3" });
        scene.send("C-1", "10.00", by.clone()).await;
        let entered = [("reason", "order_cancelled"), ("note", "")];
        let path = "/advertiser/conversions?state=pending";
        let done = scene.network.shop.act(path, "/api/reject_conversion", "", &entered).await;
        assert!(done.plain().contains("rejected"), "{}", done.plain());
        scene.network.app.clock.advance_ms(1);
        assert_eq!(scene.priced("C-2", "10.00", by).await, (Some(2), 150));
        scene.assert_verified().await;
        scene.network.app.stop().await;
    }
}

#[tokio::test]
async fn a_refund_chooses_no_other_rule() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        let app = &scene.network.app;
        let reply = scene.send("D-1", "100.00", json!({})).await;
        let id: ConversionId = reply.text("conversion_id").parse().unwrap();
        let refund = json!({ "campaign": scene.network.w.to_string(), "order_id": "D-1", "amount": "31.00",
            "currency": "EUR", "reference": "R-1", "reason": "partial_return" });
        let request = app.browser().client.post(format!("{}/api/v1/refunds", app.url)).bearer_auth(&scene.key);
        let answer = request.header("content-type", "application/json").body(refund.to_string()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 201, "{}", answer.text().await.unwrap());
        let row = conversions::get(&mut app.store.read().await.unwrap(), id).await.unwrap();
        let left = (row.amount_minor, row.rule_number, row.commission_minor);
        assert_eq!(left, (Some(6_900), Some(3), 1_380), "20 % of what is left, as of the whole");
        scene.assert_verified().await;
        scene.network.app.stop().await;
    }
}
