//! On the page of a queue: the form that decides many of its rows together. The rows' boxes belong to it by its id, since
//! a row has forms of its own.

use leptos::prelude::*;

use super::place_of;
use crate::app::api::review::PrepareReviews;
use crate::app::page::Request;
use crate::app::ui::{Field, Hidden, Select};
use crate::domain::party::PartyKind;
use crate::domain::reason::RejectReason;
use crate::domain::review_batch::ROWS_MAX;
use crate::store::conversion_lists::Waiting;

pub const FORM_ID: &str = "together";

/// Folded away until it is needed, or was refused.
pub fn choosing(request: &Request, kind: PartyKind, waiting: &Waiting) -> AnyView {
    let action = ServerAction::<PrepareReviews>::new();
    let actions = [("approve", "approve"), ("reject", "reject")].map(|(key, text)| (key.to_owned(), text.to_owned()));
    let reasons = RejectReason::ALL.iter().map(|one| (one.as_str().to_owned(), one.sentence().to_owned()));
    let reasons = [(String::new(), "none".to_owned())].into_iter().chain(reasons).collect();
    let problem = request.problem("together");
    // Only tests may wait: they are ticked, never taken together.
    let all = match usize::try_from(waiting.conversions) {
        Ok(0) => None,
        Ok(count) if count > ROWS_MAX => Some(format!("Try with the oldest {ROWS_MAX}")),
        _ => Some(format!("Try with all {}", waiting.conversions)),
    };
    let all = all.map(|all| view! { <button class="btn" type="submit" name="which" value="all">{all}</button> });
    let is_open = !request.value("batch_action", "").is_empty();
    let [chosen, reason, note] = [("batch_action", "approve"), ("batch_reason", ""), ("batch_note", "")]
        .map(|(name, none)| request.value(name, none));
    view! {
        <details open=is_open>
            <summary>"Decide many together"</summary>
            <ActionForm action=action attr:id=FORM_ID attr:class="form">
                <Hidden name="kind" value=kind.as_str()/>
                <Select
                    name="batch_action"
                    label="What to do"
                    options=actions.to_vec()
                    value=chosen
                    hint="With the rows that are ticked below, or with everything that waits. Tests are left out of that."
                    error=problem
                />
                <Select
                    name="batch_reason"
                    label="Reason, if you reject"
                    options=reasons
                    value=reason
                />
                <Field
                    name="batch_note"
                    label="Note"
                    required=false
                    value=note
                    hint="Publishers read it on their receipts."
                />
                <div class="btn-row">
                    <button class="btn" type="submit" name="which" value="ticked">"Try with the ticked ones"</button>
                    {all}
                    <a class="btn" href=place_of(kind)>"From a file"</a>
                </div>
            </ActionForm>
            <p class="hint">"Nothing is decided before you have seen what would happen to each."</p>
        </details>
    }
    .into_any()
}
