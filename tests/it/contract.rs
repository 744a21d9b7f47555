//! The contract of a link: what each kind of request gets, to the header, and what is stored of it (domain.md section 1,
//! trust.md section 3). The snapshot is the contract: a change of it is a change for everybody who links to us.

use std::fmt::Write;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tallystick::domain::campaign::ApprovalMode;
use tallystick::store::driver::Driver;

use crate::fixtures::{live_campaign, publisher};
use crate::shop::CHROME;
use crate::support::{Answer, Browser, Kind, TestApp};
use crate::tracking::link;
use crate::world::World;

const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";
const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const SLACK: &str = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)";

type Headers = &'static [(&'static str, &'static str)];

const DOCUMENT: (&str, &str) = ("sec-fetch-dest", "document");
const PRESSED: (&str, &str) = ("sec-fetch-user", "?1");
const AGENT: (&str, &str) = ("user-agent", CHROME);

/// Name, method, what follows the link's path, headers. An address of its own for each, so that none is a duplicate.
const CASES: &[(&str, &str, &str, Headers)] = &[
    ("a person's click", "GET", "", &[AGENT, DOCUMENT, PRESSED]),
    ("the same click again", "GET", "", &[AGENT, DOCUMENT, PRESSED, ("x-forwarded-for", "203.0.113.9")]),
    ("an old browser: no Sec-Fetch", "GET", "", &[AGENT]),
    ("a script or a pop-up: no gesture", "GET", "", &[AGENT, DOCUMENT]),
    ("Safari, which never tells the gesture", "GET", "", &[("user-agent", SAFARI), DOCUMENT]),
    ("Sec-Purpose: prefetch", "GET", "", &[AGENT, DOCUMENT, ("sec-purpose", "prefetch")]),
    ("Sec-Purpose: prefetch;prerender", "GET", "", &[AGENT, DOCUMENT, PRESSED, ("sec-purpose", "prefetch;prerender")]),
    ("Purpose: prefetch", "GET", "", &[AGENT, ("purpose", "prefetch")]),
    ("X-Purpose: preview", "GET", "", &[AGENT, ("x-purpose", "preview")]),
    ("X-Moz: prefetch", "GET", "", &[AGENT, ("x-moz", "prefetch")]),
    ("frame", "GET", "", &[AGENT, ("sec-fetch-dest", "frame")]),
    ("iframe", "GET", "", &[AGENT, ("sec-fetch-dest", "iframe")]),
    ("embed", "GET", "", &[AGENT, ("sec-fetch-dest", "embed")]),
    ("object", "GET", "", &[AGENT, ("sec-fetch-dest", "object")]),
    ("image", "GET", "", &[AGENT, ("sec-fetch-dest", "image")]),
    ("script", "GET", "", &[AGENT, ("sec-fetch-dest", "script")]),
    ("style", "GET", "", &[AGENT, ("sec-fetch-dest", "style")]),
    ("fetch", "GET", "", &[AGENT, ("sec-fetch-dest", "empty")]),
    ("something new", "GET", "", &[AGENT, ("sec-fetch-dest", "webidentity")]),
    ("Sec-Fetch without Dest", "GET", "", &[AGENT, ("sec-fetch-mode", "cors"), ("sec-fetch-site", "cross-site")]),
    ("crawler", "GET", "", &[("user-agent", GOOGLEBOT)]),
    ("link preview", "GET", "", &[("user-agent", SLACK), DOCUMENT, PRESSED]),
    ("no user agent", "GET", "", &[DOCUMENT]),
    ("a user agent that is not ASCII", "GET", "", &[("user-agent", "Caf\u{e9}/1.0"), DOCUMENT, PRESSED]),
    ("no user agent and no consent", "GET", "?cons=0", &[DOCUMENT]),
    ("cons=0", "GET", "?cons=0", &[AGENT, DOCUMENT, PRESSED]),
    ("cons=1", "GET", "?cons=1", &[AGENT, DOCUMENT, PRESSED]),
    ("cons=1 and cons=0", "GET", "?cons=1&cons=0", &[AGENT, DOCUMENT, PRESSED]),
    ("Sec-GPC: 1", "GET", "", &[AGENT, DOCUMENT, PRESSED, ("sec-gpc", "1")]),
    ("Sec-GPC: 1 and cons=1", "GET", "?cons=1", &[AGENT, DOCUMENT, PRESSED, ("sec-gpc", "1")]),
    ("a deep link", "GET", "?url=https%3A%2F%2Fshop.example%2Fboots", &[AGENT, DOCUMENT, PRESSED]),
    ("a foreign deep link", "GET", "?url=https%3A%2F%2Fevil.example%2F", &[AGENT, DOCUMENT, PRESSED]),
    ("HEAD", "HEAD", "", &[AGENT, DOCUMENT, PRESSED]),
    ("HEAD of a crawler", "HEAD", "", &[("user-agent", GOOGLEBOT)]),
    ("HEAD in advance", "HEAD", "", &[AGENT, ("sec-purpose", "prefetch")]),
    ("POST", "POST", "", &[AGENT, DOCUMENT, PRESSED]),
    ("OPTIONS", "OPTIONS", "", &[AGENT]),
    ("DELETE", "DELETE", "", &[AGENT]),
];

/// What the newest click of the database says of itself, and how many there are.
async fn newest(app: &TestApp) -> (i64, String) {
    let text = "select (select count(*) from clicks) as clicks, label || ' ' || coalesce(reason, '(no reason)') ||
        case when has_gesture then ', gesture' when not has_gesture then ', no gesture' else ', gesture unknown' end ||
        ', consent ' || consent || case when visitor is null then ', no visitor' else ', visitor' end ||
        case when is_deep_link_rejected then ', deep link rejected' else '' end as told
        from clicks order by click_id desc limit 1";
    let mut conn = app.store.read().await.unwrap();
    let found: Option<(i64, String)> = match conn.driver() {
        Driver::Sqlite(c) => sqlx::query_as(text).fetch_optional(c).await.unwrap(),
        Driver::Postgres(c) => sqlx::query_as(text).fetch_optional(c).await.unwrap(),
    };
    found.unwrap_or_default()
}

/// An answer as text: status, every header but the date, ids replaced by what they are.
fn told(answer: &Answer) -> Vec<String> {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let mut lines: Vec<String> =
        headers.map(|(name, value)| format!("  {name}: {}\n", plain(value.to_str().unwrap()))).collect();
    lines.sort();
    let body = if answer.text.is_empty() { "empty".to_owned() } else { format!("{:?}", answer.text) };
    lines.insert(0, format!("  {}, body {body}\n", answer.status));
    lines
}

/// The contract as text: first what all answers have in common, then what each has besides.
fn written(cases: &[(String, Vec<String>)]) -> String {
    let is_common = |line: &String| cases.iter().all(|(_, lines)| lines.contains(line));
    let common: String = cases[0].1.iter().filter(|line| is_common(line)).cloned().collect();
    let mut text = format!("every answer\n{common}");
    for (name, lines) in cases {
        let own: String = lines.iter().filter(|line| !is_common(line)).cloned().collect();
        write!(text, "\n{name}\n{own}").unwrap();
    }
    text
}

/// Tokens and campaign ids, which differ from run to run.
fn plain(value: &str) -> String {
    let mut text = String::new();
    for part in value.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let word = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let rest = &part[word.len()..];
        let is_id = word.chars().all(|letter| letter.is_ascii_digit() || letter.is_ascii_lowercase());
        match word.len() {
            44 if is_id => text += "{click id}",
            13 if is_id => text += "{id}",
            _ => text += word,
        }
        text += rest;
    }
    text
}

async fn ask(app: &TestApp, method: &str, path: &str, headers: Headers, address: &str) -> Answer {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut all = HeaderMap::new();
    all.insert("x-forwarded-for", address.parse().unwrap());
    for (name, value) in headers {
        all.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = client.request(method, format!("{}{path}", app.url)).headers(all);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn every_request_gets_what_the_table_says() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let path = link(&app, publisher, live.campaign).await;
        let mut cases = Vec::new();
        for (number, (name, method, query, headers)) in CASES.iter().enumerate() {
            // The first two are one visitor's.
            let address = if number == 0 { "203.0.113.9".to_owned() } else { format!("198.51.{number}.1") };
            let before = newest(&app).await.0;
            let answer = ask(&app, method, &format!("{path}{query}"), headers, &address).await;
            let (clicks, stored) = newest(&app).await;
            let stored = if clicks == before { "nothing" } else { &stored };
            assert!(clicks - before <= 1, "{name}");
            let has_id = answer.location().contains("click_id=");
            assert_eq!(has_id, answer.headers.contains_key("set-cookie"), "{name}: id and cookie go together");
            let mut lines = told(&answer);
            lines.push(format!("  stored: {stored}\n"));
            cases.push((format!("{method}: {name}"), lines));
        }
        let unknown = ask(&app, "GET", "/c/AAAAAAAAAA", &[AGENT, DOCUMENT, PRESSED], "198.51.99.1").await;
        cases.push(("GET: an unknown slug".to_owned(), told(&unknown)));
        insta::assert_snapshot!("contract", written(&cases), "what each kind of request gets");
        app.stop().await;
    }
}

/// Beyond 300 clicks a minute from one address and browser a click goes on and may convert, but does not count.
#[tokio::test]
async fn a_flood_is_led_on_and_does_not_count() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let path = link(&app, publisher, live.campaign).await;
        for number in 1..=301 {
            let answer = ask(&app, "GET", &path, &[AGENT, DOCUMENT, PRESSED], "203.0.113.9").await;
            assert!(answer.location().contains("click_id="), "{number}");
            let expected = match number {
                1 => "valid (no reason)",
                301 => "invalid flood",
                _ => "duplicate (no reason)",
            };
            assert!(newest(&app).await.1.starts_with(expected), "{kind:?} {number}: {}", newest(&app).await.1);
        }
        app.stop().await;
    }
}

/// Sent on without id and cookie, and stored with the reason; the publisher reads it.
async fn is_inactive(world: &World, reason: &str) {
    let answer = ask(&world.app, "GET", &world.a_w, &[AGENT, DOCUMENT, PRESSED], "203.0.113.77").await;
    assert_eq!((answer.status, answer.location()), (302, "https://shop.example/welcome"), "{reason}");
    assert!(!answer.headers.contains_key("set-cookie"), "{reason}");
    assert!(newest(&world.app).await.1.starts_with(&format!("invalid {reason},")), "{}", newest(&world.app).await.1);
    let page = world.publisher_a.get("/publisher/reports").await.plain();
    assert!(page.contains(reason), "{page}");
}

async fn act(browser: &Browser, path: &str, action: &str, contains: &str, entered: &[(&str, &str)]) {
    let page = browser.act(path, action, contains, entered).await;
    assert_eq!(page.status, 200, "{}", page.plain());
}

#[tokio::test]
async fn what_is_not_active_leads_on_without_an_id() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let page = world.publisher_a.get("/publisher/links").await;
        let rows = page.text.split("<tr").find(|row| row.contains(&world.a_w)).expect("the link is listed");
        let link = crate::page::between(rows, "href=\"/publisher/links/", "\"").unwrap().to_owned();
        let path = format!("/publisher/links/{link}");
        act(&world.publisher_a, &path, "/api/pause_link", "", &[]).await;
        is_inactive(&world, "link_inactive").await;
        act(&world.publisher_a, &path, "/api/resume_link", "", &[]).await;

        let campaign = format!("/advertiser/campaigns/{}", world.w);
        act(&world.advertiser, &campaign, "/api/pause_campaign", "", &[]).await;
        is_inactive(&world, "campaign_inactive").await;
        act(&world.advertiser, &campaign, "/api/resume_campaign", "", &[]).await;

        let parties = world.admin.get("/admin/parties").await;
        let row = parties.text.split("<tr").find(|row| row.contains("Garden Letters")).unwrap();
        let suspend = crate::page::forms(row).into_iter().find(|form| form.text.contains("suspended")).unwrap();
        world.admin.fill(&suspend, &[("reason", "Asked to wait.")]).await;
        is_inactive(&world, "publisher_inactive").await;
        world.app.stop().await;
    }
}

#[tokio::test]
async fn an_opt_out_is_respected_or_only_recorded_and_the_network_says_which() {
    for kind in Kind::all() {
        let app = TestApp::start_recording_opt_outs(kind).await;
        let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (reader, publisher) = publisher(&app, "Garden Letters").await;
        let path = link(&app, publisher, live.campaign).await;
        let opted_out: Headers = &[AGENT, DOCUMENT, PRESSED, ("sec-gpc", "1")];
        let answer = ask(&app, "GET", &path, opted_out, "203.0.113.1").await;
        assert!(answer.location().contains("click_id=") && answer.headers.contains_key("set-cookie"));
        assert_eq!(newest(&app).await.1, "valid (no reason), gesture, consent opted_out, visitor");
        let denied = ask(&app, "GET", &format!("{path}?cons=0"), opted_out, "203.0.113.1").await;
        assert!(!denied.location().contains("click_id=") && !denied.headers.contains_key("set-cookie"));
        for page in ["/publisher", "/publisher/reports"] {
            let told = reader.get(page).await.plain();
            assert!(told.contains("without consent (cannot earn)"), "{page}: {told}");
        }
        let statement = app.browser().get("/.well-known/gpc.json").await;
        assert_eq!(statement.headers["content-type"], "application/json");
        assert!(statement.text.contains("\"gpc\":false"), "{}", statement.text);
        app.stop().await;
        let app = TestApp::start(kind).await;
        assert!(app.browser().get("/.well-known/gpc.json").await.text.contains("\"gpc\":true"));
        app.stop().await;
    }
}
