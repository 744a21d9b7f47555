//! Reviewing conversions.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// The advertiser approves one of its conversions, or an admin any: `kind` says in whose name the member acts, `version`
/// what they looked at.
#[server(endpoint = "approve_conversion")]
pub async fn approve_conversion(
    conversion_id: String,
    version: i64,
    kind: String,
    filter: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::settlement::review::approve;

    let (viewer, page) = forms::reviewer(&kind, &filter).await?;
    let app = forms::app();
    let form = Form::new(page.clone(), &[]);
    match approve(&app.store, &app.environment, &viewer, conversion_id.parse()?, version).await {
        Ok(()) => forms::go_with(&page, "The conversion is approved.").await,
        Err(refused) => form.refuse("", forms::review_problem(refused)?).await,
    }
}

/// Lets a held conversion go on like any other that waits; its parties read why.
#[server(endpoint = "release_hold")]
pub async fn release_hold(
    conversion_id: String,
    version: i64,
    kind: String,
    filter: String,
    #[server(default)] why: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::settlement::review::release_hold;

    let (viewer, page) = forms::reviewer(&kind, &filter).await?;
    let app = forms::app();
    let form = Form::new(page.clone(), &[("held_id", &conversion_id), ("why", &why)]);
    if why.chars().count() > 500 || why.contains(|letter: char| letter.is_control()) {
        return form.refuse("", "The reason needs at most 500 characters on one line.").await;
    }
    match release_hold(&app.store, &app.environment, &viewer, conversion_id.parse()?, version, &why).await {
        Ok(()) => forms::go_with(&page, "The hold is released: the conversion goes on like any other.").await,
        Err(refused) => form.refuse("", forms::review_problem(refused)?).await,
    }
}

/// Takes its worth from a conversion that is not approved; the publisher reads the reason and the note.
#[server(endpoint = "reject_conversion")]
pub async fn reject_conversion(
    conversion_id: String,
    version: i64,
    kind: String,
    filter: String,
    #[server(default)] reason: String,
    #[server(default)] note: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::settlement::review::reject;

    let (viewer, page) = forms::reviewer(&kind, &filter).await?;
    let app = forms::app();
    let form = Form::new(page.clone(), &[("conversion_id", &conversion_id), ("reason", &reason), ("note", &note)]);
    if note.chars().count() > 500 || note.contains(|letter: char| letter.is_control()) {
        return form.refuse("", "The note needs at most 500 characters on one line.").await;
    }
    let reason = reason.parse().ok();
    match reject(&app.store, &app.environment, &viewer, conversion_id.parse()?, version, reason, &note).await {
        Ok(()) => forms::go_with(&page, "The conversion is rejected.").await,
        Err(refused) => form.refuse("", forms::review_problem(refused)?).await,
    }
}
