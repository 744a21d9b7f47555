//! The commissions that an advertiser enters for a campaign: for a sale and a lead, for some sales (`line_rate`), for
//! events of its own, for clicks. Texts in, events and rules out, and back.

use serde::{Deserialize, Serialize};

use super::campaign_draft::{CampaignDraft, DraftRefused, refuse};
use super::click_pay::{CLICK_MINOR_MAX, ClickPay, EVENT as CLICK};
use super::condition::When;
use super::line::OnlyFor;
use super::line_rate::LineRate;
use super::money::Currency;
use super::rule::{EventName, LARGE_AMOUNT_MINOR, Rate, Rule, parse_percent, percent_text};
use super::terms::{EVENTS_MAX, EventTerms, Terms};

/// Beside a sale and a lead.
pub const OWN_EVENTS_MAX: usize = EVENTS_MAX - 2;
pub const LINE_RATES_MAX: usize = 40;

const SALE: &str = "sale";
const LEAD: &str = "lead";

text_enum! {
    /// How a commission is entered.
    pub enum RateUnit {
        /// `12.5`: percent of the amount.
        Percent = "percent",
        /// `2.50`: a fixed amount for each event, in the campaign's currency.
        Fixed = "fixed",
    }
}

text_enum! {
    /// How reports of an event are told apart.
    pub enum Counting {
        /// Every order id is one of its own.
        ByOrder = "by_order",
        /// A click causes it at most once; the order id may be left out.
        OncePerClick = "once_per_click",
    }
}

/// An event of the advertiser's own, as it was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnEvent {
    pub name: String,
    pub rate: String,
    pub unit: String,
    pub counting: String,
}

impl Default for OwnEvent {
    fn default() -> Self {
        Self {
            name: String::new(),
            rate: String::new(),
            unit: RateUnit::Fixed.to_string(),
            counting: Counting::ByOrder.to_string(),
        }
    }
}

impl OwnEvent {
    /// Nothing was entered: the row counts as not there.
    fn is_blank(&self) -> bool {
        self.name.trim().is_empty() && self.rate.trim().is_empty()
    }
}

/// A button of the form that adds, removes or moves a row and saves nothing. Counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStep {
    AddEvent,
    RemoveEvent(usize),
    AddLineRate,
    RemoveLineRate(usize),
    /// Before the one that stands before it: the first that fits is taken.
    RaiseLineRate(usize),
}

impl RowStep {
    /// As the button names it: `add_event`, `remove_line_rate_3`. Nothing for another text.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |rest: &str| rest.parse().ok();
        match text {
            "add_event" => Some(Self::AddEvent),
            "add_line_rate" => Some(Self::AddLineRate),
            _ => {
                type Make = fn(usize) -> RowStep;
                let prefixes: [(&str, Make); 3] = [
                    ("remove_event_", Self::RemoveEvent),
                    ("remove_line_rate_", Self::RemoveLineRate),
                    ("raise_line_rate_", Self::RaiseLineRate),
                ];
                let found = prefixes.into_iter().find_map(|(prefix, make)| Some((text.strip_prefix(prefix)?, make)));
                found.and_then(|(rest, make)| number(rest).map(make))
            }
        }
    }
}

impl CampaignDraft {
    /// Adds, removes or moves a row; says what was done, or why not.
    pub fn step(&mut self, step: RowStep) -> Result<&'static str, DraftRefused> {
        match step {
            RowStep::AddEvent if self.own_events.len() >= OWN_EVENTS_MAX => {
                return refuse("", format!("A campaign has at most {OWN_EVENTS_MAX} events of its own."));
            }
            RowStep::AddLineRate if self.line_rates.len() >= LINE_RATES_MAX => {
                return refuse("", format!("A campaign has at most {LINE_RATES_MAX} other rates."));
            }
            RowStep::AddEvent => self.own_events.push(OwnEvent::default()),
            RowStep::AddLineRate => self.line_rates.push(LineRate::default()),
            RowStep::RemoveEvent(place) if place < self.own_events.len() => drop(self.own_events.remove(place)),
            RowStep::RemoveLineRate(place) if place < self.line_rates.len() => drop(self.line_rates.remove(place)),
            RowStep::RaiseLineRate(place) if (1..self.line_rates.len()).contains(&place) => {
                self.line_rates.swap(place - 1, place);
            }
            RowStep::RemoveEvent(_) | RowStep::RemoveLineRate(_) | RowStep::RaiseLineRate(_) => {
                return refuse("", "That row is not there: look again.");
            }
        }
        Ok(match step {
            RowStep::AddEvent => "Name the event and what it pays. Nothing is saved yet.",
            RowStep::AddLineRate => "Say for which sales the rate is. Nothing is saved yet.",
            RowStep::RaiseLineRate(_) => "Moved up in the form. Nothing is saved yet.",
            RowStep::RemoveEvent(_) | RowStep::RemoveLineRate(_) => "Removed from the form. Nothing is saved yet.",
        })
    }

    /// The events and rules of the terms. Rates for some sales come first, since the first rule that fits is taken; then the
    /// sale, the lead, and the events of its own.
    pub(super) fn rates(&self, currency: Currency) -> Result<(Vec<EventTerms>, Vec<Rule>), DraftRefused> {
        let mut rules = self.read_line_rates(currency)?;
        let sale = read_rate("sale_rate", &self.sale_rate, &self.sale_unit, currency)?;
        let lead = read_rate("lead_rate", &self.lead_rate, &self.lead_unit, currency)?;
        let mut events = Vec::new();
        if lead.is_some() {
            events.push(EventTerms { name: EventName::lead(), is_once_per_click: true });
        }
        if sale.is_some() || !rules.is_empty() {
            events.push(EventTerms { name: EventName::sale(), is_once_per_click: false });
        }
        let plain = |event, rate| rule(event, rate, currency, None, When::default());
        rules.extend(sale.map(|rate| plain(EventName::sale(), rate)));
        rules.extend(lead.map(|rate| plain(EventName::lead(), rate)));
        for (place, entered) in self.own_events.iter().enumerate().filter(|(_, entered)| !entered.is_blank()) {
            let (event, rate) = read_event(place, entered, currency)?;
            if events.iter().any(|other| other.name == event.name) {
                return refuse(format!("own_events.{place}.name"), "Another event has this name.");
            }
            rules.push(plain(event.name.clone(), rate));
            events.push(event);
        }
        if rules.is_empty() && self.click_rate.trim().is_empty() {
            let message = "Enter a commission for a sale, for a lead, for an event of your own, or for clicks.";
            return refuse("sale_rate", message);
        }
        if events.is_empty() {
            // Its shop may report sales all the same: they are seen, and pay nothing.
            events.push(EventTerms { name: EventName::sale(), is_once_per_click: false });
        }
        (1..).zip(&mut rules).for_each(|(number, rule)| rule.number = number);
        Ok((events, rules))
    }

    /// What clicks pay; nothing where nothing is entered.
    pub(super) fn read_click(&self, currency: Currency) -> Result<Option<ClickPay>, DraftRefused> {
        let (rate, cap) = (self.click_rate.trim(), self.click_cap.trim());
        let sample = |hundredths: i64| currency.decimal((hundredths * 10_i64.pow(currency.digits()) / 100).max(1));
        let Some(minor) = read_amount("click_rate", rate, currency, &sample(5))? else {
            return match cap {
                "" => Ok(None),
                _ => {
                    refuse("click_cap", "A limit of nothing: enter what each visitor pays, or leave both fields empty.")
                }
            };
        };
        if !(1..=CLICK_MINOR_MAX).contains(&minor) {
            let most = currency.decimal(CLICK_MINOR_MAX);
            return refuse("click_rate", format!("A visitor pays more than nothing, and at most {most}."));
        }
        let cap_minor = read_amount("click_cap", cap, currency, &sample(300))?;
        if cap_minor.is_some_and(|cap| !(minor..=LARGE_AMOUNT_MINOR).contains(&cap)) {
            return refuse(
                "click_cap",
                format!("The limit pays at least one visitor: {} or more.", currency.decimal(minor)),
            );
        }
        Ok(Some(ClickPay { minor, currency, cap_minor }))
    }
}

/// Its number comes with its place in the list.
pub(super) fn rule(event: EventName, rate: Rate, currency: Currency, only_for: Option<OnlyFor>, when: When) -> Rule {
    let needs_currency = matches!(rate, Rate::Fixed { .. }) || when.has_amounts();
    Rule { number: 0, event, rate, currency: needs_currency.then_some(currency), only_for, when }
}

fn read_event(place: usize, entered: &OwnEvent, currency: Currency) -> Result<(EventTerms, Rate), DraftRefused> {
    let named = |field| format!("own_events.{place}.{field}");
    let name: EventName = match entered.name.trim() {
        SALE | LEAD => return refuse(named("name"), "A sale and a lead have fields of their own above."),
        CLICK => return refuse(named("name"), "The name click is kept for clicks."),
        text => text
            .parse()
            .or_else(|_| refuse(named("name"), "A name has 1 to 32 small letters, digits and _, as in free_trial."))?,
    };
    let Ok(counting) = entered.counting.parse::<Counting>() else {
        return refuse(named("counting"), "Choose how its reports are told apart.");
    };
    let Some(rate) = read_rate(&named("rate"), &entered.rate, &entered.unit, currency)? else {
        return refuse(named("rate"), "Enter what it pays, or remove the event.");
    };
    Ok((EventTerms { name, is_once_per_click: counting == Counting::OncePerClick }, rate))
}

/// Nothing where nothing is entered.
fn read_amount(field: &str, text: &str, currency: Currency, sample: &str) -> Result<Option<i64>, DraftRefused> {
    match text {
        "" => Ok(None),
        text => match currency.parse_amount(text) {
            Ok(minor) => Ok(Some(minor)),
            Err(_) => refuse(field, format!("Enter an amount such as {sample}.")),
        },
    }
}

/// Nothing entered: the event pays nothing, and is not one of the campaign's.
fn read_rate(field: &str, text: &str, unit: &str, currency: Currency) -> Result<Option<Rate>, DraftRefused> {
    match parse_rate(field, text, unit, currency)? {
        Some(Rate::Percent { bps: 0 } | Rate::Fixed { minor: 0 }) => {
            refuse(field, "A commission of nothing: leave the field empty instead.")
        }
        rate => Ok(rate),
    }
}

pub(super) fn parse_rate(
    field: &str,
    text: &str,
    unit: &str,
    currency: Currency,
) -> Result<Option<Rate>, DraftRefused> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let rate = match unit.parse() {
        Ok(RateUnit::Percent) => parse_percent(text).ok().map(|bps| Rate::Percent { bps }),
        Ok(RateUnit::Fixed) => currency.parse_amount(text).ok().map(|minor| Rate::Fixed { minor }),
        Err(_) => None,
    };
    match rate {
        Some(rate) => Ok(Some(rate)),
        None if unit == RateUnit::Fixed.as_str() => {
            let sample = currency.decimal(25 * 10_i64.pow(currency.digits()) / 10);
            refuse(field, format!("Enter an amount such as {sample}."))
        }
        None => refuse(field, "Enter a percentage from 0 to 100 such as 10 or 12.5."),
    }
}

/// The rate of an event for whole orders, as it is entered; nothing is entered with this unit.
pub(super) fn entered_rate(terms: &Terms, event: &str, unit: RateUnit) -> (String, RateUnit) {
    let rule =
        terms.rules.iter().find(|rule| rule.event.as_str() == event && rule.is_for_orders() && rule.when.is_any());
    rule.map_or((String::new(), unit), |rule| entered(terms, rule))
}

pub(super) fn entered(terms: &Terms, rule: &Rule) -> (String, RateUnit) {
    match rule.rate {
        Rate::Percent { bps } => (percent_text(bps), RateUnit::Percent),
        Rate::Fixed { minor } => (terms.first_currency().decimal(minor), RateUnit::Fixed),
    }
}

/// What clicks pay and the limit of a day, as they are entered.
pub(super) fn entered_click(terms: &Terms) -> (String, String) {
    let entered =
        |minor: Option<i64>, currency: Currency| minor.map(|minor| currency.decimal(minor)).unwrap_or_default();
    terms.click.map_or_else(Default::default, |click| {
        (entered(Some(click.minor), click.currency), entered(click.cap_minor, click.currency))
    })
}

/// The events of the terms beside sale and lead, in the order of their rules.
pub(super) fn entered_events(terms: &Terms) -> Vec<OwnEvent> {
    let is_own = |rule: &&Rule| rule.is_for_orders() && ![SALE, LEAD].contains(&rule.event.as_str());
    let rows = terms.rules.iter().filter(is_own).map(|rule| {
        let (rate, unit) = entered(terms, rule);
        let is_once = terms.event(rule.event.as_str()).is_some_and(|event| event.is_once_per_click);
        let counting = if is_once { Counting::OncePerClick } else { Counting::ByOrder };
        OwnEvent { name: rule.event.to_string(), rate, unit: unit.to_string(), counting: counting.to_string() }
    });
    rows.collect()
}
