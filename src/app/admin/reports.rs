//! The reports of the network.

use leptos::prelude::*;

use crate::app::figures::report_page;
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Reports() -> impl IntoView {
    role_page(PartyKind::Network, "Reports", report_page)
}
