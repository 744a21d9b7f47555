//! `POST /api/v1/refunds`: a shop says that a part of an order was taken back. It stands here, because it needs both: who
//! sends is asked as for a report of a sale, and what follows is a matter of money.

use std::net::IpAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};

use crate::auth::address::ClientAddress;
use crate::domain::conversion::{Badge, OrderId};
use crate::domain::conversion_report::Refused;
use crate::domain::ids::{AttemptId, CampaignId, ConversionId, RefundId};
use crate::domain::line::{self, LineFields};
use crate::domain::money::{Currency, Money};
use crate::domain::reason::{Outcome, ReasonCode, RejectReason};
use crate::domain::reason_book;
use crate::domain::refund::RefundRefused as Beyond;
use crate::domain::review::{StepRefused, is_note};
use crate::domain::rule::AMOUNT_MAX_MINOR;
use crate::settlement::refund::{self, Became, Booked, NewRefund, Order, RefundRefused};
use crate::store::attempts::{self, Attempt};
use crate::store::campaigns::Campaign;
use crate::store::{StoreError, terms};
use crate::tracking::by_hand::REFUNDS;
use crate::tracking::postback::{self, Call};
use crate::tracking::{Tracking, request};

/// A serialisation failure or a lost connection is tried again so often.
const TRIES_MAX: u32 = 5;

pub fn routes(tracking: Tracking) -> Router {
    Router::new().route("/api/v1/refunds", post(create)).with_state(tracking)
}

/// An unknown field is refused, so that a misspelt one is noticed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// May be left out: key or query say it.
    campaign: Option<String>,
    event: Option<String>,
    order_id: Option<String>,
    amount: Option<String>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    /// The shop's own name of this refund.
    reference: Option<String>,
    reason: Option<String>,
    note: Option<String>,
    #[serde(default)]
    items: Vec<LineFields>,
}

/// What a body asks for, typed.
struct Asked {
    event: String,
    order_id: OrderId,
    new: NewRefund,
}

/// The answer's body.
#[derive(Debug, Serialize)]
struct Answer {
    /// `applied`, `waiting` or `rejected`.
    outcome: &'static str,
    duplicate: bool,
    refund_id: Option<RefundId>,
    conversion_id: Option<ConversionId>,
    /// What the order is worth since, as decimals of its currency; nothing while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    commission: Option<String>,
    reason: Option<ReasonCode>,
    reason_url: Option<String>,
    receipt_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// An answer with its status, and what is kept of the request.
struct Reply {
    status: u16,
    body: Answer,
}

async fn create(
    State(tracking): State<Tracking>,
    Extension(address): Extension<ClientAddress>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().unwrap_or("");
    let call = Call { method: "POST", path: uri.path(), query, body: &body, address: address.0 };
    let mut tries = 0;
    let answered = loop {
        tries += 1;
        match answer(&tracking, &call, &headers).await {
            Err(StoreError::Unavailable(_)) if tries < TRIES_MAX => {}
            other => break other,
        }
    };
    match answered {
        Ok(reply) => json(&reply),
        Err(error) => request::unavailable(&error),
    }
}

fn json(reply: &Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_string(&reply.body).expect("an answer can be written");
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn answer(tracking: &Tracking, call: &Call<'_>, headers: &HeaderMap) -> Result<Reply, StoreError> {
    let read = serde_json::from_slice::<Body>(call.body);
    let order_id = read.as_ref().ok().and_then(|body| body.order_id.clone());
    let named = read.as_ref().ok().and_then(|body| body.campaign.as_deref());
    let campaign = match sender(tracking, call, headers, named).await? {
        Ok(campaign) => campaign,
        Err((campaign, refused)) => return refuse(tracking, call, campaign, order_id, &refused).await,
    };
    let id = campaign.campaign_id;
    let asked = match read {
        Ok(body) => asked(tracking, &campaign, body).await?,
        Err(error) => Err(Refused::bad_field("body", format!("The body cannot be read: {error}."))),
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return refuse(tracking, call, Some(id), order_id, &refused).await,
    };
    let mut w = tracking.store.write().await?;
    let order = Order { campaign_id: id, event: &asked.event, order_id: asked.order_id.as_str() };
    match refund::book(&mut w, &tracking.environment, order, &asked.new).await {
        Ok(booked) => {
            let reply = taken(tracking, &booked);
            attempts::insert(&mut w, &attempt(tracking, call, Some(id), order_id, &reply)).await?;
            w.commit().await?;
            Ok(reply)
        }
        Err(RefundRefused::Store(error)) => Err(error),
        Err(refused) => {
            drop(w);
            refuse(tracking, call, Some(id), order_id, &told(&refused)).await
        }
    }
}

/// The campaign that a key or a signature is of. A token is not enough to take something back: it stands in addresses.
async fn sender(
    tracking: &Tracking,
    call: &Call<'_>,
    headers: &HeaderMap,
    named: Option<&str>,
) -> Result<Result<Campaign, (Option<CampaignId>, Refused)>, StoreError> {
    let missing = |campaign| Err((campaign, Refused::new(ReasonCode::AuthMissing, "authorization")));
    let found = if call.query.is_empty() {
        match by_key(tracking, headers, call.address).await? {
            Some(found) => found,
            None => return Ok(missing(None)),
        }
    } else {
        let pairs = match request::parameters(call.query) {
            Ok(pairs) => pairs,
            Err(refused) => return Ok(Err((None, refused))),
        };
        match postback::sender(tracking, call, &pairs, headers).await? {
            Ok((campaign, Badge::Signed | Badge::Key)) => Ok(campaign),
            Ok((campaign, _)) => return Ok(missing(Some(campaign.campaign_id))),
            Err(refused) => Err(refused),
        }
    };
    Ok(found.and_then(|campaign| {
        let own = campaign.campaign_id.to_string();
        let is_own = named.is_none_or(|named| named.eq_ignore_ascii_case(&own));
        let other = Refused::new(ReasonCode::AuthBadToken, "campaign");
        if is_own { Ok(campaign) } else { Err((Some(campaign.campaign_id), other)) }
    }))
}

type Sender = Result<Campaign, (Option<CampaignId>, Refused)>;

/// Nothing where no key was sent.
async fn by_key(tracking: &Tracking, headers: &HeaderMap, address: IpAddr) -> Result<Option<Sender>, StoreError> {
    let Some(key) = request::key_campaign(tracking, headers, address).await? else { return Ok(None) };
    let campaign = match key {
        Ok(campaign) => campaign,
        Err(refused) => return Ok(Some(Err(refused))),
    };
    let found = request::find_campaign(tracking, Some(&campaign.to_string())).await?;
    Ok(Some(found.map_err(|refused| (Some(campaign), refused))))
}

/// Reads a body into types, or says what is wrong with it.
async fn asked(tracking: &Tracking, campaign: &Campaign, body: Body) -> Result<Result<Asked, Refused>, StoreError> {
    let all = terms::list(&mut tracking.store.read().await?, campaign.campaign_id).await?;
    let event = body.event.clone().unwrap_or_else(|| "sale".to_owned());
    if !all.iter().any(|terms| terms.event(&event).is_some()) {
        return Ok(Err(Refused::new(ReasonCode::EventUnknown, "event")));
    }
    let currency = body.currency.as_deref().and_then(|text| text.parse::<Currency>().ok());
    let Some(currency) = currency.filter(|named| all.iter().any(|terms| terms.currencies.contains(named))) else {
        return Ok(Err(Refused::new(ReasonCode::BadCurrency, "currency")));
    };
    Ok(typed(event, currency, body))
}

fn typed(event: String, currency: Currency, body: Body) -> Result<Asked, Refused> {
    let order_id = body.order_id.as_deref().filter(|id| !id.is_empty());
    let order_id = order_id.ok_or_else(|| Refused::new(ReasonCode::OrderIdMissing, "order_id"))?;
    let order_id = order_id.parse().map_err(|_| Refused::new(ReasonCode::OrderIdInvalid, "order_id"))?;
    let minor = amount(&body, currency)?;
    let lines = line::read(&body.items, Some(minor), Some(currency))?;
    let reference = body.reference.filter(|reference| !reference.is_empty());
    let reference = reference.ok_or_else(|| {
        Refused::bad_field("reference", "Name the refund: the same reference of the same order is the same refund.")
    })?;
    let reason = body.reason.as_deref().and_then(|text| text.parse::<RejectReason>().ok());
    let reason = reason.ok_or_else(|| {
        let names: Vec<&str> = RejectReason::ALL.iter().map(|reason| reason.as_str()).collect();
        Refused::bad_field("reason", format!("A refund has one of these reasons: {}.", names.join(", ")))
    })?;
    let note = body.note.unwrap_or_default();
    if !is_note(&note) {
        return Err(Refused::bad_field("note", "At most 500 characters on one line."));
    }
    let money = Money::new(minor, currency);
    Ok(Asked { event, order_id, new: NewRefund { money, lines, reference, reason, note, by: None } })
}

/// Exactly one of the two forms, more than 0.
fn amount(body: &Body, currency: Currency) -> Result<i64, Refused> {
    let bad = |field| Refused::new(ReasonCode::BadAmount, field);
    let (field, minor) = match (body.amount.as_deref(), body.amount_minor) {
        (Some(text), None) => ("amount", currency.parse_amount(text).map_err(|_| bad("amount"))?),
        (None, Some(minor)) => ("amount_minor", minor),
        (Some(_), Some(_)) => return Err(bad("amount_minor")),
        (None, None) => return Err(bad("amount")),
    };
    if (1..=AMOUNT_MAX_MINOR).contains(&minor) { Ok(minor) } else { Err(bad(field)) }
}

/// A refusal of the rules, by its code.
fn told(refused: &RefundRefused) -> Refused {
    let (code, field) = match refused {
        RefundRefused::Beyond(Beyond::OtherCurrency(_)) => (ReasonCode::BadCurrency, "currency"),
        RefundRefused::Beyond(Beyond::NotALine(_)) => (ReasonCode::ItemsMismatch, "items"),
        RefundRefused::Beyond(Beyond::TooMany) => (ReasonCode::BadField, "order_id"),
        RefundRefused::Beyond(_) | RefundRefused::Ended(_) => (ReasonCode::BadAmount, "amount"),
        RefundRefused::OtherContent(_) => (ReasonCode::OrderConflict, "reference"),
        RefundRefused::BadReference => (ReasonCode::BadField, "reference"),
        RefundRefused::Step(StepRefused::NoteMissing) => (ReasonCode::BadField, "note"),
        RefundRefused::Step(_) | RefundRefused::Changed(_) | RefundRefused::Store(_) => {
            (ReasonCode::BadField, "order_id")
        }
    };
    Refused { code, field, message: crate::app::forms::sentence(&refused.to_string()) }
}

fn taken(tracking: &Tracking, booked: &Booked) -> Reply {
    let conversion = booked.conversion.as_ref();
    let is_waiting = booked.became == Became::Waits;
    let worth = conversion.filter(|_| !is_waiting).map(|now| now.currency.decimal(now.event_worth().commission_minor));
    let body = Answer {
        outcome: if is_waiting { "waiting" } else { "applied" },
        duplicate: booked.became == Became::Known,
        refund_id: Some(booked.refund_id),
        conversion_id: conversion.map(|now| now.conversion_id),
        commission: worth,
        reason: None,
        reason_url: None,
        receipt_url: conversion.map(|now| tracking.base_url.join(&format!("/receipts/{}", now.conversion_id))),
        field: None,
        message: None,
    };
    let status = match booked.became {
        Became::Applied => 201,
        Became::Waits => 202,
        Became::Known => 200,
    };
    Reply { status, body }
}

/// Keeps a request that took nothing back, so that whoever it concerns can see it.
async fn refuse(
    tracking: &Tracking,
    call: &Call<'_>,
    campaign: Option<CampaignId>,
    order_id: Option<String>,
    refused: &Refused,
) -> Result<Reply, StoreError> {
    let body = Answer {
        outcome: "rejected",
        duplicate: false,
        refund_id: None,
        conversion_id: None,
        commission: None,
        reason: Some(refused.code),
        reason_url: Some(tracking.base_url.join(&reason_book::path(refused.code.as_str()))),
        receipt_url: None,
        field: Some(refused.field),
        message: Some(refused.message.clone()),
    };
    let reply = Reply { status: refused.code.http_status(), body };
    let mut w = tracking.store.write().await?;
    attempts::insert(&mut w, &attempt(tracking, call, campaign, order_id, &reply)).await?;
    w.commit().await?;
    Ok(reply)
}

fn attempt(
    tracking: &Tracking,
    call: &Call<'_>,
    campaign_id: Option<CampaignId>,
    order_id: Option<String>,
    reply: &Reply,
) -> Attempt {
    Attempt {
        attempt_id: tracking.environment.new_id(AttemptId),
        campaign_id,
        endpoint: REFUNDS.to_owned(),
        method: call.method.to_owned(),
        query: request::without_secrets(call.query),
        body: request::body_without_customer(call.body),
        outcome: if reply.body.outcome == "rejected" { Outcome::Rejected } else { Outcome::Created },
        http_status: reply.status.into(),
        reason: reply.body.reason,
        message: reply.body.message.clone().unwrap_or_default(),
        conversion_id: reply.body.conversion_id,
        order_id: order_id.map(|id| id.chars().take(OrderId::LENGTH_MAX).collect()),
        member_id: None,
        replay_of: None,
    }
}
