//! What a publisher sees first.

use leptos::prelude::*;

use crate::app::page::role_page;
use crate::app::ui::StatusTag;
use crate::domain::party::PartyKind;

#[component]
pub fn Overview() -> impl IntoView {
    role_page(PartyKind::Publisher, "Overview", async |_, viewer| {
        let admitted = viewer.is_admitted();
        Ok(view! {
            <div class="page-head"><h1>"Overview"</h1></div>
            <p>{viewer.party_name.clone()} " " <StatusTag state=viewer.party_state.as_str()/></p>
            {(!admitted).then(|| view! {
                <p class="lead">"The network looks at every new publisher. You can look around until it has decided."</p>
            })}
        }
        .into_any())
    })
}
