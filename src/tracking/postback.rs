//! `/postback`: a report from server to server: signed, or with a key, or with a token (domain.md section 3).

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::conversion::Report;
use super::{Tracking, request};
use crate::auth::address::ClientAddress;
use crate::domain::conversion::Badge;
use crate::domain::conversion_report::{Refused, ReportFields};
use crate::domain::ids::CampaignId;
use crate::domain::reason::ReasonCode;
use crate::domain::signature::{SignatureRefused, SignedRequest, check, split_signature};
use crate::store::StoreError;
use crate::store::campaigns::Campaign;

pub async fn postback(
    State(tracking): State<Tracking>,
    Extension(address): Extension<ClientAddress>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !matches!(method, Method::GET | Method::POST) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, POST")]).into_response();
    }
    let (path, query) = (uri.path(), uri.query().unwrap_or(""));
    let call = Call { method: method.as_str(), path, query, body: &body, address: address.0 };
    let recorded = async {
        let (sender, fields) = match request::parameters(call.query) {
            Ok(pairs) => (sender(&tracking, &call, &pairs, &headers).await?, request::fields(&pairs)),
            Err(refused) => unreadable(&tracking, call.query, refused).await?,
        };
        let report = Report {
            endpoint: "postback",
            method: method.to_string(),
            query: request::without_secrets(call.query),
            // Nothing in it is read: it may hold what must not be kept.
            body: if body.is_empty() { String::new() } else { format!("{} bytes that are not read", body.len()) },
            fields,
            cookie: Default::default(),
            by_hand: None,
        };
        request::record(&tracking, &report, sender).await
    };
    request::json(recorded.await)
}

/// A request, as far as it says who sent it.
pub struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub body: &'a [u8],
    pub address: IpAddr,
}

/// A query with a parameter twice, or with bytes that are no text. The log can say whose it is and which order it names:
/// whoever looks for the order finds what became of it.
async fn unreadable(tracking: &Tracking, query: &str, refused: Refused) -> Result<(Sender, ReportFields), StoreError> {
    let pairs = request::pairs(query);
    let mut campaigns = pairs.iter().filter(|(name, _)| name == "campaign").map(|(_, id)| id.as_str());
    // Of two campaigns it is neither's.
    let named = campaigns.next().filter(|_| campaigns.next().is_none());
    let campaign = request::find_campaign(tracking, named).await?.ok().map(|campaign| campaign.campaign_id);
    Ok((Err((campaign, refused)), request::fields(&pairs)))
}

/// The campaign and how it is vouched for; or which campaign it concerns, if any, and why it does not count.
pub type Sender = Result<(Campaign, Badge), (Option<CampaignId>, Refused)>;

/// Who sent it: by signature, else by key, else by token. One that does not fit is refused, never ignored.
pub async fn sender(
    tracking: &Tracking,
    call: &Call<'_>,
    pairs: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Sender, StoreError> {
    let of = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let campaign = match request::find_campaign(tracking, of("campaign")).await? {
        Ok(campaign) => campaign,
        Err(refused) => return Ok(Err((None, refused))),
    };
    let id = Some(campaign.campaign_id);
    if of("sig").is_some() {
        let checked = check_signature(tracking, call, of("ts"), &campaign);
        return Ok(checked.map(|()| (campaign, Badge::Signed)).map_err(|code| (id, Refused::new(code, "sig"))));
    }
    let (sent, badge, field) = match (request::key_campaign(tracking, headers, call.address).await?, of("token")) {
        (Some(sent), _) => (sent, Badge::Key, "authorization"),
        (None, Some(token)) => (request::token_campaign(tracking, token, call.address).await?, Badge::Token, "token"),
        (None, None) => return Ok(Err((id, Refused::new(ReasonCode::AuthMissing, "sig")))),
    };
    Ok(match sent {
        Ok(of) if of == campaign.campaign_id => Ok((campaign, badge)),
        Ok(_) => Err((id, Refused::new(ReasonCode::AuthBadToken, field))),
        Err((_, refused)) => Err((id, refused)),
    })
}

fn check_signature(
    tracking: &Tracking,
    call: &Call<'_>,
    timestamp: Option<&str>,
    campaign: &Campaign,
) -> Result<(), ReasonCode> {
    let timestamp = timestamp.and_then(|text| text.parse().ok()).ok_or(ReasonCode::AuthStale)?;
    let (signed, signature) = split_signature(call.query).ok_or(ReasonCode::AuthBadSignature)?;
    let request = SignedRequest { timestamp, method: call.method, path: call.path, query: signed, body: call.body };
    // After a rotation the version before still holds.
    let versions = [campaign.secret_version, campaign.secret_version - 1];
    let secrets: Vec<_> = versions
        .into_iter()
        .filter(|version| *version > 0)
        .map(|version| tracking.secret_key.postback_secret(campaign.campaign_id, version))
        .collect();
    check(&secrets, &request, signature, tracking.environment.now()).map_err(|refused| match refused {
        SignatureRefused::Stale => ReasonCode::AuthStale,
        SignatureRefused::Bad => ReasonCode::AuthBadSignature,
    })
}
