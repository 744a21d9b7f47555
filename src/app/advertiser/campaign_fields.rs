//! The fields of a campaign's form: the same for a new campaign and for an old one.

use leptos::prelude::*;

use super::campaign_rates::{LineRates, OwnEvents, entered_rows};
use crate::app::page::Request;
use crate::app::ui::{Field, QuantityField, Select, TextArea};
use crate::domain::campaign_draft::CampaignDraft;
use crate::domain::policy::Policy;
use crate::domain::terms::{NETWORK_FEE_BPS_DEFAULT, NOTICE_DAYS_DEFAULT};

const CURRENCIES: [&str; 16] =
    ["EUR", "USD", "GBP", "CHF", "AUD", "BRL", "CAD", "CZK", "DKK", "HUF", "JPY", "NOK", "NZD", "PLN", "RON", "SEK"];

/// What was entered before the form was refused, or else `draft`, with each problem under its field.
#[component]
pub fn CampaignFields(request: Request, draft: CampaignDraft) -> impl IntoView {
    let entered = |name: &str, value: &str| request.value(name, value);
    let draft = CampaignDraft {
        name: entered("name", &draft.name),
        description: entered("description", &draft.description),
        category: entered("category", &draft.category),
        landing_url: entered("landing_url", &draft.landing_url),
        allowed_hosts: entered("allowed_hosts", &draft.allowed_hosts),
        landing_parameter: entered("landing_parameter", &draft.landing_parameter),
        approval: entered("approval", &draft.approval),
        currency: entered("currency", &draft.currency),
        sale_rate: entered("sale_rate", &draft.sale_rate),
        sale_unit: entered("sale_unit", &draft.sale_unit),
        lead_rate: entered("lead_rate", &draft.lead_rate),
        lead_unit: entered("lead_unit", &draft.lead_unit),
        click_rate: entered("click_rate", &draft.click_rate),
        click_cap: entered("click_cap", &draft.click_cap),
        line_rates: entered_rows(&request, "line_rates", &draft.line_rates),
        own_events: entered_rows(&request, "own_events", &draft.own_events),
        window: entered("window", &draft.window),
        window_unit: entered("window_unit", &draft.window_unit),
        policy: entered("policy", &draft.policy),
        binding_months: entered("binding_months", &draft.binding_months),
        validation_days: entered("validation_days", &draft.validation_days),
        hold_days: entered("hold_days", &draft.hold_days),
        too_fast_seconds: entered("too_fast_seconds", &draft.too_fast_seconds),
        terms_text: entered("terms_text", &draft.terms_text),
    };
    view! {
        // Pressing Enter in a field presses the first button of a form: that one has to save.
        <button type="submit" class="visually-hidden" tabindex="-1" aria-hidden="true">"Save"</button>
        <What request=request.clone() draft=draft.clone()/>
        <Where request=request.clone() draft=draft.clone()/>
        <Commission request=request.clone() draft=draft.clone()/>
        <LineRates request=request.clone() rows=draft.line_rates.clone() currency=draft.currency.clone()/>
        <OwnEvents request=request.clone() rows=draft.own_events.clone()/>
        <Clicks request=request.clone() draft=draft.clone()/>
        <Conditions request=request draft=draft/>
    }
}

#[component]
fn What(request: Request, draft: CampaignDraft) -> impl IntoView {
    let modes = [("manual", "When I approve them"), ("automatic", "At once, all of the network")];
    view! {
        <fieldset>
            <legend>"The campaign"</legend>
            <Field name="draft[name]" label="Name" value=draft.name error=request.problem("name")/>
            <TextArea
                name="draft[description]"
                label="Description"
                value=draft.description
                error=request.problem("description")
                hint="What you sell and for whom: publishers decide by it."
                rows=4
                required=false
            />
            <div class="field-row">
                <Field
                    name="draft[category]"
                    label="Category"
                    value=draft.category
                    error=request.problem("category")
                    hint="As in Outdoor or Travel."
                    required=false
                />
                <Select
                    name="draft[approval]"
                    label="Publishers join"
                    options=modes.map(|(key, text)| (key.to_owned(), text.to_owned())).to_vec()
                    value=draft.approval
                    error=request.problem("approval")
                />
            </div>
        </fieldset>
    }
}

#[component]
fn Where(request: Request, draft: CampaignDraft) -> impl IntoView {
    view! {
        <fieldset>
            <legend>"Where links lead"</legend>
            <Field
                name="draft[landing_url]"
                label="Landing page"
                kind="url"
                value=draft.landing_url
                error=request.problem("landing_url")
                hint="Where a click goes when the link names no page of its own, as in https://shop.example/."
            />
            <TextArea
                name="draft[allowed_hosts]"
                label="Hosts that links may lead to"
                value=draft.allowed_hosts
                error=request.problem("allowed_hosts")
                hint="One a line, as in outlet.example. The landing page's own is always one of them."
                rows=3
                required=false
            />
            <Field
                name="draft[landing_parameter]"
                label="Parameter of the click id"
                value=draft.landing_parameter
                error=request.problem("landing_parameter")
                hint="The landing page gets the click id in this parameter: keep it, and report it with the order."
            />
        </fieldset>
    }
}

#[component]
fn Commission(request: Request, draft: CampaignDraft) -> impl IntoView {
    let mut currencies: Vec<String> = CURRENCIES.map(str::to_owned).to_vec();
    if !currencies.contains(&draft.currency) {
        currencies.push(draft.currency.clone());
    }
    let currencies: Vec<_> = currencies.into_iter().map(|code| (code.clone(), code)).collect();
    let units = || vec![("percent", "% of the amount"), ("fixed", "fixed, for each")];
    let fee = NETWORK_FEE_BPS_DEFAULT / 100;
    view! {
        <fieldset>
            <legend>"Commission"</legend>
            <p class="hint">
                {format!("Enter one or both, or an event of your own or clicks below. The network fee of {fee} % of the commission comes on top. \
                    Once the campaign is live, a cut begins after {NOTICE_DAYS_DEFAULT} days: publishers are told before.")}
            </p>
            <div class="field-row">
                <QuantityField
                    name="draft[sale_rate]"
                    label="For a sale"
                    value=draft.sale_rate
                    unit_name="draft[sale_unit]"
                    unit_label="Unit of the commission for a sale"
                    unit=draft.sale_unit
                    units=units()
                    hint="10 % of an 80.00 order = 8.00"
                    error=request.problem("sale_rate")
                    required=false
                />
                <QuantityField
                    name="draft[lead_rate]"
                    label="For a lead"
                    value=draft.lead_rate
                    unit_name="draft[lead_unit]"
                    unit_label="Unit of the commission for a lead"
                    unit=draft.lead_unit
                    units=units()
                    hint="2.50, fixed: each sign-up = 2.50"
                    error=request.problem("lead_rate")
                    required=false
                />
            </div>
            <Select
                name="draft[currency]"
                label="Currency"
                options=currencies
                value=draft.currency
                hint="Of the orders that you report, and of the commissions."
                error=request.problem("currency")
            />
        </fieldset>
    }
}

/// Pay per click; off while both fields are empty.
#[component]
fn Clicks(request: Request, draft: CampaignDraft) -> impl IntoView {
    view! {
        <fieldset id="clicks">
            <legend>"Pay per click"</legend>
            <p class="hint">
                "Off while it is empty. A visitor counts once a day (UTC) for each publisher, and beside what it buys;                 crawlers, prefetched pages and repeats count nothing. Each publisher's day is one commission, which you                 review once the day is over. Set a limit: it is the most that a day of one publisher can cost you."
            </p>
            <div class="field-row">
                <Field
                    name="draft[click_rate]"
                    label="For a valid visitor"
                    value=draft.click_rate
                    inputmode="decimal"
                    hint="0.05, in the campaign's currency: 100 visitors of a day = 5.00"
                    error=request.problem("click_rate")
                    required=false
                />
                <Field
                    name="draft[click_cap]"
                    label="At most a day, for each publisher"
                    value=draft.click_cap
                    inputmode="decimal"
                    hint="3.00: at 0.05 the first 60 visitors of a day are paid, the others are counted and not paid. Empty: no                         limit."
                    error=request.problem("click_cap")
                    required=false
                />
            </div>
        </fieldset>
    }
}

/// What names a publisher beside the last click.
#[component]
fn Attribution(request: Request, draft: CampaignDraft) -> impl IntoView {
    let policies = Policy::ALL.iter().map(|policy| {
        let words = policy.words();
        let text = format!("{}{}", words[..1].to_uppercase(), &words[1..]);
        (policy.to_string(), text)
    });
    view! {
        <div class="field-row">
            <Select
                name="draft[policy]"
                label="What is asked first"
                options=policies.collect()
                value=draft.policy
                error=request.problem("policy")
                hint="An order may name one publisher by a click, another by a coupon, a third by a customer who came by it \
                    before. The first kind in this order that names one decides; the others are told why they lost."
            />
            <Field
                name="draft[binding_months]"
                label="Customers stay bound, months"
                value=draft.binding_months
                inputmode="numeric"
                error=request.problem("binding_months")
                hint="So long later orders of a customer count for the publisher of its first one, if nothing that is asked \
                    before names another. Send customer_id in your reports; only its keyed hash is kept. Leave it out for guests: \
                    one id for all of them would bind them all. 0: not at all."
            />
        </div>
    }
}

#[component]
fn Conditions(request: Request, draft: CampaignDraft) -> impl IntoView {
    let attribution = view! { <Attribution request=request.clone() draft=draft.clone()/> };
    view! {
        <fieldset>
            <legend>"Conditions"</legend>
            <QuantityField
                name="draft[window]"
                label="Cookie duration"
                value=draft.window
                unit_name="draft[window_unit]"
                unit_label="Unit of the cookie duration"
                unit=draft.window_unit
                units=vec![("days", "days"), ("hours", "hours")]
                hint="How long after a click a conversion is credited: 1 hour to 365 days. A change applies to later clicks. \
                    Some browsers block the cookie that the pixel needs, so report from server to server as the base."
                error=request.problem("window")
            />
            {attribution}
            <div class="field-row">
                <Field
                    name="draft[validation_days]"
                    label="Validation, days"
                    value=draft.validation_days
                    inputmode="numeric"
                    hint="After that a verified conversion is approved by itself."
                    error=request.problem("validation_days")
                />
                <Field
                    name="draft[hold_days]"
                    label="Hold, days"
                    value=draft.hold_days
                    inputmode="numeric"
                    hint="From approval until the commission is payable."
                    error=request.problem("hold_days")
                />
                <Field
                    name="draft[too_fast_seconds]"
                    label="Too fast, seconds"
                    value=draft.too_fast_seconds
                    inputmode="numeric"
                    hint="A conversion sooner after its click is held for review; 0 switches this off."
                    error=request.problem("too_fast_seconds")
                />
            </div>
            <TextArea
                name="draft[terms_text]"
                label="Terms for publishers"
                value=draft.terms_text
                error=request.problem("terms_text")
                hint="What publishers accept when they join: allowed traffic, brand names, coupons."
                rows=8
                required=false
            />
        </fieldset>
    }
}
