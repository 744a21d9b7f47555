//! `/pixel/{campaign}.gif`: a report by the shopper's browser. Anybody can send one, so it is never approved by itself.

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::conversion::Report;
use super::{Tracking, cookie, request};
use crate::domain::conversion::Badge;

/// One transparent point.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

pub async fn pixel(
    State(tracking): State<Tracking>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let query = query.unwrap_or_default();
    let recorded = async {
        let campaign = request::find_campaign(&tracking, file.strip_suffix(".gif")).await?;
        let is_secure = tracking.tracking_url.is_secure();
        let cookie = campaign.as_ref().ok().map(|campaign| cookie::read(&headers, is_secure, campaign.campaign_id));
        let (sender, fields) = match (campaign, request::parameters(&query)) {
            (Ok(campaign), Ok(pairs)) => (Ok((campaign, Badge::Unverified)), request::fields(&pairs)),
            (Ok(campaign), Err(refused)) => (Err((Some(campaign.campaign_id), refused)), Default::default()),
            (Err(refused), _) => (Err((None, refused)), Default::default()),
        };
        let report = Report {
            endpoint: "pixel",
            method: method.to_string(),
            query: request::without_secrets(&query),
            body: String::new(),
            fields,
            cookie: cookie.unwrap_or_default(),
            by_hand: None,
        };
        request::record(&tracking, &report, sender).await
    };
    let reply = match recorded.await {
        Ok(reply) => reply,
        Err(error) => return request::unavailable(&error),
    };
    let reason = reply.body.reason.map(|reason| reason.as_str());
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(CONTENT_TYPE, "image/gif")], GIF).into_response();
    let head = response.headers_mut();
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, private"));
    // It stands on the advertiser's pages.
    head.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    head.extend(request::retry_after(&reply));
    if let Some(reason) = reason {
        head.insert("reason-code", HeaderValue::from_static(reason));
    }
    response
}
