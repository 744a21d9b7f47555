//! Publishers in the advertiser's campaigns: applications first, with the decision beside them.

use leptos::prelude::*;

use super::steps::{advertiser_of, page_of};
use crate::app::api::campaign::DecideEnrollment;
use crate::app::figures::quality;
use crate::app::page::{Request, role_page, zone_of};
use crate::app::ui::{Hidden, Icon, StatusTag};
use crate::domain::enrollment::EnrollmentState;
use crate::domain::party::PartyKind;
use crate::domain::time::Zone;
use crate::store::enrollments::{self, Enrollment};

const SHOWN_MAX: i64 = 500;

#[component]
pub fn PublishersPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Publishers", async |request, viewer| {
        let mut conn = request.app.store.snapshot_counted().await?;
        let list = enrollments::list_of_advertiser(&mut conn, advertiser_of(&viewer)?, SHOWN_MAX).await?;
        let zone = zone_of(&viewer);
        let quality = quality(&mut conn, &viewer, request.now).await?;
        drop(conn);
        let (waiting, others): (Vec<_>, Vec<_>) =
            list.into_iter().partition(|enrollment| enrollment.state == EnrollmentState::Applied);
        if waiting.is_empty() && others.is_empty() {
            return Ok(view! { <NoPublishers/> }.into_any());
        }
        Ok(view! {
            <div class="page-head"><h1>"Publishers"</h1></div>
            <section class="section">
                <h2>"Waiting for you"</h2>
                {if waiting.is_empty() {
                    view! { <p>"No application waits for a decision."</p> }.into_any()
                } else {
                    view! { <Table name="Applications" list=waiting zone=zone.clone() request=request.clone()/> }.into_any()
                }}
            </section>
            {(!others.is_empty()).then(|| view! {
                <section class="section">
                    <h2>"Decided"</h2>
                    <Table name="Decided" list=others zone=zone request=request/>
                </section>
            })}
            {quality}
        }
        .into_any())
    })
}

#[component]
fn NoPublishers() -> impl IntoView {
    view! {
        <div class="page-head"><h1>"Publishers"</h1></div>
        <div class="empty">
            <Icon name="users"/>
            <h2>"Publishers who join your campaigns will be here"</h2>
            <p>"They find a campaign in the directory once it is live."</p>
            <div class="btn-row"><a class="btn" href="/advertiser/campaigns">"Your campaigns"</a></div>
        </div>
    }
}

#[component]
fn Table(name: &'static str, list: Vec<Enrollment>, zone: Zone, request: Request) -> impl IntoView {
    let refused = request.value("enrollment_id", "");
    let rows: Vec<_> = list
        .into_iter()
        .map(|enrollment| {
            let is_refused = enrollment.enrollment_id.to_string() == refused;
            let reason = if is_refused { request.value("reason", "") } else { String::new() };
            view! { <Row accepted=zone.show(enrollment.accepted_at_ms) enrollment=enrollment reason=reason/> }
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=name>
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Publisher"</th>
                        <th scope="col">"Campaign"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Accepted terms"</th>
                        <th scope="col">"Decision"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(enrollment: Enrollment, accepted: String, reason: String) -> impl IntoView {
    let site = enrollment.publisher_website.clone();
    let why = enrollment.state_reason.clone();
    view! {
        <tr>
            <th scope="row">
                {enrollment.publisher_name.clone()}
                {(!site.is_empty()).then(|| view! {
                    <a class="sub" href=site.clone() rel="noreferrer noopener nofollow">{site.clone()}</a>
                })}
            </th>
            <td data-label="Campaign">
                <a href=page_of(enrollment.campaign_id)>{enrollment.campaign_name.clone()}</a>
            </td>
            <td data-label="State">
                <span>
                    <StatusTag state=enrollment.state.as_str()/>
                    {(!why.is_empty()).then(|| view! { <span class="status-reason">{why}</span> })}
                </span>
            </td>
            <td data-label="Accepted terms">{format!("version {}, {accepted}", enrollment.terms_version)}</td>
            <td data-label="Decision"><Decision enrollment=enrollment reason=reason/></td>
        </tr>
    }
}

#[component]
fn Decision(enrollment: Enrollment, reason: String) -> impl IntoView {
    let action = ServerAction::<DecideEnrollment>::new();
    let waits = enrollment.state == EnrollmentState::Applied;
    let (refusal, word) = if waits { (EnrollmentState::Declined, "Decline") } else { (EnrollmentState::Ended, "End") };
    if !waits && enrollment.state != EnrollmentState::Approved {
        return "\u{2013}".into_any();
    }
    let field = format!("reason-{}", enrollment.enrollment_id);
    let (id, version) = (enrollment.enrollment_id, enrollment.version);
    // Two forms: the key Enter in the reason must never approve.
    view! {
        <div class="stack">
            {waits.then(|| view! {
                <ActionForm action=action>
                    <Hidden name="enrollment_id" value=id.to_string()/>
                    <Hidden name="version" value=version.to_string()/>
                    <Hidden name="reason" value=""/>
                    <button class="btn" type="submit" name="state" value="approved">"Approve"</button>
                </ActionForm>
            })}
            <ActionForm action=action attr:class="copy">
                <Hidden name="enrollment_id" value=id.to_string()/>
                <Hidden name="version" value=version.to_string()/>
                <Hidden name="state" value=refusal.as_str()/>
                <label class="visually-hidden" for=field.clone()>"Reason"</label>
                <input id=field name="reason" placeholder="Reason" value=reason maxlength="200" required/>
                <button class="btn" type="submit">{word}</button>
            </ActionForm>
        </div>
    }
    .into_any()
}
