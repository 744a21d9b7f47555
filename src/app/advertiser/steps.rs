//! What the advertiser's pages and server functions share: who is calling, where a campaign's pages are, its steps.

use crate::app::error::ApiError;
use crate::app::forms::{self, Form};
use crate::domain::campaign::CampaignState;
use crate::domain::campaign_draft::CampaignDraft;
use crate::domain::campaign_rates::RowStep;
use crate::domain::ids::{AdvertiserId, CampaignId};
use crate::domain::party::{Acting, PartyKind, Viewer};
use crate::store::{StoreError, campaigns};

/// An advertiser has at most so many campaigns, and its list shows them all.
pub const CAMPAIGNS_MAX: i64 = 200;
/// A campaign has at most so many keys that are not revoked.
pub const API_KEYS_MAX: i64 = 20;
/// The value in the flash that names the key whose text is to be shown.
pub const NEW_API_KEY: &str = "new_api_key";

/// The advertiser for which the viewer acts.
pub const fn advertiser_of(viewer: &Viewer) -> Result<AdvertiserId, ApiError> {
    match viewer.acting {
        Acting::Advertiser(id) => Ok(id),
        Acting::Publisher(_) | Acting::Admin => Err(ApiError::Forbidden),
    }
}

/// The campaign's page.
pub fn page_of(id: CampaignId) -> String {
    format!("/advertiser/campaigns/{id}")
}

/// The page that says how to report its conversions.
pub fn integration_page_of(id: CampaignId) -> String {
    format!("/advertiser/campaigns/{id}/integration")
}

/// The recipe of one platform.
pub fn recipe_page_of(id: CampaignId, slug: &str) -> String {
    format!("{}/{slug}", integration_page_of(id))
}

/// The log of its requests.
pub fn requests_page_of(id: CampaignId) -> String {
    format!("/advertiser/campaigns/{id}/requests")
}

/// Its files with conversions.
pub fn uploads_page_of(id: CampaignId) -> String {
    format!("/advertiser/campaigns/{id}/uploads")
}

/// A button of the campaign's form that adds or removes a row: back to the form, with everything else as it was entered.
pub async fn step_of_form(page: &str, mut draft: CampaignDraft, step: &str) -> Result<(), ApiError> {
    let parsed = RowStep::parse(step);
    let done = match parsed {
        Some(step) => draft.step(step),
        None => return Form::of(page, draft.values()).refuse("", "This button is not known: look again.").await,
    };
    let mut values = draft.values();
    values.push(("step", step.to_owned()));
    let form = Form::of(page, values);
    // A new row takes the focus, which browsers do not give where the address names a place.
    let place = match parsed {
        Some(RowStep::RemoveEvent(_)) => Some("own-events"),
        Some(RowStep::RemoveLineRate(_) | RowStep::RaiseLineRate(_)) => Some("line-rates"),
        Some(RowStep::AddEvent | RowStep::AddLineRate) | None => None,
    };
    match done {
        Ok(said) => form.keep(place, said).await,
        Err(refused) => form.refuse(&refused.field, refused.message).await,
    }
}

/// One step in a campaign's life that its advertiser makes.
pub async fn make_step(campaign_id: &str, version: i64, next: CampaignState, said: &str) -> Result<(), ApiError> {
    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CampaignId = campaign_id.parse()?;
    let form = Form::new(page_of(id), &[]);
    let mut w = app.store.write().await?;
    let campaign = campaigns::get_of_advertiser(&mut w, advertiser, id).await?;
    if matches!(next, CampaignState::Submitted | CampaignState::Live) && !viewer.is_admitted() {
        return form.refuse("", "The network has to admit you before your campaigns can run.").await;
    }
    if !campaign.state.advertiser_may_make(next) {
        return form.refuse("", format!("The campaign is {}: look again.", campaign.state)).await;
    }
    match campaigns::update_state(&mut w, id, version, next, "").await {
        Err(StoreError::Conflict) => form.refuse("", "The campaign was changed in the meantime: look again.").await,
        other => {
            other?;
            w.commit().await?;
            forms::go_with(&page_of(id), said).await
        }
    }
}
