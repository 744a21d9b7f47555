//! Adding a creative to an advertiser's campaign, and changing one.

use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::publisher::destinations;
use crate::app::state::App;
use crate::creatives::raster::Raster;
use crate::domain::creative::{CreativeKind, Words};
use crate::domain::ids::{AdvertiserId, CampaignId, CreativeId};
use crate::domain::party::Name;
use crate::store::campaigns::{self, Campaign};
use crate::store::creatives::{self, Creative, CreativeEdit};

/// A campaign has at most so many creatives, and its list shows them all.
pub const CREATIVES_MAX: i64 = 200;

/// The page of a campaign's creatives.
pub fn page_of(campaign: CampaignId) -> String {
    format!("/advertiser/campaigns/{campaign}/creatives")
}

/// The form for one more.
pub fn form_of(campaign: CampaignId, kind: CreativeKind) -> String {
    format!("{}/new?kind={kind}", page_of(campaign))
}

/// The form that changes one.
pub fn edit_form_of(campaign: CampaignId, creative: CreativeId) -> String {
    format!("{}/{creative}", page_of(campaign))
}

/// What an advertiser entered about a creative, without a banner's file.
#[derive(Debug, Clone, Default)]
pub struct Entered {
    pub name: String,
    /// Not `content`: the page's main part has that id.
    pub words: String,
    pub destination: String,
}

/// The same, checked.
pub struct Checked {
    name: Name,
    content: Words,
    destination: String,
}

impl Entered {
    /// For a form that is refused.
    pub fn values(&self) -> [(&'static str, &str); 3] {
        [("name", &self.name), ("words", &self.words), ("destination", &self.destination)]
    }

    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self, app: &App, campaign: &Campaign) -> Result<Checked, (&'static str, String)> {
        let destination = destinations::read_deep_link(&self.destination, campaign, &app.base_url);
        Ok(Checked {
            name: Name::parse(&self.name).map_err(|_| ("name", "The name needs 1 to 80 characters.".to_owned()))?,
            content: Words::parse(&self.words).map_err(|bad| ("words", forms::sentence(&bad.to_string())))?,
            destination: destination.map_err(|message| ("destination", message))?,
        })
    }
}

impl Checked {
    pub fn edit(&self, creative_id: CreativeId, advertiser_id: AdvertiserId, version: i64) -> CreativeEdit<'_> {
        let (name, content, destination) = (self.name.as_str(), self.content.as_str(), self.destination.as_str());
        CreativeEdit { creative_id, advertiser_id, version, name, content, destination }
    }
}

/// What the advertiser reads when its creative is there, with macros that are none.
pub fn ready(what: &str, entered: &Entered) -> String {
    let warning = destinations::macro_warning(&entered.destination).unwrap_or_default();
    format!("The {what} is ready: your publishers can place it. {warning}").trim_end().to_owned()
}

/// Stores a creative; nothing where the campaign has as many as there can be.
pub async fn add(
    app: &App,
    advertiser: AdvertiserId,
    campaign_id: CampaignId,
    checked: Checked,
    raster: Option<Raster>,
) -> Result<Option<CreativeId>, ApiError> {
    let mut w = app.store.write().await?;
    // Nobody else adds one until this transaction ends.
    campaigns::lock_of_advertiser(&mut w, advertiser, campaign_id).await?;
    let known = creatives::list_of_advertiser(&mut w, advertiser, campaign_id, CREATIVES_MAX).await?;
    if known.len() as i64 == CREATIVES_MAX {
        return Ok(None);
    }
    let side = |of: fn(&Raster) -> u32| raster.as_ref().map_or(0, |raster| i64::from(of(raster)));
    let creative = Creative {
        creative_id: app.environment.new_id(CreativeId),
        campaign_id,
        kind: if raster.is_some() { CreativeKind::Banner } else { CreativeKind::Text },
        name: checked.name.as_str().to_owned(),
        content: checked.content.as_str().to_owned(),
        destination: checked.destination,
        image_format: raster.as_ref().map(|raster| raster.format),
        image_digest: raster.as_ref().map(|raster| raster.digest.clone()).unwrap_or_default(),
        image_bytes: raster.as_ref().map_or(0, |raster| raster.content.len() as i64),
        width: side(|raster| raster.width),
        height: side(|raster| raster.height),
        is_active: true,
        created_at_ms: app.environment.now(),
        version: 1,
    };
    creatives::insert(&mut w, &creative, raster.as_ref().map(|raster| raster.content.as_slice())).await?;
    w.commit().await?;
    Ok(Some(creative.creative_id))
}
