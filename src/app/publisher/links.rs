//! The publisher's tracking links.

use leptos::prelude::*;

use crate::app::forms;
use crate::app::islands::CopyText;
use crate::app::page::role_page;
use crate::app::ui::{Icon, StatusTag};
use crate::domain::campaign::CampaignState;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::party::PartyKind;
use crate::store::links::{self, Link};

const SHOWN_MAX: i64 = 200;

#[component]
pub fn Links() -> impl IntoView {
    role_page(PartyKind::Publisher, "Links", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let list = links::list_of_publisher(&mut request.app.store.read().await?, publisher, SHOWN_MAX).await?;
        let is_full = list.len() as i64 == SHOWN_MAX;
        let origin = request.app.base_url.origin();
        let body = if list.is_empty() {
            view! { <Nothing/> }.into_any()
        } else {
            let rows: Vec<_> =
                list.into_iter().map(|link| view! { <Row url=tracking_url(&origin, &link) link=link/> }).collect();
            view! { <Table rows=rows.into_any()/> }.into_any()
        };
        Ok(view! {
            <div class="page-head">
                <h1>"Links"</h1>
                <div class="page-actions"><a class="btn btn-primary" href="/publisher/links/new">"Create a link"</a></div>
            </div>
            {body}
            {is_full.then(|| view! { <p class="hint">{format!("The newest {SHOWN_MAX} links.")}</p> })}
        }
        .into_any())
    })
}

/// What a publisher places: `https://network.example/c/4Xb2…`.
pub fn tracking_url(origin: &str, link: &Link) -> String {
    format!("{origin}/c/{}", link.slug)
}

/// Whether a link takes clicks, as a tag's word, and why it does not.
pub fn state_of(link: &Link) -> (&'static str, &'static str) {
    match (link.enrollment_state, link.campaign_state) {
        _ if !link.is_active => ("paused", "By you."),
        (Some(EnrollmentState::Applied), _) => ("applied", "Takes clicks once the advertiser approves you."),
        (Some(EnrollmentState::Approved), CampaignState::Live) => ("live", ""),
        (Some(EnrollmentState::Approved), CampaignState::Paused) => ("paused", "The campaign is paused."),
        (Some(EnrollmentState::Approved), state) => (state.as_str(), "The campaign takes no more clicks."),
        (Some(state), _) => (state.as_str(), "Takes no clicks: you are not in the campaign."),
        (None, _) => ("ended", "Takes no clicks: you are not in the campaign."),
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="link"/>
            <h2>"You have no link yet"</h2>
            <p>"Every campaign that you join comes with one, and you can make as many as you place."</p>
            <div class="btn-row"><a class="btn" href="/campaigns">"Browse campaigns"</a></div>
        </div>
    }
}

#[component]
fn Table(rows: AnyView) -> impl IntoView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Links">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Name, campaign"</th>
                        <th scope="col">"Tracking link"</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(link: Link, url: String) -> impl IntoView {
    let label = format!("Tracking link of {}, {}", link.name, link.campaign_name);
    let (state, why) = state_of(&link);
    view! {
        <tr>
            <th scope="row">
                <a class="row-link" href=format!("/publisher/links/{}", link.link_id)>{link.name}</a>
                <span class="sub">{link.campaign_name}</span>
            </th>
            <td class="copy-cell"><CopyText label=label value=url/></td>
            <td data-label="State">
                <span>
                    <StatusTag state=state/>
                    {(!why.is_empty()).then(|| view! { <span class="status-reason">{why}</span> })}
                </span>
            </td>
        </tr>
    }
}
