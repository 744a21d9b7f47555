//! What a stolen cookie alone must not do: with a session whose password was entered too long ago, each such form is
//! refused, leads to where the password is asked for, and back.

use std::sync::Arc;

use tallystick::auth::session;
use tallystick::auth::session_store::Sessions;
use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::ids::MemberId;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::time::MINUTE_MS;
use tower_sessions::Session;
use tower_sessions::session::Id;

use crate::fixtures::live_campaign;
use crate::members::{PASSWORD, admin};
use crate::support::{Answer, Browser, Kind, TestApp};

const RUN: &str = "0000000000002";

/// As a program asks: the status is the refusal's own.
async fn ask(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let request = browser.client.post(format!("{}{path}", browser.url)).header("sec-fetch-site", "same-origin");
    Answer::of(request.form(fields).send().await.unwrap()).await
}

/// The session's cookie, as an answer sets it.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// The status of the overview for whoever has this cookie and nothing else.
async fn with_cookie(browser: &Browser, cookie: &str) -> u16 {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.get(format!("{}/advertiser", browser.url)).header("cookie", cookie);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_needs_the_password_is_refused_five_minutes_after_it_was_entered() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let campaign = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (shop, id) = (&campaign.browser, campaign.campaign.to_string());
        let office = admin(&app).await;
        let integration = format!("/advertiser/campaigns/{id}/integration");
        let run = format!("/admin/payouts/{RUN}");
        let (deposits, payouts) = ("/admin/deposits".to_owned(), "/admin/payouts".to_owned());
        let approve = [("payout_run_id", RUN), ("version", "1"), ("payouts", "1"), ("total_minor", "1600")];
        let advertiser = campaign.advertiser.to_string();
        let [amount, currency, reference] = [("amount", "5.00"), ("currency", "EUR"), ("reference", "SEPA 1")];
        let deposit = [("advertiser_id", advertiser.as_str()), amount, currency, reference];
        let release = [("publisher_id", RUN), ("payout_details_id", RUN), ("seen", RUN), ("reason", "One company.")];
        let key = [("campaign_id", id.as_str()), ("name", "Shop")];
        let secret = [("campaign_id", id.as_str()), ("version", "1")];
        let privileged = [
            (&office, "/api/approve_payout_run", &approve[..], &run, 404),
            (&office, "/api/book_deposit", &deposit[..], &deposits, 200),
            (&office, "/api/release_destination", &release[..], &payouts, 404),
            (shop, "/api/create_api_key", &key[..], &integration, 200),
            (shop, "/api/rotate_postback_secret", &secret[..], &integration, 200),
        ];
        app.clock.advance_ms(5 * MINUTE_MS - 1);
        for (browser, path, fields, _, status) in &privileged {
            let answer = ask(browser, path, fields).await;
            assert_eq!(answer.status, *status, "{kind:?} {path} is heard: {}", answer.text);
        }
        app.clock.advance_ms(1);
        for (browser, path, fields, page, _) in &privileged {
            let answer = ask(browser, path, fields).await;
            assert_eq!((answer.status, answer.text.as_str()), (403, "\"reauth\""), "{kind:?} {path}");
            let led = browser.post(path, fields).await;
            assert_eq!((led.status, led.location()), (302, format!("/confirm?to={page}").as_str()), "{kind:?} {path}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn the_password_is_asked_for_and_leads_back_and_the_old_cookie_is_worth_nothing() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let campaign = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (shop, id) = (&campaign.browser, campaign.campaign.to_string());
        let page = format!("/advertiser/campaigns/{id}/integration");
        let log_in = [("email", "owner.of.winter.boots@parties.example"), ("password", PASSWORD)];
        let copied = cookie(&shop.post("/api/log_in", &log_in).await);
        assert_eq!(with_cookie(shop, &copied).await, 200);
        app.clock.advance_ms(10 * MINUTE_MS);
        let confirm = shop.act(&page, "/api/create_api_key", "", &[("name", "Shop server")]).await;
        assert!(
            confirm.text.contains("Confirm that it is you") && !confirm.text.contains("tsk_"),
            "{}",
            confirm.plain()
        );
        let form = confirm.form("/api/confirm_password", "");
        let wrong = shop.fill(&form, &[("password", "not the password")]).await;
        assert!(wrong.text.contains("The password is wrong.") && !wrong.text.contains("not the password"));
        let form = wrong.form("/api/confirm_password", "");
        assert_eq!(form.fields, [("to".to_owned(), page.clone())], "it still knows the way back");

        let back = shop.post("/api/confirm_password", &[("to", &page), ("password", PASSWORD)]).await;
        assert_eq!((back.status, back.location()), (302, page.as_str()));
        assert_eq!(with_cookie(shop, &copied).await, 302, "the session has a new id, and the copy opens nothing");
        assert!(shop.get(&page).await.text.contains("Now press once more"));
        let made = shop.act(&page, "/api/create_api_key", "", &[("name", "Shop server")]).await;
        assert!(made.text.contains("tsk_"), "{}", made.plain());
        app.stop().await;
    }
}

#[tokio::test]
async fn who_asks_for_the_password_leads_nobody_away_and_slows_down_guesses() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let office = admin(&app).await;
        for (to, expected) in [
            ("//evil.example", "/"),
            ("https://evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/c/GardenLett", "/"),
            ("/admin", "/admin"),
        ] {
            let answer = office.post("/api/confirm_password", &[("to", to), ("password", PASSWORD)]).await;
            assert_eq!((answer.status, answer.location()), (302, expected), "{to}");
            let page = office.get(&format!("/confirm?to={to}")).await;
            assert!(page.text.contains(&format!("name=\"to\" value=\"{expected}\"")), "{}", page.plain());
        }
        for _ in 0..5 {
            let page = office.submit("/api/confirm_password", &[("to", "/admin"), ("password", "a guess")]).await;
            assert!(page.text.contains("The password is wrong."), "{}", page.plain());
        }
        let page = office.submit("/api/confirm_password", &[("to", "/admin"), ("password", PASSWORD)]).await;
        assert!(page.text.contains("Too many attempts"), "{}", page.plain());
        let nobody = app.browser().get("/confirm").await;
        assert_eq!((nobody.status, nobody.location()), (302, "/log-in"));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_signing_secret_is_shown_to_whoever_entered_the_password_lately() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let campaign = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (shop, page) = (&campaign.browser, format!("/advertiser/campaigns/{}/integration", campaign.campaign));
        let secret = SecretKey::from_bytes([9; 32]).postback_secret(campaign.campaign, 1);
        app.clock.advance_ms(5 * MINUTE_MS - 1);
        assert!(shop.get(&page).await.text.contains(secret.as_str()), "{kind:?}");
        app.clock.advance_ms(1);
        let locked = shop.get(&page).await;
        assert!(!locked.text.contains(secret.as_str()), "{kind:?}");
        let way = format!("/confirm?to={page}");
        assert!(locked.text.contains(&format!("href=\"{way}\"")), "{}", locked.plain());
        let back = shop.act(&way, "/api/confirm_password", "", &[("password", PASSWORD)]).await;
        assert!(back.text.contains(secret.as_str()) && back.plain().contains("(version 1)"), "{kind:?}");
        app.stop().await;
    }
}

/// The session ends while its password is checked: nothing of it is left under another id.
#[tokio::test]
async fn a_password_entered_once_more_does_not_bring_an_ended_session_back() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let sessions = Arc::new(Sessions::new(app.store.clone(), app.environment.clone()));
        let request = |id: Option<Id>| Session::new(id, sessions.clone(), None);
        let (member, now) = (MemberId(42), app.environment.now());
        let logged_in = request(None);
        session::log_in(&logged_in, member, session::Lifetime::Member, now).await.unwrap();
        logged_in.save().await.unwrap();
        let confirming = request(logged_in.id());
        assert_eq!(session::member_of(&confirming, now).await.unwrap(), Some(member));
        session::log_out(&request(logged_in.id())).await.unwrap();
        assert!(!session::step_up(&confirming, &app.store, now).await.unwrap(), "{kind:?}");
        confirming.save().await.unwrap();
        let later = request(confirming.id());
        assert_eq!(session::member_of(&later, now).await.unwrap(), None, "{kind:?}");
        app.stop().await;
    }
}
