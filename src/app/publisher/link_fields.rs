//! The fields of a link, the same where one is made and where it is changed.

use leptos::prelude::*;

use crate::app::page::Request;
use crate::app::publisher::destinations;
use crate::app::publisher::link_making::Entered;
use crate::app::ui::{Field, Icon};
use crate::domain::link::MACROS;

/// `hosts`: the sentence that says where it may lead.
#[component]
pub fn LinkFields(request: Request, link: Entered, hosts: String) -> impl IntoView {
    let destination = request.value("destination", &link.destination);
    let warning = destinations::macro_warning(&destination);
    let is_used = !link.last_day.is_empty() || !link.fallback.is_empty() || !link.tags.is_empty();
    let is_open = is_used || ["last_day", "fallback", "tags"].iter().any(|name| !request.value(name, "").is_empty());
    view! {
        <Field
            name="name"
            label="Name"
            hint="For yourself, as in: Newsletter May. Visitors do not see it."
            value=request.value("name", &link.name)
            error=request.problem("name")
        />
        <Field
            name="destination"
            label="Where it leads"
            kind="url"
            required=false
            hint=hosts
            value=destination
            error=request.problem("destination")
        />
        {warning.map(|warning| view! {
            <div class="flash" role="note"><Icon name="alert-triangle"/><span>{warning}</span></div>
        })}
        <div class="folds">
            <SubIdFields request=request.clone() subs=link.subs.clone()/>
            <details open=is_open>
                <summary>"Last day, fallback, tags"</summary>
                <div class="stack">
                    <Field
                        name="last_day"
                        label="Last day"
                        kind="date"
                        required=false
                        hint="Clicks after it do not count and earn nothing. Empty: the link does not end."
                        value=request.value("last_day", &link.last_day)
                        error=request.problem("last_day")
                    />
                    <Field
                        name="fallback"
                        label="Fallback"
                        kind="url"
                        required=false
                        hint="Where visitors go while the link takes no clicks, on one of the campaign's hosts. \
                            Empty: the landing page."
                        value=request.value("fallback", &link.fallback)
                        error=request.problem("fallback")
                    />
                    <Field
                        name="tags"
                        label="Tags"
                        required=false
                        hint="Words by which you find it again, with commas: spring, newsletter."
                        value=request.value("tags", &link.tags)
                        error=request.problem("tags")
                    />
                </div>
            </details>
            <MacroNotes/>
        </div>
    }
}

const SUB_IDS: [(&str, &str); 5] =
    [("sub1", "Sub id 1"), ("sub2", "Sub id 2"), ("sub3", "Sub id 3"), ("sub4", "Sub id 4"), ("sub5", "Sub id 5")];

/// Folded away until they are used.
#[component]
fn SubIdFields(request: Request, subs: [String; 5]) -> impl IntoView {
    let values: Vec<String> = SUB_IDS.iter().zip(&subs).map(|((name, _), sub)| request.value(name, sub)).collect();
    let is_used = values.iter().any(|value| !value.is_empty());
    let fields = SUB_IDS.into_iter().zip(values).map(|((name, label), value)| {
        view! { <Field name=name label=label required=false value=value error=request.problem(name)/> }
    });
    view! {
        <details open=is_used>
            <summary>"Sub ids"</summary>
            <div class="stack">
                <p class="hint">"Your own marks, such as a place or an article: they come back in your reports. \
                    A link may also carry them in its address, as in ?sub1=footer, which goes before these."</p>
                <div class="field-row">{fields.collect::<Vec<_>>()}</div>
            </div>
        </details>
    }
}

#[component]
fn MacroNotes() -> impl IntoView {
    let names: Vec<_> = MACROS.iter().map(|name| view! { <li>{format!("{{{name}}}")}</li> }).collect();
    view! {
        <details>
            <summary>"Macros"</summary>
            <div class="stack">
                <p class="hint">"These stand in the path, query or fragment of where it leads, and become the values of each click:"</p>
                <ul class="plain mono cluster">{names}</ul>
            </div>
        </details>
    }
}
