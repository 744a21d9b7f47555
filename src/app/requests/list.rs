//! The log itself: newest first, page by page.

use leptos::prelude::*;

use super::{Narrowed, PAGE, meaning, way_in};
use crate::app::ui::{ReasonLink, StatusTag};
use crate::domain::time::Zone;
use crate::store::attempts::Attempt;

/// Filter, requests and the way to older ones; `place` is the log's own address.
pub fn page(place: &str, zone: &Zone, narrowed: &Narrowed, attempts: Vec<Attempt>) -> impl IntoView + use<> {
    let older = (attempts.len() as i64 == PAGE).then(|| attempts[attempts.len() - 1].attempt_id);
    let list = if attempts.is_empty() {
        empty(place, narrowed).into_any()
    } else {
        table("Requests", place, zone, attempts).into_any()
    };
    view! {
        {narrowed.form(place)}
        {list}
        {older.map(|id| view! {
            <nav class="pager" aria-label="Pages">
                <span>"Newest first"</span>
                <ul><li><a href=narrowed.older(place, id)>"Older"</a></li></ul>
            </nav>
        })}
    }
}

fn empty(place: &str, narrowed: &Narrowed) -> impl IntoView + use<> {
    let (heading, text) = if narrowed.is_narrow() || narrowed.0.before.is_some() {
        ("No request is like this", "Requests are kept for thirty days; others may be there.")
    } else {
        ("No request came in yet", "Every report of the last thirty days is listed here, also one that was refused.")
    };
    let all = narrowed.is_narrow().then(|| place.to_owned());
    view! {
        <div class="empty">
            <h2>{heading}</h2>
            <p>{text}</p>
            {all.map(|place| view! { <div class="btn-row"><a class="btn" href=place>"Show all"</a></div> })}
        </div>
    }
}

/// Requests as a table; each leads to its page below `place`.
pub fn table(label: &'static str, place: &str, zone: &Zone, attempts: Vec<Attempt>) -> impl IntoView + use<> {
    let rows: Vec<_> = attempts.into_iter().map(|attempt| row(place, zone, &attempt)).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=label>
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Received"</th>
                        <th scope="col">"Way in"</th>
                        <th scope="col">"Order"</th>
                        <th scope="col">"Answer"</th>
                        <th scope="col">"What it means"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn row(place: &str, zone: &Zone, attempt: &Attempt) -> impl IntoView + use<> {
    let (id, at) = (attempt.attempt_id, attempt.attempt_id.time());
    let code = attempt.reason.map(|reason| view! { <ReasonLink code=reason.as_str()/> });
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{place}/{id}")><time datetime=at.to_string()>{zone.show(at)}</time></a>
            </th>
            <td data-label="Way in">{way_in(attempt)}</td>
            <td data-label="Order">{attempt.order_id.clone().unwrap_or_else(|| "\u{2013}".to_owned())}</td>
            <td data-label="Answer">
                <span>
                    <StatusTag state=attempt.outcome.as_str()/>
                    <span class="status-reason">{attempt.http_status}" "{code}</span>
                </span>
            </td>
            <td data-label="What it means">{meaning(attempt)}</td>
        </tr>
    }
}
