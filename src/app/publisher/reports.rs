//! The reports of a publisher.

use leptos::prelude::*;

use crate::app::figures::report_page;
use crate::app::page::role_page;
use crate::domain::party::PartyKind;

#[component]
pub fn Reports() -> impl IntoView {
    role_page(PartyKind::Publisher, "Reports", report_page)
}
