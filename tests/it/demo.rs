//! The demo: everything it promises is there, and the books are right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tallystick::app::state::DemoLogin;
use tallystick::auth::members::Admission;
use tallystick::domain::conversion::ConversionState;
use tallystick::domain::durability::ClickDurability;
use tallystick::domain::environment::Environment;
use tallystick::domain::party::{Acting, PartyKind};
use tallystick::domain::payout::PayoutState;
use tallystick::domain::policy::EvidenceKind;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::site::BaseUrl;
use tallystick::domain::time::Timestamp;
use tallystick::reports::verify::{differences, told, verify};
use tallystick::server::config::Config;
use tallystick::server::demo::{self, PASSWORD, Size};
use tallystick::server::layers::client_address::TrustedProxies;
use tallystick::server::serve::Running;
use tallystick::settlement::payout::PayoutSettings;
use tallystick::store::conversions::{self, Conversion, Filter};
use tallystick::store::driver::Driver;
use tallystick::store::{Store, campaigns, enrollments, ledger, notices, parties, payouts, terms};
use tallystick::tracking::opt_out::OptOut;
use tallystick::tracking::recorder::RecorderSettings;
use tokio::net::TcpListener;

use crate::page::unescape;
use crate::support::{Browser, Database, Kind, TestClock};

/// When the small demo ends.
pub const END: &str = "2026-03-20T15:30:00Z";
pub const SMALL: Size = Size { clicks: 2_400, orders: 320 };

pub struct Filled {
    config: Config,
    pub store: Store,
    environment: Environment,
    listener: TcpListener,
    database: Database,
}

pub fn browser(running: &Running) -> Browser {
    let client = reqwest::Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none());
    Browser { client: client.build().unwrap(), url: running.url() }
}

impl Filled {
    pub async fn new(kind: Kind, end: &str, size: Size) -> Self {
        let database = Database::new(kind).await;
        let store = Store::open(&database.url).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let config = Config {
            base_url: BaseUrl::parse(&base_url).unwrap(),
            tracking_url: BaseUrl::parse(&base_url).unwrap(),
            secret_key: SecretKey::from_bytes([9; 32]),
            trusted_proxies: TrustedProxies::default(),
            admission: Admission::Automatic,
            recorder: RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: 0 },
            unverified_reports_per_day_max: 10_000,
            opt_out: OptOut::Respect,
            payout: PayoutSettings { net_days: 0, threshold_minor: None, four_eyes_minor: None },
            task_interval_ms: 0,
            demo_logins: demo::logins(),
        };
        let environment = demo::fill(&config, &store, Timestamp::parse(end).unwrap(), size).await.unwrap();
        Self { config, store, environment, listener, database }
    }

    async fn conversions(&self) -> Vec<Conversion> {
        let filter = Filter { limit: 10_000, ..Filter::default() };
        conversions::list_of(&mut self.store.read().await.unwrap(), Acting::Admin, &filter).await.unwrap()
    }

    /// How many clicks there are, and the reasons among them.
    async fn clicks(&self) -> (i64, BTreeSet<String>) {
        const COUNT: &str = "select coalesce(reason, '') as reason, count(*) as clicks from clicks group by reason";
        let mut conn = self.store.read().await.unwrap();
        let counts: Vec<(String, i64)> = match conn.driver() {
            Driver::Sqlite(c) => sqlx::query_as(COUNT).fetch_all(c).await.unwrap(),
            Driver::Postgres(c) => sqlx::query_as(COUNT).fetch_all(c).await.unwrap(),
        };
        (counts.iter().map(|(_, clicks)| clicks).sum(), counts.into_iter().map(|(reason, _)| reason).collect())
    }

    async fn assert_complete(&self) {
        let all = self.conversions().await;
        let states: BTreeSet<&str> = all.iter().map(|conversion| conversion.state.as_str()).collect();
        // Nothing reverses a conversion yet.
        for state in ConversionState::ALL.iter().filter(|state| **state != ConversionState::Reversed) {
            assert!(states.contains(state.as_str()), "no conversion is {state}: {states:?}");
        }
        for kind in EvidenceKind::ALL {
            let count = all.iter().filter(|conversion| conversion.credited_by() == Some(*kind)).count();
            assert!(count > 0, "no conversion is credited by {kind}");
        }
        let held = all.iter().filter_map(|conversion| conversion.held_reason.as_deref());
        let reasons: BTreeSet<&str> = all.iter().filter_map(|known| known.reason.as_deref()).chain(held).collect();
        for reason in
            ["no_evidence", "channel_other", "window_expired", "too_fast", "flood", "test_mode", "order_cancelled"]
        {
            assert!(reasons.contains(reason), "no conversion says {reason}: {reasons:?}");
        }
        let days: BTreeMap<&str, usize> =
            all.iter().filter(|known| known.event == "click").fold(BTreeMap::new(), |mut days, known| {
                *days.entry(known.state.as_str()).or_default() += 1;
                days
            });
        // Whether they are in a run already depends on the calendar.
        let decided = ["approved", "payable", "in_payout", "paid"];
        assert!(decided.iter().any(|state| days.contains_key(state)), "no day of clicks is approved: {days:?}");
        self.assert_money().await;
        let mut conn = self.store.read().await.unwrap();
        let campaigns = campaigns::list_all(&mut conn, 100).await.unwrap();
        let states: BTreeSet<&str> = campaigns.iter().map(|campaign| campaign.state.as_str()).collect();
        assert_eq!(campaigns.len(), 8);
        assert_eq!(states, ["declined", "live", "paused", "submitted"].into());
        let cities = campaigns.iter().find(|campaign| campaign.name == "City breaks").unwrap();
        let versions = terms::list(&mut conn, cities.campaign_id).await.unwrap();
        let newest = all.iter().map(|conversion| conversion.converted_at_ms).max().unwrap();
        assert!(versions.len() == 2 && versions[1].starts_at > newest, "a cut is announced: {versions:?}");
        let relying = enrollments::list_publishers(&mut conn, cities.campaign_id).await.unwrap();
        let told = notices::list_of_party(&mut conn, relying[0].party(), None, 100).await.unwrap();
        let expected = "Version 2 of the terms of City breaks changes what you are promised.";
        assert!(told.iter().any(|notice| notice.text.starts_with(expected)), "{told:?}");
        let count = async |conn: &mut _, kind| parties::list(conn, Some(kind), None, 100).await.unwrap().len();
        assert_eq!(count(&mut conn, PartyKind::Publisher).await, 6);
        assert_eq!(count(&mut conn, PartyKind::Advertiser).await, 4);
    }

    async fn assert_money(&self) {
        let mut conn = self.store.read().await.unwrap();
        let balances = ledger::balances(&mut conn).await.unwrap();
        for code in ["EUR", "USD"] {
            let of_currency = balances.iter().filter(|balance| balance.currency.code() == code);
            assert_eq!(of_currency.map(|balance| balance.balance_minor).sum::<i64>(), 0, "{code}");
        }
        let mut states = BTreeSet::new();
        for run in payouts::list_runs(&mut conn, None, 100).await.unwrap() {
            let list = payouts::list_of_run(&mut conn, run.payout_run_id).await.unwrap();
            states.extend(list.iter().map(|payout| payout.state.as_str()));
        }
        for state in [PayoutState::Paid, PayoutState::Approved, PayoutState::Carried] {
            assert!(states.contains(state.as_str()), "no payout is {state}: {states:?}");
        }
    }

    /// The pages of the demo, with a clock that stands still.
    pub async fn start(self, now: &str) -> (Running, Database) {
        let environment = Environment { clock: Arc::new(TestClock::at(now)), ..self.environment };
        let running = Running::start(self.config, self.store, environment, self.listener).await.unwrap();
        (running, self.database)
    }

    /// Everything comes out the same from the raw rows.
    async fn assert_verified(&self) {
        let checks = verify(&mut self.store.snapshot_counted().await.unwrap()).await.unwrap();
        assert_eq!(differences(&checks), 0, "{}", told(&checks));
    }

    /// Everybody logs in with what the log-in page shows.
    async fn assert_log_ins(self) {
        let running = Running::start(self.config, self.store, self.environment, self.listener).await.unwrap();
        for DemoLogin { party, email, password, .. } in demo::logins() {
            let browser = browser(&running);
            let page = browser.get("/log-in").await.text;
            assert!(page.contains(&format!("value=\"{email}\"")) && page.contains(PASSWORD), "{page}");
            assert!(page.contains(&party.replace('&', "&amp;")), "{party}: {page}");
            let home = browser.submit("/api/log_in", &[("email", &email), ("password", &password)]).await;
            assert!(home.status == 200 && home.text.contains("rail-foot"), "{email}: {}", home.text);
        }
        assert_chain(&running).await;
        running.stop().await;
    }
}

/// From a link by the shop's two pages to a conversion, by plain links, forms and images alone.
async fn assert_chain(running: &Running) {
    let client = reqwest::Client::builder().cookie_store(true).user_agent("Mozilla/5.0 Firefox/140.0");
    let visitor = Browser { client: client.build().unwrap(), url: running.url() };
    let mut conn = running.app.store.read().await.unwrap();
    let list = campaigns::browse(&mut conn, "", None, 10).await.unwrap();
    let campaign = list.iter().find(|campaign| campaign.name == "Winter boots").unwrap();
    let publishers = parties::list(&mut conn, Some(PartyKind::Publisher), None, 10).await.unwrap();
    drop(conn);
    let publisher = publishers.iter().find(|party| party.name == "Garden Letters").unwrap();
    let landed = visitor.get(&format!("/c/{}/{}", campaign.campaign_id, publisher.party_id)).await;
    assert!(landed.status == 200 && landed.text.contains("Buy for 39.00 EUR"), "{}", landed.text);
    let hidden = |name: &str| {
        let (_, rest) = landed.text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (click, order) = (hidden("click_id"), hidden("order_id"));
    assert_eq!(click.len(), 44);
    let place = format!("/demo/order/{}", campaign.campaign_id);
    let thanks = visitor.get(&format!("{place}?click_id={click}&order_id={order}")).await;
    let (_, pixel) = thanks.text.split_once("src=\"/pixel/").unwrap();
    let pixel = unescape(pixel.split('"').next().unwrap());
    assert_eq!(visitor.get(&format!("/pixel/{pixel}")).await.status, 201, "{pixel}");
    let filter = Filter { limit: 1, ..Filter::default() };
    let mut conn = running.app.store.read().await.unwrap();
    let newest = conversions::list_of(&mut conn, Acting::Admin, &filter).await.unwrap().remove(0);
    assert_eq!((newest.order_id, newest.amount_minor, newest.commission_minor), (order, Some(3_900), 390));
    // Nothing is bought without an order, or of a campaign that is not there.
    for missing in [place.as_str(), "/demo/shop/0/welcome", "/demo/order/none?order_id=1"] {
        assert_eq!(visitor.get(missing).await.status, 404, "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_demo_has_everything_on_every_database() {
    for kind in Kind::all() {
        let filled = Filled::new(kind, END, SMALL).await;
        let (clicks, reasons) = filled.clicks().await;
        assert!((2_700..=2_724).contains(&clicks), "{kind:?}: {clicks}");
        let expected = ["bot", "consent_denied", "flood", "head", "link_inactive", "no_user_agent", "speculative"];
        assert!(expected.iter().all(|reason| reasons.contains(*reason)), "{reasons:?}");
        filled.assert_complete().await;
        filled.assert_verified().await;
        filled.assert_log_ins().await;
    }
}

/// The runs follow the calendar, so the day on which the demo is started matters.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_complete_on_any_day_of_a_month() {
    for end in ["2026-01-01T00:10:00Z", "2026-03-31T23:59:00Z", "2026-05-02T01:00:00Z", "2026-10-28T08:00:00Z"] {
        let filled = Filled::new(Kind::Sqlite, end, SMALL).await;
        filled.assert_complete().await;
        filled.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_full_demo_has_thirty_thousand_clicks_and_nine_hundred_conversions() {
    const END: &str = "2026-11-20T18:00:00Z";
    let filled = Filled::new(Kind::Sqlite, END, Size::FULL).await;
    let clicks = filled.clicks().await.0;
    assert!((30_300..=30_324).contains(&clicks), "{clicks}");
    let (clicks, conversions): (Vec<_>, Vec<_>) =
        filled.conversions().await.into_iter().partition(|conversion| conversion.event == "click");
    assert!(clicks.iter().any(|day| day.reason.as_deref() == Some("cap_reached")), "{} days of clicks", clicks.len());
    let conversions = conversions.len();
    assert!((820..=980).contains(&conversions), "{conversions}");
    filled.assert_complete().await;
    filled.assert_verified().await;
    filled.store.close().await;
}
