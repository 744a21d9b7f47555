//! Conversions that an admin decides many at a time.

use leptos::prelude::*;

use crate::app::page::role_page;
use crate::app::reviews::{batch_page, batches_page};
use crate::domain::party::PartyKind;

#[component]
pub fn ReviewsPage() -> impl IntoView {
    role_page(PartyKind::Network, "Reviews together", batches_page)
}

#[component]
pub fn ReviewPage() -> impl IntoView {
    role_page(PartyKind::Network, "Reviews", batch_page)
}
