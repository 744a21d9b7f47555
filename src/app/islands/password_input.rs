//! A password input with a button that shows what was typed.

use leptos::prelude::*;

/// Without scripts there is no button: the island shows it once it is awake.
#[island]
pub fn PasswordInput(name: String, autocomplete: String) -> impl IntoView {
    let (is_awake, wake) = signal(false);
    let (is_shown, show) = signal(false);
    Effect::new(move || wake.set(true));
    view! {
        <span class="password-input">
            <input
                id=name.clone()
                name=name
                type=move || if is_shown.get() { "text" } else { "password" }
                autocomplete=autocomplete
                required
            />
            <button
                type="button"
                class="btn btn-quiet"
                hidden=move || !is_awake.get()
                aria-pressed=move || is_shown.get().to_string()
                on:click=move |_| show.update(|shown| *shown = !*shown)
            >
                {move || if is_shown.get() { "Hide" } else { "Show" }}
            </button>
        </span>
    }
}
