//! A small network to count in: one advertiser, two publishers in zones far apart, two campaigns, and a way to click
//! and to report.

#![allow(dead_code)] // each test file uses its own part

use tallystick::auth::members::Admission;
use tallystick::domain::campaign::{ApprovalMode, CampaignState};
use tallystick::domain::click_token::ClickList;
use tallystick::domain::condition::When;
use tallystick::domain::conversion::Badge;
use tallystick::domain::conversion_report::ReportFields;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::ids::{
    AdvertiserId, CampaignId, ConversionId, EnrollmentId, LinkId, MemberId, PartyId, PublisherId,
};
use tallystick::domain::link::{Slug, SubIds};
use tallystick::domain::money::Currency;
use tallystick::domain::party::{Acting, PartyState, Role, Viewer};
use tallystick::domain::policy::Policy;
use tallystick::domain::rule::{EventName, Rate, Rule};
use tallystick::domain::secret::SecretKey;
use tallystick::domain::site::BaseUrl;
use tallystick::domain::terms::{AttributionWindow, EventTerms, Fee, FeeBasis, Model, Terms};
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::enrollments::{self, NewEnrollment};
use tallystick::store::links::{self, NewLink};
use tallystick::store::{Writer, parties, terms};
use tallystick::tracking::conversion::{Context, Reply, Report, record};

use crate::members::{PASSWORD, admin};
use crate::support::{Browser, Kind, TestApp};

pub const ZONES: [&str; 3] = ["Asia/Kathmandu", "America/New_York", "Pacific/Auckland"];

pub struct Network {
    pub app: TestApp,
    pub admin: Browser,
    pub shop: Browser,
    /// Two publishers.
    pub a: Browser,
    pub b: Browser,
    pub shop_id: AdvertiserId,
    pub a_id: PublisherId,
    pub b_id: PublisherId,
    /// Campaigns: EUR, and USD.
    pub w: CampaignId,
    pub x: CampaignId,
    /// Of A in W, of B in W, of A in X, of B in X: link and slug.
    pub links: [(LinkId, String); 4],
}

async fn sign_up(app: &TestApp, kind: &str, name: &str, zone: &str) -> Browser {
    let browser = app.browser();
    let email = format!("{}@parties.example", name.to_lowercase().replace(' ', "."));
    let fields = [
        ("kind", kind),
        ("party_name", name),
        ("website", "https://party.example"),
        ("name", "Some Body"),
        ("email", &email),
        ("password", PASSWORD),
        ("time_zone", zone),
    ];
    assert_eq!(browser.submit("/api/sign_up", &fields).await.status, 200);
    browser
}

fn terms_of(campaign_id: CampaignId, app: &TestApp, currency: Currency) -> Terms {
    let rule =
        |number, event, rate, currency| Rule { number, event, rate, currency, only_for: None, when: When::default() };
    Terms {
        campaign_id,
        version: 1,
        starts_at: app.environment.now(),
        currencies: vec![currency],
        window: AttributionWindow::from_days(7).unwrap(),
        model: Model::LastClick,
        policy: Policy::default(),
        binding_months: 0,
        validation_days: 30,
        hold_days: 0,
        events: vec![
            EventTerms { name: EventName::sale(), is_once_per_click: false },
            EventTerms { name: EventName::lead(), is_once_per_click: true },
        ],
        rules: vec![
            rule(1, EventName::sale(), Rate::Percent { bps: 1000 }, None),
            rule(2, EventName::lead(), Rate::Fixed { minor: 250 }, Some(currency)),
        ],
        click: None,
        fee: Fee { basis: FeeBasis::Commission, bps: 2000 },
        too_fast_ms: 0,
        text: String::new(),
    }
}

async fn campaign(w: &mut Writer, app: &TestApp, shop: AdvertiserId, name: &str, currency: Currency) -> CampaignId {
    let campaign_id = app.environment.new_id(CampaignId);
    let campaign = Campaign {
        campaign_id,
        advertiser_id: shop,
        advertiser_name: String::new(),
        name: name.to_owned(),
        description: String::new(),
        category: "test".to_owned(),
        state: CampaignState::Live,
        state_reason: String::new(),
        landing_url: "https://shop.example/".to_owned(),
        allowed_hosts: "shop.example".to_owned(),
        landing_parameter: "click_id".to_owned(),
        approval: ApprovalMode::Automatic,
        terms_version: 1,
        secret_version: 1,
        created_at_ms: app.environment.now(),
        version: 1,
    };
    campaigns::insert(w, &campaign).await.unwrap();
    terms::insert(w, &terms_of(campaign_id, app, currency), MemberId(1), app.environment.now()).await.unwrap();
    campaign_id
}

async fn enroll(
    w: &mut Writer,
    app: &TestApp,
    campaign: CampaignId,
    publisher: PublisherId,
    name: &str,
) -> (LinkId, String) {
    let link_id = app.environment.new_id(LinkId);
    let slug = Slug::from_random(app.environment.random());
    let text = slug.as_str().to_owned();
    let link = NewLink {
        link_id,
        slug,
        campaign_id: campaign,
        publisher_id: publisher,
        is_default: true,
        name,
        destination: "",
        sub_ids: &SubIds::default(),
        at: app.environment.now(),
    };
    links::insert(w, &link).await.unwrap();
    let enrollment = NewEnrollment {
        enrollment_id: app.environment.new_id(EnrollmentId),
        campaign_id: campaign,
        publisher_id: publisher,
        state: EnrollmentState::Approved,
        terms_version: 1,
        accepted_by: MemberId(1),
        at: app.environment.now(),
        default_link_id: link_id,
    };
    enrollments::insert(w, &enrollment).await.unwrap();
    (link_id, text)
}

impl Network {
    pub async fn start(kind: Kind) -> Self {
        Self::of(TestApp::start_with(kind, Admission::Automatic).await).await
    }

    /// The same on an application that admits at once.
    pub async fn of(app: TestApp) -> Self {
        let admin = admin(&app).await;
        let shop = sign_up(&app, "advertiser", "Nordlicht Outdoor", ZONES[0]).await;
        let a = sign_up(&app, "publisher", "Garden Letters", ZONES[1]).await;
        let b = sign_up(&app, "publisher", "Boot Review", ZONES[2]).await;
        let parties = parties::list(&mut app.store.read().await.unwrap(), None, None, 10).await.unwrap();
        let id = |name: &str| parties.iter().find(|party| party.name == name).unwrap().party_id.0;
        let shop_id = AdvertiserId(id("Nordlicht Outdoor"));
        let (a_id, b_id) = (PublisherId(id("Garden Letters")), PublisherId(id("Boot Review")));
        let mut writer = app.store.write().await.unwrap();
        let w = campaign(&mut writer, &app, shop_id, "Winter boots", Currency::EUR).await;
        let x = campaign(&mut writer, &app, shop_id, "=Summer <tents>", "USD".parse().unwrap()).await;
        let links = [
            enroll(&mut writer, &app, w, a_id, "=Letter & footer").await,
            enroll(&mut writer, &app, w, b_id, "").await,
            enroll(&mut writer, &app, x, a_id, "Tents").await,
            enroll(&mut writer, &app, x, b_id, "").await,
        ];
        writer.commit().await.unwrap();
        Self { app, admin, shop, a, b, shop_id, a_id, b_id, w, x, links }
    }

    /// A visitor follows a link; gives the click id's token, empty where there is none.
    pub async fn click(&self, link: usize, visitor: u8, headers: &[(&str, &str)]) -> String {
        let browser = self.app.browser();
        let mut request = browser.client.get(format!("{}/c/{}", self.app.url, self.links[link].1));
        request = request.header("x-forwarded-for", format!("198.51.{visitor}.7"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
        location.split_once("click_id=").map(|(_, token)| token.to_owned()).unwrap_or_default()
    }

    /// The advertiser's page says that a click has arrived; gives the status.
    pub async fn land(&self, campaign: CampaignId, token: &str, path: &str) -> u16 {
        let form = [("campaign", campaign.to_string()), ("click_id", token.to_owned()), ("path", path.to_owned())];
        let request = self.app.browser().client.post(format!("{}/landing", self.app.url)).form(&form);
        request.send().await.unwrap().status().as_u16()
    }

    pub async fn report(&self, campaign: CampaignId, badge: Badge, fields: ReportFields) -> Reply {
        let base_url = BaseUrl::parse(&self.app.url).unwrap();
        let context = Context {
            store: &self.app.store,
            environment: &self.app.environment,
            secret_key: &SecretKey::from_bytes([9; 32]),
            base_url: &base_url,
            unverified_per_day_max: 10_000,
        };
        let found = campaigns::get(&mut self.app.store.read().await.unwrap(), campaign).await.unwrap();
        let report = Report {
            endpoint: "postback",
            method: "GET".to_owned(),
            query: String::new(),
            body: String::new(),
            fields,
            cookie: ClickList::default(),
            by_hand: None,
        };
        record(&context, &report, &found, badge).await.unwrap()
    }

    /// A signed order; gives the conversion's id.
    pub async fn order(&self, campaign: CampaignId, order: &str, amount: &str, token: &str) -> ConversionId {
        let currency = if campaign == self.w { "EUR" } else { "USD" };
        let reply = self.report(campaign, Badge::Signed, fields("sale", order, Some((amount, currency)), token)).await;
        reply.body.conversion_id.unwrap_or_else(|| panic!("{order}: {reply:?}"))
    }

    pub fn viewer(&self, acting: Acting) -> Viewer {
        let zone = match acting {
            Acting::Advertiser(_) => ZONES[0],
            Acting::Publisher(id) if id == self.a_id => ZONES[1],
            Acting::Publisher(_) => ZONES[2],
            Acting::Admin => "UTC",
        };
        Viewer {
            member_id: MemberId(1),
            acting,
            role: Role::Owner,
            party_state: PartyState::Admitted,
            party_name: String::new(),
            email: String::new(),
            time_zone: zone.to_owned(),
        }
    }

    pub fn everybody(&self) -> [Viewer; 4] {
        [Acting::Publisher(self.a_id), Acting::Publisher(self.b_id), Acting::Advertiser(self.shop_id), Acting::Admin]
            .map(|acting| self.viewer(acting))
    }

    pub fn party(&self, viewer: &Viewer) -> PartyId {
        viewer.party()
    }
}

pub fn fields(event: &str, order: &str, amount: Option<(&str, &str)>, token: &str) -> ReportFields {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ReportFields {
        event: text(event),
        order_id: text(order),
        amount: amount.map(|(amount, _)| amount.to_owned()),
        currency: amount.map(|(_, currency)| currency.to_owned()),
        click_id: text(token),
        ..ReportFields::default()
    }
}
