//! The recipe for Stripe: the session carries the click ids, the receiver of its webhook reports them. The event is
//! recorded after Stripe's public documentation.

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::AttemptId;
use tallystick::domain::money::Currency;
use tallystick::domain::party::Acting;
use tallystick::domain::time::Timestamp;
use tallystick::store::attempts;

use super::{Place, Served, chosen, node, payload, run};
use crate::support::Kind;

const SECRET: &str = "whsec_hush";

fn header(secret: &str, seconds: i64, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(format!("{seconds}.{body}"));
    format!("t={seconds},v1={},v0=00", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

async fn send(served: &Served, body: &str, header: &str) -> u16 {
    let request = reqwest::Client::new().post(served.url("/")).header("stripe-signature", header);
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

/// The running receiver of the webhook, beside the shop's side of the session.
async fn receiver(place: &Place) -> Option<Served> {
    let receiver = place.saved("/stripe", "stripe-webhook.mjs", "stripe-webhook.mjs").await;
    place.saved("/stripe", "stripe-session.mjs", "stripe-session.mjs").await;
    let mut command = node(place, &receiver)?;
    let command = command.env("TALLYSTICK_KEY", place.key().await).env("STRIPE_WEBHOOK_SECRET", SECRET);
    Some(Served::start(command, "listening on port "))
}

/// The session as it was handed over: what the shop gave, with the click ids of the cookie.
fn metadata(place: &Place, cookie: &str) -> Value {
    let text = "const { withClickId } = await import('./stripe-session.mjs');\
        const session = withClickId({ headers: { cookie: process.argv[2] } }, { mode: 'payment', metadata: { cart: '7' } });\
        console.log(JSON.stringify(session));";
    std::fs::write(place.path("session.mjs"), text).unwrap();
    let session: Value =
        serde_json::from_str(&run(node(place, &place.path("session.mjs")).unwrap().arg(cookie))).unwrap();
    assert_eq!((&session["mode"], &session["metadata"]["cart"]), (&"payment".into(), &"7".into()));
    session["metadata"].clone()
}

fn event(now: Timestamp, kind: &str, session: &str, status: &str, metadata: &Value) -> String {
    let created = now.0.div_euclid(1_000).to_string();
    let values = [
        ("CREATED", created.as_str()),
        ("EVENT_TYPE", kind),
        ("SESSION_ID", session),
        ("PAYMENT_STATUS", status),
        ("METADATA", &metadata.to_string()),
    ];
    payload("stripe-session-completed.json", &values)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_session_is_reported_once_and_only_from_stripe() {
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        let Some(served) = receiver(&place).await else { return place.stop().await };

        let kept = metadata(&place, &format!("a=b; {}", place.cookie()));
        assert_eq!(kept["tallystick"], place.click_ids);
        for nothing in ["", &format!("ts_{}=nothing", place.network.w)] {
            assert_eq!(metadata(&place, nothing).get("tallystick"), None);
        }

        let now = place.network.app.environment.now();
        let seconds = now.0.div_euclid(1_000);
        let body = event(now, "checkout.session.completed", "cs_live_1", "paid", &kept);
        let right = header(SECRET, seconds, &body);
        for wrong in [
            "",
            "v1=00",
            &header("whsec_other", seconds, &body),
            &header(SECRET, seconds, &body.replace("6528", "9999")),
            &header(SECRET, seconds - 400, &body),
            &header(SECRET, seconds + 400, &body),
            &right.replace(&format!("t={seconds}"), &format!("t={}", seconds - 1)),
            &right.replace(",v1=", ",v0="),
        ] {
            assert_eq!(send(&served, &body, wrong).await, 400, "{wrong}");
        }
        assert_eq!(place.credited("cs_live_1").await, None);
        let unpaid = event(now, "checkout.session.completed", "cs_live_1", "unpaid", &kept);
        let other = event(now, "payment_intent.succeeded", "cs_live_1", "paid", &kept);
        let nobodys = event(now, "checkout.session.completed", "cs_live_1", "paid", &serde_json::json!({}));
        for body in [unpaid, other, nobodys] {
            assert_eq!(send(&served, &body, &header(SECRET, seconds, &body)).await, 200);
            assert_eq!(place.credited("cs_live_1").await, None);
        }

        // While a secret is changed there are two signatures.
        let two = right.replace(",v1=", &format!(",v1={},v1=", "0".repeat(64)));
        for header in [&right, &two] {
            assert_eq!(send(&served, &body, header).await, 200);
            place.assert_credited("cs_live_1", Badge::Key, 4990).await;
        }
        let late = event(now, "checkout.session.async_payment_succeeded", "cs_live_2", "paid", &kept);
        assert_eq!(send(&served, &late, &header(SECRET, seconds, &late)).await, 200);
        place.assert_credited("cs_live_2", Badge::Key, 4990).await;
        // A payment link: its address takes letters, digits, - and _ alone.
        let reference = format!("\"client_reference_id\": \"{}\"", place.click_ids.replace('.', "_"));
        let link = event(now, "checkout.session.completed", "cs_live_3", "paid", &serde_json::json!({}));
        let link = link.replace("\"client_reference_id\": null", &reference);
        assert_eq!(send(&served, &link, &header(SECRET, seconds, &link)).await, 200);
        place.assert_credited("cs_live_3", Badge::Key, 4990).await;
        // A reference of the shop's own is nobody's click, and is not even reported.
        let own =
            link.replace("cs_live_3", "cs_live_4").replace(&reference, "\"client_reference_id\": \"customer_4711\"");
        assert_eq!(send(&served, &own, &header(SECRET, seconds, &own)).await, 200);
        let mut conn = place.network.app.store.read().await.unwrap();
        let told = attempts::list_of_order(&mut conn, Acting::Admin, "cs_live_4", AttemptId(0), 9).await.unwrap();
        assert!(told.is_empty(), "{told:?}");
        drop(conn);

        place.stop().await;
        assert_eq!(send(&served, &body, &right).await, 503, "Stripe sends it again");
    }
}

/// Stripe's own table of currencies, against the one by which the network reads amounts.
#[tokio::test(flavor = "multi_thread")]
async fn stripes_amounts_are_read_in_the_units_of_each_currency() {
    let place = Place::new(Kind::Sqlite).await;
    let receiver = place.saved("/stripe", "stripe-webhook.mjs", "stripe-webhook.mjs").await;
    let text = "const { minorUnits } = await import(process.argv[2]);\
        const told = process.argv.slice(3).map((currency) => minorUnits({ amount_total: 123400, currency }));\
        console.log(told.join(' ')); process.exit(0);";
    std::fs::write(place.path("units.mjs"), text).unwrap();
    let Some(mut command) = node(&place, &place.path("units.mjs")) else { return place.stop().await };
    let without: Vec<_> = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(' ').collect();
    // These have no decimals either, but Stripe takes their amounts with two zeros more.
    let hundredths = ["UGX", "ISK", "EUR", "USD", "GBP", "HUF", "TWD", "CHF", "SEK", "INR", "BRL"];
    let thousandths = ["BHD", "JOD", "KWD", "OMR", "TND"];
    let named = [(&without[..], "123400"), (&hundredths, "1234"), (&thousandths, "123.4")];
    let expected: Vec<(&str, i64)> = named
        .iter()
        .flat_map(|(currencies, amount)| currencies.iter().map(move |currency| (*currency, *amount)))
        .map(|(currency, amount)| (currency, currency.parse::<Currency>().unwrap().parse_amount(amount).unwrap()))
        .collect();
    command.arg(&receiver).args(expected.iter().map(|(currency, _)| currency.to_lowercase()));
    let said = run(command.env("TALLYSTICK_KEY", "x").env("STRIPE_WEBHOOK_SECRET", "x"));
    let told: Vec<i64> = said
        .lines()
        .find(|line| !line.contains("listening"))
        .unwrap()
        .split(' ')
        .map(|text| text.parse().unwrap())
        .collect();
    assert_eq!(told.len(), expected.len());
    for ((currency, minor), told) in expected.iter().zip(told) {
        assert_eq!(told, *minor, "{currency}");
    }
    place.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_carries_four_of_more_click_ids_and_a_session_with_more_is_reported() {
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        let Some(served) = receiver(&place).await else { return place.stop().await };
        let ids = place.five().await;
        let kept = metadata(&place, &format!("ts_{}={}", place.network.w, ids.join(".")));
        assert_eq!(kept["tallystick"], chosen(&ids));
        // By a shop that hands over the cookie itself.
        let all = serde_json::json!({ "tallystick": ids.join(".") });
        let now = place.network.app.environment.now();
        let body = event(now, "checkout.session.completed", "cs_live_5", "paid", &all);
        assert_eq!(send(&served, &body, &header(SECRET, now.0.div_euclid(1_000), &body)).await, 200);
        place.assert_credited("cs_live_5", Badge::Key, 4990).await;
        place.stop().await;
    }
}
