//! A campaign's coupons: which publisher has which code, what came by it, and one more.

use leptos::prelude::*;

use super::steps::{advertiser_of, page_of};
use crate::app::api::coupon::{CreateCoupon, EndCoupon};
use crate::app::coupons::making::COUPONS_MAX;
use crate::app::coupons::{earned, standing_view};
use crate::app::page::{Request, role_page, zone_of};
use crate::app::ui::{Field, Hidden, Icon, Select, Submit};
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::CampaignId;
use crate::domain::party::PartyKind;
use crate::domain::time::{Timestamp, Zone};
use crate::store::campaigns::{self, Campaign};
use crate::store::coupons::{self, Coupon, CouponFigures};
use crate::store::enrollments::{self, Enrollment};

const PUBLISHERS_MAX: i64 = 1_000;

#[component]
pub fn CouponsPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Coupons", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let (advertiser, zone) = (advertiser_of(&viewer)?, zone_of(&viewer));
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let list = coupons::list_of_advertiser(&mut conn, advertiser, id, COUPONS_MAX).await?;
        let figures = coupons::figures_of_advertiser(&mut conn, advertiser, id).await?;
        let mut publishers = enrollments::list_of_campaign(&mut conn, advertiser, id, PUBLISHERS_MAX).await?;
        drop(conn);
        publishers.retain(|one| one.state == EnrollmentState::Approved);
        publishers.sort_by(|a, b| a.publisher_name.cmp(&b.publisher_name));
        let body = if list.is_empty() {
            view! { <Nothing/> }.into_any()
        } else {
            view! { <Table list=list figures=figures zone=zone.clone() now=request.now/> }.into_any()
        };
        Ok(view! {
            <Head campaign=campaign/>
            {body}
            <section class="section">
                <h2>"Give a publisher a code"</h2>
                {if publishers.is_empty() {
                    view! { <p>"Nobody is in the campaign yet. Once you have approved a publisher, you can give it a code."</p> }
                        .into_any()
                } else {
                    view! { <Making request=request id=id publishers=publishers zone=zone/> }.into_any()
                }}
            </section>
        }
        .into_any())
    })
}

#[component]
fn Head(campaign: Campaign) -> impl IntoView {
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li><a href=page_of(campaign.campaign_id)>{campaign.name}</a></li>
                <li aria-current="page">"Coupons"</li>
            </ol>
        </nav>
        <div class="page-head">
            <div>
                <h1>"Coupons"</h1>
                <p class="sub">"An order that you report with a publisher's code is that publisher's, also without a click."</p>
            </div>
        </div>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"No coupon yet"</h2>
            <p>"Where customers hear a code instead of clicking, in a podcast or in print, a coupon says who sent them. \
                Send it in the field coupon of your reports."</p>
        </div>
    }
}

#[component]
fn Table(list: Vec<Coupon>, figures: Vec<CouponFigures>, zone: Zone, now: Timestamp) -> impl IntoView {
    let rows = list.into_iter().map(|coupon| {
        let (conversions, commission) = earned(&figures, &coupon);
        view! {
            <tr>
                <th scope="row"><span class="mono">{coupon.code.clone()}</span></th>
                <td data-label="Publisher">{coupon.publisher_name.clone()}</td>
                <td data-label="State">{standing_view(&coupon, &zone, now)}</td>
                <td class="num" data-label="Conversions">{conversions}</td>
                <td class="num money" data-label="Commission">{commission}</td>
                <td data-label="Next"><End coupon=coupon now=now/></td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Coupons">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Code"</th>
                        <th scope="col">"Publisher"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="num">"Conversions"</th>
                        <th scope="col" class="num">"Commission"</th>
                        <th scope="col">"Next"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect::<Vec<_>>()}</tbody>
            </table>
        </div>
    }
}

/// The one step that is left: to end it.
#[component]
fn End(coupon: Coupon, now: Timestamp) -> impl IntoView {
    let is_over = coupon.ended_at_ms.is_some() || coupon.valid_until_ms.is_some_and(|until| until <= now);
    if is_over {
        return "\u{2013}".into_any();
    }
    let action = ServerAction::<EndCoupon>::new();
    let label = format!("End {}", coupon.code);
    view! {
        <ActionForm action=action>
            <Hidden name="coupon_id" value=coupon.coupon_id.to_string()/>
            <button type="submit" class="btn" aria-label=label>"End"</button>
        </ActionForm>
    }
    .into_any()
}

#[component]
fn Making(request: Request, id: CampaignId, publishers: Vec<Enrollment>, zone: Zone) -> impl IntoView {
    let action = ServerAction::<CreateCoupon>::new();
    let options = publishers.into_iter().map(|one| (one.publisher_id.to_string(), one.publisher_name)).collect();
    let problem = request.problem("");
    view! {
        {(!problem.is_empty()).then(|| view! { <p class="error">{problem}</p> })}
        <ActionForm action=action attr:class="form">
            <Hidden name="campaign_id" value=id.to_string()/>
            <Select
                name="publisher_id"
                label="Publisher"
                options=options
                value=request.value("publisher_id", "")
                error=request.problem("publisher_id")
            />
            <Field
                name="code"
                label="Code"
                value=request.value("code", "")
                error=request.problem("code")
                autocomplete="off"
                hint="As customers type it, as in TRAIL10; upper and lower case are the same. It names this publisher for \
                    ever, and cannot be given to another."
            />
            <div class="field-row">
                <Field
                    name="valid_from"
                    label="First day"
                    kind="date"
                    required=false
                    value=request.value("valid_from", "")
                    error=request.problem("valid_from")
                    hint=format!("Empty: from now on. Days are those of {}.", zone.name())
                />
                <Field
                    name="valid_until"
                    label="Last day"
                    kind="date"
                    required=false
                    value=request.value("valid_until", "")
                    error=request.problem("valid_until")
                    hint="Counts in full. Empty: until you end it."
                />
            </div>
            <div class="btn-row"><Submit label="Give the code"/></div>
        </ActionForm>
    }
}
