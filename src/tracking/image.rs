//! `GET /i/{creative}/{publisher}`: a banner's image on a publisher's page. No cookie, nothing stored: seeing is no click.
//!
//! Where the creative is paused, or a click of this publisher would not count, a transparent image of the same size
//! stands in its place: the page keeps its layout, and shows no offer that is none.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Tracking;
use crate::domain::ids::{CreativeId, PublisherId};
use crate::store::StoreError;
use crate::store::creatives::Creative;

/// As long as a pause may take to be seen everywhere.
const CACHE: &str = "public, max-age=300";

pub async fn image(
    State(tracking): State<Tracking>,
    Path((creative, publisher)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let found = match (creative.parse(), publisher.parse()) {
        (Ok(creative), Ok(publisher)) => find(&tracking, creative, publisher).await,
        _ => Ok(None),
    };
    match found {
        Ok(Some(shown)) => respond(shown, headers.get(IF_NONE_MATCH)),
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such banner.\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "a banner could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response()
        }
    }
}

/// What stands there, and whether it is the banner itself.
struct Shown {
    content: Bytes,
    content_type: &'static str,
    etag: String,
    is_live: bool,
}

async fn find(tracking: &Tracking, creative: CreativeId, publisher: PublisherId) -> Result<Option<Shown>, StoreError> {
    let Some(creative) = tracking.creatives.find(creative).await? else { return Ok(None) };
    let Some(format) = creative.image_format else { return Ok(None) };
    let Some(target) = tracking.links.find_default(creative.campaign_id, publisher).await? else { return Ok(None) };
    let is_live = creative.is_active && target.inactive_at(tracking.environment.now()).is_none();
    if !is_live {
        return Ok(Some(fallback(&creative)));
    }
    let content = tracking.creatives.image(creative.creative_id).await?;
    let etag = format!("\"{}\"", creative.image_digest);
    Ok(Some(Shown { content, content_type: format.content_type(), etag, is_live }))
}

fn fallback(creative: &Arc<Creative>) -> Shown {
    let side = |pixels: i64| u16::try_from(pixels).unwrap_or(1);
    Shown {
        content: transparent(side(creative.width), side(creative.height)).into(),
        content_type: "image/gif",
        etag: format!("\"none-{}-{}\"", creative.width, creative.height),
        is_live: false,
    }
}

/// A transparent GIF of this size: a screen of which one point is drawn, and that one is transparent.
fn transparent(width: u16, height: u16) -> Vec<u8> {
    let mut gif = b"GIF89a".to_vec();
    gif.extend(width.to_le_bytes());
    gif.extend(height.to_le_bytes());
    gif.extend(b"\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;");
    gif
}

fn respond(shown: Shown, known: Option<&HeaderValue>) -> Response {
    let is_known = known.and_then(|known| known.to_str().ok()).is_some_and(|known| {
        known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == shown.etag || tag.trim() == "*")
    });
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => shown.content.into_response(),
    };
    let head = response.headers_mut();
    if !is_known {
        head.insert(CONTENT_TYPE, HeaderValue::from_static(shown.content_type));
    }
    head.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
    head.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    // It stands on the publishers' pages.
    head.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    head.insert(
        HeaderName::from_static("creative-state"),
        HeaderValue::from_static(if shown.is_live { "live" } else { "paused" }),
    );
    if let Ok(etag) = HeaderValue::from_str(&shown.etag) {
        head.insert(ETAG, etag);
    }
    response
}
