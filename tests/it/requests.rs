//! The log of requests, sending one again, tests from the page, and keys that end.

use std::collections::BTreeMap;

use tallystick::domain::campaign::{ApprovalMode, CampaignState};
use tallystick::domain::ids::{AdvertiserId, CampaignId};
use tallystick::store::attempts::{self, Attempt};

use crate::fixtures::{LiveCampaign, live_campaign, publisher, set_state, terms_of};
use crate::members::PASSWORD;
use crate::page::between;
use crate::shop::{Shop, Visitor};
use crate::support::{Answer, Browser, Kind, TestApp, verified};
use crate::tracking::link;

const DAY_MS: i64 = 86_400_000;

async fn kept(app: &TestApp, advertiser: AdvertiserId, campaign: CampaignId) -> Vec<Attempt> {
    attempts::list_of_advertiser(&mut app.store.read().await.unwrap(), advertiser, campaign, 200).await.unwrap()
}

/// Sessions end when they were idle too long.
async fn log_in(browser: &Browser) {
    let fields = [("email", "owner.of.winter@parties.example"), ("password", PASSWORD)];
    assert_eq!(browser.submit("/api/log_in", &fields).await.status, 200);
}

fn log_of(campaign: CampaignId) -> String {
    format!("/advertiser/campaigns/{campaign}/requests")
}

/// Presses the button on a request's page.
async fn send_again(browser: &Browser, campaign: CampaignId, attempt: &Attempt) -> Answer {
    let page = format!("{}/{}", log_of(campaign), attempt.attempt_id);
    browser.act(&page, "/api/replay_report", "", &[]).await
}

#[tokio::test]
async fn the_log_lists_searches_and_pages_the_requests_of_thirty_days() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let plain = async |query: &str| browser.get(&format!("{}{query}", log_of(campaign))).await;
        assert!(plain("").await.plain().contains("No request came in yet"));
        for number in 0..52 {
            app.clock.advance_ms(1_000);
            let order = format!("order_id=Book%20{number:02}_%25&amount=5.00&currency=EUR");
            assert_eq!(shop.report(&app, &order).await.status, 202);
        }
        assert_eq!(shop.report(&app, "order_id=Visit&event=visit").await.status, 422);
        let first = plain("").await;
        assert_eq!(first.text.matches("data-label=\"Way in\"").count(), 50);
        let order = [first.text.find("Visit"), first.text.find("Book 51_%"), first.text.find("Book 03_%")];
        assert!(order.is_sorted() && order[0].is_some(), "newest first: {order:?}");
        let older = crate::page::unescape(between(&first.text, "<li><a href=\"", "\">Older").unwrap());
        let older = older.rsplit("<a href=\"").next().unwrap().to_owned();
        let second = browser.get(&older).await;
        assert_eq!(second.text.matches("data-label=\"Way in\"").count(), 3, "{}", second.plain());
        assert!(second.text.contains("Book 00_%") && !second.text.contains("Older</a>"));

        let refused = plain("?outcome=rejected&reason=event_unknown").await.plain();
        assert!(refused.contains("Visit") && !refused.contains("Book 5"), "{refused}");
        assert!(plain("?outcome=created").await.plain().contains("No request is like this"));
        let found = plain("?order_id=17_%25").await;
        assert_eq!(found.text.matches("data-label=\"Way in\"").count(), 1, "letter by letter: {}", found.plain());
        assert!(plain("?order_id=book").await.plain().contains("No request is like this"), "case counts");
        assert_eq!(plain("?order_id=%00&reason=none&before=x&outcome=%27").await.status, 200);

        app.clock.advance_ms(30 * DAY_MS + 1);
        log_in(&browser).await;
        assert!(plain("").await.plain().contains("No request came in yet"), "thirty days");
        app.stop().await;
    }
}

/// A shop signed with a wrong secret and reported an event that was not in the terms: both are put right later.
#[tokio::test]
async fn a_refused_request_is_sent_again_by_the_advertiser_and_counts_from_when_it_first_came() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, advertiser, campaign } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let link = link(&app, publisher, campaign).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let click = Visitor::new(&app, 1).click(&link).await;
        app.clock.advance_ms(6 * DAY_MS);
        let query = format!(
            "campaign={campaign}&click_id={}&order_id=O1&amount=90.00&currency=EUR&ts=1&sig=00&customer_id=eve",
            click.id
        );
        assert_eq!(shop.send(&query).await.told().0, 401);
        let refused = kept(&app, advertiser, campaign).await.remove(0);
        assert!(!refused.query.contains("sig=") && !refused.query.contains("eve"), "{}", refused.query);
        // Two days later the window of seven days is over, and yet the order was in it.
        app.clock.advance_ms(2 * DAY_MS);
        log_in(&browser).await;
        let detail = browser.get(&format!("{}/{}", log_of(campaign), refused.attempt_id)).await.plain();
        assert!(detail.contains("You vouch for it") && detail.contains("No conversion"), "{detail}");
        let receipt = send_again(&browser, campaign, &refused).await;
        let text = receipt.plain();
        assert!(text.contains("Sent again. The conversion is recorded."), "{text}");
        assert!(text.contains("9.00 EUR") && text.contains("Garden Letters") && text.contains("key"), "{text}");

        let attempts = kept(&app, advertiser, campaign).await;
        let replay = &attempts[0];
        assert_eq!((attempts.len(), replay.endpoint.as_str(), replay.http_status), (2, "replay", 201));
        assert_eq!((replay.replay_of, replay.member_id.is_some()), (Some(refused.attempt_id), true));
        assert_eq!(replay.order_id.as_deref(), Some("O1"));
        let page = browser.get(&format!("{}/{}", log_of(campaign), replay.attempt_id)).await;
        assert!(page.text.contains(&refused.attempt_id.to_string()) && !page.text.contains("/api/replay_report"));
        let forged = [("campaign_id", campaign.to_string()), ("attempt_id", replay.attempt_id.to_string())];
        let forged: Vec<_> = forged.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let again = browser.submit("/api/replay_report", &forged).await.plain();
        assert!(again.contains("It was sent by hand"), "{again}");

        // Again: a duplicate, and not a cent more.
        for _ in 0..2 {
            let again = send_again(&browser, campaign, &refused).await.plain();
            assert!(again.contains("The order was known already"), "{again}");
        }
        assert_eq!(kept(&app, advertiser, campaign).await[0].http_status, 200);
        verified(&app.store).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_replay_follows_the_rules_of_now_and_raises_no_strangers_report() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, advertiser, campaign } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let link = link(&app, publisher, campaign).await;
        let visitor = Visitor::new(&app, 1);
        let click = visitor.click(&link).await;
        app.clock.advance_ms(60_000);

        // A pixel's order stays unverified.
        let order = format!("order_id=P1&amount=5.00&currency=EUR&click_id={}", click.id);
        assert_eq!(visitor.pixel(&shop.campaign, &order).await.status, 201);
        let pixel = kept(&app, advertiser, campaign).await.remove(0);
        let receipt = send_again(&browser, campaign, &pixel).await;
        assert!(receipt.plain().contains("The order was known already"), "{}", receipt.plain());
        assert!(receipt.text.contains("badge-unverified") && !receipt.text.contains("badge-key"));

        // An order of a campaign that did not run, once it runs.
        set_state(&app, campaign, CampaignState::Draft).await;
        let order = format!("order_id=O2&amount=50.00&currency=EUR&click_id={}", click.id);
        assert_eq!(shop.report(&app, &order).await.told().3, "campaign_inactive");
        let inactive = kept(&app, advertiser, campaign).await.remove(0);
        let still = send_again(&browser, campaign, &inactive).await.plain();
        assert!(still.contains("The campaign was not active."), "{still}");
        set_state(&app, campaign, CampaignState::Live).await;
        let now = send_again(&browser, campaign, &inactive).await.plain();
        assert!(now.contains("5.00 EUR") && now.contains("Pending"), "{now}");

        // What cannot be right stays refused, and says why.
        assert_eq!(shop.report(&app, "order_id=V1&event=visit").await.status, 422);
        let unknown = kept(&app, advertiser, campaign).await.remove(0);
        let refused = send_again(&browser, campaign, &unknown).await.plain();
        assert!(refused.contains("Refused again. The campaign has no event of this name."), "{refused}");
        let last = kept(&app, advertiser, campaign).await.remove(0);
        assert_eq!((last.endpoint.as_str(), last.http_status, last.conversion_id), ("replay", 422, None));

        // The shop itself came again before: nothing contradicts it.
        let mut w = app.store.write().await.unwrap();
        let mut terms = terms_of(&app, campaign, 2);
        let visit: tallystick::domain::rule::EventName = "visit".parse().unwrap();
        terms.events.push(tallystick::domain::terms::EventTerms { name: visit, is_once_per_click: false });
        let member = last.member_id.unwrap();
        tallystick::store::terms::insert(&mut w, &terms, member, app.environment.now()).await.unwrap();
        let found = tallystick::store::campaigns::get(&mut w, campaign).await.unwrap();
        let found = tallystick::store::campaigns::Campaign { terms_version: 2, ..found };
        tallystick::store::campaigns::update(&mut w, &found).await.unwrap();
        w.commit().await.unwrap();
        let key = made_key(&browser, campaign, "").await;
        let body = serde_json::json!({ "order_id": "V1", "event": "visit" });
        assert_eq!(shop.post(&key, &body).await.status, 202);
        let known = send_again(&browser, campaign, &unknown).await.plain();
        assert!(known.contains("Sent again.") && !known.contains("another amount"), "{known}");
        assert_eq!(kept(&app, advertiser, campaign).await[0].http_status, 200);
        verified(&app.store).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_test_is_sent_from_the_page_and_leads_to_its_receipt() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, advertiser, campaign } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let link = link(&app, publisher, campaign).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let click = Visitor::new(&app, 1).click(&link).await;
        let page = format!("/advertiser/campaigns/{campaign}/integration");
        let send = async |fields: &[(&str, &str)]| browser.act(&page, "/api/send_test", "", fields).await;
        let order = [("test_order_id", "T1"), ("test_event", "sale"), ("test_amount", "49.90")];
        let sent = send(&[order.as_slice(), &[("test_click_id", &click.id)]].concat()).await.plain();
        assert!(sent.contains("The test came in. This is a test"), "{sent}");
        assert!(sent.contains("Garden Letters") && sent.contains("0.00 EUR"), "{sent}");
        let kept_now = kept(&app, advertiser, campaign).await.remove(0);
        let told = (kept_now.endpoint.as_str(), kept_now.reason.map(|reason| reason.as_str()), kept_now.http_status);
        assert_eq!(told, ("test", Some("test_mode"), 201));
        let reports = browser.get("/advertiser/reports?by=campaign").await.plain();
        assert!(!reports.contains("49.90"), "{reports}");

        for (name, value, field) in [
            ("test_order_id", " T2", "test_order_id-error"),
            ("test_amount", "1,000", "test_amount-error"),
            ("test_event", "visit", "test_event-error"),
            ("test_click_id", "none", "test_click_id-error"),
        ] {
            let mut entered = BTreeMap::from([("test_order_id", "T3"), ("test_event", "sale")]);
            entered.insert(name, value);
            let refused = send(&entered.into_iter().collect::<Vec<_>>()).await;
            assert!(refused.text.contains(&format!("id=\"{field}\"")), "{name}: {}", refused.plain());
        }
        // A stranger's pixel reported an order: a test does not take its worth.
        let query = format!("order_id=P1&amount=5.00&currency=EUR&click_id={}", click.id);
        assert_eq!(Visitor::new(&app, 2).pixel(&shop.campaign, &query).await.status, 201);
        let real = send(&[("test_order_id", "P1"), ("test_event", "sale"), ("test_amount", "5.00")]).await.plain();
        assert!(real.contains("This order was really reported"), "{real}");
        verified(&app.store).await;
        app.stop().await;
    }
}

/// A new key of the campaign, made on its page, with its last day.
async fn made_key(browser: &Browser, campaign: CampaignId, last_day: &str) -> String {
    let page = format!("/advertiser/campaigns/{campaign}/integration");
    let fields = [("name", "Shop server"), ("expires_on", last_day)];
    let made = browser.act(&page, "/api/create_api_key", "", &fields).await;
    format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").expect("the key is shown once"))
}

#[tokio::test]
async fn a_key_counts_until_the_end_of_its_last_day_and_says_so() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, advertiser, campaign } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let page = format!("/advertiser/campaigns/{campaign}/integration");
        let fields = [("name", "Shop server"), ("expires_on", "2026-03-01")];
        let refused = browser.act(&page, "/api/create_api_key", "", &fields).await.text;
        assert!(refused.contains("Name a day from today on") && refused.contains("value=\"2026-03-01\""));
        let key = made_key(&browser, campaign, "2026-03-02").await;
        let order = |id: &str| serde_json::json!({ "order_id": id });
        app.clock.set("2026-03-02T23:59:59.999Z");
        assert_eq!(shop.post(&key, &order("K1")).await.status, 202);
        app.clock.set("2026-03-03T00:00:00Z");
        let late = shop.post(&key, &order("K2")).await;
        assert_eq!(late.told(), (401, "rejected", false, "auth_bad_token"));
        assert!(late.text("message").contains("The key expired at 2026-03-03T00:00:00Z."), "{late:?}");
        let wrong = format!("{}{}", &key[..key.len() - 4], "0000");
        assert!(
            !shop.post(&wrong, &order("K2")).await.text("message").contains("The key expired"),
            "only its holder is told"
        );
        let log = kept(&app, advertiser, campaign).await;
        assert_eq!((log.len(), log[0].order_id.as_deref()), (2, Some("K2")), "the advertiser sees it in its log");
        log_in(&browser).await;
        let shown = browser.get(&page).await.plain();
        assert!(shown.contains("expired on 3 Mar 2026, 00:00") && shown.contains("2 Mar 2026, 23:59"), "{shown}");
        assert!(shown.contains("report conversions of this campaign"), "{shown}");

        let key = made_key(&browser, campaign, "").await;
        browser.act(&page, "/api/revoke_api_key", "", &[]).await;
        let revoked = shop.post(&key, &order("K3")).await;
        assert!(revoked.text("message").contains("The key was revoked at"), "{revoked:?}");
        app.stop().await;
    }
}
