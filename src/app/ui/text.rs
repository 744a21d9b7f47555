//! Icons and tags.

use leptos::prelude::*;

use super::AssetBase;

/// An icon of the sprite; decoration only, a word stands beside it.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    let base = use_context::<AssetBase>().map(|base| base.0.to_string()).unwrap_or_default();
    view! {
        <svg class="icon" aria-hidden="true" focusable="false">
            <use_ href=format!("{base}/icons.svg#{name}")></use_>
        </svg>
    }
}

/// A reason code as a link to the page that says what it means.
#[component]
pub fn ReasonLink(#[prop(into)] code: String) -> impl IntoView {
    let href = crate::domain::reason_book::path(&code);
    view! { <a class="mono small above" href=href>{code}</a> }
}

/// A state as a tag: the word, coloured by its class; `title` is the sentence that says what comes next.
#[component]
pub fn StatusTag(#[prop(into)] state: String, #[prop(optional, into)] title: String) -> impl IntoView {
    let class = format!("status status-{}", state.replace('_', "-"));
    view! { <span class=class title=title>{state.replace('_', " ")}</span> }
}
