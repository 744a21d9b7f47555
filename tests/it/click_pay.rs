//! Pay per click over HTTP: valid visitors are paid and nothing else is, up to the day's limit; a day is one commission with
//! its own receipt, which grows while the day runs and is decided once that is over.

use futures::future::join_all;
use tallystick::auth::members::Admission;
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::evidence::Own;
use tallystick::domain::ids::{CampaignId, ClickId, PublisherId};
use tallystick::domain::party::Acting;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::time::MINUTE_MS;
use tallystick::reports::verify::verify;
use tallystick::store::conversions::{self, Conversion, Filter};
use tallystick::store::{evidence, links};
use tallystick::tracking::recorder;

use crate::campaigns::{create, make_live, update};
use crate::fixtures::{decide, party_named};
use crate::members::{PASSWORD, admin, sign_up};
use crate::page::plain;
use crate::receipts::tamper;
use crate::reports::numbers;
use crate::shop::{Shop, Visitor};
use crate::support::{Browser, Kind, STRICT, TestApp, verified};

/// A live campaign that pays per click, and a publisher in it.
struct Scene {
    app: TestApp,
    admin: Browser,
    advertiser: Browser,
    publisher: Browser,
    publisher_id: PublisherId,
    campaign: CampaignId,
    link: String,
}

const PERSON: [(&str, &str); 3] =
    [("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1")];
const CRAWLER: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

async fn scene(kind: Kind, changes: &[(&str, &str)]) -> Scene {
    let app = TestApp::start_with(kind, Admission::Automatic).await;
    let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
    let campaign = create(&app, &advertiser, &[changes, &[("click_rate", "0.05")]].concat()).await;
    let admin = admin(&app).await;
    make_live(&app, &advertiser, &admin, campaign).await;
    let publisher = sign_up(&app, "publisher", "Garden Letters").await;
    let fields = [("campaign_id", campaign.to_string()), ("terms_version", "1".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    publisher.submit("/api/apply_to_campaign", &[&fields[..], &[("accepted", "true")]].concat()).await;
    let publisher_id = PublisherId(party_named(&app, "Garden Letters").await.0.0);
    decide(&app, publisher_id, campaign, EnrollmentState::Approved, "").await;
    let link = format!("/c/{campaign}/{publisher_id}");
    Scene { app, admin, advertiser, publisher, publisher_id, campaign, link }
}

impl Scene {
    /// A request to the link by somebody of this number.
    async fn visit(&self, number: usize, headers: &[(&str, &str)]) {
        let address = format!("198.{}.{}.7", 18 + number / 200, number % 200);
        let browser = Visitor::new(&self.app, 1);
        browser.ask(&self.link, &[&PERSON, headers, &[("x-forwarded-for", address.as_str())]].concat()).await;
    }

    /// Visitors, one after the other.
    async fn visitors(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.visit(number, &[]).await;
        }
    }

    /// 120 clicks by 100 visitors, 10 by crawlers, 5 prefetches.
    async fn busy_day(&self) {
        self.visitors(0..100).await;
        self.visitors(0..20).await;
        for number in 0..10 {
            self.visit(number, &[("user-agent", CRAWLER)]).await;
        }
        for number in 100..105 {
            self.visit(number, &[("sec-purpose", "prefetch")]).await;
        }
    }

    /// The conversions of clicks, oldest first.
    async fn accruals(&self) -> Vec<Conversion> {
        let filter = Filter { limit: 100, ..Filter::default() };
        let mut conn = self.app.store.read().await.unwrap();
        let mut all = conversions::list_of(&mut conn, Acting::Admin, &filter).await.unwrap();
        all.retain(|conversion| conversion.event == "click");
        all.reverse();
        all
    }

    async fn accrual(&self) -> Conversion {
        let mut all = self.accruals().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    async fn worth(&self) -> Vec<(i64, i64)> {
        self.accruals().await.iter().map(|one| (one.commission_minor, one.fee_minor)).collect()
    }

    async fn at(&self, at: &str) {
        self.app.clock.set(at);
        let member = |email| [("email", email), ("password", PASSWORD)];
        self.advertiser.submit("/api/log_in", &member("nordlicht.outdoor@parties.example")).await;
        self.publisher.submit("/api/log_in", &member("garden.letters@parties.example")).await;
        self.admin.submit("/api/log_in", &member("admin@network.example")).await;
    }

    /// What `verify` finds.
    async fn found(&self) -> Vec<String> {
        let checks = verify(&mut self.app.store.snapshot().await.unwrap()).await.unwrap();
        checks.iter().flat_map(|check| check.bad.iter().map(|row| format!("{}: {row}", check.name))).collect()
    }
}

#[tokio::test]
async fn visitors_are_paid_once_a_day_and_crawlers_repeats_and_prefetches_are_not() {
    for kind in Kind::all() {
        let scene = scene(kind, &[]).await;
        scene.busy_day().await;
        scene.app.run_tasks().await;
        let accrual = scene.accrual().await;
        let name = format!("clicks:2026-03-02:{}:1", scene.publisher_id);
        assert_eq!(accrual.order_id, name, "{kind:?}");
        assert_eq!((accrual.commission_minor, accrual.fee_minor, accrual.amount_minor), (500, 100, None));
        assert_eq!((accrual.state, accrual.badge, accrual.reason), (ConversionState::Pending, Badge::Network, None));
        let place = format!("/receipts/{}", accrual.conversion_id);
        for (browser, list) in [
            (&scene.publisher, "/publisher/conversions"),
            (&scene.advertiser, "/advertiser/conversions"),
            (&scene.admin, "/admin/conversions"),
        ] {
            let receipt = browser.get(&place).await;
            let text = receipt.plain();
            for said in [
                "Clicks behind it 100 valid visitors on 2026-03-02 (UTC), all of them paid.",
                "counted by the network itself",
                "0.05 EUR per valid visitor",
                "Valid visitors 100",
                "Of them paid 100",
                "same decision, same commission",
            ] {
                assert!(text.contains(said), "{kind:?} {list}: {said}: {text}");
            }
            assert_eq!(receipt.text.matches("data-label=\"Pays\"").count(), 100, "every click is listed");
            assert!(!text.contains("beyond the limit") && !text.contains("Requests as received"), "{text}");
            let listed = browser.get(list).await.plain();
            assert!(listed.contains("Clicks of 2026-03-02"), "{listed}");
            assert!(listed.contains("Counts clicks until 3 Mar 2026"), "{listed}");
        }
        // Commission, and no conversion.
        let report = scene.publisher.get("/publisher/reports").await.plain();
        assert!(report.contains("Conversions 0") && report.contains("CR 0.0 %"), "{report}");
        assert!(report.contains("Earnings 5.00 EUR") && report.contains("EPC 0.05 EUR"), "{report}");
        let csv = scene.advertiser.get("/reports.csv?as=advertiser&by=publisher").await.text;
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let heads = rows.headers().unwrap().clone();
        let row = rows.records().next().unwrap().unwrap();
        let cell = |name: &str| row[heads.iter().position(|head| head == name).unwrap()].to_owned();
        assert_eq!(
            ["clicks_unique", "conversions_pending", "commission_pending", "fee"].map(cell),
            ["100", "0", "5.00", "1.00"]
        );
        verified(&scene.app.store).await;

        scene.app.run_tasks().await;
        let events = evidence::events(&mut scene.app.store.read().await.unwrap(), accrual.conversion_id).await.unwrap();
        assert_eq!(events.len(), 1, "counted once");
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn a_limit_stops_the_day_and_its_receipt_says_which_clicks_are_paid() {
    for kind in Kind::all() {
        let scene = scene(kind, &[("click_cap", "3.00")]).await;
        let terms = scene.publisher.get(&format!("/campaigns/{}", scene.campaign)).await.plain();
        let sentence = "0.05 EUR per valid visitor, at most 3.00 EUR a day per publisher";
        let example = "100 valid visitors in a day = 3.00 EUR, since the first 60 are paid";
        assert!(terms.contains(sentence) && terms.contains(example), "{terms}");
        let form = scene.advertiser.get(&format!("/advertiser/campaigns/{}/edit", scene.campaign)).await.text;
        assert!(form.contains("value=\"0.05\"") && form.contains("value=\"3.00\""), "{form}");
        scene.busy_day().await;
        scene.app.run_tasks().await;
        let accrual = scene.accrual().await;
        assert_eq!((accrual.commission_minor, accrual.fee_minor), (300, 60), "{kind:?}");
        assert_eq!(accrual.reason.as_deref(), Some("cap_reached"));
        let receipt = scene.publisher.get(&format!("/receipts/{}", accrual.conversion_id)).await;
        let text = receipt.plain();
        let said =
            "100 valid visitors on 2026-03-02 (UTC); the limit of the day is reached, and the first 60 are paid.";
        assert!(text.contains(said) && text.contains("Of them paid 60"), "{text}");
        assert_eq!(receipt.text.matches("beyond the limit").count(), 40);
        assert!(receipt.text.contains("/reasons/cap_reached"), "{text}");
        verified(&scene.app.store).await;

        // More of them change the count, and nothing else.
        scene.app.clock.advance_ms(MINUTE_MS);
        scene.visitors(200..203).await;
        scene.app.run_tasks().await;
        assert_eq!(scene.accrual().await, accrual);
        let receipt = scene.publisher.get(&format!("/receipts/{}?page=2", accrual.conversion_id)).await;
        assert!(receipt.plain().contains("103 valid visitors") && receipt.plain().contains("Page 2 of 2"));
        assert_eq!(receipt.text.matches("data-label=\"Pays\"").count(), 3);
        verified(&scene.app.store).await;
        scene.app.stop().await;
    }
}

async fn approve(scene: &Scene) -> String {
    let page = scene.advertiser.get("/advertiser/conversions").await;
    scene.advertiser.fill(&page.form("/api/approve_conversion", "clicks:"), &[]).await.plain()
}

/// A dry run of a file that approves the day.
async fn approve_by_file(scene: &Scene, order: &str) -> String {
    let file = format!("order_id,event,action,reason,note\n{order},click,approve,,\n");
    let fields = [("kind", "advertiser")];
    let answer = scene.advertiser.upload("/reviews", &fields, ("march.csv", "text/csv", file.as_bytes())).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let path = answer.location().to_owned();
    scene.advertiser.get(&path).await.plain()
}

#[tokio::test]
async fn a_day_grows_until_it_is_over_and_is_approved_after_that_alone() {
    for kind in Kind::all() {
        let scene = scene(kind, &[("validation_days", "0")]).await;
        scene.visitors(0..10).await;
        scene.app.run_tasks().await;
        assert_eq!(scene.worth().await, [(50, 10)], "{kind:?}: the deadline approves no day that runs");
        // At most every minute.
        scene.visitors(10..11).await;
        scene.app.run_tasks().await;
        assert_eq!(scene.worth().await, [(50, 10)]);
        scene.app.clock.advance_ms(MINUTE_MS);
        scene.app.run_tasks().await;
        assert_eq!(scene.worth().await, [(55, 11)]);
        verified(&scene.app.store).await;
        let refused = "its day is not over: it counts clicks until 2026-03-03T01:00:00Z";
        let said = approve(&scene).await;
        assert!(said.contains(refused), "{said}");
        let order = scene.accrual().await.order_id;
        let said = approve_by_file(&scene, &order).await;
        assert!(said.contains(refused), "{said}");

        scene.at("2026-03-03T00:59:59.999Z").await;
        assert!(approve(&scene).await.contains(refused));
        scene.app.run_tasks().await;
        assert_eq!(scene.accrual().await.state, ConversionState::Pending);
        scene.at("2026-03-03T01:00:00Z").await;
        scene.app.run_tasks().await;
        assert_eq!(scene.accrual().await.state, ConversionState::Approved, "by the deadline");
        verified(&scene.app.store).await;

        // The next day is another one; a person approves it.
        scene.visitors(0..2).await;
        scene.app.run_tasks().await;
        assert_eq!(scene.worth().await, [(55, 11), (10, 2)]);
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn by_hand_and_by_file_a_day_that_is_over_is_approved() {
    for kind in Kind::all() {
        let scene = scene(kind, &[]).await;
        scene.visitors(0..3).await;
        scene.app.run_tasks().await;
        scene.at("2026-03-03T01:00:00Z").await;
        let order = scene.accrual().await.order_id;
        let tried = approve_by_file(&scene, &order).await;
        assert!(tried.contains("Of 1 row, 1 would be approved"), "{kind:?}: {tried}");
        let said = approve(&scene).await;
        assert!(said.contains("The conversion is approved."), "{said}");
        verified(&scene.app.store).await;

        // What comes later all the same is told, and not paid.
        let text = "update click_days set unique_clicks = unique_clicks - 1";
        tamper(&scene.app.store, "click_days", text).await;
        scene.app.clock.advance_ms(MINUTE_MS);
        scene.app.run_tasks().await;
        assert_eq!(scene.worth().await, [(15, 3)], "it stands as it was approved");
        let found = scene.found().await;
        assert!(
            found.iter().any(|row| row.contains("is approved over 3 clicks of 2026-03-02, 2 are counted")),
            "{found:#?}"
        );
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn a_rejected_day_is_left_alone() {
    for kind in Kind::all() {
        let scene = scene(kind, &[]).await;
        scene.visitors(0..3).await;
        scene.app.run_tasks().await;
        let page = scene.advertiser.get("/advertiser/conversions").await;
        let form = page.form("/api/reject_conversion", "clicks:");
        let said = scene.advertiser.fill(&form, &[("reason", "fraud_confirmed"), ("note", "a ring")]).await.plain();
        assert!(said.contains("rejected"), "{said}");
        scene.app.clock.advance_ms(MINUTE_MS);
        scene.visitors(3..9).await;
        scene.app.run_tasks().await;
        let day = scene.accrual().await;
        assert_eq!((day.state, day.commission_minor), (ConversionState::Rejected, 15), "{kind:?}");
        verified(&scene.app.store).await;
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn two_versions_of_a_day_share_its_limit() {
    for kind in Kind::all() {
        let scene = scene(kind, &[("click_cap", "1.00")]).await;
        scene.visitors(0..15).await;
        scene.app.run_tasks().await;
        let rise = [("click_rate", "0.10"), ("click_cap", "1.00")];
        let said = update(&scene.app, &scene.advertiser, scene.campaign, &rise).await;
        assert!(said.contains("Version 2 of the terms is in force"), "{}", plain(&said));
        scene.app.clock.advance_ms(MINUTE_MS);
        scene.visitors(15..20).await;
        scene.app.run_tasks().await;
        // 15 at 0.05 are 0.75; 0.25 are left, which pay two at 0.10.
        assert_eq!(scene.worth().await, [(75, 15), (20, 4)], "{kind:?}");
        let second = scene.accruals().await.remove(1);
        let decided = evidence::latest_decision(&mut scene.app.store.read().await.unwrap(), second.conversion_id).await;
        let Some(Own::Clicks(day)) = decided.unwrap().unwrap().0.own else { panic!("a day of clicks") };
        assert_eq!((day.clicks, day.used_before_minor, second.reason.as_deref()), (5, 75, Some("cap_reached")));
        verified(&scene.app.store).await;

        let cut = [("click_rate", "0.10"), ("click_cap", "0.50")];
        let said = update(&scene.app, &scene.advertiser, scene.campaign, &cut).await;
        assert!(said.contains("Version 3 of the terms cuts a commission"), "{}", plain(&said));
        scene.app.stop().await;
    }
}

/// On SQLite many at once are counted a little later: the day's clicks are counted with the totals, never apart from them.
#[tokio::test]
async fn many_at_once_are_paid_as_they_are_counted() {
    for kind in Kind::all() {
        let scene = scene(kind, &[]).await;
        for round in 0..3 {
            join_all((0..60).map(|number| scene.visit(round * 60 + number, &[]))).await;
            verified(&scene.app.store).await;
            let text = "select (select cast(sum(unique_clicks) as bigint) from click_days), (select cast(sum(clicks) as bigint)
                from click_rollups where reader_id = 1 and grain = 'day' and label = 'valid')";
            let clicks = (round as i64 + 1) * 60;
            assert_eq!(numbers(&scene.app.store, text).await, [clicks, clicks], "{kind:?}");
        }
        scene.app.run_tasks().await;
        assert_eq!(scene.worth().await, [(900, 180)]);
        verified(&scene.app.store).await;
        scene.app.stop().await;
    }
}

/// SQLite alone counts later.
#[tokio::test]
async fn what_a_killed_process_left_is_counted_into_its_day() {
    let scene = scene(Kind::Sqlite, &[]).await;
    scene.visitors(0..3).await;
    // As it is between the commit of a click and that of its totals.
    for text in [
        "insert into uncounted_clicks select click_id from clicks",
        "delete from click_rollups",
        "delete from gesture_rollups",
        "delete from click_days",
    ] {
        tamper(&scene.app.store, "click_days", text).await;
    }
    assert_eq!(scene.found().await, Vec::<String>::new(), "what is not counted yet is no difference");
    let (recorder, writer) = recorder::start(scene.app.store.clone(), STRICT);
    verified(&scene.app.store).await;
    assert_eq!(numbers(&scene.app.store, "select cast(sum(unique_clicks) as bigint) from click_days").await, [3]);
    drop(recorder);
    writer.await.unwrap();
    scene.app.stop().await;
}

#[tokio::test]
async fn a_click_made_again_from_its_token_is_not_paid() {
    for kind in Kind::all() {
        let scene = scene(kind, &[]).await;
        let mut conn = scene.app.store.read().await.unwrap();
        let link = links::list_of_publisher(&mut conn, scene.publisher_id, 1).await.unwrap()[0].link_id;
        drop(conn);
        let (key, id) = (SecretKey::from_bytes([9; 32]), scene.app.environment.new_id(ClickId));
        let token = ClickToken::new(&key, id, link, scene.campaign, scene.publisher_id);
        let query = format!("click_id={token}&order_id=O1&amount=50.00&currency=EUR");
        let reply = Shop::new(&scene.app, &scene.campaign.to_string()).report(&scene.app, &query).await;
        assert_eq!(reply.status, 201, "{kind:?}: {reply:?}");
        scene.app.run_tasks().await;
        assert_eq!(scene.accruals().await, Vec::new());
        verified(&scene.app.store).await;
        scene.app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_accrue_a_day_once() {
    if !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: two processes need PostgreSQL, and TEST_DATABASE_URL names no server");
        return;
    }
    let scene = scene(Kind::Postgres, &[]).await;
    let other = scene.app.start_beside().await;
    for round in 1..=3_i64 {
        let first = usize::try_from(round).unwrap() * 10;
        scene.visitors(first..first + 10).await;
        scene.app.clock.advance_ms(MINUTE_MS);
        let tasks = (0..8).map(|turn| if turn % 2 == 0 { scene.app.run_tasks() } else { other.run_tasks() });
        join_all(tasks).await;
        let accrual = scene.accrual().await;
        assert_eq!(accrual.commission_minor, round * 50);
        let events = evidence::events(&mut scene.app.store.read().await.unwrap(), accrual.conversion_id).await.unwrap();
        assert_eq!(i64::try_from(events.len()).unwrap(), round, "one event each time");
    }
    verified(&scene.app.store).await;
    other.stop().await;
    scene.app.stop().await;
}

#[tokio::test]
async fn what_is_damaged_of_paid_clicks_is_found() {
    for kind in Kind::all() {
        let scene = scene(kind, &[("click_cap", "3.00")]).await;
        scene.visitors(0..5).await;
        scene.app.run_tasks().await;
        verified(&scene.app.store).await;
        let day = format!("publisher {}, version 1", scene.publisher_id);
        for (change, back, named) in [
            ("unique_clicks = unique_clicks + 1", "unique_clicks = unique_clicks - 1", "6 stored, 5 counted"),
            (
                "first_click_id = first_click_id - 1",
                "first_click_id = first_click_id + 1",
                "its first click is stored as",
            ),
            ("counted_clicks = 4", "counted_clicks = 5", "is pending over 5 clicks of 2026-03-02, 4 are counted"),
            ("utc_day = utc_day + 1", "utc_day = utc_day - 1", "0 stored, 5 counted"),
        ] {
            let text = |set: &str| format!("update click_days set {set}");
            tamper(&scene.app.store, "click_days", &text(change)).await;
            let found = scene.found().await;
            assert!(found.iter().any(|row| row.contains(named) && row.contains(&day)), "{kind:?} {change}: {found:#?}");
            tamper(&scene.app.store, "click_days", &text(back)).await;
            assert_eq!(scene.found().await, Vec::<String>::new());
        }
        let id = scene.accrual().await.conversion_id;
        let set =
            |minor: i64| format!("update conversions set commission_minor = {minor} where conversion_id = {}", id.0);
        tamper(&scene.app.store, "conversions", &set(30)).await;
        let found = scene.found().await;
        let named = format!("conversion {id}: commission 30 and fee 5 are stored, 25 and 5 follow");
        assert!(found.iter().any(|row| row.contains(&named)), "{found:#?}");
        tamper(&scene.app.store, "conversions", &set(25)).await;
        tamper(&scene.app.store, "click_days", "update click_days set conversion_id = null").await;
        let found = scene.found().await;
        for named in [
            format!("conversion {id}: no day of clicks is paid by it"),
            "5 clicks are counted, and none is paid".to_owned(),
        ] {
            assert!(found.iter().any(|row| row.contains(&named)), "{named}: {found:#?}");
        }
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn the_receipt_says_when_its_clicks_are_forgotten() {
    for kind in Kind::all() {
        let scene = scene(kind, &[]).await;
        scene.visitors(0..3).await;
        scene.app.run_tasks().await;
        let id = scene.accrual().await.conversion_id;
        scene.at("2027-05-01T00:00:00Z").await;
        scene.app.run_tasks().await;
        let receipt = scene.publisher.get(&format!("/receipts/{id}")).await;
        let text = receipt.plain();
        assert!(text.contains("3 valid visitors on 2026-03-02 (UTC), all of them paid."), "{kind:?}: {text}");
        assert!(text.contains("The clicks themselves were removed"), "{text}");
        assert!(!receipt.text.contains("data-label=\"Pays\"") && text.contains("same decision, same commission"));
        verified(&scene.app.store).await;
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn nobody_reports_clicks_and_a_campaign_without_the_rate_pays_none() {
    for kind in Kind::all() {
        let scene = scene(kind, &[("click_rate", "")]).await;
        scene.visitors(0..3).await;
        scene.app.run_tasks().await;
        assert_eq!(scene.accruals().await, Vec::new(), "{kind:?}");
        assert_eq!(numbers(&scene.app.store, "select count(*) from click_days").await, [0]);
        let pixel = Visitor::new(&scene.app, 1).pixel(&scene.campaign.to_string(), "order_id=O1&event=click").await;
        assert_eq!(pixel.status, 422);
        verified(&scene.app.store).await;
        scene.app.stop().await;
    }
}
