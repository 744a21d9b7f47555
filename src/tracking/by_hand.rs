//! Reports that a member of the advertiser sends from the pages: a test, a stored request once more, the rows of a file. The one door
//! through which pages come into `tracking`; behind it is the same `conversion::record` as for everybody.
//!
//! The caller has made sure that the member may act for the campaign's advertiser, and so the report is vouched for as
//! one with a key is. What a stranger's pixel already made keeps its rank: pressing a button must not raise it.

use url::form_urlencoded;

pub use super::conversion::Reply;
use super::conversion::{self, ByHand, Context, Report};
use super::{api, request};
use crate::domain::conversion::Badge;
use crate::domain::conversion_report::{Refused, ReportFields};
use crate::domain::environment::Environment;
use crate::domain::ids::MemberId;
use crate::domain::secret::SecretKey;
use crate::domain::site::BaseUrl;
use crate::store::attempts::Attempt;
use crate::store::campaigns::Campaign;
use crate::store::{Store, StoreError, conversions};

/// A way in of its own in the request log.
const REPLAY: &str = "replay";
const TEST: &str = "test";
const UPLOAD: &str = "upload";
/// Requests that take something back: no report of a sale.
pub const REFUNDS: &str = "refunds";

/// Who sends, for which campaign, and what recording needs of the network.
#[derive(Clone, Copy)]
pub struct Hand<'a> {
    pub store: &'a Store,
    pub environment: &'a Environment,
    pub secret_key: &'a SecretKey,
    pub base_url: &'a BaseUrl,
    pub member_id: MemberId,
    pub campaign: &'a Campaign,
}

/// Whether a request can be sent again: what a program sent can; what was sent by hand leads to its own original.
pub fn can_be_replayed(attempt: &Attempt) -> bool {
    attempt.member_id.is_none() && attempt.campaign_id.is_some() && attempt.endpoint != REFUNDS
}

impl Hand<'_> {
    /// Records an order that is worth nothing and in no report.
    pub async fn test(&self, fields: ReportFields) -> Result<Reply, StoreError> {
        let fields = ReportFields { test: Some("1".to_owned()), ..fields };
        let report = Report {
            endpoint: TEST,
            method: "POST".to_owned(),
            query: query_of(&fields),
            body: String::new(),
            fields,
            cookie: Default::default(),
            by_hand: Some(ByHand { member_id: self.member_id, replay_of: None }),
        };
        self.record(&report, Badge::Key).await
    }

    /// Records a stored request of the campaign again, under the rules of now.
    ///
    /// One that was refused happened when it first came in, unless it says otherwise: the customer bought then, and the
    /// click's window is counted from there. Sent twice, it answers its duplicate.
    pub async fn replay(&self, attempt: &Attempt) -> Result<Reply, StoreError> {
        let read = read(attempt);
        let report = Report {
            endpoint: REPLAY,
            method: attempt.method.clone(),
            query: attempt.query.clone(),
            body: attempt.body.clone(),
            fields: read.as_ref().map_or_else(|_| ReportFields::default(), Clone::clone),
            cookie: Default::default(),
            by_hand: Some(ByHand { member_id: self.member_id, replay_of: Some(attempt.attempt_id) }),
        };
        if let Err(refused) = read {
            let campaign = Some(self.campaign.campaign_id);
            return conversion::refuse(self.store, self.environment, self.base_url, &report, campaign, &refused).await;
        }
        let report =
            if self.is_new(attempt, &report.fields).await? { happened_at_first(report, attempt) } else { report };
        let badge = self.badge(attempt).await?;
        self.record(&report, badge).await
    }

    /// As with a key, but for what a stranger's pixel or a token already made: that keeps its rank.
    async fn badge(&self, attempt: &Attempt) -> Result<Badge, StoreError> {
        let Some(id) = attempt.conversion_id else { return Ok(Badge::Key) };
        if attempt.endpoint == "pixel" {
            return Ok(Badge::Unverified);
        }
        let known = conversions::get(&mut self.store.read().await?, id).await?.badge;
        Ok(if known == Badge::Token { Badge::Token } else { Badge::Key })
    }

    /// What rows of a file would become, recorded one after the other; nothing is stored.
    pub async fn rehearse(&self, rows: impl Iterator<Item = ReportFields>) -> Result<Vec<Reply>, StoreError> {
        let rows: Vec<_> = rows.map(|fields| self.row(fields)).collect();
        let mut tries = 0;
        loop {
            tries += 1;
            match conversion::rehearse(&self.context(), &rows, self.campaign, Badge::Key).await {
                Err(StoreError::Unavailable(_)) if tries < request::TRIES_MAX => {}
                other => return other,
            }
        }
    }

    /// Records a row of a file.
    pub async fn upload(&self, fields: ReportFields) -> Result<Reply, StoreError> {
        self.record(&self.row(fields), Badge::Key).await
    }

    fn row(&self, fields: ReportFields) -> Report {
        Report {
            endpoint: UPLOAD,
            method: "POST".to_owned(),
            query: query_of(&fields),
            body: String::new(),
            fields,
            cookie: Default::default(),
            by_hand: Some(ByHand { member_id: self.member_id, replay_of: None }),
        }
    }

    /// Whether nothing is known of the order yet.
    async fn is_new(&self, attempt: &Attempt, fields: &ReportFields) -> Result<bool, StoreError> {
        if attempt.conversion_id.is_some() {
            return Ok(false);
        }
        let Some(order) = fields.order_id.as_deref() else { return Ok(true) };
        let event = fields.event.as_deref().unwrap_or("sale");
        let mut conn = self.store.read().await?;
        let known = conversions::find_by_order(&mut conn, self.campaign.campaign_id, event, order).await?;
        Ok(known.is_none())
    }

    fn context(&self) -> Context<'_> {
        Context {
            store: self.store,
            environment: self.environment,
            secret_key: self.secret_key,
            base_url: self.base_url,
            // What is not vouched for is an order that is known already, and needs no place.
            unverified_per_day_max: 0,
        }
    }

    /// Records it, again where another process was in the way.
    async fn record(&self, report: &Report, badge: Badge) -> Result<Reply, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match conversion::record(&self.context(), report, self.campaign, badge).await {
                Err(StoreError::Unavailable(_)) if tries < request::TRIES_MAX => {}
                other => return other,
            }
        }
    }
}

/// The fields of a stored request, read as its own end point read them.
fn read(attempt: &Attempt) -> Result<ReportFields, Refused> {
    if attempt.endpoint == "api" {
        return api::read(attempt.body.as_bytes());
    }
    request::parameters(&attempt.query).map(|pairs| request::fields(&pairs))
}

fn happened_at_first(report: Report, attempt: &Attempt) -> Report {
    let said = report.fields.occurred_at.clone();
    let occurred_at = said.or_else(|| Some(attempt.attempt_id.time().to_string()));
    Report { fields: ReportFields { occurred_at, ..report.fields }, ..report }
}

/// The fields as a query, for the log.
fn query_of(fields: &ReportFields) -> String {
    let named = [
        ("event", &fields.event),
        ("order_id", &fields.order_id),
        ("amount", &fields.amount),
        ("currency", &fields.currency),
        ("click_id", &fields.click_id),
        ("coupon", &fields.coupon),
        ("channel", &fields.channel),
        ("occurred_at", &fields.occurred_at),
        ("test", &fields.test),
    ];
    let pairs = named.into_iter().filter_map(|(name, value)| value.as_deref().map(|value| (name, value)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
