//! What an answer to a click promises, at each level, and when the database is slow.

use sqlx::raw_sql;
use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::durability::ClickDurability;
use tallystick::store::deferrals::{self, Deferrals};
use tallystick::store::driver::Driver;
use tallystick::store::{Store, Writer, clicks};
use tallystick::tracking::recorder::RecorderSettings;

use crate::fixtures::{live_campaign, publisher};
use crate::members;
use crate::shop::Visitor;
use crate::support::{Answer, Kind, TestApp};
use crate::tracking::link;

async fn scene(kind: Kind, durability: ClickDurability, commit_budget_ms: u64) -> (TestApp, String) {
    let app = TestApp::start_recording(kind, RecorderSettings { durability, commit_budget_ms }).await;
    let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let link = link(&app, publisher, live.campaign).await;
    (app, link)
}

async fn click(app: &TestApp, link: &str) -> (Answer, ClickToken) {
    let answer = Visitor::new(app, 1).ask(link, &[("sec-fetch-dest", "document")]).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let id = answer.location().split("click_id=").nth(1).expect("a click id");
    let token = ClickToken::read(id).unwrap();
    (answer, token)
}

#[tokio::test]
async fn only_a_click_on_disk_is_called_durable_and_every_click_arrives() {
    for kind in Kind::all() {
        for level in ClickDurability::ALL {
            for budget in [0, 250] {
                let (app, link) = scene(kind, *level, budget).await;
                // The first one makes the salt of the day, which may take longer than the budget.
                click(&app, &link).await;
                let (answer, token) = click(&app, &link).await;
                // Within a budget the strictest may say either; the others never promise what they do not keep.
                let promise = if *level == ClickDurability::Strict { "durable" } else { "deferred" };
                let may_say_either = *level == ClickDurability::Strict && budget > 0;
                assert!(may_say_either || answer.headers["click-record"] == promise, "{level} {budget} {kind:?}");
                let url = app.database.url.clone();
                let database = app.stop_and_keep().await;
                let store = Store::open(&url).await.unwrap();
                let mut conn = store.read().await.unwrap();
                assert!(clicks::find(&mut conn, token.click_id).await.unwrap().is_some(), "{level} {kind:?}");
                drop(conn);
                store.close().await;
                drop(database);
            }
        }
    }
}

/// Keeps every other writer waiting until it is dropped.
async fn hold(store: &Store) -> Writer {
    let mut w = store.write().await.unwrap();
    if let Driver::Postgres(c) = w.driver() {
        raw_sql("lock table clicks in exclusive mode").execute(c).await.unwrap();
    }
    w
}

#[tokio::test]
async fn a_visitor_does_not_wait_for_a_slow_database_and_the_admin_is_told() {
    for kind in Kind::all() {
        let (app, link) = scene(kind, ClickDurability::Strict, 20).await;
        let admin = members::admin(&app).await;
        click(&app, &link).await;
        let other = Store::open(&app.database.url).await.unwrap();
        let held = hold(&other).await;
        let (answer, token) = click(&app, &link).await;
        assert_eq!(answer.headers["click-record"], "deferred", "{kind:?}");
        drop(held);
        // The writer takes clicks in their order: once a later one is stored, the deferred one is, and is counted.
        let mut counted = Deferrals::default();
        for _ in 0..200 {
            click(&app, &link).await;
            counted = deferrals::count_since(&mut other.read().await.unwrap(), 0).await.unwrap();
            if counted.deferred > 0 {
                break;
            }
        }
        assert!(counted.deferred > 0 && counted.lost == 0, "{kind:?}: {counted:?}");
        let stored = clicks::find(&mut other.read().await.unwrap(), token.click_id).await.unwrap();
        assert!(stored.is_some(), "{kind:?}");
        let page = admin.get("/admin").await.text;
        assert!(page.contains("answered before"), "{kind:?}");
        other.close().await;
        app.stop().await;
    }
}
