//! All conversions; an admin decides what an advertiser does not.

use leptos::prelude::*;

use crate::app::conversions::conversion_list;
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Conversions() -> impl IntoView {
    role_page(PartyKind::Network, "Conversions", conversion_list)
}
