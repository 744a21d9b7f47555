//! What an admin sees first.

use leptos::prelude::*;

use crate::app::page::role_page;
use crate::domain::party::{PartyKind, PartyState};
use crate::store::parties;

#[component]
pub fn Overview() -> impl IntoView {
    role_page(PartyKind::Network, "Overview", async |request, _| {
        let mut conn = request.app.store.read().await?;
        let waiting = parties::list(&mut conn, None, Some(PartyState::Applied), 100).await?.len();
        Ok(view! {
            <div class="page-head"><h1>"Overview"</h1></div>
            <div class="kpis">
                <a class="kpi" href="/admin/parties">
                    <span class="kpi-label">"Waiting for admission"</span>
                    <span class="kpi-value">{waiting}</span>
                </a>
            </div>
        }
        .into_any())
    })
}
