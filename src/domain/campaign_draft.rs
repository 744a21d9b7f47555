//! What an advertiser enters for a campaign: texts in; its facts and its terms out, or the field that is wrong.

use serde::{Deserialize, Serialize};
use url::Url;

use super::campaign::ApprovalMode;
use super::campaign_rates::{OwnEvent, RateUnit, entered_click, entered_events, entered_rate};
use super::customer::BINDING_MONTHS_MAX;
use super::ids::CampaignId;
use super::line_rate::{LineRate, entered_line_rates};
use super::link::{AllowedHosts, DestinationRefused, check_destination};
use super::money::Currency;
use super::party::Name;
use super::policy::Policy;
use super::terms::{
    AttributionWindow, Fee, HOLD_DAYS_DEFAULT, Model, TOO_FAST_MS_DEFAULT, Terms, VALIDATION_DAYS_DEFAULT,
};
use super::time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp};

const DESCRIPTION_CHARS_MAX: usize = 2_000;
const CATEGORY_CHARS_MAX: usize = 40;
const PARAMETER_BYTES_MAX: usize = 32;

text_enum! {
    /// In what a cookie duration is entered.
    pub enum WindowUnit {
        Hours = "hours",
        Days = "days",
    }
}

/// The fields of the form, as they were entered. A new campaign starts from the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CampaignDraft {
    pub name: String,
    pub description: String,
    pub category: String,
    pub landing_url: String,
    /// One host a line, beside the landing page's own.
    pub allowed_hosts: String,
    pub landing_parameter: String,
    pub approval: String,
    pub currency: String,
    /// Empty: a sale pays nothing.
    pub sale_rate: String,
    pub sale_unit: String,
    /// Empty: a lead pays nothing.
    pub lead_rate: String,
    pub lead_unit: String,
    /// What each valid visitor pays, in the campaign's currency. Empty: clicks pay nothing.
    pub click_rate: String,
    /// What one publisher earns by clicks in a day at most. Empty: there is no limit.
    pub click_cap: String,
    /// Other rates for some sales.
    pub line_rates: Vec<LineRate>,
    /// Beside sale and lead.
    pub own_events: Vec<OwnEvent>,
    /// The cookie duration, in `window_unit`.
    pub window: String,
    pub window_unit: String,
    /// Which kind of evidence is asked first.
    pub policy: String,
    /// 0 binds no customer.
    pub binding_months: String,
    pub validation_days: String,
    pub hold_days: String,
    /// 0 switches the rule off.
    pub too_fast_seconds: String,
    pub terms_text: String,
}

impl Default for CampaignDraft {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            category: String::new(),
            landing_url: String::new(),
            allowed_hosts: String::new(),
            landing_parameter: "click_id".to_owned(),
            approval: ApprovalMode::Manual.to_string(),
            currency: Currency::EUR.to_string(),
            sale_rate: String::new(),
            sale_unit: RateUnit::Percent.to_string(),
            lead_rate: String::new(),
            lead_unit: RateUnit::Fixed.to_string(),
            click_rate: String::new(),
            click_cap: String::new(),
            line_rates: Vec::new(),
            own_events: Vec::new(),
            window: (AttributionWindow::DEFAULT.ms() / DAY_MS).to_string(),
            window_unit: WindowUnit::Days.to_string(),
            policy: Policy::default().to_string(),
            binding_months: "0".to_owned(),
            validation_days: VALIDATION_DAYS_DEFAULT.to_string(),
            hold_days: HOLD_DAYS_DEFAULT.to_string(),
            too_fast_seconds: (TOO_FAST_MS_DEFAULT / SECOND_MS).to_string(),
            terms_text: String::new(),
        }
    }
}

/// What a campaign is, apart from its terms: may change at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignFacts {
    pub name: String,
    pub description: String,
    pub category: String,
    /// May hold macros.
    pub landing_url: String,
    /// One host a line; the landing page's own among them.
    pub allowed_hosts: String,
    pub landing_parameter: String,
    pub approval: ApprovalMode,
}

/// What was entered cannot be taken: the field, and why, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DraftRefused {
    /// Of a row with its number: `own_events.2.name`.
    pub field: String,
    pub message: String,
}

pub(super) fn refuse<T>(field: impl Into<String>, message: impl Into<String>) -> Result<T, DraftRefused> {
    Err(DraftRefused { field: field.into(), message: message.into() })
}

impl CampaignDraft {
    /// The form of an existing campaign.
    pub fn of(facts: CampaignFacts, terms: &Terms) -> Self {
        let (sale_rate, sale_unit) = entered_rate(terms, "sale", RateUnit::Percent);
        let (lead_rate, lead_unit) = entered_rate(terms, "lead", RateUnit::Fixed);
        let (click_rate, click_cap) = entered_click(terms);
        let is_days = terms.window.ms() % DAY_MS == 0;
        let (unit, unit_ms) = if is_days { (WindowUnit::Days, DAY_MS) } else { (WindowUnit::Hours, HOUR_MS) };
        Self {
            name: facts.name,
            description: facts.description,
            category: facts.category,
            landing_url: facts.landing_url,
            allowed_hosts: facts.allowed_hosts,
            landing_parameter: facts.landing_parameter,
            approval: facts.approval.to_string(),
            currency: terms.first_currency().to_string(),
            sale_rate,
            sale_unit: sale_unit.to_string(),
            lead_rate,
            lead_unit: lead_unit.to_string(),
            click_rate,
            click_cap,
            line_rates: entered_line_rates(terms),
            own_events: entered_events(terms),
            window: (terms.window.ms() / unit_ms).to_string(),
            window_unit: unit.to_string(),
            policy: terms.policy.to_string(),
            binding_months: terms.binding_months.to_string(),
            validation_days: terms.validation_days.to_string(),
            hold_days: terms.hold_days.to_string(),
            too_fast_seconds: (terms.too_fast_ms / SECOND_MS).to_string(),
            terms_text: terms.text.clone(),
        }
    }

    /// Name and value of each field: what a refused form shows again. Rows are one value, as JSON.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("name", &self.name),
            ("description", &self.description),
            ("category", &self.category),
            ("landing_url", &self.landing_url),
            ("allowed_hosts", &self.allowed_hosts),
            ("landing_parameter", &self.landing_parameter),
            ("approval", &self.approval),
            ("currency", &self.currency),
            ("sale_rate", &self.sale_rate),
            ("sale_unit", &self.sale_unit),
            ("lead_rate", &self.lead_rate),
            ("lead_unit", &self.lead_unit),
            ("click_rate", &self.click_rate),
            ("click_cap", &self.click_cap),
            ("window", &self.window),
            ("window_unit", &self.window_unit),
            ("policy", &self.policy),
            ("binding_months", &self.binding_months),
            ("validation_days", &self.validation_days),
            ("hold_days", &self.hold_days),
            ("too_fast_seconds", &self.too_fast_seconds),
            ("terms_text", &self.terms_text),
        ];
        let rows = [("line_rates", json(&self.line_rates)), ("own_events", json(&self.own_events))];
        texts.into_iter().map(|(name, value)| (name, value.clone())).chain(rows).collect()
    }

    /// What the campaign is. A development network may lead to this machine.
    pub fn facts(&self, is_development: bool) -> Result<CampaignFacts, DraftRefused> {
        let Ok(name) = Name::parse(&self.name) else {
            return refuse("name", "The name needs 1 to 80 characters.");
        };
        let description = lines(&self.description);
        if description.chars().count() > DESCRIPTION_CHARS_MAX {
            return refuse("description", format!("The description has at most {DESCRIPTION_CHARS_MAX} characters."));
        }
        let category = self.category.trim();
        if category.chars().count() > CATEGORY_CHARS_MAX || category.chars().any(char::is_control) {
            return refuse("category", format!("The category has at most {CATEGORY_CHARS_MAX} characters."));
        }
        let (landing_url, allowed_hosts) = self.landing(is_development)?;
        let parameter = self.landing_parameter.trim();
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=PARAMETER_BYTES_MAX).contains(&parameter.len()) || !parameter.bytes().all(is_fit) {
            return refuse("landing_parameter", "The parameter needs 1 to 32 letters, digits, - or _.");
        }
        let Ok(approval) = self.approval.parse() else {
            return refuse("approval", "Choose manual or automatic.");
        };
        Ok(CampaignFacts {
            name: name.as_str().to_owned(),
            description,
            category: category.to_owned(),
            landing_url,
            allowed_hosts,
            landing_parameter: parameter.to_owned(),
            approval,
        })
    }

    /// The landing page and the hosts that links may lead to: its own host is always one of them.
    fn landing(&self, is_development: bool) -> Result<(String, String), DraftRefused> {
        let template = self.landing_url.trim();
        let own = match Url::parse(template).ok().as_ref().map(|url| (url.host_str(), url.port())) {
            Some((Some(host), Some(port))) => format!("{host}:{port}"),
            Some((Some(host), None)) => host.to_owned(),
            _ => return refuse("landing_url", "Enter an address such as https://shop.example/."),
        };
        let Ok(own) = AllowedHosts::parse(&own, is_development) else {
            return refuse("landing_url", "The landing page needs a public host name, as in https://shop.example/.");
        };
        let listed = AllowedHosts::parse(&self.allowed_hosts, is_development);
        let listed = listed.or_else(|refused| refuse("allowed_hosts", format!("This is {refused}.")))?.to_string();
        let own = own.to_string();
        let others = listed.lines().filter(|host| *host != own);
        let hosts = std::iter::once(own.as_str()).chain(others).collect::<Vec<_>>().join("\n");
        let checked = AllowedHosts::parse(&hosts, is_development)
            .map_err(|_| DestinationRefused::Host)
            .and_then(|hosts| check_destination(template, &hosts));
        match checked {
            Ok(_) => Ok((template.to_owned(), hosts)),
            Err(refused) => refuse("landing_url", format!("The landing page cannot be used: {refused}.")),
        }
    }

    /// What the campaign promises, as this version, in force from `starts_at`; with the network's usual fee.
    pub fn terms(&self, campaign_id: CampaignId, version: i64, starts_at: Timestamp) -> Result<Terms, DraftRefused> {
        let Ok(currency) = self.currency.trim().parse::<Currency>() else {
            return refuse("currency", "Choose a currency such as EUR.");
        };
        let click = self.read_click(currency)?;
        let (events, rules) = self.rates(currency)?;
        let too_fast = self.whole("too_fast_seconds", &self.too_fast_seconds, "seconds", 3_600)?;
        let terms = Terms {
            campaign_id,
            version,
            starts_at,
            currencies: vec![currency],
            window: self.read_window()?,
            model: Model::LastClick,
            policy: self.read_policy()?,
            binding_months: self.whole("binding_months", &self.binding_months, "months", BINDING_MONTHS_MAX)?,
            validation_days: self.whole("validation_days", &self.validation_days, "days", 365)?,
            hold_days: self.whole("hold_days", &self.hold_days, "days", 365)?,
            events,
            rules,
            click,
            fee: Fee::DEFAULT,
            too_fast_ms: too_fast * SECOND_MS,
            text: lines(&self.terms_text),
        };
        match terms.check() {
            Ok(()) => Ok(terms),
            Err(refused) => {
                let field = match refused.field() {
                    "text" => "terms_text",
                    "click_rate" => "click_rate",
                    _ => "sale_rate",
                };
                refuse(field, format!("These terms cannot be: {refused}."))
            }
        }
    }

    fn read_window(&self) -> Result<AttributionWindow, DraftRefused> {
        let window = match (self.window.trim().parse(), self.window_unit.parse()) {
            (Ok(count), Ok(WindowUnit::Days)) => AttributionWindow::from_days(count).ok(),
            (Ok(count), Ok(WindowUnit::Hours)) => AttributionWindow::from_hours(count).ok(),
            _ => None,
        };
        let message = "A cookie duration is 1 hour to 365 days, as a whole number.";
        window.map_or_else(|| refuse("window", message), Ok)
    }

    fn read_policy(&self) -> Result<Policy, DraftRefused> {
        self.policy.parse().or_else(|_| refuse("policy", "Choose which kind of evidence is asked first."))
    }

    fn whole(&self, field: &'static str, text: &str, unit: &str, most: i64) -> Result<i64, DraftRefused> {
        match text.trim().parse() {
            Ok(number) if (0..=most).contains(&number) => Ok(number),
            _ => refuse(field, format!("Enter a whole number of {unit} from 0 to {most}.")),
        }
    }
}

fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("texts can be written as JSON")
}

/// Browsers send CR LF between lines; kept is LF, and no other control character.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.trim().chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect()
}
