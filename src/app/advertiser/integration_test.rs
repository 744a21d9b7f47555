//! The form that sends a test order from the page, so that a first receipt is a minute away.

use leptos::prelude::*;

use crate::app::api::report::SendTest as SendTestReport;
use crate::app::page::Request;
use crate::app::ui::{Field, Hidden, Select, Submit};
use crate::domain::ids::CampaignId;
use crate::domain::rule::Rate;
use crate::domain::terms::Terms;
use crate::domain::time::SECOND_MS;

#[component]
pub fn SendTest(request: Request, campaign_id: CampaignId, terms: Terms) -> impl IntoView {
    let action = ServerAction::<SendTestReport>::new();
    let currency = terms.first_currency();
    let example = if currency.digits() == 0 { "4990" } else { "49.90" };
    let first = terms.rules.iter().find(|rule| rule.is_for_orders());
    let pays_percent = first.is_some_and(|rule| matches!(rule.rate, Rate::Percent { .. }));
    let order = format!("TEST-{}", request.now.0.div_euclid(SECOND_MS));
    let events = terms.events.iter().map(|event| (event.name.to_string(), event.name.to_string())).collect();
    let first = first.map(|rule| rule.event.to_string()).unwrap_or_default();
    let amount = if pays_percent { example } else { "" };
    view! {
        <section class="section" id="send-a-test">
            <h2>"Send a test"</h2>
            <p>
                "Records an order as your server would, and shows its receipt. A test is worth nothing and in no report. With \
                the click id of a click of your own it shows whose the order would be."
            </p>
            <ActionForm action=action attr:class="form">
                <Hidden name="campaign_id" value=campaign_id.to_string()/>
                <div class="field-row">
                    <Field
                        name="test_order_id"
                        label="Order id of the test"
                        value=request.value("test_order_id", &order)
                        error=request.problem("test_order_id")
                        autocomplete="off"
                    />
                    <Select
                        name="test_event"
                        label="Event of the test"
                        options=events
                        value=request.value("test_event", &first)
                        error=request.problem("test_event")
                    />
                </div>
                <div class="field-row">
                    <Field
                        name="test_amount"
                        label="Amount of the test"
                        value=request.value("test_amount", amount)
                        error=request.problem("test_amount")
                        hint=format!("In {currency}; none for an event that pays a fixed amount.")
                        required=false
                        inputmode="decimal"
                    />
                    <Field
                        name="test_click_id"
                        label="Click id of the test"
                        value=request.value("test_click_id", "")
                        error=request.problem("test_click_id")
                        hint="As your landing page received it; may be left out."
                        required=false
                        autocomplete="off"
                    />
                </div>
                <div class="btn-row"><Submit label="Send the test"/></div>
            </ActionForm>
        </section>
    }
}
