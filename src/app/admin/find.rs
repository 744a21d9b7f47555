//! Find my order, for the admin's eyes.

use leptos::prelude::*;

use crate::app::find::find_page;
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Find() -> impl IntoView {
    role_page(PartyKind::Network, "Find my order", find_page)
}
