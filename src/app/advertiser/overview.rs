//! What an advertiser sees first.

use leptos::prelude::*;

use super::steps::{CAMPAIGNS_MAX, advertiser_of};
use crate::app::figures::{overview_page, silence};
use crate::app::notices::banner;
use crate::app::page::role_page;
use crate::app::ui::StatusTag;
use crate::domain::campaign::CampaignState;
use crate::domain::party::PartyKind;
use crate::store::{campaigns, enrollments};

#[component]
pub fn Overview() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Overview", async |request, viewer| {
        let (advertiser, admitted) = (advertiser_of(&viewer)?, viewer.is_admitted());
        let mut conn = request.app.store.snapshot_counted().await?;
        let list = campaigns::list_of_advertiser(&mut conn, advertiser, CAMPAIGNS_MAX).await?;
        let live = list.iter().filter(|campaign| campaign.state == CampaignState::Live).count();
        let waiting = enrollments::count_waiting(&mut conn, advertiser).await?;
        let silence = silence(&mut conn, advertiser, None, request.now).await?;
        let banner = banner(&mut conn, &viewer).await?;
        drop(conn);
        let (name, state) = (viewer.party_name.clone(), viewer.party_state.as_str());
        let figures = overview_page(request, viewer).await?;
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Overview"</h1>
                    <p class="sub cluster"><span>{name}</span> <StatusTag state=state/></p>
                </div>
                <div class="page-actions">
                    <a class="btn btn-primary" href="/advertiser/campaigns/new">"New campaign"</a>
                </div>
            </div>
            {(!admitted).then(|| view! {
                <p class="lead">
                    "The network looks at every new advertiser. You can look around and prepare until it has decided."
                </p>
            })}
            {banner}
            {silence}
            <div class="kpis">
                <a class="kpi" href="/advertiser/campaigns">
                    <span class="kpi-label">"Live campaigns"</span>
                    <span class="kpi-value">{live}</span>
                    <span class="kpi-note">{format!("of {}", list.len())}</span>
                </a>
                <a class="kpi" href="/advertiser/publishers">
                    <span class="kpi-label">"Applications of publishers"</span>
                    <span class="kpi-value">{waiting}</span>
                    <span class="kpi-note">"waiting for you"</span>
                </a>
            </div>
            {figures}
        }
        .into_any())
    })
}
