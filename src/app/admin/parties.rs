//! Admitting publishers and advertisers.

use leptos::prelude::*;

use crate::app::api::party::DecideParty;
use crate::app::figures::quality;
use crate::app::page::role_page;
use crate::app::ui::{Hidden, StatusTag};
use crate::domain::party::{PartyKind, PartyState};
use crate::domain::time::Zone;
use crate::store::parties::{self, Party};

const SHOWN_MAX: i64 = 200;

#[component]
pub fn Parties() -> impl IntoView {
    role_page(PartyKind::Network, "Parties", async |request, viewer| {
        let mut conn = request.app.store.read().await?;
        let zone = Zone::parse(&viewer.time_zone).unwrap_or(Zone::UTC);
        let list = parties::list(&mut conn, None, None, SHOWN_MAX).await?;
        let rows: Vec<_> = list
            .into_iter()
            .filter(|party| party.kind != PartyKind::Network)
            .map(|party| view! { <Row joined=zone.show(party.created_at_ms) party=party/> })
            .collect();
        let quality = quality(&mut conn, &viewer, request.now).await?;
        Ok(view! {
            <div class="page-head">
                <h1>"Parties"</h1>
                <div class="page-actions"><a class="btn" href="/admin/quality">"Quality rules"</a></div>
            </div>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Parties">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Kind"</th>
                            <th scope="col">"Signed up"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Decision"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {quality}
        }
        .into_any())
    })
}

#[component]
fn Row(party: Party, joined: String) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">{party.name.clone()}</th>
            <td data-label="Kind">{party.kind.as_str()}</td>
            <td data-label="Signed up">{joined}</td>
            <td data-label="State"><StatusTag state=party.state.as_str() title=party.state_reason.clone()/></td>
            <td data-label="Decision"><Decision party=party/></td>
        </tr>
    }
}

#[component]
fn Decision(party: Party) -> impl IntoView {
    let action = ServerAction::<DecideParty>::new();
    let waits = party.state != PartyState::Admitted;
    let (refusal, word) = if waits { (PartyState::Declined, "Decline") } else { (PartyState::Suspended, "Suspend") };
    let field = format!("reason-{}", party.party_id);
    let (id, version) = (party.party_id, party.version);
    // Two forms: the key Enter in the reason must never admit.
    view! {
        <div class="stack">
            {waits.then(|| view! {
                <ActionForm action=action>
                    <Hidden name="party_id" value=id.to_string()/>
                    <Hidden name="version" value=version.to_string()/>
                    <Hidden name="reason" value=""/>
                    <button class="btn btn-primary" type="submit" name="state" value="admitted">"Admit"</button>
                </ActionForm>
            })}
            <ActionForm action=action attr:class="copy">
                <Hidden name="party_id" value=id.to_string()/>
                <Hidden name="version" value=version.to_string()/>
                <Hidden name="state" value=refusal.as_str()/>
                <label class="visually-hidden" for=field.clone()>"Reason"</label>
                <input id=field name="reason" placeholder="Reason"/>
                <button class="btn" type="submit">{word}</button>
            </ActionForm>
        </div>
    }
}
