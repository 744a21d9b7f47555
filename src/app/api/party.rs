//! Admitting parties.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// An admin admits or declines a party; declining needs a reason.
#[server(endpoint = "decide_party")]
pub async fn decide_party(party_id: String, version: i64, state: String, reason: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::domain::ids::PartyId;
    use crate::domain::party::{PartyKind, PartyState};
    use crate::store::parties;

    forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let id: PartyId = party_id.parse()?;
    let form = Form::new("/admin/parties", &[("reason", &reason)]);
    let state = match state.parse() {
        Ok(state @ (PartyState::Admitted | PartyState::Declined | PartyState::Suspended)) => state,
        _ => return form.refuse("", "Choose admit, decline or suspend.").await,
    };
    if state != PartyState::Admitted && reason.trim().is_empty() {
        return form.refuse("", "Say why: the party will read it.").await;
    }
    let mut w = app.store.write().await?;
    match parties::update_state(&mut w, id, version, state, reason.trim()).await {
        Err(crate::store::StoreError::Conflict) => {
            form.refuse("", "Somebody else decided in the meantime: look again.").await
        }
        other => {
            other?;
            w.commit().await?;
            forms::go_with("/admin/parties", &format!("The party is now {state}.")).await
        }
    }
}
