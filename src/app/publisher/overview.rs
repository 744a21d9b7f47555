//! What a publisher sees first.

use leptos::prelude::*;

use crate::app::figures::overview_page;
use crate::app::notices::banner;
use crate::app::page::role_page;
use crate::app::ui::StatusTag;
use crate::domain::party::PartyKind;

#[component]
pub fn Overview() -> impl IntoView {
    role_page(PartyKind::Publisher, "Overview", async |request, viewer| {
        let admitted = viewer.is_admitted();
        let (name, state) = (viewer.party_name.clone(), viewer.party_state.as_str());
        let banner = banner(&mut request.app.store.read().await?, &viewer).await?;
        let figures = overview_page(request, viewer).await?;
        Ok(view! {
            <div class="page-head">
                <div><h1>"Overview"</h1><p class="sub cluster"><span>{name}</span> <StatusTag state=state/></p></div>
                {admitted.then(|| view! {
                    <div class="page-actions">
                        <a class="btn btn-primary" href="/publisher/links/new">"Create link"</a>
                    </div>
                })}
            </div>
            {(!admitted).then(|| view! {
                <p class="lead">"The network looks at every new publisher. You can look around until it has decided."</p>
            })}
            {banner}
            {figures}
        }
        .into_any())
    })
}
