//! The receipt of a conversion: one page for all its parties, each with the fields that are theirs to see.

mod history;
mod lines;
mod sheet;
mod whose;

use leptos::prelude::*;

use crate::app::error::ApiError;
use crate::app::page::{Request, party_page};
use crate::domain::ids::ConversionId;
use crate::domain::party::Viewer;
use crate::reports::receipt;

#[component]
pub fn ReceiptPage() -> impl IntoView {
    party_page("Receipt", receipt_page)
}

async fn receipt_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let id: ConversionId = request.param("id")?;
    let receipt = receipt::load(&mut request.app.store.snapshot().await?, &viewer, id).await?;
    Ok(view! {
        <div class="page-head">
            <div><h1>"Receipt"</h1><p class="sub">{receipt.campaign_name.clone()}</p></div>
        </div>
        <div class="receipt-page">
            <div class="stack">
                {history::timeline(&receipt, &viewer)}
                {lines::lines(&receipt, &viewer)}
                {history::reports(&receipt, &viewer)}
                {whose::whose(&receipt, &viewer)}
                {history::ledger_lines(&receipt, &viewer)}
                {history::requests(&receipt, &viewer)}
            </div>
            {sheet::sheet(&receipt, &viewer)}
        </div>
    }
    .into_any())
}
