//! Creatives: files become banners or are refused with a reason, banners are served, their clicks and orders are told.

use tallystick::domain::campaign::{ApprovalMode, CampaignState};
use tallystick::domain::ids::{CreativeId, PublisherId};
use tallystick::store::{clicks, creatives};

use crate::fixtures::{LiveCampaign, live_campaign, publisher, set_state};
use crate::shop::{Shop, Visitor};
use crate::support::{Answer, Browser, Kind, TestApp};
use crate::tracking::link;

/// One point.
pub const PNG: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\
\x08\x02\x00\x00\x00\x90\x77\x53\xde\x00\x00\x00\x0c\x49\x44\x41\x54\x78\x9c\x63\x38\x21\x27\x07\
\x00\x02\xb6\x01\x05\x34\xa6\x75\xaa\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// A banner's file with stripes.
fn banner(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &[0, 0, 0, 200, 30, 30]).unwrap();
    let points = (0..usize::from(width) * usize::from(height)).map(|point| (point / 7 % 2) as u8).collect::<Vec<_>>();
    encoder.write_frame(&gif::Frame::from_indexed_pixels(width, height, points, None)).unwrap();
    drop(encoder);
    bytes
}

async fn upload(browser: &Browser, campaign: &LiveCampaign, file: (&str, &str, &[u8])) -> Answer {
    let id = campaign.campaign.to_string();
    let fields = [("campaign_id", id.as_str()), ("name", "Spring"), ("words", "Boots <now>"), ("destination", "")];
    let answer = browser.upload("/creatives/upload", &fields, file).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    browser.get(answer.location()).await
}

async fn newest(app: &TestApp, campaign: &LiveCampaign) -> Option<creatives::Creative> {
    let mut conn = app.store.read().await.unwrap();
    let list = creatives::list_of_advertiser(&mut conn, campaign.advertiser, campaign.campaign, 10).await.unwrap();
    list.into_iter().next()
}

async fn log_in_again(browser: &Browser, email: &str) {
    browser.submit("/api/log_in", &[("email", email), ("password", crate::members::PASSWORD)]).await;
}

#[tokio::test]
async fn a_file_that_is_no_banner_is_refused_and_nothing_is_lost() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let polyglot = [&banner(300, 250)[..], b"/*<script>alert(1)</script>*/"].concat();
        let huge = vec![0x41; 20 * 1_024 * 1_024];
        let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        let files: [(&str, &str, &[u8], &str); 7] = [
            ("a.png", "image/png", &huge, "The file is larger than 2 MiB."),
            ("a.svg", "image/svg+xml", svg, "SVG files can carry scripts"),
            ("a.gif", "image/gif", &polyglot, "Something follows the end of the image"),
            ("a.png", "image/png", &banner(300, 250), "The file is called png and is gif"),
            ("a.gif", "image/gif", &banner(2_001, 10), "The image is 2001 × 10 pixels"),
            ("a.html", "text/html", b"<!doctype html><h1>Hello", "The file is none of PNG, JPEG, WebP and GIF."),
            ("", "application/octet-stream", b"", "Choose a file."),
        ];
        for (name, content_type, bytes, problem) in files {
            let page = upload(&boots.browser, &boots, (name, content_type, bytes)).await.text;
            assert!(page.contains(problem), "{problem} in {page}");
            assert!(page.contains("value=\"Spring\"") && page.contains("value=\"Boots &lt;now&gt;\""), "{page}");
        }
        let id = boots.campaign.to_string();
        for (field, value, problem) in [
            ("name", "", "1 to 80 characters"),
            ("words", "a\nb", "on one line"),
            ("destination", "https://evil.example/", "Allowed hosts: shop.example"),
        ] {
            let all = [("campaign_id", id.as_str()), ("name", "Spring"), ("words", "Boots"), ("destination", "")];
            let all = all.map(|(name, own)| (name, if name == field { value } else { own }));
            let answer = boots.browser.upload("/creatives/upload", &all, ("a.png", "image/png", PNG)).await;
            assert!(boots.browser.get(answer.location()).await.text.contains(problem), "{problem}");
            let answer = boots.browser.submit("/api/create_text_creative", &all).await.text;
            assert!(answer.contains(problem), "{problem} in {answer}");
        }
        assert!(newest(&app, &boots).await.is_none());
        let larger = vec![0x41; 33 * 1_024 * 1_024];
        let fields = [("campaign_id", id.as_str())];
        let answer = boots.browser.client.post(format!("{}/creatives/upload", app.url));
        let answer = answer.header("sec-fetch-site", "same-origin").header("content-length", larger.len());
        assert!(answer.body(larger).send().await.map_or(true, |answer| answer.status() == 413));
        let anybody = app.browser().upload("/creatives/upload", &fields, ("a.png", "image/png", PNG)).await;
        assert_eq!(anybody.status, 401);
        let no_parts = boots.browser.post("/creatives/upload", &fields).await;
        assert_eq!(no_parts.status, 404);
        app.stop().await;
    }
}

/// A banner's click, its order, its figures; paused it is nothing to see, and its link still counts.
#[tokio::test]
async fn a_banner_is_served_clicked_and_paused() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let coats = live_campaign(&app, "Coats", ApprovalMode::Automatic).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        let link = link(&app, id, boots.campaign).await;
        let file = banner(300, 250);
        let page = upload(&boots.browser, &boots, ("a.gif", "image/gif", &file)).await.text;
        assert!(page.contains("The banner is ready") && page.contains("300 × 250"), "{page}");
        let creative = newest(&app, &boots).await.unwrap();
        let place = format!("/i/{}/{id}", creative.creative_id);

        let code = browser.get(&format!("/publisher/creatives?campaign={}&sub1=head", boots.campaign)).await.text;
        let code = crate::page::unescape(&crate::page::unescape(&code));
        let click = format!("/c/{}/{id}?creative={}", boots.campaign, creative.creative_id);
        for part in [format!("{}{click}&sub1=head", app.url), format!("src=\"{}{place}\" width=\"300\"", app.url)] {
            assert!(code.contains(&part), "{part} in {code}");
        }

        let visitor = Visitor::new(&app, 1);
        let shown = app.browser().client.get(format!("{}{place}", app.url)).send().await.unwrap();
        let headers = shown.headers().clone();
        for (name, value) in [
            ("content-type", "image/gif"),
            ("cache-control", "public, max-age=300"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("creative-state", "live"),
        ] {
            assert_eq!(headers[name], value);
        }
        assert!(headers.get("set-cookie").is_none());
        let image = shown.bytes().await.unwrap();
        let decoder = gif::DecodeOptions::new().read_info(&image[..]).unwrap();
        assert_eq!((decoder.width(), decoder.height()), (300, 250));
        let etag = headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(visitor.ask(&place, &[("if-none-match", &etag)]).await.status, 304);

        let clicked = visitor.click(&format!("{click}&sub1=head")).await;
        let stranger = visitor.click(&format!("/c/{}/{id}?creative={}", boots.campaign, CreativeId(77))).await;
        let saved = visitor.click(&format!("{link}?creative={}", creative.creative_id)).await;
        assert_eq!(creative_of(&app, &clicked.id).await, Some(creative.creative_id));
        assert_eq!(creative_of(&app, &saved.id).await, Some(creative.creative_id));
        assert_eq!(creative_of(&app, &stranger.id).await, None);
        let shop = Shop::new(&app, &boots.campaign.to_string());
        let query = format!("click_id={}&order_id=A1&amount=50.00&currency=EUR", clicked.id);
        assert_eq!(shop.report(&app, &query).await.status, 201);
        let report = browser.get("/reports.csv?as=publisher&by=creative&range=all").await.text;
        let row = report.lines().find(|line| line.starts_with("Spring,")).unwrap_or_else(|| panic!("{report}"));
        assert!(row.starts_with(&format!("Spring,{},2,", creative.creative_id)) && row.contains("EUR,0,1,"), "{row}");
        let list = boots.browser.get(&format!("/advertiser/campaigns/{}/creatives", boots.campaign)).await.plain();
        assert!(list.contains("live 2 1 Edit Pause"), "{list}");

        let own = creative.creative_id.to_string();
        let paused = [("creative_id", own.as_str())];
        assert_eq!(coats.browser.post("/api/pause_creative", &paused).await.status, 302);
        assert!(newest(&app, &boots).await.unwrap().is_active, "it is nobody else's to pause");
        assert!(boots.browser.submit("/api/pause_creative", &paused).await.text.contains("The creative is paused"));
        fallback(&app, &place, (300, 250)).await;
        assert_eq!(creative_of(&app, &visitor.click(&click).await.id).await, Some(creative.creative_id));
        assert!(!browser.get("/publisher/creatives").await.text.contains("Spring"));
        assert_eq!(boots.browser.get(&format!("/creatives/{}/image", creative.creative_id)).await.status, 200);
        boots.browser.submit("/api/resume_creative", &paused).await;
        assert_eq!(visitor.ask(&place, &[]).await.headers["creative-state"], "live");
        set_state(&app, boots.campaign, CampaignState::Paused).await;
        fallback(&app, &place, (300, 250)).await;
        for missing in
            [format!("/i/{}/{id}", CreativeId(77)), format!("/i/{}/{}", creative.creative_id, PublisherId(1))]
        {
            assert_eq!(visitor.ask(&missing, &[]).await.status, 404, "{missing}");
        }
        app.stop().await;
    }
}

async fn creative_of(app: &TestApp, token: &str) -> Option<CreativeId> {
    let token = tallystick::domain::click_token::ClickToken::read(token).unwrap();
    clicks::find(&mut app.store.read().await.unwrap(), token.click_id).await.unwrap().unwrap().creative_id
}

/// Nothing to see, of the same size.
async fn fallback(app: &TestApp, place: &str, size: (u16, u16)) {
    let shown = app.browser().client.get(format!("{}{place}", app.url)).send().await.unwrap();
    assert_eq!((shown.status().as_u16(), &shown.headers()["creative-state"]), (200, &"paused".parse().unwrap()));
    let image = shown.bytes().await.unwrap();
    let mut decoder = gif::DecodeOptions::new().read_info(&image[..]).unwrap();
    assert_eq!((decoder.width(), decoder.height()), size);
    let frame = decoder.read_next_frame().unwrap().unwrap();
    assert_eq!(frame.transparent, Some(frame.buffer[0]), "the one point is transparent");
}

/// Words lead where their creative leads, unless the link says otherwise.
#[tokio::test]
async fn a_text_link_leads_where_its_advertiser_says() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        link(&app, id, boots.campaign).await;
        let campaign = boots.campaign.to_string();
        let fields = [
            ("campaign_id", campaign.as_str()),
            ("name", "Words"),
            ("words", "Boots & coats"),
            ("destination", "https://www.shop.example/spring?c={creative_id}&k={kind}"),
        ];
        let page = boots.browser.submit("/api/create_text_creative", &fields).await.text;
        assert!(page.contains("The text link is ready") && page.contains("{kind} is no macro"), "{page}");
        let creative = newest(&app, &boots).await.unwrap().creative_id;
        let code = crate::page::unescape(&crate::page::unescape(&browser.get("/publisher/creatives").await.text));
        let click = format!("/c/{campaign}/{id}?creative={creative}");
        assert!(code.contains(&format!("[Boots & coats]({}{click})", app.url)), "{code}");
        let visitor = Visitor::new(&app, 1);
        let led = visitor.click(&click).await;
        let expected = format!("https://www.shop.example/spring?c={creative}&k={{kind}}&click_id={}", led.id);
        assert_eq!(led.answer.location(), expected);
        assert_eq!(visitor.land(&campaign, &led.id).await.status, 201);
        let page = browser.get("/publisher/creatives").await.plain();
        assert!(page.contains("Landed, 30 days: 1 of 1, 100.0 %"), "{page}");
        let deep = visitor.click(&format!("{click}&url=https%3A%2F%2Fshop.example%2Fdeep")).await;
        assert!(deep.answer.location().starts_with("https://shop.example/deep?"));
        let creative = creative.to_string();
        boots.browser.submit("/api/pause_creative", &[("creative_id", &creative)]).await;
        assert!(visitor.click(&click).await.answer.location().starts_with("https://shop.example/welcome?"));
        app.stop().await;
    }
}

/// A change is there at once for clicks and for publishers; two people who change the same do not overwrite each other.
#[tokio::test]
async fn a_creative_is_changed() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        link(&app, id, boots.campaign).await;
        let campaign = boots.campaign.to_string();
        let fields = [("campaign_id", campaign.as_str()), ("name", "Words"), ("words", "Boots"), ("destination", "")];
        boots.browser.submit("/api/create_text_creative", &fields).await;
        let creative = newest(&app, &boots).await.unwrap().creative_id.to_string();
        let click = format!("/c/{campaign}/{id}?creative={creative}");
        let visitor = Visitor::new(&app, 1);
        assert!(visitor.click(&click).await.answer.location().starts_with("https://shop.example/welcome?"));

        let form = format!("/advertiser/campaigns/{campaign}/creatives/{creative}");
        let page = boots.browser.get(&form).await;
        assert!(page.status == 200 && page.text.contains("value=\"Boots\""), "{}", page.text);
        let change = |version: &'static str, words: &'static str, destination: &'static str| {
            let fields = [("creative_id", creative.clone()), ("version", version.into()), ("name", "Spring".into())];
            fields.into_iter().chain([("words", words.to_owned()), ("destination", destination.to_owned())])
        };
        let send = async |fields: Vec<(&'static str, String)>| {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            boots.browser.submit("/api/update_creative", &fields).await.text
        };
        for (words, destination, problem) in [
            ("", "", "The text needs 1 to 200 characters"),
            ("Coats", "https://elsewhere.example/", "elsewhere.example"),
        ] {
            let page = send(change("1", words, destination).collect()).await;
            assert!(page.contains(problem) && page.contains("Edit Words"), "{page}");
        }
        let page = send(change("1", "Coats", "https://shop.example/coats").collect()).await;
        assert!(page.contains("The creative is changed"), "{page}");
        let late = send(change("1", "Socks", "").collect()).await;
        assert!(late.contains("It was changed in the meantime") && late.contains("value=\"Socks\""), "{late}");
        assert!(visitor.click(&click).await.answer.location().starts_with("https://shop.example/coats?"));
        let code = browser.get("/publisher/creatives").await.plain();
        assert!(code.contains("Spring") && code.contains("Coats") && !code.contains("Socks"), "{code}");
        app.stop().await;
    }
}

/// Each host has its own paths, and the session's cookie stays where the pages are.
#[tokio::test]
async fn tracking_may_have_a_host_of_its_own() {
    let app = TestApp::start_apart(Kind::Sqlite).await;
    let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
    let (browser, id) = publisher(&app, "Garden Letters").await;
    let link = link(&app, id, boots.campaign).await;
    let tracking = app.url.replace("localhost", "127.0.0.1");
    let list = browser.get("/publisher/links").await.text;
    assert!(list.contains(&format!("{tracking}{link}")), "{list}");
    let visitor = app.browser();
    let status = async |url: String| visitor.client.get(url).send().await.unwrap();
    assert_eq!(status(format!("{}{link}", app.url)).await.status(), 404);
    let followed = status(format!("{tracking}{link}")).await;
    assert_eq!(followed.status(), 302);
    assert!(followed.headers()["set-cookie"].to_str().unwrap().starts_with("ts_c_"));
    for path in ["/", "/log-in", "/publisher", "/api/log_in", "/reports.csv"] {
        let answer = status(format!("{tracking}{path}")).await;
        assert!(answer.status() == 404 && answer.headers().get("set-cookie").is_none(), "{path}");
    }
    assert_eq!(status(format!("{tracking}/healthz")).await.status(), 200);
    log_in_again(&browser, "garden.letters@parties.example").await;
    app.stop().await;
}
