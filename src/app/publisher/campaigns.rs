//! The campaigns that a publisher has joined, asked for, or was refused by.

use leptos::prelude::*;

use crate::app::figures::{LANDED_HEAD, Landed};
use crate::app::forms;
use crate::app::page::{role_page, zone_of};
use crate::app::ui::{Icon, StatusTag};
use crate::domain::campaign::CampaignState;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::party::PartyKind;
use crate::domain::report::Dimension;
use crate::domain::time::Zone;
use crate::store::enrollments::{self, Enrollment};

const SHOWN_MAX: i64 = 500;

#[component]
pub fn Campaigns() -> impl IntoView {
    role_page(PartyKind::Publisher, "Campaigns", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let mut conn = request.app.store.snapshot_counted().await?;
        let landed = Landed::load(&mut conn, &viewer, Dimension::Campaign, request.now).await?;
        let all = enrollments::list_of_publisher(&mut conn, publisher, SHOWN_MAX).await?;
        let is_empty = all.is_empty();
        let (joined, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|enrollment| enrollment.state == EnrollmentState::Approved);
        let (waiting, over): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|enrollment| matches!(enrollment.state, EnrollmentState::Applied | EnrollmentState::Invited));
        let zone = zone_of(&viewer);
        Ok(view! {
            <div class="page-head">
                <h1>"Campaigns"</h1>
                <div class="page-actions"><a class="btn btn-primary" href="/campaigns">"Find campaigns"</a></div>
            </div>
            {is_empty.then(|| view! { <Nothing/> })}
            {table("Joined", joined, &landed, &zone)}
            {table("Waiting", waiting, &landed, &zone)}
            {table("Declined or ended", over, &landed, &zone)}
        }
        .into_any())
    })
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"You have joined no campaign yet"</h2>
            <p>"Look through the directory, read the terms of what fits your site, and apply."</p>
            <div class="btn-row"><a class="btn" href="/campaigns">"Browse campaigns"</a></div>
        </div>
    }
}

fn table(title: &'static str, list: Vec<Enrollment>, landed: &Landed, zone: &Zone) -> Option<impl IntoView + use<>> {
    let rows: Vec<_> = list
        .into_iter()
        .map(|enrollment| {
            let (sentence, landed) = (standing(&enrollment, zone), landed.of(enrollment.campaign_id.0));
            view! { <Row sentence=sentence landed=landed enrollment=enrollment/> }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section class="section">
                <h2>{title}</h2>
                <div class="table-wrap" tabindex="0" role="region" aria-label=title>
                    <table class="data fixed">
                        <colgroup><col width="22%"/><col width="17%"/><col width="29%"/><col width="16%"/><col width="16%"/></colgroup>
                        <thead>
                            <tr>
                                <th scope="col">"Campaign"</th>
                                <th scope="col">"Advertiser"</th>
                                <th scope="col">"State"</th>
                                <th scope="col" class="num">{LANDED_HEAD}</th>
                                <th scope="col">"Next"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

#[component]
fn Row(enrollment: Enrollment, sentence: String, landed: String) -> impl IntoView {
    let action = next_step(&enrollment);
    let is_public = enrollment.campaign_state.takes_conversions();
    let page = is_public.then(|| format!("/campaigns/{}", enrollment.campaign_id));
    let name = match page {
        Some(page) => view! { <a href=page>{enrollment.campaign_name}</a> }.into_any(),
        None => enrollment.campaign_name.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td data-label="Advertiser">{enrollment.advertiser_name}</td>
            <td data-label="State">
                <span>
                    <StatusTag state=enrollment.state.as_str()/>
                    <span class="status-reason">{sentence}</span>
                </span>
            </td>
            <td class="num" data-label=LANDED_HEAD>{landed}</td>
            <td data-label="Next">{action}</td>
        </tr>
    }
}

/// What the publisher can do about it.
fn next_step(enrollment: &Enrollment) -> AnyView {
    let (href, word) = match (enrollment.state, enrollment.campaign_state) {
        (EnrollmentState::Approved, state) if state.takes_conversions() => {
            (format!("/publisher/links/new?campaign={}", enrollment.campaign_id), "Create a link")
        }
        (EnrollmentState::Invited, CampaignState::Live) => {
            (format!("/campaigns/{}", enrollment.campaign_id), "Read and accept")
        }
        (EnrollmentState::Declined | EnrollmentState::Ended, CampaignState::Live) => {
            (format!("/campaigns/{}", enrollment.campaign_id), "Apply again")
        }
        _ => return "–".into_any(),
    };
    view! { <a class="btn nowrap" href=href>{word}</a> }.into_any()
}

/// Where a publisher stands in a campaign: what happened, when, and what comes next.
pub fn standing(enrollment: &Enrollment, zone: &Zone) -> String {
    let asked = zone.show(enrollment.accepted_at_ms);
    let decided = zone.show(enrollment.decided_at_ms.unwrap_or(enrollment.accepted_at_ms));
    let reason = &enrollment.state_reason;
    let because = if reason.is_empty() { ".".to_owned() } else { format!(": {}", forms::sentence(reason)) };
    match enrollment.state {
        EnrollmentState::Applied => format!("Applied on {asked}. The advertiser decides."),
        EnrollmentState::Invited => format!("Invited on {asked}. Accept the terms to join."),
        EnrollmentState::Approved => format!("Joined on {decided}.{}", campaign_note(enrollment.campaign_state)),
        EnrollmentState::Declined => format!("Declined on {decided}{because}"),
        EnrollmentState::Ended => format!("Ended on {decided}{because}"),
    }
}

const fn campaign_note(state: CampaignState) -> &'static str {
    match state {
        CampaignState::Live => "",
        CampaignState::Paused => " The campaign is paused: links take no clicks for now.",
        CampaignState::Closing => " The campaign is closing: links take no more clicks.",
        CampaignState::Closed => " The campaign is closed.",
        CampaignState::Draft | CampaignState::Submitted | CampaignState::Declined => " The campaign is not live.",
    }
}
