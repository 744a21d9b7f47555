//! The receipt of a conversion: one page for all its parties, each with the fields that are theirs to see.

mod clicks;
mod history;
mod lines;
mod refunds;
mod sheet;
mod whose;

use leptos::prelude::*;

pub use self::refunds::{page_of, refund_told, said_of_refund};

use crate::app::error::ApiError;
use crate::app::page::{Request, party_page};
use crate::domain::ids::ConversionId;
use crate::domain::party::Viewer;
use crate::reports::{paid_clicks, receipt};

#[component]
pub fn ReceiptPage() -> impl IntoView {
    party_page("Receipt", receipt_page)
}

async fn receipt_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let id: ConversionId = request.param("id")?;
    let mut conn = request.app.store.snapshot().await?;
    let receipt = receipt::load(&mut conn, &viewer, id).await?;
    let page = request.query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let behind = paid_clicks::load(&mut conn, &receipt, page).await?;
    drop(conn);
    // Nothing is reported of clicks that the network counts itself.
    let reported = behind.is_none();
    Ok(view! {
        <div class="page-head">
            <div><h1>"Receipt"</h1><p class="sub">{receipt.campaign_name.clone()}</p></div>
        </div>
        <div class="receipt-page">
            <div class="stack">
                {history::timeline(&receipt, &viewer)}
                {lines::lines(&receipt, &viewer)}
                {refunds::refunds(&receipt, &viewer)}
                {refunds::forms(&request, &receipt, &viewer)}
                {behind.as_ref().map(|behind| clicks::clicks(behind, &viewer, id))}
                {reported.then(|| history::reports(&receipt, &viewer))}
                {reported.then(|| whose::whose(&receipt, &viewer))}
                {history::ledger_lines(&receipt, &viewer)}
                {reported.then(|| history::requests(&receipt, &viewer))}
            </div>
            {sheet::sheet(&receipt, &viewer)}
        </div>
    }
    .into_any())
}
