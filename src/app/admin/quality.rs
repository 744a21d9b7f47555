//! The quality rules of the network.

use leptos::prelude::*;

use crate::app::figures::{Scope, quality_rules};
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Quality() -> impl IntoView {
    role_page(PartyKind::Network, "Quality", async |request, viewer| {
        let mut conn = request.app.store.snapshot_counted().await?;
        let rules = quality_rules(&mut conn, &request, &viewer, Scope::Network).await?;
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Quality"</h1>
                    <p class="sub">"What the rules found among the clicks and conversions of the network."</p>
                </div>
            </div>
            {rules}
        }
        .into_any())
    })
}
