//! Clicks and reports over HTTP: what each gets, what is stored, to the millisecond.

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::ids::{CampaignId, EnrollmentId, LinkId, MemberId, PublisherId};
use tallystick::domain::link::{Slug, SubIds};
use tallystick::domain::time::DAY_MS;
use tallystick::store::{clicks, conversions, enrollments, links};

use crate::fixtures::{live_campaign, publisher};
use crate::shop::{Shop, Visitor};
use crate::support::{Kind, TestApp};

/// A link of an enrolled publisher, as `/c/{slug}`.
pub async fn link(app: &TestApp, publisher: PublisherId, campaign: CampaignId) -> String {
    let now = app.environment.now();
    let link_id = app.environment.new_id(LinkId);
    let slug = Slug::from_random(app.environment.random());
    let sub_ids = SubIds([Some("saved".to_owned()), None, None, None, None]);
    let (path, new) = (
        format!("/c/{slug}"),
        links::NewLink {
            link_id,
            slug,
            campaign_id: campaign,
            publisher_id: publisher,
            is_default: true,
            name: "Default",
            destination: "",
            sub_ids: &sub_ids,
            at: now,
        },
    );
    let enrollment = enrollments::NewEnrollment {
        enrollment_id: app.environment.new_id(EnrollmentId),
        campaign_id: campaign,
        publisher_id: publisher,
        state: EnrollmentState::Approved,
        terms_version: 1,
        accepted_by: MemberId(1),
        at: now,
        default_link_id: link_id,
    };
    let mut w = app.store.write().await.unwrap();
    links::insert(&mut w, &new).await.unwrap();
    enrollments::insert(&mut w, &enrollment).await.unwrap();
    w.commit().await.unwrap();
    path
}

struct Scene {
    app: TestApp,
    link: String,
    shop: Shop,
    publisher: PublisherId,
}

async fn scene(kind: Kind) -> Scene {
    let app = TestApp::start(kind).await;
    let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let link = link(&app, publisher, live.campaign).await;
    let shop = Shop::new(&app, &live.campaign.to_string());
    Scene { app, link, shop, publisher }
}

#[tokio::test]
async fn a_click_leads_on_with_an_id_and_is_stored_before_the_answer() {
    for kind in Kind::all() {
        let Scene { app, link, shop, publisher } = scene(kind).await;
        let visitor = Visitor::new(&app, 1);
        let click = visitor.click(&format!("{link}?sub2=news&url=https%3A%2F%2Fwww.shop.example%2Fboots")).await;
        assert!(click.answer.location().starts_with("https://www.shop.example/boots?click_id="));
        assert_eq!(click.max_age_seconds, 7 * 86_400);
        let (cache, vary) = (&click.answer.headers["cache-control"], &click.answer.headers["vary"]);
        assert_eq!((cache.to_str().unwrap(), vary.to_str().unwrap()), ("no-store, private", "Sec-Purpose"));

        let token: tallystick::domain::click_token::ClickToken =
            tallystick::domain::click_token::ClickToken::read(&click.id).unwrap();
        let mut conn = app.store.read().await.unwrap();
        let stored = clicks::find(&mut conn, token.click_id).await.unwrap().unwrap();
        assert_eq!(stored.label.as_str(), "valid");
        assert_eq!(stored.publisher_id, publisher);
        assert_eq!(stored.sub_ids.0[..2], [Some("saved".to_owned()), Some("news".to_owned())]);
        assert_eq!((stored.landing_host.as_str(), stored.has_gesture), ("www.shop.example", Some(true)));
        drop(conn);

        let evil = visitor.click(&format!("{link}?url=https%3A%2F%2Fevil.example%2F")).await;
        assert!(evil.answer.location().starts_with("https://shop.example/welcome?"));
        let by_hand = format!("/c/{}/{publisher}", shop.campaign);
        assert!(visitor.click(&by_hand).await.answer.location().starts_with("https://shop.example/welcome?"));
        assert_eq!(visitor.ask("/c/AAAAAAAAAA", &[]).await.status, 404);
        assert_eq!(shop.report(&app, "click_id=zzz&order_id=1").await.told(), (422, "rejected", false, "click_forged"));
        app.stop().await;
    }
}

#[tokio::test]
async fn the_window_ends_to_the_millisecond_for_cookie_and_server() {
    for kind in Kind::all() {
        let Scene { app, link, shop, .. } = scene(kind).await;
        let visitor = Visitor::new(&app, 1);
        let click = visitor.click(&link).await;
        let at = tallystick::domain::click_token::ClickToken::read(&click.id).unwrap().time();
        app.clock.set(&at.plus_ms(7 * DAY_MS - 1).to_string());
        let query = |order: &str| format!("order_id={order}&amount=50.00&currency=EUR");
        let by_server = |order: &str| format!("click_id={}&{}", click.id, query(order));
        assert_eq!(visitor.pixel(&shop.campaign, &query("P1")).await.status, 201);
        assert_eq!(shop.report(&app, &by_server("S1")).await.told(), (201, "created", false, ""));
        app.clock.advance_ms(1);
        let late = visitor.pixel(&shop.campaign, &query("P2")).await;
        assert_eq!((late.status, late.headers["reason-code"].to_str().unwrap()), (202, "window_expired"));
        let late = shop.report(&app, &by_server("S2")).await;
        assert_eq!(late.told(), (202, "unattributed", false, "window_expired"));
        app.stop().await;
    }
}

/// Ids never step back with the clock, so a click may lie a little ahead of it.
#[tokio::test]
async fn a_clock_that_stepped_back_after_the_click_takes_nothing_from_it() {
    for kind in Kind::all() {
        let Scene { app, link, shop, .. } = scene(kind).await;
        let click = Visitor::new(&app, 1).click(&link).await;
        let order = |order: &str| format!("click_id={}&order_id={order}&amount=50.00&currency=EUR", click.id);
        app.clock.advance_ms(-2_000);
        assert_eq!(shop.report(&app, &order("O1")).await.told(), (201, "created", false, ""));
        let said = format!("{}&occurred_at={}", order("O2"), app.environment.now());
        assert_eq!(shop.report(&app, &said).await.told().3, "before_click", "what the sender says is not touched");
        app.clock.advance_ms(-1);
        assert_eq!(shop.report(&app, &order("O3")).await.told().3, "before_click");
        app.stop().await;
    }
}

#[tokio::test]
async fn one_order_sent_32_times_at_once_is_one_conversion() {
    for kind in Kind::all() {
        let Scene { app, link, shop, .. } = scene(kind).await;
        let click = Visitor::new(&app, 1).click(&link).await;
        let query = format!("click_id={}&order_id=O1&amount=50.00&currency=EUR", click.id);
        let signed = shop.signed(&query, app.environment.now());
        let replies = futures::future::join_all((0..32).map(|_| shop.send(&signed))).await;
        let created: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
        assert_eq!(created.len(), 1);
        for reply in &replies {
            let mut body = reply.body.clone();
            body["duplicate"] = false.into();
            assert_eq!(body, created[0].body);
            assert_eq!(reply.body["duplicate"] == true, reply.status == 200);
        }
        let filter = conversions::Filter { limit: 10, ..Default::default() };
        let mut conn = app.store.read().await.unwrap();
        let all = conversions::list_of(&mut conn, tallystick::domain::party::Acting::Admin, &filter).await.unwrap();
        assert_eq!(all.iter().map(|one| one.commission_minor).collect::<Vec<_>>(), [500]);
        drop(conn);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_refused_says_why_and_is_kept() {
    for kind in Kind::all() {
        let Scene { app, link, shop, .. } = scene(kind).await;
        let click = Visitor::new(&app, 1).click(&link).await;
        let good = format!("click_id={}&order_id=O1&amount=50.00&currency=EUR", click.id);
        assert_eq!(shop.report(&app, &good).await.status, 201);
        let other = good.replace("50.00", "60.00");
        assert_eq!(shop.report(&app, &other).await.told(), (409, "rejected", false, "order_conflict"));
        let cases = [
            ("order_id=1&amount=1.005&currency=EUR", "bad_amount"),
            ("order_id=1&amount=1.00&currency=USD", "bad_currency"),
            ("order_id=%20x&amount=1.00&currency=EUR", "order_id_invalid"),
            ("amount=1.00&currency=EUR", "order_id_missing"),
            ("order_id=1&event=nothing", "event_unknown"),
            ("order_id=1&occurred_at=yesterday", "occurred_at_invalid"),
            ("order_id=1&order_id=2", "bad_field"),
            ("order_id=ord-%c4", "order_id_invalid"),
        ];
        for (query, reason) in cases {
            assert_eq!(shop.report(&app, query).await.told(), (422, "rejected", false, reason), "{query}");
        }
        // What would take the commission away is no repeat, and a stranger's pixel takes nothing.
        for more in ["&test=1", "&channel=email"] {
            let taking = format!("{good}{more}");
            assert_eq!(shop.report(&app, &taking).await.told(), (409, "rejected", false, "order_conflict"), "{more}");
        }
        let stranger = Visitor::new(&app, 9);
        let pixel = stranger.pixel(&shop.campaign, "order_id=O1&amount=1.00&currency=EUR&channel=ppc").await;
        assert_eq!(pixel.status, 200);
        let again = shop.report(&app, &good).await;
        assert_eq!(again.told(), (200, "created", true, ""));
        let unsigned = format!("campaign={}&{good}", shop.campaign);
        assert_eq!(shop.send(&unsigned).await.told(), (401, "rejected", false, "auth_missing"));
        let mut forged = shop.signed(&good, app.environment.now());
        forged = forged.replace("amount=50.00", "amount=90.00");
        assert_eq!(shop.send(&forged).await.told(), (401, "rejected", false, "auth_bad_signature"));
        let stale = shop.signed(&good, app.environment.now().plus_ms(-301_000));
        assert_eq!(shop.send(&stale).await.told(), (401, "rejected", false, "auth_stale"));
        assert_eq!(shop.post("tsk_nothing", &serde_json::json!({})).await.told().3, "auth_bad_token");
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_click_gets_no_id() {
    for kind in Kind::all() {
        let Scene { app, link, .. } = scene(kind).await;
        let visitor = Visitor::new(&app, 1);
        let cases: [(&[(&str, &str)], u16); 5] = [
            (&[("sec-purpose", "prefetch;prerender"), ("sec-fetch-dest", "document")], 503),
            (&[("sec-fetch-dest", "iframe")], 302),
            (&[("sec-fetch-dest", "image")], 204),
            (&[("sec-fetch-dest", "empty")], 204),
            (&[("sec-gpc", "1")], 302),
        ];
        for (headers, status) in cases {
            let answer = visitor.ask(&link, headers).await;
            assert_eq!(answer.status, status, "{headers:?}");
            assert!(!answer.headers.contains_key("set-cookie") && !answer.location().contains("click_id"));
        }
        app.stop().await;
    }
}
