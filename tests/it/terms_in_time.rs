//! Terms in time: a cut is announced and begins by itself, to the millisecond; what was clicked before keeps what it was
//! promised, whatever happens to be in memory.

use std::cell::Cell;

use sqlx::Connection;
use tallystick::auth::members::Admission;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::ids::{CampaignId, ConversionId, PublisherId};
use tallystick::domain::report::{Basis, Dimension, Reader};
use tallystick::domain::time::{DAY_MS, Day, HOUR_MS, Timestamp};
use tallystick::reports::verify::{told, verify};
use tallystick::store::totals::{Wanted, unique_clicks};
use tallystick::store::{conversions, terms};
use tallystick::tracking::link_cache::LinkCache;

use crate::campaigns::{create, make_live, update};
use crate::fixtures::{decide, party_named};
use crate::gate::{hold_commits, until_waiting};
use crate::members::{PASSWORD, admin, sign_up};
use crate::page::plain;
use crate::receipts::tamper;
use crate::shop::{Shop, Visitor};
use crate::support::{Browser, Kind, TestApp, verified};

/// A live campaign of 10 % per sale, and a publisher in it.
struct Scene {
    app: TestApp,
    advertiser: Browser,
    publisher: Browser,
    campaign: CampaignId,
    shop: Shop,
    /// The publisher's link, built by hand.
    link: String,
}

async fn scene(kind: Kind) -> Scene {
    let app = TestApp::start_with(kind, Admission::Automatic).await;
    let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
    let campaign = create(&app, &advertiser, &[]).await;
    make_live(&app, &advertiser, &admin(&app).await, campaign).await;
    let publisher = sign_up(&app, "publisher", "Garden Letters").await;
    join(&publisher, campaign, "1").await;
    let id = PublisherId(party_named(&app, "Garden Letters").await.0.0);
    decide(&app, id, campaign, EnrollmentState::Approved, "").await;
    let shop = Shop::new(&app, &campaign.to_string());
    Scene { link: format!("/c/{campaign}/{id}"), app, advertiser, publisher, campaign, shop }
}

async fn join(publisher: &Browser, campaign: CampaignId, version: &str) -> String {
    let fields = [("campaign_id", campaign.to_string()), ("terms_version", version.to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    publisher.submit("/api/apply_to_campaign", &[&fields[..], &[("accepted", "true")]].concat()).await.plain()
}

impl Scene {
    /// A click now and its order of 80.00 right after it: the version and the commission.
    async fn earned(&self, number: u8) -> (i64, i64) {
        let click = Visitor::new(&self.app, number).click(&self.link).await;
        self.order(&format!("O{number}"), &click.id).await
    }

    async fn order(&self, order: &str, click: &str) -> (i64, i64) {
        let query = format!("order_id={order}&amount=80.00&currency=EUR&click_id={click}");
        let answer = self.shop.report(&self.app, &query).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let mut conn = self.app.store.read().await.unwrap();
        let found = conversions::find_by_order(&mut conn, self.campaign, "sale", order).await.unwrap().unwrap();
        (found.terms_version, found.commission_minor)
    }

    async fn page(&self, browser: &Browser, path: &str) -> String {
        plain(&browser.get(&path.replace("{}", &self.campaign.to_string())).await.text)
    }

    fn at(&self, at: Timestamp) {
        self.app.clock.set(&at.to_string());
    }
}

#[tokio::test]
async fn an_announced_cut_begins_by_itself_and_earlier_clicks_keep_what_they_were_promised() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, publisher, campaign, .. } = &scene;
        app.clock.advance_ms(HOUR_MS);
        let announced_at = app.environment.now();
        let begin = announced_at.plus_ms(7 * DAY_MS);
        assert_eq!(scene.earned(1).await, (1, 800));
        let said = update(app, advertiser, *campaign, &[("sale_rate", "8"), ("window", "14")]).await;
        assert!(said.contains("Version 2 of the terms cuts a commission"), "{said}");

        let before = Visitor::new(app, 2).click(&scene.link).await;
        assert_eq!(before.max_age_seconds, 604_800, "the longer cookie duration begins with its version, too");
        for page in ["/campaigns/{}", "/advertiser/campaigns/{}"] {
            let browser = if page.starts_with("/adv") { advertiser } else { publisher };
            let page = scene.page(browser, page).await;
            for text in ["version 2", "10 % of a sale", "8 % of a sale", "7 days", "14 days", "Until then", "From then"]
            {
                assert!(page.contains(text), "{text}: {page}");
            }
        }
        assert!(scene.page(publisher, "/publisher").await.contains("One notice is new."));
        let told = "Version 2 of the terms of Winter boots changes what you are promised. It is for clicks from 9 Mar 2026, \
            11:00 UTC on: commission, cookie duration.";
        let notices = publisher.get("/publisher/notices").await;
        assert!(notices.plain().contains(told), "{}", notices.plain());
        assert!(notices.text.contains(&format!("href=\"/campaigns/{campaign}\"")));
        let directory = scene.page(publisher, "/campaigns").await;
        assert!(directory.contains("10 % of a sale") && !directory.contains("8 % of a sale"), "{directory}");

        // The link is in memory since before the announcement, and nothing else happens.
        scene.at(begin.plus_ms(-1));
        let last = Visitor::new(app, 3).click(&scene.link).await;
        scene.at(begin);
        let first = Visitor::new(app, 4).click(&scene.link).await;
        assert_eq!((last.max_age_seconds, first.max_age_seconds), (604_800, 1_209_600));
        assert_eq!(scene.order("O3", &last.id).await, (1, 800));
        assert_eq!(scene.order("O4", &first.id).await, (2, 640));
        let directory = scene.page(publisher, "/campaigns").await;
        assert!(directory.contains("8 % of a sale") && !directory.contains("10 % of a sale"), "{directory}");
        let page = scene.page(publisher, "/campaigns/{}").await;
        assert!(page.contains("How the terms changed") && !page.contains("Until then"), "{page}");
        verified(&app.store).await;
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn a_cut_is_taken_back_before_it_begins_and_a_rise_is_in_force_at_once() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, publisher, campaign, .. } = &scene;
        update(app, advertiser, *campaign, &[("sale_rate", "8")]).await;
        app.clock.advance_ms(11 * HOUR_MS);
        // A change of something else leaves the announcement as it is: the form holds it.
        let form = advertiser.get(&format!("/advertiser/campaigns/{campaign}/edit")).await;
        assert!(form.text.contains("value=\"8\""), "{}", form.text);
        assert!(form.plain().contains("The form holds version 2, which begins on"), "{}", form.plain());
        let said = update(app, advertiser, *campaign, &[("sale_rate", "8"), ("category", "Shoes")]).await;
        assert!(said.contains("The terms are as they were."), "{said}");

        let said = update(app, advertiser, *campaign, &[]).await;
        assert!(said.contains("Version 3 of the terms is in force"), "{said}");
        let said = plain(&said);
        assert_eq!(said.matches("never: a newer version began first").count(), 1, "{said}");
        assert!(!said.contains("Until then"), "{said}");
        app.clock.advance_ms(30 * DAY_MS);
        assert_eq!(scene.earned(1).await, (3, 800));
        let advertiser = &app.browser();
        let member = [("email", "nordlicht.outdoor@parties.example"), ("password", PASSWORD)];
        assert_eq!(advertiser.submit("/api/log_in", &member).await.status, 200);
        let said = update(app, advertiser, *campaign, &[("sale_rate", "12")]).await;
        assert!(said.contains("Version 4 of the terms is in force"), "{said}");
        assert_eq!(scene.earned(2).await, (4, 960));
        let page = scene.page(publisher, "/campaigns/{}").await;
        assert!(page.contains("12 % of a sale") && !page.contains("8 % of a sale"), "{page}");
        verified(&app.store).await;
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn who_joins_accepts_what_holds_and_what_is_announced() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, campaign, .. } = &scene;
        update(app, advertiser, *campaign, &[("sale_rate", "8")]).await;
        let reader = sign_up(app, "publisher", "Late Letters").await;
        let page = scene.page(&reader, "/campaigns/{}").await;
        assert!(page.contains("I accept the terms, version 1, and version 2 from 9 Mar 2026"), "{page}");
        let said = join(&reader, *campaign, "1").await;
        assert!(said.contains("read version 2"), "{said}");
        join(&reader, *campaign, "2").await;
        let publishers = scene.page(advertiser, "/advertiser/campaigns/{}").await;
        assert!(publishers.contains("version 2 on 2 Mar 2026"), "{publishers}");
        let list = terms::list(&mut app.store.read().await.unwrap(), *campaign).await.unwrap();
        assert_eq!(list.len(), 2);
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn what_an_announcement_takes_back_is_told_to_every_publisher() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, publisher, campaign, .. } = &scene;
        let waiting = sign_up(app, "publisher", "Late Letters").await;
        join(&waiting, *campaign, "1").await;
        update(app, advertiser, *campaign, &[("sale_rate", "8")]).await;
        app.clock.advance_ms(HOUR_MS);
        // Just as it is now, and then with something else beside it.
        update(app, advertiser, *campaign, &[]).await;
        app.clock.advance_ms(HOUR_MS);
        update(app, advertiser, *campaign, &[("lead_rate", "2")]).await;
        app.clock.advance_ms(HOUR_MS);
        update(app, advertiser, *campaign, &[("window", "14")]).await;
        let told = [
            "Version 2 of the terms of Winter boots changes what you are promised. It is for clicks from 9 Mar 2026, \
            10:00 UTC on: commission.",
            "Version 3 of the terms of Winter boots, for clicks from 2 Mar 2026, 11:00 UTC on, changes nothing of what you \
            are promised until then. Version 2, announced for 9 Mar 2026, 10:00 UTC, does not begin.",
            "Version 4 of the terms of Winter boots changes what you are promised. It is for clicks from 9 Mar 2026, \
            12:00 UTC on: commission.",
            "Version 5 of the terms of Winter boots changes what you are promised. It is for clicks from 2 Mar 2026, \
            13:00 UTC on: cookie duration. Version 4, announced for 9 Mar 2026, 12:00 UTC, does not begin.",
        ];
        for browser in [publisher, &waiting] {
            let notices = browser.get("/publisher/notices").await.plain();
            for text in told {
                assert!(notices.contains(text), "{text}: {notices}");
            }
        }
        scene.app.stop().await;
    }
}

/// One that is announced after another stands beside that one, on the page and in the notice.
#[tokio::test]
async fn a_notice_tells_what_changes_beside_what_holds_until_then() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, publisher, campaign, .. } = &scene;
        update(app, advertiser, *campaign, &[("sale_rate", "8")]).await;
        app.clock.advance_ms(HOUR_MS);
        update(app, advertiser, *campaign, &[("sale_rate", "8"), ("window", "14")]).await;
        let told = "Version 3 of the terms of Winter boots changes what you are promised. It is for clicks from 9 Mar 2026, \
            11:00 UTC on: cookie duration.";
        let notices = publisher.get("/publisher/notices").await.plain();
        assert!(notices.contains(told) && !notices.contains("does not begin"), "{notices}");
        let page = scene.page(publisher, "/campaigns/{}").await;
        assert_eq!(page.matches("8 % of a sale").count(), 1, "changed by version 2 alone: {page}");
        scene.app.stop().await;
    }
}

/// An event and a currency that a version dropped are still reported of what was promised before.
#[tokio::test]
async fn what_a_version_drops_is_still_reported_of_earlier_clicks() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, campaign, shop, link, .. } = &scene;
        let begin = app.environment.now().plus_ms(7 * DAY_MS);
        let said = update(app, advertiser, *campaign, &[("lead_rate", ""), ("currency", "USD")]).await;
        assert!(said.contains("Version 2 of the terms cuts a commission"), "{said}");
        scene.at(begin.plus_ms(-1));
        let visitor = Visitor::new(app, 1);
        let before = visitor.click(link).await.id;
        scene.at(begin.plus_ms(1));
        let after = Visitor::new(app, 2).click(link).await.id;

        let lead = shop.report(app, &format!("event=lead&click_id={before}")).await;
        assert_eq!(lead.told(), (201, "created", false, ""), "{lead:?}");
        let id: ConversionId = lead.text("conversion_id").parse().unwrap();
        let stored = conversions::get(&mut app.store.read().await.unwrap(), id).await.unwrap();
        assert_eq!((stored.terms_version, stored.commission_minor), (1, 250));
        assert_eq!(scene.order("O1", &before).await, (1, 800));
        let euros = |order: &str, more: &str| format!("order_id={order}&amount=80.00&currency=EUR{more}");
        for (query, reason) in [
            (format!("event=lead&click_id={after}"), "event_unknown"),
            ("event=lead&order_id=L9".to_owned(), "event_unknown"),
            (euros("O9", &format!("&click_id={after}")), "bad_currency"),
            (euros("O9", ""), "bad_currency"),
        ] {
            let refused = shop.report(app, &query).await;
            assert_eq!(refused.told(), (422, "rejected", false, reason), "{query}: {refused:?}");
        }
        // The page tells with the visitor's cookie, the server of the same order without a click.
        assert_eq!(visitor.pixel(&shop.campaign, &euros("O2", "")).await.status, 201);
        let again = shop.report(app, &euros("O2", "")).await;
        assert_eq!((again.told(), again.body["upgraded"] == true), ((200, "created", true, ""), true), "{again:?}");
        let other = shop.report(app, "order_id=O2&amount=80.00&currency=CHF").await;
        assert_eq!(other.told(), (422, "rejected", false, "bad_currency"), "no version has it");
        // It happened before, and is only told now.
        let late = shop.report(app, &euros("O3", &format!("&occurred_at={}", begin.plus_ms(-1)))).await;
        assert_eq!(late.told(), (202, "unattributed", false, "no_evidence"), "{late:?}");
        verified(&app.store).await;
        scene.app.stop().await;
    }
}

/// Other terms are about to be committed while a publisher joins. Neither sees what the other wrote: one has to wait, or
/// the publisher is in under terms that nobody told it are to change.
#[tokio::test(flavor = "multi_thread")]
async fn who_joins_beside_an_announcement_reads_it_first() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, campaign, .. } = &scene;
        let late = sign_up(app, "publisher", "Late Letters").await;
        let mut gate = match kind {
            Kind::Postgres => Some(hold_commits(&app.database.url, "terms").await),
            Kind::Sqlite => None,
        };
        let (is_announced, has_joined) = (Cell::new(false), Cell::new(false));
        let announcing = async {
            update(app, advertiser, *campaign, &[("sale_rate", "8")]).await;
            is_announced.set(true);
        };
        let joining = async {
            if let Some(gate) = &mut gate {
                until_waiting(gate, 1, || is_announced.get()).await;
                assert!(!is_announced.get(), "the announcement waits at its commit");
            }
            let said = async {
                let said = join(&late, *campaign, "1").await;
                has_joined.set(true);
                said
            };
            let opening = async {
                if let Some(mut gate) = gate.take() {
                    until_waiting(&mut gate, 2, || has_joined.get()).await;
                    gate.close().await.unwrap();
                }
            };
            tokio::join!(said, opening).0
        };
        let ((), said) = tokio::join!(announcing, joining);
        let notices = late.get("/publisher/notices").await.plain();
        let is_told = notices.contains("Version 2 of the terms of Winter boots changes what you are promised.");
        let has_to_read = said.contains("read version 2");
        assert!(is_told != has_to_read, "{kind:?}: {said} {notices}");
        assert!(has_to_read || kind == Kind::Sqlite, "it came second: {said}");
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn verify_finds_a_click_that_keeps_what_an_announced_version_had_ended() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, campaign, .. } = &scene;
        let begin = app.environment.now().plus_ms(7 * DAY_MS);
        update(app, advertiser, *campaign, &[("sale_rate", "8")]).await;
        Visitor::new(app, 1).click(&scene.link).await;
        scene.at(begin);
        Visitor::new(app, 2).click(&scene.link).await;
        verified(&app.store).await;
        tamper(&app.store, "clicks", "update clicks set terms_version = 1 where terms_version = 2").await;
        let checks = verify(&mut app.store.snapshot().await.unwrap()).await.unwrap();
        let found: Vec<_> = checks.iter().flat_map(|check| &check.bad).collect();
        let expected = "an announced version of its terms had begun before it";
        assert!(found.len() == 1 && found[0].contains(expected), "{}", told(&checks));
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn clicks_count_in_a_currency_once_a_version_that_pays_in_it_has_begun() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, campaign, .. } = &scene;
        Visitor::new(app, 1).click(&scene.link).await;
        update(app, advertiser, *campaign, &[("currency", "GBP")]).await;
        app.clock.advance_ms(HOUR_MS);
        update(app, advertiser, *campaign, &[]).await;
        let begin = app.environment.now().plus_ms(7 * DAY_MS);
        update(app, advertiser, *campaign, &[("currency", "USD")]).await;
        let wanted = Wanted {
            reader: Reader::network().party_id,
            from: Day(0),
            to: Day(100_000),
            basis: Basis::Conversion,
            campaign_id: None,
            link_id: None,
            publisher_id: None,
            creative_id: None,
        };
        let unique = async || {
            let (mut conn, now) = (app.store.snapshot().await.unwrap(), app.environment.now());
            let mut all = Vec::new();
            for currency in ["EUR", "GBP", "USD"] {
                let by = Dimension::Campaign;
                let rows = unique_clicks(&mut conn, &wanted, by, currency.parse().unwrap(), now).await.unwrap();
                all.push(rows.iter().map(|(_, clicks)| clicks).sum::<i64>());
            }
            all
        };
        assert_eq!(unique().await, [1, 0, 0], "dollars are announced, pounds were taken back");
        scene.at(begin.plus_ms(-1));
        assert_eq!(unique().await, [1, 0, 0]);
        scene.at(begin);
        assert_eq!(unique().await, [1, 0, 1]);
        scene.app.stop().await;
    }
}

/// A process whose clock is behind, or was set back, still gives each click the version of its own time.
#[tokio::test]
async fn a_link_in_memory_knows_every_version() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let Scene { app, advertiser, campaign, .. } = &scene;
        let first = app.environment.now();
        app.clock.advance_ms(HOUR_MS);
        let second = app.environment.now();
        update(app, advertiser, *campaign, &[("sale_rate", "12")]).await;
        app.clock.advance_ms(30 * DAY_MS);
        let id = PublisherId(party_named(app, "Garden Letters").await.0.0);
        let links = LinkCache::new(app.store.clone(), true);
        let target = links.find_default(*campaign, id).await.unwrap().unwrap();
        let versions = [first, second.plus_ms(-1), second, app.environment.now()].map(|at| target.terms_at(at).version);
        assert_eq!(versions, [1, 1, 2, 2]);
        drop(links);
        scene.app.stop().await;
    }
}
