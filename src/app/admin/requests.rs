//! The requests of the whole network, also those that named no campaign of ours.

use leptos::prelude::*;

use crate::app::page::{role_page, zone_of};
use crate::app::requests::{self, Narrowed};
use crate::domain::ids::AttemptId;
use crate::domain::party::PartyKind;
use crate::store::{attempts, campaigns};

const PLACE: &str = "/admin/requests";

#[component]
pub fn RequestsPage() -> impl IntoView {
    role_page(PartyKind::Network, "Requests", async |request, viewer| {
        let (narrowed, since) = (Narrowed::of(&request), requests::since(request.now));
        let found = attempts::search(&mut request.app.store.read().await?, &narrowed.0, since, requests::PAGE).await?;
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Requests"</h1>
                    <p class="sub">"Every report of the last thirty days in all campaigns, with its answer."</p>
                </div>
            </div>
            {requests::page(PLACE, &zone_of(&viewer), &narrowed, found)}
        }
        .into_any())
    })
}

#[component]
pub fn RequestPage() -> impl IntoView {
    role_page(PartyKind::Network, "Request", async |request, viewer| {
        let id: AttemptId = request.param("request")?;
        let mut conn = request.app.store.snapshot().await?;
        let attempt = attempts::get(&mut conn, id).await?;
        let about = match attempt.campaign_id {
            Some(campaign) => {
                let campaign = campaigns::get(&mut conn, campaign).await?;
                format!("About {} of {}.", campaign.name, campaign.advertiser_name)
            }
            None => "It named no campaign of this network.".to_owned(),
        };
        Ok(view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol><li><a href=PLACE>"Requests"</a></li><li aria-current="page">"Request"</li></ol>
            </nav>
            <div class="page-head"><div><h1>"Request"</h1><p class="sub">{about}</p></div></div>
            {requests::detail(PLACE, &zone_of(&viewer), &attempt)}
        }
        .into_any())
    })
}
