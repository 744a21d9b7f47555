//! A step of one payout that an admin makes: who asks, for which payout, and back to the page of its run.

use crate::app::error::ApiError;
use crate::app::forms::{self, Form};
use crate::domain::ids::PayoutId;
use crate::domain::party::{PartyKind, Viewer};
use crate::settlement::payout::PayoutRefused;
use crate::store::payouts;

pub struct PayoutStep {
    pub viewer: Viewer,
    pub id: PayoutId,
    /// Of the payout's run.
    page: String,
}

impl PayoutStep {
    /// # Errors
    /// Not an admin; no such payout; the password was not entered lately.
    pub async fn begin(payout_id: &str) -> Result<Self, ApiError> {
        let viewer = forms::viewer(PartyKind::Network).await?;
        let id: PayoutId = payout_id.parse()?;
        let run = payouts::get(&mut forms::app().store.read().await?, id).await?.payout_run_id;
        let page = format!("/admin/payouts/{run}");
        forms::stepped_up(&page).await?;
        Ok(Self { viewer, id, page })
    }

    /// Says what was done, or why nothing was.
    pub async fn end(self, done: Result<(), PayoutRefused>, said: &str) -> Result<(), ApiError> {
        match done {
            Ok(()) => forms::go_with(&self.page, said).await,
            Err(refused) => Form::new(self.page, &[]).refuse("", forms::payout_problem(refused)?).await,
        }
    }
}
