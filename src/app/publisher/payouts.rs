//! What the publisher has coming, and what it was paid.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::payout_details::{hold_note, page_of};
use crate::app::error::ApiError;
use crate::app::page::{role_page, zone_of};
use crate::app::ui::StatusTag;
use crate::domain::account::AccountKind;
use crate::domain::money::{Currency, Money};
use crate::domain::party::{Acting, PartyKind};
use crate::domain::payout::PayoutState;
use crate::domain::time::Zone;
use crate::store::payables::{self, Payable};
use crate::store::payouts::{self, Payout};
use crate::store::{ledger, payout_details};

const SHOWN_MAX: i64 = 100;

/// The way of a commission, account by account; what was paid is the sum of the payouts that arrived.
const WAY: [(&str, AccountKind); 4] = [
    ("Pending", AccountKind::Pending),
    ("Approved", AccountKind::Approved),
    ("Payable", AccountKind::Payable),
    ("In payout", AccountKind::InPayout),
];

#[component]
pub fn Payouts() -> impl IntoView {
    role_page(PartyKind::Publisher, "Payouts", async |request, viewer| {
        let Acting::Publisher(publisher) = viewer.acting else { return Err(ApiError::NotFound) };
        let mut conn = request.app.store.snapshot().await?;
        let list = payouts::list_of_publisher(&mut conn, publisher, None, SHOWN_MAX).await?;
        let details = payout_details::find(&mut conn, publisher).await?;
        let mut figures: BTreeMap<Currency, BTreeMap<&str, i64>> = BTreeMap::new();
        for balance in ledger::balances_of_party(&mut conn, viewer.party()).await? {
            let word = WAY.iter().find(|(_, kind)| *kind == balance.kind).map_or("", |(word, _)| word);
            figures.entry(balance.currency).or_default().insert(word, balance.balance_minor);
        }
        for (currency, minor) in payouts::paid_of_publisher(&mut conn, publisher).await? {
            figures.entry(currency).or_default().insert("Paid", minor);
        }
        let owed = payables::list_owed_of_publisher(&mut conn, publisher, SHOWN_MAX).await?;
        let zone = zone_of(&viewer);
        let to_details = if details.is_some() { "Payout details" } else { "Enter payout details" };
        Ok(view! {
            <div class="page-head">
                <div><h1>"Payouts"</h1><p class="sub">"What is on its way to you, and what you were paid."</p></div>
                <div class="page-actions">
                    <a class="btn" href="/publisher/payouts/statement">"Statement"</a>
                    <a class="btn" href=page_of(None)>{to_details}</a>
                </div>
            </div>
            {hold_note(&zone, details.as_ref(), request.now)}
            {details.is_none().then(missing_note)}
            {figures.into_iter().map(|(currency, sums)| figures_of(currency, &sums)).collect::<Vec<_>>()}
            {owed_table(&zone, &owed)}
            <section class="section"><h2>"Your payouts"</h2>{table(&zone, list)}</section>
        }
        .into_any())
    })
}

/// That nothing is paid without details.
fn missing_note() -> impl IntoView {
    view! {
        <p class="hint">
            "Nothing can be paid to you until you have said where: "
            <a href=page_of(None)>"enter your payout details"</a> "."
        </p>
    }
}

fn figures_of(currency: Currency, sums: &BTreeMap<&str, i64>) -> impl IntoView + use<> {
    let words = WAY.iter().map(|(word, _)| *word).chain(["Paid"]);
    let figures: Vec<_> = words
        .map(|word| {
            let money = Money::new(sums.get(word).copied().unwrap_or(0), currency);
            view! {
                <div class="kpi">
                    <span class="kpi-label">{word}</span>
                    <span class="kpi-value">{money.figure()} " " <small>{currency.code()}</small></span>
                </div>
            }
        })
        .collect();
    view! { <div class="kpis">{figures}</div> }
}

/// What was paid and taken back since; nothing where there is none.
fn owed_table(zone: &Zone, owed: &[Payable]) -> AnyView {
    if owed.is_empty() {
        return ().into_any();
    }
    let rows = owed.iter().map(|entry| {
        let receipt = entry.conversion_id.map(|id| {
            view! { <a href=format!("/receipts/{id}")>{id.to_string()}</a> }
        });
        view! {
            <tr>
                <th scope="row">{receipt}</th>
                <td data-label="Taken back on">{zone.show(entry.payable_id.time())}</td>
                <td class="num money" data-label="Amount">{Money::new(entry.amount_minor, entry.currency).to_string()}</td>
            </tr>
        }
    });
    view! {
        <section class="section">
            <h2>"Taken back after payment"</h2>
            <p>"These commissions, or parts of them, were paid to you before their orders were refunded. They are kept from \
                what becomes payable next."</p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Taken back after payment">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Receipt"</th>
                            <th scope="col">"Taken back on"</th>
                            <th scope="col" class="num">"Amount"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect::<Vec<_>>()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn table(zone: &Zone, list: Vec<Payout>) -> AnyView {
    if list.is_empty() {
        return view! {
            <div class="empty">
                <h2>"No payout yet"</h2>
                <p>"An approved commission becomes payable once its advertiser has paid it; the next payout run takes it."</p>
                <div class="btn-row"><a class="btn" href="/publisher/conversions">"To your conversions"</a></div>
            </div>
        }
        .into_any();
    }
    let rows: Vec<_> = list.into_iter().map(|payout| row(zone, payout)).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Your payouts">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Run of"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col" class="num">"Conversions"</th>
                        <th scope="col" class="num">"Amount"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(zone: &Zone, payout: Payout) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">
                {zone.show(payout.payout_run_id.time())}
                <span class="sub mono">{payout.payout_id.to_string()}</span>
            </th>
            <td data-label="Status">
                <span>
                    <StatusTag state=payout.state.as_str()/>
                    <span class="status-reason">{sentence(zone, &payout)}</span>
                </span>
            </td>
            <td class="num" data-label="Conversions">{payout.conversions}</td>
            <td class="num money" data-label="Amount">{payout.money().to_string()}</td>
        </tr>
    }
}

/// Where a payout stands; also for the admin's page.
pub fn sentence(zone: &Zone, payout: &Payout) -> String {
    let on = |at: Option<_>| at.map(|at| format!(" on {}", zone.show(at))).unwrap_or_default();
    let to = payout.masked.as_ref().map(|masked| format!(" to {masked}")).unwrap_or_default();
    match payout.state {
        PayoutState::Proposed => "Proposed: nothing is reserved yet.".to_owned(),
        PayoutState::Approved => format!("Approved{}: it is on its way{to}.", on(payout.decided_at_ms)),
        PayoutState::Sent => format!("Given to the bank{}: it is on its way{to}.", on(payout.sent_at_ms)),
        PayoutState::Paid => format!("Paid{}, reference {}.", on(payout.paid_at_ms), payout.reference),
        PayoutState::Failed => {
            format!("Failed{}: {}. It is payable again.", on(payout.decided_at_ms), payout.reason.trim_end_matches('.'))
        }
        PayoutState::Returned => {
            let (on, why) = (on(payout.decided_at_ms), payout.reason.trim_end_matches('.'));
            format!("Sent back by the bank{on}: {why}. It is payable again.")
        }
        PayoutState::Carried => payout.reason.clone(),
        PayoutState::Cancelled => "Its run was given up before anything was reserved.".to_owned(),
    }
}
