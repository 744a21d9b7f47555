//! The demo's eight campaigns, and how each stands at the end.

use anyhow::Context;

use super::people::People;
use super::shop;
use super::stage::Stage;
use crate::app::advertiser::tell_publishers;
use crate::app::coupons::making::{self, Entered, Made};
use crate::auth::api_key::ApiKey;
use crate::domain::campaign::{ApprovalMode, CampaignState};
use crate::domain::campaign_draft::{CampaignDraft, WindowUnit};
use crate::domain::campaign_rates::RateUnit;
use crate::domain::conversion::Badge;
use crate::domain::ids::{ApiKeyId, CampaignId};
use crate::domain::schedule;
use crate::domain::site::BaseUrl;
use crate::domain::terms::Terms;
use crate::store::api_keys::{self, ApiKeyRow};
use crate::store::campaigns::{self, Campaign};
use crate::store::terms;

/// What a campaign offers and how its market behaves.
pub struct Offer {
    pub advertiser: usize,
    pub name: &'static str,
    pub category: &'static str,
    description: &'static str,
    host: &'static str,
    pub currency: &'static str,
    sale: (&'static str, RateUnit),
    lead: &'static str,
    /// What each valid visitor pays, and a publisher's day at most.
    click: (&'static str, &'static str),
    window: (&'static str, WindowUnit),
    /// So long a customer stays bound to whoever brought the first order.
    binding_months: &'static str,
    validation_days: &'static str,
    text: &'static str,
    /// How its reports are vouched for.
    pub badge: Badge,
    /// The value of an order, minor units.
    pub amounts: (i64, i64),
    /// How willingly its visitors buy, the mean being 100.
    pub appeal: u64,
    /// The longest time between click and order, hours.
    pub hours: i64,
}

/// The code that the podcast's listeners type.
pub const COUPON: &str = "NIGHTOWL";

pub const BOOTS: usize = 0;
pub const TENTS: usize = 1;
pub const COOKWARE: usize = 2;
pub const COURSES: usize = 3;
pub const CITIES: usize = 4;
pub const CLEARANCE: usize = 5;
pub const POLISH: usize = 6;
pub const TRAINS: usize = 7;

pub const OFFERS: [Offer; 8] = [
    Offer {
        advertiser: 0,
        name: "Winter boots",
        category: "Outdoor",
        description: "Boots, socks and coats for long walks in the cold. Free returns within 30 days.",
        host: "nordlicht.example",
        currency: "EUR",
        sale: ("10", RateUnit::Percent),
        lead: "",
        click: ("", ""),
        window: ("30", WindowUnit::Days),
        binding_months: "6",
        validation_days: "14",
        text: "No bids on our name. No coupons that we did not publish.",
        badge: Badge::Signed,
        amounts: (3_900, 21_900),
        appeal: 120,
        hours: 14 * 24,
    },
    Offer {
        advertiser: 0,
        name: "Tents and bags",
        category: "Outdoor",
        description: "Tents, sleeping bags and rucksacks, tested above the tree line.",
        host: "nordlicht.example",
        currency: "EUR",
        sale: ("8", RateUnit::Percent),
        lead: "1.50",
        click: ("", ""),
        window: ("7", WindowUnit::Days),
        binding_months: "0",
        validation_days: "14",
        text: "No bids on our name.",
        badge: Badge::Signed,
        amounts: (5_900, 38_900),
        appeal: 80,
        hours: 6 * 24,
    },
    Offer {
        advertiser: 1,
        name: "Cookware for life",
        category: "Home",
        description: "Copper pans and clay pots with a guarantee of fifty years.",
        host: "copperclay.example",
        currency: "USD",
        sale: ("12.5", RateUnit::Percent),
        lead: "",
        click: ("", ""),
        window: ("14", WindowUnit::Days),
        binding_months: "0",
        validation_days: "21",
        text: "Tell your readers that you earn a commission.",
        badge: Badge::Key,
        amounts: (2_900, 24_900),
        appeal: 100,
        hours: 10 * 24,
    },
    Offer {
        advertiser: 2,
        name: "Evening courses",
        category: "Education",
        description: "Live language courses in small groups. A trial lesson counts as a lead.",
        host: "lingua.example",
        currency: "EUR",
        sale: ("15", RateUnit::Percent),
        lead: "4.00",
        click: ("", ""),
        window: ("24", WindowUnit::Hours),
        binding_months: "0",
        validation_days: "10",
        text: "Trial lessons by the same person count once.",
        badge: Badge::Unverified,
        amounts: (6_900, 14_900),
        appeal: 150,
        hours: 20,
    },
    Offer {
        advertiser: 3,
        name: "City breaks",
        category: "Travel",
        description: "Weekends by train in forty cities, hotel and tickets together.",
        host: "fernweh.example",
        currency: "EUR",
        sale: ("18.00", RateUnit::Fixed),
        lead: "",
        click: ("", ""),
        window: ("60", WindowUnit::Days),
        binding_months: "0",
        validation_days: "30",
        text: "Prices change daily: show ours or none.",
        badge: Badge::Signed,
        amounts: (14_900, 64_900),
        appeal: 60,
        hours: 20 * 24,
    },
    Offer {
        advertiser: 0,
        name: "Summer clearance",
        category: "Outdoor",
        description: "What is left of the summer, while it lasts.",
        host: "nordlicht.example",
        currency: "EUR",
        sale: ("5", RateUnit::Percent),
        lead: "",
        click: ("0.04", "1.00"),
        window: ("3", WindowUnit::Days),
        binding_months: "0",
        validation_days: "14",
        text: "No bids on our name.",
        badge: Badge::Signed,
        amounts: (1_900, 8_900),
        appeal: 110,
        hours: 2 * 24,
    },
    Offer {
        advertiser: 1,
        name: "Miracle polish",
        category: "Home",
        description: "Makes every pan new again, for ever.",
        host: "copperclay.example",
        currency: "USD",
        sale: ("25", RateUnit::Percent),
        lead: "",
        click: ("", ""),
        window: ("30", WindowUnit::Days),
        binding_months: "0",
        validation_days: "30",
        text: "",
        badge: Badge::Key,
        amounts: (900, 1_900),
        appeal: 0,
        hours: 1,
    },
    Offer {
        advertiser: 3,
        name: "Night trains",
        category: "Travel",
        description: "Sleep in Vienna, wake up in Rome: every sleeping car of the continent.",
        host: "fernweh.example",
        currency: "EUR",
        sale: ("6", RateUnit::Percent),
        lead: "",
        click: ("", ""),
        window: ("45", WindowUnit::Days),
        binding_months: "0",
        validation_days: "30",
        text: "Prices change daily: show ours or none.",
        badge: Badge::Signed,
        amounts: (9_900, 29_900),
        appeal: 0,
        hours: 1,
    },
];

/// Those whose advertiser decides over applications.
const MANUAL: [usize; 3] = [TENTS, COOKWARE, CITIES];

impl Offer {
    fn draft(&self, id: CampaignId, base_url: &BaseUrl, approval: ApprovalMode) -> CampaignDraft {
        CampaignDraft {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            category: self.category.to_owned(),
            landing_url: shop::address(base_url, id, "welcome"),
            allowed_hosts: self.host.to_owned(),
            approval: approval.to_string(),
            currency: self.currency.to_owned(),
            sale_rate: self.sale.0.to_owned(),
            sale_unit: self.sale.1.to_string(),
            lead_rate: self.lead.to_owned(),
            click_rate: self.click.0.to_owned(),
            click_cap: self.click.1.to_owned(),
            window: self.window.0.to_owned(),
            window_unit: self.window.1.to_string(),
            binding_months: self.binding_months.to_owned(),
            validation_days: self.validation_days.to_owned(),
            terms_text: self.text.to_owned(),
            ..CampaignDraft::default()
        }
    }

    /// Whether a lead is one of its events.
    pub const fn has_leads(&self) -> bool {
        !self.lead.is_empty()
    }
}

/// Makes a campaign; only its advertiser sees it yet.
pub async fn make(stage: &Stage, people: &People, place: usize) -> anyhow::Result<CampaignId> {
    let (app, offer) = (&stage.app, &OFFERS[place]);
    let viewer = &people.advertisers[offer.advertiser];
    let (id, now) = (app.environment.new_id(CampaignId), app.environment.now());
    let approval = if MANUAL.contains(&place) { ApprovalMode::Manual } else { ApprovalMode::Automatic };
    let draft = offer.draft(id, &app.base_url, approval);
    let facts = draft.facts(app.base_url.is_development())?;
    let campaign = Campaign {
        campaign_id: id,
        advertiser_id: people.advertiser_id(offer.advertiser),
        advertiser_name: viewer.party_name.clone(),
        name: facts.name,
        description: facts.description,
        category: facts.category,
        state: CampaignState::Draft,
        state_reason: String::new(),
        landing_url: facts.landing_url,
        allowed_hosts: facts.allowed_hosts,
        landing_parameter: facts.landing_parameter,
        approval: facts.approval,
        terms_version: 1,
        secret_version: 1,
        created_at_ms: now,
        version: 1,
    };
    let mut w = app.store.write().await?;
    campaigns::insert(&mut w, &campaign).await?;
    terms::insert(&mut w, &draft.terms(id, 1, now)?, viewer.member_id, now).await?;
    w.commit().await?;
    Ok(id)
}

/// A publisher gets the code that its listeners type.
pub async fn give_coupon(
    stage: &Stage,
    people: &People,
    place: usize,
    id: CampaignId,
    publisher: usize,
) -> anyhow::Result<()> {
    let publisher_id = people.publisher_id(publisher).to_string();
    let (valid_from, valid_until) = (String::new(), String::new());
    let entered = Entered { publisher_id, code: COUPON.to_owned(), valid_from, valid_until };
    let advertiser = &people.advertisers[OFFERS[place].advertiser];
    match making::make(&stage.app, advertiser, id, &entered).await? {
        Made::Coupon { .. } => Ok(()),
        Made::Refused(field, message) => anyhow::bail!("{field}: {message}"),
    }
}

/// Takes a campaign to another state, by an allowed step.
pub async fn step(stage: &Stage, id: CampaignId, to: CampaignState, reason: &str) -> anyhow::Result<()> {
    let mut w = stage.app.store.write().await?;
    let campaign = campaigns::get(&mut w, id).await?;
    anyhow::ensure!(campaign.state.can_become(to), "{} is {} and cannot become {to}", campaign.name, campaign.state);
    campaigns::update_state(&mut w, id, campaign.version, to, reason).await?;
    Ok(w.commit().await?)
}

/// A sale earns something else: the next version of the terms, at once or after notice. Publishers are told.
pub async fn change_rate(
    stage: &Stage,
    people: &People,
    place: usize,
    id: CampaignId,
    rate: &str,
) -> anyhow::Result<()> {
    let (app, now) = (&stage.app, stage.now());
    let mut w = app.store.write().await?;
    let campaign = campaigns::get(&mut w, id).await?;
    let versions = terms::list(&mut w, id).await?;
    let current = schedule::in_force(&versions, now).context("a campaign has terms")?;
    let version = campaign.terms_version + 1;
    let draft =
        CampaignDraft { sale_rate: rate.to_owned(), ..OFFERS[place].draft(id, &app.base_url, campaign.approval) };
    let entered = draft.terms(id, version, now)?;
    let next = Terms { starts_at: current.earliest_start_of(&entered, now), ..entered };
    let member = people.advertisers[OFFERS[place].advertiser].member_id;
    terms::insert(&mut w, &next, member, now).await?;
    tell_publishers(&mut w, &app.environment, &campaign, &versions, &next).await?;
    campaigns::update(&mut w, &Campaign { terms_version: version, ..campaign }).await?;
    Ok(w.commit().await?)
}

/// The shop's server gets a key.
pub async fn make_key(stage: &Stage, people: &People, place: usize, id: CampaignId) -> anyhow::Result<()> {
    let app = &stage.app;
    let (_, key) = ApiKey::issue(&app.secret_key, app.environment.new_id(ApiKeyId), Badge::Key);
    let row = ApiKeyRow {
        api_key_id: key.id,
        campaign_id: id,
        name: "Shop server".to_owned(),
        badge: key.badge,
        networks: String::new(),
        secret_hash: key.hash.to_vec(),
        created_at_ms: stage.now(),
        last_used_at_ms: None,
        revoked_at_ms: None,
        expires_at_ms: None,
    };
    let member = people.advertisers[OFFERS[place].advertiser].member_id;
    let mut w = app.store.write().await?;
    api_keys::insert(&mut w, &row, member).await.context("a key for the shop")?;
    Ok(w.commit().await?)
}
