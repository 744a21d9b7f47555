//! The decision about a conversion: whose it is and what it is worth. Stored with its inputs, so that a receipt and
//! `verify` can decide again and compare (domain.md sections 3 to 6).

use serde::{Deserialize, Serialize};

use super::attribution::{Credit, attribute};
use super::click_pay;
use super::commission::{Order, Priced, PricedLine, price};
use super::condition::OrderFacts;
use super::conversion::{Badge, ConversionState};
use super::evidence::{Amount, Candidate, Inputs, Own, Undecidable, version};
use super::ids::{AdvertiserId, ClickId, CouponId, CreativeId, LinkId, PublisherId};
use super::ledger::Worth;
use super::line::Line;
use super::money::Currency;
use super::reason::{Outcome, ReasonCode};
use super::refund::{Remaining, remaining};
use super::terms::Terms;
use super::time::Timestamp;
use super::trace::TraceLine;

/// Raised whenever `decide` would answer differently for stored inputs.
pub const FUNCTION_VERSION: i64 = 1;

/// What was decided about one conversion. Money in minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Pending or unattributed.
    pub state: ConversionState,
    pub publisher_id: Option<PublisherId>,
    pub link_id: Option<LinkId>,
    pub creative_id: Option<CreativeId>,
    pub click_id: Option<ClickId>,
    /// Where a coupon, and no click, is credited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<CouponId>,
    pub terms_version: i64,
    pub rule_number: Option<i64>,
    pub converted_at: Timestamp,
    /// The lowest rank on which amount and attribution rest.
    pub badge: Badge,
    pub amount_minor: Option<i64>,
    pub currency: Currency,
    pub commission_minor: i64,
    /// The order's lines, each with its part of the commission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<PricedLine>,
    pub fee_minor: i64,
    /// Stops approval by itself.
    pub held_reason: Option<ReasonCode>,
    /// Worth nothing, in no report.
    pub is_test: bool,
    /// The code of the answer: why it belongs to nobody, or that it is a test, or the hold.
    pub reason: Option<ReasonCode>,
    pub trace: Vec<TraceLine>,
    pub function_version: i64,
}

impl Decision {
    /// Created or unattributed: a report that is rejected never gets here.
    pub fn outcome(&self) -> Outcome {
        self.reason.map_or(Outcome::Created, ReasonCode::outcome)
    }

    /// What the ledger gets for it; nothing while it belongs to nobody.
    pub fn worth(&self, advertiser_id: AdvertiserId) -> Option<Worth> {
        let (currency, commission_minor, fee_minor) = (self.currency, self.commission_minor, self.fee_minor);
        self.publisher_id.map(|publisher_id| Worth {
            advertiser_id,
            publisher_id,
            currency,
            commission_minor,
            fee_minor,
        })
    }
}

/// Decides about one conversion from everything that was reported about it; independent of the order of its inputs.
///
/// # Errors
/// When the stored inputs are damaged: no report, or a version of the terms is missing.
pub fn decide(inputs: &Inputs, terms: &[Terms]) -> Result<Decision, Undecidable> {
    if let Some(Own::Clicks(day)) = &inputs.own {
        return click_pay::decide_day(day, terms);
    }
    let credit = attribute(inputs, terms)?;
    let terms = version(terms, credit.terms_version)?;
    let amount = amount(inputs, terms);
    let currency = currency(inputs, terms, amount);
    let is_test = inputs.is_test();
    let is_credited = credit.publisher_id.is_some();
    let left = left_of(inputs, amount, currency);
    let reported = amount.map(|amount| amount.minor);
    let priced = worth(price_left(inputs, terms, (reported, left.as_ref()), currency), is_credited, is_test);
    let held_reason = if is_test { None } else { hold(inputs, terms, &credit) };
    let test = is_test.then_some(ReasonCode::TestMode);
    Ok(Decision {
        state: if is_credited { ConversionState::Pending } else { ConversionState::Unattributed },
        publisher_id: credit.publisher_id,
        link_id: credit.link_id,
        creative_id: credit.creative_id,
        click_id: credit.click_id,
        coupon_id: credit.coupon_id,
        terms_version: credit.terms_version,
        rule_number: priced.rule_number,
        converted_at: credit.converted_at,
        badge: amount.map_or(credit.badge, |amount| credit.badge.weaker(amount.badge)),
        amount_minor: left.map(|left| left.minor),
        currency,
        commission_minor: priced.commission_minor,
        lines: priced.lines,
        fee_minor: priced.fee_minor,
        held_reason,
        is_test,
        reason: credit.reason.or(test).or(held_reason),
        trace: credit.trace,
        function_version: FUNCTION_VERSION,
    })
}

/// What is priced: what is left of the reported amount, with whatever else a rule may ask of the order.
fn order<'i>(
    inputs: &'i Inputs,
    (reported, left): (Option<i64>, Option<i64>),
    currency: Currency,
    lines: &'i [Line],
) -> Order<'i> {
    let (customer, coupon) = (inputs.customer_kind(), inputs.coupon_code());
    let facts = OrderFacts { amount_minor: reported, customer, coupon };
    Order { event: inputs.event.as_str(), amount_minor: left, currency, lines, facts }
}

/// What was reported, before anything of it was taken back: the amount that counts, in its currency, with its lines.
pub fn reported<'i>(inputs: &'i Inputs, terms: &Terms) -> Option<(i64, Currency, &'i [Line])> {
    let amount = amount(inputs, terms)?;
    Some((amount.minor, currency(inputs, terms, Some(amount)), inputs.lines(&amount)))
}

/// What is left of the amount that counts, and of its lines.
fn left_of(inputs: &Inputs, amount: Option<Amount>, currency: Currency) -> Option<Remaining> {
    amount.map(|amount| remaining(amount.minor, inputs.lines(&amount), currency, &inputs.refunds))
}

/// An order of which nothing is left earns nothing, not even a fixed amount.
fn price_left(
    inputs: &Inputs,
    terms: &Terms,
    (reported, left): (Option<i64>, Option<&Remaining>),
    currency: Currency,
) -> Priced {
    let lines = left.map_or(&[][..], |left| left.lines.as_slice());
    if left.is_some_and(Remaining::is_nothing) {
        return Priced::nothing(lines);
    }
    price(terms, &order(inputs, (reported, left.map(|left| left.minor)), currency, lines))
}

/// The amount that counts. One from a lower rank than the highest counts only where there is no commission without it:
/// a stranger's pixel must not weaken a signed lead.
fn amount(inputs: &Inputs, terms: &Terms) -> Option<Amount> {
    let amount = inputs.amount()?;
    let is_top = inputs.top_badge() == Some(amount.badge);
    let alone = price(terms, &order(inputs, (None, None), currency(inputs, terms, None), &[]));
    if is_top || alone.commission_minor == 0 { Some(amount) } else { None }
}

/// The amount's currency; without an amount what the highest rank names, else the first of the terms.
fn currency(inputs: &Inputs, terms: &Terms, amount: Option<Amount>) -> Currency {
    let named = match amount {
        Some(amount) => amount.currency,
        None => inputs.top().filter_map(|evidence| evidence.currency).next(),
    };
    named.unwrap_or_else(|| terms.first_currency())
}

/// A test, and what belongs to nobody, is worth nothing; a test still shows the rule that it would have had.
fn worth(priced: Priced, is_credited: bool, is_test: bool) -> Priced {
    if is_credited && !is_test {
        return priced;
    }
    let shown = |rule: Option<i64>| rule.filter(|_| is_credited);
    let lines = priced.lines.into_iter();
    let lines = lines.map(|line| PricedLine { rule_number: shown(line.rule_number), commission_minor: 0, ..line });
    Priced { rule_number: shown(priced.rule_number), commission_minor: 0, fee_minor: 0, lines: lines.collect() }
}

/// Why a conversion is not approved by itself: the publisher's own purchase before the credited click's label, and that
/// before the speed. Without a click there is neither label nor speed.
fn hold(inputs: &Inputs, terms: &Terms, credit: &Credit) -> Option<ReasonCode> {
    if credit.publisher_id.is_some_and(|publisher| inputs.is_customer_of(publisher, credit.badge)) {
        return Some(ReasonCode::SelfReferral);
    }
    let click_id = credit.click_id?;
    let clicks = inputs.counted().flat_map(|evidence| &evidence.clicks);
    let credited: Vec<&Candidate> = clicks.filter(|click| click.click_id == click_id).collect();
    let mut doubtful = credited.iter().filter(|click| click.label == "invalid").peekable();
    let is_doubtful = doubtful.peek().is_some();
    if doubtful.any(|click| click.reason.as_deref() == Some(ReasonCode::Flood.as_str())) {
        return Some(ReasonCode::Flood);
    }
    // Made again from its token in every report: it may have been one of a flood, and nobody can know.
    if is_doubtful || credited.iter().all(|click| click.is_recreated) {
        return Some(ReasonCode::FraudRule);
    }
    let age_ms = credit.converted_at.since(click_id.time());
    (age_ms < terms.too_fast_ms).then_some(ReasonCode::TooFast)
}
