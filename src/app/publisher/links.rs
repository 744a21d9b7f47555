//! The publisher's tracking links.

use leptos::prelude::*;

use crate::app::figures::{LANDED_HEAD, Landed};
use crate::app::forms;
use crate::app::islands::CopyText;
use crate::app::page::role_page;
use crate::app::ui::{Icon, StatusTag};
use crate::domain::campaign::CampaignState;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::LinkId;
use crate::domain::party::PartyKind;
use crate::domain::report::Dimension;
use crate::domain::time::Timestamp;
use crate::store::links::{self, Link};

const SHOWN_MAX: i64 = 200;

#[component]
pub fn Links() -> impl IntoView {
    role_page(PartyKind::Publisher, "Links", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let wanted = request.query.get("tag").filter(|tag| !tag.is_empty());
        let mut conn = request.app.store.snapshot_counted().await?;
        let list = match &wanted {
            Some(tag) => links::list_with_tag(&mut conn, publisher, tag, SHOWN_MAX).await?,
            None => links::list_of_publisher(&mut conn, publisher, SHOWN_MAX).await?,
        };
        let tags = links::tags_of_publisher(&mut conn, publisher).await?;
        let landed = Landed::load(&mut conn, &viewer, Dimension::Link, request.now).await?;
        drop(conn);
        let is_full = list.len() as i64 == SHOWN_MAX;
        let (origin, now) = (request.app.tracking_url.origin(), request.now);
        let body = if list.is_empty() {
            view! { <Nothing tag=wanted.clone()/> }.into_any()
        } else {
            let tags_of = |id| tags.iter().filter(|(link, _)| *link == id).map(|(_, tag)| tag.clone()).collect();
            let row = |link: Link| {
                let (landed, tags) = (landed.of(link.link_id.0), tags_of(link.link_id));
                view! { <Row url=tracking_url(&origin, &link) state=state_of(&link, now) tags=tags landed=landed link=link/> }
            };
            let rows: Vec<_> = list.into_iter().map(row).collect();
            view! { <Table rows=rows.into_any()/> }.into_any()
        };
        Ok(view! {
            <div class="page-head">
                <h1>"Links"</h1>
                <div class="page-actions"><a class="btn btn-primary" href="/publisher/links/new">"Create a link"</a></div>
            </div>
            <TagFilter tags=tags wanted=wanted/>
            {body}
            {is_full.then(|| view! { <p class="hint">{format!("The newest {SHOWN_MAX} links.")}</p> })}
        }
        .into_any())
    })
}

/// The tags to choose from; none where no link has one.
#[component]
fn TagFilter(tags: Vec<(LinkId, String)>, wanted: Option<String>) -> impl IntoView {
    let mut names: Vec<String> = tags.into_iter().map(|(_, tag)| tag).collect();
    names.dedup();
    let options: Vec<_> = names
        .iter()
        .map(|name| view! { <option selected={wanted.as_ref() == Some(name)}>{name.clone()}</option> })
        .collect();
    (!names.is_empty() || wanted.is_some()).then(|| {
        view! {
            <form class="range-bar" method="get" action="/publisher/links">
                <label>"Tag"<select name="tag"><option value="">"All links"</option>{options}</select></label>
                <button class="btn" type="submit">"Show"</button>
            </form>
        }
    })
}

/// What a publisher places: `https://network.example/c/4Xb2…`.
pub fn tracking_url(origin: &str, link: &Link) -> String {
    format!("{origin}/c/{}", link.slug)
}

/// Whether a link takes clicks, as a tag's word, and why it does not.
pub fn state_of(link: &Link, now: Timestamp) -> (&'static str, &'static str) {
    match (link.enrollment_state, link.campaign_state) {
        _ if !link.is_active => ("paused", "By you."),
        _ if link.expires_at_ms.is_some_and(|end| now >= end) => ("expired", "Its last day is over."),
        (Some(EnrollmentState::Applied), _) => ("applied", "Takes clicks once the advertiser approves you."),
        (Some(EnrollmentState::Approved), CampaignState::Live) => ("live", ""),
        (Some(EnrollmentState::Approved), CampaignState::Paused) => ("paused", "The campaign is paused."),
        (Some(EnrollmentState::Approved), state) => (state.as_str(), "The campaign takes no more clicks."),
        (Some(state), _) => (state.as_str(), "Takes no clicks: you are not in the campaign."),
        (None, _) => ("ended", "Takes no clicks: you are not in the campaign."),
    }
}

#[component]
fn Nothing(tag: Option<String>) -> impl IntoView {
    if let Some(tag) = tag {
        return view! {
            <div class="empty">
                <Icon name="link"/>
                <h2>{format!("No link has the tag {tag}")}</h2>
                <div class="btn-row"><a class="btn" href="/publisher/links">"Show all links"</a></div>
            </div>
        }
        .into_any();
    }
    view! {
        <div class="empty">
            <Icon name="link"/>
            <h2>"You have no link yet"</h2>
            <p>"Every campaign that you join comes with one, and you can make as many as you place."</p>
            <div class="btn-row"><a class="btn" href="/campaigns">"Browse campaigns"</a></div>
        </div>
    }
    .into_any()
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
                        <th scope="col" class="num">{LANDED_HEAD}</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(
    link: Link,
    url: String,
    state: (&'static str, &'static str),
    tags: Vec<String>,
    landed: String,
) -> impl IntoView {
    let label = format!("Tracking link of {}, {}", link.name, link.campaign_name);
    let (state, why) = state;
    let tags = tags.join(", ");
    view! {
        <tr>
            <th scope="row">
                <a class="row-link" href=format!("/publisher/links/{}", link.link_id)>{link.name}</a>
                <span class="sub">{link.campaign_name}</span>
                {(!tags.is_empty()).then(|| view! { <span class="sub">{tags}</span> })}
            </th>
            <td class="copy-cell"><CopyText label=label value=url/></td>
            <td class="num" data-label=LANDED_HEAD>{landed}</td>
            <td data-label="State">
                <span>
                    <StatusTag state=state/>
                    {(!why.is_empty()).then(|| view! { <span class="status-reason">{why}</span> })}
                </span>
            </td>
        </tr>
    }
}
