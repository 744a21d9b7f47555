//! One request: as it was received, without its secrets, its answer, and what it led to.

use leptos::prelude::*;

use super::{meaning, way_in};
use crate::app::ui::{ReasonLink, StatusTag};
use crate::domain::time::Zone;
use crate::store::attempts::Attempt;

/// What is known of the request; `place` is the address of the log that it is in.
pub fn detail(place: &str, zone: &Zone, attempt: &Attempt) -> impl IntoView + use<> {
    view! { {facts(place, zone, attempt)} {as_received(attempt)} }
}

fn facts(place: &str, zone: &Zone, attempt: &Attempt) -> impl IntoView + use<> {
    let at = attempt.attempt_id.time();
    let code = attempt.reason.map(|reason| view! { <dt>"Reason"</dt><dd><ReasonLink code=reason.as_str()/></dd> });
    let order = attempt.order_id.clone();
    let receipt = attempt.conversion_id.map(|id| format!("/receipts/{id}"));
    let original = attempt.replay_of.map(|id| format!("{place}/{id}"));
    let member = attempt.member_id.map(|id| id.to_string());
    view! {
        <dl class="facts">
            <div><dt>"Received"</dt><dd><time datetime=at.to_string()>{zone.show(at)}</time></dd></div>
            <div><dt>"Way in"</dt><dd>{way_in(attempt)}</dd></div>
            <div>
                <dt>"Outcome"</dt>
                <dd><StatusTag state=attempt.outcome.as_str()/>{format!(" HTTP status {}", attempt.http_status)}</dd>
            </div>
            {code.map(|code| view! { <div>{code}</div> })}
            <div><dt>"What it means"</dt><dd>{meaning(attempt)}</dd></div>
            {order.map(|order| view! { <div><dt>"Order id"</dt><dd class="mono">{order}</dd></div> })}
            <div>
                <dt>"It led to"</dt>
                <dd>
                    {match receipt {
                        Some(receipt) => view! { <a href=receipt>"The receipt of its conversion"</a> }.into_any(),
                        None => "No conversion".into_any(),
                    }}
                </dd>
            </div>
            {original.map(|original| view! {
                <div><dt>"Sent again"</dt><dd><a href=original>"The request as it first came"</a></dd></div>
            })}
            {member.map(|member| view! { <div><dt>"By member"</dt><dd class="mono">{member}</dd></div> })}
        </dl>
    }
}

fn as_received(attempt: &Attempt) -> impl IntoView + use<> {
    let text = |text: &str| if text.is_empty() { "(empty)".to_owned() } else { text.to_owned() };
    let (query, body) = (text(&attempt.query), text(&attempt.body));
    view! {
        <section class="section">
            <h2>"As received"</h2>
            <p class="hint">"Signature, token, key, customer and cookie are never kept."</p>
            <h3>"Query"</h3>
            <pre class="code" tabindex="0" aria-label="Query"><code>{query}</code></pre>
            <h3>"Body"</h3>
            <pre class="code" tabindex="0" aria-label="Body"><code>{body}</code></pre>
        </section>
    }
}
