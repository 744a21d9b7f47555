//! One tracking link: what to place, where it leads, pause and resume.

use leptos::prelude::*;

use super::links::{state_of, tracking_url};
use crate::app::api::link::{PauseLink, ResumeLink};
use crate::app::figures::{LANDED_HEAD, Landed};
use crate::app::forms;
use crate::app::islands::CopyText;
use crate::app::page::{role_page, zone_of};
use crate::app::publisher::{campaigns::standing, destinations};
use crate::app::ui::field::escape;
use crate::app::ui::{Hidden, Icon, StatusTag, Submit};
use crate::domain::creative::escape_markdown;
use crate::domain::ids::LinkId;
use crate::domain::link::{SubIds, check_destination};
use crate::domain::party::PartyKind;
use crate::domain::report::Dimension;
use crate::store::campaigns::{self, Campaign};
use crate::store::enrollments;
use crate::store::links::{self, Link};

#[component]
pub fn LinkPage() -> impl IntoView {
    role_page(PartyKind::Publisher, "Link", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let id: LinkId = request.param("id")?;
        let mut conn = request.app.store.snapshot_counted().await?;
        let link = links::get_of_publisher(&mut conn, publisher, id).await?;
        let campaign = campaigns::get(&mut conn, link.campaign_id).await?;
        let enrollment = enrollments::find(&mut conn, publisher, link.campaign_id).await?;
        let tags = links::tags_of(&mut conn, &link).await?;
        let landed = Landed::load(&mut conn, &viewer, Dimension::Link, request.now).await?.of(id.0);
        drop(conn);
        let (zone, origin) = (zone_of(&viewer), request.app.tracking_url.origin());
        let history = enrollment.map(|enrollment| standing(&enrollment, &zone)).unwrap_or_default();
        let state = state_of(&link, request.now);
        let takes_none = state.0 != "live";
        let warnings = warnings(&link, &campaign, &request.app.base_url);
        let dates = Dates {
            created: zone.show(link.created_at_ms),
            last_day: link.expires_at_ms.map(|end| zone.day_of(end.plus_ms(-1)).to_string()),
        };
        Ok(view! {
            <Head link=link.clone() state=state.0/>
            {(takes_none && link.is_active).then(|| note(format!("This link takes no clicks for now. {} {history}", state.1)))}
            {warnings.into_iter().map(note).collect::<Vec<_>>()}
            <Place campaign=campaign.clone() url=tracking_url(&origin, &link)/>
            <div class="grid-2">
                <Facts link=link.clone() campaign=campaign dates=dates tags=tags landed=landed/>
                <ByHand link=link origin=origin/>
            </div>
        }
        .into_any())
    })
}

fn note(text: String) -> impl IntoView {
    view! { <div class="flash"><Icon name="alert-triangle"/><span>{text}</span></div> }
}

/// What the campaign no longer allows, and macros that are none.
fn warnings(link: &Link, campaign: &Campaign, base_url: &crate::domain::site::BaseUrl) -> Vec<String> {
    let hosts = destinations::hosts_of(campaign, base_url);
    let is_refused = !link.destination.is_empty() && check_destination(&link.destination, &hosts).is_err();
    let refused = is_refused.then(|| {
        let hosts = destinations::hosts_text(campaign);
        format!("The campaign no longer allows where this link leads: visitors go to the landing page. Allowed hosts: {hosts}.")
    });
    refused.into_iter().chain(destinations::macro_warning(&link.destination)).collect()
}

#[component]
fn Head(link: Link, state: &'static str) -> impl IntoView {
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/publisher/links">"Links"</a></li>
                <li aria-current="page">{link.name.clone()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div>
                <h1>{link.name.clone()}</h1>
                <p class="sub cluster"><span>{link.campaign_name.clone()}</span> <StatusTag state=state/></p>
            </div>
            <div class="page-actions">
                <a class="btn" href=format!("/publisher/links/{}/edit", link.link_id)>"Edit"</a>
                <Switch link=link/>
            </div>
        </div>
    }
}

/// Pause or resume.
#[component]
fn Switch(link: Link) -> impl IntoView {
    let id = link.link_id.to_string();
    if link.is_active {
        let action = ServerAction::<PauseLink>::new();
        view! {
            <ActionForm action=action><Hidden name="link_id" value=id/><Submit label="Pause" class="btn"/></ActionForm>
        }
        .into_any()
    } else {
        let action = ServerAction::<ResumeLink>::new();
        view! {
            <ActionForm action=action><Hidden name="link_id" value=id/><Submit label="Resume"/></ActionForm>
        }
        .into_any()
    }
}

/// What to place, in the forms in which it is placed.
#[component]
fn Place(campaign: Campaign, url: String) -> impl IntoView {
    let text = &campaign.name;
    let html = format!("<a href=\"{url}\" rel=\"sponsored\">{}</a>", escape(text));
    let markdown = format!("[{}]({url})", escape_markdown(text));
    view! {
        <section class="card stack">
            <h2>"Place it"</h2>
            <div class="field">
                <span class="label">"Link"</span><CopyText label="Link".to_owned() value=url.clone()/>
                <p class="hint"><a href=url>"Follow it"</a>" as a visitor does: this is a click like every other."</p>
            </div>
            <div class="field"><span class="label">"HTML"</span><CopyText label="HTML".to_owned() value=html/></div>
            <div class="field">
                <span class="label">"Markdown"</span><CopyText label="Markdown".to_owned() value=markdown/>
            </div>
        </section>
    }
}

/// In the publisher's zone.
struct Dates {
    created: String,
    last_day: Option<String>,
}

#[component]
fn Facts(link: Link, campaign: Campaign, dates: Dates, tags: Vec<String>, landed: String) -> impl IntoView {
    let fallback = if link.fallback.is_empty() { "the landing page".to_owned() } else { link.fallback.clone() };
    let tags = if tags.is_empty() { "none".to_owned() } else { tags.join(", ") };
    let is_landing = link.destination.is_empty();
    let destination = if is_landing { campaign.landing_url } else { link.destination };
    let sub_ids = SubIds::from(link.subs).0;
    let has_none = sub_ids.iter().all(Option::is_none);
    let rows = sub_ids.into_iter().enumerate().filter_map(|(place, value)| {
        let value = value?;
        Some(view! { <div><dt>{format!("Sub id {}", place + 1)}</dt><dd class="mono">{value}</dd></div> })
    });
    view! {
        <section class="card">
            <h2>"Where it leads"</h2>
            <dl class="facts">
                <div>
                    <dt>"Destination"</dt>
                    <dd>
                        <span class="mono">{destination}</span>
                        {is_landing.then(|| view! { <span class="hint">"The campaign's landing page."</span> })}
                    </dd>
                </div>
                <div>
                    <dt>"Click id"</dt>
                    <dd>"added to it as " <span class="mono">{campaign.landing_parameter}</span></dd>
                </div>
                {rows.collect::<Vec<_>>()}
                {has_none.then(|| view! { <div><dt>"Sub ids"</dt><dd>"none"</dd></div> })}
                <div><dt>{LANDED_HEAD}</dt><dd>{landed}</dd></div>
                <div><dt>"Created"</dt><dd>{dates.created}</dd></div>
                <div>
                    <dt>"Last day"</dt>
                    <dd>{dates.last_day.unwrap_or_else(|| "none: it does not end".to_owned())}</dd>
                </div>
                <div><dt>"While it takes no clicks"</dt><dd>"visitors go to " {fallback}</dd></div>
                <div><dt>"Tags"</dt><dd>{tags}</dd></div>
            </dl>
        </section>
    }
}

/// Links that a publisher writes without asking for each one.
#[component]
fn ByHand(link: Link, origin: String) -> impl IntoView {
    let url = format!("{origin}/c/{}/{}", link.campaign_id, link.publisher_id);
    let deep = format!("{url}?url=https%3A%2F%2F…&sub1=…");
    let counts = if link.is_default {
        "Its clicks count for this link, the default link of the campaign."
    } else {
        "Its clicks count for the campaign's default link, not for this one."
    };
    view! {
        <section class="card stack">
            <h2>"Built by hand"</h2>
            <p>"The same for every page of the campaign, without making a link first. " {counts}</p>
            <div><CopyText label="Link built by hand".to_owned() value=url/></div>
            <p class="hint">"With a page and sub ids: " <span class="mono">{deep}</span></p>
        </section>
    }
}
