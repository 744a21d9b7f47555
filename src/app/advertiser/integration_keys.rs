//! The keys and tokens of a campaign: what each may do, from where, until when, and when it was last used.

use leptos::prelude::*;

use super::recipe::Code;
use super::steps::NEW_API_KEY;
use crate::app::api::api_key::{CreateApiKey, RevokeApiKey};
use crate::app::page::Request;
use crate::app::ui::{Field, Hidden, Select, Submit};
use crate::auth::api_key::ApiKey;
use crate::domain::conversion::Badge;
use crate::domain::ids::{ApiKeyId, CampaignId};
use crate::domain::time::{Timestamp, Zone};
use crate::store::api_keys::ApiKeyRow;

/// A key or token that was just made, with its text: derived again from its id, once, and only while it is new. The flash
/// brought the id and is gone; nothing that is stored could show the text a second time.
#[derive(Clone)]
pub struct New {
    pub text: String,
    pub badge: Badge,
}

impl New {
    pub fn of(request: &Request, keys: &[ApiKeyRow]) -> Option<Self> {
        let id: ApiKeyId = request.flash.as_ref()?.values.get(NEW_API_KEY)?.parse().ok()?;
        let row = keys.iter().find(|row| row.api_key_id == id && row.is_live(request.now))?;
        let is_new = ApiKey::may_be_shown(row.created_at_ms, request.now);
        let text = ApiKey::issue(&request.app.secret_key, id, row.badge).0.reveal().to_owned();
        is_new.then_some(Self { text, badge: row.badge })
    }
}

/// The new text; of a token with the address to call.
#[component]
pub fn NewKey(new: New, call: String) -> impl IntoView {
    let is_token = new.badge == Badge::Token;
    let title = format!("Your new {}", new.badge);
    view! {
        <div class="card">
            <h2>{title.clone()}</h2>
            <p>"Copy it now: it is shown this once, and only a hash of it is kept."</p>
            <input class="mono" readonly aria-label=title value=new.text/>
            {is_token.then(|| view! {
                <p>"Your server calls this address for each order:"</p>
                <Code name="A report with the token" code=call/>
            })}
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
            <h2>"Keys and tokens"</h2>
            <p>
                "A key is sent in the header Authorization, as in the call above. A token stands in the address, for \
                programs that can send nothing else; addresses end up in logs, so a token counts from your own servers \
                only, and what it reports waits for your review."
            </p>
            {if is_empty {
                view! { <p>"None yet. Make one for each program that reports, so that each can be revoked alone."</p> }
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
                <Select
                    name="kind"
                    label="Sent"
                    options=vec![
                        ("key".to_owned(), "in a header: a key".to_owned()),
                        ("token".to_owned(), "in the address: a token".to_owned()),
                    ]
                    value=request.value("kind", "key")
                    error=request.problem("kind")
                />
                <Field
                    name="networks"
                    label="Counts from"
                    required=false
                    value=request.value("networks", "")
                    error=request.problem("networks")
                    hint="Addresses and networks of your servers, as in 203.0.113.7, 2001:db8::/48. A token needs them; a \
                        key without any counts from everywhere."
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
                <div class="btn-row"><Submit label="Make it"/></div>
            </ActionForm>
        </section>
    }
}

#[component]
fn KeyTable(rows: AnyView) -> impl IntoView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Keys and tokens">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Key"</th>
                        <th scope="col">"May"</th>
                        <th scope="col">"Counts from"</th>
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
    let (id, networks) = (key_row.api_key_id, key_row.networks.clone());
    let networks = if networks.is_empty() { "everywhere".to_owned() } else { networks };
    let (prefix, may) = match key_row.badge {
        Badge::Token => ("tst", "report conversions of this campaign for review, in the address"),
        _ => ("tsk", "report conversions of this campaign"),
    };
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
            <th scope="row">{key_row.name.clone()} <span class="sub mono">{format!("{prefix}_{id}_\u{2026}")}</span></th>
            <td data-label="May">{may}</td>
            <td data-label="Counts from">{networks}</td>
            <td data-label="Made">{zone.show(key_row.created_at_ms)}</td>
            <td data-label="Last used">{used}</td>
            <td data-label="Ends">{ends}</td>
            <td data-label="State">{state}</td>
        </tr>
    }
}
