//! Reviewing conversions, one or many.

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
    use crate::domain::review::is_note;
    use crate::settlement::review::release_hold;

    let (viewer, page) = forms::reviewer(&kind, &filter).await?;
    let app = forms::app();
    let form = Form::new(page.clone(), &[("held_id", &conversion_id), ("why", &why)]);
    if !is_note(&why) {
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
    use crate::domain::review::is_note;
    use crate::settlement::review::reject;

    let (viewer, page) = forms::reviewer(&kind, &filter).await?;
    let app = forms::app();
    let form = Form::new(page.clone(), &[("conversion_id", &conversion_id), ("reason", &reason), ("note", &note)]);
    if !is_note(&note) {
        return form.refuse("", "The note needs at most 500 characters on one line.").await;
    }
    let reason = reason.parse().ok();
    match reject(&app.store, &app.environment, &viewer, conversion_id.parse()?, version, reason, &note).await {
        Ok(()) => forms::go_with(&page, "The conversion is rejected.").await,
        Err(refused) => form.refuse("", forms::review_problem(refused)?).await,
    }
}

/// The dry run of many reviews: of the ticked conversions, or of the caller's whole queue.
#[server(endpoint = "prepare_reviews")]
pub async fn prepare_reviews(
    kind: String,
    which: String,
    batch_action: String,
    #[server(default)] batch_reason: String,
    #[server(default)] batch_note: String,
    #[server(default)] ids: Vec<String>,
) -> Result<(), ApiError> {
    use crate::app::conversions::queue_place;
    use crate::app::forms::{self, Form};
    use crate::app::reviews;
    use crate::domain::conversion::ConversionState;
    use crate::domain::ids::{ConversionId, NotAnId};
    use crate::domain::review_batch::Wish;
    use crate::settlement::batch::BatchRefused;

    let (viewer, _) = forms::reviewer(&kind, "").await?;
    let app = forms::app();
    let values = [
        ("batch_action", batch_action.as_str()),
        ("batch_reason", batch_reason.as_str()),
        ("batch_note", batch_note.as_str()),
    ];
    let form = Form::new(queue_place(viewer.acting), &values);
    let wish = match Wish::parse(&batch_action, &batch_reason, &batch_note, "") {
        Ok(wish) => wish,
        Err(refused) => return form.refuse("together", forms::sentence(&refused.to_string())).await,
    };
    // What no row could do needs no dry run.
    if let Err(refused) = wish.step(ConversionState::Pending) {
        return form.refuse("together", forms::sentence(&refused.to_string())).await;
    }
    let ids: Vec<ConversionId> = match which.as_str() {
        "all" => reviews::whole_queue(&app, &viewer).await?,
        _ => ids.iter().map(|id| id.parse()).collect::<Result<_, NotAnId>>()?,
    };
    if ids.is_empty() {
        return form.refuse("together", "Tick at least one row, or take all.").await;
    }
    match reviews::try_chosen(&app, &viewer, ids, wish).await {
        Ok(page) => forms::go_with(&page, reviews::TRIED).await,
        Err(BatchRefused::Store(error)) => Err(error.into()),
        Err(refused) => form.refuse("together", forms::sentence(&refused.to_string())).await,
    }
}

/// Decides the rows of a dry run, each as it was seen; what is too much for one request is decided by itself.
#[server(endpoint = "run_reviews")]
pub async fn run_reviews(kind: String, review_batch_id: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::app::reviews::place_of;
    use crate::domain::ids::ReviewBatchId;
    use crate::settlement::batch::{self, BatchRefused};

    /// Somebody waits for so many at most.
    const TRANSACTIONS: usize = 20;

    let (viewer, _) = forms::reviewer(&kind, "").await?;
    let (app, id): (_, ReviewBatchId) = (forms::app(), review_batch_id.parse()?);
    let page = format!("{}/{id}", place_of(viewer.acting.kind()));
    match batch::start(&app.store, &app.environment, &viewer, id).await {
        Ok(()) => {}
        Err(BatchRefused::Store(error)) => return Err(error.into()),
        Err(refused) => {
            return Form::new(page, &[]).refuse("", format!("Nothing was changed: {refused}.")).await;
        }
    }
    // It is started: whatever happens now, the rest is decided without this request.
    let said = match batch::run(&app.store, &app.environment, id, TRANSACTIONS).await {
        Ok(true) => "The rows are decided.",
        Ok(false) => "The first rows are decided; the others follow by themselves.",
        Err(error) => {
            tracing::warn!(batch = %id, %error, "a review goes on later");
            "It is started; the rows that are left are decided by themselves."
        }
    };
    forms::go_with(&page, said).await
}
