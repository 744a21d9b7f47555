//! One campaign: what it pays, what it asks, and joining it.

use leptos::prelude::*;

use super::campaigns::days;
use crate::app::api::enrollment::ApplyToCampaign;
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::page::{Request, open_page, zone_of};
use crate::app::publisher::{Waiting, standing};
use crate::app::terms::{Announced, PastChanges, accepted};
use crate::app::ui::{Hidden, Icon, StatusTag, Submit};
use crate::domain::campaign::CampaignState;
use crate::domain::enrollment::{self, EnrollmentState};
use crate::domain::ids::CampaignId;
use crate::domain::party::Viewer;
use crate::domain::schedule;
use crate::domain::terms::Terms;
use crate::domain::time::Zone;
use crate::store::campaigns::{self, Campaign};
use crate::store::enrollments::{self, Enrollment};
use crate::store::terms;

#[component]
pub fn CampaignPage() -> impl IntoView {
    open_page("Campaign", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_public(&mut conn, id).await?;
        let versions = terms::list(&mut conn, id).await?;
        let enrollment = match &viewer {
            Some(viewer) => enrollments::find(&mut conn, forms::publisher_of(viewer)?, id).await?,
            None => None,
        };
        drop(conn);
        let (now, zone) = (request.now, viewer.as_ref().map_or(Zone::UTC, zone_of));
        let terms = schedule::in_force(&versions, now).cloned().ok_or(ApiError::NotFound)?;
        let accepts = accepted(&versions, &terms, now, &zone);
        Ok(view! {
            <Head campaign=campaign.clone()/>
            <Announced versions=versions.clone() now=now zone=zone.clone()/>
            <div class="grid-2">
                <div class="stack">
                    <Pays terms=terms.clone()/>
                    <TermsText text=terms.text.clone()/>
                </div>
                <div class="stack">
                    <Conditions campaign=campaign.clone() terms=terms/>
                    <Joining request=request viewer=viewer campaign=campaign enrollment=enrollment accepts=accepts/>
                </div>
            </div>
            <PastChanges versions=versions now=now zone=zone/>
        }
        .into_any())
    })
}

#[component]
fn Head(campaign: Campaign) -> impl IntoView {
    let note = match campaign.state {
        CampaignState::Paused => Some(
            "The advertiser has paused this campaign: links take no clicks for now. Earlier clicks keep their cookie duration.",
        ),
        CampaignState::Closing => {
            Some("This campaign is closing: links take no more clicks. Earlier clicks keep their cookie duration.")
        }
        _ => None,
    };
    let category = (!campaign.category.is_empty()).then(|| format!(" · {}", campaign.category));
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/campaigns">"Campaigns"</a></li>
                <li aria-current="page">{campaign.name.clone()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div>
                <h1>{campaign.name}</h1>
                <p class="sub cluster">
                    <span>{campaign.advertiser_name} {category}</span> <StatusTag state=campaign.state.as_str()/>
                </p>
            </div>
        </div>
        {note.map(|note| view! { <div class="flash"><Icon name="clock"/><span>{note}</span></div> })}
        {(!campaign.description.is_empty()).then(|| view! { <p class="lead">{campaign.description}</p> })}
    }
}

/// The rules in the order in which they are read, each with a worked example.
#[component]
fn Pays(terms: Terms) -> impl IntoView {
    let currency = terms.first_currency();
    let has_several = terms.rules.len() > 1;
    let clicks = terms.click.map(|click| {
        view! {
            <div>
                <dt><strong>{click.sentence()}</strong></dt>
                <dd>
                    {click.example()}
                    <span class="hint">"A visitor counts once a day (UTC), and beside what it buys."</span>
                </dd>
            </div>
        }
    });
    let rows = terms.rules.iter().map(|rule| {
        view! { <div><dt><strong>{rule.sentence(currency)}</strong></dt><dd>{rule.example(currency)}</dd></div> }
    });
    view! {
        <section class="card">
            <h2>"What it pays"</h2>
            <dl class="facts">{rows.collect::<Vec<_>>()}{clicks}</dl>
            {has_several.then(|| view! {
                <p class="hint">"Read from the top: the first line that fits a conversion pays it."</p>
            })}
        </section>
    }
}

/// The advertiser's words: plain text, a paragraph for each line.
#[component]
fn TermsText(text: String) -> impl IntoView {
    let lines: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let is_empty = lines.is_empty();
    view! {
        <section class="card stack" id="terms">
            <h2>"Terms"</h2>
            {lines.into_iter().map(|line| view! { <p>{line}</p> }).collect::<Vec<_>>()}
            {is_empty.then(|| view! { <p>"Nothing beyond what this page says."</p> })}
        </section>
    }
}

#[component]
fn Conditions(campaign: Campaign, terms: Terms) -> impl IntoView {
    let hosts: Vec<_> = campaign.allowed_hosts.lines().map(|host| view! { <li>{host.to_owned()}</li> }).collect();
    view! {
        <section class="card">
            <h2>"Conditions"</h2>
            <dl class="facts">
                <div><dt>"Cookie duration"</dt><dd>{terms.window.to_string()}
                    <span class="hint">"A conversion counts if it comes within this time after a click."</span></dd></div>
                <div><dt>"Credited"</dt><dd>{terms.model.words()}
                    <span class="hint">{format!("Asked is {}.", terms.policy.words())}</span></dd></div>
                {(terms.binding_months > 0).then(|| view! {
                    <div><dt>"Customers stay bound"</dt><dd>{format!("{} months", terms.binding_months)}
                        <span class="hint">"So long a customer's later orders count for whoever brought the first one."</span>
                    </dd></div>
                })}
                <div><dt>"Validation"</dt><dd>{days(terms.validation_days)}
                    <span class="hint">"So long the advertiser may look at a conversion before it is approved."</span></dd></div>
                <div><dt>"Payable"</dt><dd>{match terms.hold_days {
                    0 => "as soon as it is approved".to_owned(),
                    hold => format!("{} after approval", days(hold)),
                }}</dd></div>
                <div><dt>"Earnings per click"</dt><dd>"new"
                    <span class="hint">"Shown once 3 publishers and 500 unique clicks make it tell something."</span></dd></div>
                <div><dt>"Links may lead to"</dt><dd><ul class="plain mono">{hosts}</ul></dd></div>
            </dl>
        </section>
    }
}

/// What the one who looks can do now: join, wait, make links, or log in first.
#[component]
fn Joining(
    request: Request,
    viewer: Option<Viewer>,
    campaign: Campaign,
    enrollment: Option<Enrollment>,
    accepts: String,
) -> impl IntoView {
    let is_live = campaign.state == CampaignState::Live;
    let body = match (viewer, enrollment) {
        (None, _) if is_live => view! { <LogInFirst/> }.into_any(),
        (Some(viewer), None) if is_live => {
            view! { <Apply request=request viewer=viewer campaign=campaign label="Join this campaign" accepts=accepts/> }.into_any()
        }
        (Some(viewer), Some(enrollment)) => {
            view! { <Standing request=request viewer=viewer campaign=campaign enrollment=enrollment accepts=accepts/> }.into_any()
        }
        (_, None) => view! { <p>"It takes no new publishers for now."</p> }.into_any(),
        (None, Some(_)) => ().into_any(),
    };
    view! { <section class="card stack" id="join"><h2>"Join"</h2>{body}</section> }
}

#[component]
fn LogInFirst() -> impl IntoView {
    view! {
        <p>"Publishers join by accepting the terms."</p>
        <p class="btn-row">
            <a class="btn btn-primary" href="/sign-up">"Sign up as a publisher"</a>
            <a class="btn" href="/log-in">"Log in"</a>
        </p>
    }
}

#[component]
fn Standing(
    request: Request,
    viewer: Viewer,
    campaign: Campaign,
    enrollment: Enrollment,
    accepts: String,
) -> impl IntoView {
    let (is_approved, link) = (enrollment.state == EnrollmentState::Approved, enrollment.default_link_id);
    let may_apply =
        campaign.state == CampaignState::Live && enrollment::apply(Some(enrollment.state), campaign.approval).is_ok();
    let label = if enrollment.state == EnrollmentState::Invited { "Accept the invitation" } else { "Apply again" };
    let create = format!("/publisher/links/new?campaign={}", campaign.campaign_id);
    view! {
        <p><StatusTag state=enrollment.state.as_str()/>
            <span class="status-reason">{standing(&enrollment, &zone_of(&viewer))}</span></p>
        {is_approved.then(|| view! {
            <p class="btn-row">
                <a class="btn btn-primary" href=create>"Create a link"</a>
                <a class="btn" href=format!("/publisher/links/{link}")>"Default link"</a>
            </p>
        })}
        {may_apply.then(|| view! { <Apply request=request viewer=viewer campaign=campaign label=label accepts=accepts/> })}
    }
}

#[component]
fn Apply(request: Request, viewer: Viewer, campaign: Campaign, label: &'static str, accepts: String) -> impl IntoView {
    if let Some(reason) = forms::waits_for(&viewer) {
        return view! { <Waiting reason=reason/> }.into_any();
    }
    let action = ServerAction::<ApplyToCampaign>::new();
    let problem = request.problem("accepted");
    let has_problem = !problem.is_empty();
    view! {
        <ActionForm action=action attr:class="form">
            <Hidden name="campaign_id" value=campaign.campaign_id.to_string()/>
            <Hidden name="terms_version" value=campaign.terms_version.to_string()/>
            <div class="field">
                <label class="check">
                    <input
                        type="checkbox"
                        name="accepted"
                        value="true"
                        required
                        aria-describedby=has_problem.then_some("accepted-error")
                        aria-invalid=has_problem.then_some("true")
                    />
                    <span>"I accept the terms, " {accepts}</span>
                </label>
                {has_problem.then(|| view! { <p class="error" id="accepted-error">{problem}</p> })}
            </div>
            <div class="btn-row"><Submit label=label/></div>
        </ActionForm>
    }
    .into_any()
}
