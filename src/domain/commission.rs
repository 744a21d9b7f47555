//! Commission: what one conversion is worth under one version of the terms (domain.md sections 5 and 13).

use serde::{Deserialize, Serialize};

use super::money::Currency;
use super::terms::Terms;

/// What a conversion is worth, in minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    /// The rule that matched; nothing when none did, and then it is worth nothing.
    pub rule_number: Option<i64>,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

impl Priced {
    /// Worth nothing, by no rule.
    pub const NOTHING: Self = Self { rule_number: None, commission_minor: 0, fee_minor: 0 };
}

/// Prices one conversion: rules are read by their number, the first match wins; commission and network fee are
/// each rounded once, half away from zero.
pub fn price(terms: &Terms, event: &str, amount_minor: Option<i64>, currency: Currency) -> Priced {
    let matching = terms.rules.iter().filter(|rule| rule.matches(event, currency));
    let Some(rule) = matching.min_by_key(|rule| rule.number) else { return Priced::NOTHING };
    let commission_minor = rule.commission_minor(amount_minor);
    let fee_minor = terms.fee.minor(commission_minor, amount_minor);
    Priced { rule_number: Some(rule.number), commission_minor, fee_minor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::{EventName, Rate, Rule};
    use crate::domain::terms::example;
    use proptest::prelude::*;

    fn with_rate(rate: Rate) -> Terms {
        let currency = matches!(rate, Rate::Fixed { .. }).then_some(Currency::EUR);
        let rule = Rule { number: 1, event: EventName::sale(), rate, currency };
        Terms { rules: vec![rule], ..example(1) }
    }

    #[test]
    fn a_percentage_is_rounded_half_away_from_zero() {
        // domain.md section 13
        let examples = [
            (1000, 2000, 200),
            (1000, 5000, 500),
            (1900, 1000, 190),
            (7, 2000, 1),
            (2, 2000, 0),
            (0, 2000, 0),
            (1000, 0, 0),
            (3, 2000, 1),
            (15, 1000, 2),
            (1, 5000, 1),
            (500, 290, 15),
        ];
        for (amount, bps, expected) in examples {
            let priced = price(&with_rate(Rate::Percent { bps }), "sale", Some(amount), Currency::EUR);
            assert_eq!(priced.commission_minor, expected, "{bps} bps of {amount}");
        }
    }

    #[test]
    fn a_fixed_rate_is_paid_for_each_event() {
        // domain.md section 13: flat 5000 once; flat 500 twice; flat 500 zero times
        let sum = |minor, times| -> i64 {
            let terms = with_rate(Rate::Fixed { minor });
            (0..times).map(|_| price(&terms, "sale", None, Currency::EUR).commission_minor).sum()
        };
        assert_eq!([sum(5000, 1), sum(500, 2), sum(500, 0)], [5000, 1000, 0]);
    }

    #[test]
    fn the_first_matching_rule_wins_whatever_the_order_in_memory() {
        let mut terms = example(1);
        terms.rules.push(Rule { number: 3, rate: Rate::Percent { bps: 5000 }, ..terms.rules[0].clone() });
        terms.rules.reverse();
        let priced = price(&terms, "sale", Some(4990), Currency::EUR);
        assert_eq!(priced, Priced { rule_number: Some(1), commission_minor: 499, fee_minor: 100 });
        let lead = price(&terms, "lead", None, Currency::EUR);
        assert_eq!(lead, Priced { rule_number: Some(2), commission_minor: 250, fee_minor: 50 });
    }

    #[test]
    fn what_no_rule_names_is_worth_nothing() {
        let dollar = "USD".parse().unwrap();
        assert_eq!(price(&example(1), "visit", Some(100), Currency::EUR), Priced::NOTHING);
        assert_eq!(price(&example(1), "lead", None, dollar), Priced::NOTHING, "a fixed rate is not converted");
        let no_amount = price(&example(1), "sale", None, Currency::EUR);
        assert_eq!(no_amount, Priced { rule_number: Some(1), commission_minor: 0, fee_minor: 0 });
    }

    proptest! {
        #[test]
        fn a_commission_is_never_negative_nor_more_than_the_amount(amount in 0..=1_000_000_000_000_000_i64, bps in 0..=10_000_i64) {
            let priced = price(&with_rate(Rate::Percent { bps }), "sale", Some(amount), Currency::EUR);
            prop_assert!((0..=amount).contains(&priced.commission_minor));
            prop_assert!((0..=priced.commission_minor).contains(&priced.fee_minor));
        }
    }
}
