//! Where a publisher is paid.

use leptos::prelude::*;

use crate::app::error::ApiError;
use crate::domain::payout_details::EnteredDetails;

/// An admin lets a publisher be paid to a place where others are paid, too, with the reason; `seen` is the newest version
/// that the page showed of the others.
#[server(endpoint = "release_destination")]
pub async fn release_destination(
    publisher_id: String,
    payout_details_id: String,
    seen: String,
    reason: String,
    #[server(default)] run: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form, sentence};
    use crate::domain::ids::{PayoutDetailsId, PayoutRunId, PublisherId};
    use crate::domain::party::PartyKind;
    use crate::settlement::payout_details::{ReleaseRefused, release};

    let viewer = forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let page = match run.parse::<PayoutRunId>() {
        Ok(run) => format!("/admin/payouts/{run}"),
        Err(_) => "/admin/payouts".to_owned(),
    };
    forms::stepped_up(&page).await?;
    let what: (PublisherId, PayoutDetailsId, PayoutDetailsId) =
        (publisher_id.parse()?, payout_details_id.parse()?, seen.parse()?);
    match release(&app.store, &app.environment, &viewer, what, &reason).await {
        Ok(()) => forms::go_with(&page, "It may be paid there. The next proposal takes it in.").await,
        Err(ReleaseRefused::Store(error)) => Err(error.into()),
        Err(refused) => Form::new(page, &[]).refuse("", sentence(&format!("nothing was changed: {refused}"))).await,
    }
}

/// A publisher says where it is paid, with its member's password. A change holds payouts for a while.
#[server(endpoint = "change_payout_details")]
pub async fn change_payout_details(version: i64, details: EnteredDetails, password: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form, sentence};
    use crate::app::page::zone_of;
    use crate::app::publisher::payout_details_page;
    use crate::domain::payout_details::PayoutDetails;
    use crate::settlement::payout_details::{ChangeRefused, change};

    let (viewer, publisher) = forms::publisher().await?;
    let app = forms::app();
    // A refused form keeps nothing of what was entered: its values wait in the database for their page.
    let page = payout_details_page(details.method.parse().ok());
    let form = Form::new(page.clone(), &[]);
    let read = match PayoutDetails::read(&details) {
        Ok(read) => read,
        Err(refused) => return form.refuse(refused.field, refused.message).await,
    };
    if let Some(problem) = forms::password_problem(&viewer, &password).await? {
        return form.refuse("password", problem).await;
    }
    let by = (publisher, viewer.member_id);
    match change(&app.store, &app.environment, &app.secret_key, by, version, &read).await {
        Ok(None) => forms::go_with(&page, "Your payout details are stored.").await,
        Ok(Some(until)) => {
            let until = zone_of(&viewer).show(until);
            forms::go_with(&page, &format!("Your payout details are changed. Payouts wait until {until}.")).await
        }
        Err(ChangeRefused::Store(error)) => Err(error.into()),
        Err(refused) => form.refuse("", sentence(&format!("nothing was changed: {refused}"))).await,
    }
}
