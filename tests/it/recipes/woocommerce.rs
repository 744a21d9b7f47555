//! The plugin for WooCommerce, among stand-ins for what it calls, with an order recorded after the public documentation
//! of WooCommerce's REST interface.

use std::process::Command;

use serde_json::{Value, json};
use tallystick::domain::conversion::Badge;

use super::php::{ask, keeps_click_ids};
use super::{Place, Served, payload, program, standin};
use crate::support::Kind;

const LONG_AGO: &str = "2026-01-01T00:00:00";

/// A paid order of this number, kept by the stand-in.
fn order(place: &Place, id: &str, created_at: &str) {
    let text = payload("woocommerce-order.json", &[("727", id), ("CREATED_AT", created_at)]);
    std::fs::write(place.path(&format!("order-{id}.json")), text).unwrap();
}

fn meta(place: &Place, id: &str, key: &str) -> Option<String> {
    let order: Value =
        serde_json::from_slice(&std::fs::read(place.path(&format!("order-{id}.json"))).unwrap()).unwrap();
    let entry = order["meta_data"].as_array().unwrap().iter().find(|entry| entry["key"] == key)?.clone();
    Some(entry["value"].as_str().unwrap().to_owned())
}

/// Runs the jobs; gives those that wait for another try, and for how many seconds.
async fn jobs(served: &Served) -> Value {
    serde_json::from_str(&ask(served, "/jobs", "").await.text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_reports_an_order_when_it_is_paid() {
    let Some(php) = program("php") else { return };
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        place.saved("/woocommerce", "tallystick-woocommerce.php", "tallystick-woocommerce.php").await;
        standin(&place, "wordpress.php");
        let mut command = Command::new(&php);
        command.args(["-S", "127.0.0.1:0", "wordpress.php"]).current_dir(place.folder.path());
        command.env("TALLYSTICK_SECRET", place.secret());
        let served = Served::start(&mut command, "http://127.0.0.1:");
        keeps_click_ids(&place, &served, "/").await;

        for (id, checkout) in [("727", "/checkout"), ("728", "/block-checkout")] {
            order(&place, id, LONG_AGO);
            ask(&served, &format!("{checkout}?order={id}"), &place.cookie()).await;
            assert_eq!(meta(&place, id, "_tallystick_click_id").as_deref(), Some(place.click_ids.as_str()));
            assert_eq!(jobs(&served).await, json!([]), "not paid yet");
            assert_eq!(place.credited(id).await, None);

            // The bank or the shop's owner says so; no cookie is there.
            ask(&served, &format!("/paid?order={id}"), "").await;
            assert_eq!(jobs(&served).await, json!([]));
            place.assert_credited(id, Badge::Signed, 4990).await;
            let conversion = meta(&place, id, "_tallystick_conversion").unwrap();
            assert_eq!(conversion.len(), 13, "{conversion}");
            ask(&served, &format!("/completed?order={id}"), "").await;
            assert!(!place.path("jobs.json").exists() || std::fs::read(place.path("jobs.json")).unwrap() == b"[]");
        }
        order(&place, "729", LONG_AGO);
        ask(&served, "/checkout?order=729", "").await;
        ask(&served, "/paid?order=729", "").await;
        assert_eq!(jobs(&served).await, json!([]));
        assert_eq!(place.credited("729").await, None, "nobody's order");

        // While the network is away the job waits, longer each time; nothing else does.
        order(&place, "730", LONG_AGO);
        ask(&served, "/checkout?order=730", &place.cookie()).await;
        let _folder = place.stop_and_keep().await;
        ask(&served, "/paid?order=730", "").await;
        assert_eq!(jobs(&served).await, json!([[[730, 2], 60]]));
        assert_eq!(jobs(&served).await, json!([[[730, 3], 120]]));
    }
}
