//! Payout runs: proposing one, and the list of them.

mod after;
mod result;
mod run;
mod shared;
mod step;

use leptos::prelude::*;

pub use self::run::PayoutRunPage;
use self::shared::shared_destinations;
pub use self::step::PayoutStep;
use crate::app::api::payout::ProposePayouts;
use crate::app::page::{role_page, zone_of};
use crate::app::ui::{Hidden, StatusTag};
use crate::domain::ids::PayoutRunId;
use crate::domain::money::Currency;
use crate::domain::party::PartyKind;
use crate::domain::payout::PayoutRunState;
use crate::domain::time::Zone;
use crate::store::payouts::{self, PayoutRun};
use crate::store::{ledger, payout_details};

const PAGE: i64 = 50;

#[component]
pub fn Payouts() -> impl IntoView {
    role_page(PartyKind::Network, "Payouts", async |request, viewer| {
        let before: Option<PayoutRunId> = request.query.get("before").and_then(|text| text.parse().ok());
        let mut conn = request.app.store.read().await?;
        let runs = payouts::list_runs(&mut conn, before, PAGE).await?;
        let currencies = ledger::currencies(&mut conn).await?;
        let shared = payout_details::list_shared(&mut conn, shared::ASKED_MAX).await?;
        let older = (runs.len() as i64 == PAGE).then(|| runs[runs.len() - 1].payout_run_id);
        let zone = zone_of(&viewer);
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Payouts"</h1>
                    <p class="sub">"A proposal lists what each publisher would get; nothing is reserved before it is approved."</p>
                </div>
                <div class="page-actions">{currencies.into_iter().map(propose).collect::<Vec<_>>()}</div>
            </div>
            {shared_destinations(&zone, shared, None)}
            {table(&zone, runs)}
            {older.map(|id| view! {
                <nav class="pager" aria-label="Pages">
                    <span>"Newest first"</span>
                    <ul><li><a href=format!("/admin/payouts?before={id}")>"Older"</a></li></ul>
                </nav>
            })}
        }
        .into_any())
    })
}

fn propose(currency: Currency) -> impl IntoView {
    let action = ServerAction::<ProposePayouts>::new();
    view! {
        <ActionForm action=action>
            <Hidden name="currency" value=currency.code()/>
            <button class="btn btn-primary" type="submit">{format!("Propose a run in {currency}")}</button>
        </ActionForm>
    }
}

fn table(zone: &Zone, runs: Vec<PayoutRun>) -> AnyView {
    if runs.is_empty() {
        return view! {
            <div class="empty">
                <h2>"No payout run yet"</h2>
                <p>"What is approved and paid for by its advertiser can be paid out; book the advertisers' payments first."</p>
                <div class="btn-row"><a class="btn" href="/admin/deposits">"To the deposits"</a></div>
            </div>
        }
        .into_any();
    }
    let rows: Vec<_> = runs.into_iter().map(|run| row(zone, &run)).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Payout runs">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Run of"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col" class="num">"Payouts"</th>
                        <th scope="col" class="num">"Carried"</th>
                        <th scope="col" class="num">"Total"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(zone: &Zone, run: &PayoutRun) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">
                <a class="row-link" href=format!("/admin/payouts/{}", run.payout_run_id)>
                    {zone.show(run.payout_run_id.time())}
                </a>
            </th>
            <td data-label="Status">
                <span><StatusTag state=run.state.as_str()/><span class="status-reason">{sentence(run)}</span></span>
            </td>
            <td class="num" data-label="Payouts">{run.payouts}</td>
            <td class="num" data-label="Carried">{run.carried}</td>
            <td class="num money" data-label="Total">{run.total().to_string()}</td>
        </tr>
    }
}

/// Where a run stands and what comes next.
const fn sentence(run: &PayoutRun) -> &'static str {
    match run.state {
        PayoutRunState::Draft if run.payouts == 0 => "A proposal with nothing to pay now.",
        PayoutRunState::Draft => "A proposal: nothing is reserved until it is approved.",
        PayoutRunState::Approved => {
            "Approved and reserved: pay each payout, and mark it as paid with the bank's reference."
        }
        PayoutRunState::Completed => "Every payout is paid, has failed or came back.",
        PayoutRunState::Cancelled => "Given up for a later proposal.",
    }
}
