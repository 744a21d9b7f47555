//! Taking back a part of an order, or all its worth.

#![allow(clippy::too_many_arguments)] // one for each field of the form; the macro passes no attribute on

use leptos::prelude::*;

use crate::app::error::ApiError;

/// The advertiser takes a part of an order back, or an admin of any: `kind` says in whose name, `version` what they
/// looked at, `reference` which refund of the order it is. The button with `step` says only what it would do.
#[server(endpoint = "refund_conversion")]
pub async fn refund_conversion(
    conversion_id: String,
    version: i64,
    kind: String,
    reference: String,
    amount: String,
    #[server(default)] refund_reason: String,
    #[server(default)] refund_note: String,
    #[server(default)] step: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::app::receipt::{page_of, refund_told, said_of_refund};
    use crate::domain::ids::ConversionId;
    use crate::domain::money::Money;
    use crate::domain::reason::RejectReason;
    use crate::domain::review::is_note;
    use crate::settlement::refund::{self, NewRefund};
    use crate::store::conversions;

    let (viewer, _) = forms::reviewer(&kind, "").await?;
    let (app, id): (_, ConversionId) = (forms::app(), conversion_id.parse()?);
    let conversion = conversions::get_of(&mut app.store.read().await?, viewer.acting, id).await?;
    let values = [("amount", &amount), ("refund_reason", &refund_reason), ("refund_note", &refund_note)];
    let form = Form::new(page_of(id), &values.map(|(name, value)| (name, value.as_str())));
    let Ok(minor) = conversion.currency.parse_amount(amount.trim()) else {
        return form.refuse("amount", "Enter an amount such as 49.90, with at most the currency's digits.").await;
    };
    let money = Money::new(minor, conversion.currency);
    if !step.is_empty() {
        let shown = refund::preview(&mut app.store.snapshot().await?, &viewer, id, money).await;
        return match shown {
            Ok(preview) => form.keep(Some("refund"), &refund_told(&preview, money)).await,
            Err(refused) => {
                let (field, message) = forms::refund_problem(refused)?;
                form.refuse(field, message).await
            }
        };
    }
    let Ok(reason) = refund_reason.parse::<RejectReason>() else {
        return form.refuse("refund_reason", "Choose a reason: the publisher reads it.").await;
    };
    if !is_note(&refund_note) {
        return form.refuse("refund_note", "The note needs at most 500 characters on one line.").await;
    }
    let new = NewRefund { money, lines: Vec::new(), reference, reason, note: refund_note, by: Some(viewer.member_id) };
    match refund::refund(&app.store, &app.environment, &viewer, id, version, &new).await {
        Ok(booked) => forms::go_with(&page_of(id), &said_of_refund(&booked, money)).await,
        Err(refused) => {
            let (field, message) = forms::refund_problem(refused)?;
            form.refuse(field, message).await
        }
    }
}

/// Takes all its worth from a conversion after its approval; the publisher reads the reason and the note.
#[server(endpoint = "reverse_conversion")]
pub async fn reverse_conversion(
    conversion_id: String,
    version: i64,
    kind: String,
    #[server(default)] reverse_reason: String,
    #[server(default)] reverse_note: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::app::receipt::page_of;
    use crate::domain::ids::ConversionId;
    use crate::domain::review::is_note;
    use crate::settlement::refund::reverse;

    let (viewer, _) = forms::reviewer(&kind, "").await?;
    let (app, id): (_, ConversionId) = (forms::app(), conversion_id.parse()?);
    let form = Form::new(page_of(id), &[("reverse_reason", &reverse_reason), ("reverse_note", &reverse_note)]);
    if !is_note(&reverse_note) {
        return form.refuse("reverse_note", "The note needs at most 500 characters on one line.").await;
    }
    let reason = reverse_reason.parse().ok();
    match reverse(&app.store, &app.environment, &viewer, id, version, reason, &reverse_note).await {
        Ok(()) => forms::go_with(&page_of(id), "The conversion is reversed.").await,
        Err(refused) => form.refuse("reverse_reason", forms::review_problem(refused)?).await,
    }
}
