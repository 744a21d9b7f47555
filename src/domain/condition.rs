//! Conditions of a rule beside its lines: how large the order is, who the customer is, which coupon was used
//! (domain.md section 5).

use serde::{Deserialize, Serialize};

use super::conversion::Badge;
use super::coupon::{self, CouponCode};
use super::evidence::{Evidence, Inputs};
use super::money::{Currency, Money};
use super::reason::ReasonCode;
use super::rule::AMOUNT_MAX_MINOR;

text_enum! {
    /// Whether a customer has ordered before.
    pub enum CustomerKind {
        New = "new",
        Returning = "returning",
    }
}

impl CustomerKind {
    /// For people: what the customer is.
    pub const fn words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Returning => "returning",
        }
    }
}

/// What an order must be for a rule to price it. Nothing set: any order. Amounts are of the whole order, in minor units
/// of the rule's currency, half-open: `from ≤ amount < below`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_below: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerKind>,
    /// As the advertiser wrote it; compared by [`coupon::key`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
}

/// What is known of an order when a rule is looked for. Who is not known to be new or returning is neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderFacts<'o> {
    /// Minor units of the whole order.
    pub amount_minor: Option<i64>,
    pub customer: Option<CustomerKind>,
    pub coupon: Option<&'o str>,
}

impl When {
    /// Whether it holds for every order.
    pub const fn is_any(&self) -> bool {
        !self.has_amounts() && self.customer.is_none() && self.coupon.is_none()
    }

    /// Amounts are of one currency: such a rule needs one.
    pub const fn has_amounts(&self) -> bool {
        self.amount_from.is_some() || self.amount_below.is_some()
    }

    pub fn holds(&self, order: &OrderFacts<'_>) -> bool {
        let is_amount_right = !self.has_amounts()
            || order.amount_minor.is_some_and(|amount| {
                self.amount_from.is_none_or(|from| from <= amount)
                    && self.amount_below.is_none_or(|below| amount < below)
            });
        let is_customer_right = self.customer.is_none_or(|kind| order.customer == Some(kind));
        let is_coupon_right =
            self.coupon.as_deref().is_none_or(|own| order.coupon.is_some_and(|used| is_same_code(own, used)));
        is_amount_right && is_customer_right && is_coupon_right
    }

    /// Whether it can be: amounts in range and in order, a coupon's code.
    pub fn is_sound(&self) -> bool {
        let bounds = [self.amount_from, self.amount_below];
        let is_in_range = bounds.iter().flatten().all(|bound| (1..=AMOUNT_MAX_MINOR).contains(bound));
        let is_ordered = self.amount_from.zip(self.amount_below).is_none_or(|(from, below)| from < below);
        is_in_range && is_ordered && self.coupon.as_deref().is_none_or(|code| CouponCode::parse(code).is_ok())
    }

    /// For people, after what a rule pays: ` where the order is 50.00 EUR or more and the customer is new`; empty for any
    /// order.
    pub fn words(&self, currency: Currency) -> String {
        let money = |minor| Money::new(minor, currency);
        let amount = match (self.amount_from, self.amount_below) {
            (None, None) => None,
            (Some(from), None) => Some(format!("the order is {} or more", money(from))),
            (None, Some(below)) => Some(format!("the order is under {}", money(below))),
            (Some(from), Some(below)) => Some(format!("the order is {} or more, under {}", money(from), money(below))),
        };
        let customer = self.customer.map(|kind| format!("the customer is {}", kind.words()));
        let coupon = self.coupon.as_ref().map(|code| format!("the coupon is {code}"));
        let parts: Vec<String> = [amount, customer, coupon].into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!(" where {}", parts.join(" and ")) }
    }

    /// An order's amount near `usual` for which it holds, for an example.
    pub fn example_minor(&self, usual: i64) -> i64 {
        match (self.amount_from, self.amount_below) {
            (Some(from), _) if usual < from => from,
            (_, Some(below)) if usual >= below => self.amount_from.unwrap_or(below / 2),
            _ => usual,
        }
    }
}

/// Whether two texts are the same coupon's code.
fn is_same_code(one: &str, other: &str) -> bool {
    coupon::key(one) == coupon::key(other)
}

impl Inputs {
    /// Whether the customer is new, as the best report says that knows; only senders whom we know are asked.
    pub fn customer_kind(&self) -> Option<CustomerKind> {
        let mut known =
            self.counted().filter(|one| one.badge.is_trusted()).filter_map(|one| one.beside.is_new_customer);
        known.next().map(|is_new| if is_new { CustomerKind::New } else { CustomerKind::Returning })
    }

    /// The code that the best of the reports of the highest rank names: a publisher's coupon, or any other. Of reports that
    /// nobody vouches for only the first is asked: a stranger who knows the order cannot add a code to it later.
    pub fn coupon_code(&self) -> Option<&str> {
        let is_trusted = self.top_badge().is_some_and(Badge::is_trusted);
        self.top().take(if is_trusted { usize::MAX } else { 1 }).find_map(code_of)
    }
}

fn code_of(report: &Evidence) -> Option<&str> {
    let named = report.beside.coupon.as_ref().map(|coupon| coupon.code.as_str());
    let unknown = report.unresolved.iter().find(|one| one.reason == ReasonCode::CouponUnknown);
    named.or_else(|| unknown.map(|one| one.text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: Option<i64>, below: Option<i64>) -> When {
        When { amount_from: from, amount_below: below, ..When::default() }
    }

    fn of(amount_minor: Option<i64>) -> OrderFacts<'static> {
        OrderFacts { amount_minor, ..OrderFacts::default() }
    }

    #[test]
    fn amounts_are_half_open_and_an_order_without_one_has_none() {
        let range = between(Some(5_000), Some(10_000));
        for (amount, expected) in [(4_999, false), (5_000, true), (9_999, true), (10_000, false)] {
            assert_eq!(range.holds(&of(Some(amount))), expected, "{amount}");
        }
        assert!(!between(None, Some(1)).holds(&of(None)) && When::default().holds(&of(None)));
        assert!(between(None, Some(1)).holds(&of(Some(0))));
    }

    #[test]
    fn a_customer_who_is_not_known_is_neither_new_nor_returning() {
        let only = |kind| When { customer: Some(kind), ..When::default() };
        let by = |customer| OrderFacts { customer, ..OrderFacts::default() };
        let (new, returning) = (CustomerKind::New, CustomerKind::Returning);
        assert!(only(new).holds(&by(Some(new))) && only(returning).holds(&by(Some(returning))));
        assert!(!only(new).holds(&by(Some(returning))) && !only(new).holds(&by(None)));
        assert!(!only(returning).holds(&by(None)));
    }

    #[test]
    fn a_coupon_is_compared_as_customers_type_it() {
        let when = When { coupon: Some("Save10".to_owned()), ..When::default() };
        let with = |coupon| OrderFacts { coupon, ..OrderFacts::default() };
        assert!(when.holds(&with(Some(" SAVE10 "))) && when.holds(&with(Some("save10"))));
        assert!(!when.holds(&with(Some("save11"))) && !when.holds(&with(None)));
    }

    #[test]
    fn all_conditions_must_hold_together() {
        let when = When { amount_from: Some(100), customer: Some(CustomerKind::New), ..When::default() };
        let order = OrderFacts { amount_minor: Some(100), customer: Some(CustomerKind::New), coupon: None };
        assert!(when.holds(&order));
        assert!(!when.holds(&OrderFacts { amount_minor: Some(99), ..order }));
        assert!(!when.holds(&OrderFacts { customer: None, ..order }));
    }

    #[test]
    fn they_are_told_in_words() {
        assert_eq!(When::default().words(Currency::EUR), "");
        assert_eq!(between(Some(5_000), None).words(Currency::EUR), " where the order is 50.00 EUR or more");
        assert_eq!(between(None, Some(5_000)).words(Currency::EUR), " where the order is under 50.00 EUR");
        let all = When {
            customer: Some(CustomerKind::New),
            coupon: Some("SAVE10".to_owned()),
            ..between(Some(5_000), Some(10_000))
        };
        assert_eq!(
            all.words(Currency::EUR),
            " where the order is 50.00 EUR or more, under 100.00 EUR and the customer is new and the coupon is SAVE10"
        );
    }

    #[test]
    fn what_cannot_be_is_not_sound() {
        for (from, below) in [(0, 5), (-1, 5), (5, 5), (6, 5), (1, AMOUNT_MAX_MINOR + 1)] {
            assert!(!between(Some(from), Some(below)).is_sound(), "{from} {below}");
        }
        assert!(between(Some(1), Some(2)).is_sound() && When::default().is_sound());
        assert!(!When { coupon: Some("a b".to_owned()), ..When::default() }.is_sound());
    }

    #[test]
    fn an_example_fits_the_rule() {
        let amounts =
            [(None, None), (Some(10_000), None), (None, Some(5_000)), (Some(100), Some(200)), (None, Some(1))];
        for (from, below) in amounts {
            let when = between(from, below);
            assert!(when.holds(&of(Some(when.example_minor(8_000)))), "{from:?} {below:?}");
        }
    }
}
