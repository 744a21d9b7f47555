//! A part of a page that is kept up to date: it listens for ticks and asks for the same part again.

use std::time::Duration;

use leptos::ev;
use leptos::html::Div;
use leptos::leptos_dom::helpers::window_event_listener_untyped;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use leptos::web_sys::EventSource;

use crate::app::api::figures::live_overview;

/// "The last five minutes" move on without anything happening.
const REFRESH_S: u64 = 60;

/// Wraps what the server rendered. Where scripts run it opens the role's one stream of ticks and, at each, swaps in the
/// part as it is now. `data-live` says whether the stream is open: the style sheet shows "live", or the time at which
/// the figures were true.
#[island]
pub fn LiveRegion(role: String, query: String, children: Children) -> impl IntoView {
    let region = NodeRef::<Div>::new();
    let (is_live, set_live) = signal(false);
    let (is_busy, set_busy) = signal(false);
    let (is_behind, set_behind) = signal(false);
    // A link that is taken away between the press and the release of a button is not followed: meanwhile nothing is swapped.
    let (is_pressed, set_pressed) = signal(false);
    let stream_of = role.clone();
    // Not `new_local`: the server drops a page on whichever thread sent its last byte, and a local value panics there.
    let refresh = StoredValue::new(move || {
        if is_busy.get_untracked() {
            set_behind.set(true);
            return;
        }
        set_busy.set(true);
        let (role, query) = (role.clone(), query.clone());
        spawn_local(async move {
            if let (Ok(html), Some(region)) = (live_overview(role, query).await, region.get_untracked()) {
                if is_pressed.get_untracked() {
                    set_behind.set(true);
                } else {
                    region.set_inner_html(&html);
                }
            }
            set_busy.set(false);
        });
    });
    let ask = move || refresh.with_value(|refresh| refresh());
    Effect::new(move || {
        if !is_busy.get() && !is_pressed.get() && is_behind.get_untracked() {
            set_behind.set(false);
            ask();
        }
    });
    Effect::new(move || {
        listen(&stream_of, ask, set_live);
        for end in ["pointerup", "pointercancel"] {
            // The click itself comes after it.
            let released = move |_: ev::Event| set_timeout(move || set_pressed.set(false), Duration::ZERO);
            let _ = window_event_listener_untyped(end, released);
        }
        set_interval(
            move || {
                if is_live.get_untracked() {
                    ask()
                }
            },
            Duration::from_secs(REFRESH_S),
        );
    });
    view! {
        <div class="live-region" data-live=move || if is_live.get() { "on" } else { "off" }>
            <div node_ref=region on:pointerdown=move |_| set_pressed.set(true)>{children()}</div>
        </div>
    }
}

/// Opens the stream; it reconnects by itself until the page is left.
fn listen(role: &str, ask: impl Fn() + Copy + 'static, set_live: WriteSignal<bool>) {
    let Ok(stream) = EventSource::new(&format!("/live/{role}")) else { return };
    let on_open = Closure::<dyn FnMut()>::new(move || set_live.set(true));
    let on_error = Closure::<dyn FnMut()>::new(move || set_live.set(false));
    let on_tick = Closure::<dyn FnMut()>::new(ask);
    stream.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    stream.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    let _ = stream.add_event_listener_with_callback("tick", on_tick.as_ref().unchecked_ref());
    // They live as long as the page.
    on_open.forget();
    on_error.forget();
    on_tick.forget();
    // A page that is left must not keep one of the browser's few connections.
    let _ = window_event_listener_untyped("pagehide", move |_: ev::Event| stream.close());
}
