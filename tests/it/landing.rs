//! First-party capture: the script, and the landings that it reports.

use reqwest::header::{ACCEPT_ENCODING, COOKIE};
use serde_json::Value;
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::ids::ClickId;
use tallystick::domain::time::{DAY_MS, MINUTE_MS, Timestamp};
use tallystick::store::driver::Driver;
use tallystick::store::{StoreError, landings};

use crate::network::Network;
use crate::reports::numbers;
use crate::support::{Answer, Kind};

/// What `t.js` sends, with whatever cookies a browser might add.
async fn send(network: &Network, body: &str) -> Answer {
    let request = network.app.browser().client.post(format!("{}/landing", network.app.url));
    let request = request.header("origin", "https://shop.example").header("sec-fetch-site", "cross-site");
    let request = request.header(COOKIE, "ts_sid=0123456789abcdef").body(body.to_owned());
    Answer::of(request.send().await.unwrap()).await
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap()
}

async fn stored(network: &Network, token: &str) -> Option<landings::Landing> {
    let click = ClickToken::read(token).unwrap().click_id;
    landings::find(&mut network.app.store.read().await.unwrap(), click).await.unwrap()
}

#[tokio::test]
async fn the_script_is_small_and_any_site_may_load_it() {
    let network = Network::start(Kind::Sqlite).await;
    let client = network.app.browser().client;
    let ask = |tag: &str| client.get(format!("{}/t.js", network.app.url)).header("if-none-match", tag).send();
    let plain = Answer::of(ask("").await.unwrap()).await;
    assert_eq!(plain.status, 200);
    let header = |name: &str| plain.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header("cache-control"), "public, max-age=3600");
    assert_eq!(header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(header("access-control-allow-origin"), "*");
    assert!(!plain.headers.contains_key("set-cookie"));
    assert!(plain.text.contains("tallystick"), "{}", plain.text);
    assert_eq!(ask(&header("etag")).await.unwrap().status(), 304);
    for coding in ["gzip", "br"] {
        let request = client.get(format!("{}/t.js", network.app.url)).header(ACCEPT_ENCODING, coding);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], coding);
        let bytes = answer.bytes().await.unwrap().len();
        assert!(bytes < 2_048, "{bytes} bytes with {coding}");
    }
    network.app.stop().await;
}

/// An id may run ahead of a clock that is set back.
#[tokio::test]
async fn nothing_lands_before_it_happened() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        network.app.clock.advance_ms(-5_000);
        let landed = send(&network, &format!("campaign={}&click_id={token}&path=%2F", network.w)).await;
        assert_eq!(landed.status, 201, "{}", landed.text);
        let clicked = ClickToken::read(&token).unwrap().time();
        assert_eq!(stored(&network, &token).await.unwrap().landed_at_ms, clicked);
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_click_lands_once_and_takes_the_cookie_duration_of_its_terms() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        let clicked = ClickToken::read(&token).unwrap().time();
        network.app.clock.advance_ms(1_500);
        let body = format!("campaign={}&click_id={token}&path=%2Fwelcome%3Femail%3Dx", network.w);
        let first = send(&network, &body).await;
        assert_eq!((first.status, json(&first)["seconds"].as_i64()), (201, Some(7 * 86_400)), "{}", first.text);
        assert_eq!(first.headers["access-control-allow-origin"], "*");
        assert_eq!(first.headers["cache-control"], "no-store");
        assert!(
            !first.headers.contains_key("set-cookie")
                && !first.headers.contains_key("access-control-allow-credentials")
        );
        let kept = stored(&network, &token).await.expect("it is stored");
        assert_eq!((kept.landed_at_ms, kept.path.as_str()), (clicked.plus_ms(1_500), "/welcome"));

        network.app.clock.advance_ms(MINUTE_MS);
        let again = send(&network, &format!("campaign={}&click_id={}&path=/x", network.w, token.to_uppercase())).await;
        assert_eq!(again.status, 200);
        assert_eq!(stored(&network, &token).await, Some(kept), "{kind:?}: a second report changes nothing");
        let totals = "select cast(sum(landings) as bigint), count(*) from landing_rollups";
        assert_eq!(numbers(&network.app.store, totals).await, [6, 6], "two grains of three readers");
        network.app.stop().await;
    }
}

/// Refused, told why, counted by reason, and nothing else is kept.
#[tokio::test]
async fn what_is_not_ours_is_refused_and_only_counted() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        let (w, x) = (network.w, network.x);
        let mut forged = token.clone();
        let last = if forged.ends_with("00") { "g0" } else { "00" };
        forged.replace_range(42.., last);
        let cases = [
            (format!("campaign={w}&click_id={forged}"), "click_forged"),
            (format!("campaign={w}&click_id={}", &token[1..]), "click_forged"),
            (format!("campaign={w}&click_id={}", "0".repeat(44)), "click_forged"),
            (format!("campaign={w}"), "click_forged"),
            (format!("campaign={x}&click_id={token}"), "click_campaign_mismatch"),
            (format!("click_id={token}"), "bad_field"),
            (format!("campaign={w}&click_id={token}&path={}", "x".repeat(5_000)), "bad_field"),
            ("\0\u{ff}".to_owned(), "bad_field"),
        ];
        for (body, reason) in &cases {
            let answer = send(&network, body).await;
            assert_eq!((answer.status, json(&answer)["reason"].as_str()), (422, Some(*reason)), "{body}");
        }
        // The last answer waits for its commit, and with it the counts before it.
        assert_eq!(network.land(w, &token, "/").await, 201);
        let mut conn = network.app.store.read().await.unwrap();
        let day = Timestamp::parse(crate::support::START).unwrap().utc_day();
        let told = landings::refusals(&mut conn, day).await.unwrap();
        drop(conn);
        let told: Vec<(&str, i64)> = told.iter().map(|(reason, requests)| (reason.as_str(), *requests)).collect();
        assert_eq!(told, [("bad_field", 3), ("click_campaign_mismatch", 1), ("click_forged", 4)], "{kind:?}");
        assert_eq!(numbers(&network.app.store, "select count(*) from landings").await, [1]);
        network.app.stop().await;
    }
}

async fn execute(network: &Network, text: &str) -> Result<u64, StoreError> {
    let mut w = network.app.store.write().await.unwrap();
    let text = sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned()));
    let done = match w.driver() {
        Driver::Sqlite(c) => sqlx::Executor::execute(c, text).await.map(|done| done.rows_affected()),
        Driver::Postgres(c) => sqlx::Executor::execute(c, text).await.map(|done| done.rows_affected()),
    };
    let done = done.map_err(StoreError::from)?;
    w.commit().await.map(|()| done)
}

#[tokio::test]
async fn a_landing_stays_as_it_is_and_goes_after_its_click() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        assert_eq!(network.land(network.w, &token, "/").await, 201);
        for text in ["update landings set path = '/other'", "delete from landings"] {
            let error = execute(&network, text).await.expect_err(text);
            assert!(error.is_refused_by("landings_append_only"), "{kind:?} {text}: {error}");
        }
        execute(&network, "delete from clicks").await.unwrap();
        execute(&network, "delete from landings").await.unwrap();
        assert_eq!(numbers(&network.app.store, "select count(*) from landings").await, [0]);
        network.app.stop().await;
    }
}

/// A click that is answered as deferred is stored a moment later: its landing has to come again, and is not lost.
#[tokio::test]
async fn the_landing_of_a_click_that_is_not_stored_yet_is_asked_for_again() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let (now, link) = (network.app.environment.now(), network.links[0].0);
        let key = tallystick::domain::secret::SecretKey::from_bytes([9; 32]);
        let token_at = |ago: i64| {
            let click = ClickId(tallystick::domain::ids::first_id_at(now.plus_ms(-ago)));
            ClickToken::issue(&key, click, link, network.w, network.a_id)
        };
        let body = |token: &str| format!("campaign={}&click_id={token}", network.w);
        let soon = send(&network, &body(&token_at(1_000))).await;
        assert_eq!((soon.status, soon.headers["retry-after"].to_str().unwrap()), (503, "1"));
        let never = send(&network, &body(&token_at(DAY_MS))).await;
        assert_eq!((never.status, json(&never)["reason"].as_str()), (202, Some("click_unknown")));
        assert_eq!(numbers(&network.app.store, "select count(*) from landings").await, [0], "{kind:?}");
        network.app.stop().await;
    }
}

/// What people see of it: the rate beside links, campaigns and publishers, and a warning where nothing arrives.
#[tokio::test]
async fn pages_show_what_landed_and_warn_where_nothing_does() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let pressed = [("sec-fetch-dest", "document"), ("sec-fetch-user", "?1"), ("user-agent", crate::shop::CHROME)];
        let mut tokens = Vec::new();
        for visitor in 0..20 {
            tokens.push(network.click(0, visitor, if visitor < 15 { &pressed } else { &pressed[..1] }).await);
        }
        network.click(0, 99, &[("sec-gpc", "1")]).await;
        let warning = "of 21 clicks of the last 24 hours has landed";
        let campaign = format!("/advertiser/campaigns/{}", network.w);
        let pages = ["/advertiser", campaign.as_str()];
        for page in pages {
            assert!(!network.shop.get(page).await.text.contains("has landed"), "20 clicks are not enough: {page}");
        }
        tokens.push(network.click(0, 40, &pressed).await);
        for page in pages {
            let text = network.shop.get(page).await.text;
            assert!(text.contains(warning) && text.contains(&format!("{campaign}/integration")), "{page}: {text}");
        }
        for (reader, page) in [(&network.a, "/publisher"), (&network.admin, "/admin")] {
            assert!(!reader.get(page).await.text.contains("has landed"), "only the advertiser is warned");
        }
        for token in &tokens[..7] {
            assert_eq!(network.land(network.w, token, "/welcome").await, 201);
        }
        for page in pages {
            assert!(!network.shop.get(page).await.text.contains("has landed"), "{kind:?}: one is enough: {page}");
        }
        let told = "7 of 21, 33.3 %";
        let link = format!("/publisher/links/{}", network.links[0].0);
        for (reader, page) in [
            (&network.a, "/publisher/links"),
            (&network.a, link.as_str()),
            (&network.a, "/publisher/campaigns"),
            (&network.shop, "/advertiser/campaigns"),
            (&network.shop, campaign.as_str()),
            (&network.shop, "/advertiser/publishers"),
            (&network.admin, "/admin/parties"),
        ] {
            let text = reader.get(page).await.plain();
            assert!(text.contains(told), "{kind:?} {page}: {text}");
        }
        let quality = network.shop.get("/advertiser/publishers").await.plain();
        assert!(quality.contains("16 of 21, 76.2 %"), "with a gesture: {quality}");
        let rival = network.b.get("/publisher/links").await.plain();
        assert!(!rival.contains(told), "{rival}");
        for (reader, page) in [(&network.a, "/publisher/reports?by=link"), (&network.shop, "/advertiser/reports")] {
            let text = reader.get(page).await.plain();
            assert!(text.contains("Landing rate") && text.contains("33.3 %"), "{page}: {text}");
        }
        // A day later the clicks are old, and nothing is to be warned about.
        network.app.clock.advance_ms(DAY_MS + 20 * MINUTE_MS);
        assert!(!network.shop.get("/advertiser").await.text.contains("has landed"));
        network.app.stop().await;
    }
}
