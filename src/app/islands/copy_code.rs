//! A text of many lines to copy, with a button that does it.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::copy_text::{SHOWN_MS, write};

/// Wraps a `<pre>` that the server rendered, under its name. Without scripts there is only the text, to be marked by
/// hand; the button copies what stands there, so that the page holds the text once.
#[island]
pub fn CopyCode(label: String, children: Children) -> impl IntoView {
    let (is_awake, wake) = signal(false);
    let (outcome, tell) = signal("");
    let block = NodeRef::<Div>::new();
    Effect::new(move || wake.set(true));
    let copy = move |_| {
        let text = block.get_untracked().and_then(|block| block.query_selector("code").ok().flatten()?.text_content());
        spawn_local(async move {
            let is_copied = write(&text.unwrap_or_default()).await;
            tell.set(if is_copied { "Copied" } else { "Not copied" });
            set_timeout(move || tell.set(""), std::time::Duration::from_millis(SHOWN_MS));
        });
    };
    view! {
        <div class="copy-code" node_ref=block>
            <div class="copy-code-head">
                <span class="label">{label.clone()}</span>
                <button type="button" class="btn" hidden=move || !is_awake.get() on:click=copy>
                    {move || if outcome.get().is_empty() { "Copy" } else { outcome.get() }}
                    <span class="visually-hidden">": " {label}</span>
                </button>
                <span class="visually-hidden" role="status">{outcome}</span>
            </div>
            {children()}
        </div>
    }
}
