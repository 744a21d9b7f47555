//! Proposing, approving and paying payouts.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// An admin asks what could be paid in a currency: a draft, in which nothing is reserved.
#[server(endpoint = "propose_payouts")]
pub async fn propose_payouts(currency: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::domain::money::Currency;
    use crate::domain::party::PartyKind;
    use crate::settlement::payout::propose;

    let viewer = forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let form = Form::new("/admin/payouts", &[]);
    let Ok(currency) = currency.parse::<Currency>() else {
        return form.refuse("", "Choose a currency such as EUR.").await;
    };
    match propose(&app.store, &app.environment, &viewer, currency, &app.payout).await {
        Ok(run) => {
            forms::go_with(&format!("/admin/payouts/{run}"), "This is a proposal: nothing is reserved yet.").await
        }
        Err(refused) => form.refuse("", forms::payout_problem(refused)?).await,
    }
}

/// An admin approves a run as it was shown: all of it is reserved, or nothing.
#[server(endpoint = "approve_payout_run")]
pub async fn approve_payout_run(payout_run_id: String, version: i64) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::domain::ids::PayoutRunId;
    use crate::domain::party::PartyKind;
    use crate::settlement::payout::approve;

    let viewer = forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let run: PayoutRunId = payout_run_id.parse()?;
    let page = format!("/admin/payouts/{run}");
    forms::stepped_up(&page).await?;
    match approve(&app.store, &app.environment, &viewer, run, version, &app.payout).await {
        Ok(()) => forms::go_with(&page, "The run is approved, and its payouts are reserved.").await,
        Err(refused) => Form::new(page, &[]).refuse("", forms::payout_problem(refused)?).await,
    }
}

/// An admin says that the publisher has the money, with the bank's reference.
#[server(endpoint = "mark_payout_paid")]
pub async fn mark_payout_paid(payout_id: String, version: i64, reference: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::domain::ids::PayoutId;
    use crate::domain::party::PartyKind;
    use crate::settlement::payout::mark_paid;
    use crate::store::payouts;

    let viewer = forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let id: PayoutId = payout_id.parse()?;
    let run = payouts::get(&mut app.store.read().await?, id).await?.payout_run_id;
    let page = format!("/admin/payouts/{run}");
    match mark_paid(&app.store, &app.environment, &viewer, id, version, &reference).await {
        Ok(()) => forms::go_with(&page, "The payout is paid.").await,
        Err(refused) => Form::new(page, &[]).refuse("", forms::payout_problem(refused)?).await,
    }
}

/// An admin says that a payout could not be sent: its conversions are payable again.
#[server(endpoint = "fail_payout")]
pub async fn fail_payout(payout_id: String, version: i64, reason: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::domain::ids::PayoutId;
    use crate::domain::party::PartyKind;
    use crate::settlement::payout::fail;
    use crate::store::payouts;

    let viewer = forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let id: PayoutId = payout_id.parse()?;
    let run = payouts::get(&mut app.store.read().await?, id).await?.payout_run_id;
    let page = format!("/admin/payouts/{run}");
    match fail(&app.store, &app.environment, &viewer, id, version, &reason).await {
        Ok(()) => forms::go_with(&page, "The payout has failed; what it would have paid is payable again.").await,
        Err(refused) => Form::new(page, &[]).refuse("", forms::payout_problem(refused)?).await,
    }
}
