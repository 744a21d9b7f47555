//! An advertiser's campaigns.

use leptos::prelude::*;

use super::steps::{CAMPAIGNS_MAX, advertiser_of, page_of};
use crate::app::figures::{LANDED_HEAD, Landed};
use crate::app::page::role_page;
use crate::app::ui::{Icon, StatusTag};
use crate::domain::party::PartyKind;
use crate::domain::report::Dimension;
use crate::domain::terms::Terms;
use crate::store::campaigns::{self, Campaign};
use crate::store::terms;

#[component]
pub fn CampaignsPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Campaigns", async |request, viewer| {
        let mut conn = request.app.store.snapshot_counted().await?;
        let list = campaigns::list_of_advertiser(&mut conn, advertiser_of(&viewer)?, CAMPAIGNS_MAX).await?;
        let landed = Landed::load(&mut conn, &viewer, Dimension::Campaign, request.now).await?;
        let mut rows = Vec::with_capacity(list.len());
        for campaign in list {
            let terms = terms::in_force(&mut conn, campaign.campaign_id, request.now).await?;
            let landed = landed.of(campaign.campaign_id.0);
            rows.push(view! { <Row campaign=campaign terms=terms landed=landed/> });
        }
        if rows.is_empty() {
            return Ok(view! { <NoCampaigns/> }.into_any());
        }
        Ok(view! {
            <div class="page-head">
                <h1>"Campaigns"</h1>
                <div class="page-actions">
                    <a class="btn btn-primary" href="/advertiser/campaigns/new">"New campaign"</a>
                </div>
            </div>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Campaigns">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Campaign"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Commission"</th>
                            <th scope="col">"Cookie duration"</th>
                            <th scope="col" class="num">{LANDED_HEAD}</th>
                            <th scope="col" class="num">"Terms"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any())
    })
}

#[component]
fn NoCampaigns() -> impl IntoView {
    view! {
        <div class="page-head"><h1>"Campaigns"</h1></div>
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"Your campaigns will be here"</h2>
            <p>"A campaign says where links lead, what a sale or a lead pays, and for how long a click counts."</p>
            <div class="btn-row"><a class="btn btn-primary" href="/advertiser/campaigns/new">"New campaign"</a></div>
        </div>
    }
}

/// `10 % of a sale, 2.50 EUR per lead`.
pub fn commission_of(terms: &Terms) -> String {
    terms.pays().join(", ")
}

#[component]
fn Row(campaign: Campaign, terms: Terms, landed: String) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">
                <a class="row-link" href=page_of(campaign.campaign_id)>{campaign.name}</a>
                <span class="sub">{campaign.category}</span>
            </th>
            <td data-label="State"><StatusTag state=campaign.state.as_str() title=campaign.state.sentence()/></td>
            <td data-label="Commission">{commission_of(&terms)}</td>
            <td data-label="Cookie duration">{terms.window.to_string()}</td>
            <td data-label=LANDED_HEAD class="num">{landed}</td>
            <td data-label="Terms" class="num">{format!("version {}", terms.version)}</td>
        </tr>
    }
}
