//! A network with parties, campaigns and many links, written through the store's own functions.

use tallystick::auth::members::{self, Admission, SignUp};
use tallystick::auth::password::{NewPassword, Passwords};
use tallystick::auth::throttle::Throttle;
use tallystick::domain::campaign::{ApprovalMode, CampaignState};
use tallystick::domain::condition::When;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::environment::Environment;
use tallystick::domain::ids::{AdvertiserId, CampaignId, EnrollmentId, LinkId, MemberId, PartyId, PublisherId};
use tallystick::domain::link::{Slug, SubIds};
use tallystick::domain::money::Currency;
use tallystick::domain::party::{Email, Name, PartyKind, PartyState, Viewer, Website};
use tallystick::domain::policy::Policy;
use tallystick::domain::rule::{EventName, Rate, Rule};
use tallystick::domain::terms::{AttributionWindow, EventTerms, Fee, FeeBasis, Model, Terms};
use tallystick::domain::time::Zone;
use tallystick::store::campaigns::{self, Campaign};
use tallystick::store::enrollments::{self, NewEnrollment};
use tallystick::store::links::{self, NewLink};
use tallystick::store::parties::{self, Party};
use tallystick::store::{Store, Writer, terms};

use anyhow::Context;

pub const EMAIL: &str = "publisher@bench.example";
pub const PASSWORD: &str = "quiet otter paints fences";

/// A link and whose it is.
#[derive(Debug, Clone)]
pub struct Placed {
    pub link_id: LinkId,
    pub slug: String,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub advertiser_id: AdvertiserId,
}

/// What was made. The first publisher is the one who looks at pages.
pub struct Network {
    pub viewer: Viewer,
    pub links: Vec<Placed>,
}

struct Seeder<'s> {
    store: &'s Store,
    environment: Environment,
    member: MemberId,
}

/// Fills an empty database. Link n is of publisher n and campaign n, each counted round and round.
pub async fn seed(store: &Store, publishers: usize, campaigns: usize, links: usize) -> anyhow::Result<Network> {
    let environment = crate::product::environment();
    let member = sign_up(store, &environment).await?;
    let viewer = members::viewer(&mut store.read().await?, member, PartyKind::Publisher).await?;
    let viewer = viewer.context("who signed up is there")?;
    let seeder = Seeder { store, environment, member };
    let mut w = seeder.store.write().await?;
    let mut publisher_ids = vec![PublisherId(viewer.party().0)];
    for number in 1..publishers {
        publisher_ids.push(PublisherId(seeder.party(&mut w, PartyKind::Publisher, number).await?.0));
    }
    let mut campaign_ids = Vec::new();
    for number in 0..campaigns {
        campaign_ids.push(seeder.campaign(&mut w, number).await?);
    }
    let mut placed = Vec::new();
    for number in 0..links {
        // Both go round at their own pace, so that every publisher is in several campaigns.
        let (publisher, campaign) = (publisher_ids[number % publishers], campaign_ids[number / publishers % campaigns]);
        placed.push(seeder.link(&mut w, number, publisher, campaign, number < publishers * campaigns).await?);
    }
    w.commit().await?;
    Ok(Network { viewer, links: placed })
}

async fn sign_up(store: &Store, environment: &Environment) -> anyhow::Result<MemberId> {
    let request = SignUp {
        email: Email::parse(EMAIL)?,
        name: Name::parse("Some Body")?,
        password: NewPassword::parse(PASSWORD, &[])?,
        kind: PartyKind::Publisher,
        party_name: Name::parse("Publisher 0")?,
        website: Website::parse("https://publisher.example")?,
        time_zone: Zone::UTC,
    };
    let (passwords, throttle) = (Passwords::new(), Throttle::new());
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let member =
        members::sign_up(store, environment, &passwords, &throttle, request, Admission::Automatic, address).await?;
    Ok(member)
}

impl Seeder<'_> {
    async fn party(&self, w: &mut Writer, kind: PartyKind, number: usize) -> anyhow::Result<PartyId> {
        let party_id = self.environment.new_id(PartyId);
        let party = Party {
            party_id,
            kind,
            name: format!("{kind} {number}"),
            website: "https://party.example".to_owned(),
            state: PartyState::Admitted,
            state_reason: String::new(),
            time_zone: "Europe/Berlin".to_owned(),
            locale: "en".to_owned(),
            created_at_ms: self.environment.now(),
            version: 1,
        };
        parties::insert(w, &party).await?;
        Ok(party_id)
    }

    /// A live campaign of an advertiser of its own.
    async fn campaign(&self, w: &mut Writer, number: usize) -> anyhow::Result<(CampaignId, AdvertiserId)> {
        let advertiser_id = AdvertiserId(self.party(w, PartyKind::Advertiser, number).await?.0);
        let (campaign_id, now) = (self.environment.new_id(CampaignId), self.environment.now());
        let campaign = Campaign {
            campaign_id,
            advertiser_id,
            advertiser_name: format!("advertiser {number}"),
            name: format!("Campaign {number}"),
            description: "Boots and coats for long walks.".to_owned(),
            category: "Outdoor".to_owned(),
            state: CampaignState::Live,
            state_reason: String::new(),
            landing_url: "https://shop.example/welcome".to_owned(),
            allowed_hosts: "shop.example\nwww.shop.example".to_owned(),
            landing_parameter: "click_id".to_owned(),
            approval: ApprovalMode::Automatic,
            terms_version: 1,
            secret_version: 1,
            created_at_ms: now,
            version: 1,
        };
        campaigns::insert(w, &campaign).await?;
        terms::insert(w, &terms_of(&self.environment, campaign_id), self.member, now).await?;
        Ok((campaign_id, advertiser_id))
    }

    async fn link(
        &self,
        w: &mut Writer,
        number: usize,
        publisher_id: PublisherId,
        (campaign_id, advertiser_id): (CampaignId, AdvertiserId),
        is_first_of_both: bool,
    ) -> anyhow::Result<Placed> {
        let (link_id, at) = (self.environment.new_id(LinkId), self.environment.now());
        if is_first_of_both {
            let enrollment = NewEnrollment {
                enrollment_id: self.environment.new_id(EnrollmentId),
                campaign_id,
                publisher_id,
                state: EnrollmentState::Approved,
                terms_version: 1,
                accepted_by: self.member,
                at,
                default_link_id: link_id,
            };
            enrollments::insert(w, &enrollment).await?;
        }
        let new_slug = || Slug::from_random(self.environment.random());
        let slug = new_slug();
        let link = NewLink {
            link_id,
            slug: slug.clone(),
            campaign_id,
            publisher_id,
            is_default: is_first_of_both,
            name: &format!("Link {number}"),
            destination: "https://www.shop.example/boots/compare",
            sub_ids: &SubIds::default(),
            at,
        };
        links::insert(w, &link).await?;
        Ok(Placed { link_id, slug: slug.to_string(), campaign_id, publisher_id, advertiser_id })
    }
}

/// 10 % of a sale, 30 days.
fn terms_of(environment: &Environment, campaign_id: CampaignId) -> Terms {
    Terms {
        campaign_id,
        version: 1,
        starts_at: environment.now(),
        currencies: vec![Currency::EUR],
        window: AttributionWindow::from_days(30).expect("30 days are allowed"),
        model: Model::LastClick,
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
