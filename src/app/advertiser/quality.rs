//! The quality rules of one campaign, as its advertiser sees them.

use leptos::prelude::*;

use super::steps::{advertiser_of, page_of};
use crate::app::figures::{Scope, quality_rules};
use crate::app::page::role_page;
use crate::domain::ids::CampaignId;
use crate::domain::party::PartyKind;
use crate::store::{campaigns, terms};

#[component]
pub fn QualityPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Quality", async |request, viewer| {
        let campaign: CampaignId = request.param("id")?;
        let advertiser = advertiser_of(&viewer)?;
        let mut conn = request.app.store.snapshot_counted().await?;
        let found = campaigns::get_of_advertiser(&mut conn, advertiser, campaign).await?;
        let too_fast_ms = terms::in_force(&mut conn, campaign, request.now).await?.too_fast_ms;
        let scope = Scope::Campaign { advertiser, campaign, too_fast_ms };
        let rules = quality_rules(&mut conn, &request, &viewer, scope).await?;
        let page = page_of(campaign);
        Ok(view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol>
                    <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                    <li><a href=page.clone()>{found.name.clone()}</a></li>
                    <li aria-current="page">"Quality"</li>
                </ol>
            </nav>
            <div class="page-head">
                <div>
                    <h1>"Quality"</h1>
                    <p class="sub">"What the rules found among the clicks and conversions of " {found.name} "."</p>
                </div>
                <div class="page-actions"><a class="btn" href=format!("{page}/edit")>"Change the limit"</a></div>
            </div>
            {rules}
        }
        .into_any())
    })
}
