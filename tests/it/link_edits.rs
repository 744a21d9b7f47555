//! Links that are changed, built by hand, or made beside one of the same name.

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::ids::LinkId;
use tallystick::store::clicks;
use tallystick::store::links::{self, NewLink};

use crate::fixtures::{live_campaign, publisher};
use crate::links::{apply, create, links_of};
use crate::members::PASSWORD;
use crate::shop::Visitor;
use crate::support::{Kind, TestApp};

/// A taken slug does not end the transaction: the next one is tried.
#[tokio::test]
async fn a_taken_slug_gives_way_to_another() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (browser, publisher_id) = publisher(&app, "Garden Letters").await;
        apply(&browser, boots.campaign, "1").await;
        let taken = links_of(&app, publisher_id).await[0].slug.parse().unwrap();
        let link = NewLink {
            link_id: app.environment.new_id(LinkId),
            slug: taken,
            campaign_id: boots.campaign,
            publisher_id,
            is_default: false,
            name: "Second",
            destination: "",
            sub_ids: &Default::default(),
            at: app.environment.now(),
        };
        let mut w = app.store.write().await.unwrap();
        assert!(links::insert(&mut w, &link).await.unwrap_err().is_refused_by("links_slug_key"));
        links::insert_with_new_slug(&mut w, link, || "freeSlug01".parse().unwrap()).await.unwrap();
        w.commit().await.unwrap();
        assert_eq!(links_of(&app, publisher_id).await[0].slug, "freeSlug01");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_link_is_changed_ends_and_leads_to_its_fallback() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (browser, publisher_id) = publisher(&app, "Garden Letters").await;
        apply(&browser, boots.campaign, "1").await;
        let link = links_of(&app, publisher_id).await.remove(0);
        let (id, slug) = (link.link_id.to_string(), format!("/c/{}", link.slug));
        let edit = format!("/publisher/links/{id}/edit");
        let save = async |fields: &[(&str, &str)]| browser.act(&edit, "/api/update_link", &id, fields).await.text;

        for (field, value, problem) in [
            ("last_day", "2026-03-01", "2026-03-01 is over already"),
            ("last_day", "tomorrow", "Enter a day"),
            ("fallback", "https://evil.example/", "Allowed hosts: shop.example"),
            ("tags", &"x".repeat(33), "at most 32 characters"),
            ("name", "", "1 to 80 characters"),
            ("sub3", &"x".repeat(256), "at most 255 bytes"),
        ] {
            let others = [("name", "Footer"), ("destination", "https://shop.example/a")];
            let others = others.into_iter().filter(|(name, _)| *name != field);
            let all: Vec<_> = others.chain([(field, value)]).collect();
            let page = save(&all).await;
            assert!(page.contains(problem) && page.contains("https://shop.example/a"), "{problem} in {page}");
        }
        let fields = [
            ("name", "Footer"),
            ("destination", "https://shop.example/{sub2}?c={colour}"),
            ("sub2", "boots"),
            ("last_day", "2026-03-03"),
            ("fallback", "https://www.shop.example/sale"),
            ("tags", "Spring, newsletter"),
        ];
        let page = save(&fields).await;
        for part in ["Your link is changed.", "{colour} is no macro", "2026-03-03", "www.shop.example/sale"] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(page.contains("newsletter, spring"), "{page}");
        let warned = browser.get(&edit).await.text;
        assert!(warned.contains("{colour} is no macro of this network") && warned.contains("value=\"2026-03-03\""));
        let stale = [("version", "1"), ("name", "Late")];
        assert!(save(&stale).await.contains("It was changed in the meantime"));

        create(&browser, boots.campaign, "Other", "", "").await;
        let spring = browser.get("/publisher/links?tag=spring").await.text;
        assert!(spring.contains("Footer") && !spring.contains(">Other<"), "{spring}");
        assert!(browser.get("/publisher/links?tag=none").await.text.contains("No link has the tag none"));
        let (other, _) = publisher(&app, "City Notes").await;
        assert!(!other.get("/publisher/links?tag=spring").await.text.contains("Footer"));

        let visitor = Visitor::new(&app, 1);
        let click = visitor.click(&slug).await;
        assert!(click.answer.location().starts_with("https://shop.example/boots?c={colour}&click_id="));
        app.clock.set("2026-03-03T23:59:59.999Z");
        visitor.click(&slug).await;
        app.clock.set("2026-03-04T00:00:00Z");
        let over = visitor.ask(&slug, &[("sec-fetch-dest", "document")]).await;
        assert_eq!((over.status, over.location()), (302, "https://www.shop.example/sale"));
        assert!(over.headers.get("set-cookie").is_none());
        let crawler = [("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")];
        assert_eq!(visitor.ask(&slug, &crawler).await.location(), "https://shop.example/welcome");
        let log_in = [("email", "garden.letters@parties.example"), ("password", PASSWORD)];
        browser.submit("/api/log_in", &log_in).await;
        let list = browser.get("/publisher/links").await;
        assert!(list.location().is_empty() && list.text.contains("Its last day is over."), "{}", list.text);
        let report = browser.get("/publisher/reports?range=all").await.text;
        assert!(report.contains("link_expired"), "{report}");
        app.stop().await;
    }
}

/// A link built by hand needs nothing but a campaign and a publisher; other networks' names of sub ids are read.
#[tokio::test]
async fn a_link_built_by_hand_carries_everything_in_its_address() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let boots = live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        apply(&browser, boots.campaign, "1").await;
        let default = links_of(&app, id).await.remove(0).link_id;
        let (by_hand, visitor) = (format!("/c/{}/{id}", boots.campaign), Visitor::new(&app, 1));
        let long = "%41".repeat(256);
        for (query, expected) in [
            ("sub1=a&sub2=b&sub3=c&sub4=d&sub5=e", [Some("a"), Some("b"), Some("c"), Some("d"), Some("e")]),
            ("s1=a&clickref2=b&fobs3=c&aff_sub4=d&s5=e", [Some("a"), Some("b"), Some("c"), Some("d"), Some("e")]),
            ("clickref=a&subId2=b&subId3=c", [Some("a"), Some("b"), Some("c"), None, None]),
            ("sub1=a%0d%0aX:%20y&s2=%22%3Cb%3E", [Some("a\r\nX: y"), Some("\"<b>"), None, None, None]),
            (
                &format!("sub1={long}&sub2=%00&sub3=%C3%A4%F0%9F%92%A9"),
                [None, None, Some("\u{e4}\u{1f4a9}"), None, None],
            ),
        ] {
            let deep = "url=https%3A%2F%2Fwww.shop.example%2Fx%3Fa%3D%7Bsub1%7D";
            let click = visitor.click(&format!("{by_hand}?{query}&{deep}")).await;
            let location = click.answer.location();
            assert!(location.starts_with("https://www.shop.example/x?a="), "{query}: {location}");
            assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{query}: {location}");
            assert!(click.answer.headers.get("x").is_none(), "{query}");
            let token = ClickToken::read(&click.id).unwrap();
            let mut conn = app.store.read().await.unwrap();
            let stored = clicks::find(&mut conn, token.click_id).await.unwrap().unwrap();
            drop(conn);
            assert_eq!(stored.sub_ids.0.each_ref().map(Option::as_deref), expected, "{query}");
            assert_eq!((stored.link_id, stored.is_deep_link_rejected), (default, false));
        }
        for name in ["url", "u", "ued"] {
            let evil = visitor.click(&format!("{by_hand}?{name}=https%3A%2F%2Fevil.example")).await;
            assert!(evil.answer.location().starts_with("https://shop.example/welcome?click_id="), "{name}");
        }
        app.stop().await;
    }
}
