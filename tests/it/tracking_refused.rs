//! Reports that are not simply taken: beyond the quota, on a campaign that does not run, with bytes that no text holds.

use sqlx::{AssertSqlSafe, Executor, raw_sql};
use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::ids::CampaignId;
use tallystick::store::changes::Change;
use tallystick::store::driver::Driver;
use tallystick::store::{Store, api_keys, attempts, conversions};

use crate::fixtures::{LiveCampaign, live_campaign, publisher};
use crate::page::between;
use crate::shop::{Shop, Visitor};
use crate::support::{Browser, Kind, TestApp, verified};
use crate::tracking::link;

/// The tests' quota of new orders by unverified reports.
const QUOTA: i64 = 10_000;

async fn execute(store: &Store, text: String) {
    let mut w = store.write().await.unwrap();
    match w.driver() {
        Driver::Sqlite(c) => c.execute(raw_sql(AssertSqlSafe(text))).await.map(drop).unwrap(),
        Driver::Postgres(c) => c.execute(raw_sql(AssertSqlSafe(text))).await.map(drop).unwrap(),
    }
    w.changed(Change::Routes);
    w.commit().await.unwrap();
}

/// How many rows a table has.
async fn rows(store: &Store, table: &str) -> i64 {
    let mut conn = store.read().await.unwrap();
    let text = AssertSqlSafe(format!("select count(*) as n from {table}"));
    match conn.driver() {
        Driver::Sqlite(c) => sqlx::query_scalar(text).fetch_one(c).await.unwrap(),
        Driver::Postgres(c) => sqlx::query_scalar(text).fetch_one(c).await.unwrap(),
    }
}

/// The day's quota but for so many places.
async fn use_up(app: &TestApp, campaign: CampaignId, left: i64) {
    let (day, used) = (app.environment.now().utc_day(), QUOTA - left);
    execute(&app.store, format!("insert into report_quotas values ({}, {day}, {used}, 0)", campaign.0)).await;
}

/// A new key of the campaign, made on its page.
async fn made_key(browser: &Browser, campaign: CampaignId) -> String {
    let page = format!("/advertiser/campaigns/{campaign}/integration");
    let made = browser.act(&page, "/api/create_api_key", "", &[("name", "Shop server")]).await;
    format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").expect("the key is shown once"))
}

async fn integration(browser: &Browser, campaign: CampaignId) -> String {
    browser.get(&format!("/advertiser/campaigns/{campaign}/integration")).await.plain()
}

#[tokio::test]
async fn beyond_the_quota_a_new_order_that_anybody_can_send_is_counted_and_refused() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (shop, stranger) = (Shop::new(&app, &campaign.to_string()), Visitor::new(&app, 9));
        use_up(&app, campaign, 1).await;
        let order = |order: &str| format!("order_id={order}&amount=5.00&currency=EUR");
        assert_eq!(stranger.pixel(&shop.campaign, &order("P1")).await.status, 202, "the last place");
        assert!(!integration(&browser, campaign).await.contains("beyond the quota today"));
        let before = (rows(&app.store, "attempts").await, rows(&app.store, "conversions").await);
        for number in 0..3 {
            let refused = stranger.pixel(&shop.campaign, &order(&format!("Q{number}"))).await;
            assert_eq!(refused.status, 429);
            // From 10:00 to the next UTC day.
            assert_eq!(refused.headers["retry-after"], "50400");
            assert!(!refused.headers.contains_key("reason-code") && refused.text.starts_with("GIF89a"));
        }
        let after = (rows(&app.store, "attempts").await, rows(&app.store, "conversions").await);
        assert_eq!((after, rows(&app.store, "report_quotas").await), (before, 1), "one counted row");
        let page = integration(&browser, campaign).await;
        assert!(page.contains("3 reports beyond the quota today"), "{page}");

        assert_eq!(stranger.pixel(&shop.campaign, &order("P1")).await.status, 200, "a known order is no new one");
        let signed = shop.report(&app, &order("S1")).await;
        assert_eq!(signed.told(), (202, "unattributed", false, "no_evidence"), "who signs has no quota");
        assert_eq!(shop.report(&app, &order("Q1")).await.status, 202, "nothing of the refused report is left");
        assert_eq!(stranger.pixel(&shop.campaign, &order("Q1")).await.status, 200);
        // Nobody can make up a click id of ours: the shop's real orders never run out of places.
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let buyer = Visitor::new(&app, 1);
        buyer.click(&link(&app, publisher, campaign).await).await;
        assert_eq!(buyer.pixel(&shop.campaign, &order("C1")).await.status, 201);
        app.clock.set("2026-03-03T00:00:00Z");
        assert_eq!(stranger.pixel(&shop.campaign, &order("Q0")).await.status, 202, "a new day");
        app.stop().await;
    }
}

#[tokio::test]
async fn the_largest_orders_of_a_campaign_never_take_a_total_beyond_what_is_counted() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Automatic).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let link = link(&app, publisher, campaign).await;
        let click = Visitor::new(&app, 1).click(&link).await.id;
        let (shop, key) = (Shop::new(&app, &campaign.to_string()), made_key(&browser, campaign).await);
        let order = |number: i64, minor: i64| {
            serde_json::json!({ "campaign": campaign.to_string(), "order_id": format!("L{number}"),
                "amount_minor": minor, "currency": "EUR", "click_id": click })
        };
        // A click that a browser brought, and an amount that the shop vouches for: the badge is the browser's.
        let by_browser = async |number: i64, minor: i64| {
            let buyer = Visitor::new(&app, 2);
            buyer.click(&link).await;
            assert_eq!(buyer.pixel(&shop.campaign, &format!("order_id=L{number}")).await.status, 201);
            let mut amount = order(number, minor);
            amount.as_object_mut().unwrap().remove("click_id");
            shop.post(&key, &amount).await
        };
        let first = by_browser(0, 1_000_000_000_000_000).await;
        assert_eq!(first.status, 200, "{first:?}");
        for number in 1..100 {
            let large = shop.post(&key, &order(number, 1_000_000_000_000_000)).await;
            assert_eq!(large.told(), (201, "created", false, ""), "{number}");
        }
        assert_eq!(by_browser(101, 1_000_000_000_000).await.told(), (422, "rejected", false, "bad_amount"));
        let beyond = shop.post(&key, &order(100, 1_000_000_000_000)).await;
        assert_eq!(beyond.told(), (422, "rejected", false, "bad_amount"));
        assert!(beyond.text("message").contains("sum up to what is counted"), "{beyond:?}");
        let large = "order_id=P1&amount=10000000000.00&currency=EUR";
        assert_eq!(Visitor::new(&app, 9).pixel(&shop.campaign, large).await.status, 422, "a stranger takes no room");
        let known = shop.post(&key, &order(0, 1_000_000_000_000_000)).await;
        assert_eq!(known.told(), (200, "created", true, ""), "a known order is no new one");
        assert_eq!(shop.post(&key, &order(100, 999_999_999_999)).await.status, 201, "of a size that shops have");
        let page = browser.get("/advertiser").await;
        assert!(page.status == 200 && page.text.contains("1,000,009,999,999,999.99"), "{}", page.text);
        app.stop().await;
    }
}

#[tokio::test]
async fn an_id_that_somebody_made_up_takes_no_order_from_the_publisher_whose_click_is_there_too() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let campaign = live_campaign(&app, "Winter", ApprovalMode::Automatic).await.campaign;
        let other = live_campaign(&app, "Spring", ApprovalMode::Automatic).await.campaign;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let click = async |campaign| Visitor::new(&app, 1).click(&link(&app, publisher, campaign).await).await.id;
        let (good, elsewhere) = (click(campaign).await, click(other).await);
        let forged = "z".repeat(44);
        let shop = Shop::new(&app, &campaign.to_string());
        let report = async |order: &str, ids: &str| {
            let query = format!("order_id={order}&amount=5.00&currency=EUR&click_id={ids}");
            shop.report(&app, &query).await
        };
        for (order, other) in [("F1", &forged), ("F2", &elsewhere)] {
            let both = report(order, &format!("{other}.{good}")).await;
            assert_eq!(both.told(), (201, "created", false, ""), "{order}");
        }
        assert_eq!(report("F3", &forged).await.told(), (422, "rejected", false, "click_forged"));
        assert_eq!(report("F4", &elsewhere).await.told(), (422, "rejected", false, "click_campaign_mismatch"));
        app.stop().await;
    }
}

#[tokio::test]
async fn of_one_order_only_so_many_reports_are_kept_that_anybody_can_send() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let campaign = live_campaign(&app, "Winter", ApprovalMode::Manual).await.campaign;
        let (shop, stranger) = (Shop::new(&app, &campaign.to_string()), Visitor::new(&app, 9));
        let order = |cents: i32| format!("order_id=P1&amount=0.{cents}&currency=EUR");
        assert_eq!(stranger.pixel(&shop.campaign, &order(10)).await.status, 202);
        for cents in 11..30 {
            assert_eq!(stranger.pixel(&shop.campaign, &order(cents)).await.status, 409, "{cents}");
        }
        for cents in 30..33 {
            assert_eq!(stranger.pixel(&shop.campaign, &order(cents)).await.status, 429, "{cents}");
        }
        assert_eq!(rows(&app.store, "evidence").await, 20);
        assert_eq!(stranger.pixel(&shop.campaign, &order(10)).await.status, 200, "what is known is answered as before");
        let signed = shop.report(&app, "order_id=P1&amount=49.90&currency=EUR").await;
        assert!(signed.status == 200 && signed.body["upgraded"] == true, "a signed report is always taken: {signed:?}");

        // Who only knows the number of an order keeps its true click out by nothing.
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let buyer = Visitor::new(&app, 1);
        buyer.click(&link(&app, publisher, campaign).await).await;
        for cents in 10..32 {
            let told = stranger.pixel(&shop.campaign, &order(cents).replace("P1", "P2")).await;
            assert_eq!(told.status == 429, cents >= 30, "{cents}");
        }
        let true_one = buyer.pixel(&shop.campaign, "order_id=P2&amount=80.00&currency=EUR").await;
        assert_eq!(true_one.status, 409, "another amount, and yet its click is kept");
        let signed = shop.report(&app, "order_id=P2&amount=80.00&currency=EUR").await;
        assert_eq!(signed.told(), (200, "created", true, ""), "{signed:?}");
        let id = signed.text("conversion_id").parse().unwrap();
        let row = conversions::get(&mut app.store.read().await.unwrap(), id).await.unwrap();
        assert_eq!((row.publisher_id, row.commission_minor), (Some(publisher), 800));
        verified(&app.store).await;
        app.stop().await;
    }
}

/// The quota is the network's, not a process's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_keep_one_quota() {
    if !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: two processes need PostgreSQL, and TEST_DATABASE_URL names no server");
        return;
    }
    let one = TestApp::start(Kind::Postgres).await;
    let two = one.start_beside().await;
    let campaign = live_campaign(&one, "Winter", ApprovalMode::Manual).await.campaign;
    use_up(&one, campaign, 5).await;
    let visitors = [Visitor::new(&one, 1), Visitor::new(&two, 2)];
    let name = campaign.to_string();
    let sent = (0..16).map(|turn| {
        let (visitor, name) = (&visitors[turn % 2], &name);
        async move { visitor.pixel(name, &format!("order_id=P{turn}&amount=5.00&currency=EUR")).await.status }
    });
    let mut statuses = futures::future::join_all(sent).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[202; 5].as_slice(), &[429; 11]].concat());
    two.stop().await;
    one.stop().await;
}

async fn set_state(app: &TestApp, campaign: CampaignId, state: &str) {
    execute(&app.store, format!("update campaigns set state = '{state}' where campaign_id = {}", campaign.0)).await;
}

/// Kept, and nobody's, until a report comes while the campaign runs; then the click decides, as it was at its time.
#[tokio::test]
async fn a_report_on_a_campaign_that_does_not_run_is_kept_and_belongs_to_nobody() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let campaign = live_campaign(&app, "Winter", ApprovalMode::Manual).await.campaign;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let link = link(&app, publisher, campaign).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let order = |order: &str| format!("order_id={order}&amount=50.00&currency=EUR");
        set_state(&app, campaign, "draft").await;
        let visitor = Visitor::new(&app, 1);
        assert_eq!(visitor.pixel(&shop.campaign, &order("O1")).await.status, 202);
        let first = shop.report(&app, &order("O2")).await;
        assert_eq!(first.told(), (202, "unattributed", false, "campaign_inactive"));
        let id = first.text("conversion_id").to_owned();
        assert_eq!((id.len(), first.text("receipt_url").ends_with(&id)), (13, true));
        assert_eq!(shop.report(&app, &order("O2")).await.told(), (200, "unattributed", true, "campaign_inactive"));

        set_state(&app, campaign, "live").await;
        app.clock.advance_ms(60_000);
        let click = visitor.click(&link).await;
        let with_click = |name: &str| format!("{}&click_id={}", order(name), click.id);
        let signed = shop.report(&app, &with_click("O1")).await;
        assert_eq!(signed.told(), (200, "created", true, ""), "the signed report tells when it happened");
        let before = shop.report(&app, &with_click("O2")).await;
        assert_eq!(before.told(), (200, "unattributed", true, "before_click"), "the order was there before the click");

        set_state(&app, campaign, "closed").await;
        let late = shop.report(&app, &with_click("O3")).await;
        assert_eq!(late.told(), (202, "unattributed", false, "campaign_inactive"));
        verified(&app.store).await;
        app.stop().await;
    }
}

/// A NUL is no text for PostgreSQL: it is refused as what it is, and kept as its picture.
#[tokio::test]
async fn a_nul_anywhere_is_answered_and_kept() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { advertiser, campaign, browser } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let link = link(&app, publisher, campaign).await;
        let cases = [
            ("order_id=a%00b", "order_id_invalid"),
            ("order_id=1&event=%00", "event_unknown"),
            ("order_id=1&coupon=%00", "bad_field"),
            ("order_id=1&customer_id=%00", "bad_field"),
            ("order_id=1&channel=%00", "bad_field"),
            ("order_id=1&amount=%00&currency=EUR", "bad_amount"),
            ("order_id=1&click_id=%00", "click_forged"),
            ("order_id=1&%00=1&%00=2", "bad_field"),
        ];
        let stranger = Visitor::new(&app, 9);
        for (query, reason) in cases {
            assert_eq!(shop.report(&app, query).await.told(), (422, "rejected", false, reason), "{query}");
            let pixel = stranger.pixel(&shop.campaign, query).await;
            assert_eq!((pixel.status, pixel.headers["reason-code"].to_str().unwrap()), (422, reason), "{query}");
        }
        let key = made_key(&browser, campaign).await;
        for body in [r#"{"order_id": "1\u0000"}"#, r#"{"\u0000": 1}"#, "{\"order_id\": \"\0\"}"] {
            let reply = shop.post_text(&key, body).await;
            assert_eq!((reply.status, reply.text("outcome")), (422, "rejected"), "{body}");
        }
        let mut conn = app.store.read().await.unwrap();
        let kept = attempts::list_of_advertiser(&mut conn, advertiser, campaign, 100).await.unwrap();
        assert_eq!(kept.len(), 2 * cases.len() + 3);
        assert!(kept.iter().any(|attempt| attempt.message.contains('\u{2400}')), "{kept:?}");
        drop(conn);
        // Links are public too.
        assert_eq!(stranger.ask("/c/%00", &[]).await.status, 404);
        assert_eq!(stranger.ask(&format!("{link}?sub1=%00&url=%00"), &[]).await.status, 302);
        app.stop().await;
    }
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_every_five_minutes_and_shown() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { advertiser, campaign, browser } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let key = made_key(&browser, campaign).await;
        assert!(integration(&browser, campaign).await.contains("never"));
        let body = serde_json::json!({ "order_id": "O1" });
        let noted = async || {
            let mut conn = app.store.read().await.unwrap();
            let keys = api_keys::list_of_campaign(&mut conn, advertiser, campaign, 9).await.unwrap();
            keys[0].last_used_at_ms.map(|at| at.to_string()).unwrap_or_default()
        };
        let wrong = format!("{}{}", &key[..key.len() - 4], "0000");
        assert_eq!(shop.post(&wrong, &body).await.status, 401);
        assert_eq!(noted().await, "", "a guess is no use");
        for (ms, expected) in [(0, "10:00:00Z"), (299_999, "10:00:00Z"), (1, "10:05:00Z"), (299_999, "10:05:00Z")] {
            app.clock.advance_ms(ms);
            assert!(shop.post(&key, &body).await.status < 300);
            assert_eq!(noted().await, format!("2026-03-02T{expected}"));
        }
        assert!(integration(&browser, campaign).await.contains("2 Mar 2026, 10:05"));
        app.stop().await;
    }
}
