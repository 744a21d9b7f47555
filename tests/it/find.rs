//! Find my order: each role finds what it may know by any id, and a stranger's id is answered like one that is not there.

use tallystick::domain::click_token::ClickToken;
use tallystick::domain::conversion::Badge;
use tallystick::domain::time::{DAY_MS, MINUTE_MS};
use tallystick::store::attempts;

use crate::network::{Network, fields};
use crate::shop::Shop;
use crate::support::{Browser, Kind};

const NOTHING: &str = "Nothing with this id has reached us";

/// The page that a role's box leads to, without the words that it repeats.
async fn find(browser: &Browser, root: &str, words: &str) -> String {
    let query: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let page = browser.get(&format!("{root}/find?q={query}")).await;
    assert_eq!(page.status, 200, "{root} {words}: {}", page.plain());
    crate::page::unescape(&page.text).replace(&format!("value=\"{}\"", words.trim()), "")
}

#[tokio::test]
async fn an_order_is_found_by_every_id_that_somebody_has_in_hand() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        let click = ClickToken::read(&token).unwrap().click_id.to_string();
        let id = network.order(network.w, "ORDER-4711", "49.90", &token).await.to_string();
        let receipt = format!("href=\"/receipts/{id}\"");
        for words in ["ORDER-4711", " ORDER-4711 ", &token, &token.to_uppercase(), &click, &id] {
            let [a, shop, admin] = [
                find(&network.a, "/publisher", words).await,
                find(&network.shop, "/advertiser", words).await,
                find(&network.admin, "/admin", words).await,
            ];
            for page in [&a, &shop, &admin] {
                assert!(page.contains(&receipt) && !page.contains(NOTHING), "{words}: {page}");
                assert!(!page.contains(" style="));
            }
            assert!(a.contains("\u{2026}4711") && !a.contains("ORDER-4711"), "{words}: {a}");
            assert!(shop.contains("ORDER-4711") && admin.contains("ORDER-4711"), "{words}");
            assert_eq!(a.contains("aria-label=\"Clicks\""), words.len() == 44 || words == click, "{words}");
            assert!(!a.contains("Requests that named the order"), "a publisher reads no requests");
        }
        let by_click = find(&network.shop, "/advertiser", &token).await;
        assert!(by_click.contains("Garden Letters") && !by_click.contains("=Letter & footer"), "{by_click}");
        assert!(find(&network.a, "/publisher", &token).await.contains("=Letter & footer"));
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_strangers_id_and_one_that_does_not_exist_are_answered_alike() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        let click = ClickToken::read(&token).unwrap().click_id.to_string();
        let id = network.order(network.w, "ORDER-4711", "49.90", &token).await.to_string();
        let missing = network.links[0].0.to_string();
        let none = find(&network.b, "/publisher", &missing).await;
        assert!(none.contains(NOTHING));
        let forged = format!("{}{}", &token[..43], if token.ends_with('0') { 'g' } else { '0' });
        let long = "x".repeat(300);
        let others = ["ORDER-4711", &token, &click, &id, "4711", "order-4711", "%", "\u{2026}4711", "\u{0}", "a\nb"];
        for words in others {
            assert_eq!(find(&network.b, "/publisher", words).await.replace(words, ""), none, "{words:?}");
        }
        assert!(find(&network.b, "/publisher", &long).await.contains(NOTHING));
        assert!(find(&network.a, "/publisher", &forged).await.contains(NOTHING), "not the token that it was given");
        for (root, browser) in [("/publisher", &network.a), ("/advertiser", &network.shop), ("/admin", &network.admin)]
        {
            assert!(find(browser, root, "order-4711").await.contains(NOTHING), "byte by byte");
            let empty = find(browser, root, "").await;
            assert!(empty.contains("Enter a whole order id") && !empty.contains(NOTHING));
            let start = browser.get(root).await.text;
            assert!(start.contains(&format!("action=\"{root}/find\"")), "the box is on every page of {root}");
        }
        for (browser, root) in [(&network.a, "/advertiser"), (&network.shop, "/publisher"), (&network.shop, "/admin")] {
            let path = format!("{root}/find?q=ORDER-4711");
            assert_eq!(browser.get(&path).await.status, 403);
            assert_eq!(network.app.browser().get(&path).await.location(), "/log-in");
        }
        network.app.stop().await;
    }
}

#[tokio::test]
async fn who_lost_an_order_learns_why_and_nothing_more() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let first = network.click(0, 1, &[]).await;
        network.app.clock.advance_ms(10 * MINUTE_MS);
        let second = network.click(1, 1, &[]).await;
        let id = network.order(network.w, "ORDER-4711", "49.90", &format!("{first}.{second}")).await.to_string();
        for words in ["ORDER-4711", &id] {
            let lost = find(&network.a, "/publisher", words).await;
            for text in ["Not credited to you", "A later click was credited.", "\u{2026}4711", "Winter boots"] {
                assert!(lost.contains(text), "{text}: {lost}");
            }
            for text in ["ORDER-4711", "/receipts/", "Boot Review", "49.90", "4.99"] {
                assert!(!lost.contains(text), "{text}: {lost}");
            }
            assert!(find(&network.b, "/publisher", words).await.contains(&format!("href=\"/receipts/{id}\"")));
        }
        // Nobody's: the click was too old.
        network.app.clock.advance_ms(8 * DAY_MS);
        log_in(&network).await;
        network.order(network.w, "LATE-1234", "49.90", &first).await;
        let late = find(&network.a, "/publisher", "LATE-1234").await;
        assert!(late.contains("href=\"/reasons/window_expired\"") && late.contains("\u{2026}1234"), "{late}");
        assert!(find(&network.b, "/publisher", "LATE-1234").await.contains(NOTHING));
        network.app.stop().await;
    }
}

/// A mistake in the report must not hide that it came.
#[tokio::test]
async fn an_order_is_found_by_a_request_that_could_not_be_read() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let shop = Shop::new(&network.app, &network.w.to_string());
        let page = format!("/advertiser/campaigns/{}/integration", network.w);
        let made = network.shop.act(&page, "/api/create_api_key", "", &[("name", "Shop server")]).await;
        let key = format!("tsk_{}", crate::page::between(&made.text, "value=\"tsk_", "\"").unwrap());
        let number = serde_json::json!({ "order_id": "NUMBER-1", "amount": 49.9, "currency": "EUR" });
        let misspelt = serde_json::json!({ "order_id": 4711, "amout": "49.90", "currency": "EUR" });
        for body in [number, misspelt] {
            assert_eq!(shop.post(&key, &body).await.told(), (422, "rejected", false, "bad_field"));
        }
        for query in ["order_id=TWICE-1&amount=1.00&amount=2.00", "order_id=BYTES-1&channel=%ff"] {
            assert_eq!(shop.report(&network.app, query).await.told(), (422, "rejected", false, "bad_field"));
        }
        for order in ["NUMBER-1", "4711", "TWICE-1", "BYTES-1"] {
            let found = find(&network.shop, "/advertiser", order).await;
            assert!(found.contains("bad_field") && !found.contains(NOTHING), "{order}: {found}");
            assert!(find(&network.a, "/publisher", order).await.contains(NOTHING), "{order} is no publisher's");
        }
        network.app.stop().await;
    }
}

async fn log_in(network: &Network) {
    let people = [
        (&network.a, "garden.letters@parties.example"),
        (&network.b, "boot.review@parties.example"),
        (&network.shop, "nordlicht.outdoor@parties.example"),
    ];
    for (browser, email) in people {
        let fields = [("email", email), ("password", crate::members::PASSWORD)];
        assert_eq!(browser.submit("/api/log_in", &fields).await.status, 200);
    }
}

#[tokio::test]
async fn an_order_in_several_campaigns_is_listed_with_its_requests_refused_ones_too() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let (w, x) = (network.click(0, 1, &[]).await, network.click(2, 1, &[]).await);
        let ids =
            [network.order(network.w, "SAME", "49.90", &w).await, network.order(network.x, "SAME", "9.90", &x).await];
        let lead = fields("lead", "SAME", None, &w);
        let lead = network.report(network.w, Badge::Signed, lead).await.body.conversion_id.unwrap();
        for (browser, root) in [(&network.a, "/publisher"), (&network.shop, "/advertiser"), (&network.admin, "/admin")]
        {
            let page = find(browser, root, "SAME").await;
            for id in [ids[0], ids[1], lead] {
                assert!(page.contains(&format!("href=\"/receipts/{id}\"")), "{root}: {page}");
            }
        }
        let shop = Shop::new(&network.app, &network.w.to_string());
        let refused = shop.send(&format!("campaign={}&order_id=R%201&amount=5.00&currency=EUR", network.w)).await;
        assert_eq!(refused.told(), (401, "rejected", false, "auth_missing"));
        let nowhere = shop.send("campaign=none&order_id=R%201").await;
        assert_eq!(nowhere.status, 422);
        let own = find(&network.shop, "/advertiser", "R 1").await;
        assert!(
            own.contains("Requests that named the order") && own.contains("href=\"/reasons/auth_missing\""),
            "{own}"
        );
        assert!(!own.contains("no campaign") && !own.contains("aria-label=\"Orders\""), "{own}");
        let all = find(&network.admin, "/admin", "R 1").await;
        assert!(all.contains("href=\"/reasons/auth_missing\"") && all.contains("no campaign"), "{all}");
        assert!(find(&network.a, "/publisher", "R 1").await.contains(NOTHING));
        let refused_long = shop.send(&format!("campaign={}&order_id={}", network.w, "9".repeat(200))).await;
        assert_eq!(refused_long.status, 401);
        let mut conn = network.app.store.read().await.unwrap();
        let stored = attempts::list_of_advertiser(&mut conn, network.shop_id, network.w, 10).await.unwrap();
        drop(conn);
        assert_eq!(stored[0].order_id.as_deref(), Some("9".repeat(128).as_str()), "shortened to what an order id has");
        network.app.clock.advance_ms(31 * DAY_MS);
        log_in(&network).await;
        assert!(find(&network.shop, "/advertiser", "R 1").await.contains(NOTHING), "requests of 30 days");
        network.app.stop().await;
    }
}
