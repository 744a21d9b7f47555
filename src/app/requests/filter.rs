//! What narrows the log: read from the address, shown as a form, kept in the links to older pages.

use leptos::prelude::*;
use url::form_urlencoded;

use crate::app::page::Request;
use crate::domain::conversion::OrderId;
use crate::domain::ids::AttemptId;
use crate::domain::reason::{Outcome, ReasonCode};
use crate::store::attempts::Search;

/// The search that the address asks for. A parameter that says nothing is left out.
pub struct Narrowed(pub Search);

impl Narrowed {
    pub fn of(request: &Request) -> Self {
        let asked = |name: &str| request.query.get(name).filter(|text| !text.is_empty());
        Self(Search {
            outcome: asked("outcome").and_then(|text| text.parse().ok()),
            reason: asked("reason").and_then(|text| text.parse().ok()),
            order_id: asked("order_id").filter(|text| text.len() <= OrderId::LENGTH_MAX && !text.contains('\0')),
            before: asked("before").and_then(|text| text.parse().ok()),
        })
    }

    pub const fn is_narrow(&self) -> bool {
        self.0.outcome.is_some() || self.0.reason.is_some() || self.0.order_id.is_some()
    }

    /// The same search, further back.
    pub fn older(&self, place: &str, before: AttemptId) -> String {
        let Search { outcome, reason, order_id, .. } = &self.0;
        let before = before.to_string();
        let pairs = [
            ("outcome", outcome.map(Outcome::as_str)),
            ("reason", reason.map(ReasonCode::as_str)),
            ("order_id", order_id.as_deref()),
            ("before", Some(before.as_str())),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        format!("{place}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
    }

    pub fn form(&self, place: &str) -> impl IntoView + use<> {
        let Search { outcome, reason, order_id, .. } = &self.0;
        let outcomes = options(Outcome::ALL.iter().map(|one| (one.as_str(), *outcome == Some(*one))));
        let reasons = options(ReasonCode::ALL.iter().map(|one| (one.as_str(), *reason == Some(*one))));
        let (all_outcomes, all_reasons) = (outcome.is_none(), reason.is_none());
        let (place, order_id) = (place.to_owned(), order_id.clone().unwrap_or_default());
        view! {
            <form class="range-bar" method="get" action=place role="search">
                <label>"Outcome"
                    <select name="outcome"><option value="" selected=all_outcomes>"all"</option>{outcomes}</select>
                </label>
                <label>"Reason"
                    <select name="reason"><option value="" selected=all_reasons>"all"</option>{reasons}</select>
                </label>
                <label>"Order id has"
                    <input name="order_id" value=order_id autocomplete="off"/>
                </label>
                <button class="btn">"Show"</button>
            </form>
        }
    }
}

fn options(all: impl Iterator<Item = (&'static str, bool)>) -> Vec<impl IntoView> {
    all.map(|(name, is_chosen)| view! { <option value=name selected=is_chosen>{name.replace('_', " ")}</option> })
        .collect()
}
