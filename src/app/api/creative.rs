//! Creatives: an advertiser adds text links, and switches creatives off and on. Banners come by `creatives/upload`.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// An advertiser adds a text link to one of its campaigns.
#[server(endpoint = "create_text_creative")]
pub async fn create_text_creative(
    campaign_id: String,
    name: String,
    words: String,
    #[server(default)] destination: String,
) -> Result<(), ApiError> {
    use crate::app::advertiser::advertiser_of;
    use crate::app::creatives::adding::{self, CREATIVES_MAX, Entered};
    use crate::app::forms::{self, Form};
    use crate::domain::creative::CreativeKind;
    use crate::domain::ids::CampaignId;
    use crate::domain::party::PartyKind;
    use crate::store::campaigns;

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CampaignId = campaign_id.parse()?;
    let campaign = campaigns::get_of_advertiser(&mut app.store.read().await?, advertiser, id).await?;
    let entered = Entered { name, words, destination };
    let form = Form::new(adding::form_of(id, CreativeKind::Text), &entered.values());
    let checked = match entered.check(&app, &campaign) {
        Ok(checked) => checked,
        Err((field, message)) => return form.refuse(field, message).await,
    };
    match adding::add(&app, advertiser, id, checked, None).await? {
        Some(_) => forms::go_with(&adding::page_of(id), &adding::ready("text link", &entered)).await,
        None => form.refuse("", format!("The campaign has {CREATIVES_MAX} creatives, as many as there can be.")).await,
    }
}

/// A paused banner shows nothing on publishers' pages; clicks on what stands there lead to the landing page and count.
#[server(endpoint = "pause_creative")]
pub async fn pause_creative(creative_id: String) -> Result<(), ApiError> {
    use crate::app::advertiser::switch_creative;
    let said = "The creative is paused: within five minutes no page shows it any more.";
    switch_creative(&creative_id, false, said).await
}

/// A paused creative is shown again.
#[server(endpoint = "resume_creative")]
pub async fn resume_creative(creative_id: String) -> Result<(), ApiError> {
    use crate::app::advertiser::switch_creative;
    switch_creative(&creative_id, true, "The creative is shown again, within five minutes on every page.").await
}
