//! The requests about one campaign, as its advertiser sees them: the log, one of them, and sending it again.

use leptos::prelude::*;

use super::steps::{advertiser_of, integration_page_of, page_of, requests_page_of};
use crate::app::api::report::ReplayReport;
use crate::app::page::{role_page, zone_of};
use crate::app::requests::{self, Narrowed};
use crate::app::ui::{Hidden, Submit};
use crate::domain::ids::{AttemptId, CampaignId};
use crate::domain::party::PartyKind;
use crate::store::attempts::{self, Attempt};
use crate::store::campaigns::{self, Campaign};
use crate::tracking::by_hand;

#[component]
pub fn RequestsPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Requests", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let (advertiser, narrowed, since) =
            (advertiser_of(&viewer)?, Narrowed::of(&request), requests::since(request.now));
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let found =
            attempts::search_of_advertiser(&mut conn, advertiser, id, &narrowed.0, since, requests::PAGE).await?;
        Ok(view! {
            {breadcrumb(&campaign, None)}
            <div class="page-head">
                <div>
                    <h1>"Requests"</h1>
                    <p class="sub">"Every report of the last thirty days about " {campaign.name.clone()} ", with its answer."</p>
                </div>
                <div class="page-actions"><a class="btn" href=integration_page_of(id)>"Integration"</a></div>
            </div>
            {requests::page(&requests_page_of(id), &zone_of(&viewer), &narrowed, found)}
        }
        .into_any())
    })
}

#[component]
pub fn RequestPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Request", async |request, viewer| {
        let (id, attempt_id): (CampaignId, AttemptId) = (request.param("id")?, request.param("request")?);
        let advertiser = advertiser_of(&viewer)?;
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let attempt = attempts::get_of_advertiser(&mut conn, advertiser, id, attempt_id).await?;
        let again = (by_hand::can_be_replayed(&attempt) && viewer.is_admitted()).then(|| again(&attempt));
        Ok(view! {
            {breadcrumb(&campaign, Some(()))}
            <div class="page-head"><div><h1>"Request"</h1><p class="sub">{campaign.name.clone()}</p></div></div>
            {requests::detail(&requests_page_of(id), &zone_of(&viewer), &attempt)}
            {again}
        }
        .into_any())
    })
}

fn breadcrumb(campaign: &Campaign, request: Option<()>) -> impl IntoView + use<> {
    let (id, name) = (campaign.campaign_id, campaign.name.clone());
    let last = match request {
        None => view! { <li aria-current="page">"Requests"</li> }.into_any(),
        Some(()) => view! {
            <li><a href=requests_page_of(id)>"Requests"</a></li>
            <li aria-current="page">"Request"</li>
        }
        .into_any(),
    };
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li><a href=page_of(id)>{name}</a></li>
                {last}
            </ol>
        </nav>
    }
}

/// The button, and what pressing it means.
fn again(attempt: &Attempt) -> impl IntoView + use<> {
    let action = ServerAction::<ReplayReport>::new();
    let text = if attempt.conversion_id.is_some() {
        "It already led to a conversion: sending it again answers what stands now, and changes it only where something \
        was missing then, as a campaign that did not run."
    } else {
        "It is read again under the rules of now, as having happened when it first came in. You vouch for it, as for a \
        report with a key: anybody may have sent it, so make sure that your shop has this order. Customer and cookie were \
        not kept, and are not sent again."
    };
    let (campaign, id) = (attempt.campaign_id.map(|id| id.to_string()).unwrap_or_default(), attempt.attempt_id);
    view! {
        <section class="section">
            <h2>"Send it again"</h2>
            <p>{text}</p>
            <ActionForm action=action>
                <Hidden name="campaign_id" value=campaign/>
                <Hidden name="attempt_id" value=id.to_string()/>
                <Submit label="Send it again" class="btn"/>
            </ActionForm>
        </section>
    }
}
