//! The forms beside a conversion that waits for a review.

use leptos::prelude::*;

use crate::app::api::review::{ApproveConversion, RejectConversion, ReleaseHold};
use crate::app::page::Request;
use crate::app::ui::Hidden;
use crate::domain::conversion::ConversionState;
use crate::domain::party::PartyKind;
use crate::domain::reason::RejectReason;
use crate::store::conversions::Conversion;

/// What the two forms need; with what was entered before, if they were refused.
pub struct ReviewForms {
    id: String,
    version: String,
    kind: &'static str,
    filter: &'static str,
    order: String,
    can_approve: bool,
    is_held: bool,
    /// Why the hold should be released, if that was refused.
    why: Option<String>,
    is_refused: bool,
    reason: String,
    note: String,
}

impl ReviewForms {
    pub fn new(request: &Request, kind: PartyKind, filter: &'static str, conversion: &Conversion) -> Self {
        let id = conversion.conversion_id.to_string();
        let is_refused = request.value("conversion_id", "") == id;
        let kept = |name: &str| if is_refused { request.value(name, "") } else { String::new() };
        Self {
            version: conversion.version.to_string(),
            kind: kind.as_str(),
            filter,
            order: conversion.order_id.clone(),
            is_held: conversion.still_held().is_some(),
            why: (request.value("held_id", "") == id).then(|| request.value("why", "")),
            can_approve: conversion.state == ConversionState::Pending,
            is_refused,
            reason: kept("reason"),
            note: kept("note"),
            id,
        }
    }

    pub fn into_view(self) -> impl IntoView {
        let approve = ServerAction::<ApproveConversion>::new();
        let reject = ServerAction::<RejectConversion>::new();
        let Self { id, version, kind, filter, order, can_approve, is_held, why, is_refused, reason, note } = self;
        let held = is_held.then(|| release(&id, &version, kind, filter, &order, why));
        let (approved_id, approved_version, rejected) = (id.clone(), version.clone(), order.clone());
        let (reason_id, note_id) = (format!("reason-{id}"), format!("note-{id}"));
        view! {
            <div class="stack">
                {can_approve.then(|| view! {
                    <ActionForm action=approve>
                        <Hidden name="conversion_id" value=approved_id/>
                        <Hidden name="version" value=approved_version/>
                        <Hidden name="kind" value=kind/>
                        <Hidden name="filter" value=filter/>
                        <button class="btn" type="submit">"Approve" <OrderName order=order/></button>
                    </ActionForm>
                })}
                {held}
                <details open=is_refused>
                    <summary>"Reject"</summary>
                    <ActionForm action=reject attr:class="stack">
                        <Hidden name="conversion_id" value=id/>
                        <Hidden name="version" value=version/>
                        <Hidden name="kind" value=kind/>
                        <Hidden name="filter" value=filter/>
                        <div class="field">
                            <label for=reason_id.clone()>"Reason"</label>
                            <select id=reason_id name="reason">{reasons(&reason)}</select>
                        </div>
                        <div class="field">
                            <label for=note_id.clone()>"Note"</label>
                            <input id=note_id name="note" value=note/>
                        </div>
                        <button class="btn btn-danger" type="submit">"Reject" <OrderName order=rejected/></button>
                    </ActionForm>
                </details>
            </div>
        }
    }
}

/// The form that releases a hold.
fn release(
    id: &str,
    version: &str,
    kind: &'static str,
    filter: &'static str,
    order: &str,
    why: Option<String>,
) -> AnyView {
    let action = ServerAction::<ReleaseHold>::new();
    let field = format!("why-{id}");
    let (id, version, order, is_open) = (id.to_owned(), version.to_owned(), order.to_owned(), why.is_some());
    view! {
        <details open=is_open>
            <summary>"Release the hold"</summary>
            <ActionForm action=action attr:class="stack">
                <Hidden name="conversion_id" value=id/>
                <Hidden name="version" value=version/>
                <Hidden name="kind" value=kind/>
                <Hidden name="filter" value=filter/>
                <div class="field">
                    <label for=field.clone()>"Why it may go on"</label>
                    <input id=field name="why" required value=why.unwrap_or_default()/>
                </div>
                <button class="btn" type="submit">"Release" <OrderName order=order/></button>
            </ActionForm>
        </details>
    }
    .into_any()
}

/// Which order a button is about, for those who do not see its row.
#[component]
fn OrderName(order: String) -> impl IntoView {
    view! { <span class="visually-hidden">{format!(" order {order}")}</span> }
}

fn reasons(chosen: &str) -> impl IntoView + use<> {
    let options = RejectReason::ALL.iter().map(|reason| {
        let is_chosen = reason.as_str() == chosen;
        view! { <option value=reason.as_str() selected=is_chosen>{reason.sentence()}</option> }
    });
    let options: Vec<_> = options.collect();
    view! { <option value="" selected=chosen.is_empty()>"choose one"</option> {options} }
}
