//! The start page, and the page for what does not exist.

use leptos::prelude::*;

use crate::app::error::ApiError;
use crate::app::page::public_page;
use crate::app::shell::Mark;
use crate::app::ui::{Icon, StatusTag};

/// What this network is, for each of its three kinds of people.
#[component]
pub fn Home() -> impl IntoView {
    public_page("Tallystick", async |_| Ok(view! { <Promise/> }.into_any()))
}

#[component]
fn Promise() -> impl IntoView {
    view! {
        <section class="hero">
            <div>
                <h1>"Every conversion has a receipt."</h1>
                <p class="lead">
                    "Tallystick is an affiliate network whose numbers every party can check: publisher, advertiser and "
                    "network open the same page, and it is recomputed before their eyes."
                </p>
                <p class="btn-row">
                    <a class="btn btn-primary" href="/sign-up">"Join as a publisher"</a>
                    <a class="btn" href="/sign-up?as=advertiser">"Join as an advertiser"</a>
                </p>
            </div>
            <Sample/>
        </section>
        <section class="section">
            <h2>"How it works"</h2>
            <ol class="steps">
                <li><h3>"A click is on disk before the visitor goes on"</h3>
                    <p>"A tracking link records the click, sets the cookie for as long as the advertiser wants, "
                        "and leads to the shop. What was acknowledged is never lost."</p></li>
                <li><h3>"A sale is credited within seconds"</h3>
                    <p>"By pixel or from server to server, with a reason for every decision: "
                        "who won, who lost, and why."</p></li>
                <li><h3>"Money is a double-entry ledger"</h3>
                    <p>"Commissions, fees and payouts are transfers that nobody edits. They sum to zero, always."</p></li>
            </ol>
        </section>
    }
}

/// What a receipt looks like.
#[component]
fn Sample() -> impl IntoView {
    let line = |label: &'static str, value: &'static str| {
        view! { <div class="leader"><dt>{label}</dt><dd>{value}</dd></div> }
    };
    view! {
        <article class="receipt" aria-label="A sample receipt">
            <header class="receipt-head">
                <Mark/>
                <h2>"Winter boots"</h2>
                <StatusTag state="approved"/>
                <p>"A sample: approved by itself after 14 days, payable with the next run."</p>
            </header>
            <section class="receipt-part">
                <h3>"Click"</h3>
                <dl>
                    {line("Time", "2 Mar 2026, 11:02:10")}
                    {line("Link", "Newsletter")}
                    {line("Cookie duration", "30 days")}
                </dl>
            </section>
            <section class="receipt-part">
                <h3>"Order"</h3>
                <dl>{line("Amount", "49.90 EUR")} {line("Evidence", "signed by the shop")}</dl>
            </section>
            <section class="receipt-part">
                <h3>"Commission"</h3>
                <dl>{line("Rule", "10 % of a sale")}</dl>
            </section>
            <div class="receipt-total"><span>"Your commission"</span><span>"4.99 EUR"</span></div>
            <div class="recomputed ok">
                <Icon name="shield-check"/>
                <p><strong>"Recomputed now: same decision, same commission."</strong></p>
            </div>
        </article>
    }
}

#[component]
pub fn NotFoundPage() -> impl IntoView {
    public_page("Nothing is here", async |_| Err(ApiError::NotFound))
}
