//! The recipe for Node, in a shop on Node's own server.

use reqwest::header::COOKIE;
use serde_json::Value;
use tallystick::domain::conversion::Badge;

use super::php::keeps_click_ids;
use super::{Place, Served, node, program, standin};
use crate::support::Kind;

async fn order(served: &Served, id: &str, cookie: &str) -> Value {
    let request = reqwest::Client::new().get(served.url(&format!("/order?id={id}"))).header(COOKIE, cookie);
    serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn node_keeps_click_ids_and_reports_signed() {
    if program("node").is_none() {
        return;
    }
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        place.saved("/node", "tallystick.mjs", "tallystick.mjs").await;
        let shop = standin(&place, "node-shop.mjs");
        let served = Served::start(&mut node(&place, &shop).unwrap(), "listening on port ");
        keeps_click_ids(&place, &served, "/welcome").await;

        assert_eq!(order(&served, "NODE-0", "").await, Value::Null, "an order without a click is nobody's");
        let told = order(&served, "NODE-1", &place.cookie()).await;
        assert_eq!((&told["outcome"], &told["duplicate"]), (&"created".into(), &false.into()), "{told}");
        assert_eq!(order(&served, "NODE-1", &place.cookie()).await["duplicate"], true);
        place.assert_credited("NODE-1", Badge::Signed, 4990).await;
        order(&served, "N%201%26test%3D1%2B", &place.cookie()).await;
        place.assert_credited("N 1&test=1+", Badge::Signed, 4990).await;
        let refused = order(&served, "%20", &place.cookie()).await;
        assert!(refused["error"].as_str().unwrap().contains("order_id_invalid"), "{refused}");

        let cookie = place.cookie();
        place.stop().await;
        let away = order(&served, "NODE-2", &cookie).await;
        assert!(away["error"].as_str().unwrap().contains("NODE-2 was not reported: 0"), "{away}");
    }
}
