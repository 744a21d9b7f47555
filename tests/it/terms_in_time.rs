//! Terms in time: a cut is announced and begins by itself, to the millisecond; what was clicked before keeps what it was
//! promised, whatever happens to be in memory.

use tallystick::auth::members::Admission;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::ids::{CampaignId, PublisherId};
use tallystick::domain::time::{DAY_MS, HOUR_MS, Timestamp};
use tallystick::store::{conversions, terms};

use crate::campaigns::{create, make_live, update};
use crate::fixtures::{decide, party_named};
use crate::members::{PASSWORD, admin, sign_up};
use crate::page::plain;
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
