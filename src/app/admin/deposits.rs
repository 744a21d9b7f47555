//! Booking what advertisers paid, and the list of it.

use leptos::prelude::*;

use crate::app::api::deposit::BookDeposit;
use crate::app::page::{Request, role_page, zone_of};
use crate::app::ui::{Field, Select, Submit};
use crate::domain::ids::DepositId;
use crate::domain::money::Money;
use crate::domain::party::PartyKind;
use crate::domain::time::Zone;
use crate::store::deposits::{self, Deposit};
use crate::store::parties::{self, Party};

const PAGE: i64 = 50;
const ADVERTISERS_MAX: i64 = 1_000;

#[component]
pub fn Deposits() -> impl IntoView {
    role_page(PartyKind::Network, "Deposits", async |request, viewer| {
        let before: Option<DepositId> = request.query.get("before").and_then(|text| text.parse().ok());
        let mut conn = request.app.store.read().await?;
        let advertisers = parties::list(&mut conn, Some(PartyKind::Advertiser), None, ADVERTISERS_MAX).await?;
        let list = deposits::list(&mut conn, before, PAGE).await?;
        let older = (list.len() as i64 == PAGE).then(|| list[list.len() - 1].deposit_id);
        let zone = zone_of(&viewer);
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Deposits"</h1>
                    <p class="sub">"A payment pays what was approved first: whole commissions with their fee."</p>
                </div>
            </div>
            <section class="section"><h2>"Book a payment"</h2>{form(&request, advertisers)}</section>
            <section class="section"><h2>"Booked"</h2>{table(&zone, list)}</section>
            {older.map(|id| view! {
                <nav class="pager" aria-label="Pages">
                    <span>"Newest first"</span>
                    <ul><li><a href=format!("/admin/deposits?before={id}")>"Older"</a></li></ul>
                </nav>
            })}
        }
        .into_any())
    })
}

fn form(request: &Request, advertisers: Vec<Party>) -> AnyView {
    let action = ServerAction::<BookDeposit>::new();
    if advertisers.is_empty() {
        return view! {
            <div class="empty">
                <h2>"No advertiser yet"</h2>
                <p>"Once one has signed up, its payments are booked here."</p>
                <div class="btn-row"><a class="btn" href="/admin/parties">"To the parties"</a></div>
            </div>
        }
        .into_any();
    }
    let entered = ["advertiser_id", "amount", "reference"].map(|name| request.value(name, ""));
    let currency = request.value("currency", "EUR");
    let problems = ["advertiser_id", "amount", "currency", "reference"].map(|name| request.problem(name));
    let [advertiser, amount, reference] = entered;
    let [advertiser_problem, amount_problem, currency_problem, reference_problem] = problems;
    let options = advertisers.into_iter().map(|party| (party.party_id.to_string(), party.name)).collect();
    view! {
        <ActionForm action=action attr:class="form">
            <Select
                name="advertiser_id" label="Advertiser" options=options
                value=advertiser error=advertiser_problem
            />
            <div class="field-row">
                <Field
                    name="amount" label="Amount" inputmode="decimal" hint="As in 49.90"
                    value=amount error=amount_problem
                />
                <Field
                    name="currency" label="Currency" hint="As in EUR"
                    value=currency error=currency_problem
                />
            </div>
            <Field
                name="reference" label="The bank's reference" hint="Each payment is booked once"
                value=reference error=reference_problem
            />
            <div class="btn-row"><Submit label="Book"/></div>
        </ActionForm>
    }
    .into_any()
}

fn table(zone: &Zone, list: Vec<Deposit>) -> AnyView {
    if list.is_empty() {
        return view! { <p>"No payment is booked yet."</p> }.into_any();
    }
    let rows: Vec<_> = list
        .into_iter()
        .map(|deposit| {
            view! {
                <tr>
                    <th scope="row">{deposit.advertiser_name}</th>
                    <td data-label="Booked">{zone.show(deposit.deposit_id.time())}</td>
                    <td data-label="Reference">{deposit.reference}</td>
                    <td class="num money" data-label="Amount">
                        {Money::new(deposit.amount_minor, deposit.currency).to_string()}
                    </td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Booked payments">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Advertiser"</th>
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
