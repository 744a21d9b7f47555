//! Where the publisher is paid: what counts now, the form that changes it, and what stood there before.

use leptos::prelude::*;

use crate::app::api::payout_details::ChangePayoutDetails;
use crate::app::forms;
use crate::app::page::{Request, role_page, zone_of};
use crate::app::ui::{Field, Hidden, PasswordField, Submit, TextArea};
use crate::domain::party::PartyKind;
use crate::domain::payout_details::{HOLD_HOURS, PayoutMethod, held_until};
use crate::domain::time::{Timestamp, Zone};
use crate::store::payout_details::{self, PayoutDetailsRow};

const SHOWN_MAX: i64 = 100;
const PAGE: &str = "/publisher/payout-details";

/// The page, with the form of a method.
pub fn page_of(method: Option<PayoutMethod>) -> String {
    method.map_or_else(|| PAGE.to_owned(), |method| format!("{PAGE}?method={method}"))
}

#[component]
pub fn PayoutDetailsPage() -> impl IntoView {
    role_page(PartyKind::Publisher, "Payout details", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let versions = payout_details::list(&mut request.app.store.read().await?, publisher, SHOWN_MAX).await?;
        let (zone, newest) = (zone_of(&viewer), versions.first().cloned());
        let asked = request.query.get("method").and_then(|text| text.parse().ok());
        let method = asked.or(newest.as_ref().map(|row| row.method)).unwrap_or(PayoutMethod::Bank);
        let title = if newest.is_some() { "Change them" } else { "Enter them" };
        Ok(view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol>
                    <li><a href="/publisher/payouts">"Payouts"</a></li>
                    <li aria-current="page">"Payout details"</li>
                </ol>
            </nav>
            <div class="page-head">
                <div>
                    <h1>"Payout details"</h1>
                    <p class="sub">"Where your payouts go. They are kept encrypted, and shown by their last characters."</p>
                </div>
            </div>
            {hold_note(&zone, newest.as_ref(), request.now)}
            {standing(&zone, newest.as_ref())}
            <section class="section">
                <h2>{title}</h2>
                {methods(method)}
                <DetailsForm request=request method=method version=newest.map_or(0, |row| row.version)/>
            </section>
            {history(&zone, &versions)}
        }
        .into_any())
    })
}

/// That payouts wait after a change, and until when; nothing where they do not.
pub fn hold_note(zone: &Zone, newest: Option<&PayoutDetailsRow>, now: Timestamp) -> Option<impl IntoView + use<>> {
    let newest = newest?;
    let until = held_until(newest.version, newest.created_at_ms).filter(|until| now < *until)?;
    let (changed, until) = (zone.show(newest.created_at_ms), zone.show(until));
    Some(view! {
        <div class="flash" role="status">
            <span>
                {format!("Your payout details were changed on {changed}: payouts wait until {until}. ")}
                "If that was not you, tell the network at once."
            </span>
        </div>
    })
}

fn standing(zone: &Zone, newest: Option<&PayoutDetailsRow>) -> AnyView {
    let Some(newest) = newest else {
        return view! {
            <div class="empty">
                <h2>"You have no payout details yet"</h2>
                <p>
                    "Say where your payouts should go: to a bank account, to PayPal, or in another way. Until then, what "
                    "you earn is carried."
                </p>
            </div>
        }
        .into_any();
    };
    view! {
        <dl class="facts">
            <div><dt>"Paid by"</dt><dd>{newest.method.label()}</dd></div>
            <div><dt>"To"</dt><dd class="mono">{newest.masked.clone()}</dd></div>
            <div><dt>"Since"</dt><dd>{zone.show(newest.created_at_ms)}</dd></div>
        </dl>
    }
    .into_any()
}

/// The ways to be paid; a link each, so that the form below has the fields of one alone.
fn methods(chosen: PayoutMethod) -> impl IntoView {
    let links = PayoutMethod::ALL.iter().map(|method| {
        let current = (*method == chosen).then_some("page");
        view! { <a href=page_of(Some(*method)) aria-current=current>{method.label()}</a> }
    });
    view! { <nav class="tabs" aria-label="How you are paid">{links.collect::<Vec<_>>()}</nav> }
}

#[component]
fn DetailsForm(request: Request, method: PayoutMethod, version: i64) -> impl IntoView {
    let action = ServerAction::<ChangePayoutDetails>::new();
    let fields = match method {
        PayoutMethod::Bank => view! { <BankFields request=request.clone()/> }.into_any(),
        PayoutMethod::PayPal => view! {
            <Field
                name="details[paypal_email]"
                label="PayPal address"
                kind="email"
                autocomplete="off"
                hint="The e-mail address of the PayPal account."
                error=request.problem("paypal_email")
            />
        }
        .into_any(),
        PayoutMethod::Other => view! {
            <TextArea
                name="details[other_text]"
                label="How you can be paid"
                hint="Somebody at the network reads this and pays by hand. Up to 500 characters."
                error=request.problem("other_text")
            />
        }
        .into_any(),
    };
    let hold = format!("A later change holds your payouts for {HOLD_HOURS} hours. ");
    view! {
        <ActionForm action=action attr:class="form">
            <Hidden name="version" value=version.to_string()/>
            <Hidden name="details[method]" value=method.as_str()/>
            {fields}
            <PasswordField
                name="password"
                label="Your password"
                hint="Once more, so that nobody else changes where you are paid."
                error=request.problem("password")
                autocomplete="current-password"
            />
            <p class="hint">{hold} "If something is refused, enter all of it again: nothing of it is kept."</p>
            <Submit label="Save"/>
        </ActionForm>
    }
}

#[component]
fn BankFields(request: Request) -> impl IntoView {
    view! {
        <Field
            name="details[holder]"
            label="Account holder"
            autocomplete="off"
            hint="The name as the bank has it."
            error=request.problem("holder")
        />
        <Field
            name="details[iban]"
            label="IBAN"
            autocomplete="off"
            hint="With or without spaces. Its check digits are checked."
            error=request.problem("iban")
        />
        <Field
            name="details[bic]"
            label="BIC (optional)"
            autocomplete="off"
            required=false
            hint="8 or 11 characters; some banks outside the euro area ask for it."
            error=request.problem("bic")
        />
    }
}

fn history(zone: &Zone, versions: &[PayoutDetailsRow]) -> Option<impl IntoView + use<>> {
    let rows = versions.iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{zone.show(row.created_at_ms)}</th>
                <td data-label="Paid by">{row.method.label()}</td>
                <td class="mono" data-label="To">{row.masked.clone()}</td>
                <td class="num" data-label="Version">{row.version}</td>
            </tr>
        }
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section class="section">
                <h2>"What stood there, and since when"</h2>
                <div class="table-wrap" tabindex="0" role="region" aria-label="Versions of your payout details">
                    <table class="data">
                        <thead>
                            <tr>
                                <th scope="col">"Since"</th>
                                <th scope="col">"Paid by"</th>
                                <th scope="col">"To"</th>
                                <th scope="col" class="num">"Version"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}
