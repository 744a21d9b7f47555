//! The terms of a campaign in time, as its pages show them: what is announced, and every change, old beside new.

use leptos::prelude::*;

use crate::app::ui::Icon;
use crate::domain::schedule::{Changed, announced, is_withdrawn, steps};
use crate::domain::terms::Terms;
use crate::domain::time::{Timestamp, Zone};

/// The versions that are still to begin, each beside the one that it follows; nothing where none is.
#[component]
pub fn Announced(versions: Vec<Terms>, now: Timestamp, zone: Zone) -> impl IntoView {
    let coming: Vec<_> = steps(&versions)
        .into_iter()
        .filter(|(_, next)| next.starts_at > now)
        .map(|(before, next)| {
            let begin = zone.show(next.starts_at);
            view! {
                <section class="card stack">
                    <h2 class="cluster"><Icon name="clock"/>{format!("From {begin}: version {}", next.version)}</h2>
                    <p>{format!("Clicks before that keep version {}.", before.version)}</p>
                    <ChangeTable
                        caption=format!("What version {} changes", next.version)
                        changes=before.changes(next)
                        heads=["Until then".to_owned(), "From then".to_owned()]
                    />
                </section>
            }
        })
        .collect();
    (!coming.is_empty()).then(|| view! { <div class="stack">{coming}</div> })
}

/// Every change that is in force or was, the latest first; nothing where the first version still holds.
#[component]
pub fn PastChanges(versions: Vec<Terms>, now: Timestamp, zone: Zone) -> impl IntoView {
    let past: Vec<_> = steps(&versions)
        .into_iter()
        .rev()
        .filter(|(_, next)| next.starts_at <= now)
        .map(|(before, next)| {
            view! {
                <h3>{format!("Since {}: version {}", zone.show(next.starts_at), next.version)}</h3>
                <ChangeTable
                    caption=format!("What version {} changed", next.version)
                    changes=before.changes(next)
                    heads=[format!("Version {}", before.version), format!("Version {}", next.version)]
                />
            }
        })
        .collect();
    (!past.is_empty()).then(|| {
        view! {
            <section class="section stack">
                <h2>"How the terms changed"</h2>
                <p>"A click keeps the version that was in force when it happened."</p>
                {past}
            </section>
        }
    })
}

#[component]
fn ChangeTable(caption: String, changes: Vec<Changed>, heads: [String; 2]) -> impl IntoView {
    if changes.is_empty() {
        return view! { <p>"Nothing of what publishers are promised."</p> }.into_any();
    }
    let [before, after] = heads;
    let rows: Vec<_> = changes
        .into_iter()
        .map(|change| {
            view! {
                <tr>
                    <th scope="row">{change.about}</th>
                    <td data-label=before.clone()>{sentences(change.before)}</td>
                    <td data-label=after.clone()>{sentences(change.after)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=caption>
            <table class="data">
                <thead><tr><th scope="col">"About"</th><th scope="col">{before}</th><th scope="col">{after}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn sentences(texts: Vec<String>) -> AnyView {
    match texts.len() {
        0 => "nothing".into_any(),
        1 => texts.into_iter().next().into_any(),
        _ => view! { <ul class="plain">{texts.into_iter().map(|text| view! { <li>{text}</li> }).collect::<Vec<_>>()}</ul> }
            .into_any(),
    }
}

/// What a publisher accepts who joins now: `version 1`, or `version 1, and version 2 from 2 Mar 2026, 10:00`.
pub fn accepted(versions: &[Terms], in_force: &Terms, now: Timestamp, zone: &Zone) -> String {
    let later = announced(versions, now);
    let later = later.iter().map(|next| format!(", and version {} from {}", next.version, zone.show(next.starts_at)));
    format!("version {}{}", in_force.version, later.collect::<String>())
}

/// Since when a version holds, for its row in the list of them.
pub fn since(versions: &[Terms], terms: &Terms, now: Timestamp, zone: &Zone) -> String {
    let begin = zone.show(terms.starts_at);
    if is_withdrawn(versions, terms) {
        return format!("never: a newer version began first, this one was for {begin}");
    }
    if terms.starts_at > now { format!("from {begin} on") } else { begin }
}
