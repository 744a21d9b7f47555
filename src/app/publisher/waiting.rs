//! What a publisher that is not admitted reads in place of a form.

use leptos::prelude::*;

/// The sentence of `forms::waits_for`.
#[component]
pub fn Waiting(reason: &'static str) -> impl IntoView {
    view! { <div class="flash"><span>{reason}</span></div> }
}
