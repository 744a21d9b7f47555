//! `POST /api/v1/conversions`: a report as JSON, with a key.

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::conversion::Report;
use super::request::KeyCampaign;
use super::{Tracking, request};
use crate::auth::address::ClientAddress;
use crate::domain::conversion::Badge;
use crate::domain::conversion_report::{Refused, ReportFields};
use crate::domain::ids::CampaignId;
use crate::domain::line::LineFields;
use crate::domain::reason::ReasonCode;
use crate::store::StoreError;
use crate::store::campaigns::Campaign;

/// The body: the fields of a report by their names. An unknown field is refused, so that a misspelt one is noticed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// May be left out: the key says it.
    campaign: Option<String>,
    event: Option<String>,
    order_id: Option<String>,
    amount: Option<String>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    click_id: Option<String>,
    coupon: Option<String>,
    customer_id: Option<String>,
    channel: Option<String>,
    occurred_at: Option<String>,
    test: Option<bool>,
    #[serde(default)]
    items: Vec<LineFields>,
}

/// The fields of a report in a JSON body.
pub(super) fn read(body: &[u8]) -> Result<ReportFields, Refused> {
    serde_json::from_slice::<Body>(body).map(Body::fields).map_err(|error| bad_body(&error))
}

fn bad_body(error: &serde_json::Error) -> Refused {
    let message = format!("The body cannot be read: {error}.");
    Refused { code: ReasonCode::BadField, field: "body", message }
}

impl Body {
    fn fields(self) -> ReportFields {
        ReportFields {
            event: self.event,
            order_id: self.order_id,
            amount: self.amount,
            amount_minor: self.amount_minor,
            currency: self.currency,
            click_id: self.click_id,
            coupon: self.coupon,
            customer_id: self.customer_id,
            channel: self.channel,
            occurred_at: self.occurred_at,
            test: self.test.map(|is_test| if is_test { "1" } else { "0" }.to_owned()),
            items: self.items,
        }
    }
}

pub async fn create(
    State(tracking): State<Tracking>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = request::key_campaign(&tracking, &headers, address.0).await;
    let recorded = async {
        let (sender, fields) = match serde_json::from_slice::<Body>(&body) {
            Ok(body) => (sender(&tracking, key?, body.campaign.as_deref()).await?, body.fields()),
            Err(error) => (Err(unreadable(key?, &error)), named(&body)),
        };
        let report = Report {
            endpoint: "api",
            method: "POST".to_owned(),
            query: String::new(),
            body: request::body_without_customer(&body),
            fields,
            cookie: Default::default(),
            by_hand: None,
        };
        request::record(&tracking, &report, sender).await
    };
    request::json(recorded.await)
}

/// What the log can say of a body that is no report: the order, so that whoever looks for it finds what became of it.
fn named(body: &[u8]) -> ReportFields {
    let order_id = serde_json::from_slice::<Value>(body).ok().and_then(|body| match &body["order_id"] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    ReportFields { order_id, ..ReportFields::default() }
}

/// A body that cannot be read; only somebody with a key learns why.
fn unreadable(key: Option<KeyCampaign>, error: &serde_json::Error) -> (Option<CampaignId>, Refused) {
    match key {
        Some(Ok(campaign)) => (Some(campaign), bad_body(error)),
        Some(Err(refused)) => refused,
        None => (None, Refused::new(ReasonCode::AuthMissing, "authorization")),
    }
}

type Sender = Result<(Campaign, Badge), (Option<CampaignId>, Refused)>;

async fn sender(tracking: &Tracking, key: Option<KeyCampaign>, named: Option<&str>) -> Result<Sender, StoreError> {
    let key = match key {
        Some(Ok(key)) => key,
        Some(Err(refused)) => return Ok(Err(refused)),
        None => return Ok(Err((None, Refused::new(ReasonCode::AuthMissing, "authorization")))),
    };
    let own = key.to_string();
    if named.is_some_and(|named| !named.eq_ignore_ascii_case(&own)) {
        return Ok(Err((Some(key), Refused::new(ReasonCode::AuthBadToken, "campaign"))));
    }
    let campaign = request::find_campaign(tracking, Some(&own)).await?;
    Ok(campaign.map(|campaign| (campaign, Badge::Key)).map_err(|refused| (Some(key), refused)))
}
