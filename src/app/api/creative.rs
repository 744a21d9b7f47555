//! Creatives: an advertiser adds text links, changes creatives, and switches them off and on. Banners come by `creatives/upload`.

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

/// New words, or another destination, for a creative of the advertiser; a banner keeps its image.
#[server(endpoint = "update_creative")]
pub async fn update_creative(
    creative_id: String,
    version: i64,
    name: String,
    words: String,
    #[server(default)] destination: String,
) -> Result<(), ApiError> {
    use crate::app::advertiser::advertiser_of;
    use crate::app::creatives::adding::{self, Entered};
    use crate::app::forms::{self, Form};
    use crate::app::publisher::destinations;
    use crate::domain::ids::CreativeId;
    use crate::domain::party::PartyKind;
    use crate::store::{StoreError, campaigns, creatives};

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CreativeId = creative_id.parse()?;
    let entered = Entered { name, words, destination };
    let mut w = app.store.write().await?;
    let creative = creatives::get_of_advertiser(&mut w, advertiser, id).await?;
    let campaign = campaigns::get_of_advertiser(&mut w, advertiser, creative.campaign_id).await?;
    let refusal = match entered.check(&app, &campaign) {
        Err(refusal) => Some(refusal),
        Ok(checked) => match creatives::update(&mut w, &checked.edit(id, advertiser, version)).await {
            Ok(()) => None,
            Err(StoreError::Conflict) => Some(("", forms::CHANGED_MEANWHILE.to_owned())),
            Err(error) => return Err(error.into()),
        },
    };
    if let Some((field, message)) = refusal {
        // The session is written, too: not while this transaction is open.
        drop(w);
        let form = Form::new(adding::edit_form_of(campaign.campaign_id, id), &entered.values());
        return form.refuse(field, message).await;
    }
    w.commit().await?;
    let warning = destinations::macro_warning(&entered.destination).unwrap_or_default();
    let said = format!("The creative is changed; publishers who copied the old words keep them. {warning}");
    forms::go_with(&adding::page_of(campaign.campaign_id), said.trim_end()).await
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
