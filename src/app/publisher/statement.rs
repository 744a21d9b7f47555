//! The publisher's accounts, line by line.

use leptos::prelude::*;

use crate::app::statement::statement_page;
use crate::domain::party::PartyKind;

#[component]
pub fn StatementPage() -> impl IntoView {
    statement_page(PartyKind::Publisher)
}
