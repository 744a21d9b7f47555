//! Terms: immutable versions of a campaign's conditions, with their events and rules.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::click_pay::ClickPay;
use crate::domain::condition::{CustomerKind, When};
use crate::domain::ids::{CampaignId, MemberId};
use crate::domain::line::OnlyFor;
use crate::domain::money::Currency;
use crate::domain::policy::Policy;
use crate::domain::rule::{EventName, Rate, Rule};
use crate::domain::schedule;
use crate::domain::terms::{AttributionWindow, EventTerms, Fee, FeeBasis, Model, Terms};
use crate::domain::time::Timestamp;

#[derive(sqlx::FromRow)]
struct TermsRow {
    campaign_id: CampaignId,
    version: i64,
    starts_at_ms: Timestamp,
    currencies: String,
    window_ms: i64,
    model: Model,
    policy: Policy,
    binding_months: i64,
    validation_days: i64,
    hold_days: i64,
    click_minor: i64,
    click_currency: String,
    click_cap_minor: i64,
    fee_basis: FeeBasis,
    fee_bps: i64,
    too_fast_ms: i64,
    content: String,
}

#[derive(sqlx::FromRow)]
struct RuleRow {
    terms_version: i64,
    number: i64,
    event: String,
    rate: String,
    bps: i64,
    amount_minor: i64,
    currency: String,
    line_field: String,
    line_text: String,
    amount_from: Option<i64>,
    amount_below: Option<i64>,
    customer: String,
    coupon: String,
}

sql! {
    LIST = "select campaign_id, version, starts_at_ms, currencies, window_ms, model, policy, binding_months,
        validation_days, hold_days, fee_basis, fee_bps, too_fast_ms, content, click_minor, click_currency, click_cap_minor
        from terms where campaign_id = $1 and (version = $2 or $2 is null) order by version";
    EVENTS = "select terms_version, name, is_once_per_click from terms_events
        where campaign_id = $1 and (terms_version = $2 or $2 is null) order by terms_version, name";
    RULES = "select terms_version, number, event, rate, bps, amount_minor, currency, line_field,
        line_text, amount_from, amount_below, customer, coupon from terms_rules
        where campaign_id = $1 and (terms_version = $2 or $2 is null) order by terms_version, number";
    STARTS = "select version, starts_at_ms, window_ms from terms where campaign_id = $1 order by version desc";
    CLICK_MINOR = "select click_minor from terms where campaign_id = $1 and version = $2";
    INSERT = "insert into terms (campaign_id, version, starts_at_ms, currencies, window_ms, model, validation_days,
        hold_days, fee_basis, fee_bps, too_fast_ms, content, created_at_ms, created_by, policy, binding_months,
        click_minor, click_currency, click_cap_minor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    INSERT_EVENT = "insert into terms_events (campaign_id, terms_version, name, is_once_per_click)
        values ($1, $2, $3, $4)";
    INSERT_RULE = "insert into terms_rules (campaign_id, terms_version, number, event, rate, bps, amount_minor, currency,
        line_field, line_text, amount_from, amount_below, customer, coupon)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
}

/// Every version of a campaign's terms, oldest first.
pub async fn list(conn: &mut Conn, campaign: CampaignId) -> Result<Vec<Terms>, StoreError> {
    read(conn, campaign, None).await
}

/// One version.
pub async fn get(conn: &mut Conn, campaign: CampaignId, version: i64) -> Result<Terms, StoreError> {
    read(conn, campaign, Some(version)).await?.pop().ok_or(StoreError::NotFound)
}

/// The version that is in force at `at`.
pub async fn in_force(conn: &mut Conn, campaign: CampaignId, at: Timestamp) -> Result<Terms, StoreError> {
    schedule::in_force(&list(conn, campaign).await?, at).cloned().ok_or(StoreError::NotFound)
}

/// What a click needs to know of a version.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct TermsStart {
    pub version: i64,
    pub starts_at_ms: Timestamp,
    pub window_ms: i64,
}

/// All versions, newest first.
pub async fn starts(conn: &mut Conn, campaign: CampaignId) -> Result<Vec<TermsStart>, StoreError> {
    on_driver!(conn, |c| query_as(STARTS).bind(campaign).fetch_all(c).await)
}

/// Whether a version pays for clicks themselves; nothing where there is no such version.
pub async fn pays_clicks(conn: &mut Conn, campaign: CampaignId, version: i64) -> Result<Option<bool>, StoreError> {
    let minor: Option<i64> =
        on_driver!(conn, |c| query_scalar(CLICK_MINOR).bind(campaign).bind(version).fetch_optional(c).await)?;
    Ok(minor.map(|minor| minor > 0))
}

async fn read(conn: &mut Conn, campaign: CampaignId, version: Option<i64>) -> Result<Vec<Terms>, StoreError> {
    let heads: Vec<TermsRow> = on_driver!(conn, |c| query_as(LIST).bind(campaign).bind(version).fetch_all(c).await)?;
    let events: Vec<(i64, String, bool)> =
        on_driver!(conn, |c| query_as(EVENTS).bind(campaign).bind(version).fetch_all(c).await)?;
    let rules: Vec<RuleRow> = on_driver!(conn, |c| query_as(RULES).bind(campaign).bind(version).fetch_all(c).await)?;
    heads.into_iter().map(|head| assemble(head, &events, &rules)).collect()
}

fn corrupt(why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what: "terms", why: why.to_string() }
}

fn assemble(head: TermsRow, events: &[(i64, String, bool)], rules: &[RuleRow]) -> Result<Terms, StoreError> {
    let events = events.iter().filter(|(version, _, _)| *version == head.version).map(|(_, name, once)| {
        let name: EventName = name.parse().map_err(corrupt)?;
        Ok(EventTerms { name, is_once_per_click: *once })
    });
    let rules = rules.iter().filter(|rule| rule.terms_version == head.version).map(RuleRow::rule);
    let click = click(&head)?;
    Ok(Terms {
        campaign_id: head.campaign_id,
        version: head.version,
        starts_at: head.starts_at_ms,
        currencies: currencies(&head.currencies)?,
        window: AttributionWindow::from_ms(head.window_ms).map_err(corrupt)?,
        model: head.model,
        policy: head.policy,
        binding_months: head.binding_months,
        validation_days: head.validation_days,
        hold_days: head.hold_days,
        events: events.collect::<Result<_, StoreError>>()?,
        rules: rules.collect::<Result<_, StoreError>>()?,
        click,
        fee: Fee { basis: head.fee_basis, bps: head.fee_bps },
        too_fast_ms: head.too_fast_ms,
        text: head.content,
    })
}

fn click(head: &TermsRow) -> Result<Option<ClickPay>, StoreError> {
    if head.click_minor == 0 {
        return Ok(None);
    }
    let currency = head.click_currency.parse().map_err(corrupt)?;
    let cap_minor = Some(head.click_cap_minor).filter(|cap| *cap > 0);
    Ok(Some(ClickPay { minor: head.click_minor, currency, cap_minor }))
}

fn currencies(text: &str) -> Result<Vec<Currency>, StoreError> {
    text.split(',').map(|code| code.parse().map_err(corrupt)).collect()
}

impl RuleRow {
    fn rule(&self) -> Result<Rule, StoreError> {
        let rate = match self.rate.as_str() {
            "percent" => Rate::Percent { bps: self.bps },
            "fixed" => Rate::Fixed { minor: self.amount_minor },
            other => return Err(corrupt(other)),
        };
        let currency = (!self.currency.is_empty()).then(|| self.currency.parse().map_err(corrupt)).transpose()?;
        let only_for = match self.line_field.as_str() {
            "" => None,
            field => Some(OnlyFor { field: field.parse().map_err(corrupt)?, text: self.line_text.clone() }),
        };
        let (event, when) = (self.event.parse().map_err(corrupt)?, self.when()?);
        Ok(Rule { number: self.number, event, rate, currency, only_for, when })
    }

    fn when(&self) -> Result<When, StoreError> {
        let customer = (!self.customer.is_empty()).then(|| self.customer.parse().map_err(corrupt)).transpose()?;
        let coupon = Some(self.coupon.clone()).filter(|code| !code.is_empty());
        Ok(When { amount_from: self.amount_from, amount_below: self.amount_below, customer, coupon })
    }
}

/// Adds a version; the caller makes it the campaign's newest in the same transaction.
pub async fn insert(w: &mut Writer, terms: &Terms, by: MemberId, at: Timestamp) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let currencies = terms.currencies.iter().map(|currency| currency.code()).collect::<Vec<_>>().join(",");
    on_driver!(w, |c| query(INSERT)
        .bind(terms.campaign_id)
        .bind(terms.version)
        .bind(terms.starts_at)
        .bind(&currencies)
        .bind(terms.window.ms())
        .bind(terms.model)
        .bind(terms.validation_days)
        .bind(terms.hold_days)
        .bind(terms.fee.basis)
        .bind(terms.fee.bps)
        .bind(terms.too_fast_ms)
        .bind(&terms.text)
        .bind(at)
        .bind(by)
        .bind(terms.policy)
        .bind(terms.binding_months)
        .bind(terms.click.map_or(0, |click| click.minor))
        .bind(terms.click.map_or("", |click| click.currency.code()))
        .bind(terms.click.and_then(|click| click.cap_minor).unwrap_or(0))
        .execute(c)
        .await
        .map(drop))?;
    for event in &terms.events {
        insert_event(w, terms, event).await?;
    }
    for rule in &terms.rules {
        insert_rule(w, terms, rule).await?;
    }
    Ok(())
}

async fn insert_event(w: &mut Writer, terms: &Terms, event: &EventTerms) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT_EVENT)
        .bind(terms.campaign_id)
        .bind(terms.version)
        .bind(event.name.as_str())
        .bind(event.is_once_per_click)
        .execute(c)
        .await
        .map(drop))
}

async fn insert_rule(w: &mut Writer, terms: &Terms, rule: &Rule) -> Result<(), StoreError> {
    let (rate, bps, minor) = match rule.rate {
        Rate::Percent { bps } => ("percent", bps, 0),
        Rate::Fixed { minor } => ("fixed", 0, minor),
    };
    on_driver!(w, |c| query(INSERT_RULE)
        .bind(terms.campaign_id)
        .bind(terms.version)
        .bind(rule.number)
        .bind(rule.event.as_str())
        .bind(rate)
        .bind(bps)
        .bind(minor)
        .bind(rule.currency.map_or("", Currency::code))
        .bind(rule.only_for.as_ref().map_or("", |only_for| only_for.field.as_str()))
        .bind(rule.only_for.as_ref().map_or("", |only_for| only_for.text.as_str()))
        .bind(rule.when.amount_from)
        .bind(rule.when.amount_below)
        .bind(rule.when.customer.map_or("", CustomerKind::as_str))
        .bind(rule.when.coupon.as_deref().unwrap_or(""))
        .execute(c)
        .await
        .map(drop))
}
