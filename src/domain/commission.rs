//! Commission: what one conversion is worth under one version of the terms (domain.md sections 5 and 13).

use serde::{Deserialize, Serialize};

use super::condition::OrderFacts;
use super::line::Line;
use super::money::Currency;
use super::rule::{Rate, Rule};
use super::terms::Terms;

/// What a conversion is worth, in minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// The rule that matched; nothing when none did, and then it is worth nothing. An order with lines has one where all
    /// lines that a rule is for have the same.
    pub rule_number: Option<i64>,
    pub commission_minor: i64,
    pub fee_minor: i64,
    /// The order's lines, each with its part of the commission.
    pub lines: Vec<PricedLine>,
}

impl Priced {
    /// Worth nothing, by no rule.
    pub fn nothing(lines: &[Line]) -> Self {
        let lines = lines.iter().map(PricedLine::nothing).collect();
        Self { rule_number: None, commission_minor: 0, fee_minor: 0, lines }
    }
}

/// One line of an order with its part of the commission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    pub line: Line,
    pub rule_number: Option<i64>,
    pub commission_minor: i64,
}

impl PricedLine {
    /// Worth nothing, by no rule.
    pub fn nothing(line: &Line) -> Self {
        Self { line: line.clone(), rule_number: None, commission_minor: 0 }
    }
}

/// What is priced.
#[derive(Debug, Clone, Copy)]
pub struct Order<'o> {
    pub event: &'o str,
    /// What it pays on, in minor units: what is left of the order.
    pub amount_minor: Option<i64>,
    pub currency: Currency,
    /// Its lines, where it has any.
    pub lines: &'o [Line],
    /// What rules may ask of the order, as it was reported: a refund chooses no other rule, so that it never pays more.
    pub facts: OrderFacts<'o>,
}

/// Prices one conversion: rules are read by their number, the first match wins. A percentage is rounded half away from
/// zero once per line, or once where there are no lines; the order's commission is the sum of its lines; the network fee
/// is rounded once.
pub fn price(terms: &Terms, order: &Order<'_>) -> Priced {
    let Order { event, amount_minor, currency, lines, facts } = *order;
    let mut rules: Vec<&Rule> = terms.rules.iter().filter(|rule| rule.matches(event, currency, &facts)).collect();
    rules.sort_by_key(|rule| rule.number);
    if lines.is_empty() {
        let Some(rule) = rules.into_iter().find(|rule| rule.is_for_orders()) else { return Priced::nothing(lines) };
        let commission_minor = rule.commission_minor(amount_minor);
        let fee_minor = terms.fee.minor(commission_minor, amount_minor);
        return Priced { rule_number: Some(rule.number), commission_minor, fee_minor, lines: Vec::new() };
    }
    let lines = price_lines(&rules, lines);
    // Of lines that were read the sum is far from the limit; of damaged ones it must not stop the check.
    let commission_minor = lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.commission_minor));
    let is_matched = lines.iter().any(|line| line.rule_number.is_some());
    let fee_minor = if is_matched { terms.fee.minor(commission_minor, amount_minor) } else { 0 };
    Priced { rule_number: common_rule(&lines), commission_minor, fee_minor, lines }
}

/// A fixed rate is paid for the event: with the first line that its rule is for, and not again with the others.
fn price_lines(rules: &[&Rule], lines: &[Line]) -> Vec<PricedLine> {
    let mut paid: Vec<i64> = Vec::new();
    let price = |line: &Line| {
        let Some(rule) = rules.iter().find(|rule| rule.is_for_line(line)) else { return PricedLine::nothing(line) };
        let is_due = matches!(rule.rate, Rate::Percent { .. }) || !paid.contains(&rule.number);
        paid.push(rule.number);
        let commission_minor = if is_due { rule.commission_minor(Some(line.sum_minor())) } else { 0 };
        PricedLine { line: line.clone(), rule_number: Some(rule.number), commission_minor }
    };
    lines.iter().map(price).collect()
}

fn common_rule(lines: &[PricedLine]) -> Option<i64> {
    let mut numbers = lines.iter().filter_map(|line| line.rule_number);
    let first = numbers.next()?;
    numbers.all(|number| number == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::condition::{CustomerKind, When};
    use crate::domain::line::{LineField, OnlyFor};
    use crate::domain::rule::EventName;
    use crate::domain::terms::{Fee, FeeBasis, example};
    use proptest::prelude::*;

    /// An order of which nothing else is known.
    fn price(terms: &Terms, event: &str, amount_minor: Option<i64>, currency: Currency, lines: &[Line]) -> Priced {
        let facts = OrderFacts { amount_minor, ..OrderFacts::default() };
        super::price(terms, &Order { event, amount_minor, currency, lines, facts })
    }

    fn with_rate(rate: Rate) -> Terms {
        let currency = matches!(rate, Rate::Fixed { .. }).then_some(Currency::EUR);
        let rule = Rule { number: 1, event: EventName::sale(), rate, currency, only_for: None, when: When::default() };
        Terms { rules: vec![rule], ..example(1) }
    }

    /// An order without lines.
    fn order(rule: i64, commission_minor: i64, fee_minor: i64) -> Priced {
        Priced { rule_number: Some(rule), commission_minor, fee_minor, lines: Vec::new() }
    }

    fn line(category: &str, quantity: i64, unit_minor: i64) -> Line {
        Line { sku: Some(format!("{category}-1")), category: Some(category.to_owned()), quantity, unit_minor }
    }

    /// Before the rules of the example: 5 % for boots, 0.30 for an order with gifts, 1 % for one kind of sock.
    fn with_conditions() -> Terms {
        let only = |field, text: &str| Some(OnlyFor { field, text: text.to_owned() });
        let sale = |number, rate, currency, only_for| {
            let when = When::default();
            Rule { number, event: EventName::sale(), rate, currency, only_for, when }
        };
        let mut rules = vec![
            sale(1, Rate::Percent { bps: 500 }, None, only(LineField::Category, "Boots")),
            sale(2, Rate::Fixed { minor: 30 }, Some(Currency::EUR), only(LineField::Category, "Gifts")),
            sale(3, Rate::Percent { bps: 100 }, None, only(LineField::Sku, "Socks-1")),
        ];
        rules.extend(example(1).rules.into_iter().zip(4..).map(|(rule, number)| Rule { number, ..rule }));
        Terms { rules, ..example(1) }
    }

    /// Rule and commission of each line.
    type Parts = Vec<(Option<i64>, i64)>;

    fn of_lines(terms: &Terms, lines: &[Line]) -> (Option<i64>, i64, i64, Parts) {
        let amount = lines.iter().map(Line::sum_minor).sum();
        let priced = price(terms, "sale", Some(amount), Currency::EUR, lines);
        let parts = priced.lines.iter().map(|line| (line.rule_number, line.commission_minor)).collect();
        (priced.rule_number, priced.commission_minor, priced.fee_minor, parts)
    }

    #[test]
    fn each_line_is_priced_by_the_first_rule_that_is_for_it() {
        let lines = [line("Boots", 1, 3990), line("Socks", 2, 500), line("Hats", 1, 1000)];
        let parts = vec![(Some(1), 200), (Some(3), 10), (Some(4), 100)];
        assert_eq!(of_lines(&with_conditions(), &lines), (None, 310, 62, parts), "the fee is of all of it, once");
        let boots = [line("Boots", 1, 3990), line("Boots", 1, 10)];
        assert_eq!(of_lines(&with_conditions(), &boots), (Some(1), 201, 40, vec![(Some(1), 200), (Some(1), 1)]));
        let priced = price(&with_conditions(), "sale", Some(5990), Currency::EUR, &[]);
        assert_eq!((priced.rule_number, priced.commission_minor), (Some(4), 599), "without lines: the rule for orders");
    }

    #[test]
    fn a_percentage_is_rounded_once_per_line() {
        // 10 % of 0.05 twice is 0.01 twice; of 0.10 together it were 0.01.
        let (_, commission, _, parts) = of_lines(&example(1), &[line("A", 1, 5), line("B", 1, 5)]);
        assert_eq!((commission, parts), (2, vec![(Some(1), 1), (Some(1), 1)]));
        // domain.md section 13: 20 % of 1000 with quantity 5 in the amount is 200; the line is rounded, not the piece.
        let (_, commission, _, _) = of_lines(&with_rate(Rate::Percent { bps: 2000 }), &[line("A", 5, 200)]);
        assert_eq!(commission, 200);
        assert_eq!(of_lines(&example(1), &[line("A", 3, 5)]).1, 2, "0.15, not three times 0.01");
    }

    #[test]
    fn a_fixed_rate_is_paid_once_however_many_lines_it_is_for() {
        let gifts = [line("Gifts", 3, 100), line("Hats", 1, 1000), line("Gifts", 1, 100)];
        let parts = vec![(Some(2), 30), (Some(4), 100), (Some(2), 0)];
        assert_eq!(of_lines(&with_conditions(), &gifts), (None, 130, 26, parts));
        let all = of_lines(&with_rate(Rate::Fixed { minor: 500 }), &[line("A", 1, 100), line("B", 1, 100)]);
        assert_eq!(all, (Some(1), 500, 100, vec![(Some(1), 500), (Some(1), 0)]));
    }

    #[test]
    fn a_line_that_no_rule_is_for_is_worth_nothing() {
        let mut terms = with_conditions();
        terms.rules.truncate(3);
        let priced = of_lines(&terms, &[line("Boots", 1, 1000), line("Hats", 1, 1000)]);
        assert_eq!(priced, (Some(1), 50, 10, vec![(Some(1), 50), (None, 0)]));
        assert_eq!(of_lines(&terms, &[line("Hats", 1, 1000)]), (None, 0, 0, vec![(None, 0)]));
        terms.fee = Fee { basis: FeeBasis::Amount, bps: 100 };
        assert_eq!(of_lines(&terms, &[line("Hats", 1, 1000)]).2, 0, "and costs no fee");
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
            let priced = price(&with_rate(Rate::Percent { bps }), "sale", Some(amount), Currency::EUR, &[]);
            assert_eq!(priced.commission_minor, expected, "{bps} bps of {amount}");
        }
    }

    #[test]
    fn a_fixed_rate_is_paid_for_each_event() {
        // domain.md section 13: flat 5000 once; flat 500 twice; flat 500 zero times
        let sum = |minor, times| -> i64 {
            let terms = with_rate(Rate::Fixed { minor });
            (0..times).map(|_| price(&terms, "sale", None, Currency::EUR, &[]).commission_minor).sum()
        };
        assert_eq!([sum(5000, 1), sum(500, 2), sum(500, 0)], [5000, 1000, 0]);
    }

    #[test]
    fn the_first_matching_rule_wins_whatever_the_order_in_memory() {
        let mut terms = example(1);
        terms.rules.push(Rule { number: 3, rate: Rate::Percent { bps: 5000 }, ..terms.rules[0].clone() });
        terms.rules.reverse();
        let priced = price(&terms, "sale", Some(4990), Currency::EUR, &[]);
        assert_eq!(priced, order(1, 499, 100));
        let lead = price(&terms, "lead", None, Currency::EUR, &[]);
        assert_eq!(lead, order(2, 250, 50));
    }

    /// Rules of these conditions and percentages, in this order, in euro.
    fn rules_of(rates: &[(When, i64)]) -> Terms {
        let rules = rates.iter().zip(1..).map(|((when, bps), number)| Rule {
            number,
            event: EventName::sale(),
            rate: Rate::Percent { bps: *bps },
            currency: when.has_amounts().then_some(Currency::EUR),
            only_for: None,
            when: when.clone(),
        });
        Terms { rules: rules.collect(), ..example(1) }
    }

    fn amounts(from: Option<i64>, below: Option<i64>) -> When {
        When { amount_from: from, amount_below: below, ..When::default() }
    }

    #[test]
    fn the_amount_of_an_order_chooses_its_rule() {
        // domain.md section 13: under 50: 10 %, 50 to 100: 15 %, from 100: 20 %.
        let terms = rules_of(&[
            (amounts(None, Some(5_000)), 1000),
            (amounts(Some(5_000), Some(10_000)), 1500),
            (amounts(Some(10_000), None), 2000),
        ]);
        let cases = [(2_500, 1, 250), (7_500, 2, 1_125), (20_000, 3, 4_000), (4_999, 1, 500), (5_000, 2, 750)];
        for (amount, rule, commission) in cases {
            let priced = price(&terms, "sale", Some(amount), Currency::EUR, &[]);
            assert_eq!((priced.rule_number, priced.commission_minor), (Some(rule), commission), "{amount}");
        }
        let dollar = "USD".parse().unwrap();
        assert_eq!(price(&terms, "sale", Some(2_500), dollar, &[]), Priced::nothing(&[]), "50 dollars are not 50 euro");
        let lines = [line("A", 1, 6_000), line("B", 1, 4_000)];
        let priced = price(&terms, "sale", Some(10_000), Currency::EUR, &lines);
        assert_eq!((priced.rule_number, priced.commission_minor), (Some(3), 2_000), "the whole order's amount counts");
    }

    #[test]
    fn what_is_left_of_an_order_is_paid_by_the_rule_of_the_whole() {
        let terms = rules_of(&[(amounts(None, Some(5_000)), 2000), (When::default(), 1000)]);
        let facts = OrderFacts { amount_minor: Some(8_000), ..OrderFacts::default() };
        let left =
            |minor| Order { event: "sale", amount_minor: Some(minor), currency: Currency::EUR, lines: &[], facts };
        let earned = [8_000, 4_900, 100].map(|minor| super::price(&terms, &left(minor)).commission_minor);
        assert_eq!(earned, [800, 490, 10], "20 % of 49.00 were more than 10 % of 80.00");
    }

    #[test]
    fn customer_and_coupon_choose_too_and_the_first_that_holds_wins() {
        let terms = rules_of(&[
            (When { coupon: Some("LOYAL".to_owned()), ..When::default() }, 100),
            (When { customer: Some(CustomerKind::New), ..When::default() }, 1500),
            (When::default(), 500),
        ]);
        let rule = |customer, coupon| {
            let facts = OrderFacts { amount_minor: Some(1_000), customer, coupon };
            let order = Order { event: "sale", amount_minor: Some(1_000), currency: Currency::EUR, lines: &[], facts };
            super::price(&terms, &order).rule_number
        };
        let (new, returning) = (Some(CustomerKind::New), Some(CustomerKind::Returning));
        let found = [rule(new, Some("loyal")), rule(new, None), rule(returning, None), rule(None, Some("other"))];
        assert_eq!(found, [Some(1), Some(2), Some(3), Some(3)]);
    }

    #[test]
    fn what_no_rule_names_is_worth_nothing() {
        let dollar = "USD".parse().unwrap();
        assert_eq!(price(&example(1), "visit", Some(100), Currency::EUR, &[]), Priced::nothing(&[]));
        assert_eq!(
            price(&example(1), "lead", None, dollar, &[]),
            Priced::nothing(&[]),
            "a fixed rate is not converted"
        );
        let no_amount = price(&example(1), "sale", None, Currency::EUR, &[]);
        assert_eq!(no_amount, order(1, 0, 0));
    }

    proptest! {
        #[test]
        fn a_commission_is_never_negative_nor_more_than_the_amount(amount in 0..=1_000_000_000_000_000_i64, bps in 0..=10_000_i64) {
            let priced = price(&with_rate(Rate::Percent { bps }), "sale", Some(amount), Currency::EUR, &[]);
            prop_assert!((0..=amount).contains(&priced.commission_minor));
            prop_assert!((0..=priced.commission_minor).contains(&priced.fee_minor));
        }

        #[test]
        fn the_commission_is_the_sum_of_its_lines_and_at_most_half_a_cent_a_line_from_the_whole(
            units in proptest::collection::vec((1..=9_i64, 0..=100_000_i64), 1..20), bps in 0..=10_000_i64
        ) {
            let lines: Vec<Line> = units.iter().map(|(quantity, unit)| line("A", *quantity, *unit)).collect();
            let amount: i64 = lines.iter().map(Line::sum_minor).sum();
            let terms = with_rate(Rate::Percent { bps });
            let by_line = price(&terms, "sale", Some(amount), Currency::EUR, &lines);
            let whole = price(&terms, "sale", Some(amount), Currency::EUR, &[]);
            prop_assert_eq!(by_line.commission_minor, by_line.lines.iter().map(|line| line.commission_minor).sum::<i64>());
            prop_assert!((by_line.commission_minor - whole.commission_minor).abs() * 2 <= lines.len() as i64 + 1);
            prop_assert!((0..=amount).contains(&by_line.commission_minor));
        }
    }
}
