//! Amounts that are none, in currencies with two, no and three digits, by every way in: refused with `bad_amount`, and
//! nothing is stored but the attempt. Amounts at the limits are taken to the minor unit.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tallystick::domain::ids::{ConversionId, MemberId};
use tallystick::domain::money::Currency;
use tallystick::domain::terms::Terms;
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::{conversions, terms};

use crate::access::contents;
use crate::network::Network;
use crate::page::between;
use crate::shop::{Shop, Visitor};
use crate::support::Kind;

/// What is an amount in no currency.
const NONE: [&str; 17] = [
    "NaN",
    "inf",
    "1e9",
    "-1",
    "-0",
    "+5",
    "1,000.00",
    "1,50",
    "\u{663}",
    "\u{ff10}",
    "0x10",
    "9223372036854775807",
    "1234567890123",
    ".5",
    "5.",
    "1.2.3",
    "1 000",
];

/// Digits that a currency does not have.
const TOO_FINE: [(&str, &str); 4] = [("EUR", "1.005"), ("JPY", "1.0"), ("BHD", "1.0005"), ("EUR", "1.0000")];

fn hostile() -> Vec<(&'static str, &'static str)> {
    let of = |currency| NONE.map(|amount| (currency, amount));
    [of("EUR"), of("JPY"), of("BHD")].into_iter().flatten().chain(TOO_FINE).collect()
}

/// W takes three currencies from now on; a sale in each of them pays 10 %.
async fn take_three_currencies(network: &Network) {
    network.app.clock.advance_ms(60_000);
    let mut w = network.app.store.write().await.unwrap();
    let campaign = campaigns::get(&mut w, network.w).await.unwrap();
    let first = terms::get(&mut w, network.w, 1).await.unwrap();
    let currencies: Vec<Currency> = ["EUR", "JPY", "BHD"].map(|code| code.parse().unwrap()).to_vec();
    let next = Terms { version: 2, starts_at: network.app.environment.now(), currencies, ..first };
    next.check().unwrap();
    terms::insert(&mut w, &next, MemberId(1), network.app.environment.now()).await.unwrap();
    campaigns::update(&mut w, &Campaign { terms_version: 2, ..campaign }).await.unwrap();
    w.commit().await.unwrap();
}

/// A key that was used before: its first use is noted.
async fn api_key(network: &Network) -> String {
    let page = format!("/advertiser/campaigns/{}/integration", network.w);
    let made = network.shop.act(&page, "/api/create_api_key", "", &[("name", "Shop server")]).await;
    let key = format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").expect("the key is shown once"));
    let shop = Shop::new(&network.app, &network.w.to_string());
    assert_eq!(shop.post(&key, &json!({})).await.status, 422);
    key
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Everything but the attempts.
async fn stored(network: &Network) -> BTreeMap<String, String> {
    let mut all = contents(&network.app.store).await;
    all.remove("attempts");
    all
}

#[tokio::test]
async fn what_is_no_amount_is_refused_by_every_way_in_and_leaves_nothing() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        take_three_currencies(&network).await;
        let (shop, key) = (Shop::new(&network.app, &network.w.to_string()), api_key(&network).await);
        let click = network.click(0, 1, &[]).await;
        let visitor = Visitor::new(&network.app, 9);
        drop(network.app.store.snapshot().await);
        let before = stored(&network).await;
        for (currency, amount) in hostile() {
            let told = format!("{amount} {currency}");
            let query = format!("click_id={click}&order_id=o&currency={currency}&amount={}", encoded(amount));
            let signed = shop.report(&network.app, &query).await;
            assert_eq!((signed.status, signed.text("reason")), (422, "bad_amount"), "{told} by postback");
            let body = json!({ "order_id": "o", "click_id": click, "currency": currency, "amount": amount });
            let by_key = shop.post(&key, &body).await;
            assert_eq!((by_key.status, by_key.text("reason")), (422, "bad_amount"), "{told} by JSON");
            let pixel = visitor.pixel(&network.w.to_string(), &query).await;
            assert_eq!(pixel.status, 422, "{told} by pixel: {}", pixel.text);
        }
        for minor in [-1, i64::MIN, i64::MAX, 1_000_000_000_000_001] {
            let body = json!({ "order_id": "o", "click_id": click, "currency": "EUR", "amount_minor": minor });
            let reply = shop.post(&key, &body).await;
            assert_eq!((reply.status, reply.text("reason")), (422, "bad_amount"), "{minor} minor units");
        }
        for wrong in [json!(12.5), json!(true), json!([1]), json!(1e300)] {
            let body = json!({ "order_id": "o", "click_id": click, "currency": "EUR", "amount": wrong });
            assert_eq!(shop.post(&key, &body).await.status, 422, "{body}");
        }
        assert_eq!(stored(&network).await, before, "nothing is stored but the attempts");
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_currency_that_the_campaign_does_not_take_is_refused() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        take_three_currencies(&network).await;
        let key = api_key(&network).await;
        let shop = Shop::new(&network.app, &network.w.to_string());
        let click = network.click(0, 1, &[]).await;
        let before = stored(&network).await;
        for currency in ["USD", "eur", "XXX", "DEM", "EURO", "E", "\u{20ac}", "978"] {
            let body = json!({ "order_id": "o", "click_id": click, "currency": currency, "amount": "1.00" });
            let reply = shop.post(&key, &body).await;
            assert_eq!((reply.status, reply.text("reason")), (422, "bad_currency"), "{currency}");
        }
        assert_eq!(stored(&network).await, before);
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_file_refuses_the_same_amounts_row_by_row() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        take_three_currencies(&network).await;
        let click = network.click(0, 1, &[]).await;
        drop(network.app.store.snapshot().await);
        let rows = hostile();
        let lines = rows
            .iter()
            .enumerate()
            .map(|(number, (currency, amount))| format!("o{number},\"{amount}\",{currency},{click}\n"));
        let file = format!("order_id,amount,currency,click_id\n{}", lines.collect::<String>());
        let campaign = network.w.to_string();
        let fields = [("campaign_id", campaign.as_str())];
        let answer = network.shop.upload("/uploads", &fields, ("edges.csv", "text/csv", file.as_bytes())).await;
        let place = answer.location().to_owned();
        let tried = network.shop.get(&place).await.plain();
        assert!(tried.contains(&format!("and {} would be refused", rows.len())), "{tried}");
        assert_eq!(tried.matches("rejected bad_amount").count(), rows.len().min(100), "{tried}");
        let mut conn = network.app.store.read().await.unwrap();
        assert!(conversions::find_by_order(&mut conn, network.w, "sale", "o0").await.unwrap().is_none());
        drop(conn);
        network.app.stop().await;
    }
}

#[tokio::test]
async fn amounts_at_the_limits_are_priced_to_the_minor_unit() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        take_three_currencies(&network).await;
        let (shop, key) = (Shop::new(&network.app, &network.w.to_string()), api_key(&network).await);
        let click = network.click(0, 1, &[]).await;
        // 10 %, half away from zero, and 20 % of that as the network's fee.
        let cases: [(&str, Value, i64, i64); 8] = [
            ("EUR", json!("0"), 0, 0),
            ("EUR", json!("0.04"), 4, 0),
            ("EUR", json!("0.05"), 5, 1),
            ("JPY", json!("4"), 4, 0),
            ("JPY", json!("15"), 15, 2),
            ("BHD", json!("0.005"), 5, 1),
            ("BHD", json!("999999999.999"), 999_999_999_999, 100_000_000_000),
            ("EUR", json!("9999999999.99"), 999_999_999_999, 100_000_000_000),
        ];
        for (number, (currency, amount, minor, commission)) in cases.into_iter().enumerate() {
            let order = format!("limit-{number}");
            let body = json!({ "order_id": order, "click_id": click, "currency": currency, "amount": amount });
            let reply = shop.post(&key, &body).await;
            assert_eq!(reply.status, 201, "{reply:?}");
            let id: ConversionId = reply.text("conversion_id").parse().unwrap();
            let row = conversions::get(&mut network.app.store.read().await.unwrap(), id).await.unwrap();
            assert_eq!((row.amount_minor, row.commission_minor), (Some(minor), commission), "{currency} {amount}");
            assert_eq!(row.fee_minor, (commission + 2) / 5, "{currency} {amount}");
        }
        network.app.stop().await;
    }
}
