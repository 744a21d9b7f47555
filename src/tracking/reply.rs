//! The answer to a report: its status, its body, and when to come again.

use serde::Serialize;

use super::conversion::Context;
use crate::domain::conversion::ConversionState;
use crate::domain::conversion_report::Refused;
use crate::domain::evidence::Arrival;
use crate::domain::ids::ConversionId;
use crate::domain::reason::{Outcome, ReasonCode};
use crate::domain::reason_book;
use crate::domain::site::BaseUrl;
use crate::domain::time::{DAY_MS, SECOND_MS, Timestamp};
use crate::store::conversions::Conversion;

/// The status of a report beyond the quota.
const TOO_MANY_REQUESTS: u16 = 429;

/// The answer's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyBody {
    pub outcome: Outcome,
    pub duplicate: bool,
    pub upgraded: bool,
    pub conversion_id: Option<ConversionId>,
    pub reason: Option<ReasonCode>,
    /// The page that says what the reason means and what to do.
    pub reason_url: Option<String>,
    pub receipt_url: Option<String>,
    /// Which field a refusal is about, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl ReplyBody {
    /// Whether the report is kept as one of a conversion.
    pub fn is_taken(&self) -> bool {
        self.outcome != Outcome::Rejected
    }

    /// What became of it, for the person who sent it by hand.
    pub fn sentence(&self) -> String {
        match (&self.message, self.reason) {
            (Some(message), _) => message.clone(),
            (None, Some(reason)) => reason.sentence().to_owned(),
            (None, None) if self.upgraded => "The order was known, and this report took over.".to_owned(),
            (None, None) if self.duplicate => "The order was known already: this is what stands.".to_owned(),
            (None, None) => "The conversion is recorded.".to_owned(),
        }
    }
}

/// An answer with its HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: ReplyBody,
    /// When it may be sent again with success.
    pub retry_after_seconds: Option<i64>,
}

fn page_of(base_url: &BaseUrl, reason: ReasonCode) -> String {
    base_url.join(&reason_book::path(reason.as_str()))
}

impl Reply {
    pub(super) fn refusal(base_url: &BaseUrl, refused: &Refused) -> Self {
        let body = ReplyBody {
            outcome: refused.code.outcome(),
            duplicate: false,
            upgraded: false,
            conversion_id: None,
            reason: Some(refused.code),
            reason_url: Some(page_of(base_url, refused.code)),
            receipt_url: None,
            field: Some(refused.field),
            message: Some(format!("{} {}", refused.message, refused.code.remedy())),
        };
        Self { status: refused.code.http_status(), body, retry_after_seconds: None }
    }

    /// What stands now; a repeat is 200 whatever the first answer's status was.
    pub(super) fn standing(context: &Context<'_>, conversion: &Conversion, arrival: Arrival) -> Self {
        let is_repeat = arrival != Arrival::First;
        let outcome = match conversion.state {
            ConversionState::Unattributed => Outcome::Unattributed,
            _ => Outcome::Created,
        };
        let reason: Option<ReasonCode> = conversion.told_reason().and_then(|reason| reason.parse().ok());
        let first_status = if outcome == Outcome::Unattributed { 202 } else { 201 };
        let path = format!("/receipts/{}", conversion.conversion_id);
        let body = ReplyBody {
            outcome,
            duplicate: is_repeat,
            upgraded: arrival == Arrival::Upgrade,
            conversion_id: Some(conversion.conversion_id),
            reason,
            reason_url: reason.map(|reason| page_of(context.base_url, reason)),
            receipt_url: Some(context.base_url.join(&path)),
            field: None,
            message: None,
        };
        Self { status: if is_repeat { 200 } else { first_status }, body, retry_after_seconds: None }
    }

    /// The same order with another amount: stored, and nothing changes.
    pub(super) fn conflict(context: &Context<'_>, conversion: &Conversion) -> Self {
        let mut reply = Self::standing(context, conversion, Arrival::Conflict);
        reply.status = ReasonCode::OrderConflict.http_status();
        reply.body.outcome = Outcome::Rejected;
        reply.body.duplicate = false;
        reply.body.reason = Some(ReasonCode::OrderConflict);
        reply.body.reason_url = Some(page_of(context.base_url, ReasonCode::OrderConflict));
        reply.body.message = Some(ReasonCode::OrderConflict.sentence().to_owned());
        reply
    }

    /// A further report that anybody can send, of an order of which enough of them were stored: what stands, and why this
    /// one adds nothing to it.
    pub(super) fn beyond_order(context: &Context<'_>, conversion: &Conversion) -> Self {
        let mut reply = Self::standing(context, conversion, Arrival::Lower);
        reply.status = TOO_MANY_REQUESTS;
        reply.body.outcome = Outcome::Rejected;
        reply.body.duplicate = false;
        let message = "This order has been reported too often by reports that are not verified: one more is not looked \
             at. Sign the report, or send it with a key.";
        reply.body.message = Some(message.to_owned());
        reply
    }

    /// A new order by a report that anybody can send, when the campaign's day has had enough of them.
    pub(super) fn beyond_quota(context: &Context<'_>, now: Timestamp) -> Self {
        let most = context.unverified_per_day_max;
        let message = format!(
            "The campaign takes {most} new orders a day (UTC) from reports that are not verified, and has had them. \
             Sign the report, send it with a key, or send it again tomorrow."
        );
        let body = ReplyBody {
            outcome: Outcome::Rejected,
            duplicate: false,
            upgraded: false,
            conversion_id: None,
            reason: None,
            reason_url: None,
            receipt_url: None,
            field: None,
            message: Some(message),
        };
        let left_ms = (now.utc_day() + 1) * DAY_MS - now.0;
        let retry_after_seconds = Some((left_ms + SECOND_MS - 1) / SECOND_MS);
        Self { status: TOO_MANY_REQUESTS, body, retry_after_seconds }
    }
}
