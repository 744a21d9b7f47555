//! A campaign's creatives: what its publishers can place, and what came of each.

use leptos::prelude::*;

use super::steps::{advertiser_of, page_of};
use crate::app::api::creative::{CreateTextCreative, PauseCreative, ResumeCreative, UpdateCreative};
use crate::app::creatives::adding::{self, CREATIVES_MAX, Entered};
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::page::{Request, role_page};
use crate::app::publisher::destinations;
use crate::app::ui::{Field, Hidden, Icon, StatusTag, Submit};
use crate::domain::creative::{CreativeKind, Size};
use crate::domain::ids::{CampaignId, CreativeId};
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::report::Dimension;
use crate::reports::figures::{self, Figures};
use crate::reports::query::{Preset, Range, ReportQuery};
use crate::store::campaigns::{self, Campaign};
use crate::store::creatives::{self, Creative};

const WORDS_HINT: &str = "What visitors read, as in: Boots that stay dry, 20 % off.";
const ALTERNATIVE_HINT: &str = "What the banner says, for visitors who do not see it.";

#[component]
pub fn CreativesPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Creatives", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let advertiser = advertiser_of(&viewer)?;
        let mut conn = request.app.store.snapshot_counted().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let list = creatives::list_of_advertiser(&mut conn, advertiser, id, CREATIVES_MAX).await?;
        let query = all_time(id);
        let rows = figures::ranked(&mut conn, &viewer, &query, Dimension::Creative, request.now).await?;
        drop(conn);
        let figures_of =
            |id: i64| rows.iter().find(|row| row.key == id).map(|row| row.figures.clone()).unwrap_or_default();
        let rows: Vec<_> = list
            .into_iter()
            .map(|creative| view! { <Row figures=figures_of(creative.creative_id.0) creative=creative/> })
            .collect();
        let body = if rows.is_empty() {
            view! { <Nothing/> }.into_any()
        } else {
            view! { <Table rows=rows.into_any()/> }.into_any()
        };
        Ok(view! {
            <Crumbs campaign=campaign.clone() here="Creatives"/>
            <div class="page-head">
                <h1>"Creatives"</h1>
                <div class="page-actions">
                    <a class="btn" href=adding::form_of(id, CreativeKind::Text)>"Add a text link"</a>
                    <a class="btn btn-primary" href=adding::form_of(id, CreativeKind::Banner)>"Add a banner"</a>
                </div>
            </div>
            {body}
        }
        .into_any())
    })
}

/// The report that the figures of the list are read from.
fn all_time(campaign: CampaignId) -> ReportQuery {
    let range = Range::Preset(Preset::All);
    ReportQuery { range, by: Dimension::Creative, campaign: Some(campaign), ..ReportQuery::default() }
}

#[component]
fn Crumbs(campaign: Campaign, here: &'static str) -> impl IntoView {
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li><a href=page_of(campaign.campaign_id)>{campaign.name}</a></li>
                <li aria-current="page">{here}</li>
            </ol>
        </nav>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"No creative yet"</h2>
            <p>"Publishers can link with words of their own. With banners and texts of yours they need none, and you see \
                which of them sells."</p>
        </div>
    }
}

#[component]
fn Table(rows: AnyView) -> impl IntoView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Creatives">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Creative"</th>
                        <th scope="col">"Preview"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="num">"Clicks"</th>
                        <th scope="col" class="num">"Conversions"</th>
                        <th scope="col">"Next"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(creative: Creative, figures: Figures) -> impl IntoView {
    let about = match creative.size() {
        Some((width, height)) => format!("{}, {} KiB", Size(width, height), (creative.image_bytes + 1_023) / 1_024),
        None => creative.kind.word().to_owned(),
    };
    let report =
        ReportQuery { creative: Some(creative.creative_id), by: Dimension::Day, ..all_time(creative.campaign_id) };
    let (state, why) =
        if creative.is_active { ("live", "") } else { ("paused", "By you: pages show nothing in its place.") };
    view! {
        <tr>
            <th scope="row">
                <a class="row-link" href=report.at("/advertiser/reports")>{creative.name.clone()}</a>
                <span class="sub">{about}</span>
            </th>
            <td data-label="Preview"><Preview creative=creative.clone()/></td>
            <td data-label="State">
                <span>
                    <StatusTag state=state/>
                    {(!why.is_empty()).then(|| view! { <span class="status-reason">{why}</span> })}
                </span>
            </td>
            <td class="num" data-label="Clicks">{figures.clicks.gross()}</td>
            <td class="num" data-label="Conversions">{figures.conversions()}</td>
            <td data-label="Next">
                <div class="btn-row">
                    <a class="btn" href=adding::edit_form_of(creative.campaign_id, creative.creative_id)>"Edit"</a>
                    <Switch creative=creative/>
                </div>
            </td>
        </tr>
    }
}

/// The banner, or the words as a link shows them.
#[component]
pub fn Preview(creative: Creative) -> impl IntoView {
    match creative.size() {
        Some((width, height)) => view! {
            <img
                class="creative-preview"
                src=format!("/creatives/{}/image", creative.creative_id)
                width=width.to_string()
                height=height.to_string()
                alt=creative.content
                loading="lazy"
            />
        }
        .into_any(),
        None => view! { <span class="creative-words">{creative.content}</span> }.into_any(),
    }
}

/// Pause or resume.
#[component]
fn Switch(creative: Creative) -> impl IntoView {
    let id = creative.creative_id.to_string();
    if creative.is_active {
        let action = ServerAction::<PauseCreative>::new();
        view! {
            <ActionForm action=action>
                <Hidden name="creative_id" value=id/><Submit label="Pause" class="btn"/>
            </ActionForm>
        }
        .into_any()
    } else {
        let action = ServerAction::<ResumeCreative>::new();
        view! {
            <ActionForm action=action>
                <Hidden name="creative_id" value=id/><Submit label="Resume" class="btn"/>
            </ActionForm>
        }
        .into_any()
    }
}

#[component]
pub fn NewCreativePage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Add a creative", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let mut conn = request.app.store.read().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser_of(&viewer)?, id).await?;
        drop(conn);
        let is_text = request.query.get("kind").as_deref() == Some(CreativeKind::Text.as_str());
        let heading = if is_text { "Add a text link" } else { "Add a banner" };
        let form = if is_text { text_form(&request, &campaign) } else { banner_form(&request, &campaign) };
        let problem = request.problem("");
        Ok(view! {
            <Crumbs campaign=campaign here=heading/>
            <div class="page-head"><h1>{heading}</h1></div>
            {(!problem.is_empty()).then(|| view! { <p class="error">{problem}</p> })}
            {form}
        }
        .into_any())
    })
}

/// Name, words and destination of one that is there.
#[component]
pub fn EditCreativePage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Edit a creative", async |request, viewer| {
        let (campaign, id): (CampaignId, CreativeId) = (request.param("id")?, request.param("creative")?);
        let advertiser = advertiser_of(&viewer)?;
        let mut conn = request.app.store.snapshot().await?;
        let creative = creatives::get_of_advertiser(&mut conn, advertiser, id).await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, campaign).await?;
        drop(conn);
        if creative.campaign_id != campaign.campaign_id {
            return Err(ApiError::NotFound);
        }
        let (label, hint) = match creative.kind {
            CreativeKind::Text => ("Words to click", WORDS_HINT),
            CreativeKind::Banner => ("Alternative text", ALTERNATIVE_HINT),
        };
        let action = ServerAction::<UpdateCreative>::new();
        let Creative { name, content, destination, version, .. } = creative.clone();
        let heading = format!("Edit {name}");
        let now = Entered { name, words: content, destination };
        let fields = shared_fields(&request, &campaign, label, hint, &now);
        let (buttons, problem) = (buttons(&campaign, "Save"), request.problem(""));
        let preview = creative.size().is_some().then(|| view! { <Preview creative=creative/> });
        Ok(view! {
            <Crumbs campaign=campaign here="Edit"/>
            <div class="page-head"><h1>{heading}</h1></div>
            {(!problem.is_empty()).then(|| view! { <p class="error">{problem}</p> })}
            <ActionForm action=action attr:class="form">
                <Hidden name="creative_id" value=id.to_string()/>
                <Hidden name="version" value=version.to_string()/>
                {preview}
                {fields}
                {buttons}
            </ActionForm>
        }
        .into_any())
    })
}

fn text_form(request: &Request, campaign: &Campaign) -> AnyView {
    let action = ServerAction::<CreateTextCreative>::new();
    let fields = shared_fields(request, campaign, "Words to click", WORDS_HINT, &Entered::default());
    let (id, buttons) = (campaign.campaign_id.to_string(), buttons(campaign, "Add the text link"));
    view! {
        <ActionForm action=action attr:class="form">
            <Hidden name="campaign_id" value=id/>
            {fields}
            {buttons}
        </ActionForm>
    }
    .into_any()
}

/// A form of parts, because of the file; the campaign goes first, so that it is known before the file is read.
fn banner_form(request: &Request, campaign: &Campaign) -> AnyView {
    view! {
        <form class="form" method="post" action="/creatives/upload" enctype="multipart/form-data">
            <Hidden name="campaign_id" value=campaign.campaign_id.to_string()/>
            {shared_fields(request, campaign, "Alternative text", ALTERNATIVE_HINT, &Entered::default())}
            <Field
                name="file"
                label="File"
                kind="file"
                hint="PNG, JPEG, WebP or GIF, at most 2 MiB and 2000 × 2000 pixels. It is written anew, without comments \
                    and metadata, and may then have 512 KiB. An animated GIF stays one."
                error=request.problem("file")
            />
            {buttons(campaign, "Add the banner")}
        </form>
    }
    .into_any()
}

fn shared_fields(
    request: &Request,
    campaign: &Campaign,
    label: &'static str,
    hint: &'static str,
    now: &Entered,
) -> AnyView {
    let destination = request.value("destination", &now.destination);
    let hosts = format!(
        "Empty: the landing page, {}. Else a page on {}. It may hold macros.",
        campaign.landing_url,
        destinations::hosts_text(campaign)
    );
    view! {
        <Field
            name="name"
            label="Name"
            hint="For you and your publishers, as in: Spring 300 × 250."
            value=request.value("name", &now.name)
            error=request.problem("name")
        />
        <Field name="words" label=label hint=hint value=request.value("words", &now.words) error=request.problem("words")/>
        <Field
            name="destination"
            label="Where it leads"
            kind="url"
            required=false
            hint=hosts
            value=destination
            error=request.problem("destination")
        />
    }
    .into_any()
}

fn buttons(campaign: &Campaign, label: &'static str) -> AnyView {
    view! {
        <div class="btn-row">
            <Submit label=label/>
            <a class="btn btn-quiet" href=adding::page_of(campaign.campaign_id)>"Cancel"</a>
        </div>
    }
    .into_any()
}

/// Switches one of the advertiser's creatives off or on, and goes back to the list.
pub async fn switch_creative(creative_id: &str, is_active: bool, said: &str) -> Result<(), ApiError> {
    let viewer: Viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, id) = (advertiser_of(&viewer)?, creative_id.parse()?);
    let mut w = forms::app().store.write().await?;
    let campaign = creatives::update_active(&mut w, advertiser, id, is_active).await?;
    w.commit().await?;
    forms::go_with(&adding::page_of(campaign), said).await
}
