//! What postback, pixel and JSON interface have in common: reading parameters, finding the campaign, answering.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::Tracking;
use super::conversion::{self, Reply, Report};
use crate::auth::api_key::ApiKey;
use crate::auth::networks::Networks;
use crate::domain::conversion::Badge;
use crate::domain::conversion_report::{Refused, ReportFields};
use crate::domain::ids::CampaignId;
use crate::domain::reason::ReasonCode;
use crate::domain::time::MINUTE_MS;
use crate::store::api_keys::{self, ApiKeyRow};
use crate::store::campaigns::Campaign;
use crate::store::{StoreError, campaigns};

/// A serialisation failure or a lost connection is tried again so often before the sender is asked to.
pub(super) const TRIES_MAX: u32 = 5;

/// When a key was last used is told to within this.
const KEY_USE_NOTED_EVERY_MS: i64 = 5 * MINUTE_MS;

/// The parameters of a query. A repeated one is refused: two readers could take different ones.
pub fn parameters(query: &str) -> Result<Vec<(String, String)>, Refused> {
    // Bytes that are no UTF-8 would all be read as the same mark, and two order ids as one.
    for part in query.split('&') {
        if percent_encoding::percent_decode_str(part).decode_utf8().is_err() {
            let is_order = part.starts_with("order_id=");
            let (code, field) =
                if is_order { (ReasonCode::OrderIdInvalid, "order_id") } else { (ReasonCode::BadField, "query") };
            return Err(Refused { code, field, message: "The query is not UTF-8.".to_owned() });
        }
    }
    let pairs = pairs(query);
    for (index, (name, _)) in pairs.iter().enumerate() {
        if pairs[..index].iter().any(|(other, _)| other == name) {
            let message = format!("The parameter {name:?} is there more than once.");
            return Err(Refused { code: ReasonCode::BadField, field: "query", message });
        }
    }
    Ok(pairs)
}

/// The parameters of a query as they stand there; bytes that are no UTF-8 are read as marks.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The fields of a report among the parameters; empty ones count as not there, but for the amount.
pub fn fields(pairs: &[(String, String)]) -> ReportFields {
    let of = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let filled = |name: &str| of(name).filter(|value| !value.is_empty());
    ReportFields {
        event: filled("event"),
        order_id: filled("order_id"),
        amount: of("amount"),
        amount_minor: None,
        currency: filled("currency"),
        click_id: filled("click_id"),
        coupon: filled("coupon"),
        customer_id: filled("customer_id"),
        channel: filled("channel"),
        occurred_at: filled("occurred_at"),
        test: filled("test"),
        items: Vec::new(),
    }
}

/// The query as it is kept: without signature and token, and without the customer, of whom only a keyed hash is kept.
pub fn without_secrets(query: &str) -> String {
    let is_kept = |part: &&str| {
        let name = form_urlencoded::parse(part.as_bytes()).next().map(|(name, _)| name.into_owned());
        !name.is_some_and(|name| ["sig", "token", "customer_id"].contains(&name.as_str()))
    };
    query.split('&').filter(is_kept).collect::<Vec<_>>().join("&")
}

/// A JSON body as it is kept: without the customer. One that cannot be read is kept only as its length.
pub fn body_without_customer(body: &[u8]) -> String {
    let Ok(mut read) = serde_json::from_slice::<serde_json::Value>(body) else {
        return format!("{} bytes that are no JSON", body.len());
    };
    if let Some(fields) = read.as_object_mut() {
        fields.remove("customer_id");
    }
    read.to_string()
}

/// The campaign of a report.
pub async fn find_campaign(tracking: &Tracking, id: Option<&str>) -> Result<Result<Campaign, Refused>, StoreError> {
    let unknown =
        |message: &str| Refused { code: ReasonCode::BadField, field: "campaign", message: message.to_owned() };
    let Some(id) = id.and_then(|id| id.parse::<CampaignId>().ok()) else {
        return Ok(Err(unknown("Name the campaign by its 13 characters.")));
    };
    match campaigns::get(&mut tracking.store.read().await?, id).await {
        Ok(campaign) => Ok(Ok(campaign)),
        Err(StoreError::NotFound) => Ok(Err(unknown("There is no such campaign."))),
        Err(error) => Err(error),
    }
}

/// The campaign of a key or a token; or which campaign the request concerns, if any, and why it does not count.
pub type KeyCampaign = Result<CampaignId, (Option<CampaignId>, Refused)>;

/// The campaign of the key in an `Authorization: Bearer` header, if it is one of ours and live; `None` where no key was
/// sent. A key that counts no more still says whom the request concerns.
pub async fn key_campaign(
    tracking: &Tracking,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Option<KeyCampaign>, StoreError> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    // The scheme's case says nothing (RFC 9110, section 11.1).
    let bearer = value.to_str().ok().and_then(|value| value.split_once(' '));
    let key = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).and_then(|(_, key)| ApiKey::read(key));
    campaign_of(tracking, key, Badge::Key, "authorization", address).await.map(Some)
}

/// The same of a token in the address.
pub async fn token_campaign(tracking: &Tracking, token: &str, address: IpAddr) -> Result<KeyCampaign, StoreError> {
    campaign_of(tracking, ApiKey::read(token), Badge::Token, "token", address).await
}

async fn campaign_of(
    tracking: &Tracking,
    key: Option<ApiKey>,
    badge: Badge,
    field: &'static str,
    address: IpAddr,
) -> Result<KeyCampaign, StoreError> {
    let unknown = || Err((None, Refused::new(ReasonCode::AuthBadToken, field)));
    let Some(key) = key.filter(|key| key.badge == badge) else { return Ok(unknown()) };
    let found = api_keys::find(&mut tracking.store.read().await?, key.id).await?;
    let Some(stored) = found.filter(|stored| stored.badge == badge && key.matches(&stored.secret_hash)) else {
        return Ok(unknown());
    };
    let campaign = stored.campaign_id;
    if !stored.is_live(tracking.environment.now()) {
        return Ok(Err((Some(campaign), ended(&stored, field))));
    }
    let networks = Networks::parse(&stored.networks)
        .map_err(|error| StoreError::Corrupt { what: "list of a key's networks", why: error.to_string() })?;
    if !networks.is_empty() && !networks.contains(address) {
        return Ok(Err((Some(campaign), Refused::new(ReasonCode::IpNotAllowed, field))));
    }
    note_use(tracking, &stored).await?;
    Ok(Ok(campaign))
}

/// Why a key that was right once counts no more: whoever holds it may know.
fn ended(key: &ApiKeyRow, field: &'static str) -> Refused {
    let message = match (key.revoked_at_ms, key.expires_at_ms) {
        (None, Some(end)) => format!("The {} expired at {end}.", key.badge),
        (Some(at), _) => format!("The {} was revoked at {at}.", key.badge),
        (None, None) => ReasonCode::AuthBadToken.sentence().to_owned(),
    };
    Refused { code: ReasonCode::AuthBadToken, field, message }
}

/// Notes when a key was used, unless that was noted a moment ago: not every request is a write more.
async fn note_use(tracking: &Tracking, key: &ApiKeyRow) -> Result<(), StoreError> {
    let now = tracking.environment.now();
    let since = now.plus_ms(-KEY_USE_NOTED_EVERY_MS);
    if key.last_used_at_ms.is_some_and(|noted| noted > since) {
        return Ok(());
    }
    let mut w = tracking.store.write().await?;
    api_keys::touch(&mut w, key.api_key_id, now, since).await?;
    w.commit().await
}

/// Records a report that came in by an end point, again where another process was in the way.
pub async fn record(
    tracking: &Tracking,
    report: &Report,
    sender: Result<(Campaign, Badge), (Option<CampaignId>, Refused)>,
) -> Result<Reply, StoreError> {
    let mut tries = 0;
    loop {
        let recorded = match &sender {
            Ok((campaign, badge)) => {
                let context = conversion::Context {
                    store: &tracking.store,
                    environment: &tracking.environment,
                    secret_key: &tracking.secret_key,
                    base_url: &tracking.base_url,
                    unverified_per_day_max: tracking.unverified_per_day_max,
                };
                conversion::record(&context, report, campaign, *badge).await
            }
            Err((campaign, refused)) => {
                let base_url = &tracking.base_url;
                conversion::refuse(&tracking.store, &tracking.environment, base_url, report, *campaign, refused).await
            }
        };
        tries += 1;
        match recorded {
            Err(StoreError::Unavailable(_)) if tries < TRIES_MAX => {}
            other => return other,
        }
    }
}

/// 503 with the word when to come again: nothing was stored.
pub fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "a report could not be recorded");
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], "Nothing was stored: please send it again.\n")
        .into_response()
}

/// When to come again, where an answer says so.
pub fn retry_after(reply: &Reply) -> Option<(HeaderName, HeaderValue)> {
    reply.retry_after_seconds.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)))
}

/// The answer as JSON.
pub fn json(recorded: Result<Reply, StoreError>) -> Response {
    let reply = match recorded {
        Ok(reply) => reply,
        Err(error) => return unavailable(&error),
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_string(&reply.body).expect("an answer can be written");
    let mut response = (status, [("content-type", "application/json")], body).into_response();
    let head = response.headers_mut();
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.extend(retry_after(&reply));
    response
}
