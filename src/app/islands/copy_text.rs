//! A text to copy, with a button that does it.

use leptos::ev::FocusEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlInputElement;

/// How long the button says what it did.
pub const SHOWN_MS: u64 = 4_000;

/// Without scripts there is only the text, in an input that does not change; `label` names it for screen readers.
#[island]
pub fn CopyText(label: String, value: String) -> impl IntoView {
    let (is_awake, wake) = signal(false);
    let (outcome, tell) = signal("");
    let input = NodeRef::<Input>::new();
    Effect::new(move || wake.set(true));
    let text = value.clone();
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            let is_copied = write(&text).await;
            if let Some(input) = input.get_untracked().filter(|_| !is_copied) {
                let _ = input.focus();
                input.select();
            }
            tell.set(if is_copied { "Copied" } else { "Press Ctrl+C" });
            set_timeout(move || tell.set(""), std::time::Duration::from_millis(SHOWN_MS));
        });
    };
    view! {
        <div class="copy">
            <input node_ref=input readonly aria-label=label.clone() value=value on:focus=select_all/>
            <button
                type="button"
                class="btn"
                hidden=move || !is_awake.get()
                on:click=copy
            >
                {move || if outcome.get().is_empty() { "Copy" } else { outcome.get() }}
                <span class="visually-hidden">": " {label}</span>
            </button>
            <span class="visually-hidden" role="status">{outcome}</span>
        </div>
    }
}

fn select_all(event: FocusEvent) {
    event_target::<HtmlInputElement>(&event).select();
}

/// Whether the browser let us.
pub async fn write(text: &str) -> bool {
    let promise = window().navigator().clipboard().write_text(text);
    JsFuture::from(promise).await.is_ok()
}
