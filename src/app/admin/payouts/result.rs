//! What becomes of a payout that was approved: it is sent, paid or has failed, and what was paid may come back.

use leptos::prelude::*;

use crate::app::api::payout::{FailPayout, MarkPayoutPaid, MarkPayoutSent, ReturnPayout};
use crate::app::ui::Hidden;
use crate::domain::payout::PayoutState;
use crate::store::payouts::Payout;

/// A form for each step that is left to the payout; nothing before it is approved and after it has failed.
#[component]
pub fn ResultForms(payout: Payout) -> impl IntoView {
    let (id, version) = (payout.payout_id.to_string(), payout.version.to_string());
    let is_under_way = matches!(payout.state, PayoutState::Approved | PayoutState::Sent);
    let can_be_sent = payout.state == PayoutState::Approved && !payout.is_elsewhere();
    let can_be_paid = is_under_way && !payout.is_elsewhere();
    let is_paid = payout.state == PayoutState::Paid;
    view! {
        <div class="stack">
            {can_be_sent.then(|| view! { <SentForm id=id.clone() version=version.clone()/> })}
            {can_be_paid.then(|| view! { <PaidForm id=id.clone() version=version.clone()/> })}
            {is_under_way.then(|| view! { <FailedForm id=id.clone() version=version.clone()/> })}
            {is_paid.then(|| view! { <ReturnedForm id=id.clone() version=version.clone()/> })}
        </div>
    }
}

#[component]
fn SentForm(id: String, version: String) -> impl IntoView {
    let action = ServerAction::<MarkPayoutSent>::new();
    view! {
        <ActionForm action=action attr:class="stack">
            <Hidden name="payout_id" value=id/>
            <Hidden name="version" value=version/>
            <button class="btn" type="submit">"Mark as sent to the bank"</button>
        </ActionForm>
    }
}

#[component]
fn PaidForm(id: String, version: String) -> impl IntoView {
    let action = ServerAction::<MarkPayoutPaid>::new();
    let reference_id = format!("reference-{id}");
    view! {
        <ActionForm action=action attr:class="stack">
            <Hidden name="payout_id" value=id/>
            <Hidden name="version" value=version/>
            <div class="field">
                <label for=reference_id.clone()>"The bank's reference"</label>
                <input id=reference_id name="reference" required=true/>
            </div>
            <button class="btn" type="submit">"Mark as paid"</button>
        </ActionForm>
    }
}

#[component]
fn FailedForm(id: String, version: String) -> impl IntoView {
    let action = ServerAction::<FailPayout>::new();
    let reason_id = format!("failure-{id}");
    view! {
        <details>
            <summary>"It failed"</summary>
            <ActionForm action=action attr:class="stack">
                <Hidden name="payout_id" value=id/>
                <Hidden name="version" value=version/>
                <div class="field">
                    <label for=reason_id.clone()>"Reason"</label>
                    <input id=reason_id name="reason" required=true/>
                </div>
                <button class="btn btn-danger" type="submit">"Mark as failed"</button>
            </ActionForm>
        </details>
    }
}

#[component]
fn ReturnedForm(id: String, version: String) -> impl IntoView {
    let action = ServerAction::<ReturnPayout>::new();
    let reason_id = format!("return-{id}");
    view! {
        <details>
            <summary>"It came back"</summary>
            <ActionForm action=action attr:class="stack">
                <Hidden name="payout_id" value=id/>
                <Hidden name="version" value=version/>
                <div class="field">
                    <label for=reason_id.clone()>"Why the bank sent it back"</label>
                    <input id=reason_id name="reason" required=true/>
                </div>
                <button class="btn btn-danger" type="submit">"Mark as returned"</button>
            </ActionForm>
        </details>
    }
}
