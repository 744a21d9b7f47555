//! One campaign, as its advertiser sees it: state, facts, terms with their history, publishers.

use leptos::prelude::*;

use super::campaigns::commission_of;
use super::steps::{advertiser_of, integration_page_of, page_of, requests_page_of};
use crate::app::api::campaign::{PauseCampaign, ResumeCampaign, SubmitCampaign, WithdrawCampaign};
use crate::app::error::ApiError;
use crate::app::figures::{LANDED_HEAD, Landed, silence};
use crate::app::page::{role_page, zone_of};
use crate::app::terms::{Announced, since};
use crate::app::ui::{Hidden, StatusTag, Submit};
use crate::domain::campaign::{ApprovalMode, CampaignState};
use crate::domain::ids::CampaignId;
use crate::domain::money::Money;
use crate::domain::party::PartyKind;
use crate::domain::report::Dimension;
use crate::domain::rule::{Rule, percent};
use crate::domain::schedule::{self, days};
use crate::domain::terms::{FeeBasis, Terms};
use crate::domain::time::{SECOND_MS, Timestamp, Zone};
use crate::store::campaigns::{self, Campaign};
use crate::store::enrollments::{self, Enrollment};
use crate::store::terms;

const PUBLISHERS_SHOWN_MAX: i64 = 50;

#[component]
pub fn CampaignPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Campaign", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let (advertiser, zone) = (advertiser_of(&viewer)?, zone_of(&viewer));
        let mut conn = request.app.store.snapshot_counted().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let versions = terms::list(&mut conn, id).await?;
        let publishers = enrollments::list_of_campaign(&mut conn, advertiser, id, PUBLISHERS_SHOWN_MAX).await?;
        let current = schedule::in_force(&versions, request.now).cloned().ok_or(ApiError::NotFound)?;
        let landed = Landed::load(&mut conn, &viewer, Dimension::Campaign, request.now).await?.of(id.0);
        let silence = silence(&mut conn, advertiser, Some(id), request.now).await?;
        Ok(view! {
            <Head campaign=campaign.clone() is_admitted=viewer.is_admitted()/>
            {silence}
            <Announced versions=versions.clone() now=request.now zone=zone.clone()/>
            <CurrentTerms terms=current zone=zone.clone()/>
            <Facts campaign=campaign landed=landed zone=zone.clone()/>
            <Publishers list=publishers zone=zone.clone()/>
            <History versions=versions now=request.now zone=zone/>
        }
        .into_any())
    })
}

#[component]
fn Head(campaign: Campaign, is_admitted: bool) -> impl IntoView {
    let (id, state) = (campaign.campaign_id, campaign.state);
    let reason = (state == CampaignState::Declined).then_some(campaign.state_reason.clone());
    let may_submit = state.advertiser_may_make(CampaignState::Submitted);
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li aria-current="page">{campaign.name.clone()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div>
                <h1>{campaign.name.clone()}</h1>
                <p class="sub cluster"><StatusTag state=state.as_str()/> <span>{state.sentence()}</span></p>
            </div>
            <div class="page-actions">
                <a class="btn" href=format!("{}/edit", page_of(id))>"Edit"</a>
                <a class="btn" href=format!("{}/creatives", page_of(id))>"Creatives"</a>
                <a class="btn" href=format!("{}/coupons", page_of(id))>"Coupons"</a>
                <a class="btn" href=integration_page_of(id)>"Integration"</a>
                <a class="btn" href=requests_page_of(id)>"Requests"</a>
                <a class="btn" href=format!("{}/quality", page_of(id))>"Quality"</a>
                <Step campaign=campaign is_admitted=is_admitted/>
            </div>
        </div>
        {reason.map(|reason| view! {
            <div class="flash flash-problem" role="note"><span>{format!("The network's reason: {reason}")}</span></div>
        })}
        {(may_submit && !is_admitted).then(|| view! {
            <p class="lead">"You can submit it once the network has admitted you."</p>
        })}
    }
}

/// The one step that its advertiser can make now.
#[component]
fn Step(campaign: Campaign, is_admitted: bool) -> impl IntoView {
    let (submit, withdraw) = (ServerAction::<SubmitCampaign>::new(), ServerAction::<WithdrawCampaign>::new());
    let (pause, resume) = (ServerAction::<PauseCampaign>::new(), ServerAction::<ResumeCampaign>::new());
    let (id, version) = (campaign.campaign_id.to_string(), campaign.version.to_string());
    let hidden = view! { <Hidden name="campaign_id" value=id/><Hidden name="version" value=version/> };
    match campaign.state {
        CampaignState::Draft | CampaignState::Declined if is_admitted => {
            view! { <ActionForm action=submit>{hidden}<Submit label="Submit"/></ActionForm> }.into_any()
        }
        CampaignState::Submitted => {
            view! { <ActionForm action=withdraw>{hidden}<Submit label="Withdraw" class="btn"/></ActionForm> }.into_any()
        }
        CampaignState::Live => {
            view! { <ActionForm action=pause>{hidden}<Submit label="Pause" class="btn"/></ActionForm> }.into_any()
        }
        CampaignState::Paused if is_admitted => {
            view! { <ActionForm action=resume>{hidden}<Submit label="Resume"/></ActionForm> }.into_any()
        }
        _ => ().into_any(),
    }
}

/// `8.00 EUR and a network fee of 1.60 EUR`, for one order of 80 or one lead.
fn cost(terms: &Terms, rule: &Rule) -> String {
    let currency = rule.currency.unwrap_or_else(|| terms.first_currency());
    let order = 80 * 10_i64.pow(currency.digits());
    let commission = rule.commission_minor(Some(order));
    let fee = Money::new(terms.fee.minor(commission, Some(order)), currency);
    let own = Money::new(commission, currency);
    format!("{own} and a network fee of {fee}")
}

#[component]
fn CurrentTerms(terms: Terms, zone: Zone) -> impl IntoView {
    let currency = terms.first_currency();
    let rules: Vec<_> = terms
        .rules
        .iter()
        .map(|rule| {
            view! {
                <tr>
                    <th scope="row">{format!("{}. {}", rule.number, rule.sentence(currency))}</th>
                    <td data-label="Example">{rule.example(currency)}</td>
                    <td data-label="You pay">{cost(&terms, rule)}</td>
                </tr>
            }
        })
        .collect();
    let clicks = terms.click.map(|click| {
        let minor = click.example_minor();
        let fee = Money::new(terms.fee.minor(minor, None), click.currency);
        view! {
            <tr>
                <th scope="row">{click.sentence()}</th>
                <td data-label="Example">{click.example()}</td>
                <td data-label="You pay">{format!("{} and a network fee of {fee}", Money::new(minor, click.currency))}</td>
            </tr>
        }
    });
    let basis = match terms.fee.basis {
        FeeBasis::Commission => "of the commission, on top",
        FeeBasis::Amount => "of the amount, on top",
    };
    let too_fast = match terms.too_fast_ms {
        0 => "switched off".to_owned(),
        ms => format!("sooner than {} s after the click", ms / SECOND_MS),
    };
    let text = terms.text.clone();
    view! {
        <section class="section">
            <h2>"Terms"</h2>
            <p>{format!("Version {}, in force since {}.", terms.version, zone.show(terms.starts_at))}</p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Commission">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Rule"</th>
                            <th scope="col">"Example"</th>
                            <th scope="col">"You pay"</th>
                        </tr>
                    </thead>
                    <tbody>{rules}{clicks}</tbody>
                </table>
            </div>
            <dl class="facts">
                <div><dt>"Cookie duration"</dt><dd>{terms.window.to_string()}</dd></div>
                <div><dt>"Validation"</dt><dd>{days(terms.validation_days)}</dd></div>
                <div><dt>"Hold"</dt><dd>{days(terms.hold_days)}</dd></div>
                <div><dt>"Held as too fast"</dt><dd>{too_fast}</dd></div>
                <div><dt>"Network fee"</dt><dd>{format!("{} {basis}", percent(terms.fee.bps))}</dd></div>
                {(!text.is_empty()).then(|| view! {
                    <div><dt>"For publishers"</dt><dd>{paragraphs(&text)}</dd></div>
                })}
            </dl>
        </section>
    }
}

fn paragraphs(text: &str) -> Vec<impl IntoView + use<>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| view! { <p>{line.to_owned()}</p> }).collect()
}

#[component]
fn Facts(campaign: Campaign, landed: String, zone: Zone) -> impl IntoView {
    let joining = match campaign.approval {
        ApprovalMode::Manual => "You decide about each publisher.",
        ApprovalMode::Automatic => "Every publisher of the network is approved at once.",
    };
    let hosts = campaign.allowed_hosts.lines().collect::<Vec<_>>().join(", ");
    view! {
        <section class="section">
            <h2>"Facts"</h2>
            <dl class="facts">
                {(!campaign.description.is_empty()).then(|| view! {
                    <div><dt>"Description"</dt><dd>{paragraphs(&campaign.description)}</dd></div>
                })}
                <div><dt>"Category"</dt><dd>{or_dash(campaign.category)}</dd></div>
                <div><dt>"Landing page"</dt><dd>{campaign.landing_url}</dd></div>
                <div><dt>"Hosts for links"</dt><dd>{hosts}</dd></div>
                <div><dt>"Click id in"</dt><dd><span class="mono">{campaign.landing_parameter}</span></dd></div>
                <div><dt>{LANDED_HEAD}</dt><dd>{landed}</dd></div>
                <div><dt>"Publishers join"</dt><dd>{joining}</dd></div>
                <div><dt>"Created"</dt><dd>{zone.show(campaign.created_at_ms)}</dd></div>
                <div><dt>"Id"</dt><dd><span class="mono">{campaign.campaign_id.to_string()}</span></dd></div>
            </dl>
        </section>
    }
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "\u{2013}".to_owned() } else { text }
}

#[component]
fn Publishers(list: Vec<Enrollment>, zone: Zone) -> impl IntoView {
    let rows: Vec<_> = list
        .into_iter()
        .map(|enrollment| {
            view! {
                <tr>
                    <th scope="row">{enrollment.publisher_name}</th>
                    <td data-label="State">
                        <StatusTag state=enrollment.state.as_str() title=enrollment.state_reason/>
                    </td>
                    <td data-label="Accepted">
                        {format!("version {} on {}", enrollment.terms_version, zone.show(enrollment.accepted_at_ms))}
                    </td>
                </tr>
            }
        })
        .collect();
    let is_empty = rows.is_empty();
    view! {
        <section class="section">
            <div class="section-head">
                <h2>"Publishers"</h2>
                {(!is_empty).then(|| view! { <a href="/advertiser/publishers">"Decide about publishers"</a> })}
            </div>
            {if is_empty {
                view! { <p>"Nobody has applied yet. Publishers find the campaign once it is live."</p> }.into_any()
            } else {
                view! { <PublisherTable rows=rows.into_any()/> }.into_any()
            }}
        </section>
    }
}

#[component]
fn PublisherTable(rows: AnyView) -> impl IntoView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Publishers">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Publisher"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Accepted terms"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn History(versions: Vec<Terms>, now: Timestamp, zone: Zone) -> impl IntoView {
    let rows: Vec<_> = versions
        .iter()
        .rev()
        .map(|terms| {
            view! {
                <tr>
                    <th scope="row">{format!("Version {}", terms.version)}</th>
                    <td data-label="Clicks since">{since(&versions, terms, now, &zone)}</td>
                    <td data-label="Commission">{commission_of(terms)}</td>
                    <td data-label="Cookie duration">{terms.window.to_string()}</td>
                    <td data-label="Validation">{days(terms.validation_days)}</td>
                    <td data-label="Hold">{days(terms.hold_days)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <section class="section">
            <h2>"Versions of the terms"</h2>
            <p>"A click keeps the version that was in force when it happened; no version is ever changed."</p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Versions of the terms">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Version"</th>
                            <th scope="col">"For clicks since"</th>
                            <th scope="col">"Commission"</th>
                            <th scope="col">"Cookie duration"</th>
                            <th scope="col">"Validation"</th>
                            <th scope="col">"Hold"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
