//! Making a tracking link.

use leptos::prelude::*;

use crate::app::api::link::CreateLink;
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::page::{Request, role_page};
use crate::app::publisher::{Waiting, destinations};
use crate::app::ui::{Field, Icon, Select, Submit};
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::PublisherId;
use crate::domain::link::MACROS;
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
            <Field
                name="name"
                label="Name"
                hint="For yourself, as in: Newsletter May. Visitors do not see it."
                value=request.value("name", "")
                error=request.problem("name")
            />
            <Field
                name="destination"
                label="Where it leads"
                kind="url"
                required=false
                hint=hosts
                value=request.value("destination", "")
                error=request.problem("destination")
            />
            <SubIdFields request=request.clone()/>
            <MacroNotes/>
            <div class="btn-row">
                <Submit label="Create the link"/>
                <a class="btn btn-quiet" href="/publisher/links">"Cancel"</a>
            </div>
        </ActionForm>
    }
}

const SUB_IDS: [(&str, &str); 5] =
    [("sub1", "Sub id 1"), ("sub2", "Sub id 2"), ("sub3", "Sub id 3"), ("sub4", "Sub id 4"), ("sub5", "Sub id 5")];

/// Folded away until they are used.
#[component]
fn SubIdFields(request: Request) -> impl IntoView {
    let is_used = SUB_IDS.iter().any(|(name, _)| !request.value(name, "").is_empty());
    let fields = SUB_IDS.map(|(name, label)| {
        view! {
            <Field name=name label=label required=false value=request.value(name, "") error=request.problem(name)/>
        }
    });
    view! {
        <details open=is_used>
            <summary>"Sub ids"</summary>
            <div class="stack">
                <p class="hint">"Your own marks, such as a place or an article: they come back in your reports. \
                    A link may also carry them in its address, as in ?sub1=footer, which goes before these."</p>
                <div class="field-row">{fields.into_iter().collect::<Vec<_>>()}</div>
            </div>
        </details>
    }
}

#[component]
fn MacroNotes() -> impl IntoView {
    let names: Vec<_> = MACROS.iter().map(|name| view! { <li>{format!("{{{name}}}")}</li> }).collect();
    view! {
        <details>
            <summary>"Macros"</summary>
            <div class="stack">
                <p class="hint">"These stand in the path, query or fragment of where it leads, and become the values of each click:"</p>
                <ul class="plain mono cluster">{names}</ul>
            </div>
        </details>
    }
}
