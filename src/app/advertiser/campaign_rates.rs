//! The rows of a campaign's form: other rates for some lines of a sale, and events of the advertiser's own. Buttons add
//! and remove a row by sending the form; nothing is saved by them.

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use crate::app::page::Request;
use crate::app::ui::{Field, QuantityField, Select};
use crate::domain::campaign_rates::{Counting, LineRate, OwnEvent};
use crate::domain::line::LineField;

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
pub fn LineRates(request: Request, rows: Vec<LineRate>) -> impl IntoView {
    let last = rows.len();
    let is_added = was_pressed(&request, "add_line_rate");
    let rows = rows.into_iter().enumerate().map(|(place, row)| {
        let is_new = is_added && place + 1 == last;
        view! { <LineRateRow request=request.clone() place=place row=row is_new=is_new/> }
    });
    view! {
        <fieldset id="line-rates">
            <legend>"Other rates for some products"</legend>
            <p class="hint">
                "For lines of a sale with one category or SKU, as your reports send them in items. Read from the top, before \
                the commission for a sale, which pays for all other lines and for orders without lines. 0 pays nothing; a \
                fixed amount is paid once for an order."
            </p>
            {rows.collect::<Vec<_>>()}
            <div class="btn-row"><Step step="add_line_rate".to_owned() label="Add a rate".to_owned()/></div>
        </fieldset>
    }
}

#[component]
fn LineRateRow(request: Request, place: usize, row: LineRate, is_new: bool) -> impl IntoView {
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
            label="Category or SKU"
            value=row.text
            error=problem("text")
            required=false
            autocomplete="off"
            autofocus=is_new
        />
        <RateField rate=(input("rate"), row.rate) unit=(input("unit"), row.unit) error=problem("rate")/>
    };
    view! { <Row title=format!("Rate {}", place + 1) step=format!("remove_line_rate_{place}") fields=fields.into_any()/> }
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
    view! { <Row title=format!("Event {}", place + 1) step=format!("remove_event_{place}") fields=fields.into_any()/> }
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

/// A row with its title and the button that removes it.
#[component]
fn Row(title: String, step: String, fields: AnyView) -> impl IntoView {
    view! {
        <div class="entry" role="group" aria-label=title.clone()>
            <div class="section-head">
                <span class="label">{title.clone()}</span>
                <Step step=step label=format!("Remove {}", title.to_lowercase()) class="btn btn-quiet"/>
            </div>
            <div class="field-row">{fields}</div>
        </div>
    }
}

/// Sends the form as it is: an empty field must not stop it.
#[component]
fn Step(step: String, label: String, #[prop(default = "btn")] class: &'static str) -> impl IntoView {
    view! { <button type="submit" class=class name="step" value=step formnovalidate>{label}</button> }
}
