//! What is kept for a time only is forgotten when its time is over, by one process, and nothing else with it.

use tallystick::domain::click::ClickLabel;
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::{ClickId, ConversionId};
use tallystick::domain::party::{Acting, PartyKind};
use tallystick::domain::secret::SecretKey;
use tallystick::reports::receipt::load;
use tallystick::reports::verify::{differences, told, verify};
use tallystick::server::retention;
use tallystick::store::clicks;
use tallystick::store::driver::Driver;

use crate::network::{Network, fields};
use crate::receipts::tamper;
use crate::reports::numbers;
use crate::support::Kind;

async fn one(network: &Network, text: &str) -> i64 {
    numbers(&network.app.store, text).await[0]
}

async fn count(network: &Network, table: &str) -> i64 {
    one(network, &format!("select count(*) from {table}")).await
}

/// The months that have a partition; nothing on SQLite.
async fn months(network: &Network) -> Vec<i64> {
    let mut conn = network.app.store.read().await.unwrap();
    let text = "select cast(substr(relname::text, 8) as bigint) from pg_class where relkind = 'r'
        and relname ~ '^clicks_[0-9]{6}$' order by 1";
    match conn.driver() {
        Driver::Sqlite(_) => Vec::new(),
        Driver::Postgres(c) => sqlx::query_scalar(text).fetch_all(c).await.unwrap(),
    }
}

async fn is_there(network: &Network, token: &str) -> bool {
    let id = ClickToken::read(token).unwrap().click_id;
    clicks::find(&mut network.app.store.read().await.unwrap(), id).await.unwrap().is_some()
}

async fn verified(network: &Network) {
    let checks = verify(&mut network.app.store.snapshot().await.unwrap()).await.unwrap();
    assert_eq!(differences(&checks), 0, "{}", told(&checks));
}

/// A later word on a click that changes nothing.
async fn label(network: &Network, token: &str) {
    let id = ClickToken::read(token).unwrap().click_id.0;
    tamper(&network.app.store, "terms", &format!("insert into click_labels values ({id}, {id}, 'valid', null, 1)"))
        .await;
}

/// Every party of the conversion opens its receipt, and it comes out the same.
async fn receipt_opens(network: &Network, id: ConversionId) {
    for viewer in network.everybody() {
        if viewer.acting == Acting::Publisher(network.b_id) {
            continue;
        }
        let receipt = load(&mut network.app.store.snapshot().await.unwrap(), &viewer, id).await.unwrap();
        assert!(receipt.click.is_none() && receipt.requests.is_empty(), "forgotten");
        assert_eq!(receipt.differences, [], "{:?}", viewer.acting);
        assert_eq!(receipt.conversion.commission_minor, 499);
        assert!(viewer.acting.kind() == PartyKind::Publisher || receipt.decided.is_some());
    }
}

#[tokio::test]
async fn clicks_go_by_whole_months_and_receipts_and_totals_stay() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let clock = &network.app.clock;
        network.app.run_tasks().await;
        let is_postgres = !network.app.store.is_sqlite();
        let made = |all: &[i64]| if is_postgres { all.to_vec() } else { Vec::new() };
        assert_eq!(months(&network).await, made(&[202603, 202604, 202605, 202606]));
        let march = network.click(0, 1, &[]).await;
        let order = network.order(network.w, "ORDER-1", "49.90", &march).await;
        label(&network, &march).await;
        assert_eq!(network.land(network.w, &march, "/").await, 201);
        // Nobody made a place for July: it is stored all the same, and stays where it is.
        clock.set("2026-07-31T23:59:59.999Z");
        let july = network.click(2, 1, &[]).await;
        label(&network, &july).await;
        assert_eq!(network.land(network.x, &july, "/").await, 201);
        network.app.run_tasks().await;
        let later = [202603, 202604, 202605, 202606, 202608, 202609, 202610];
        assert_eq!(months(&network).await, made(&later));
        clock.set("2027-04-30T23:00:00Z");
        network.app.run_tasks().await;
        assert!(is_there(&network, &march).await, "kept for thirteen whole months");
        let totals = one(&network, "select cast(sum(clicks) as bigint) from click_rollups").await;

        clock.set("2027-05-01T00:00:00Z");
        network.app.run_tasks().await;
        assert!(!is_there(&network, &march).await);
        assert!(is_there(&network, &july).await);
        assert_eq!(months(&network).await.first().copied(), made(&[202604]).first().copied());
        assert_eq!(count(&network, "click_labels").await, 1, "the label went with its click");
        assert_eq!(count(&network, "landings").await, 1, "and the landing");
        assert_eq!(one(&network, "select cast(sum(clicks) as bigint) from click_rollups").await, totals);
        receipt_opens(&network, order).await;
        verified(&network).await;
        // A further report of the order finds no click and changes nothing.
        let again = network.report(network.w, Badge::Signed, fields("sale", "ORDER-1", Some(("49.90", "EUR")), &march));
        assert_eq!(again.await.status, 200);
        verified(&network).await;
        // Of the months that are there every total is still counted again.
        tamper(&network.app.store, "click_rollups", "update click_rollups set clicks = clicks + 1").await;
        let checks = verify(&mut network.app.store.snapshot().await.unwrap()).await.unwrap();
        assert_eq!(differences(&checks), 6, "July, for three readers, by quarter and day: {}", told(&checks));

        clock.set("2027-09-01T00:00:00Z");
        network.app.run_tasks().await;
        assert!(!is_there(&network, &july).await);
        assert_eq!((count(&network, "clicks").await, count(&network, "click_labels").await), (0, 0));
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_click_past_its_keeping_is_not_made_again() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let id = network.app.environment.new_id(ClickId);
        let token = ClickToken::new(&SecretKey::from_bytes([9; 32]), id, network.links[0].0, network.w, network.a_id);
        network.app.clock.set("2027-05-01T00:00:00Z");
        let report = fields("sale", "ORDER-1", Some(("49.90", "EUR")), &token.to_string());
        let reply = network.report(network.w, Badge::Signed, report).await;
        assert_eq!(reply.body.reason.map(|reason| reason.as_str()), Some("window_expired"));
        assert_eq!(count(&network, "clicks").await, 0);
        verified(&network).await;
        network.app.stop().await;
    }
}

#[tokio::test]
async fn requests_go_after_thirty_days_and_salts_with_visitors_after_two() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let clock = &network.app.clock;
        let token = network.click(0, 1, &[]).await;
        network.order(network.w, "ORDER-1", "49.90", &token).await;
        let pixel = fields("sale", "ORDER-2", Some(("1.00", "EUR")), "");
        network.report(network.w, Badge::Unverified, pixel).await;
        clock.set("2026-03-03T23:59:59.999Z");
        network.app.run_tasks().await;
        // On SQLite they are in memory.
        let remembered = i64::from(kind == Kind::Postgres);
        assert_eq!((count(&network, "visitor_salts").await, count(&network, "visitors").await), (2, remembered));
        clock.set("2026-03-04T00:00:00Z");
        network.app.run_tasks().await;
        assert_eq!((count(&network, "visitor_salts").await, count(&network, "visitors").await), (1, 0));
        clock.set("2026-03-05T00:00:00Z");
        network.app.run_tasks().await;
        assert_eq!(count(&network, "visitor_salts").await, 0, "the next day's, which was made ahead");
        verified(&network).await;

        clock.set("2026-04-01T09:59:59.999Z");
        network.app.run_tasks().await;
        assert_eq!((count(&network, "attempts").await, count(&network, "report_quotas").await), (2, 1));
        // An hour later it is looked at again.
        clock.set("2026-04-01T10:59:59.999Z");
        network.app.run_tasks().await;
        assert_eq!((count(&network, "attempts").await, count(&network, "report_quotas").await), (0, 1));
        clock.set("2026-04-02T00:00:00Z");
        network.app.run_tasks().await;
        assert_eq!(count(&network, "report_quotas").await, 0);
        assert_eq!((count(&network, "evidence").await, count(&network, "decisions").await), (2, 2), "they stay");
        assert!(is_there(&network, &token).await);
        verified(&network).await;
        network.app.stop().await;
    }
}

/// Many tasks at once, and the two of another process, forget each row once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_at_a_time_forgets() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        for visitor in 0..5 {
            assert_eq!(ClickLabel::Valid, label_of(&network, &network.click(0, visitor, &[]).await).await);
        }
        network.app.clock.set("2027-05-01T00:00:00Z");
        let other = if kind == Kind::Postgres { Some(network.app.start_beside().await) } else { None };
        let second = other.as_ref().map_or(&network.app, |other| other);
        let turns = (0..8).map(|turn| {
            let app = if turn % 2 == 0 { &network.app } else { second };
            retention::clicks(&app.store, &app.environment)
        });
        let mut gone: Vec<usize> = futures::future::join_all(turns).await.into_iter().map(Result::unwrap).collect();
        gone.sort_unstable();
        assert_eq!(gone, [0, 0, 0, 0, 0, 0, 0, 5], "{kind:?}");
        if let Some(other) = other {
            other.stop().await;
        }
        network.app.stop().await;
    }
}

async fn label_of(network: &Network, token: &str) -> ClickLabel {
    let id = ClickToken::read(token).unwrap().click_id;
    clicks::find(&mut network.app.store.read().await.unwrap(), id).await.unwrap().unwrap().label
}
