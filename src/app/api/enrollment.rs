//! Joining campaigns.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// A publisher accepts the shown version of a campaign's terms and applies; it gets its default link with it.
#[server(endpoint = "apply_to_campaign")]
pub async fn apply_to_campaign(
    campaign_id: String,
    terms_version: i64,
    #[server(default)] accepted: bool,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form, sentence};
    use crate::app::publisher::joining::{self, Application, JoinRefused};
    use crate::domain::enrollment::EnrollmentState;
    use crate::domain::ids::CampaignId;
    use crate::store::campaigns;

    let (viewer, publisher) = forms::publisher().await?;
    let app = forms::app();
    let id: CampaignId = campaign_id.parse()?;
    let campaign = campaigns::get_public(&mut app.store.read().await?, id).await?;
    let form = Form::new(format!("/campaigns/{id}"), &[]);
    if let Some(reason) = forms::waits_for(&viewer) {
        return form.refuse("", reason).await;
    }
    if !accepted {
        return form.refuse("accepted", "Read the terms and tick the box: you join by accepting them.").await;
    }
    let application = Application { publisher, member: viewer.member_id, campaign: id, terms_version };
    match joining::join(&app, &application).await {
        Ok((EnrollmentState::Approved, link)) => {
            let message = format!("You are in {}. This is your first link to it.", campaign.name);
            forms::go_with(&format!("/publisher/links/{link}"), &message).await
        }
        Ok(_) => {
            let message = format!("You have applied to {}. The advertiser decides.", campaign.name);
            forms::go_with("/publisher/campaigns", &message).await
        }
        Err(JoinRefused::Store(error)) => Err(error.into()),
        Err(refused) => form.refuse("", sentence(&refused.to_string())).await,
    }
}
