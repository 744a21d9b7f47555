//! Terms: what a campaign promises, in immutable versions. The version in force at click time judges the window
//! and prices the conversion (domain.md sections 2, 5 and 12).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::click_pay::ClickPay;
use super::customer::BINDING_MONTHS_MAX;
use super::ids::CampaignId;
use super::line::{LINE_TEXT_MAX_BYTES, is_line_text};
use super::money::{Currency, share};
use super::policy::Policy;
use super::rule::{EventName, LARGE_AMOUNT_MINOR, Rate, Rule, WHOLE_BPS};
use super::time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp};

pub const VALIDATION_DAYS_DEFAULT: i64 = 30;
pub const HOLD_DAYS_DEFAULT: i64 = 0;
pub const TOO_FAST_MS_DEFAULT: i64 = 5 * SECOND_MS;
/// 20 % of the commission, until the network agrees on another fee with an advertiser.
pub const NETWORK_FEE_BPS_DEFAULT: i64 = 2_000;
/// A cut of a commission is announced so many days before it is in force.
pub const NOTICE_DAYS_DEFAULT: i64 = 7;

const DAYS_MAX: i64 = 365;
const CURRENCIES_MAX: usize = 10;
pub(super) const EVENTS_MAX: usize = 20;
const RULES_MAX: usize = 100;
pub(super) const TEXT_MAX_BYTES: usize = 20_000;

/// How long after a click a conversion is credited: 1 hour to 365 days, whole hours, kept in milliseconds.
/// The advertiser's pages call it "cookie duration".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct AttributionWindow(i64);

/// Not a length that an attribution window can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie duration is 1 hour to 365 days, in whole hours")]
pub struct WindowOutOfRange;

impl AttributionWindow {
    /// 30 days (domain.md section 12).
    pub const DEFAULT: Self = Self(30 * DAY_MS);

    pub const fn from_ms(ms: i64) -> Result<Self, WindowOutOfRange> {
        if ms >= HOUR_MS && ms <= DAYS_MAX * DAY_MS && ms % HOUR_MS == 0 { Ok(Self(ms)) } else { Err(WindowOutOfRange) }
    }

    pub const fn from_hours(hours: i64) -> Result<Self, WindowOutOfRange> {
        Self::from_ms(hours.saturating_mul(HOUR_MS))
    }

    pub const fn from_days(days: i64) -> Result<Self, WindowOutOfRange> {
        Self::from_ms(days.saturating_mul(DAY_MS))
    }

    /// Milliseconds.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Seconds, for a cookie's `Max-Age`.
    pub const fn seconds(self) -> i64 {
        self.0 / SECOND_MS
    }
}

impl TryFrom<i64> for AttributionWindow {
    type Error = WindowOutOfRange;
    fn try_from(ms: i64) -> Result<Self, WindowOutOfRange> {
        Self::from_ms(ms)
    }
}

impl From<AttributionWindow> for i64 {
    fn from(window: AttributionWindow) -> Self {
        window.0
    }
}

/// `7 days`, `36 hours`, `1 day`.
impl fmt::Display for AttributionWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = if self.0 % DAY_MS == 0 { (self.0 / DAY_MS, "day") } else { (self.0 / HOUR_MS, "hour") };
        f.pad(&format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
    }
}

text_enum! {
    /// Which of several clicks is credited.
    pub enum Model {
        LastClick = "last_click",
        FirstClick = "first_click",
    }
}

impl Model {
    /// For people: what a conversion is credited to.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LastClick => "the last click before it",
            Self::FirstClick => "the first click within the cookie duration",
        }
    }
}

text_enum! {
    /// What the network fee is a share of.
    pub enum FeeBasis {
        Commission = "commission",
        Amount = "amount",
    }
}

/// What the network charges the advertiser on top of a commission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    pub basis: FeeBasis,
    pub bps: i64,
}

impl Fee {
    pub const DEFAULT: Self = Self { basis: FeeBasis::Commission, bps: NETWORK_FEE_BPS_DEFAULT };

    /// Minor units, rounded once per conversion.
    pub fn minor(self, commission_minor: i64, amount_minor: Option<i64>) -> i64 {
        match self.basis {
            FeeBasis::Commission => share(commission_minor, self.bps),
            FeeBasis::Amount => share(amount_minor.unwrap_or(0), self.bps),
        }
    }
}

/// What may be reported, and how it is told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTerms {
    pub name: EventName,
    /// A report without order id counts as `click:{id}`; the default for `lead`.
    pub is_once_per_click: bool,
}

/// One version of what a campaign promises; never changed, only followed by the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub campaign_id: CampaignId,
    /// From 1.
    pub version: i64,
    pub starts_at: Timestamp,
    pub currencies: Vec<Currency>,
    pub window: AttributionWindow,
    pub model: Model,
    /// Which kind of evidence is asked first.
    #[serde(default)]
    pub policy: Policy,
    /// So long a customer stays bound to the publisher of its first order; 0 switches it off.
    #[serde(default)]
    pub binding_months: i64,
    /// Days from the conversion until it is approved by itself.
    pub validation_days: i64,
    /// Days from approval until the commission is payable.
    pub hold_days: i64,
    pub events: Vec<EventTerms>,
    pub rules: Vec<Rule>,
    /// What valid clicks themselves pay; nothing: they pay none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click: Option<ClickPay>,
    pub fee: Fee,
    /// A conversion sooner after its click is held; 0 switches the rule off.
    pub too_fast_ms: i64,
    /// What a publisher accepts, in the advertiser's words.
    pub text: String,
}

/// Why terms cannot be: each names its field and, where there is one, its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsRefused {
    #[error("versions count from 1")]
    Version,
    #[error("terms have 1 to {CURRENCIES_MAX} currencies, each once")]
    Currencies,
    #[error("terms have 1 to {EVENTS_MAX} events, each once")]
    Events,
    #[error("terms have 1 to {RULES_MAX} rules, numbered upwards from 1; none is needed where clicks pay")]
    Rules,
    #[error("rule {number} is for {event}, which is not one of the events")]
    RuleEvent { number: i64, event: EventName },
    #[error("rule {number}: a percentage is 0 to 100, a fixed rate is not negative")]
    RuleRate { number: i64 },
    #[error(
        "rule {number}: a fixed rate, and one for some amounts, has one of the currencies; any other percentage none"
    )]
    RuleCurrency { number: i64 },
    #[error("rule {number}: a category or SKU has 1 to {LINE_TEXT_MAX_BYTES} bytes, without control characters")]
    RuleLine { number: i64 },
    #[error("rule {number}: amounts are above 0 and from below to; a coupon's code has no spaces")]
    RuleCondition { number: i64 },
    #[error("a click pays more than nothing, in one of the currencies, and its daily limit pays at least one")]
    Click,
    #[error("the network fee is 0 to 100 percent")]
    Fee,
    #[error("validation takes 0 to {DAYS_MAX} days")]
    ValidationDays,
    #[error("the hold is 0 to {DAYS_MAX} days")]
    HoldDays,
    #[error("customers are bound for 0 (not at all) to {BINDING_MONTHS_MAX} months")]
    BindingMonths,
    #[error("too fast is 0 (off) to one hour")]
    TooFast,
    #[error("the text has at most {TEXT_MAX_BYTES} bytes")]
    Text,
}

impl TermsRefused {
    /// The name of the field that a form marks.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Currencies => "currencies",
            Self::Events => "events",
            Self::Rules
            | Self::RuleEvent { .. }
            | Self::RuleRate { .. }
            | Self::RuleCurrency { .. }
            | Self::RuleLine { .. }
            | Self::RuleCondition { .. } => "rules",
            Self::Click => "click_rate",
            Self::Fee => "fee",
            Self::ValidationDays => "validation_days",
            Self::HoldDays => "hold_days",
            Self::BindingMonths => "binding_months",
            Self::TooFast => "too_fast_ms",
            Self::Text => "text",
        }
    }
}

impl Terms {
    /// What an event's reports must look like; nothing if it is not one of the campaign's.
    pub fn event(&self, name: &str) -> Option<&EventTerms> {
        self.events.iter().find(|event| event.name.as_str() == name)
    }

    /// The currency of a conversion that names none.
    ///
    /// # Panics
    /// Without a currency: [`Terms::check`] refuses such terms.
    pub fn first_currency(&self) -> Currency {
        *self.currencies.first().expect("terms have a currency")
    }

    /// Whether a rule tells new customers from others.
    pub fn asks_for_customers(&self) -> bool {
        self.rules.iter().any(|rule| rule.when.customer.is_some())
    }

    /// All that it pays, each a sentence: the rules in their order, then clicks.
    pub fn pays(&self) -> Vec<String> {
        let currency = self.first_currency();
        let rules = self.rules.iter().map(|rule| rule.sentence(currency));
        rules.chain(self.click.map(|click| click.sentence())).collect()
    }

    /// Whether both promise the same: then there is nothing to make a new version for.
    pub fn promises_same(&self, other: &Self) -> bool {
        let bare = |terms: &Self| {
            let mut bare = Self { version: 0, starts_at: Timestamp(0), ..terms.clone() };
            bare.events.sort_by(|a, b| a.name.cmp(&b.name));
            bare
        };
        bare(self) == bare(other)
    }

    /// Everything that the types alone do not hold; to be asked before a version is stored.
    pub fn check(&self) -> Result<(), TermsRefused> {
        let within = |value: i64, most: i64| (0..=most).contains(&value);
        let require = |holds: bool, refused: TermsRefused| if holds { Ok(()) } else { Err(refused) };
        require(self.version >= 1, TermsRefused::Version)?;
        require(is_list(&self.currencies, CURRENCIES_MAX), TermsRefused::Currencies)?;
        let names: Vec<&EventName> = self.events.iter().map(|event| &event.name).collect();
        require(is_list(&names, EVENTS_MAX), TermsRefused::Events)?;
        let numbers = self.rules.iter().map(|rule| rule.number);
        let is_numbered = numbers.eq(1..=self.rules.len() as i64);
        let rules_min = usize::from(self.click.is_none());
        require(is_numbered && (rules_min..=RULES_MAX).contains(&self.rules.len()), TermsRefused::Rules)?;
        self.rules.iter().try_for_each(|rule| self.check_rule(rule))?;
        let is_click_possible = self.click.is_none_or(|click| click.is_possible(&self.currencies));
        require(is_click_possible, TermsRefused::Click)?;
        require(within(self.fee.bps, WHOLE_BPS), TermsRefused::Fee)?;
        require(within(self.validation_days, DAYS_MAX), TermsRefused::ValidationDays)?;
        require(within(self.hold_days, DAYS_MAX), TermsRefused::HoldDays)?;
        require(within(self.binding_months, BINDING_MONTHS_MAX), TermsRefused::BindingMonths)?;
        require(within(self.too_fast_ms, HOUR_MS), TermsRefused::TooFast)?;
        require(self.text.len() <= TEXT_MAX_BYTES, TermsRefused::Text)
    }

    fn check_rule(&self, rule: &Rule) -> Result<(), TermsRefused> {
        let number = rule.number;
        if self.event(rule.event.as_str()).is_none() {
            return Err(TermsRefused::RuleEvent { number, event: rule.event.clone() });
        }
        let (value, most, needs_currency) = match rule.rate {
            Rate::Percent { bps } => (bps, WHOLE_BPS, rule.when.has_amounts()),
            Rate::Fixed { minor } => (minor, LARGE_AMOUNT_MINOR, true),
        };
        let is_currency_right =
            rule.currency.map_or(!needs_currency, |currency| needs_currency && self.currencies.contains(&currency));
        if !(0..=most).contains(&value) {
            return Err(TermsRefused::RuleRate { number });
        }
        if rule.only_for.as_ref().is_some_and(|only_for| !is_line_text(&only_for.text)) {
            return Err(TermsRefused::RuleLine { number });
        }
        if !rule.when.is_sound() {
            return Err(TermsRefused::RuleCondition { number });
        }
        if is_currency_right { Ok(()) } else { Err(TermsRefused::RuleCurrency { number }) }
    }
}

/// 1 to `most` entries, each once.
fn is_list<T: PartialEq>(entries: &[T], most: usize) -> bool {
    let is_new = |(index, entry): (usize, &T)| !entries[..index].contains(entry);
    (1..=most).contains(&entries.len()) && entries.iter().enumerate().all(is_new)
}

/// The terms of the story's campaign W, for the tests of other rules too.
#[cfg(test)]
pub(crate) fn example(version: i64) -> Terms {
    let rule = |number, event, rate, currency| {
        let when = super::condition::When::default();
        Rule { number, event, rate, currency, only_for: None, when }
    };
    Terms {
        campaign_id: CampaignId(7),
        version,
        starts_at: Timestamp(1_772_445_600_000),
        currencies: vec![Currency::EUR],
        window: AttributionWindow::from_days(7).unwrap(),
        model: Model::LastClick,
        policy: Policy::default(),
        binding_months: 0,
        validation_days: VALIDATION_DAYS_DEFAULT,
        hold_days: HOLD_DAYS_DEFAULT,
        events: vec![
            EventTerms { name: EventName::sale(), is_once_per_click: false },
            EventTerms { name: EventName::lead(), is_once_per_click: true },
        ],
        rules: vec![
            rule(1, EventName::sale(), Rate::Percent { bps: 1000 }, None),
            rule(2, EventName::lead(), Rate::Fixed { minor: 250 }, Some(Currency::EUR)),
        ],
        click: None,
        fee: Fee { basis: FeeBasis::Commission, bps: 2000 },
        too_fast_ms: 0,
        text: String::new(),
    }
}
