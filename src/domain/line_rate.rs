//! Other rates for some sales, as an advertiser enters them: for some lines of an order, or where the order is of some
//! kind. Texts in, rules out, and back.

use serde::{Deserialize, Serialize};

use super::campaign_draft::{CampaignDraft, DraftRefused, refuse};
use super::campaign_rates::{RateUnit, entered, parse_rate, rule};
use super::condition::{CustomerKind, When};
use super::coupon::CouponCode;
use super::line::{LINE_TEXT_MAX_BYTES, LineField, OnlyFor, is_line_text};
use super::money::Currency;
use super::rule::{EventName, Rule};
use super::terms::Terms;

/// One of them. What is empty asks for nothing; all that is not must hold together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineRate {
    /// `category` or `sku`: what `text` is.
    pub field: String,
    pub text: String,
    /// 0 pays nothing for these sales.
    pub rate: String,
    pub unit: String,
    /// Of the order, in the campaign's currency; itself included.
    pub amount_from: String,
    /// Itself not included.
    pub amount_below: String,
    /// `new`, `returning`, or empty.
    pub customer: String,
    pub coupon: String,
}

impl Default for LineRate {
    fn default() -> Self {
        Self {
            field: LineField::Category.to_string(),
            text: String::new(),
            rate: String::new(),
            unit: RateUnit::Percent.to_string(),
            amount_from: String::new(),
            amount_below: String::new(),
            customer: String::new(),
            coupon: String::new(),
        }
    }
}

impl LineRate {
    /// Nothing was entered: the row counts as not there.
    fn is_blank(&self) -> bool {
        let texts = [&self.text, &self.rate, &self.amount_from, &self.amount_below, &self.customer, &self.coupon];
        texts.iter().all(|text| text.trim().is_empty())
    }

    /// What the row says so far, as a sentence with an example; nothing while it cannot be.
    pub fn told(&self, currency: Currency) -> Option<(String, String)> {
        if self.is_blank() {
            return None;
        }
        let rule = self.read(0, currency).ok()?;
        Some((rule.sentence(currency), rule.example(currency)))
    }

    fn read(&self, place: usize, currency: Currency) -> Result<Rule, DraftRefused> {
        let named = |field| format!("line_rates.{place}.{field}");
        let (only_for, when) = (self.read_only_for(&named)?, self.read_when(&named, currency)?);
        if only_for.is_none() && when.is_any() {
            return refuse(
                named("text"),
                "Say for which sales: a category, an SKU, an amount, a customer or a coupon.",
            );
        }
        let Some(rate) = parse_rate(&named("rate"), &self.rate, &self.unit, currency)? else {
            return refuse(named("rate"), "Enter what these sales pay; 0 for nothing.");
        };
        Ok(rule(EventName::sale(), rate, currency, only_for, when))
    }

    fn read_only_for(&self, named: &impl Fn(&'static str) -> String) -> Result<Option<OnlyFor>, DraftRefused> {
        let Ok(field) = self.field.parse() else {
            return refuse(named("field"), "Choose category or SKU.");
        };
        let text = self.text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if !is_line_text(text) {
            let message = format!("Enter 1 to {LINE_TEXT_MAX_BYTES} bytes, as your reports send them.");
            return refuse(named("text"), message);
        }
        Ok(Some(OnlyFor { field, text: text.to_owned() }))
    }

    fn read_when(&self, named: &impl Fn(&'static str) -> String, currency: Currency) -> Result<When, DraftRefused> {
        let amount_from = read_bound(named("amount_from"), &self.amount_from, currency)?;
        let amount_below = read_bound(named("amount_below"), &self.amount_below, currency)?;
        if amount_from.zip(amount_below).is_some_and(|(from, below)| from >= below) {
            return refuse(named("amount_below"), "Enter more than the amount from which the rate is.");
        }
        let customer = match self.customer.as_str() {
            "" => None,
            text => match text.parse::<CustomerKind>() {
                Ok(kind) => Some(kind),
                Err(_) => return refuse(named("customer"), "Choose any, new or returning."),
            },
        };
        let coupon = match self.coupon.trim() {
            "" => None,
            text => match CouponCode::parse(text) {
                Ok(code) => Some(code.as_str().to_owned()),
                Err(_) => return refuse(named("coupon"), "Enter a coupon's code, without spaces."),
            },
        };
        Ok(When { amount_from, amount_below, customer, coupon })
    }

    fn of(terms: &Terms, rule: &Rule) -> Self {
        let (rate, unit) = entered(terms, rule);
        let (field, text) = match &rule.only_for {
            Some(only_for) => (only_for.field.to_string(), only_for.text.clone()),
            None => (LineField::Category.to_string(), String::new()),
        };
        let amount = |minor: Option<i64>| minor.map_or(String::new(), |minor| terms.first_currency().decimal(minor));
        Self {
            field,
            text,
            rate,
            unit: unit.to_string(),
            amount_from: amount(rule.when.amount_from),
            amount_below: amount(rule.when.amount_below),
            customer: rule.when.customer.map_or("", CustomerKind::as_str).to_owned(),
            coupon: rule.when.coupon.clone().unwrap_or_default(),
        }
    }
}

/// An amount of an order, in minor units; nothing where nothing is entered.
fn read_bound(field: String, text: &str, currency: Currency) -> Result<Option<i64>, DraftRefused> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match currency.parse_amount(text) {
        Ok(minor) if minor > 0 => Ok(Some(minor)),
        _ => refuse(
            field,
            format!("Enter an amount above 0 such as {}.", currency.decimal(50 * 10_i64.pow(currency.digits()))),
        ),
    }
}

impl CampaignDraft {
    pub(super) fn read_line_rates(&self, currency: Currency) -> Result<Vec<Rule>, DraftRefused> {
        let mut rules: Vec<Rule> = Vec::new();
        for (place, entered) in self.line_rates.iter().enumerate().filter(|(_, entered)| !entered.is_blank()) {
            let new = entered.read(place, currency)?;
            if rules.iter().any(|rule| (&rule.only_for, &rule.when) == (&new.only_for, &new.when)) {
                return refuse(format!("line_rates.{place}.text"), "Another rate is for the same sales.");
            }
            rules.push(new);
        }
        Ok(rules)
    }
}

/// The rates of the terms for some sales, in their order.
pub(super) fn entered_line_rates(terms: &Terms) -> Vec<LineRate> {
    let is_special = |rule: &&Rule| rule.event == EventName::sale() && !(rule.is_for_orders() && rule.when.is_any());
    terms.rules.iter().filter(is_special).map(|rule| LineRate::of(terms, rule)).collect()
}
