//! What a campaign takes reports of: its events by the names that reports use.

use leptos::prelude::*;

use crate::app::ui::ReasonLink;
use crate::domain::reason::ReasonCode;
use crate::domain::rule::Rate;
use crate::domain::terms::{EventTerms, Terms};

/// A row for each event, in the order of the rules.
#[component]
pub fn Events(terms: Terms) -> impl IntoView {
    let rows: Vec<_> = in_order(&terms).into_iter().map(|event| row(&terms, event)).collect();
    view! {
        <section class="section" id="events">
            <h2>"Events"</h2>
            <p>
                "A report names what happened in "<span class="mono">"event"</span>
                "; without it a sale is meant. Another name is refused: "
                <ReasonLink code=ReasonCode::EventUnknown.as_str()/>
            </p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Events">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"event"</th>
                            <th scope="col">"Pays"</th>
                            <th scope="col">"Amount"</th>
                            <th scope="col">"Order id"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

/// The events in the order in which their rules are read.
pub fn in_order(terms: &Terms) -> Vec<&EventTerms> {
    let mut events: Vec<&EventTerms> = terms.events.iter().collect();
    let place = |event: &EventTerms| terms.rules.iter().position(|rule| rule.event == event.name);
    events.sort_by_key(|event| place(event).unwrap_or(usize::MAX));
    events
}

fn row(terms: &Terms, event: &EventTerms) -> AnyView {
    let currency = terms.first_currency();
    let rules = terms.rules.iter().filter(|rule| rule.event == event.name);
    let pays = rules.clone().map(|rule| view! { <li>{rule.sentence(currency)}</li> }).collect::<Vec<_>>();
    let pays = if pays.is_empty() { vec![view! { <li>{"nothing".to_owned()}</li> }] } else { pays };
    let needs_amount = rules.clone().any(|rule| matches!(rule.rate, Rate::Percent { .. }));
    let amount = if needs_amount { "needed" } else { "may be left out" };
    let order_id = if event.is_once_per_click { "may be left out: counts once per click" } else { "needed" };
    view! {
        <tr>
            <th scope="row"><span class="mono">{event.name.to_string()}</span></th>
            <td data-label="Pays"><ul class="plain">{pays}</ul></td>
            <td data-label="Amount">{amount}</td>
            <td data-label="Order id">{order_id}</td>
        </tr>
    }
    .into_any()
}
