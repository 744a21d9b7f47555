//! What the advertiser is told.

use leptos::prelude::*;

use crate::app::notices::notices_page;
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Notices() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Notices", notices_page)
}
