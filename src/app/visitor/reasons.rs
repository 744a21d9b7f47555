//! The pages of the reason codes: what a refusal means, and what to do.

use leptos::prelude::*;

use crate::app::error::ApiError;
use crate::app::page::open_page;
use crate::domain::reason_book::{self, Entry, Meaning};

/// Every code with its sentence.
#[component]
pub fn Reasons() -> impl IntoView {
    open_page("Reason codes", async |_, _| {
        let rows: Vec<_> = reason_book::all().into_iter().map(row).collect();
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Reason codes"</h1>
                    <p class="sub">"Nothing is refused, held or left out without one of these."</p>
                </div>
            </div>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Reason codes">
                <table class="data">
                    <thead><tr><th scope="col">"Code"</th><th scope="col">"What it means"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any())
    })
}

fn row(entry: Entry) -> AnyView {
    let meanings = entry.meanings.into_iter().map(|meaning| {
        view! { <span>{meaning.sentence}<span class="sub">{meaning.place}</span></span> }
    });
    view! {
        <tr>
            <th scope="row"><a class="mono" href=reason_book::path(entry.code)>{entry.code}</a></th>
            <td data-label="What it means"><span class="stack">{meanings.collect::<Vec<_>>()}</span></td>
        </tr>
    }
    .into_any()
}

/// One code.
#[component]
pub fn ReasonPage() -> impl IntoView {
    open_page("Reason code", async |request, _| {
        let code = request.params.get("code").unwrap_or_default();
        let entry = reason_book::find(&code).ok_or(ApiError::NotFound)?;
        let meanings: Vec<_> = entry.meanings.into_iter().map(section).collect();
        Ok(view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol>
                    <li><a href="/reasons">"Reason codes"</a></li>
                    <li aria-current="page">{entry.code}</li>
                </ol>
            </nav>
            <div class="page-head">
                <div><h1 class="mono">{entry.code}</h1><p class="sub">"A reason code, the same in every answer and on every page."</p></div>
            </div>
            {meanings}
        }
        .into_any())
    })
}

fn section(meaning: Meaning) -> AnyView {
    view! {
        <section class="section">
            <h2>{meaning.place}</h2>
            <p class="lead">{meaning.sentence}</p>
            <dl class="facts">
                <div><dt>"What to do"</dt><dd>{meaning.remedy}</dd></div>
                <div><dt>"What becomes of it"</dt><dd>{meaning.outcome}</dd></div>
                {meaning.answer.map(|answer| view! { <div><dt>"HTTP status"</dt><dd>{answer}</dd></div> })}
                <div><dt>"Where it is seen"</dt><dd>{meaning.seen}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}
