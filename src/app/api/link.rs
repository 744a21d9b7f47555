//! Making tracking links, and switching them off and on.

#![allow(clippy::too_many_arguments)] // one for each field of the form; the macro passes no attribute on

use leptos::prelude::*;

use crate::app::error::ApiError;

/// A publisher makes a link to a campaign that it has joined.
#[server(endpoint = "create_link")]
pub async fn create_link(
    campaign_id: String,
    name: String,
    #[server(default)] destination: String,
    #[server(default)] sub1: String,
    #[server(default)] sub2: String,
    #[server(default)] sub3: String,
    #[server(default)] sub4: String,
    #[server(default)] sub5: String,
    #[server(default)] last_day: String,
    #[server(default)] fallback: String,
    #[server(default)] tags: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::app::page::zone_of;
    use crate::app::publisher::destinations;
    use crate::app::publisher::link_making::{self, Entered};
    use crate::domain::enrollment::EnrollmentState;
    use crate::domain::ids::CampaignId;
    use crate::store::{campaigns, enrollments};

    let (viewer, publisher) = forms::publisher().await?;
    let app = forms::app();
    let id: CampaignId = campaign_id.parse()?;
    let entered = Entered { name, destination, subs: [sub1, sub2, sub3, sub4, sub5], last_day, fallback, tags };
    let form = Form::new(format!("/publisher/links/new?campaign={id}"), &entered.values());
    if let Some(reason) = forms::waits_for(&viewer) {
        return form.refuse("", reason).await;
    }
    let mut conn = app.store.read().await?;
    let enrollment = enrollments::find(&mut conn, publisher, id).await?.ok_or(ApiError::NotFound)?;
    let campaign = campaigns::get(&mut conn, id).await?;
    drop(conn);
    if enrollment.state != EnrollmentState::Approved {
        return form.refuse("campaign", "You can make links once the advertiser has approved you.").await;
    }
    let checked = match entered.check(&app, &campaign, &zone_of(&viewer), None) {
        Ok(checked) => checked,
        Err((field, message)) => return form.refuse(field, message).await,
    };
    let link = link_making::make_checked(&app, publisher, id, &checked).await?;
    let warning = destinations::macro_warning(&checked.destination).unwrap_or_default();
    forms::go_with(&format!("/publisher/links/{link}"), format!("Your link is ready. {warning}").trim_end()).await
}

/// A publisher changes one of its links; what was clicked before stays as it was.
#[server(endpoint = "update_link")]
pub async fn update_link(
    link_id: String,
    version: i64,
    name: String,
    #[server(default)] destination: String,
    #[server(default)] sub1: String,
    #[server(default)] sub2: String,
    #[server(default)] sub3: String,
    #[server(default)] sub4: String,
    #[server(default)] sub5: String,
    #[server(default)] last_day: String,
    #[server(default)] fallback: String,
    #[server(default)] tags: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::app::page::zone_of;
    use crate::app::publisher::destinations;
    use crate::app::publisher::link_making::{self, Entered};
    use crate::domain::ids::LinkId;
    use crate::store::{StoreError, campaigns, links};

    let (viewer, publisher) = forms::publisher().await?;
    let app = forms::app();
    let id: LinkId = link_id.parse()?;
    let entered = Entered { name, destination, subs: [sub1, sub2, sub3, sub4, sub5], last_day, fallback, tags };
    let mut w = app.store.write().await?;
    let link = links::get_of_publisher(&mut w, publisher, id).await?;
    let campaign = campaigns::get(&mut w, link.campaign_id).await?;
    let checked = entered.check(&app, &campaign, &zone_of(&viewer), link.expires_at_ms);
    let refusal = match &checked {
        Err((field, message)) => Some((*field, message.clone())),
        Ok(checked) => match links::update(&mut w, &link_making::edit(id, publisher, version, checked)).await {
            Ok(()) => None,
            Err(StoreError::Conflict) => Some(("", forms::CHANGED_MEANWHILE.to_owned())),
            Err(error) => return Err(error.into()),
        },
    };
    if let Some((field, message)) = refusal {
        // The session is written, too: not while this transaction is open.
        drop(w);
        return Form::new(format!("/publisher/links/{id}/edit"), &entered.values()).refuse(field, message).await;
    }
    w.commit().await?;
    let warning = destinations::macro_warning(&entered.destination).unwrap_or_default();
    forms::go_with(&format!("/publisher/links/{id}"), format!("Your link is changed. {warning}").trim_end()).await
}

/// Visitors of a paused link go to the landing page, without cookie and click id.
#[server(endpoint = "pause_link")]
pub async fn pause_link(link_id: String) -> Result<(), ApiError> {
    use crate::app::forms;
    use crate::store::links;

    let (_, publisher) = forms::publisher().await?;
    let id = link_id.parse()?;
    let mut w = forms::app().store.write().await?;
    links::update_active(&mut w, publisher, id, false).await?;
    w.commit().await?;
    let message = "The link is paused: its clicks earn nothing until you resume it.";
    forms::go_with(&format!("/publisher/links/{id}"), message).await
}

/// A paused link takes clicks again.
#[server(endpoint = "resume_link")]
pub async fn resume_link(link_id: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::store::links;

    let (viewer, publisher) = forms::publisher().await?;
    let id = link_id.parse()?;
    let page = format!("/publisher/links/{id}");
    let mut w = forms::app().store.write().await?;
    links::get_of_publisher(&mut w, publisher, id).await?;
    if let Some(reason) = forms::waits_for(&viewer) {
        return Form::new(page, &[]).refuse("", reason).await;
    }
    links::update_active(&mut w, publisher, id, true).await?;
    w.commit().await?;
    forms::go_with(&page, "The link takes clicks again.").await
}
