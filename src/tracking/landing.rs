//! First-party capture: the script for the advertiser's page, and what it reports (domain.md section 2).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::Tracking;
use super::landing_recorder::Recorded;
use crate::domain::click::Click;
use crate::domain::click_token::ClickToken;
use crate::domain::ids::CampaignId;
use crate::domain::reason::ReasonCode;
use crate::domain::time::{MINUTE_MS, SECOND_MS};
use crate::store::landings::Landing;
use crate::store::{StoreError, terms};

/// The script as it is served: small enough to keep its comments.
const SCRIPT: &str = include_str!("../../public/t.js");
/// A campaign, a token and a path; nothing of ours is longer.
const BODY_BYTES_MAX: usize = 4 * 1_024;
const PATH_CHARS_MAX: usize = 512;

/// `GET /t.js`, for any site. An hour old at most: a repair has to arrive.
pub async fn script(headers: HeaderMap) -> Response {
    // Weak, because compression may recode the body.
    let tag = format!("W/\"{}\"", data_encoding::HEXLOWER.encode(&Sha256::digest(SCRIPT)[..12]));
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == tag.as_bytes());
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response(),
    };
    let head = response.headers_mut();
    head.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    head.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    head.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// `POST /landing`: a click has arrived. From any site, and without cookies: the token alone proves it.
pub async fn land(State(tracking): State<Tracking>, body: Bytes) -> Response {
    let (status, body) = match record(&tracking, &body).await {
        Ok(Ok((status, seconds))) => (status, json!({ "seconds": seconds })),
        Ok(Err(reason)) => {
            tracking.landings.refuse(tracking.environment.now(), reason);
            (StatusCode::from_u16(reason.http_status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), refusal(reason))
        }
        Err(later) => {
            if let Later::Broken(error) = &later {
                tracing::error!(%error, "a landing could not be recorded");
            }
            (StatusCode::SERVICE_UNAVAILABLE, json!({ "message": "Nothing was stored: please send it again." }))
        }
    };
    let mut response = (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response();
    let head = response.headers_mut();
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    // Any site may read the answer, and no credentials can be sent for it.
    head.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        head.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn refusal(reason: ReasonCode) -> Value {
    json!({ "reason": reason.as_str(), "message": reason.sentence() })
}

/// Why a landing has to be sent again.
enum Later {
    /// The queue is full, or the click itself is not stored yet.
    Busy,
    Broken(StoreError),
}

impl From<StoreError> for Later {
    fn from(error: StoreError) -> Self {
        Self::Broken(error)
    }
}

/// 201 for the first landing of a click and 200 for a repeat, with the cookie duration of the click's terms.
async fn record(tracking: &Tracking, body: &[u8]) -> Result<Result<(StatusCode, i64), ReasonCode>, Later> {
    if body.len() > BODY_BYTES_MAX {
        return Ok(Err(ReasonCode::BadField));
    }
    let of = |wanted: &str| form_urlencoded::parse(body).find(|(name, _)| name == wanted).map(|(_, value)| value);
    let Some(Ok(campaign)) = of("campaign").map(|id| id.parse::<CampaignId>()) else {
        return Ok(Err(ReasonCode::BadField));
    };
    let Some(Ok(token)) = of("click_id").map(|text| ClickToken::read(&text)) else {
        return Ok(Err(ReasonCode::ClickForged));
    };
    let Some(target) = tracking.links.find_by_id(token.link_id).await? else {
        return Ok(Err(ReasonCode::ClickForged));
    };
    if token.check(&tracking.secret_key, target.campaign_id, target.publisher_id).is_err() {
        return Ok(Err(ReasonCode::ClickForged));
    }
    if target.campaign_id != campaign {
        return Ok(Err(ReasonCode::ClickCampaignMismatch));
    }
    let at = tracking.environment.now();
    let landing = Landing {
        click_id: token.click_id,
        // An id may run ahead of a clock that was set back; yet nothing lands before it happened.
        landed_at_ms: at.max(token.time()),
        path: path_of(&of("path").unwrap_or_default()),
    };
    match tracking.landings.record(landing, target.readers.clone()).await {
        Some(Recorded::New(click)) => Ok(Ok((StatusCode::CREATED, seconds(tracking, &click).await?))),
        Some(Recorded::Again(click)) => Ok(Ok((StatusCode::OK, seconds(tracking, &click).await?))),
        // A click that was answered as deferred may still be in its queue.
        Some(Recorded::NoClick) if at.since(token.time()) < MINUTE_MS => Err(Later::Busy),
        Some(Recorded::NoClick) => Ok(Err(ReasonCode::ClickUnknown)),
        None => Err(Later::Busy),
    }
}

/// The cookie duration in the terms of the click.
async fn seconds(tracking: &Tracking, click: &Click) -> Result<i64, StoreError> {
    let terms = terms::get(&mut tracking.store.read().await?, click.campaign_id, click.terms_version).await?;
    Ok(terms.window.ms() / SECOND_MS)
}

/// The path alone: a query may hold what is nobody's business here. PostgreSQL's text holds no NUL.
fn path_of(text: &str) -> String {
    let path = text.split(['?', '#']).next().unwrap_or("");
    path.chars().filter(|letter| !letter.is_control()).take(PATH_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_query_no_control_characters_and_an_end() {
        assert_eq!(path_of("/a/b?email=x#y"), "/a/b");
        assert_eq!(path_of("/a\0b\n"), "/ab");
        assert_eq!(path_of(&"ä".repeat(1_000)).chars().count(), PATH_CHARS_MAX);
    }
}
