//! What the advertiser owes and paid, and what the sums consist of.

use leptos::prelude::*;

use crate::app::page::{role_page, zone_of};
use crate::domain::account::AccountKind;
use crate::domain::money::Money;
use crate::domain::party::{Acting, PartyKind};
use crate::domain::time::Zone;
use crate::store::deposits::{self, Deposit, Owed};
use crate::store::ledger::{self, Balance};

const SHOWN_MAX: i64 = 100;

#[component]
pub fn BalancePage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Balance", async |request, viewer| {
        let Acting::Advertiser(advertiser) = viewer.acting else { return Err(crate::app::error::ApiError::NotFound) };
        // One moment: the sums and what they consist of agree.
        let mut conn = request.app.store.snapshot().await?;
        let balances = ledger::balances_of_party(&mut conn, viewer.party()).await?;
        let owed = deposits::list_owed(&mut conn, advertiser).await?;
        let paid = deposits::list_of_advertiser(&mut conn, advertiser, None, SHOWN_MAX).await?;
        let zone = zone_of(&viewer);
        Ok(view! {
            <div class="page-head">
                <div><h1>"Balance"</h1><p class="sub">"What you owe the network, and what you paid."</p></div>
                <div class="page-actions"><a class="btn" href="/advertiser/balance/statement">"Statement"</a></div>
            </div>
            <Figures balances=balances/>
            <section class="section"><h2>"What you owe consists of"</h2><OwedTable owed=owed/></section>
            <section class="section"><h2>"Your payments"</h2>{payments(&zone, paid)}</section>
        }
        .into_any())
    })
}

#[component]
fn Figures(balances: Vec<Balance>) -> impl IntoView {
    let shown: Vec<_> = balances
        .into_iter()
        .map(|balance| {
            let (label, note) = match balance.kind {
                AccountKind::Receivable => ("You owe", "approved commissions with the network's fee, not yet paid"),
                AccountKind::Accrued => ("Pending", "what pending conversions may still cost"),
                _ => ("Paid in advance", "payments that wait for the next approved commissions"),
            };
            let money = Money::new(balance.kind.displayed(balance.balance_minor), balance.currency);
            view! {
                <div class="kpi">
                    <span class="kpi-label">{label}</span>
                    <span class="kpi-value">{money.figure()} " " <small>{money.currency.code()}</small></span>
                    <span class="kpi-note">{note}</span>
                </div>
            }
        })
        .collect();
    if shown.is_empty() {
        return view! {
            <div class="empty">
                <h2>"Nothing has been earned from you yet"</h2>
                <p>"Once a publisher brings a sale or lead, what it costs shows here."</p>
                <div class="btn-row"><a class="btn" href="/advertiser/campaigns">"To your campaigns"</a></div>
            </div>
        }
        .into_any();
    }
    view! { <div class="kpis">{shown}</div> }.into_any()
}

#[component]
fn OwedTable(owed: Vec<Owed>) -> impl IntoView {
    if owed.is_empty() {
        return view! {
            <p>
                "Nothing: every approved commission is paid. "
                <a href="/advertiser/conversions?state=pending">"Review the pending conversions"</a>
            </p>
        }
        .into_any();
    }
    let rows: Vec<_> = owed
        .into_iter()
        .map(|owed| {
            let money = |minor| Money::new(minor, owed.currency).to_string();
            let charge_minor = owed.commission_minor + owed.fee_minor;
            view! {
                <tr>
                    <th scope="row">{owed.campaign_name}</th>
                    <td class="num" data-label="Conversions">{owed.conversions}</td>
                    <td class="num money" data-label="Commission">{money(owed.commission_minor)}</td>
                    <td class="num money" data-label="Network fee">{money(owed.fee_minor)}</td>
                    <td class="num money" data-label="You owe">{money(charge_minor)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="What you owe">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Campaign"</th>
                        <th scope="col" class="num">"Conversions"</th>
                        <th scope="col" class="num">"Commission"</th>
                        <th scope="col" class="num">"Network fee"</th>
                        <th scope="col" class="num">"You owe"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn payments(zone: &Zone, paid: Vec<Deposit>) -> AnyView {
    if paid.is_empty() {
        return view! { <p>"No payment of yours is booked yet. The network books it when it arrives at its bank."</p> }
            .into_any();
    }
    let rows: Vec<_> = paid
        .into_iter()
        .map(|deposit| {
            let money = Money::new(deposit.amount_minor, deposit.currency).to_string();
            view! {
                <tr>
                    <th scope="row">{zone.show(deposit.deposit_id.time())}</th>
                    <td data-label="Reference">{deposit.reference}</td>
                    <td class="num money" data-label="Amount">{money}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Your payments">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Booked"</th>
                        <th scope="col">"Reference"</th>
                        <th scope="col" class="num">"Amount"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
