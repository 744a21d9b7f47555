//! The rows of a campaign's form: other rates for some sales, and events of the advertiser's own. Buttons add, remove and
//! move a row by sending the form; nothing is saved by them.

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use crate::app::page::Request;
use crate::app::ui::{Field, QuantityField, Select};
use crate::domain::campaign_rates::{Counting, OwnEvent};
use crate::domain::condition::CustomerKind;
use crate::domain::line::LineField;
use crate::domain::line_rate::LineRate;
use crate::domain::money::Currency;

const UNITS: [(&str, &str); 2] = [("percent", "%"), ("fixed", "fixed")];

/// The rows that were entered before the form was sent back, else those of the draft.
pub fn entered_rows<Row: DeserializeOwned + Clone>(request: &Request, name: &str, draft: &[Row]) -> Vec<Row> {
    serde_json::from_str(&request.value(name, "")).unwrap_or_else(|_| draft.to_vec())
}

/// Whether this button sent the form: then the new row is the one to go on with.
fn was_pressed(request: &Request, step: &str) -> bool {
    request.value("step", "") == step
}

#[component]
pub fn LineRates(request: Request, rows: Vec<LineRate>, currency: String) -> impl IntoView {
    let currency = currency.parse().unwrap_or(Currency::EUR);
    let last = rows.len();
    let is_added = was_pressed(&request, "add_line_rate");
    let rows = rows.into_iter().enumerate().map(|(place, row)| {
        let is_new = is_added && place + 1 == last;
        view! { <LineRateRow request=request.clone() place=place row=row currency=currency is_new=is_new/> }
    });
    view! {
        <fieldset id="line-rates">
            <legend>"Other rates for some sales"</legend>
            <p class="hint">
                "For some products, by the category or SKU that your reports send in items; for large or small orders; for \
                new customers, by the customer id that your server reports; for a coupon. All that you fill in must hold. \
                Read from the top, before the commission for a sale, which pays for everything else. 0 pays nothing; a \
                fixed amount is paid once for an order."
            </p>
            {rows.collect::<Vec<_>>()}
            <div class="btn-row"><Step step="add_line_rate".to_owned() label="Add a rate".to_owned()/></div>
        </fieldset>
    }
}

#[component]
fn LineRateRow(request: Request, place: usize, row: LineRate, currency: Currency, is_new: bool) -> impl IntoView {
    let told = row.told(currency);
    let conditions = row.clone();
    let input = |field: &str| format!("draft[line_rates][{place}][{field}]");
    let problem = |field: &str| request.problem(&format!("line_rates.{place}.{field}"));
    let fields = [LineField::Category, LineField::Sku].map(|field| {
        let label = if field == LineField::Sku { "SKU" } else { "Category" };
        (field.to_string(), label.to_owned())
    });
    let fields = view! {
        <Select name=input("field") label="Lines by" options=fields.to_vec() value=row.field error=problem("field")/>
        <Field
            name=input("text")
            label="Category or SKU, if any"
            value=row.text
            error=problem("text")
            required=false
            autocomplete="off"
            autofocus=is_new
        />
        <RateField rate=(input("rate"), row.rate) unit=(input("unit"), row.unit) error=problem("rate")/>
        <OrderConditions request=request.clone() place=place row=conditions/>
    };
    let told = told.map(|(sentence, example)| view! { <p class="hint">{sentence}" \u{b7} "{example}</p> }.into_any());
    view! {
        <Row
            title=format!("Rate {}", place + 1)
            step=format!("remove_line_rate_{place}")
            raise=(place > 0).then(|| format!("raise_line_rate_{place}"))
            fields=fields.into_any()
            more=told
        />
    }
}

/// What else must be so of the order; empty asks for nothing.
#[component]
fn OrderConditions(request: Request, place: usize, row: LineRate) -> impl IntoView {
    let input = |field: &str| format!("draft[line_rates][{place}][{field}]");
    let problem = |field: &str| request.problem(&format!("line_rates.{place}.{field}"));
    let kinds = [("", "Any"), (CustomerKind::New.as_str(), "New"), (CustomerKind::Returning.as_str(), "Returning")];
    let kinds = kinds.map(|(kind, label)| (kind.to_owned(), label.to_owned()));
    let amount = |field: &'static str, label: &'static str, value: String| {
        view! {
            <Field
                name=input(field)
                label=label
                value=value
                error=problem(field)
                required=false
                autocomplete="off"
                inputmode="decimal"
            />
        }
    };
    view! {
        {amount("amount_from", "Orders from", row.amount_from)}
        {amount("amount_below", "Orders under", row.amount_below)}
        <Select name=input("customer") label="Customer" options=kinds.to_vec() value=row.customer error=problem("customer")/>
        <Field
            name=input("coupon")
            label="Coupon"
            value=row.coupon
            error=problem("coupon")
            required=false
            autocomplete="off"
        />
    }
}

#[component]
pub fn OwnEvents(request: Request, rows: Vec<OwnEvent>) -> impl IntoView {
    let last = rows.len();
    let is_added = was_pressed(&request, "add_event");
    let rows = rows.into_iter().enumerate().map(|(place, row)| {
        let is_new = is_added && place + 1 == last;
        view! { <OwnEventRow request=request.clone() place=place row=row is_new=is_new/> }
    });
    view! {
        <fieldset id="own-events">
            <legend>"Events of your own"</legend>
            <p class="hint">
                "Whatever else you pay for, as free_trial or subscription: reports name it in event. Once per click suits what \
                a person does once, as a sign-up; then the order id may be left out."
            </p>
            {rows.collect::<Vec<_>>()}
            <div class="btn-row"><Step step="add_event".to_owned() label="Add an event".to_owned()/></div>
        </fieldset>
    }
}

#[component]
fn OwnEventRow(request: Request, place: usize, row: OwnEvent, is_new: bool) -> impl IntoView {
    let input = |field: &str| format!("draft[own_events][{place}][{field}]");
    let problem = |field: &str| request.problem(&format!("own_events.{place}.{field}"));
    let countings = [(Counting::ByOrder, "By order id"), (Counting::OncePerClick, "Once per click")];
    let countings = countings.map(|(counting, label)| (counting.to_string(), label.to_owned()));
    let fields = view! {
        <Field
            name=input("name")
            label="Name"
            value=row.name
            error=problem("name")
            required=false
            autocomplete="off"
            autofocus=is_new
        />
        <RateField rate=(input("rate"), row.rate) unit=(input("unit"), row.unit) error=problem("rate")/>
        <Select
            name=input("counting")
            label="Counts"
            options=countings.to_vec()
            value=row.counting
            error=problem("counting")
        />
    };
    let step = format!("remove_event_{place}");
    view! { <Row title=format!("Event {}", place + 1) step=step fields=fields.into_any()/> }
}

/// A commission and its unit, each with the name of its input.
#[component]
fn RateField(rate: (String, String), unit: (String, String), error: String) -> impl IntoView {
    view! {
        <QuantityField
            name=rate.0
            label="Commission"
            value=rate.1
            unit_name=unit.0
            unit_label="Unit of the commission"
            unit=unit.1
            units=UNITS.to_vec()
            error=error
            required=false
        />
    }
}

/// A row with its title, the button that removes it, and one that moves it up where there is a row above.
#[component]
fn Row(
    title: String,
    step: String,
    #[prop(default = None)] raise: Option<String>,
    fields: AnyView,
    #[prop(default = None)] more: Option<AnyView>,
) -> impl IntoView {
    view! {
        <div class="entry" role="group" aria-label=title.clone()>
            <div class="section-head">
                <span class="label">{title.clone()}</span>
                <span class="cluster">
                    {raise.map(|step| {
                        let label = format!("Move {} up", title.to_lowercase());
                        view! { <Step step=step label=label class="btn btn-quiet"/> }
                    })}
                    <Step step=step label=format!("Remove {}", title.to_lowercase()) class="btn btn-quiet"/>
                </span>
            </div>
            <div class="field-row">{fields}</div>
            {more}
        </div>
    }
}

/// Sends the form as it is: an empty field must not stop it.
#[component]
fn Step(step: String, label: String, #[prop(default = "btn")] class: &'static str) -> impl IntoView {
    view! { <button type="submit" class=class name="step" value=step formnovalidate>{label}</button> }
}
