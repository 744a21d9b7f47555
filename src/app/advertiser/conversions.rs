//! The advertiser's conversions, and their review.

use leptos::prelude::*;

use crate::app::conversions::conversion_list;
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Conversions() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Conversions", conversion_list)
}
