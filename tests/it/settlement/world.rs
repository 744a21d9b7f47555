//! A small network for the tests of money: two publishers, an advertiser, an admin, one campaign, and orders.

use std::collections::BTreeMap;

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::conversion::Badge;
use tallystick::domain::conversion_report::ReportFields;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::ids::{
    AdvertiserId, CampaignId, ConversionId, EnrollmentId, LinkId, MemberId, PartyId, PayoutRunId, PublisherId,
};
use tallystick::domain::link::{Slug, SubIds};
use tallystick::domain::money::Currency;
use tallystick::domain::party::{Acting, PartyState, Role, Viewer};
use tallystick::domain::payout::SeenRun;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::site::BaseUrl;
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::conversions::{self, Conversion};
use tallystick::store::enrollments::{self, NewEnrollment};
use tallystick::store::links::{self, NewLink};
use tallystick::store::{ledger, payouts};
use tallystick::tracking::conversion::{Context, Reply, Report, record};

use crate::fixtures::{LiveCampaign, live_campaign, pay_to, publisher};
use crate::members::{PASSWORD, admin};
use crate::support::{Browser, Kind, TestApp};

pub const EUR: Currency = Currency::EUR;

pub struct World {
    pub app: TestApp,
    pub admin: Browser,
    pub advertiser: Browser,
    pub advertiser_id: AdvertiserId,
    pub publishers: [(Browser, PublisherId); 2],
    campaign: Campaign,
}

/// A member who acts so; for calls past the pages.
pub fn viewer(member: i64, acting: Acting) -> Viewer {
    Viewer {
        member_id: MemberId(member),
        acting,
        role: Role::Owner,
        party_state: PartyState::Admitted,
        party_name: String::new(),
        email: String::new(),
        time_zone: "UTC".to_owned(),
    }
}

pub fn an_admin(member: i64) -> Viewer {
    viewer(member, Acting::Admin)
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        let app = TestApp::start(kind).await;
        let admin = admin(&app).await;
        let LiveCampaign { browser: advertiser, advertiser: advertiser_id, campaign } =
            live_campaign(&app, "Winter boots", ApprovalMode::Automatic).await;
        let campaign = campaigns::get(&mut app.store.read().await.unwrap(), campaign).await.unwrap();
        let publishers = [publisher(&app, "Garden Letters").await, publisher(&app, "Trail Notes").await];
        for (place, (_, publisher)) in publishers.iter().enumerate() {
            enroll(&app, &campaign, *publisher, place).await;
        }
        Self { app, admin, advertiser, advertiser_id, publishers, campaign }
    }

    /// Both publishers say where they are paid.
    pub async fn enter_details(&self) {
        for ((_, publisher), email) in self.publishers.iter().zip(["a@letters.example", "b@trails.example"]) {
            pay_to(&self.app, *publisher, 0, email).await;
        }
    }

    /// What the page of a run shows beside its button.
    pub async fn seen(&self, run: PayoutRunId) -> SeenRun {
        payouts::get_run(&mut self.app.store.read().await.unwrap(), run).await.unwrap().seen()
    }

    pub fn campaign_id(&self) -> CampaignId {
        self.campaign.campaign_id
    }

    /// The admin again, after the clock has moved past the end of its session.
    pub async fn admin_again(&mut self) {
        let fields = [("email", "admin@network.example"), ("password", PASSWORD)];
        assert_eq!(self.admin.submit("/api/log_in", &fields).await.status, 200);
    }

    pub async fn publisher_again(&self, place: usize) -> &Browser {
        let email = ["garden.letters@parties.example", "trail.notes@parties.example"][place];
        let browser = &self.publishers[place].0;
        browser.submit("/api/log_in", &[("email", email), ("password", PASSWORD)]).await;
        browser
    }

    /// A visitor follows the publisher's link and buys; the advertiser reports it.
    pub async fn order(&self, place: usize, order_id: &str, amount: Option<&str>, badge: Badge) -> ConversionId {
        let click = self.app.browser().get(&format!("/c/{}", slug(place))).await;
        let click_id = click.location().split("click_id=").nth(1).unwrap().to_owned();
        let reply = self.report(Some(click_id), order_id, amount, badge).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.body.conversion_id.unwrap()
    }

    /// A report of an order, with or without a click id.
    pub async fn report(&self, click_id: Option<String>, order_id: &str, amount: Option<&str>, badge: Badge) -> Reply {
        let fields = ReportFields {
            event: Some(if amount.is_some() { "sale" } else { "lead" }.to_owned()),
            order_id: Some(order_id.to_owned()),
            amount: amount.map(str::to_owned),
            currency: Some("EUR".to_owned()),
            click_id,
            ..ReportFields::default()
        };
        let report = Report {
            endpoint: "postback",
            method: "GET".to_owned(),
            query: String::new(),
            body: String::new(),
            fields,
            cookie: tallystick::domain::click_token::ClickList::default(),
            by_hand: None,
        };
        let context = Context {
            store: &self.app.store,
            environment: &self.app.environment,
            secret_key: &SecretKey::from_bytes([9; 32]),
            base_url: &BaseUrl::parse(&self.app.url).unwrap(),
            unverified_per_day_max: 10_000,
        };
        record(&context, &report, &self.campaign, badge).await.unwrap()
    }

    pub async fn conversion(&self, id: ConversionId) -> Conversion {
        conversions::get(&mut self.app.store.read().await.unwrap(), id).await.unwrap()
    }

    /// What every account shows, without those at zero: `advertiser receivable` → 22.19. Sums to zero, always.
    pub async fn balances(&self) -> BTreeMap<String, String> {
        let all = ledger::balances(&mut self.app.store.read().await.unwrap()).await.unwrap();
        assert_eq!(all.iter().map(|balance| balance.balance_minor).sum::<i64>(), 0, "the ledger sums to zero");
        let name = |party: PartyId| {
            let publishers = [self.publishers[0].1.party(), self.publishers[1].1.party()];
            match publishers.iter().position(|publisher| *publisher == party) {
                Some(place) => ["A", "B"][place],
                None if party == self.advertiser_id.party() => "advertiser",
                None => "network",
            }
        };
        let shown = all.iter().filter(|balance| balance.balance_minor != 0).map(|balance| {
            let key = format!("{} {}", name(balance.party_id), balance.kind);
            (key, EUR.decimal(balance.kind.displayed(balance.balance_minor)))
        });
        shown.collect()
    }

    pub async fn assert_balances(&self, expected: &[(&str, &str)], step: &str) {
        let expected: BTreeMap<String, String> =
            expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(self.balances().await, expected, "{step}");
    }
}

fn slug(place: usize) -> &'static str {
    ["GardenLett", "TrailNotes"][place]
}

async fn enroll(app: &TestApp, campaign: &Campaign, publisher_id: PublisherId, place: usize) {
    let (link_id, at) = (app.environment.new_id(LinkId), app.environment.now());
    let link = NewLink {
        link_id,
        slug: slug(place).parse::<Slug>().unwrap(),
        campaign_id: campaign.campaign_id,
        publisher_id,
        is_default: true,
        name: "Default",
        destination: "",
        sub_ids: &SubIds::default(),
        at,
    };
    let enrollment = NewEnrollment {
        enrollment_id: app.environment.new_id(EnrollmentId),
        campaign_id: campaign.campaign_id,
        publisher_id,
        state: EnrollmentState::Approved,
        terms_version: 1,
        accepted_by: MemberId(1),
        at,
        default_link_id: link_id,
    };
    let mut w = app.store.write().await.unwrap();
    links::insert(&mut w, &link).await.unwrap();
    enrollments::insert(&mut w, &enrollment).await.unwrap();
    w.commit().await.unwrap();
}
