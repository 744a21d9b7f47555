//! Refunds: what of an order was taken back, and what remains of it (domain.md sections 5 and 6).

use serde::{Deserialize, Serialize};

use super::ids::RefundId;
use super::line::Line;
use super::money::{Currency, Money};

/// An order is refunded at most so often, since every decision is stored with all its inputs.
pub const REFUNDS_MAX: usize = 100;
/// An order has at most so long a reference for each of its refunds.
pub const REFERENCE_MAX_BYTES: usize = 128;

/// A part of an order that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refund {
    pub refund_id: RefundId,
    /// More than 0.
    pub minor: i64,
    pub currency: Currency,
    /// What came back; they add up to the refund. Without them it is of all lines, by their sums.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// What is left of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    pub minor: i64,
    /// They add up to it; none where the order had none.
    pub lines: Vec<Line>,
    /// Something was taken back.
    pub is_refunded: bool,
}

impl Remaining {
    /// All of it was taken back: nothing is earned, by whatever rate.
    pub const fn is_nothing(&self) -> bool {
        self.is_refunded && self.minor == 0
    }
}

/// Why a refund is not taken; each is a sentence for the person who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefused {
    #[error("a refund is of more than 0")]
    NoAmount,
    #[error("the order has no amount that could be refunded: reject or reverse it")]
    WithoutAmount,
    #[error("the order is in {0}")]
    OtherCurrency(Currency),
    #[error("only {0} of the order is left")]
    BeyondAmount(Money),
    #[error("item {0} is none of the order's, or not so many of it are left")]
    NotALine(usize),
    #[error("an order has at most {REFUNDS_MAX} refunds")]
    TooMany,
}

/// What is left after these refunds, in whatever order they came. Those in another currency do not count. Lines that were
/// named go first; what names none is spread over the lines that are left, by their sums.
pub fn remaining(amount_minor: i64, lines: &[Line], currency: Currency, refunds: &[Refund]) -> Remaining {
    let counted: Vec<&Refund> = refunds.iter().filter(|refund| refund.currency == currency).collect();
    if counted.is_empty() {
        return Remaining { minor: amount_minor, lines: lines.to_vec(), is_refunded: false };
    }
    let refunded: i128 = counted.iter().map(|refund| i128::from(refund.minor)).sum();
    let left = (i128::from(amount_minor) - refunded).max(0);
    // What is left of an amount is no more than it.
    let minor = i64::try_from(left).unwrap_or(0);
    let mut kept = lines.to_vec();
    for line in counted.iter().flat_map(|refund| &refund.lines) {
        // One that names no line of this order takes its part of all of them.
        take_away(&mut kept, line);
    }
    Remaining { minor, lines: spread(kept, minor), is_refunded: true }
}

/// What is left after one more refund.
///
/// # Errors
/// It is more than what is left, in another currency, or names lines that the order has not.
pub fn refund(
    amount_minor: i64,
    lines: &[Line],
    currency: Currency,
    known: &[Refund],
    new: &Refund,
) -> Result<Remaining, RefundRefused> {
    if new.minor <= 0 {
        return Err(RefundRefused::NoAmount);
    }
    if new.currency != currency {
        return Err(RefundRefused::OtherCurrency(currency));
    }
    if known.len() >= REFUNDS_MAX {
        return Err(RefundRefused::TooMany);
    }
    let before = remaining(amount_minor, lines, currency, known);
    if new.minor > before.minor {
        return Err(RefundRefused::BeyondAmount(Money::new(before.minor, currency)));
    }
    let mut kept = lines.to_vec();
    for line in known.iter().flat_map(|refund| &refund.lines) {
        take_away(&mut kept, line);
    }
    let mut numbered = (1..).zip(&new.lines);
    if let Some((number, _)) = numbered.find(|(_, line)| !take_away(&mut kept, line)) {
        return Err(RefundRefused::NotALine(number));
    }
    let all: Vec<Refund> = known.iter().chain([new]).cloned().collect();
    Ok(remaining(amount_minor, lines, currency, &all))
}

/// Takes the pieces of a line away, if there are so many.
fn take_away(lines: &mut Vec<Line>, named: &Line) -> bool {
    let is_same =
        |line: &Line| (&line.sku, &line.category, line.unit_minor) == (&named.sku, &named.category, named.unit_minor);
    let there = lines.iter().filter(|line| is_same(line)).fold(0_i64, |sum, line| sum.saturating_add(line.quantity));
    if there < named.quantity {
        return false;
    }
    let mut wanted = named.quantity;
    for line in lines.iter_mut().filter(|line| is_same(line)) {
        let taken = line.quantity.min(wanted);
        line.quantity -= taken;
        wanted -= taken;
    }
    lines.retain(|line| line.quantity > 0);
    true
}

/// The lines with such sums that they add up to `total`, in proportion: rounded down, and what is missing goes to the
/// largest remainders, of equal ones to the first.
fn spread(lines: Vec<Line>, total: i64) -> Vec<Line> {
    let sums: Vec<i128> = lines.iter().map(|line| i128::from(line.sum_minor())).collect();
    let whole: i128 = sums.iter().sum();
    let total = i128::from(total);
    if whole == total || whole <= 0 {
        return lines;
    }
    let mut parts: Vec<i128> = sums.iter().map(|sum| sum * total / whole).collect();
    let mut by_remainder: Vec<usize> = (0..sums.len()).collect();
    by_remainder.sort_by_key(|&index| (-(sums[index] * total % whole), index));
    let missing = total - parts.iter().sum::<i128>();
    for &index in by_remainder.iter().take(usize::try_from(missing).unwrap_or(0)) {
        parts[index] += 1;
    }
    // A part of a sum is no more than it.
    lines.into_iter().zip(parts).map(|(line, part)| with_sum(line, i64::try_from(part).unwrap_or(0))).collect()
}

/// As so many pieces, where that comes out even; else as one.
fn with_sum(line: Line, sum_minor: i64) -> Line {
    if line.quantity > 0 && sum_minor % line.quantity == 0 {
        Line { unit_minor: sum_minor / line.quantity, ..line }
    } else {
        Line { quantity: 1, unit_minor: sum_minor, ..line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EUR: Currency = Currency::EUR;

    fn one(id: i64, minor: i64) -> Refund {
        Refund { refund_id: RefundId(id), minor, currency: EUR, lines: Vec::new() }
    }

    fn line(sku: &str, quantity: i64, unit_minor: i64) -> Line {
        Line { sku: Some(sku.to_owned()), category: None, quantity, unit_minor }
    }

    fn sums(lines: &[Line]) -> Vec<i64> {
        lines.iter().map(Line::sum_minor).collect()
    }

    #[test]
    fn what_is_left_is_what_was_reported_less_all_refunds() {
        let left = |refunds: &[Refund]| remaining(8_000, &[], EUR, refunds);
        assert_eq!((left(&[]).minor, left(&[]).is_refunded), (8_000, false));
        assert_eq!(left(&[one(1, 3_000)]).minor, 5_000);
        assert_eq!(left(&[one(1, 3_000), one(2, 4_999)]).minor, 1);
        for refunds in [vec![one(1, 8_000)], vec![one(1, 5_000), one(2, 5_000)]] {
            assert!(left(&refunds).is_nothing(), "{refunds:?}");
        }
        let yen = Refund { currency: "JPY".parse().unwrap(), ..one(1, 3_000) };
        let other = left(&[yen]);
        assert_eq!((other.minor, other.is_refunded), (8_000, false), "another currency");
        assert!(!remaining(0, &[], EUR, &[]).is_nothing(), "an order over nothing may earn a fixed amount");
    }

    #[test]
    fn a_refund_beyond_the_order_is_refused_by_name() {
        let lines = [line("A", 2, 1_000), line("B", 1, 3_000)];
        let try_out = |known: &[Refund], new: Refund| refund(5_000, &lines, EUR, known, &new);
        assert_eq!(try_out(&[], one(1, 5_000)).unwrap().minor, 0);
        assert_eq!(try_out(&[], one(1, 0)), Err(RefundRefused::NoAmount));
        assert_eq!(try_out(&[], one(1, -1)), Err(RefundRefused::NoAmount));
        let left = Money::new(4_000, EUR);
        assert_eq!(try_out(&[one(1, 1_000)], one(2, 4_001)), Err(RefundRefused::BeyondAmount(left)));
        let yen = Refund { currency: "JPY".parse().unwrap(), ..one(1, 1) };
        assert_eq!(try_out(&[], yen), Err(RefundRefused::OtherCurrency(EUR)));
        let many: Vec<Refund> = (0..REFUNDS_MAX as i64).map(|id| one(id, 1)).collect();
        assert_eq!(try_out(&many, one(999, 1)), Err(RefundRefused::TooMany));
        let of = |id, named: Line| Refund { lines: vec![named.clone()], ..one(id, named.sum_minor()) };
        assert_eq!(try_out(&[], of(1, line("C", 1, 1_000))), Err(RefundRefused::NotALine(1)));
        assert_eq!(try_out(&[], of(1, line("A", 3, 1_000))), Err(RefundRefused::NotALine(1)));
        let twice = try_out(&[of(1, line("A", 2, 1_000))], of(2, line("A", 1, 1_000)));
        assert_eq!(twice, Err(RefundRefused::NotALine(1)), "both pieces are back already");
    }

    #[test]
    fn named_lines_go_and_the_rest_is_spread_by_largest_remainder() {
        let lines = [line("A", 2, 1_000), line("B", 1, 3_000)];
        let named = Refund { lines: vec![line("A", 1, 1_000)], ..one(1, 1_000) };
        let alone = std::slice::from_ref(&named);
        assert_eq!(remaining(5_000, &lines, EUR, alone).lines, [line("A", 1, 1_000), lines[1].clone()]);
        let whole = Refund { lines: vec![line("B", 1, 3_000)], ..one(1, 3_000) };
        assert_eq!(remaining(5_000, &lines, EUR, &[whole]).lines, [lines[0].clone()]);
        // 4.00 of 5.00: 8.00 × … keeps the pieces where they come out even.
        assert_eq!(remaining(5_000, &lines, EUR, &[one(1, 1_000)]).lines, [line("A", 2, 800), line("B", 1, 2_400)]);
        // Three lines of 1.00 less 1.00: 0.67, 0.67, 0.66.
        let thirds = [line("A", 1, 100), line("B", 1, 100), line("C", 1, 100)];
        assert_eq!(sums(&remaining(300, &thirds, EUR, &[one(1, 100)]).lines), [67, 67, 66]);
        // What does not divide by its pieces is one piece.
        assert_eq!(remaining(300, &[line("A", 3, 100)], EUR, &[one(1, 1)]).lines, [line("A", 1, 299)]);
        let unknown = Refund { lines: vec![line("Z", 1, 1_000)], ..one(1, 1_000) };
        assert_eq!(sums(&remaining(5_000, &lines, EUR, &[unknown]).lines), [1_600, 2_400]);
        let other_way = [one(2, 500), named.clone()];
        assert_eq!(remaining(5_000, &lines, EUR, &[named, one(2, 500)]), remaining(5_000, &lines, EUR, &other_way));
    }

    proptest! {
        #[test]
        fn what_is_left_adds_up_and_does_not_depend_on_the_order(
            pieces in proptest::collection::vec((1..5_i64, 0..400_i64), 1..6),
            parts in proptest::collection::vec(1..300_i64, 1..8),
        ) {
            let lines: Vec<Line> = pieces.iter().zip(0..).map(|(&(quantity, unit), n): (_, i64)| {
                line(&n.to_string(), quantity, unit)
            }).collect();
            let amount: i64 = sums(&lines).iter().sum();
            let mut known: Vec<Refund> = Vec::new();
            for (minor, id) in parts.into_iter().zip(0..) {
                let new = one(id, minor);
                let before = remaining(amount, &lines, EUR, &known).minor;
                match refund(amount, &lines, EUR, &known, &new) {
                    Ok(left) => {
                        prop_assert_eq!(left.minor, before - minor);
                        prop_assert_eq!(sums(&left.lines).iter().sum::<i64>(), left.minor);
                        known.push(new);
                    }
                    Err(_) => prop_assert!(minor > before),
                }
            }
            let backwards: Vec<Refund> = known.iter().rev().cloned().collect();
            prop_assert_eq!(remaining(amount, &lines, EUR, &known), remaining(amount, &lines, EUR, &backwards));
        }
    }
}
