//! Evidence, decisions and events of conversions: appended, never changed.

use serde::{Deserialize, Serialize};
use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::conversion::{Badge, ConversionState};
use crate::domain::decision::Decision;
use crate::domain::evidence::{Beside, Candidate, Evidence, Inputs, Unresolved};
use crate::domain::ids::{AttemptId, ConversionId, DecisionId, EventId, EvidenceId, MemberId};
use crate::domain::line::Line;
use crate::domain::money::Currency;
use crate::domain::review::{EventRecord, EventWorth, StepReason};
use crate::domain::time::Timestamp;

#[derive(sqlx::FromRow)]
struct EvidenceRow {
    evidence_id: EvidenceId,
    badge: Badge,
    received_at_ms: Timestamp,
    occurred_at_ms: Option<Timestamp>,
    currency: Option<Currency>,
    amount_minor: Option<i64>,
    is_test: bool,
    is_conflict: bool,
    channel: Option<String>,
    clicks: String,
}

/// The column `clicks`: what the click ids of a report led to, its coupon and customer, and the lines of its order.
#[derive(Serialize, Deserialize)]
struct Clicks {
    clicks: Vec<Candidate>,
    unresolved: Vec<Unresolved>,
    /// Not with the other flags, which are columns: it came later, and is rare.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_campaign_inactive: bool,
    #[serde(default, skip_serializing_if = "Beside::is_empty")]
    beside: Beside,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Line>,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    event_id: EventId,
    number: i64,
    from_state: Option<ConversionState>,
    to_state: ConversionState,
    member_id: Option<MemberId>,
    reason: StepReason,
    note: Option<String>,
    amount_before: Option<i64>,
    amount_after: Option<i64>,
    commission_before: Option<i64>,
    commission_after: Option<i64>,
    fee_before: Option<i64>,
    fee_after: Option<i64>,
}

sql! {
    LIST = "select evidence_id, badge, received_at_ms, occurred_at_ms, currency, amount_minor, is_test, is_conflict,
        channel, clicks from evidence where conversion_id = $1 order by evidence_id";
    INSERT = "insert into evidence (evidence_id, conversion_id, attempt_id, badge, received_at_ms, occurred_at_ms,
        currency, amount_minor, is_test, is_conflict, channel, coupon, customer_hash, clicks, content_hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    LATEST_DECISION = "select inputs, decision from decisions where conversion_id = $1
        order by decision_id desc limit 1";
    INSERT_DECISION = "insert into decisions (decision_id, conversion_id, function_version, inputs, decision)
        values ($1, $2, $3, $4, $5)";
    EVENTS = "select event_id, number, from_state, to_state, member_id, reason, note, amount_before, amount_after,
        commission_before, commission_after, fee_before, fee_after
        from conversion_events where conversion_id = $1 order by number";
    COUNT_EVENTS = "select count(*) as events from conversion_events where conversion_id = $1";
    INSERT_EVENT = "insert into conversion_events (event_id, conversion_id, number, from_state, to_state, member_id,
        reason, note, amount_before, amount_after, commission_before, commission_after, fee_before, fee_after)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
}

fn corrupt(what: &'static str) -> impl Fn(serde_json::Error) -> StoreError {
    move |error| StoreError::Corrupt { what, why: error.to_string() }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("the rules' types can be written as JSON")
}

/// Every report of a conversion, in the order of arrival.
pub async fn list(conn: &mut Conn, conversion: ConversionId) -> Result<Vec<Evidence>, StoreError> {
    let rows: Vec<EvidenceRow> = on_driver!(conn, |c| query_as(LIST).bind(conversion).fetch_all(c).await)?;
    rows.into_iter().map(EvidenceRow::evidence).collect()
}

impl EvidenceRow {
    fn evidence(self) -> Result<Evidence, StoreError> {
        let clicks: Clicks = serde_json::from_str(&self.clicks).map_err(corrupt("evidence"))?;
        Ok(Evidence {
            evidence_id: self.evidence_id,
            badge: self.badge,
            received_at: self.received_at_ms,
            occurred_at: self.occurred_at_ms,
            amount_minor: self.amount_minor,
            currency: self.currency,
            is_test: self.is_test,
            channel: self.channel,
            is_conflict: self.is_conflict,
            is_campaign_inactive: clicks.is_campaign_inactive,
            clicks: clicks.clicks,
            unresolved: clicks.unresolved,
            beside: clicks.beside,
            lines: clicks.lines,
        })
    }
}

/// What is stored beside the evidence itself.
pub struct Origin<'a> {
    pub attempt_id: AttemptId,
    pub coupon: Option<&'a str>,
    pub customer_hash: Option<[u8; 32]>,
    pub content_hash: [u8; 32],
}

pub async fn insert(
    w: &mut Writer,
    conversion: ConversionId,
    evidence: &Evidence,
    origin: &Origin<'_>,
) -> Result<(), StoreError> {
    let clicks = Clicks {
        clicks: evidence.clicks.clone(),
        unresolved: evidence.unresolved.clone(),
        is_campaign_inactive: evidence.is_campaign_inactive,
        beside: evidence.beside.clone(),
        lines: evidence.lines.clone(),
    };
    let clicks = json(&clicks);
    on_driver!(w, |c| query(INSERT)
        .bind(evidence.evidence_id)
        .bind(conversion)
        .bind(origin.attempt_id)
        .bind(evidence.badge)
        .bind(evidence.received_at)
        .bind(evidence.occurred_at)
        .bind(evidence.currency)
        .bind(evidence.amount_minor)
        .bind(evidence.is_test)
        .bind(evidence.is_conflict)
        .bind(evidence.channel.as_deref())
        .bind(origin.coupon)
        .bind(origin.customer_hash.as_ref().map(|hash| &hash[..]))
        .bind(&clicks)
        .bind(&origin.content_hash[..])
        .execute(c)
        .await
        .map(drop))
}

/// The newest decision about a conversion, with the inputs that it was made from.
pub async fn latest_decision(
    conn: &mut Conn,
    conversion: ConversionId,
) -> Result<Option<(Inputs, Decision)>, StoreError> {
    let row: Option<(String, String)> =
        on_driver!(conn, |c| query_as(LATEST_DECISION).bind(conversion).fetch_optional(c).await)?;
    let Some((inputs, decision)) = row else { return Ok(None) };
    let inputs = serde_json::from_str(&inputs).map_err(corrupt("decision's inputs"))?;
    Ok(Some((inputs, serde_json::from_str(&decision).map_err(corrupt("decision"))?)))
}

pub async fn insert_decision(
    w: &mut Writer,
    id: DecisionId,
    conversion: ConversionId,
    inputs: &Inputs,
    decision: &Decision,
) -> Result<(), StoreError> {
    let (inputs, text) = (json(inputs), json(decision));
    on_driver!(w, |c| query(INSERT_DECISION)
        .bind(id)
        .bind(conversion)
        .bind(decision.function_version)
        .bind(&inputs)
        .bind(&text)
        .execute(c)
        .await
        .map(drop))
}

/// The steps in the life of a conversion, the first one first.
pub async fn events(conn: &mut Conn, conversion: ConversionId) -> Result<Vec<(EventId, EventRecord)>, StoreError> {
    let rows: Vec<EventRow> = on_driver!(conn, |c| query_as(EVENTS).bind(conversion).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|row| (row.event_id, row.record())).collect())
}

fn worth(commission_minor: Option<i64>, fee_minor: Option<i64>) -> Option<EventWorth> {
    Some(EventWorth { commission_minor: commission_minor?, fee_minor: fee_minor? })
}

impl EventRow {
    fn record(self) -> EventRecord {
        EventRecord {
            number: self.number,
            from: self.from_state,
            to: self.to_state,
            actor: self.member_id,
            reason: self.reason,
            note: self.note,
            amount_before_minor: self.amount_before,
            amount_after_minor: self.amount_after,
            worth_before: worth(self.commission_before, self.fee_before),
            worth_after: worth(self.commission_after, self.fee_after),
            at: self.event_id.time(),
        }
    }
}

/// How many steps a conversion has taken: the next one's number is one more.
pub async fn count_events(conn: &mut Conn, conversion: ConversionId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_EVENTS).bind(conversion).fetch_one(c).await)
}

/// # Errors
/// `conversion_events_conversion_id_number_key`: somebody else took this step.
pub async fn insert_event(
    w: &mut Writer,
    id: EventId,
    conversion: ConversionId,
    event: &EventRecord,
) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT_EVENT)
        .bind(id)
        .bind(conversion)
        .bind(event.number)
        .bind(event.from)
        .bind(event.to)
        .bind(event.actor)
        .bind(event.reason)
        .bind(event.note.as_deref())
        .bind(event.amount_before_minor)
        .bind(event.amount_after_minor)
        .bind(event.worth_before.map(|worth| worth.commission_minor))
        .bind(event.worth_after.map(|worth| worth.commission_minor))
        .bind(event.worth_before.map(|worth| worth.fee_minor))
        .bind(event.worth_after.map(|worth| worth.fee_minor))
        .execute(c)
        .await
        .map(drop))
}
