//! The recipes for Shopify: the receiver of its webhook, and the custom pixel, with payloads recorded after its public
//! documentation. The script in the theme runs in a browser: see the journeys.

use data_encoding::BASE64;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use tallystick::domain::conversion::Badge;
use tallystick::store::attempts;

use super::{Place, Served, chosen, node, payload, run, standin};
use crate::support::Kind;

const SECRET: &str = "hush-shopify";
const ORDER: &str = "8209829119461545088";

fn signature(secret: &str, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    BASE64.encode(&mac.finalize().into_bytes())
}

async fn send(served: &Served, body: &str, signature: &str) -> u16 {
    let request = reqwest::Client::new().post(served.url("/")).header("x-shopify-hmac-sha256", signature);
    let request = request.header("x-shopify-topic", "orders/paid").header("content-type", "application/json");
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

/// The order as paid just now, with these ids among its attributes.
fn order(place: &Place, click_ids: &str) -> String {
    let now = place.network.app.environment.now().to_string();
    payload("shopify-order-paid.json", &[("CREATED_AT", &now), ("CLICK_IDS", click_ids)])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pixel_reports_an_order_and_the_webhook_confirms_it() {
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        let receiver = place.saved("/shopify", "shopify-webhook.mjs", "shopify-webhook.mjs").await;
        let pixel = place.saved("/shopify", "Custom pixel", "pixel.js").await;
        let Some(mut command) = node(&place, &receiver) else { return place.stop().await };
        let served = Served::start(command.env("SHOPIFY_WEBHOOK_SECRET", SECRET), "listening on port ");

        let mut pages = Vec::new();
        for (file, click_id) in [("first.json", place.before()), ("second.json", place.newest())] {
            std::fs::write(place.path(file), payload("shopify-page-viewed.json", &[("CLICK_ID", click_id)])).unwrap();
            pages.push(place.path(file));
        }
        std::fs::write(place.path("bought.json"), payload("shopify-checkout-completed.json", &[])).unwrap();
        let host = standin(&place, "shopify-pixel-host.mjs");
        // The second page twice: the same page again changes nothing.
        let files = [&pixel, &pages[0], &pages[1], &pages[1], &place.path("bought.json")];
        let cookies: Value = serde_json::from_str(&run(node(&place, &host).unwrap().args(files))).unwrap();
        let expected = format!("{}; Max-Age=604800; Path=/; SameSite=Lax; Secure", place.click_ids);
        assert_eq!(cookies[format!("ts_{}", place.network.w)], expected);
        place.assert_credited(ORDER, Badge::Unverified, 4990).await;

        let body = order(&place, &place.click_ids);
        for wrong in ["", "x", &signature("other", &body), &signature(SECRET, &body.replace("49.90", "499.0"))] {
            assert_eq!(send(&served, &body, wrong).await, 401, "{wrong}");
        }
        place.assert_credited(ORDER, Badge::Unverified, 4990).await;
        for _ in 0..2 {
            assert_eq!(send(&served, &body, &signature(SECRET, &body)).await, 200);
            place.assert_credited(ORDER, Badge::Signed, 4990).await;
        }
        place.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_reports_what_has_a_click_and_asks_for_it_again_while_the_network_is_away() {
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        let receiver = place.saved("/shopify", "shopify-webhook.mjs", "shopify-webhook.mjs").await;
        let Some(mut command) = node(&place, &receiver) else { return place.stop().await };
        let served = Served::start(command.env("SHOPIFY_WEBHOOK_SECRET", SECRET), "listening on port ");
        let nobodys = order(&place, "");
        assert_eq!(send(&served, &nobodys, &signature(SECRET, &nobodys)).await, 200);
        assert_eq!(place.credited(ORDER).await, None);
        // Refused for good: Shopify is not asked to send it again.
        let forged = order(&place, "0".repeat(44).as_str());
        assert_eq!(send(&served, &forged, &signature(SECRET, &forged)).await, 200);
        assert_eq!(place.credited(ORDER).await, None);
        let body = order(&place, &place.click_ids);
        assert_eq!(send(&served, &body, &signature(SECRET, &body)).await, 200);
        place.assert_credited(ORDER, Badge::Signed, 4990).await;
        // Where prices include taxes, so does the subtotal.
        let mut gross = order(&place, &place.click_ids);
        for (net, with_taxes) in [
            (ORDER, "8209829119461545099"),
            ("\"subtotal_price\": \"49.90\"", "\"subtotal_price\": \"59.38\", \"taxes_included\": true"),
            (
                "\"taxable\": true",
                "\"taxable\": true, \"tax_lines\": [{ \"price\": \"9.00\" }, { \"price\": \"0.48\" }]",
            ),
        ] {
            assert!(gross.contains(net), "{net}");
            gross = gross.replace(net, with_taxes);
        }
        assert_eq!(send(&served, &gross, &signature(SECRET, &gross)).await, 200);
        place.assert_credited("8209829119461545099", Badge::Signed, 4990).await;
        place.stop().await;
        assert_eq!(send(&served, &body, &signature(SECRET, &body)).await, 503);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_click_ids_than_a_report_takes_the_first_and_the_newest_are_reported() {
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        let receiver = place.saved("/shopify", "shopify-webhook.mjs", "shopify-webhook.mjs").await;
        let pixel = place.saved("/shopify", "Custom pixel", "pixel.js").await;
        let Some(mut command) = node(&place, &receiver) else { return place.stop().await };
        let served = Served::start(command.env("SHOPIFY_WEBHOOK_SECRET", SECRET), "listening on port ");
        let ids = place.five().await;

        let mut files = vec![pixel];
        for (number, id) in ids.iter().rev().enumerate() {
            files.push(place.path(&format!("{number}.json")));
            std::fs::write(&files[number + 1], payload("shopify-page-viewed.json", &[("CLICK_ID", id)])).unwrap();
        }
        files.push(place.path("bought.json"));
        std::fs::write(&files[6], payload("shopify-checkout-completed.json", &[])).unwrap();
        let host = standin(&place, "shopify-pixel-host.mjs");
        let cookies: Value = serde_json::from_str(&run(node(&place, &host).unwrap().args(files))).unwrap();
        let cookie = cookies[format!("ts_{}", place.network.w)].as_str().unwrap();
        assert_eq!(cookie.split(';').next().unwrap(), chosen(&ids));
        place.assert_credited(ORDER, Badge::Unverified, 4990).await;

        // A cart that was filled by an older theme.
        let body = order(&place, &ids.join("."));
        assert_eq!(send(&served, &body, &signature(SECRET, &body)).await, 200);
        place.assert_credited(ORDER, Badge::Signed, 4990).await;
        let (app, shop, campaign) = (&place.network.app, place.network.shop_id, place.network.w);
        let log = attempts::list_of_advertiser(&mut app.store.read().await.unwrap(), shop, campaign, 1).await.unwrap();
        assert!(log[0].query.contains(&format!("click_id={}&", chosen(&ids))), "{log:?}");
        place.stop().await;
    }
}
