//! `GET /c/{slug}`: a click. It is judged, recorded, and led on (domain.md section 1, trust.md section 3).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, LOCATION, REFERER, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, USER_AGENT, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use url::{Url, form_urlencoded};

use super::Tracking;
use super::cookie;
use super::link_cache::Target;
use super::opt_out::OptOut;
use super::recorder::Promise;
use crate::auth::address::ClientAddress;
use crate::domain::click::{Answer, Click, Consent, Judgement, Visit, judge};
use crate::domain::click_token::ClickToken;
use crate::domain::ids::{CampaignId, ClickId, CreativeId, PublisherId};
use crate::domain::link::{DEEP_LINK_NAMES, MacroValues, SubIds, check_destination, destination};
use crate::domain::time::{SECOND_MS, Timestamp};
use crate::domain::visitor::{device_of, visitor_key};
use crate::store::StoreError;
use crate::store::creatives::Creative;

/// `/c/{slug}`: a saved link.
pub async fn click(
    State(tracking): State<Tracking>,
    Extension(address): Extension<ClientAddress>,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let target = tracking.links.find(&slug).await;
    follow(&tracking, target, address.0, query.as_deref(), &method, &headers).await
}

/// `/c/{campaign}/{publisher}`: a link built by hand; it counts for the enrollment's default link.
pub async fn built_by_hand(
    State(tracking): State<Tracking>,
    Extension(address): Extension<ClientAddress>,
    Path((campaign, publisher)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let target = match (campaign.parse::<CampaignId>(), publisher.parse::<PublisherId>()) {
        (Ok(campaign), Ok(publisher)) => tracking.links.find_default(campaign, publisher).await,
        _ => Ok(None),
    };
    follow(&tracking, target, address.0, query.as_deref(), &method, &headers).await
}

async fn follow(
    tracking: &Tracking,
    target: Result<Option<Arc<Target>>, StoreError>,
    address: IpAddr,
    query: Option<&str>,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let answered = match target {
        Ok(Some(target)) => answer(tracking, &target, address, query.unwrap_or(""), method, headers).await,
        Ok(None) => Ok((StatusCode::NOT_FOUND, "There is no such link.\n").into_response()),
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| {
        tracing::error!(%error, "a click could not be answered");
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response()
    })
}

/// The parameters of a link's query that mean something to us.
struct Asked {
    sub_ids: SubIds,
    deep_link: Option<String>,
    consent: Option<String>,
    /// The creative that was clicked, as its id.
    creative: Option<CreativeId>,
}

impl Asked {
    fn read(query: &str, saved: &SubIds) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let of = |names: &[&str]| {
            pairs.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.clone())
        };
        // A sub id that is too long is left out; the click counts all the same.
        let (sub_ids, _refused) = SubIds::from_pairs(pairs.iter().map(|(name, value)| (&name[..], &value[..])));
        Self {
            sub_ids: sub_ids.merged_over(saved),
            deep_link: of(&DEEP_LINK_NAMES),
            // A no outweighs a yes.
            consent: if pairs.iter().any(|(name, value)| name == "cons" && value == "0") {
                Some("0".to_owned())
            } else {
                of(&["cons"])
            },
            creative: of(&["creative"]).and_then(|id| id.parse().ok()),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What the browser wants the answer for. One that says anything of its request says this, once: where it is missing or
/// there twice, somebody else wrote the headers, and it is no navigation.
fn fetch_dest(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("sec-fetch-dest").iter();
    let says_more = ["sec-fetch-mode", "sec-fetch-site"].iter().any(|name| headers.contains_key(*name));
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.to_str().unwrap_or("")),
        (None, _) if !says_more => None,
        _ => Some(""),
    }
}

/// The name of the browser, if it has one. Bytes beyond ASCII are allowed in it and may be of any encoding.
fn user_agent(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let value = headers.get(USER_AGENT).filter(|value| !value.is_empty())?;
    Some(String::from_utf8_lossy(value.as_bytes()))
}

async fn answer(
    tracking: &Tracking,
    target: &Target,
    address: IpAddr,
    query: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, StoreError> {
    let Followed { click, judgement, token, location, at } =
        make_click(tracking, target, address, query, method, headers).await?;
    let promise = tracking.recorder.record(click, target.readers.clone()).await;
    Ok(respond(tracking, target, &judgement, token, &location, promise, headers, at))
}

/// A request to a link, judged: the click to be recorded, and what its answer needs.
pub struct Followed {
    pub click: Click,
    pub judgement: Judgement,
    /// Only where the answer carries a click id.
    pub token: Option<ClickToken>,
    pub location: Url,
    pub at: Timestamp,
}

/// Makes a click of a request to a link, at this moment; records and answers nothing yet.
pub async fn make_click(
    tracking: &Tracking,
    target: &Target,
    address: IpAddr,
    query: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Followed, StoreError> {
    let at = tracking.environment.now();
    let asked = Asked::read(query, &target.sub_ids);
    let creative = creative_of(tracking, target, asked.creative).await;
    let agent = user_agent(headers);
    let agent = agent.as_deref();
    let fetch_dest = fetch_dest(headers);
    let is_opted_out = text(headers, "sec-gpc") == Some("1");
    let consent = Consent::read(asked.consent.as_deref(), is_opted_out, tracking.opt_out == OptOut::Respect);
    let judgement = judge(&Visit {
        is_head: *method == Method::HEAD,
        purpose: ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().find_map(|name| text(headers, name)),
        fetch_dest,
        has_gesture_mark: text(headers, "sec-fetch-user") == Some("?1"),
        user_agent: agent,
        is_crawler: agent.is_some_and(|agent| tracking.crawlers.matches(agent)),
        inactive: target.inactive_at(at),
        consent,
        is_flood: tracking.flood.is_flood(address, agent.unwrap_or(""), at),
    });
    let click_id = tracking.environment.new_id(ClickId);
    let token = (judgement.answer == Answer::Destination).then(|| {
        ClickToken::new(&tracking.secret_key, click_id, target.link_id, target.campaign_id, target.publisher_id)
    });
    let (location, is_rejected) = location(target, &asked, creative.as_deref(), &judgement, token, at);
    let salt = match consent {
        Consent::Denied => None,
        _ => tracking.salts.of(&tracking.store, &tracking.environment, click_id.time()).await,
    };
    let visitor = salt.map(|salt| visitor_key(&salt, address, agent.unwrap_or(""), target.campaign_id));
    let click = Click {
        creative_id: creative.map(|creative| creative.creative_id),
        landing_host: location.host_str().unwrap_or("").to_owned(),
        landing_path: location.path().to_owned(),
        referrer_host: text(headers, REFERER.as_str()).and_then(referrer_host),
        fetch_dest: fetch_dest.map(|dest| dest.chars().take(32).collect()),
        is_deep_link_rejected: is_rejected,
        visitor,
        consent,
        ..blank(target, &judgement, click_id, asked.sub_ids, agent)
    };
    Ok(Followed { click, judgement, token, location, at })
}

/// The creative that a link names, if it is one of the link's own campaign.
async fn creative_of(tracking: &Tracking, target: &Target, id: Option<CreativeId>) -> Option<Arc<Creative>> {
    let found = tracking.creatives.find(id?).await.unwrap_or_else(|error| {
        // The click counts all the same, for its link alone.
        tracing::error!(%error, "a click's creative could not be read");
        None
    });
    found.filter(|creative| creative.campaign_id == target.campaign_id)
}

/// A click's record as far as the judgement and the user agent tell it.
fn blank(target: &Target, judgement: &Judgement, click_id: ClickId, sub_ids: SubIds, agent: Option<&str>) -> Click {
    let (device, browser, system) = device_of(agent.unwrap_or(""));
    Click {
        click_id,
        campaign_id: target.campaign_id,
        publisher_id: target.publisher_id,
        link_id: target.link_id,
        creative_id: None,
        terms_version: target.terms_at(click_id.time()).version,
        label: judgement.label,
        reason: judgement.reason,
        has_gesture: judgement.has_gesture,
        sub_ids,
        landing_host: String::new(),
        landing_path: String::new(),
        referrer_host: None,
        device,
        browser: browser.to_owned(),
        system: system.to_owned(),
        country: None,
        fetch_dest: None,
        visitor: None,
        consent: Consent::Unknown,
        is_deep_link_rejected: false,
        is_recreated: false,
    }
}

fn referrer_host(referrer: &str) -> Option<String> {
    Url::parse(referrer).ok()?.host_str().map(|host| host.chars().take(253).collect())
}

/// Where to go, and whether a deep link was refused. A destination that fails its check leads to the landing page.
/// A deep link goes before what was saved with the link, and that before where a running creative leads.
fn location(
    target: &Target,
    asked: &Asked,
    creative: Option<&Creative>,
    judgement: &Judgement,
    token: Option<ClickToken>,
    now: Timestamp,
) -> (Url, bool) {
    let token = token.map(|token| token.to_string());
    let values = MacroValues {
        click_id: token.as_deref(),
        publisher_id: target.publisher_id,
        campaign_id: target.campaign_id,
        creative_id: creative.map(|creative| creative.creative_id),
        sub_ids: &asked.sub_ids,
        at: now,
    };
    let lead = |template: &str| destination(template, &target.landing_parameter, &values, &target.allowed_hosts).ok();
    let deep_link = asked.deep_link.as_deref();
    let checked = deep_link.filter(|text| check_destination(text, &target.allowed_hosts).is_ok());
    let is_rejected = deep_link.is_some() && checked.is_none();
    let saved = [
        target.destination.as_str(),
        creative.filter(|creative| creative.is_active).map_or("", |creative| creative.destination.as_str()),
    ];
    let is_off = judgement.reason.is_some() && judgement.reason == target.inactive_at(now);
    let wanted = match judgement.answer {
        Answer::LandingPage => Some(target.fallback.as_str()).filter(|fallback| is_off && !fallback.is_empty()),
        _ if is_rejected => None,
        _ => checked.or(saved.into_iter().find(|saved| !saved.is_empty())),
    };
    let landing = || lead(&target.landing_url).or_else(|| Url::parse(&target.landing_url).ok());
    let led = wanted.and_then(lead);
    // A deep link may also fail once its macros are replaced.
    let is_rejected = is_rejected || (led.is_none() && wanted.is_some() && wanted == checked);
    let url = led.or_else(landing);
    (url.expect("a landing page is a checked address"), is_rejected)
}

#[allow(clippy::too_many_arguments)] // one answer has so many sides; each is used once
fn respond(
    tracking: &Tracking,
    target: &Target,
    judgement: &Judgement,
    token: Option<ClickToken>,
    location: &Url,
    promise: Promise,
    headers: &HeaderMap,
    now: Timestamp,
) -> Response {
    let mut response = match judgement.answer {
        Answer::NoContent => StatusCode::NO_CONTENT.into_response(),
        Answer::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response(),
        _ => StatusCode::FOUND.into_response(),
    };
    let is_redirect = response.status() == StatusCode::FOUND;
    let head = response.headers_mut();
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, private"));
    head.insert(VARY, HeaderValue::from_static("Sec-Purpose"));
    head.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    head.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    head.insert("click-record", HeaderValue::from_static(promise.as_str()));
    if is_redirect && let Ok(location) = HeaderValue::from_str(location.as_str()) {
        head.insert(LOCATION, location);
    }
    if let Some(token) = token {
        let is_secure = tracking.tracking_url.is_secure();
        let others = cookie::read_all(headers, is_secure);
        let own = others.iter().find(|(id, _)| *id == target.campaign_id).map(|(_, list)| list.clone());
        let window_ms = target.terms_at(token.time()).window_ms;
        let list = own.unwrap_or_default().with_newest(token, now, window_ms);
        for line in cookie::set(is_secure, target.campaign_id, &list, window_ms / SECOND_MS, others) {
            head.extend(HeaderValue::from_str(&line).ok().map(|line| (SET_COOKIE, line)));
        }
    }
    response
}
