//! What an admin sees first: the figures of the whole network.

use leptos::prelude::*;

use crate::app::figures::overview_page;
use crate::app::notices::banner;
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Overview() -> impl IntoView {
    role_page(PartyKind::Network, "Overview", async |request, viewer| {
        let banner = banner(&mut request.app.store.read().await?, &viewer).await?;
        let figures = overview_page(request, viewer).await?;
        Ok(view! {
            <div class="page-head"><h1>"Overview"</h1></div>
            {banner}
            {figures}
        }
        .into_any())
    })
}
