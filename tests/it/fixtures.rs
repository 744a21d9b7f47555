//! Parties and campaigns that a test begins with, made without the pages that it is not about.

#![allow(dead_code)] // each test file uses its own part

use tallystick::domain::campaign::{ApprovalMode, CampaignState};
use tallystick::domain::condition::When;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::environment::Environment;
use tallystick::domain::ids::{AdvertiserId, CampaignId, MemberId, PartyId, PublisherId};
use tallystick::domain::money::Currency;
use tallystick::domain::party::{Email, PartyState};
use tallystick::domain::payout_details::{EnteredDetails, PayoutDetails};
use tallystick::domain::policy::Policy;
use tallystick::domain::rule::{EventName, Rate, Rule};
use tallystick::domain::secret::SecretKey;
use tallystick::domain::terms::{AttributionWindow, EventTerms, Fee, FeeBasis, Model, Terms};
use tallystick::settlement::payout_details::change;
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::{Store, enrollments, members, parties, terms};

use crate::members::sign_up;
use crate::support::{Browser, TestApp};

/// The party that signed up under this name, and its member.
pub async fn party_named(app: &TestApp, name: &str) -> (PartyId, tallystick::domain::ids::MemberId) {
    let mut conn = app.store.read().await.unwrap();
    let list = parties::list(&mut conn, None, None, 100).await.unwrap();
    let party = list.into_iter().find(|party| party.name == name).unwrap();
    let email = format!("{}@parties.example", name.to_lowercase().replace(' ', "."));
    let member = members::find_by_email(&mut conn, &Email::parse(&email).unwrap()).await.unwrap().unwrap();
    (party.party_id, member.member_id)
}

async fn admit(app: &TestApp, id: PartyId) {
    let mut w = app.store.write().await.unwrap();
    parties::update_state(&mut w, id, 1, PartyState::Admitted, "").await.unwrap();
    w.commit().await.unwrap();
}

/// A publisher that the network has admitted.
pub async fn publisher(app: &TestApp, name: &str) -> (Browser, PublisherId) {
    let browser = sign_up(app, "publisher", name).await;
    let (party, _) = party_named(app, name).await;
    admit(app, party).await;
    (browser, PublisherId(party.0))
}

/// Without them nobody is paid: the publisher's details become this PayPal address, after so many versions.
pub async fn pay_to(app: &TestApp, publisher: PublisherId, seen_version: i64, email: &str) {
    enter_paypal(&app.store, &app.environment, publisher, seen_version, email).await;
}

/// As [`pay_to`], beside something else.
pub async fn enter_paypal(
    store: &Store,
    environment: &Environment,
    publisher: PublisherId,
    seen_version: i64,
    email: &str,
) {
    let (method, paypal_email) = ("paypal".to_owned(), email.to_owned());
    let details = PayoutDetails::read(&EnteredDetails { method, paypal_email, ..EnteredDetails::default() }).unwrap();
    let key = SecretKey::from_bytes([9; 32]);
    change(store, environment, &key, (publisher, MemberId(5)), seen_version, &details).await.unwrap();
}

/// A campaign of an advertiser of its own.
pub struct LiveCampaign {
    pub browser: Browser,
    pub advertiser: AdvertiserId,
    pub campaign: CampaignId,
}

/// A live campaign on `shop.example`: 10 % of a sale and 2.50 EUR per lead, 7 days.
pub async fn live_campaign(app: &TestApp, name: &str, approval: ApprovalMode) -> LiveCampaign {
    let owner = format!("Owner of {}", name.replace(['&', '<', '>', '[', ']'], ""));
    let browser = sign_up(app, "advertiser", &owner).await;
    let (party, member) = party_named(app, &owner).await;
    admit(app, party).await;
    let advertiser = AdvertiserId(party.0);
    let (id, now) = (app.environment.new_id(CampaignId), app.environment.now());
    let campaign = Campaign {
        campaign_id: id,
        advertiser_id: advertiser,
        advertiser_name: owner,
        name: name.to_owned(),
        description: "Boots and coats for long walks.".to_owned(),
        category: "Outdoor".to_owned(),
        state: CampaignState::Live,
        state_reason: String::new(),
        landing_url: "https://shop.example/welcome".to_owned(),
        allowed_hosts: "shop.example\nwww.shop.example".to_owned(),
        landing_parameter: "click_id".to_owned(),
        approval,
        terms_version: 1,
        secret_version: 1,
        created_at_ms: now,
        version: 1,
    };
    let mut w = app.store.write().await.unwrap();
    campaigns::insert(&mut w, &campaign).await.unwrap();
    terms::insert(&mut w, &terms_of(app, id, 1), member, now).await.unwrap();
    w.commit().await.unwrap();
    LiveCampaign { browser, advertiser, campaign: id }
}

/// One version of the terms of a campaign of [`live_campaign`].
pub fn terms_of(app: &TestApp, campaign_id: CampaignId, version: i64) -> Terms {
    let rule =
        |number, event, rate, currency| Rule { number, event, rate, currency, only_for: None, when: When::default() };
    let terms = Terms {
        campaign_id,
        version,
        starts_at: app.environment.now(),
        currencies: vec![Currency::EUR],
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
            rule(2, EventName::lead(), Rate::Fixed { minor: 250 }, Some(Currency::EUR)),
        ],
        click: None,
        fee: Fee { basis: FeeBasis::Commission, bps: 2000 },
        too_fast_ms: 0,
        text: "No bids on our name.\nNo <b>pop-ups</b>.".to_owned(),
    };
    terms.check().unwrap();
    terms
}

/// Decides over a publisher's application, in the advertiser's place.
pub async fn decide(app: &TestApp, publisher: PublisherId, campaign: CampaignId, state: EnrollmentState, reason: &str) {
    let mut w = app.store.write().await.unwrap();
    let found = enrollments::find(&mut w, publisher, campaign).await.unwrap().unwrap();
    let now = app.environment.now();
    enrollments::update_state(&mut w, found.enrollment_id, found.version, state, reason, now).await.unwrap();
    w.commit().await.unwrap();
}

/// Changes a campaign's state, in the place of whoever may.
pub async fn set_state(app: &TestApp, id: CampaignId, state: CampaignState) {
    let mut w = app.store.write().await.unwrap();
    let campaign = campaigns::get(&mut w, id).await.unwrap();
    campaigns::update_state(&mut w, id, campaign.version, state, "").await.unwrap();
    w.commit().await.unwrap();
}
