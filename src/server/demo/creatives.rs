//! What the demo's advertisers give their publishers to place: words, and banners that are painted here.

use std::io::Cursor;

use anyhow::Context;
use image::{ImageFormat, Rgb, RgbImage};

use super::campaigns::{BOOTS, CITIES, CLEARANCE, COOKWARE, COURSES, OFFERS, TENTS};
use super::links::{SPOTS, Spot};
use super::people::People;
use super::stage::Stage;
use crate::app::creatives::adding::{self, Entered};
use crate::creatives::raster;
use crate::domain::ids::{CampaignId, CreativeId};
use crate::store::campaigns;

/// The sky above, the sky below, and hills from the farthest to the nearest.
type Colours = [[u8; 3]; 5];

const FROST: Colours = [[38, 70, 114], [196, 219, 236], [128, 160, 190], [74, 105, 138], [30, 52, 80]];
const EVENING: Colours = [[60, 44, 92], [246, 178, 122], [176, 104, 112], [112, 66, 96], [52, 34, 66]];
const COPPER: Colours = [[120, 62, 36], [247, 214, 170], [206, 132, 78], [150, 84, 50], [84, 44, 30]];
const SEA: Colours = [[22, 92, 112], [214, 240, 232], [110, 178, 178], [52, 128, 138], [18, 70, 88]];

struct Provided {
    campaign: usize,
    name: &'static str,
    words: &'static str,
    /// Of a banner: width, height, and what it is painted with.
    picture: Option<(u32, u32, Colours)>,
}

const PROVIDED: [Provided; 9] = [
    banner(BOOTS, "Snow, 300 × 250", "Boots for the coldest walk of the year", 300, 250, FROST),
    banner(BOOTS, "Snow, 728 × 90", "Boots for the coldest walk of the year", 728, 90, FROST),
    words(BOOTS, "Dry feet", "Winter boots that stay dry, with free returns"),
    banner(TENTS, "Camp at dusk, 300 × 250", "Tents that were tested above the tree line", 300, 250, EVENING),
    words(CLEARANCE, "While it lasts", "What is left of the summer, at half the price"),
    banner(COOKWARE, "Copper, 300 × 250", "Pans with a guarantee of fifty years", 300, 250, COPPER),
    words(COURSES, "Trial lesson", "Try an evening course, the first lesson is free"),
    banner(CITIES, "Harbour, 300 × 250", "Forty cities by train, hotel and tickets together", 300, 250, SEA),
    words(CITIES, "Weekend", "A weekend away, by train"),
];

const fn words(campaign: usize, name: &'static str, words: &'static str) -> Provided {
    Provided { campaign, name, words, picture: None }
}

const fn banner(
    campaign: usize,
    name: &'static str,
    words: &'static str,
    width: u32,
    height: u32,
    colours: Colours,
) -> Provided {
    Provided { campaign, name, words, picture: Some((width, height, colours)) }
}

/// Of every spot: the creative that stands there, if any.
pub type Standing = Vec<Option<CreativeId>>;

/// Every advertiser adds its creatives; deal sites and old banners show them.
pub async fn provide(stage: &Stage, people: &People, ids: &[CampaignId]) -> anyhow::Result<Standing> {
    let mut made = Vec::new();
    for provided in &PROVIDED {
        stage.pass(3 * 60_000);
        made.push((provided, add(stage, people, ids[provided.campaign], provided).await?));
    }
    let stands = |sub1: &str, provided: &Provided| match sub1 {
        "banner" | "travel" | "gear" => provided.picture.is_some(),
        "deals" => provided.picture.is_none(),
        _ => false,
    };
    let of_spot = |spot: &Spot| {
        let found = made.iter().find(|(one, _)| one.campaign == spot.campaign && stands(spot.sub1, one));
        found.map(|(_, id)| *id)
    };
    Ok(SPOTS.iter().map(of_spot).collect())
}

async fn add(stage: &Stage, people: &People, id: CampaignId, provided: &Provided) -> anyhow::Result<CreativeId> {
    let campaign = campaigns::get(&mut stage.app.store.read().await?, id).await?;
    let (name, words) = (provided.name.to_owned(), provided.words.to_owned());
    let entered = Entered { name, words, destination: String::new() };
    let checked = entered.check(&stage.app, &campaign).map_err(|(field, why)| anyhow::anyhow!("{field}: {why}"))?;
    let raster = match provided.picture {
        Some((width, height, colours)) => {
            let file = paint(width, height, colours)?;
            Some(raster::read(file, "banner.png".to_owned(), "image/png".to_owned()).await?)
        }
        None => None,
    };
    let advertiser = people.advertiser_id(OFFERS[provided.campaign].advertiser);
    adding::add(&stage.app, advertiser, id, checked, raster).await?.context("a place for a creative")
}

/// Hills under a sky, as a PNG.
fn paint(width: u32, height: u32, colours: Colours) -> anyhow::Result<Vec<u8>> {
    let [above, below, hills @ ..] = colours;
    let image = RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (x as f32 / height as f32, y as f32 / height as f32);
        let nearest = (0..hills.len()).rev().find(|place| down > ridge(*place, across));
        let sun = (across - 0.7).hypot(down - 0.3) < 0.13;
        Rgb(match nearest {
            Some(place) => hills[place],
            None if sun => [255, 246, 222],
            None => blend(above, below, down / 0.7),
        })
    });
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}

/// How far down the outline of a hill is; the nearer hills are lower.
fn ridge(place: usize, across: f32) -> f32 {
    let step = place as f32;
    0.5 + 0.15 * step + 0.09 * (across * (2.1 + step) + step * 1.7).sin() + 0.03 * (across * 7.3 + step).cos()
}

fn blend(from: [u8; 3], to: [u8; 3], share: f32) -> [u8; 3] {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|part| (f32::from(from[part]) * (1.0 - share) + f32::from(to[part]) * share) as u8)
}
