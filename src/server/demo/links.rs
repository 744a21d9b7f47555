//! Publishers join campaigns and place links.

use anyhow::Context;

use super::campaigns::{BOOTS, CITIES, CLEARANCE, COOKWARE, COURSES, TENTS};
use super::people::People;
use super::shop;
use super::stage::Stage;
use crate::app::publisher::{joining, link_making};
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{CampaignId, LinkId};
use crate::domain::link::SubIds;
use crate::store::{campaigns, enrollments, links};

/// A link and how busy it is.
pub struct Spot {
    pub publisher: usize,
    pub campaign: usize,
    name: &'static str,
    path: &'static str,
    pub sub1: &'static str,
    pub weight: u64,
    /// On which day it is first seen.
    pub from: i64,
}

const fn spot(
    publisher: usize,
    campaign: usize,
    name: &'static str,
    path: &'static str,
    sub1: &'static str,
    weight: u64,
    from: i64,
) -> Spot {
    Spot { publisher, campaign, name, path, sub1, weight, from }
}

/// The one that is paused on the way.
pub const OLD_BANNER: usize = 2;

pub const SPOTS: [Spot; 20] = [
    spot(0, BOOTS, "Newsletter", "", "newsletter", 150, 0),
    spot(0, BOOTS, "Boots compared", "boots/compare", "article", 90, 12),
    spot(0, TENTS, "Old banner", "", "banner", 40, 0),
    spot(0, COOKWARE, "Recipes of the week", "pans", "recipes", 60, 20),
    spot(0, CITIES, "A weekend away", "", "travel", 35, 30),
    spot(1, BOOTS, "Gear list", "boots/men", "gear", 110, 0),
    spot(1, TENTS, "Tents under 2 kg", "tents/light", "review", 130, 0),
    spot(1, CLEARANCE, "Clearance tips", "", "tips", 40, 5),
    spot(1, CITIES, "By train to the trail", "", "trains", 40, 25),
    spot(2, BOOTS, "Deals: boots", "sale", "deals", 95, 8),
    spot(2, CLEARANCE, "Deals: summer", "", "deals", 80, 0),
    spot(2, COURSES, "Deals: courses", "trial", "deals", 70, 15),
    spot(2, CITIES, "Deals: cities", "", "deals", 30, 40),
    spot(3, COOKWARE, "The one pan", "pans/copper", "essay", 140, 0),
    spot(3, COOKWARE, "Clay pot bread", "pots", "bread", 70, 33),
    spot(3, COURSES, "Italian for cooks", "", "italian", 45, 10),
    spot(4, COURSES, "Apps for learning", "trial", "apps", 90, 0),
    spot(4, TENTS, "Power on the trail", "bags", "power", 45, 28),
    spot(5, COURSES, "Podcast notes", "", "podcast", 9, 35),
    spot(5, BOOTS, "Episode 12", "", "podcast", 6, 55),
];

/// A spot with the link behind it.
pub struct Placed {
    pub link_id: LinkId,
    pub slug: String,
}

/// Everybody joins the campaigns it has a spot for, and makes its links.
pub async fn place_all(stage: &Stage, people: &People, ids: &[CampaignId]) -> anyhow::Result<Vec<Placed>> {
    let mut placed = Vec::new();
    for spot in &SPOTS {
        stage.pass(4 * 60_000);
        enroll(stage, people, spot.publisher, ids[spot.campaign]).await?;
        let path = Some(spot.path).filter(|path| !path.is_empty());
        let page = |path| shop::address(&stage.app.base_url, ids[spot.campaign], path);
        let destination = path.map(page).unwrap_or_default();
        let (sub_ids, _) = SubIds::from_pairs([("sub1", spot.sub1)].into_iter());
        let publisher = people.publisher_id(spot.publisher);
        let made = link_making::make(&stage.app, publisher, ids[spot.campaign], spot.name, &destination, &sub_ids);
        let link_id = made.await?;
        let link = links::get_of_publisher(&mut stage.app.store.read().await?, publisher, link_id).await?;
        placed.push(Placed { link_id, slug: link.slug });
    }
    Ok(placed)
}

/// Joins; where the advertiser decides, it approves. Who is in already stays.
async fn enroll(stage: &Stage, people: &People, publisher: usize, campaign: CampaignId) -> anyhow::Result<()> {
    let id = people.publisher_id(publisher);
    let known = enrollments::find(&mut stage.app.store.read().await?, id, campaign).await?;
    if known.is_none() && apply(stage, people, publisher, campaign).await? == EnrollmentState::Applied {
        decide(stage, people, publisher, campaign, EnrollmentState::Approved, "").await?;
    }
    Ok(())
}

/// A publisher accepts the terms and applies.
pub async fn apply(
    stage: &Stage,
    people: &People,
    publisher: usize,
    campaign: CampaignId,
) -> anyhow::Result<EnrollmentState> {
    let terms_version = campaigns::get_public(&mut stage.app.store.read().await?, campaign).await?.terms_version;
    let application = joining::Application {
        publisher: people.publisher_id(publisher),
        member: people.publishers[publisher].member_id,
        campaign,
        terms_version,
    };
    Ok(joining::join(&stage.app, &application).await?.0)
}

/// The advertiser answers an application.
pub async fn decide(
    stage: &Stage,
    people: &People,
    publisher: usize,
    campaign: CampaignId,
    to: EnrollmentState,
    reason: &str,
) -> anyhow::Result<()> {
    let mut w = stage.app.store.write().await?;
    let found = enrollments::find(&mut w, people.publisher_id(publisher), campaign).await?;
    let found = found.context("an application")?;
    enrollments::update_state(&mut w, found.enrollment_id, found.version, to, reason, stage.now()).await?;
    Ok(w.commit().await?)
}

/// A publisher pauses a link that stays out there.
pub async fn pause(stage: &Stage, people: &People, spot: usize, placed: &[Placed]) -> anyhow::Result<()> {
    let mut w = stage.app.store.write().await?;
    let publisher = people.publisher_id(SPOTS[spot].publisher);
    links::update_active(&mut w, publisher, placed[spot].link_id, false).await?;
    Ok(w.commit().await?)
}
