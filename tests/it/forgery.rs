//! What is made up, changed, out of date or sent again: refused, or without any effect, over HTTP.

use std::collections::BTreeMap;

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::ids::CampaignId;
use tallystick::domain::party::Acting;
use tallystick::domain::signature::{SignedRequest, sign};
use tallystick::domain::time::{SECOND_MS, Timestamp};
use tallystick::store::conversions::{self, Conversion, Filter};
use tallystick::store::{Store, ledger};

use crate::fixtures::{live_campaign, publisher};
use crate::replay::rows;
use crate::shop::{Reply, Shop, Visitor};
use crate::support::{Kind, TestApp, verified};
use crate::tracking::link;

struct Scene {
    app: TestApp,
    shop: Shop,
    click: String,
}

async fn scene(kind: Kind) -> Scene {
    let app = TestApp::start(kind).await;
    let campaign: CampaignId = live_campaign(&app, "Winter", ApprovalMode::Manual).await.campaign;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let click = Visitor::new(&app, 1).click(&link(&app, publisher, campaign).await).await.id;
    app.clock.advance_ms(60 * SECOND_MS);
    Scene { shop: Shop::new(&app, &campaign.to_string()), app, click }
}

impl Scene {
    fn order(&self, order: &str) -> String {
        format!("click_id={}&order_id={order}&amount=50.00&currency=EUR", self.click)
    }
}

/// Everything that a report changes, but for the log of requests.
#[derive(Debug, PartialEq)]
struct State {
    conversions: Vec<Conversion>,
    balances: BTreeMap<(String, &'static str), i64>,
    counts: Vec<i64>,
}

async fn state(store: &Store) -> State {
    const TABLES: [&str; 5] = [
        "select count(*) as n from evidence",
        "select count(*) as n from decisions",
        "select count(*) as n from conversion_events",
        "select count(*) as n from transfers",
        "select cast(coalesce(sum(conversions), 0) as bigint) as n from conversion_rollups",
    ];
    let mut counts = Vec::new();
    for text in TABLES {
        counts.push(rows(store, text).await[0].1);
    }
    let mut conn = store.read().await.unwrap();
    let filter = Filter { limit: 1_000, ..Filter::default() };
    let conversions = conversions::list_of(&mut conn, Acting::Admin, &filter).await.unwrap();
    let balances = ledger::balances(&mut conn).await.unwrap();
    let balances = balances.into_iter().map(|one| ((one.party_name, one.kind.as_str()), one.balance_minor)).collect();
    State { conversions, balances, counts }
}

#[tokio::test]
async fn a_click_id_with_any_other_letter_is_refused_in_a_report_and_by_the_landing() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let before = state(&scene.app.store).await;
        let visitor = Visitor::new(&scene.app, 2);
        for place in 0..scene.click.len() {
            let (start, rest) = scene.click.split_at(place);
            let other = if rest.starts_with('z') { 'y' } else { 'z' };
            let changed = format!("{start}{other}{}", &rest[1..]);
            let query = format!("click_id={changed}&order_id=F{place}&amount=50.00&currency=EUR");
            let told = scene.shop.report(&scene.app, &query).await;
            assert_eq!(told.told(), (422, "rejected", false, "click_forged"), "{place}");
            let pixel = visitor.pixel(&scene.shop.campaign, &query).await;
            assert_eq!((pixel.status, pixel.headers["reason-code"].to_str().unwrap()), (422, "click_forged"));
            assert_eq!(visitor.land(&scene.shop.campaign, &changed).await.status, 422, "{place}");
        }
        assert_eq!(state(&scene.app.store).await, before);
        let in_capitals = scene.order("O1").replace(&scene.click, &scene.click.to_uppercase());
        assert_eq!(scene.shop.report(&scene.app, &in_capitals).await.told(), (201, "created", false, ""));
        scene.app.stop().await;
    }
}

/// The query with another letter at each of its places; the case of the signature's digits says nothing.
fn changed(query: &str) -> impl Iterator<Item = String> + '_ {
    (0..query.len()).flat_map(move |place| {
        let (start, rest) = query.split_at(place);
        let others = ['a', 'b', '0', '&', '='].into_iter().filter(|other| !rest.starts_with(*other));
        others.take(2).map(move |other| format!("{start}{other}{}", &rest[1..]))
    })
}

fn refused(reply: &Reply, what: &str) {
    let reasons = ["auth_bad_signature", "auth_missing", "auth_stale", "auth_bad_token", "bad_field"];
    assert!(matches!(reply.status, 401 | 422), "{what}: {reply:?}");
    assert!(reasons.contains(&reply.text("reason")), "{what}: {reply:?}");
}

#[tokio::test]
async fn a_signed_request_with_any_other_letter_is_refused() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let before = state(&scene.app.store).await;
        let signed = scene.shop.signed(&scene.order("O1"), scene.app.environment.now());
        for query in changed(&signed) {
            refused(&scene.shop.send(&query).await, &query);
        }
        assert_eq!(state(&scene.app.store).await, before, "{kind:?}");
        let (start, signature) = signed.split_once("&sig=").unwrap();
        let in_capitals = format!("{start}&sig={}", signature.to_uppercase());
        assert_eq!(scene.shop.send(&in_capitals).await.told(), (201, "created", false, ""), "the very same digits");
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn a_signed_request_in_another_order_doubled_or_as_another_request_is_refused() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let before = state(&scene.app.store).await;
        let signed = scene.shop.signed(&scene.order("O1"), scene.app.environment.now());
        let parts: Vec<&str> = signed.split('&').collect();
        for one in 0..parts.len() {
            for other in 0..one {
                let mut turned = parts.clone();
                turned.swap(one, other);
                refused(&scene.shop.send(&turned.join("&")).await, "turned");
            }
            // Beside itself, before all, and with another value; the signature is no longer the last, or not alone.
            let name = parts[one].split('=').next().unwrap();
            for doubled in [parts[one].to_owned(), format!("{name}=1")] {
                let within = format!("{}&{doubled}&{}", parts[..one].join("&"), parts[one..].join("&"));
                for query in [format!("{doubled}&{signed}"), format!("{signed}&{doubled}"), within] {
                    let reply = scene.shop.send(query.trim_start_matches('&')).await;
                    assert_eq!(reply.told(), (422, "rejected", false, "bad_field"), "{query}");
                }
            }
            let missing = [&parts[..one], &parts[one + 1..]].concat().join("&");
            refused(&scene.shop.send(&missing).await, "one is missing");
        }
        let client = reqwest::Client::new();
        let url = format!("{}/postback?{signed}", scene.app.url);
        let as_post = client.post(&url).send().await.unwrap();
        let with_body = client.get(&url).body("x").send().await.unwrap();
        let elsewhere = client.get(url.replace("/postback", "/Postback")).send().await.unwrap();
        let told = [as_post, with_body, elsewhere].map(|answer| answer.status().as_u16());
        assert_eq!(told, [401, 401, 404], "method, body and path are signed");
        assert_eq!(state(&scene.app.store).await, before, "{kind:?}");
        assert_eq!(scene.shop.send(&signed).await.told(), (201, "created", false, ""));
        scene.app.stop().await;
    }
}

/// A query that was signed at this second.
fn signed_at(scene: &Scene, order: &str, seconds: i64) -> String {
    let query = format!("campaign={}&{}&ts={seconds}", scene.shop.campaign, scene.order(order));
    let request = SignedRequest { timestamp: seconds, method: "GET", path: "/postback", query: &query, body: b"" };
    format!("{query}&sig={}", sign(&scene.shop.secret, &request))
}

#[tokio::test]
async fn a_signature_counts_to_the_last_millisecond_of_300_seconds_either_way() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let now = scene.app.environment.now();
        assert_eq!(now.0 % SECOND_MS, 0);
        let seconds = now.0 / SECOND_MS;
        let (fresh, stale) = ((201, "created", false, ""), (401, "rejected", false, "auth_stale"));
        for (number, (off, ms, expected)) in [
            (-301, 0, stale),
            (-300, 1, stale),
            (-300, 0, fresh),
            (300, 0, fresh),
            (301, 0, stale),
            (301, 1_000, fresh),
            (i64::MAX / 1_000 - seconds, 1_000, stale),
            (-seconds, 1_000, stale),
        ]
        .into_iter()
        .enumerate()
        {
            scene.app.clock.set(&now.plus_ms(ms).to_string());
            let query = signed_at(&scene, &format!("S{number}"), seconds + off);
            assert_eq!(scene.shop.send(&query).await.told(), expected, "{off} s, {ms} ms");
        }
        for ts in ["", "x", "1772445660.5", "99999999999999999999"] {
            let query = format!("campaign={}&{}&ts={ts}&sig={}", scene.shop.campaign, scene.order("S"), "0".repeat(64));
            assert_eq!(scene.shop.send(&query).await.told(), (401, "rejected", false, "auth_stale"), "{ts:?}");
        }
        scene.app.stop().await;
    }
}

/// Sends it again and again for 300 seconds; nothing but the log of requests changes.
async fn again(app: &TestApp, shops: &[&Shop], signed: &str, first: &Reply, sent_at: Timestamp) {
    let before = state(&app.store).await;
    for ms in [0, 1, 1_000, 150_000, 299_999, 300_000] {
        app.clock.set(&sent_at.plus_ms(ms).to_string());
        for shop in shops {
            let reply = shop.send(signed).await;
            assert_eq!(reply.told(), (200, "created", true, ""), "{ms} ms");
            assert_eq!(reply.text("conversion_id"), first.text("conversion_id"));
            assert_eq!(state(&app.store).await, before, "{ms} ms");
        }
    }
    app.clock.set(&sent_at.plus_ms(300_001).to_string());
    for shop in shops {
        assert_eq!(shop.send(signed).await.told(), (401, "rejected", false, "auth_stale"));
    }
    assert_eq!(state(&app.store).await, before);
    verified(&app.store).await;
}

#[tokio::test]
async fn a_replay_within_300_seconds_changes_nothing() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let now = scene.app.environment.now();
        let signed = scene.shop.signed(&scene.order("O1"), now);
        let first = scene.shop.send(&signed).await;
        assert_eq!(first.told(), (201, "created", false, ""));
        again(&scene.app, &[&scene.shop], &signed, &first, now).await;
        scene.app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_to_the_other_process_changes_nothing_either() {
    if !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: two processes need PostgreSQL, and TEST_DATABASE_URL names no server");
        return;
    }
    let scene = scene(Kind::Postgres).await;
    let two = scene.app.start_beside().await;
    let there = Shop::new(&two, &scene.shop.campaign);
    let now = scene.app.environment.now();
    let signed = scene.shop.signed(&scene.order("O1"), now);
    let first = scene.shop.send(&signed).await;
    assert_eq!(first.told(), (201, "created", false, ""));
    again(&scene.app, &[&there, &scene.shop], &signed, &first, now).await;
    two.stop().await;
    scene.app.stop().await;
}
