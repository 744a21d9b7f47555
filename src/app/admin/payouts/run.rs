//! One payout run: what each publisher gets, approving it, and marking what was paid.

use leptos::prelude::*;

use super::after::old_beside_new;
use super::result::ResultForms;
use super::sentence;
use super::shared::{self, shared_destinations};
use crate::app::api::payout::ApprovePayoutRun;
use crate::app::page::{role_page, zone_of};
use crate::app::publisher::payout_sentence;
use crate::app::ui::{Hidden, StatusTag};
use crate::domain::ids::PayoutRunId;
use crate::domain::party::PartyKind;
use crate::domain::payout::PayoutRunState;
use crate::domain::time::Zone;
use crate::store::payout_details;
use crate::store::payouts::{self, Payout, PayoutRun};

#[component]
pub fn PayoutRunPage() -> impl IntoView {
    role_page(PartyKind::Network, "Payout run", async |request, viewer| {
        let id: PayoutRunId = request.param("id")?;
        let mut conn = request.app.store.snapshot().await?;
        let run = payouts::get_run(&mut conn, id).await?;
        let list = payouts::list_of_run(&mut conn, id).await?;
        let shared = payout_details::list_shared_in_run(&mut conn, id, shared::ASKED_MAX).await?;
        let old = match request.query.get("after").and_then(|text| text.parse::<PayoutRunId>().ok()) {
            Some(old) => {
                let run = payouts::get_run(&mut conn, old).await?;
                Some((run, payouts::list_of_run(&mut conn, old).await?))
            }
            None => None,
        };
        let beside = old.and_then(|(old, of_old)| old_beside_new((&old, of_old), (&run, &list[..])));
        let zone = zone_of(&viewer);
        let title = format!("Run of {}", zone.show(id.time()));
        Ok(view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol><li><a href="/admin/payouts">"Payouts"</a></li><li aria-current="page">{title.clone()}</li></ol>
            </nav>
            <div class="page-head">
                <div>
                    <h1>{title}</h1>
                    <p class="sub"><StatusTag state=run.state.as_str()/> " " {sentence(&run)}</p>
                </div>
                <div class="page-actions"><Approve run=run.clone()/></div>
            </div>
            {beside}
            {table(&zone, &run, list)}
            {shared_destinations(&zone, shared, Some(id))}
        }
        .into_any())
    })
}

/// Repeats what is about to happen on the button itself.
#[component]
fn Approve(run: PayoutRun) -> impl IntoView {
    let action = ServerAction::<ApprovePayoutRun>::new();
    let what = if run.payouts == 1 { "payout" } else { "payouts" };
    let label = format!("Approve {} {what}, {}", run.payouts, run.total());
    (run.state == PayoutRunState::Draft && run.payouts > 0).then(|| {
        view! {
            <ActionForm action=action>
                <Hidden name="payout_run_id" value=run.payout_run_id.to_string()/>
                <Hidden name="version" value=run.version.to_string()/>
                <Hidden name="payouts" value=run.payouts.to_string()/>
                <Hidden name="total_minor" value=run.total_minor.to_string()/>
                <button class="btn btn-primary" type="submit">{label}</button>
            </ActionForm>
        }
    })
}

fn table(zone: &Zone, run: &PayoutRun, list: Vec<Payout>) -> AnyView {
    if list.is_empty() {
        return view! {
            <div class="empty">
                <h2>"Nothing is payable"</h2>
                <p>"A commission is payable once it is approved, its hold is over, and its advertiser has paid it."</p>
                <div class="btn-row"><a class="btn" href="/admin/deposits">"To the deposits"</a></div>
            </div>
        }
        .into_any();
    }
    let total = run.total().to_string();
    let rows: Vec<_> = list.into_iter().map(|payout| row(zone, payout)).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Payouts of the run">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Publisher"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"To"</th>
                        <th scope="col" class="num">"Conversions"</th>
                        <th scope="col" class="num">"Amount"</th>
                        <th scope="col">"Result"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row">"Total without what is carried"</th>
                        <td></td>
                        <td></td>
                        <td></td>
                        <td class="num money" data-label="Amount">{total}</td>
                        <td></td>
                    </tr>
                </tfoot>
            </table>
        </div>
    }
    .into_any()
}

fn row(zone: &Zone, payout: Payout) -> impl IntoView + use<> {
    let status = payout_sentence(zone, &payout);
    let elsewhere = payout.is_elsewhere().then_some(
        "Its publisher entered other payout details after it was approved: it cannot be marked as paid. If it was not \
         sent, mark it as failed, and propose again.",
    );
    view! {
        <tr>
            <th scope="row">
                {payout.publisher_name.clone()}
                <span class="sub mono">{payout.payout_id.to_string()}</span>
            </th>
            <td data-label="Status">
                <span>
                    <StatusTag state=payout.state.as_str()/>
                    <span class="status-reason">{status}</span>
                    {elsewhere.map(|told| view! { <span class="status-reason">{told}</span> })}
                </span>
            </td>
            <td class="mono" data-label="To">{payout.masked.clone()}</td>
            <td class="num" data-label="Conversions">{payout.conversions}</td>
            <td class="num money" data-label="Amount">{payout.money().to_string()}</td>
            <td data-label="Result"><ResultForms payout=payout/></td>
        </tr>
    }
}
