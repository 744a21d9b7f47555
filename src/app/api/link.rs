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
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::app::publisher::{destinations, link_making};
    use crate::domain::enrollment::EnrollmentState;
    use crate::domain::ids::CampaignId;
    use crate::domain::link::{SUB_ID_BYTES_MAX, SubIds};
    use crate::domain::party::Name;
    use crate::store::{campaigns, enrollments};

    let (viewer, publisher) = forms::publisher().await?;
    let app = forms::app();
    let id: CampaignId = campaign_id.parse()?;
    let subs = [("sub1", sub1), ("sub2", sub2), ("sub3", sub3), ("sub4", sub4), ("sub5", sub5)];
    let mut values = vec![("name", name.as_str()), ("destination", destination.as_str())];
    values.extend(subs.iter().map(|(name, value)| (*name, value.as_str())));
    let form = Form::new(format!("/publisher/links/new?campaign={id}"), &values);
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
    let Ok(name) = Name::parse(&name) else {
        return form.refuse("name", "The name needs 1 to 80 characters.").await;
    };
    let destination = match destinations::read_deep_link(&destination, &campaign, &app.base_url) {
        Ok(destination) => destination,
        Err(message) => return form.refuse("destination", message).await,
    };
    let (sub_ids, refused) = SubIds::from_pairs(subs.iter().map(|(name, value)| (*name, value.as_str())));
    if let Some(field) = refused.first() {
        return form.refuse(field, format!("A sub id has at most {SUB_ID_BYTES_MAX} bytes.")).await;
    }
    let link = link_making::make(&app, publisher, id, name.as_str(), &destination, &sub_ids).await?;
    let warning = destinations::macro_warning(&destination).unwrap_or_default();
    forms::go_with(&format!("/publisher/links/{link}"), format!("Your link is ready. {warning}").trim_end()).await
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
