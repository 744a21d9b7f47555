//! Keys and tokens of a campaign: an advertiser makes them, one for each program that reports, and revokes them.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// Makes a key, or a token where `kind` says so, which counts from the listed networks until the end of a day, if these
/// are named. Its text is shown on the next page, once.
#[server(endpoint = "create_api_key")]
pub async fn create_api_key(
    campaign_id: String,
    name: String,
    #[server(default)] kind: String,
    #[server(default)] networks: String,
    #[server(default)] expires_on: String,
) -> Result<(), ApiError> {
    use crate::app::advertiser::{API_KEYS_MAX, KeyFields, NEW_API_KEY, advertiser_of, integration_page_of};
    use crate::app::forms::{self, Form};
    use crate::app::page::zone_of;
    use crate::auth::api_key::ApiKey;
    use crate::domain::ids::{ApiKeyId, CampaignId};
    use crate::domain::party::PartyKind;
    use crate::store::api_keys::{self, ApiKeyRow};
    use crate::store::campaigns;

    let viewer = forms::admitted(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CampaignId = campaign_id.parse()?;
    let page = integration_page_of(id);
    forms::stepped_up(&page).await?;
    let entered = [("name", &*name), ("kind", &*kind), ("networks", &*networks), ("expires_on", &*expires_on)];
    let form = Form::new(page.clone(), &entered);
    let now = app.environment.now();
    let mut w = app.store.write().await?;
    campaigns::get_of_advertiser(&mut w, advertiser, id).await?;
    let fields = match KeyFields::read(&name, &kind, &networks, &expires_on, &zone_of(&viewer), now) {
        Ok(fields) => fields,
        Err((field, message)) => return form.refuse(field, message).await,
    };
    if api_keys::count_live(&mut w, id, now).await? >= API_KEYS_MAX {
        let most = format!("A campaign has at most {API_KEYS_MAX} keys and tokens: revoke one first.");
        return form.refuse("name", most).await;
    }
    let (_, key) = ApiKey::issue(&app.secret_key, app.environment.new_id(ApiKeyId), fields.badge);
    let row = ApiKeyRow {
        api_key_id: key.id,
        campaign_id: id,
        name: fields.name.as_str().to_owned(),
        badge: key.badge,
        networks: fields.networks.to_string(),
        secret_hash: key.hash.to_vec(),
        created_at_ms: now,
        last_used_at_ms: None,
        revoked_at_ms: None,
        expires_at_ms: fields.expires_at,
    };
    api_keys::insert(&mut w, &row, viewer.member_id).await?;
    w.commit().await?;
    // Only the id travels: the page derives the text again, and the flash is gone once it was read.
    let said = format!("The {} is made. Copy it now: it is shown this once.", key.badge);
    forms::go_with_value(&page, &said, NEW_API_KEY, &key.id.to_string()).await
}

/// Ends a key or a token at once. Asks for no password: it opens nothing to whoever stole a cookie, and somebody whose key
/// leaked must not lose time.
#[server(endpoint = "revoke_api_key")]
pub async fn revoke_api_key(api_key_id: String) -> Result<(), ApiError> {
    use crate::app::advertiser::{advertiser_of, integration_page_of};
    use crate::app::forms;
    use crate::domain::party::PartyKind;
    use crate::store::api_keys;

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let mut w = app.store.write().await?;
    let campaign = api_keys::revoke(&mut w, advertiser, api_key_id.parse()?, app.environment.now()).await?;
    w.commit().await?;
    forms::go_with(&integration_page_of(campaign), "The key is revoked: nothing can be reported with it.").await
}
