//! Reports of conversions: read once at the border, typed, or refused with a code that names the field
//! (domain.md section 3).

use super::conversion::{Badge, OrderId};
use super::ids::ClickId;
use super::line::{self, Line, LineFields};
use super::money::Currency;
use super::reason::ReasonCode;
use super::rule::{AMOUNT_MAX_MINOR, EventName};
use super::terms::{EventTerms, Terms};
use super::time::{DAY_MS, SECOND_MS, Timestamp};

/// A trusted sender may report what happened at most this long ago.
pub const OCCURRED_MAX_BACK_MS: i64 = 30 * DAY_MS;
/// Clocks differ: so far into the future a time is still taken.
pub const OCCURRED_MAX_AHEAD_MS: i64 = 300 * SECOND_MS;
/// Two processes' clocks differ by at most this: so far ahead of the receipt a click of ours may lie.
pub const CLICK_AHEAD_MAX_MS: i64 = 2 * SECOND_MS;
/// A report carries at most so many click ids.
pub const CLICK_IDS_MAX: usize = 4;
/// So many new orders of a campaign and UTC day come from unverified reports, unless the network sets another number.
pub const UNVERIFIED_REPORTS_PER_DAY_MAX: i64 = 10_000;
/// The one channel that leaves a conversion to us.
pub const CHANNEL_AFFILIATE: &str = "affiliate";

const CLICK_ID_MAX_BYTES: usize = 64;
const COUPON_MAX_BYTES: usize = 64;
const CUSTOMER_MAX_BYTES: usize = 255;
const CHANNEL_MAX_BYTES: usize = 32;

/// The fields of a report as they came, by whichever end point; not there is `None`, empty is `Some("")`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFields {
    pub event: Option<String>,
    pub order_id: Option<String>,
    /// A decimal: `49.90`.
    pub amount: Option<String>,
    /// JSON only: minor units, instead of `amount`.
    pub amount_minor: Option<i64>,
    pub currency: Option<String>,
    /// One to four click ids, joined by `.`.
    pub click_id: Option<String>,
    pub coupon: Option<String>,
    pub customer_id: Option<String>,
    pub channel: Option<String>,
    /// RFC 3339.
    pub occurred_at: Option<String>,
    /// `1` or `true` for a test.
    pub test: Option<String>,
    /// JSON only: what was bought.
    pub items: Vec<LineFields>,
}

/// A report, typed. The click ids are still texts: whether they are ours is asked of the link snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionReport {
    pub event: EventName,
    pub order_id: OrderId,
    pub amount_minor: Option<i64>,
    /// Always there beside an amount.
    pub currency: Option<Currency>,
    /// At most four, in the order in which they came.
    pub click_ids: Vec<String>,
    pub coupon: Option<String>,
    /// As sent: only its keyed hash is ever stored.
    pub customer_id: Option<String>,
    /// Lower case.
    pub channel: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub is_test: bool,
    /// They add up to the amount.
    pub lines: Vec<Line>,
}

/// A report that is no conversion, and the field that is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Refused {
    pub code: ReasonCode,
    pub field: &'static str,
    /// For people.
    pub message: String,
}

impl Refused {
    /// With the code's own sentence.
    pub fn new(code: ReasonCode, field: &'static str) -> Self {
        Self { code, field, message: code.sentence().to_owned() }
    }

    /// An amount for which the campaign's large orders leave no room.
    pub fn beyond_sum() -> Self {
        let message = "An order this large is taken signed or with a key only, and while the campaign's largest sum up to what is counted.".to_owned();
        Self { code: ReasonCode::BadAmount, field: "amount", message }
    }

    pub fn bad_field(field: &'static str, message: impl Into<String>) -> Self {
        Self { code: ReasonCode::BadField, field, message: message.into() }
    }
}

impl ConversionReport {
    /// Reads a report under the versions of the terms that may speak of it: it may name an event and a currency that any
    /// of them knows.
    ///
    /// `badge` is who sent it; `first_click` the first of its click ids that is ours, from which an event that
    /// counts once per click makes its order id. The first field that is wrong is refused.
    pub fn parse(
        fields: &ReportFields,
        terms: &[&Terms],
        now: Timestamp,
        badge: Badge,
        first_click: Option<ClickId>,
    ) -> Result<Self, Refused> {
        let event = event(fields.event.as_deref(), terms)?;
        let order_id = order_id(fields.order_id.as_deref(), event, first_click)?;
        let (amount_minor, currency) = amount(fields, terms)?;
        Ok(Self {
            event: event.name.clone(),
            order_id,
            amount_minor,
            currency,
            click_ids: click_ids(fields.click_id.as_deref())?,
            coupon: short_text("coupon", fields.coupon.as_deref(), COUPON_MAX_BYTES)?,
            customer_id: short_text("customer_id", fields.customer_id.as_deref(), CUSTOMER_MAX_BYTES)?,
            channel: short_text("channel", fields.channel.as_deref(), CHANNEL_MAX_BYTES)?
                .map(|channel| channel.to_ascii_lowercase()),
            occurred_at: occurred_at(fields.occurred_at.as_deref(), now, badge)?,
            is_test: is_test(fields.test.as_deref())?,
            lines: line::read(&fields.items, amount_minor, currency)?,
        })
    }
}

/// When a report came in, by a clock that never stands before a click that the report names: the click was made first,
/// perhaps by another process or before the clock stepped back. A click further ahead stays ahead.
pub fn received_at(now: Timestamp, clicked: impl Iterator<Item = Timestamp>) -> Timestamp {
    clicked.filter(|at| at.since(now) <= CLICK_AHEAD_MAX_MS).fold(now, Timestamp::max)
}

/// The name of a report's event; none named means a sale.
pub fn event_name(text: Option<&str>) -> &str {
    text.unwrap_or("sale")
}

/// It counts once per click where any of the versions says so: what a click was promised stays, and what is promised now
/// is for earlier clicks, too.
fn event<'t>(text: Option<&str>, terms: &[&'t Terms]) -> Result<&'t EventTerms, Refused> {
    let known = || terms.iter().copied().filter_map(|terms| terms.event(event_name(text)));
    let event = known().find(|event| event.is_once_per_click).or_else(|| known().next());
    event.ok_or_else(|| Refused::new(ReasonCode::EventUnknown, "event"))
}

fn order_id(text: Option<&str>, event: &EventTerms, first_click: Option<ClickId>) -> Result<OrderId, Refused> {
    match (text.filter(|text| !text.is_empty()), first_click) {
        (Some(text), _) => text.parse().map_err(|_| Refused::new(ReasonCode::OrderIdInvalid, "order_id")),
        (None, Some(click)) if event.is_once_per_click => Ok(OrderId::of_click(click)),
        (None, _) => Err(Refused::new(ReasonCode::OrderIdMissing, "order_id")),
    }
}

/// An amount needs its currency; a currency may stand alone, for a fixed rate.
fn amount(fields: &ReportFields, terms: &[&Terms]) -> Result<(Option<i64>, Option<Currency>), Refused> {
    let bad_amount = |field| Refused::new(ReasonCode::BadAmount, field);
    let currency = currency(fields.currency.as_deref(), terms)?;
    let amount_minor = match (fields.amount.as_deref(), fields.amount_minor, currency) {
        (None, None, _) => return Ok((None, currency)),
        (_, _, None) => return Err(Refused::new(ReasonCode::BadCurrency, "currency")),
        (Some(_), Some(_), _) => return Err(bad_amount("amount_minor")),
        (Some(text), None, Some(currency)) => currency.parse_amount(text).map_err(|_| bad_amount("amount"))?,
        (None, Some(minor), Some(_)) => minor,
    };
    if (0..=AMOUNT_MAX_MINOR).contains(&amount_minor) {
        Ok((Some(amount_minor), currency))
    } else {
        Err(bad_amount(if fields.amount.is_some() { "amount" } else { "amount_minor" }))
    }
}

fn currency(text: Option<&str>, terms: &[&Terms]) -> Result<Option<Currency>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_known = |currency: &Currency| terms.iter().any(|terms| terms.currencies.contains(currency));
    let currency = text.parse().ok().filter(is_known);
    currency.map(Some).ok_or_else(|| Refused::new(ReasonCode::BadCurrency, "currency"))
}

fn click_ids(text: Option<&str>) -> Result<Vec<String>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let ids: Vec<String> = text.split('.').map(str::to_owned).collect();
    if ids.len() > CLICK_IDS_MAX {
        return Err(Refused::bad_field("click_id", format!("at most {CLICK_IDS_MAX} click ids, joined by a point")));
    }
    if ids.iter().any(|id| id.is_empty() || id.len() > CLICK_ID_MAX_BYTES) {
        return Err(Refused::new(ReasonCode::ClickForged, "click_id"));
    }
    Ok(ids)
}

/// An optional text without control characters; empty is absent.
fn short_text(field: &'static str, text: Option<&str>, most: usize) -> Result<Option<String>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.len() > most || text.contains(char::is_control) {
        return Err(Refused::bad_field(field, format!("at most {most} bytes, without control characters")));
    }
    Ok(Some(text.to_owned()))
}

/// Only a sender whom we know may say when it happened: anybody else could move a conversion into a window.
fn occurred_at(text: Option<&str>, now: Timestamp, badge: Badge) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let at = Timestamp::parse(text).ok().filter(|_| badge.is_trusted());
    let is_near = |at: &Timestamp| (-OCCURRED_MAX_AHEAD_MS..=OCCURRED_MAX_BACK_MS).contains(&now.since(*at));
    at.filter(is_near).map(Some).ok_or_else(|| Refused::new(ReasonCode::OccurredAtInvalid, "occurred_at"))
}

fn is_test(text: Option<&str>) -> Result<bool, Refused> {
    match text {
        Some("1" | "true") => Ok(true),
        None | Some("" | "0" | "false") => Ok(false),
        Some(_) => Err(Refused::bad_field("test", "1 for a test, or nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::example;
    use ReasonCode::{
        BadAmount, BadCurrency, BadField, EventUnknown, OccurredAtInvalid, OrderIdInvalid, OrderIdMissing,
    };

    const NOW: Timestamp = Timestamp(1_772_445_600_000);

    #[test]
    fn a_report_comes_in_no_earlier_than_its_clicks_if_they_are_ahead_by_a_small_skew() {
        let cases: [(&[i64], i64); 7] =
            [(&[], 0), (&[-1], 0), (&[0], 0), (&[1], 1), (&[2_000], 2_000), (&[2_001], 0), (&[5, 2_001, -9, 700], 700)];
        for (ahead, expected) in cases {
            let clicked = ahead.iter().map(|ms| NOW.plus_ms(*ms));
            assert_eq!(received_at(NOW, clicked).since(NOW), expected, "{ahead:?}");
        }
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn order() -> ReportFields {
        let amount = text("49.90");
        ReportFields { order_id: text("O1"), amount, currency: text("EUR"), ..ReportFields::default() }
    }

    fn read(fields: &ReportFields, badge: Badge) -> Result<ConversionReport, Refused> {
        ConversionReport::parse(fields, &[&example(1)], NOW, badge, None)
    }

    fn code(fields: &ReportFields) -> (ReasonCode, &'static str) {
        let refused = read(fields, Badge::Signed).unwrap_err();
        assert!(!refused.message.is_empty());
        (refused.code, refused.field)
    }

    #[test]
    fn a_report_is_read_into_types() {
        let fields = ReportFields {
            click_id: text("aaa.bbb"),
            channel: text("Affiliate"),
            coupon: text(""),
            occurred_at: text("2026-03-02T09:00:00Z"),
            test: text("1"),
            ..order()
        };
        let report = read(&fields, Badge::Key).unwrap();
        assert_eq!((report.event.as_str(), report.order_id.as_str()), ("sale", "O1"));
        assert_eq!((report.amount_minor, report.currency), (Some(4990), Some(Currency::EUR)));
        assert_eq!(report.click_ids, ["aaa", "bbb"]);
        assert_eq!((report.channel.as_deref(), report.coupon), (Some("affiliate"), None));
        assert_eq!(report.occurred_at, Some(NOW.plus_ms(-3_600_000)));
        assert!(report.is_test);
    }

    #[test]
    fn what_is_wrong_is_named_by_code_and_field() {
        type Change = fn(&mut ReportFields);
        let cases: [(Change, ReasonCode, &str); 14] = [
            (|f| f.event = text("visit"), EventUnknown, "event"),
            (|f| f.event = text(""), EventUnknown, "event"),
            (|f| f.order_id = None, OrderIdMissing, "order_id"),
            (|f| f.order_id = text(" O1"), OrderIdInvalid, "order_id"),
            (|f| f.amount = text("1,000.00"), BadAmount, "amount"),
            (|f| f.amount = text(""), BadAmount, "amount"),
            (|f| f.amount_minor = Some(4990), BadAmount, "amount_minor"),
            (|f| f.currency = None, BadCurrency, "currency"),
            (|f| f.currency = text("USD"), BadCurrency, "currency"),
            (|f| f.currency = text("eur"), BadCurrency, "currency"),
            (|f| f.click_id = text("a.b.c.d.e"), BadField, "click_id"),
            (|f| f.click_id = text("a..b"), ReasonCode::ClickForged, "click_id"),
            (|f| f.coupon = text("a\nb"), BadField, "coupon"),
            (|f| f.test = text("maybe"), BadField, "test"),
        ];
        for (change, expected, field) in cases {
            let mut fields = order();
            change(&mut fields);
            assert_eq!(code(&fields), (expected, field));
        }
    }

    #[test]
    fn minor_units_stand_instead_of_the_decimal_and_have_limits() {
        let minor = |minor| ReportFields { amount: None, amount_minor: Some(minor), ..order() };
        assert_eq!(read(&minor(4990), Badge::Key).unwrap().amount_minor, Some(4990));
        for amount in [-1, AMOUNT_MAX_MINOR + 1, i64::MAX, i64::MIN] {
            assert_eq!(code(&minor(amount)), (BadAmount, "amount_minor"));
        }
    }

    #[test]
    fn an_event_once_per_click_takes_its_order_id_from_the_click() {
        let lead = ReportFields { event: text("lead"), ..ReportFields::default() };
        assert_eq!(code(&lead), (OrderIdMissing, "order_id"));
        let terms = example(1);
        let of_click = ConversionReport::parse(&lead, &[&terms], NOW, Badge::Signed, Some(ClickId(0))).unwrap();
        assert_eq!(of_click.order_id, OrderId::of_click(ClickId(0)));
        let sale = ReportFields { event: None, ..lead };
        let refused = ConversionReport::parse(&sale, &[&terms], NOW, Badge::Signed, Some(ClickId(0))).unwrap_err();
        assert_eq!(refused.code, OrderIdMissing);
    }

    #[test]
    fn what_any_of_the_versions_knows_may_be_named() {
        let before = example(1);
        let mut after = example(2);
        after.events.retain(|event| event.name == EventName::sale());
        after.currencies = vec!["USD".parse().unwrap()];
        let mut by_order = example(3);
        by_order.events.iter_mut().for_each(|event| event.is_once_per_click = false);
        let code = |fields: &ReportFields, terms: &[&Terms]| {
            let read = ConversionReport::parse(fields, terms, NOW, Badge::Signed, Some(ClickId(0)));
            read.err().map(|refused| refused.code)
        };
        let lead = ReportFields { event: text("lead"), ..ReportFields::default() };
        let dollars = ReportFields { currency: text("USD"), ..order() };
        assert_eq!(code(&lead, &[&after]), Some(EventUnknown));
        assert_eq!(code(&order(), &[&after]), Some(BadCurrency), "in euros");
        assert_eq!(code(&lead, &[&by_order]), Some(OrderIdMissing));
        assert_eq!(code(&dollars, &[&before]), Some(BadCurrency));
        for fields in [&lead, &order(), &dollars] {
            for terms in [[&after, &before], [&before, &after]] {
                assert_eq!(code(fields, &terms), None, "{fields:?}");
            }
        }
        assert_eq!(code(&lead, &[&by_order, &before]), None, "as the click was promised");
        assert_eq!(code(&lead, &[&before, &by_order]), None, "as is promised now");
    }

    #[test]
    fn only_a_trusted_sender_says_when_it_happened_and_not_too_far_away() {
        let at = |ms: i64| ReportFields { occurred_at: text(&NOW.plus_ms(ms).to_string()), ..order() };
        for (ms, is_taken) in [
            (0, true),
            (-OCCURRED_MAX_BACK_MS, true),
            (-OCCURRED_MAX_BACK_MS - 1, false),
            (OCCURRED_MAX_AHEAD_MS, true),
            (OCCURRED_MAX_AHEAD_MS + 1, false),
        ] {
            assert_eq!(read(&at(ms), Badge::Signed).is_ok(), is_taken, "{ms}");
        }
        for badge in [Badge::Token, Badge::Unverified] {
            assert_eq!(read(&at(0), badge).unwrap_err().code, OccurredAtInvalid, "{badge}");
        }
        let words = ReportFields { occurred_at: text("yesterday"), ..order() };
        assert_eq!(code(&words), (OccurredAtInvalid, "occurred_at"));
    }
}
