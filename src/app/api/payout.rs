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

/// An admin approves a run as it was shown: all of it is reserved, or nothing. Where it is not what was shown any more, a
/// new proposal is shown beside it.
#[server(endpoint = "approve_payout_run")]
pub async fn approve_payout_run(
    payout_run_id: String,
    version: i64,
    payouts: i64,
    total_minor: i64,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::domain::ids::PayoutRunId;
    use crate::domain::party::PartyKind;
    use crate::domain::payout::SeenRun;
    use crate::settlement::payout::{PayoutRefused, approve, propose_instead};

    let viewer = forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let run: PayoutRunId = payout_run_id.parse()?;
    let page = format!("/admin/payouts/{run}");
    forms::stepped_up(&page).await?;
    let (store, environment, seen) = (&app.store, &app.environment, SeenRun { version, payouts, total_minor });
    let (refused, instead) = match approve(store, environment, &viewer, run, seen, &app.payout).await {
        Ok(()) => return forms::go_with(&page, "The run is approved, and its payouts are reserved.").await,
        Err(other @ (PayoutRefused::Changed | PayoutRefused::Held(_))) => {
            (other, propose_instead(store, environment, &viewer, run, &app.payout).await.ok().flatten())
        }
        Err(refused) => (refused, None),
    };
    let Some(instead) = instead else {
        return Form::new(page, &[]).refuse("", forms::payout_problem(refused)?).await;
    };
    let told =
        "Nothing was approved: it is not what you saw any more. Look at what would be paid now, and press again.";
    Form::new(format!("/admin/payouts/{instead}?after={run}"), &[]).refuse("", told).await
}

/// An admin says that the bank was told to pay it.
#[server(endpoint = "mark_payout_sent")]
pub async fn mark_payout_sent(payout_id: String, version: i64) -> Result<(), ApiError> {
    use crate::app::admin::PayoutStep;
    use crate::app::forms;
    use crate::settlement::payout::mark_sent;

    let (step, app) = (PayoutStep::begin(&payout_id).await?, forms::app());
    let done = mark_sent(&app.store, &app.environment, &step.viewer, step.id, version).await;
    step.end(done, "The payout is with the bank.").await
}

/// An admin says that the publisher's bank sent it back: its conversions are payable again.
#[server(endpoint = "return_payout")]
pub async fn return_payout(payout_id: String, version: i64, reason: String) -> Result<(), ApiError> {
    use crate::app::admin::PayoutStep;
    use crate::app::forms;
    use crate::settlement::payout::returned;

    let (step, app) = (PayoutStep::begin(&payout_id).await?, forms::app());
    let done = returned(&app.store, &app.environment, &step.viewer, step.id, version, &reason).await;
    step.end(done, "The payout came back; what it paid is payable again.").await
}

/// An admin says that the publisher has the money, with the bank's reference. Asks for the password as approving does: who
/// may say where money went could hide where it did.
#[server(endpoint = "mark_payout_paid")]
pub async fn mark_payout_paid(payout_id: String, version: i64, reference: String) -> Result<(), ApiError> {
    use crate::app::admin::PayoutStep;
    use crate::app::forms;
    use crate::settlement::payout::mark_paid;

    let (step, app) = (PayoutStep::begin(&payout_id).await?, forms::app());
    let done = mark_paid(&app.store, &app.environment, &step.viewer, step.id, version, &reference).await;
    step.end(done, "The payout is paid.").await
}

/// An admin says that a payout could not be sent: its conversions are payable again.
#[server(endpoint = "fail_payout")]
pub async fn fail_payout(payout_id: String, version: i64, reason: String) -> Result<(), ApiError> {
    use crate::app::admin::PayoutStep;
    use crate::app::forms;
    use crate::settlement::payout::fail;

    let (step, app) = (PayoutStep::begin(&payout_id).await?, forms::app());
    let done = fail(&app.store, &app.environment, &step.viewer, step.id, version, &reason).await;
    step.end(done, "The payout has failed; what it would have paid is payable again.").await
}
