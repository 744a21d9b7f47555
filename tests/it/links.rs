//! Finding campaigns, joining them, making links: what a publisher does, over HTTP as a page without scripts does it.

use tallystick::domain::campaign::{ApprovalMode, CampaignState};
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::ids::{CampaignId, MemberId, PublisherId};
use tallystick::store::links::{self, Link};
use tallystick::store::{campaigns, enrollments, terms};

use crate::fixtures::{decide, live_campaign, publisher, set_state, terms_of};
use crate::members::sign_up;
use crate::support::{Answer, Browser, Kind, TestApp};

pub async fn apply(browser: &Browser, campaign: CampaignId, version: &str) -> Answer {
    let id = campaign.to_string();
    let fields = [("campaign_id", id.as_str()), ("terms_version", version), ("accepted", "true")];
    browser.submit("/api/apply_to_campaign", &fields).await
}

pub async fn create(browser: &Browser, campaign: CampaignId, name: &str, destination: &str, sub1: &str) -> Answer {
    let id = campaign.to_string();
    let fields = [
        ("campaign_id", id.as_str()),
        ("name", name),
        ("destination", destination),
        ("sub1", sub1),
        ("sub2", ""),
        ("sub3", ""),
        ("sub4", ""),
        ("sub5", ""),
    ];
    browser.submit("/api/create_link", &fields).await
}

pub async fn links_of(app: &TestApp, publisher: PublisherId) -> Vec<Link> {
    links::list_of_publisher(&mut app.store.read().await.unwrap(), publisher, 100).await.unwrap()
}

#[tokio::test]
async fn the_directory_shows_live_campaigns_to_everybody() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let visitor = app.browser();
        assert!(visitor.get("/campaigns").await.text.contains("No campaign is live yet"));
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Manual).await;
        let coats = live_campaign(&app, "Übermäntel 100%", ApprovalMode::Manual).await;
        let text = visitor.get("/campaigns").await.text;
        for part in ["Winter boots", "Owner of Winter boots", "10 %", "2.50 EUR", "7 days", "30 days", "Outdoor"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        for (words, finds_boots, finds_coats) in [
            ("WINTER", true, false),
            ("owner+of", true, true),
            ("%C3%9Cber", false, true),
            ("100%25", false, true),
            ("0_%25", false, false),
            ("outdoor", true, true),
            ("nothing+such", false, false),
        ] {
            let text = visitor.get(&format!("/campaigns?q={words}")).await.text;
            assert_eq!(text.contains("Winter boots"), finds_boots, "{words}");
            assert_eq!(text.contains("Übermäntel"), finds_coats, "{words}");
        }
        let older = visitor.get(&format!("/campaigns?before={}", coats.campaign)).await.text;
        assert!(older.contains("Winter boots") && !older.contains("Übermäntel"));

        let page = format!("/campaigns/{}", boots.campaign);
        let text = visitor.get(&page).await.text;
        for part in
            ["10 % of a sale", "10 % of a 80.00 EUR order = 8.00 EUR", "No &lt;b&gt;pop-ups&lt;/b&gt;.", "/sign-up"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains("www.shop.example") && !text.contains("apply_to_campaign"));
        set_state(&app, boots.campaign, CampaignState::Paused).await;
        assert!(visitor.get(&page).await.text.contains("has paused this campaign"));
        assert!(!visitor.get("/campaigns").await.text.contains("Winter boots"));
        set_state(&app, boots.campaign, CampaignState::Closing).await;
        assert!(visitor.get(&page).await.text.contains("This campaign is closing"));
        for state in [CampaignState::Draft, CampaignState::Submitted, CampaignState::Declined, CampaignState::Closed] {
            set_state(&app, boots.campaign, state).await;
            assert_eq!(visitor.get(&page).await.status, 404, "{state}");
        }
        assert_eq!(visitor.get("/campaigns/0000000000000").await.status, 404);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_publisher_accepts_the_terms_applies_and_gets_its_default_link() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Manual).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        assert!(browser.get("/publisher/campaigns").await.text.contains("You have joined no campaign yet"));
        let page = browser.get(&format!("/campaigns/{}", boots.campaign)).await.text;
        assert!(page.contains("I accept the terms") && page.contains("name=\"terms_version\" value=\"1\""));

        let campaign = boots.campaign.to_string();
        let unticked = [("campaign_id", campaign.as_str()), ("terms_version", "1")];
        let refused = browser.submit("/api/apply_to_campaign", &unticked).await.text;
        assert!(refused.contains("tick the box"), "{refused}");
        let other = apply(&browser, boots.campaign, "2").await.text;
        assert!(other.contains("The terms have changed in the meantime: read version 1"), "{other}");
        assert!(links_of(&app, id).await.is_empty());

        let applied = apply(&browser, boots.campaign, "1").await.text;
        assert!(
            applied.contains("You have applied to Winter boots.") && applied.contains("Applied on 2 Mar 2026, 10:00")
        );
        let [link] = &links_of(&app, id).await[..] else { panic!("one link") };
        assert!(link.is_default && link.destination.is_empty() && link.slug.len() == 10);
        let mut conn = app.store.read().await.unwrap();
        let enrollment = enrollments::find(&mut conn, id, boots.campaign).await.unwrap().unwrap();
        drop(conn);
        assert_eq!((enrollment.default_link_id, enrollment.terms_version), (link.link_id, 1));
        let again = apply(&browser, boots.campaign, "1").await.text;
        assert!(again.contains("You have applied already: the advertiser decides."), "{again}");

        app.clock.advance_ms(60_000);
        decide(&app, id, boots.campaign, EnrollmentState::Declined, "too few readers").await;
        let list = browser.get("/publisher/campaigns").await.text;
        assert!(list.contains("Declined on 2 Mar 2026, 10:01: Too few readers."), "{list}");
        assert!(browser.get("/publisher/links").await.text.contains("you are not in the campaign"));
        let applied = apply(&browser, boots.campaign, "1").await.text;
        assert!(applied.contains("Applied on 2 Mar 2026, 10:01."), "{applied}");
        decide(&app, id, boots.campaign, EnrollmentState::Approved, "").await;
        assert!(browser.get("/publisher/campaigns").await.text.contains("Joined on 2 Mar 2026, 10:01."));
        assert!(apply(&browser, boots.campaign, "1").await.text.contains("You are in this campaign already."));
        assert_eq!(links_of(&app, id).await.len(), 1, "the default link stays");
        app.stop().await;
    }
}

#[tokio::test]
async fn approval_may_be_automatic_and_only_the_newest_terms_can_be_accepted() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        let mut w = app.store.write().await.unwrap();
        let mut campaign = campaigns::get(&mut w, boots.campaign).await.unwrap();
        campaign.terms_version = 2;
        let terms = terms_of(&app, boots.campaign, 2);
        terms::insert(&mut w, &terms, MemberId(1), app.environment.now()).await.unwrap();
        campaigns::update(&mut w, &campaign).await.unwrap();
        w.commit().await.unwrap();
        assert!(apply(&browser, boots.campaign, "1").await.text.contains("read version 2"));

        let joined = apply(&browser, boots.campaign, "2").await.text;
        let slug = &links_of(&app, id).await[0].slug;
        assert!(joined.contains("You are in Winter boots.") && joined.contains(&format!("/c/{slug}")), "{joined}");
        let by_hand = format!("/c/{}/{id}", boots.campaign);
        assert!(joined.contains(&by_hand), "{by_hand} in {joined}");
        decide(&app, id, boots.campaign, EnrollmentState::Ended, "bids on our name").await;
        apply(&browser, boots.campaign, "2").await;
        let mut conn = app.store.read().await.unwrap();
        let again = enrollments::find(&mut conn, id, boots.campaign).await.unwrap().unwrap();
        assert_eq!(again.state, EnrollmentState::Applied, "whoever was put out is looked at again");
        drop(conn);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_link_leads_to_the_campaigns_hosts_only() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        assert!(browser.get("/publisher/links/new").await.text.contains("Join a campaign first"));
        apply(&browser, boots.campaign, "1").await;

        for foreign in ["https://evil.example/", "javascript:alert(1)", "https://shop.example@evil.example/", "boots"] {
            let page = create(&browser, boots.campaign, "Footer", foreign, "<mine>").await;
            assert_eq!(page.status, 200);
            assert!(page.text.contains("Allowed hosts: shop.example, www.shop.example."), "{}", page.text);
            assert!(page.text.contains("value=\"Footer\"") && page.text.contains("&lt;mine&gt;"), "{}", page.text);
        }
        for (name, sub1, problem) in [("", "", "1 to 80 characters"), ("Footer", &"x".repeat(256), "at most 255 bytes")]
        {
            assert!(create(&browser, boots.campaign, name, "", sub1).await.text.contains(problem));
        }
        assert_eq!(links_of(&app, id).await.len(), 1);

        let deep = "https://www.shop.example/boots?from={sub1}&x={colour}";
        let page = create(&browser, boots.campaign, "Footer <of> May", deep, "spring").await.text;
        assert!(page.contains("Your link is ready.") && page.contains("{colour} is no macro"), "{page}");
        let link = links_of(&app, id).await.remove(0);
        assert_eq!((link.destination.as_str(), link.subs.sub1.as_deref()), (deep, Some("spring")));
        assert_eq!((link.is_default, link.subs.sub2), (false, None));
        let url = format!("http://localhost:{}/c/{}", app.url.rsplit(':').next().unwrap(), link.slug);
        assert!(page.contains(&url), "{url} in {page}");
        let list = browser.get("/publisher/links").await.text;
        assert!(list.contains(&url) && list.contains("Footer &lt;of&gt; May") && list.contains("Default link"));

        decide(&app, id, boots.campaign, EnrollmentState::Ended, "").await;
        let page = create(&browser, boots.campaign, "Header", "", "").await.text;
        assert!(page.contains("once the advertiser has approved you"), "{page}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_link_is_its_publishers_alone() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (a, a_id) = publisher(&app, "Garden Letters").await;
        let (b, _) = publisher(&app, "City Notes").await;
        apply(&a, boots.campaign, "1").await;
        let link = links_of(&app, a_id).await.remove(0);
        let (id, page) = (link.link_id.to_string(), format!("/publisher/links/{}", link.link_id));

        let missing = "/publisher/links/0000000000000";
        assert_eq!((b.get(&page).await.status, b.get(missing).await.status), (404, 404));
        assert!(!b.get("/publisher/links").await.text.contains(&link.slug));
        for function in ["/api/pause_link", "/api/resume_link"] {
            let theirs = b.post(function, &[("link_id", &id)]).await;
            let none = b.post(function, &[("link_id", "0000000000000")]).await;
            assert_eq!((theirs.status, theirs.location(), &theirs.text), (none.status, none.location(), &none.text));
            assert!(theirs.status >= 300);
        }
        let created = b.post("/api/create_link", &[("campaign_id", &boots.campaign.to_string()), ("name", "x")]).await;
        assert!(created.status >= 300);
        assert!(links_of(&app, a_id).await[0].is_active);

        let paused = a.submit("/api/pause_link", &[("link_id", &id)]).await.text;
        assert!(paused.contains("status-paused") && paused.contains("The link is paused"), "{paused}");
        assert!(!links_of(&app, a_id).await[0].is_active);
        let resumed = a.submit("/api/resume_link", &[("link_id", &id)]).await.text;
        assert!(resumed.contains("status-live") && links_of(&app, a_id).await[0].is_active, "{resumed}");
        assert_eq!(app.browser().get(&page).await.location(), "/log-in");
        assert_eq!(boots.browser.get(&page).await.status, 403);
        app.stop().await;
    }
}

#[tokio::test]
async fn who_is_not_admitted_sees_everything_and_is_told_what_to_wait_for() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let browser = sign_up(&app, "publisher", "Garden Letters").await;
        const WAITS: &str = "The network still looks at your application.";
        for page in [&format!("/campaigns/{}", boots.campaign), "/publisher/links/new"] {
            let answer = browser.get(page).await;
            assert_eq!(answer.status, 200);
            assert!(answer.text.contains(WAITS) && !answer.text.contains("name=\"campaign_id\""), "{}", answer.text);
        }
        assert!(apply(&browser, boots.campaign, "1").await.text.contains(WAITS));
        assert!(create(&browser, boots.campaign, "Footer", "", "").await.text.contains(WAITS));
        let anybody =
            app.browser().post("/api/apply_to_campaign", &[("campaign_id", "x"), ("terms_version", "1")]).await;
        assert_ne!(anybody.status, 200);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_to_copy_stands_in_an_input_without_scripts() {
    let app = TestApp::start(Kind::Sqlite).await;
    let boots = live_campaign(&app, "Boots & [coats]", ApprovalMode::Automatic).await;
    let (browser, _) = publisher(&app, "Garden Letters").await;
    let page = apply(&browser, boots.campaign, "1").await.text;
    let copies: Vec<&str> =
        page.split("class=\"copy\"").skip(1).map(|rest| rest.split("</div>").next().unwrap()).collect();
    assert_eq!(copies.len(), 4, "link, HTML, Markdown, by hand");
    for copy in &copies {
        assert!(
            copy.contains("<input readonly") && copy.contains("hidden") && copy.contains("role=\"status\""),
            "{copy}"
        );
    }
    assert!(copies[1].contains("rel=&quot;sponsored&quot;&gt;Boots &amp;amp; [coats]&lt;/a&gt;"), "{}", copies[1]);
    assert!(copies[2].contains("[Boots &amp; \\[coats\\]](http://localhost"), "{}", copies[2]);
    app.stop().await;
}
