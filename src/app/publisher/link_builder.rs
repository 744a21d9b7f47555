//! Making a tracking link.

use leptos::prelude::*;

use crate::app::api::link::CreateLink;
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::page::{Request, role_page};
use crate::app::publisher::link_fields::LinkFields;
use crate::app::publisher::link_making::Entered;
use crate::app::publisher::{Waiting, destinations};
use crate::app::ui::{Icon, Select, Submit};
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::PublisherId;
use crate::domain::party::PartyKind;
use crate::store::campaigns::{self, Campaign};
use crate::store::enrollments;

const CAMPAIGNS_MAX: i64 = 500;

#[component]
pub fn LinkBuilder() -> impl IntoView {
    role_page(PartyKind::Publisher, "Create a link", async |request, viewer| {
        let joined = joined(&request, forms::publisher_of(&viewer)?).await?;
        let body = match (forms::waits_for(&viewer), joined.is_empty()) {
            (Some(reason), _) => view! { <Waiting reason=reason/> }.into_any(),
            (None, true) => view! { <JoinFirst/> }.into_any(),
            (None, false) => view! { <Builder request=request joined=joined/> }.into_any(),
        };
        Ok(view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol>
                    <li><a href="/publisher/links">"Links"</a></li>
                    <li aria-current="page">"Create a link"</li>
                </ol>
            </nav>
            <div class="page-head"><h1>"Create a link"</h1></div>
            {body}
        }
        .into_any())
    })
}

/// The campaigns for which the publisher can make links.
async fn joined(request: &Request, publisher: PublisherId) -> Result<Vec<Campaign>, ApiError> {
    let mut conn = request.app.store.snapshot().await?;
    let mut joined = Vec::new();
    for enrollment in enrollments::list_of_publisher(&mut conn, publisher, CAMPAIGNS_MAX).await? {
        if enrollment.state == EnrollmentState::Approved && enrollment.campaign_state.takes_conversions() {
            joined.push(campaigns::get(&mut conn, enrollment.campaign_id).await?);
        }
    }
    Ok(joined)
}

#[component]
fn JoinFirst() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"Join a campaign first"</h2>
            <p>"A link leads to a campaign that you have joined, and its advertiser has approved you."</p>
            <div class="btn-row">
                <a class="btn" href="/campaigns">"Browse campaigns"</a>
                <a class="btn btn-quiet" href="/publisher/campaigns">"My applications"</a>
            </div>
        </div>
    }
}

#[component]
fn Builder(request: Request, joined: Vec<Campaign>) -> impl IntoView {
    let action = ServerAction::<CreateLink>::new();
    let asked = request.query.get("campaign").unwrap_or_default();
    let chosen = joined.iter().find(|campaign| campaign.campaign_id.to_string() == asked).or_else(|| joined.first());
    let hosts = match chosen {
        Some(campaign) if joined.len() == 1 || campaign.campaign_id.to_string() == asked => {
            format!(
                "Empty: the landing page, {}. Else a page on {}.",
                campaign.landing_url,
                destinations::hosts_text(campaign)
            )
        }
        _ => "Empty: the campaign's landing page. Else a page on one of the campaign's hosts.".to_owned(),
    };
    let value = chosen.map(|campaign| campaign.campaign_id.to_string()).unwrap_or_default();
    let options = joined.iter().map(|campaign| (campaign.campaign_id.to_string(), campaign.name.clone())).collect();
    view! {
        <ActionForm action=action attr:class="form">
            <Select
                name="campaign_id"
                label="Campaign"
                options=options
                value=value
                error=request.problem("campaign")
            />
            <LinkFields request=request.clone() link=Entered::default() hosts=hosts/>
            <div class="btn-row">
                <Submit label="Create the link"/>
                <a class="btn btn-quiet" href="/publisher/links">"Cancel"</a>
            </div>
        </ActionForm>
    }
}
