//! Rules of commission: a rate for an event, read from the top, the first match wins (domain.md section 5).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::condition::{OrderFacts, When};
use super::line::{Line, OnlyFor};
use super::money::{Currency, Money, share};

/// All of an amount, in basis points.
pub const WHOLE_BPS: i64 = 10_000;
/// No single amount of minor units is larger.
pub const AMOUNT_MAX_MINOR: i64 = 1_000_000_000_000_000;
/// No fixed rate is larger; and from here on an order is a large one.
pub const LARGE_AMOUNT_MINOR: i64 = 1_000_000_000_000;
/// What the large orders of one campaign sum up to at most: totals are kept in 64 bits, which hold ninety such campaigns.
pub const LARGE_SUM_MAX_MINOR: i64 = 100_000_000_000_000_000;

/// What is reported and paid for: `sale`, `lead`, or a name the advertiser chose; 1 to 32 of `[a-z0-9_]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventName(String);

/// The text is not a name of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event's name has 1 to 32 of a to z, 0 to 9 and _")]
pub struct NotAnEventName;

impl EventName {
    const LENGTH_MAX: usize = 32;

    /// A purchase: usually with an amount.
    pub fn sale() -> Self {
        Self("sale".to_owned())
    }

    /// A person who registered or asked: usually without an amount, once per click.
    pub fn lead() -> Self {
        Self("lead".to_owned())
    }

    /// A paid click: counted by the network itself, and reported by nobody.
    pub fn click() -> Self {
        Self("click".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With its article: `a sale`, `an install`.
    pub fn with_article(&self) -> String {
        let article = if self.0.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} {}", self.0)
    }
}

impl FromStr for EventName {
    type Err = NotAnEventName;
    fn from_str(text: &str) -> Result<Self, NotAnEventName> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnEventName)
        }
    }
}

impl TryFrom<String> for EventName {
    type Error = NotAnEventName;
    fn try_from(text: String) -> Result<Self, NotAnEventName> {
        text.parse()
    }
}

impl From<EventName> for String {
    fn from(name: EventName) -> Self {
        name.0
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What one matched event is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// Basis points of the amount: 1,000 are 10 %.
    Percent { bps: i64 },
    /// Minor units for each event, in the rule's currency.
    Fixed { minor: i64 },
}

impl Rate {
    /// Whether it never pays less than `other`. Different kinds cannot be compared.
    pub const fn is_at_least(self, other: Self) -> bool {
        match (self, other) {
            (Self::Percent { bps: own }, Self::Percent { bps: other })
            | (Self::Fixed { minor: own }, Self::Fixed { minor: other }) => own >= other,
            _ => false,
        }
    }
}

/// One line of the terms' ordered list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its place in the list, from 1; shown on the receipt.
    pub number: i64,
    pub event: EventName,
    pub rate: Rate,
    /// The currency of a fixed rate, and of the amounts that its conditions name; nothing for any other percentage, which
    /// follows the amount's.
    pub currency: Option<Currency>,
    /// Nothing: for whole orders, and for every line that no rule before it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_for: Option<OnlyFor>,
    /// What else must be so of the order.
    #[serde(default, skip_serializing_if = "When::is_any")]
    pub when: When,
}

impl Rule {
    /// A rule with a currency matches in that only: nothing is converted.
    pub fn matches(&self, event: &str, currency: Currency, order: &OrderFacts<'_>) -> bool {
        self.event.as_str() == event && self.currency.is_none_or(|own| own == currency) && self.when.holds(order)
    }

    /// Whether it prices an order without lines.
    pub const fn is_for_orders(&self) -> bool {
        self.only_for.is_none()
    }

    pub fn is_for_line(&self, line: &Line) -> bool {
        self.only_for.as_ref().is_none_or(|only_for| only_for.holds(line))
    }

    /// Minor units, rounded once; a percentage of no amount is nothing.
    pub fn commission_minor(&self, amount_minor: Option<i64>) -> i64 {
        match self.rate {
            Rate::Percent { bps } => share(amount_minor.unwrap_or(0), bps),
            Rate::Fixed { minor } => minor,
        }
    }

    /// For people: `10 % of a sale`, `2.50 EUR per lead`, `5 % of a sale's lines in category Boots`, and for which orders.
    pub fn sentence(&self, currency: Currency) -> String {
        let pays = self.pays(currency);
        format!("{pays}{}", self.when.words(self.currency.unwrap_or(currency)))
    }

    fn pays(&self, currency: Currency) -> String {
        let event = self.event.with_article();
        match (self.rate, &self.only_for) {
            (Rate::Percent { bps }, None) => format!("{} of {event}", percent(bps)),
            (Rate::Percent { bps }, Some(only_for)) => format!("{} of {event}'s lines {only_for}", percent(bps)),
            (Rate::Fixed { .. }, None) => format!("{} per {}", self.fixed(currency), self.event),
            (Rate::Fixed { .. }, Some(only_for)) => {
                format!("{} per {} with a line {only_for}", self.fixed(currency), self.event)
            }
        }
    }

    /// A worked example for people: `10 % of a 80.00 EUR order = 8.00 EUR`, `1 lead = 2.50 EUR`.
    pub fn example(&self, currency: Currency) -> String {
        let order = self.when.example_minor(80 * 10_i64.pow(currency.digits()));
        let (commission, order) =
            (Money::new(self.commission_minor(Some(order)), currency), Money::new(order, currency));
        match (self.rate, &self.only_for) {
            (Rate::Percent { bps }, None) => format!("{} of a {order} order = {commission}", percent(bps)),
            (Rate::Percent { bps }, Some(only_for)) => {
                format!("{} of {order} {only_for} = {commission}", percent(bps))
            }
            (Rate::Fixed { .. }, None) => format!("1 {} = {}", self.event, self.fixed(currency)),
            (Rate::Fixed { .. }, Some(only_for)) => {
                format!("1 {} with a line {only_for} = {}", self.event, self.fixed(currency))
            }
        }
    }

    fn fixed(&self, currency: Currency) -> Money {
        Money::new(self.commission_minor(None), self.currency.unwrap_or(currency))
    }
}

/// The text is not a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a percentage is a number from 0 to 100 with at most two digits after the point, as in 12.5")]
pub struct NotAPercentage;

/// Reads `12.5`, `12.5%` or `12.5 %` into 1,250 basis points; 0 to 100, at most two digits after the point.
pub fn parse_percent(text: &str) -> Result<i64, NotAPercentage> {
    let text = text.trim();
    let text = text.strip_suffix('%').map_or(text, str::trim_end);
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 3) || fraction.is_some_and(|fraction| !digits(fraction, 2)) {
        return Err(NotAPercentage);
    }
    let bps = format!("{whole}{:0<2}", fraction.unwrap_or("")).parse().map_err(|_| NotAPercentage)?;
    if bps > WHOLE_BPS { Err(NotAPercentage) } else { Ok(bps) }
}

/// The number as it is typed into a form: `12.5`, `10`, `0.05`.
pub fn percent_text(bps: i64) -> String {
    let (whole, rest) = (bps / 100, bps % 100);
    match rest {
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:02}").trim_end_matches('0').to_owned(),
    }
}

/// For people: `12.5 %`.
pub fn percent(bps: i64) -> String {
    format!("{} %", percent_text(bps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::line::LineField;
    use proptest::prelude::*;

    fn rule(event: &str, rate: Rate) -> Rule {
        let currency = matches!(rate, Rate::Fixed { .. }).then_some(Currency::EUR);
        Rule { number: 1, event: event.parse().unwrap(), rate, currency, only_for: None, when: When::default() }
    }

    #[test]
    fn rules_are_told_in_sentences_with_an_example() {
        let sale = rule("sale", Rate::Percent { bps: 1000 });
        assert_eq!(sale.sentence(Currency::EUR), "10 % of a sale");
        assert_eq!(sale.example(Currency::EUR), "10 % of a 80.00 EUR order = 8.00 EUR");
        let lead = rule("lead", Rate::Fixed { minor: 250 });
        assert_eq!(lead.sentence(Currency::EUR), "2.50 EUR per lead");
        assert_eq!(lead.example(Currency::EUR), "1 lead = 2.50 EUR");
        let only = |field, text: &str| Some(OnlyFor { field, text: text.to_owned() });
        let boots = Rule { only_for: only(LineField::Category, "Boots"), ..sale };
        assert_eq!(boots.sentence(Currency::EUR), "10 % of a sale's lines in category Boots");
        assert_eq!(boots.example(Currency::EUR), "10 % of 80.00 EUR in category Boots = 8.00 EUR");
        let one = Rule { only_for: only(LineField::Sku, "B-42"), ..rule("sale", Rate::Fixed { minor: 250 }) };
        assert_eq!(one.sentence(Currency::EUR), "2.50 EUR per sale with a line with SKU B-42");
        assert_eq!(one.example(Currency::EUR), "1 sale with a line with SKU B-42 = 2.50 EUR");
        assert_eq!(rule("install", Rate::Percent { bps: 5 }).sentence(Currency::EUR), "0.05 % of an install");
    }

    #[test]
    fn conditions_are_told_with_the_rate_and_fit_the_example() {
        let large = When { amount_from: Some(10_000), ..When::default() };
        let rule = Rule { when: large, currency: Some(Currency::EUR), ..rule("sale", Rate::Percent { bps: 2000 }) };
        assert_eq!(rule.sentence(Currency::EUR), "20 % of a sale where the order is 100.00 EUR or more");
        assert_eq!(rule.example(Currency::EUR), "20 % of a 100.00 EUR order = 20.00 EUR");
    }

    #[test]
    fn a_fixed_rate_matches_in_its_own_currency_only() {
        let dollar: Currency = "USD".parse().unwrap();
        let lead = rule("lead", Rate::Fixed { minor: 250 });
        let order = OrderFacts::default();
        let is_for = |rule: &Rule, event, currency| rule.matches(event, currency, &order);
        assert!(
            is_for(&lead, "lead", Currency::EUR) && !is_for(&lead, "lead", dollar) && !is_for(&lead, "sale", dollar)
        );
        assert!(is_for(&rule("sale", Rate::Percent { bps: 1 }), "sale", dollar));
    }

    #[test]
    fn percentages_are_read_strictly() {
        let good = [("12.5", 1250), ("10", 1000), ("0.05", 5), ("100", 10_000), (" 7.25 % ", 725), ("2.9%", 290)];
        for (text, bps) in good {
            assert_eq!(parse_percent(text), Ok(bps), "{text}");
        }
        for text in ["", "%", "-1", "+1", "1e1", "100.01", "12.555", "1,5", ".5", "5.", "\u{663}", "1000", "5 %%"] {
            assert_eq!(parse_percent(text), Err(NotAPercentage), "{text}");
        }
    }

    #[test]
    fn names_of_events_are_short_and_plain() {
        assert_eq!("free_trial2".parse::<EventName>().unwrap().as_str(), "free_trial2");
        for text in ["", "Sale", "a b", "a-b", "\u{e4}", &"a".repeat(33)] {
            assert_eq!(text.parse::<EventName>(), Err(NotAnEventName), "{text}");
        }
        assert!(serde_json::from_str::<EventName>("\"Sale\"").is_err());
    }

    proptest! {
        #[test]
        fn a_percentage_is_read_as_it_was_written(bps in 0..=WHOLE_BPS) {
            prop_assert_eq!(parse_percent(&percent_text(bps)), Ok(bps));
        }
    }
}
