//! The books: every account with its balance, and every transfer.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::app::page::{role_page, zone_of};
use crate::app::ui::Icon;
use crate::domain::ids::TransferId;
use crate::domain::money::{Currency, Money};
use crate::domain::party::PartyKind;
use crate::domain::time::Zone;
use crate::store::ledger::{self, Balance, Transfer};

const PAGE: i64 = 100;

#[component]
pub fn Ledger() -> impl IntoView {
    role_page(PartyKind::Network, "Ledger", async |request, viewer| {
        let before: Option<TransferId> = request.query.get("before").and_then(|text| text.parse().ok());
        // One moment: the accounts sum to zero in it.
        let mut conn = request.app.store.snapshot().await?;
        let balances = ledger::balances(&mut conn).await?;
        let transfers = ledger::list(&mut conn, before, PAGE).await?;
        let older = (transfers.len() as i64 == PAGE).then(|| transfers[transfers.len() - 1].transfer_id);
        if balances.is_empty() {
            return Ok(empty());
        }
        let zone = zone_of(&viewer);
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Ledger"</h1>
                    <p class="sub">"Every transfer has two sides, and nothing is ever changed: a correction is a new transfer."</p>
                </div>
                <div class="page-actions"><a class="btn" href="/ledger.csv?as=admin">"Download CSV"</a></div>
            </div>
            {sums(&balances)}
            <section class="section"><h2>"Accounts"</h2>{accounts(balances)}</section>
            <section class="section"><h2>"Transfers"</h2>{journal(&zone, transfers)}</section>
            {older.map(|id| view! {
                <nav class="pager" aria-label="Pages">
                    <span>"Newest first"</span>
                    <ul><li><a href=format!("/admin/ledger?before={id}")>"Older"</a></li></ul>
                </nav>
            })}
        }
        .into_any())
    })
}

fn empty() -> AnyView {
    view! {
        <div class="page-head"><h1>"Ledger"</h1></div>
        <div class="empty">
            <h2>"Nothing is in the books yet"</h2>
            <p>"The first conversion that belongs to a publisher posts the first transfers."</p>
            <div class="btn-row"><a class="btn" href="/admin/conversions">"To the conversions"</a></div>
        </div>
    }
    .into_any()
}

/// Whether the accounts of each currency sum to zero, as they must.
fn sums(balances: &[Balance]) -> impl IntoView + use<> {
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for balance in balances {
        *sums.entry(balance.currency).or_default() += i128::from(balance.balance_minor);
    }
    let badges: Vec<_> = sums
        .into_iter()
        .map(|(currency, sum)| {
            let (class, icon, text) = match sum {
                0 => ("recomputed ok", "shield-check", format!("All {currency} accounts sum to zero.")),
                sum => {
                    ("recomputed bad", "alert-triangle", format!("The {currency} accounts sum to {sum} minor units."))
                }
            };
            view! { <div class=class><Icon name=icon/><p><strong>{text}</strong></p></div> }
        })
        .collect();
    view! { <div class="stack">{badges}</div> }
}

fn accounts(balances: Vec<Balance>) -> impl IntoView {
    let rows: Vec<_> = balances
        .into_iter()
        .map(|balance| {
            let money = Money::new(balance.kind.displayed(balance.balance_minor), balance.currency);
            let class = if money.minor < 0 { "num money neg" } else { "num money" };
            view! {
                <tr>
                    <th scope="row">{balance.party_name}</th>
                    <td data-label="Account">
                        <a href=format!("/admin/ledger/{}", balance.account_id)>{balance.kind.as_str().replace('_', " ")}</a>
                    </td>
                    <td class=class data-label="Balance">{money.to_string()}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="table-wrap tall" tabindex="0" role="region" aria-label="Accounts">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Party"</th>
                        <th scope="col">"Account"</th>
                        <th scope="col" class="num">"Balance"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn journal(zone: &Zone, transfers: Vec<Transfer>) -> impl IntoView + use<> {
    let rows: Vec<_> = transfers
        .into_iter()
        .map(|transfer| {
            let side = |name: &str, kind: &str| format!("{name}: {}", kind.replace('_', " "));
            let money = Money::new(transfer.amount_minor, transfer.currency);
            view! {
                <tr>
                    <th scope="row">{transfer.code.replace('_', " ")}</th>
                    <td data-label="Time">{zone.show(transfer.created_at_ms)}</td>
                    <td data-label="Debit">{side(&transfer.debit_name, transfer.debit_kind.as_str())}</td>
                    <td data-label="Credit">{side(&transfer.credit_name, transfer.credit_kind.as_str())}</td>
                    <td class="num money" data-label="Amount">{money.to_string()}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Transfers">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col">"Time"</th>
                        <th scope="col">"Debit"</th>
                        <th scope="col">"Credit"</th>
                        <th scope="col" class="num">"Amount"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
