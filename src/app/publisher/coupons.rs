//! The publisher's own coupons: where each counts, until when, and what came by it.

use leptos::prelude::*;

use crate::app::coupons::{earned, standing_view};
use crate::app::forms;
use crate::app::islands::CopyText;
use crate::app::page::{role_page, zone_of};
use crate::app::ui::Icon;
use crate::domain::party::PartyKind;
use crate::domain::time::{Timestamp, Zone};
use crate::store::coupons::{self, Coupon, CouponFigures};

const SHOWN_MAX: i64 = 500;

#[component]
pub fn CouponsPage() -> impl IntoView {
    role_page(PartyKind::Publisher, "Coupons", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let mut conn = request.app.store.snapshot().await?;
        let list = coupons::list_of_publisher(&mut conn, publisher, SHOWN_MAX).await?;
        let figures = coupons::figures_of_publisher(&mut conn, publisher).await?;
        drop(conn);
        let body = if list.is_empty() {
            view! { <Nothing/> }.into_any()
        } else {
            view! { <Table list=list figures=figures zone=zone_of(&viewer) now=request.now/> }.into_any()
        };
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Coupons"</h1>
                    <p class="sub">"An order that is reported with a code of yours is yours, also without a click."</p>
                </div>
            </div>
            {body}
        }
        .into_any())
    })
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"You have no coupon"</h2>
            <p>"An advertiser gives you a code for its campaign. Join the campaign, and ask the advertiser for one: it makes \
                it on its campaign's page of coupons, and it is here at once."</p>
            <div class="btn-row"><a class="btn" href="/publisher/campaigns">"Your campaigns"</a></div>
        </div>
    }
}

#[component]
fn Table(list: Vec<Coupon>, figures: Vec<CouponFigures>, zone: Zone, now: Timestamp) -> impl IntoView {
    let rows = list.into_iter().map(|coupon| {
        let (conversions, commission) = earned(&figures, &coupon);
        let label = format!("Code {}", coupon.code);
        view! {
            <tr>
                <th scope="row"><CopyText label=label value=coupon.code.clone()/></th>
                <td data-label="Campaign">
                    <a href=format!("/campaigns/{}", coupon.campaign_id)>{coupon.campaign_name.clone()}</a>
                </td>
                <td data-label="State">{standing_view(&coupon, &zone, now)}</td>
                <td class="num" data-label="Conversions">{conversions}</td>
                <td class="num money" data-label="Commission">{commission}</td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Coupons">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Code"</th>
                        <th scope="col">"Campaign"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="num">"Conversions"</th>
                        <th scope="col" class="num">"Commission"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect::<Vec<_>>()}</tbody>
            </table>
        </div>
        <p class="hint">"Counted are conversions that the code itself is credited for, without those rejected or reversed."</p>
    }
}
