//! Making a campaign, and editing one.

use leptos::prelude::*;

use super::campaign_fields::CampaignFields;
use super::steps::{advertiser_of, page_of};
use crate::app::api::campaign::{CreateCampaign, UpdateCampaign};
use crate::app::page::{Request, role_page, zone_of};
use crate::app::ui::{Hidden, Submit};
use crate::domain::campaign_draft::{CampaignDraft, CampaignFacts};
use crate::domain::ids::CampaignId;
use crate::domain::party::PartyKind;
use crate::store::campaigns::{self, Campaign};
use crate::store::terms;

#[component]
pub fn NewCampaignPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "New campaign", async |request, viewer| {
        advertiser_of(&viewer)?;
        Ok(view! { <NewForm request=request/> }.into_any())
    })
}

#[component]
fn NewForm(request: Request) -> impl IntoView {
    let action = ServerAction::<CreateCampaign>::new();
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li aria-current="page">"New"</li>
            </ol>
        </nav>
        <div class="page-head"><h1>"New campaign"</h1></div>
        <ActionForm action=action attr:class="form">
            <CampaignFields request=request draft=CampaignDraft::default()/>
            <div class="btn-row">
                <Submit label="Create campaign"/>
                <a class="btn btn-quiet" href="/advertiser/campaigns">"Cancel"</a>
            </div>
        </ActionForm>
    }
}

#[component]
pub fn EditCampaignPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Edit campaign", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let mut conn = request.app.store.read().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser_of(&viewer)?, id).await?;
        // What is announced counts as entered: whoever changes the name alone does not take it back.
        let newest = terms::get(&mut conn, id, campaign.terms_version).await?;
        let draft = CampaignDraft::of(facts_of(&campaign), &newest);
        let begin = (newest.starts_at > request.now).then(|| zone_of(&viewer).show(newest.starts_at));
        Ok(view! { <EditForm request=request campaign=campaign draft=draft begin=begin/> }.into_any())
    })
}

fn facts_of(campaign: &Campaign) -> CampaignFacts {
    CampaignFacts {
        name: campaign.name.clone(),
        description: campaign.description.clone(),
        category: campaign.category.clone(),
        landing_url: campaign.landing_url.clone(),
        allowed_hosts: campaign.allowed_hosts.clone(),
        landing_parameter: campaign.landing_parameter.clone(),
        approval: campaign.approval,
    }
}

#[component]
fn EditForm(request: Request, campaign: Campaign, draft: CampaignDraft, begin: Option<String>) -> impl IntoView {
    let action = ServerAction::<UpdateCampaign>::new();
    let page = page_of(campaign.campaign_id);
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li><a href=page.clone()>{campaign.name.clone()}</a></li>
                <li aria-current="page">"Edit"</li>
            </ol>
        </nav>
        <div class="page-head">
            <div>
                <h1>{format!("Edit {}", campaign.name)}</h1>
                <p class="sub">
                    {format!("Other terms become version {}, for clicks from then on.", campaign.terms_version + 1)}
                    {begin.map(|begin| format!(
                        " The form holds version {}, which begins on {begin}: to take it back, enter what is in force now.",
                        campaign.terms_version,
                    ))}
                </p>
            </div>
        </div>
        <ActionForm action=action attr:class="form">
            <Hidden name="campaign_id" value=campaign.campaign_id.to_string()/>
            <Hidden name="version" value=campaign.version.to_string()/>
            <CampaignFields request=request draft=draft/>
            <div class="btn-row">
                <Submit label="Save"/>
                <a class="btn btn-quiet" href=page>"Cancel"</a>
            </div>
        </ActionForm>
    }
}
