//! The keys of a campaign: what each may do, until when, and when it was last used.

use leptos::prelude::*;

use super::steps::NEW_API_KEY;
use crate::app::api::campaign::{CreateApiKey, RevokeApiKey};
use crate::app::page::Request;
use crate::app::ui::{Field, Hidden, Submit};
use crate::auth::api_key::ApiKey;
use crate::domain::ids::{ApiKeyId, CampaignId};
use crate::domain::time::{Timestamp, Zone};
use crate::store::api_keys::ApiKeyRow;

/// The text of the key that was just made: derived again from its id, once, and only while the key is new. The flash
/// brought the id and is gone; nothing that is stored could show the text a second time.
pub fn new_key(request: &Request, keys: &[ApiKeyRow]) -> Option<String> {
    let id: ApiKeyId = request.flash.as_ref()?.values.get(NEW_API_KEY)?.parse().ok()?;
    let row = keys.iter().find(|row| row.api_key_id == id && row.is_live(request.now))?;
    let is_new = ApiKey::may_be_shown(row.created_at_ms, request.now);
    is_new.then(|| ApiKey::issue(&request.app.secret_key, id).0.reveal().to_owned())
}

#[component]
pub fn NewKey(text: String) -> impl IntoView {
    view! {
        <div class="card">
            <h2>"Your new key"</h2>
            <p>"Copy it now: it is shown this once, and only a hash of it is kept."</p>
            <input class="mono" readonly aria-label="New API key" value=text/>
        </div>
    }
}

#[component]
pub fn Keys(request: Request, keys: Vec<ApiKeyRow>, campaign_id: CampaignId, zone: Zone) -> impl IntoView {
    let action = ServerAction::<CreateApiKey>::new();
    let is_empty = keys.is_empty();
    let rows: Vec<_> =
        keys.into_iter().map(|key| view! { <KeyRow key_row=key zone=zone.clone() now=request.now/> }).collect();
    view! {
        <section class="section">
            <h2>"API keys"</h2>
            {if is_empty {
                view! { <p>"No key yet. Make one for each program that reports, so that each can be revoked alone."</p> }
                    .into_any()
            } else {
                view! { <KeyTable rows=rows.into_any()/> }.into_any()
            }}
            <ActionForm action=action attr:class="form">
                <Hidden name="campaign_id" value=campaign_id.to_string()/>
                <Field
                    name="name"
                    label="Program that will use it"
                    value=request.value("name", "")
                    error=request.problem("name")
                    hint="As in Shop backend."
                />
                <Field
                    name="expires_on"
                    label="Last day"
                    kind="date"
                    required=false
                    value=request.value("expires_on", "")
                    error=request.problem("expires_on")
                    hint=format!("The key counts until the end of this day ({}). Leave it empty for a key without an end.", zone.name())
                />
                <div class="btn-row"><Submit label="Make a key"/></div>
            </ActionForm>
        </section>
    }
}

#[component]
fn KeyTable(rows: AnyView) -> impl IntoView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="API keys">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Key"</th>
                        <th scope="col">"May"</th>
                        <th scope="col">"Made"</th>
                        <th scope="col">"Last used"</th>
                        <th scope="col">"Ends"</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn KeyRow(key_row: ApiKeyRow, zone: Zone, now: Timestamp) -> impl IntoView {
    let revoke = ServerAction::<RevokeApiKey>::new();
    let used = key_row.last_used_at_ms.map_or_else(|| "never".to_owned(), |at| zone.show(at));
    let id = key_row.api_key_id;
    let label = format!("Revoke {}", key_row.name);
    let ends = key_row.expires_at_ms.map_or_else(|| "never".to_owned(), |at| zone.show(at));
    let state = match (key_row.revoked_at_ms, key_row.expires_at_ms) {
        (Some(at), _) => format!("revoked on {}", zone.show(at)).into_any(),
        (None, Some(at)) if at <= now => format!("expired on {}", zone.show(at)).into_any(),
        (None, _) => view! {
            <ActionForm action=revoke>
                <Hidden name="api_key_id" value=id.to_string()/>
                <button class="btn" type="submit" aria-label=label>"Revoke"</button>
            </ActionForm>
        }
        .into_any(),
    };
    view! {
        <tr>
            <th scope="row">{key_row.name.clone()} <span class="sub mono">{format!("tsk_{id}_\u{2026}")}</span></th>
            <td data-label="May">"report conversions of this campaign"</td>
            <td data-label="Made">{zone.show(key_row.created_at_ms)}</td>
            <td data-label="Last used">{used}</td>
            <td data-label="Ends">{ends}</td>
            <td data-label="State">{state}</td>
        </tr>
    }
}
