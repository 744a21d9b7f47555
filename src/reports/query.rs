//! A report as a URL: what it covers, by what its rows are, what it is narrowed to. The same text asks for the page,
//! the live update and the CSV file.

use crate::domain::ids::{CampaignId, CreativeId, LinkId, PublisherId};
use crate::domain::party::PartyKind;
use crate::domain::report::{Basis, Dimension};
use crate::domain::time::{Day, Timestamp, Zone};

/// A custom range is at most ten years.
const RANGE_DAYS_MAX: i64 = 3_660;

text_enum! {
    /// The ranges that have a name.
    pub enum Preset {
        Today = "today",
        Yesterday = "yesterday",
        SevenDays = "7d",
        TwentyEightDays = "28d",
        ThirtyDays = "30d",
        NinetyDays = "90d",
        MonthToDate = "mtd",
        LastMonth = "last_month",
        All = "all",
    }
}

impl Preset {
    /// For people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Yesterday => "Yesterday",
            Self::SevenDays => "Last 7 days",
            Self::TwentyEightDays => "Last 28 days",
            Self::ThirtyDays => "Last 30 days",
            Self::NinetyDays => "Last 90 days",
            Self::MonthToDate => "This month to date",
            Self::LastMonth => "Last month",
            Self::All => "All time",
        }
    }
}

text_enum! {
    /// What the chart draws.
    pub enum Metric {
        Clicks = "clicks",
        Conversions = "conversions",
        Commission = "commission",
        Amount = "amount",
    }
}

impl Metric {
    /// For people; `kind` reads it.
    pub const fn word(self, kind: PartyKind) -> &'static str {
        match (self, kind) {
            (Self::Clicks, _) => "Unique clicks",
            (Self::Conversions, _) => "Conversions",
            (Self::Commission, PartyKind::Publisher) => "Earnings",
            (Self::Commission, _) => "Commission",
            (Self::Amount, _) => "Order amount",
        }
    }
}

text_enum! {
    /// By what the most effective campaigns are ranked.
    pub enum Effect {
        Epc = "epc",
        Commission = "commission",
        ConversionRate = "cr",
    }
}

/// Which days, in the reader's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    Preset(Preset),
    /// Both days included.
    Custom {
        from: Day,
        to: Day,
    },
}

/// What a report shows. [`ReportQuery::parse`] and [`ReportQuery::to_url`] are each other's inverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportQuery {
    pub range: Range,
    pub on: Basis,
    pub by: Dimension,
    pub metric: Metric,
    pub top: Effect,
    pub campaign: Option<CampaignId>,
    pub link: Option<LinkId>,
    pub publisher: Option<PublisherId>,
    pub creative: Option<CreativeId>,
}

impl Default for ReportQuery {
    fn default() -> Self {
        Self {
            range: Range::Preset(Preset::ThirtyDays),
            on: Basis::Conversion,
            by: Dimension::Day,
            metric: Metric::Clicks,
            top: Effect::Epc,
            campaign: None,
            link: None,
            publisher: None,
            creative: None,
        }
    }
}

/// The dimensions that a party may see: a link's name is its publisher's, a rival's name nobody's.
pub const fn dimensions(kind: PartyKind) -> &'static [Dimension] {
    use Dimension::{Advertiser, Campaign, Creative, Day, Link, Publisher};
    match kind {
        PartyKind::Publisher => &[Day, Campaign, Link, Creative, Advertiser],
        PartyKind::Advertiser => &[Day, Campaign, Creative, Publisher],
        PartyKind::Network => &[Day, Campaign, Link, Creative, Publisher, Advertiser],
    }
}

/// Reads one value; a bad one is left as it was and told.
fn take<T: std::str::FromStr>(into: &mut T, name: &str, value: &str, notices: &mut Vec<String>) {
    match value.parse() {
        Ok(read) => *into = read,
        Err(_) => notices.push(format!("The value of \u{201c}{name}\u{201d} was not understood and is left out.")),
    }
}

fn take_id<T: std::str::FromStr>(into: &mut Option<T>, name: &str, value: &str, notices: &mut Vec<String>) {
    match value.parse() {
        Ok(read) => *into = Some(read),
        Err(_) => notices.push(format!("The filter \u{201c}{name}\u{201d} names nothing and is left out.")),
    }
}

impl ReportQuery {
    /// Reads the parameters of a URL. What is unknown or cannot be is dropped, each with a sentence; nothing is an
    /// error. An empty value is a field that was left empty.
    pub fn parse<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
        kind: PartyKind,
    ) -> (Self, Vec<String>) {
        let (mut query, mut notices) = (Self::default(), Vec::new());
        let (mut range, mut from, mut to) = (None, None, None);
        for (name, value) in pairs {
            let (name, value) = (name.as_ref(), value.as_ref().trim());
            match name {
                _ if value.is_empty() => {}
                "range" => range = Some(value.to_owned()),
                "from" => from = Some(value.to_owned()),
                "to" => to = Some(value.to_owned()),
                "on" => take(&mut query.on, name, value, &mut notices),
                "by" => take(&mut query.by, name, value, &mut notices),
                "metric" => take(&mut query.metric, name, value, &mut notices),
                "top" => take(&mut query.top, name, value, &mut notices),
                "campaign" => take_id(&mut query.campaign, name, value, &mut notices),
                "creative" => take_id(&mut query.creative, name, value, &mut notices),
                "link" if kind != PartyKind::Advertiser => take_id(&mut query.link, name, value, &mut notices),
                "publisher" if kind != PartyKind::Publisher => {
                    take_id(&mut query.publisher, name, value, &mut notices);
                }
                _ => notices.push(format!("\u{201c}{}\u{201d} is no part of this report and is left out.", cut(name))),
            }
        }
        match read_range(range.as_deref(), from.as_deref(), to.as_deref()) {
            Ok(range) => query.range = range,
            Err(wrong) => notices.push(format!("{wrong}; the last 30 days are shown.")),
        }
        if !dimensions(kind).contains(&query.by) {
            notices.push(format!("This report has no rows by {}; it shows days.", query.by));
            query.by = Dimension::Day;
        }
        (query, notices)
    }

    /// The parameters that differ from the default, in a fixed order; empty for the default.
    pub fn to_url(&self) -> String {
        let mut url = url::form_urlencoded::Serializer::new(String::new());
        let default = Self::default();
        match self.range {
            Range::Preset(preset) if self.range != default.range => drop(url.append_pair("range", preset.as_str())),
            Range::Preset(_) => {}
            Range::Custom { from, to } => {
                url.append_pair("range", "custom");
                url.append_pair("from", &from.to_string()).append_pair("to", &to.to_string());
            }
        }
        let named = [
            ("on", (self.on != default.on).then(|| self.on.to_string())),
            ("by", (self.by != default.by).then(|| self.by.to_string())),
            ("metric", (self.metric != default.metric).then(|| self.metric.to_string())),
            ("top", (self.top != default.top).then(|| self.top.to_string())),
            ("campaign", self.campaign.map(|id| id.to_string())),
            ("link", self.link.map(|id| id.to_string())),
            ("publisher", self.publisher.map(|id| id.to_string())),
            ("creative", self.creative.map(|id| id.to_string())),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                url.append_pair(name, &value);
            }
        }
        url.finish()
    }

    /// `path` with this report's parameters.
    pub fn at(&self, path: &str) -> String {
        let parameters = self.to_url();
        if parameters.is_empty() { path.to_owned() } else { format!("{path}?{parameters}") }
    }

    /// The first and the last day, both included.
    pub fn days(&self, zone: &Zone, now: Timestamp) -> (Day, Day) {
        let today = zone.day_of(now);
        let back = |days: i64| (today.plus(1 - days), today);
        match self.range {
            Range::Custom { from, to } => (from, to),
            Range::Preset(Preset::Today) => back(1),
            Range::Preset(Preset::Yesterday) => (today.plus(-1), today.plus(-1)),
            Range::Preset(Preset::SevenDays) => back(7),
            Range::Preset(Preset::TwentyEightDays) => back(28),
            Range::Preset(Preset::ThirtyDays) => back(30),
            Range::Preset(Preset::NinetyDays) => back(90),
            Range::Preset(Preset::MonthToDate) => (today.month_start(), today),
            Range::Preset(Preset::LastMonth) => {
                let end = today.month_start().plus(-1);
                (end.month_start(), end)
            }
            // Before the first id nothing can have happened.
            Range::Preset(Preset::All) => (zone.day_of(Timestamp(crate::domain::ids::EPOCH_MS)), today),
        }
    }

    /// What it covers, for people: `Last 30 days`, `2026-03-01 to 2026-03-14`.
    pub fn range_text(&self) -> String {
        match self.range {
            Range::Preset(preset) => preset.word().to_owned(),
            Range::Custom { from, to } if from == to => from.to_string(),
            Range::Custom { from, to } => format!("{from} to {to}"),
        }
    }
}

/// A name that somebody made up is shown shortened.
fn cut(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(32).collect()
}

/// A preset counts, whatever stands in the fields beside it; else the two days.
///
/// # Errors
/// A sentence without its full stop: what is wrong.
fn read_range(name: Option<&str>, from: Option<&str>, to: Option<&str>) -> Result<Range, String> {
    match name {
        None if from.is_none() && to.is_none() => Ok(ReportQuery::default().range),
        None | Some("custom") => custom_range(read_day("first", from)?, read_day("last", to)?),
        Some(name) => match name.parse() {
            Ok(preset) => Ok(Range::Preset(preset)),
            Err(_) => Err(format!("\u{201c}{}\u{201d} is no period", cut(name))),
        },
    }
}

fn read_day(which: &str, text: Option<&str>) -> Result<Day, String> {
    let missing = || format!("A period of your own needs a first and a last day, and the {which} is missing");
    let text = text.ok_or_else(missing)?;
    text.parse().map_err(|_| format!("The {which} day, \u{201c}{}\u{201d}, is no date such as 2026-03-01", cut(text)))
}

fn custom_range(from: Day, to: Day) -> Result<Range, String> {
    if from > to {
        return Err(format!("The period would end, on {to}, before it begins, on {from}"));
    }
    if to.0 - from.0 >= RANGE_DAYS_MAX {
        return Err(format!("{from} to {to} is too long, a period has at most {RANGE_DAYS_MAX} days"));
    }
    Ok(Range::Custom { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, kind: PartyKind) -> (ReportQuery, Vec<String>) {
        ReportQuery::parse(url::form_urlencoded::parse(url.as_bytes()), kind)
    }

    #[test]
    fn a_report_is_its_url() {
        let id = LinkId(77);
        let campaign = CampaignId(5);
        for url in [
            "",
            "range=7d",
            "range=custom&from=2026-03-01&to=2026-03-14&on=click&by=link",
            &format!("range=all&metric=commission&top=cr&campaign={campaign}&link={id}"),
            &format!("by=creative&creative={}", CreativeId(9)),
        ] {
            let (query, notices) = read(url, PartyKind::Network);
            assert_eq!((query.to_url().as_str(), notices.len()), (url, 0));
        }
        let (query, notices) = read("range=30d&on=&campaign=&from=2026-01-01&by=day", PartyKind::Publisher);
        assert_eq!((query, notices.len()), (ReportQuery::default(), 0), "empty fields of the form say nothing");
    }

    #[test]
    fn what_cannot_be_is_dropped_with_a_notice() {
        let default = ReportQuery::default();
        for (url, kind) in [
            ("range=month", PartyKind::Publisher),
            ("range=custom&from=2026-03-01", PartyKind::Publisher),
            ("range=custom&from=2026-03-02&to=2026-03-01", PartyKind::Publisher),
            ("range=custom&from=1900-01-01&to=2026-03-01", PartyKind::Publisher),
            ("from=yesterday", PartyKind::Publisher),
            ("on=payout", PartyKind::Publisher),
            ("by=hour", PartyKind::Publisher),
            ("by=publisher", PartyKind::Publisher),
            ("by=link", PartyKind::Advertiser),
            ("campaign=../..", PartyKind::Network),
            ("publisher=0000000000002", PartyKind::Publisher),
            ("link=0000000000002", PartyKind::Advertiser),
            ("reader_id=1", PartyKind::Publisher),
        ] {
            let (query, notices) = read(url, kind);
            assert_eq!((query, notices.len()), (default, 1), "{url}");
        }
    }

    #[test]
    fn a_bad_period_is_named_and_what_is_shown_instead() {
        for (url, wrong) in [
            ("range=month", "\u{201c}month\u{201d} is no period"),
            ("range=custom", "A period of your own needs a first and a last day, and the first is missing"),
            ("from=2026-03-01", "A period of your own needs a first and a last day, and the last is missing"),
            (
                "from=2026-13-40&to=2026-03-01",
                "The first day, \u{201c}2026-13-40\u{201d}, is no date such as 2026-03-01",
            ),
            ("from=2026-03-01&to=soon", "The last day, \u{201c}soon\u{201d}, is no date such as 2026-03-01"),
            ("from=2026-03-14&to=2026-03-01", "The period would end, on 2026-03-01, before it begins, on 2026-03-14"),
            ("from=1990-01-01&to=2026-03-01", "1990-01-01 to 2026-03-01 is too long, a period has at most 3660 days"),
        ] {
            let (query, notices) = read(url, PartyKind::Publisher);
            assert_eq!(query, ReportQuery::default(), "{url}");
            assert_eq!(notices, [format!("{wrong}; the last 30 days are shown.")], "{url}");
        }
    }

    #[test]
    fn ranges_are_days_of_the_zone() {
        let auckland = Zone::parse("Pacific/Auckland").unwrap();
        let now = Timestamp::parse("2026-03-02T11:30:00Z").unwrap();
        let cases = [
            ("today", "2026-03-03", "2026-03-03"),
            ("yesterday", "2026-03-02", "2026-03-02"),
            ("7d", "2026-02-25", "2026-03-03"),
            ("28d", "2026-02-04", "2026-03-03"),
            ("30d", "2026-02-02", "2026-03-03"),
            ("90d", "2025-12-04", "2026-03-03"),
            ("mtd", "2026-03-01", "2026-03-03"),
            ("last_month", "2026-02-01", "2026-02-28"),
            ("all", "2020-01-01", "2026-03-03"),
        ];
        for (name, from, to) in cases {
            let (query, _) = read(&format!("range={name}"), PartyKind::Publisher);
            let (first, last) = query.days(&auckland, now);
            assert_eq!((first.to_string().as_str(), last.to_string().as_str()), (from, to), "{name}");
        }
    }
}
