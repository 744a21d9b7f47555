//! Tokens in the address, and the networks from which keys and tokens count (domain.md section 3).

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::ids::CampaignId;
use tallystick::store::{attempts, conversions};

use crate::fixtures::{LiveCampaign, live_campaign, publisher};
use crate::page::between;
use crate::shop::{Reply, Shop, Visitor};
use crate::support::{Answer, Browser, Kind, TestApp};
use crate::tracking::link;

async fn make(browser: &Browser, campaign: CampaignId, fields: &[(&str, &str)]) -> Answer {
    let page = format!("/advertiser/campaigns/{campaign}/integration");
    browser.act(&page, "/api/create_api_key", "", fields).await
}

fn made(answer: &Answer, prefix: &str) -> String {
    let rest = between(&answer.text, &format!("value=\"{prefix}"), "\"").expect("it is shown once");
    format!("{prefix}{rest}")
}

/// The address that the page shows for a new token, as printed.
fn printed_call(answer: &Answer) -> String {
    let call = between(&answer.text, "aria-label=\"A report with the token\"", "</code>").expect("it is shown");
    let path = between(call, "curl '", "'").expect("one line for curl").replace("&amp;", "&");
    path.split_once("/postback").map(|(_, query)| format!("/postback{query}")).unwrap()
}

/// Calls an address as the server number `from` of 203.0.113.0/24.
async fn call(app: &TestApp, from: u8, path: &str, headers: &[(&str, &str)]) -> Reply {
    let answer = Visitor::new(app, from).ask(path, headers).await;
    Reply { status: answer.status, body: serde_json::from_str(&answer.text).unwrap() }
}

#[tokio::test]
async fn a_token_counts_in_the_address_from_its_own_servers_and_waits_for_a_review() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, advertiser, campaign } =
            live_campaign(&app, "Winter", ApprovalMode::Automatic).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let click = Visitor::new(&app, 1).click(&link(&app, publisher, campaign).await).await.id;
        let list = ("networks", "203.0.113.40/30, 2001:db8::7");
        let page = make(&browser, campaign, &[("name", "Old shop"), ("kind", "token"), list]).await;
        assert!(page.plain().contains("203.0.113.40/30, 2001:db8::7"), "{}", page.plain());
        let token = made(&page, "tst_");
        let path = printed_call(&page).replace("CLICK_ID", &click);
        assert!(path.contains(&token), "{path}");

        for stranger in [39, 44] {
            let refused = call(&app, stranger, &path, &[]).await;
            assert_eq!(refused.told(), (403, "rejected", false, "ip_not_allowed"));
        }
        assert_eq!(call(&app, 43, &path, &[]).await.told(), (201, "created", false, ""));
        assert_eq!(call(&app, 40, &path, &[]).await.told(), (200, "created", true, ""), "a repeat");
        let mut conn = app.store.read().await.unwrap();
        let order = between(&path, "order_id=", "&").unwrap();
        let found = conversions::find_by_order(&mut conn, campaign, "sale", order).await.unwrap().unwrap();
        assert_eq!((found.badge, found.publisher_id), (Badge::Token, Some(publisher)));
        assert_eq!(found.state, ConversionState::Pending);
        let log = attempts::list_of_advertiser(&mut conn, advertiser, campaign, 10).await.unwrap();
        assert_eq!(log.len(), 4);
        assert!(log.iter().all(|kept| !format!("{kept:?}").contains(&token)), "a token is never kept");
        drop(conn);

        // Sent again from the page it keeps its rank: a press of a button vouches for nothing.
        let first = log.iter().find(|kept| kept.http_status == 201).unwrap();
        let request = format!("/advertiser/campaigns/{campaign}/requests/{}", first.attempt_id);
        let again = browser.act(&request, "/api/replay_report", "", &[]).await.plain();
        assert!(again.contains("The order was known already"), "{again}");
        let body = format!("order_id=T3&token={token}&customer_id=ada@example.com");
        let posted = browser.client.post(format!("{}/postback?campaign={campaign}", app.url)).body(body).send().await;
        assert_eq!(posted.unwrap().status(), 401, "only the address is read");
        let mut conn = app.store.read().await.unwrap();
        let found = conversions::find_by_order(&mut conn, campaign, "sale", order).await.unwrap().unwrap();
        assert_eq!(found.badge, Badge::Token);
        let log = attempts::list_of_advertiser(&mut conn, advertiser, campaign, 10).await.unwrap();
        assert!(log[0].body.ends_with("bytes that are not read"), "{log:?}");
        assert!(log.iter().all(|kept| !format!("{kept:?}").contains(&token)), "a token is never kept");
        drop(conn);

        let shop = Shop::new(&app, &campaign.to_string());
        let order = serde_json::json!({ "order_id": "T2" });
        assert_eq!(shop.post(&token, &order).await.told(), (401, "rejected", false, "auth_bad_token"), "it is no key");
        let other = live_campaign(&app, "Spring", ApprovalMode::Automatic).await.campaign;
        let elsewhere = path.replace(&campaign.to_string(), &other.to_string());
        assert_eq!(call(&app, 40, &elsewhere, &[]).await.told(), (401, "rejected", false, "auth_bad_token"));
        let (start, end) = token.split_at(token.len() - 1);
        let wrong = path.replace(&token, &format!("{start}{}", if end == "0" { "1" } else { "0" }));
        assert_eq!(call(&app, 40, &wrong, &[]).await.told(), (401, "rejected", false, "auth_bad_token"));
        let page = format!("/advertiser/campaigns/{campaign}/integration");
        browser.act(&page, "/api/revoke_api_key", "", &[]).await;
        let revoked = call(&app, 40, &path, &[]).await;
        assert_eq!(revoked.told(), (401, "rejected", false, "auth_bad_token"));
        assert!(revoked.text("message").contains("The token was revoked at"), "{revoked:?}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_key_counts_from_its_networks_and_is_nothing_in_an_address() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Automatic).await;
        let page = make(&browser, campaign, &[("name", "Shop"), ("networks", "203.0.113.7")]).await;
        let key = made(&page, "tsk_");
        let path = format!("/postback?campaign={campaign}&order_id=K1&amount=1.00&currency=EUR");
        let bearer = format!("Bearer {key}");
        let with_key = [("authorization", bearer.as_str())];
        assert_eq!(call(&app, 8, &path, &with_key).await.told(), (403, "rejected", false, "ip_not_allowed"));
        assert_eq!(call(&app, 7, &path, &with_key).await.told(), (202, "unattributed", false, "no_evidence"));
        let in_address = format!("{path}&token={key}");
        assert_eq!(call(&app, 7, &in_address, &[]).await.told(), (401, "rejected", false, "auth_bad_token"));
        assert_eq!(call(&app, 7, &path, &[]).await.told(), (401, "rejected", false, "auth_missing"));

        for (networks, kind, said) in [
            ("", "token", "A token counts from listed addresses only"),
            ("0.0.0.0/0", "token", "A token counts from listed addresses only"),
            ("shop.example", "key", "neither an address nor a network"),
            ("203.0.113.7", "cookie", "Choose a key or a token."),
        ] {
            let refused = make(&browser, campaign, &[("name", "Shop"), ("kind", kind), ("networks", networks)]).await;
            assert!(refused.plain().contains(said), "{networks}: {}", refused.plain());
            assert!(!refused.text.contains("tst_"), "{networks}");
        }
        app.stop().await;
    }
}
