//! Two processes over one PostgreSQL database: they act as one network, and never make an id twice.

use std::time::Duration;

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::ids::PublisherId;
use tallystick::domain::party::Acting;
use tallystick::server::lease::Lease;
use tallystick::store::changes::Change;
use tallystick::store::conversions::{self, Filter};
use tallystick::store::{Store, ledger, links};
use tokio::time::timeout;

use crate::fixtures::{live_campaign, publisher};
use crate::live::{TICK, hear};
use crate::shop::{Shop, Visitor};
use crate::support::{Browser, Database, Kind, TestApp};
use crate::tracking::link;

/// How long a notice from one process to the other may take.
const SOON: Duration = Duration::from_secs(10);

struct Pair {
    one: TestApp,
    two: TestApp,
    link: String,
    publisher: PublisherId,
    browser: Browser,
    campaign: String,
}

/// Nothing where there is no PostgreSQL.
async fn pair() -> Option<Pair> {
    if !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: two processes need PostgreSQL, and TEST_DATABASE_URL names no server");
        return None;
    }
    let one = TestApp::start(Kind::Postgres).await;
    let two = one.start_beside().await;
    let live = live_campaign(&one, "Winter", ApprovalMode::Manual).await;
    let (browser, publisher) = publisher(&one, "Garden Letters").await;
    let link = link(&one, publisher, live.campaign).await;
    Some(Pair { one, two, link, publisher, browser, campaign: live.campaign.to_string() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_sent_to_both_at_once_is_one_conversion() {
    let Some(Pair { one, two, link, campaign, .. }) = pair().await else { return };
    let click = Visitor::new(&one, 1).click(&link).await;
    let shops = [Shop::new(&one, &campaign), Shop::new(&two, &campaign)];
    let query = format!("click_id={}&order_id=O1&amount=50.00&currency=EUR", click.id);
    let signed = shops[0].signed(&query, one.environment.now());
    let replies = futures::future::join_all((0..32).map(|turn| shops[turn % 2].send(&signed))).await;
    let created: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(created.len(), 1, "{replies:?}");
    for reply in &replies {
        let mut body = reply.body.clone();
        body["duplicate"] = false.into();
        assert_eq!(body, created[0].body);
        assert_eq!(reply.body["duplicate"] == true, reply.status == 200);
    }
    let mut conn = two.store.read().await.unwrap();
    let all = conversions::list_of(&mut conn, Acting::Admin, &Filter { limit: 10, ..Filter::default() }).await.unwrap();
    assert_eq!(all.iter().map(|one| one.commission_minor).collect::<Vec<_>>(), [500]);
    let balances = ledger::balances(&mut conn).await.unwrap();
    assert_eq!(
        balances.iter().map(|balance| balance.balance_minor.max(0)).sum::<i64>(),
        600,
        "commission and fee, once"
    );
    drop(conn);
    two.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_changes_the_other_hears() {
    let Some(Pair { one, two, link, publisher, .. }) = pair().await else { return };
    let mut heard = two.store.changes().subscribe();
    let first = Visitor::new(&one, 1).click(&link).await;
    let told = timeout(SOON, async { while heard.recv().await.unwrap() != Change::Figures(publisher.party()) {} });
    told.await.expect("the other process hears of the click");

    // The same visitor is counted once, whoever counts.
    let visitor = Visitor::new(&two, 1);
    let second = visitor.click(&link).await;
    assert_ne!(first.id, second.id);
    let counted = crate::replay::figures(&one.store).await;
    let counted: Vec<_> = counted.into_iter().map(|((label, _), clicks)| (label, clicks)).collect();
    assert_eq!(counted, [("duplicate".to_owned(), 1), ("valid".to_owned(), 1)]);

    let id = links::list_of_publisher(&mut one.store.read().await.unwrap(), publisher, 1).await.unwrap()[0].link_id;
    let mut w = one.store.write().await.unwrap();
    links::update_active(&mut w, publisher, id, false).await.unwrap();
    w.commit().await.unwrap();
    let paused = async {
        while visitor.ask(&link, &[]).await.location().contains("click_id") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, paused).await.expect("a link paused here takes no clicks there");
    two.stop().await;
    one.stop().await;
}

/// A click on the one moves a dashboard that is open on the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_on_the_one_moves_a_dashboard_on_the_other() {
    let Some(Pair { one, two, link, browser, .. }) = pair().await else { return };
    // One session for both: it is in the database.
    let there = Browser { client: browser.client.clone(), url: two.url.clone() };
    let shown = "1 click in the last 5 minutes";
    let before = there.get("/publisher").await;
    assert_eq!(before.status, 200, "logged in on the one, logged in on the other");
    assert!(before.plain().contains("0 clicks in the last 5 minutes"), "{}", before.plain());
    let mut ticks = there.client.get(format!("{}/live/publisher", there.url)).send().await.unwrap();
    assert_eq!(hear(&mut ticks, 5_000).await, TICK, "the stream begins with a tick");
    Visitor::new(&one, 1).click(&link).await;
    assert_eq!(hear(&mut ticks, 10_000).await, TICK, "the click on the one ticks the other");
    let after = there.get("/publisher").await.plain();
    assert!(after.contains(shown), "{after}");
    drop(ticks);
    two.stop().await;
    one.stop().await;
}

#[tokio::test]
async fn a_node_number_is_held_by_one_process_until_its_time_is_over() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let other = Store::open(&app.database.url).await.unwrap();
        let one = Lease::take(&app.store, &app.environment).await.unwrap();
        let two = Lease::take(&other, &app.environment).await.unwrap();
        assert_eq!((one.node(), two.node()), (0, 1));

        app.clock.advance_ms(40_000);
        assert!(one.renew().await.unwrap());
        app.clock.advance_ms(20_000);
        let waiting = Lease::take(&other, &app.environment).await.unwrap();
        assert_eq!(waiting.node(), 2, "a process may be without its database for a while, and keeps its number");
        waiting.release().await.unwrap();
        app.clock.advance_ms(14 * 60_000);
        assert!(one.renew().await.unwrap());
        app.clock.advance_ms(60_000);
        let three = Lease::take(&other, &app.environment).await.unwrap();
        assert_eq!(three.node(), 1, "the number that was not renewed");
        assert!(!two.renew().await.unwrap(), "who lost its number is told so");
        assert!(one.renew().await.unwrap() && three.renew().await.unwrap());

        one.release().await.unwrap();
        let four = Lease::take(&app.store, &app.environment).await.unwrap();
        assert_eq!(four.node(), 0, "a number given back is free at once");
        other.close().await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_get_different_numbers() {
    if !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: many processes need PostgreSQL, and TEST_DATABASE_URL names no server");
        return;
    }
    let database = Database::new(Kind::Postgres).await;
    let store = Store::open(&database.url).await.unwrap();
    let environment = tallystick::server::serve::system_environment(0);
    let leases = futures::future::join_all((0..12).map(|_| Lease::take(&store, &environment))).await;
    let mut nodes: Vec<u16> = leases.iter().map(|lease| lease.as_ref().unwrap().node()).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, (0..12).collect::<Vec<_>>());
    drop(leases);
    store.close().await;
}
