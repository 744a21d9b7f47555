//! The place where the market is: a real network on loopback with a clock in hand, its campaigns, publishers and links.

use std::sync::Arc;

use anyhow::Context;
use tallystick::auth::members::Admission;
use tallystick::domain::campaign::{ApprovalMode, CampaignState};
use tallystick::domain::condition::When;
use tallystick::domain::coupon;
use tallystick::domain::durability::ClickDurability;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::environment::Environment;
use tallystick::domain::ids::{
    AdvertiserId, CampaignId, CouponId, EnrollmentId, IdGenerator, LinkId, MemberId, PartyId, PublisherId,
};
use tallystick::domain::link::{Slug, SubIds};
use tallystick::domain::money::Currency;
use tallystick::domain::party::{PartyKind, PartyState};
use tallystick::domain::policy::Policy;
use tallystick::domain::rule::{EventName, Rate, Rule};
use tallystick::domain::secret::{PostbackSecret, SecretKey};
use tallystick::domain::site::BaseUrl;
use tallystick::domain::terms::{AttributionWindow, EventTerms, Fee, FeeBasis, Model, Terms};
use tallystick::domain::time::{DAY_MS, SECOND_MS, Timestamp};
use tallystick::server::clock::{MovableClock, SeededEntropy};
use tallystick::server::config::Config;
use tallystick::server::layers::client_address::TrustedProxies;
use tallystick::server::serve::Running;
use tallystick::server::tasks;
use tallystick::settlement::payout::PayoutSettings;
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::coupons::{self, NewCoupon};
use tallystick::store::enrollments::{self, NewEnrollment};
use tallystick::store::links::{self, NewLink};
use tallystick::store::parties::{self, Party};
use tallystick::store::{Store, Writer, terms};
use tallystick::tracking::opt_out::OptOut;
use tallystick::tracking::recorder::RecorderSettings;
use tokio::net::TcpListener;

use super::browser::{Net, Site};
use super::people::START;
use super::way::Way;

/// Whoever agreed to terms and made coupons; nobody looks.
const MEMBER: MemberId = MemberId(1);

/// One advertiser with one campaign, which reports in its own way.
pub struct Shop {
    pub way: Way,
    pub campaign: CampaignId,
    /// The campaign as ids show it.
    pub name: String,
    pub secret: PostbackSecret,
    /// The path of each publisher's link.
    pub links: Vec<String>,
}

impl Shop {
    pub fn site(&self) -> Site<'_> {
        let window_seconds = self.way.window_days() * DAY_MS / SECOND_MS;
        Site { campaign: &self.name, keeper: self.way.keeper(), window_seconds }
    }
}

pub struct Place {
    pub net: Net,
    pub store: Store,
    pub shops: Vec<Shop>,
    pub publishers: Vec<PublisherId>,
    clock: Arc<MovableClock>,
    running: Running,
}

impl Place {
    /// On an empty database, with a shop for each way of reporting.
    pub async fn open(database_url: &str, seed: u64, publishers: usize) -> anyhow::Result<Self> {
        let clock = Arc::new(MovableClock::default());
        clock.move_to(START);
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let environment = Environment {
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(bytes)),
            ids: Arc::new(IdGenerator::new(0)),
        };
        let store = Store::open(database_url).await.context("opening the database")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = BaseUrl::parse(&format!("http://localhost:{}", listener.local_addr()?.port()))?;
        let secret_key = SecretKey::from_bytes(bytes);
        let mut founder = Founder { environment: environment.clone(), w: store.write().await? };
        let (publishers, shops) = founder.found(&secret_key, publishers).await?;
        founder.w.commit().await?;
        let running = Running::start(config(base_url, secret_key)?, store.clone(), environment, listener).await?;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let net = Net { client, url: running.url() };
        Ok(Self { net, store, shops, publishers, clock, running })
    }

    pub fn move_to(&self, at: Timestamp) {
        self.clock.move_to(at);
    }

    /// What happens by itself, now: approvals above all.
    pub async fn run_tasks(&self) {
        tasks::run(&self.running.app).await;
    }

    pub async fn close(self) {
        drop(self.store);
        self.running.stop().await;
    }
}

fn config(base_url: BaseUrl, secret_key: SecretKey) -> anyhow::Result<Config> {
    Ok(Config {
        tracking_url: base_url.clone(),
        base_url,
        secret_key,
        trusted_proxies: TrustedProxies::parse("127.0.0.1/32")?,
        admission: Admission::Manual,
        // Every click waits for its commit, so that nothing depends on how fast this machine is.
        recorder: RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: 0 },
        unverified_reports_per_day_max: 10_000,
        opt_out: OptOut::Respect,
        payout: PayoutSettings { net_days: 0, threshold_minor: None, four_eyes_minor: None },
        task_interval_ms: 0,
        demo_logins: Vec::new(),
    })
}

/// Fills the database through the store's own functions.
struct Founder {
    environment: Environment,
    w: Writer,
}

impl Founder {
    async fn found(&mut self, key: &SecretKey, publishers: usize) -> anyhow::Result<(Vec<PublisherId>, Vec<Shop>)> {
        let mut ids = Vec::new();
        for number in 0..publishers {
            ids.push(PublisherId(self.party(PartyKind::Publisher, &format!("Publisher {number}")).await?.0));
        }
        let mut shops = Vec::new();
        for way in Way::ALL {
            shops.push(self.shop(key, way, &ids).await?);
        }
        Ok((ids, shops))
    }

    async fn party(&mut self, kind: PartyKind, name: &str) -> anyhow::Result<PartyId> {
        let party_id = self.environment.new_id(PartyId);
        let party = Party {
            party_id,
            kind,
            name: name.to_owned(),
            website: "https://party.example".to_owned(),
            state: PartyState::Admitted,
            state_reason: String::new(),
            time_zone: "UTC".to_owned(),
            locale: "en".to_owned(),
            created_at_ms: self.environment.now(),
            version: 1,
        };
        parties::insert(&mut self.w, &party).await?;
        Ok(party_id)
    }

    async fn shop(&mut self, key: &SecretKey, way: Way, publishers: &[PublisherId]) -> anyhow::Result<Shop> {
        let advertiser_id = AdvertiserId(self.party(PartyKind::Advertiser, way.name()).await?.0);
        let (campaign_id, now) = (self.environment.new_id(CampaignId), self.environment.now());
        let campaign = Campaign {
            campaign_id,
            advertiser_id,
            advertiser_name: way.name().to_owned(),
            name: way.name().to_owned(),
            description: "Boots and coats for long walks.".to_owned(),
            category: "Outdoor".to_owned(),
            state: CampaignState::Live,
            state_reason: String::new(),
            landing_url: "https://shop.example/welcome".to_owned(),
            allowed_hosts: "shop.example".to_owned(),
            landing_parameter: "click_id".to_owned(),
            approval: ApprovalMode::Automatic,
            terms_version: 1,
            secret_version: 1,
            created_at_ms: now,
            version: 1,
        };
        campaigns::insert(&mut self.w, &campaign).await?;
        terms::insert(&mut self.w, &terms_of(campaign_id, way, now), MEMBER, now).await?;
        let mut links = Vec::new();
        for (number, publisher) in publishers.iter().enumerate() {
            links.push(self.enroll(campaign_id, *publisher).await?);
            self.coupon(campaign_id, *publisher, number).await?;
        }
        let secret = key.postback_secret(campaign_id, 1);
        Ok(Shop { way, campaign: campaign_id, name: campaign_id.to_string(), secret, links })
    }

    async fn enroll(&mut self, campaign_id: CampaignId, publisher_id: PublisherId) -> anyhow::Result<String> {
        let (link_id, at) = (self.environment.new_id(LinkId), self.environment.now());
        let slug = Slug::from_random(self.environment.random());
        let path = format!("/c/{slug}");
        let link = NewLink {
            link_id,
            slug,
            campaign_id,
            publisher_id,
            is_default: true,
            name: "Default",
            destination: "",
            sub_ids: &SubIds::default(),
            at,
        };
        links::insert(&mut self.w, &link).await?;
        let enrollment = NewEnrollment {
            enrollment_id: self.environment.new_id(EnrollmentId),
            campaign_id,
            publisher_id,
            state: EnrollmentState::Approved,
            terms_version: 1,
            accepted_by: MEMBER,
            at,
            default_link_id: link_id,
        };
        enrollments::insert(&mut self.w, &enrollment).await?;
        Ok(path)
    }

    async fn coupon(
        &mut self,
        campaign_id: CampaignId,
        publisher_id: PublisherId,
        number: usize,
    ) -> anyhow::Result<()> {
        let (code, at) = (coupon_code(number), self.environment.now());
        let new = NewCoupon {
            coupon_id: self.environment.new_id(CouponId),
            campaign_id,
            publisher_id,
            code: &code,
            key: &coupon::key(&code),
            valid_from: at,
            valid_until: None,
            at,
            by: MEMBER,
        };
        Ok(coupons::insert(&mut self.w, &new).await?)
    }
}

/// Every publisher has one, the same in every shop.
pub fn coupon_code(publisher: usize) -> String {
    format!("SAVE{publisher}")
}

/// 10 % of a sale, validated for 30 days.
fn terms_of(campaign_id: CampaignId, way: Way, starts_at: Timestamp) -> Terms {
    Terms {
        campaign_id,
        version: 1,
        starts_at,
        currencies: vec![Currency::EUR],
        window: AttributionWindow::from_days(way.window_days()).expect("such a window is allowed"),
        model: if way.counts_first_click() { Model::FirstClick } else { Model::LastClick },
        policy: Policy::default(),
        binding_months: 0,
        validation_days: 30,
        hold_days: 0,
        events: vec![EventTerms { name: EventName::sale(), is_once_per_click: false }],
        rules: vec![Rule {
            number: 1,
            event: EventName::sale(),
            rate: Rate::Percent { bps: 1_000 },
            currency: None,
            only_for: None,
            when: When::default(),
        }],
        click: None,
        fee: Fee { basis: FeeBasis::Commission, bps: 2_000 },
        too_fast_ms: 0,
        text: String::new(),
    }
}
