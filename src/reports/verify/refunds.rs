//! Refunds: what is left of an order, by arithmetic of its own, and whether each refund counts once and where it says.

use std::collections::HashMap;

use super::id;
use crate::domain::evidence::Inputs;
use crate::domain::line::Line;
use crate::store::audit_money::{Conversion, Refund};

/// The states in which a refund that is the step itself took all that was left.
const ENDED: [&str; 2] = ["rejected", "reversed"];

/// What is left of a conversion's order.
#[derive(Default)]
pub struct Left {
    /// Of the amount that counts, where it is that of the row.
    pub lines: Vec<Line>,
    /// All of it was taken back: it earns nothing.
    pub is_nothing: bool,
}

/// The refunds of each conversion.
pub fn by_conversion(refunds: Vec<Refund>) -> HashMap<i64, Vec<Refund>> {
    let mut of: HashMap<i64, Vec<Refund>> = HashMap::new();
    for refund in refunds {
        if let Some(conversion) = refund.conversion_id {
            of.entry(conversion).or_default().push(refund);
        }
    }
    of
}

/// What is left, from the reports and the refunds among the inputs.
pub fn left(row: &Conversion, inputs: &Inputs) -> Left {
    let nothing = Left { lines: Vec::new(), is_nothing: false };
    let Some(amount) = inputs.amount() else { return nothing };
    let own: Vec<_> = inputs.refunds.iter().filter(|refund| refund.currency.code() == row.currency).collect();
    let refunded: i128 = own.iter().map(|refund| i128::from(refund.minor)).sum();
    let minor = (i128::from(amount.minor) - refunded).max(0);
    if row.amount_minor.map(i128::from) != Some(minor) {
        return nothing;
    }
    let mut lines = inputs.lines(&amount).to_vec();
    if own.is_empty() {
        return Left { lines, is_nothing: false };
    }
    for named in own.iter().flat_map(|refund| &refund.lines) {
        without(&mut lines, named);
    }
    Left { lines: lowered(lines, minor), is_nothing: minor == 0 }
}

fn without(lines: &mut Vec<Line>, named: &Line) {
    let fits =
        |line: &Line| line.sku == named.sku && line.category == named.category && line.unit_minor == named.unit_minor;
    let there: i128 = lines.iter().filter(|line| fits(line)).map(|line| i128::from(line.quantity)).sum();
    if there < i128::from(named.quantity) {
        return;
    }
    for _ in 0..named.quantity {
        if let Some(line) = lines.iter_mut().find(|line| fits(line) && line.quantity > 0) {
            line.quantity -= 1;
        }
    }
    lines.retain(|line| line.quantity != 0);
}

/// Each line's part, and then a unit more for whoever lacks most, until nothing is missing. Only sums matter here.
fn lowered(lines: Vec<Line>, minor: i128) -> Vec<Line> {
    let of = |line: &Line| i128::from(line.quantity) * i128::from(line.unit_minor);
    let whole: i128 = lines.iter().map(of).sum();
    if whole == minor || whole <= 0 {
        return lines;
    }
    let mut parts: Vec<i128> = lines.iter().map(|line| of(line) * minor / whole).collect();
    while parts.iter().sum::<i128>() < minor {
        let lack = |place: usize| of(&lines[place]) * minor - parts[place] * whole;
        let most = (0..lines.len()).fold(0, |best, place| if lack(place) > lack(best) { place } else { best });
        parts[most] += 1;
    }
    let line =
        |(line, part): (Line, i128)| Line { quantity: 1, unit_minor: i64::try_from(part).unwrap_or(i64::MAX), ..line };
    lines.into_iter().zip(parts).map(line).collect()
}

/// What is wrong with the refunds of a conversion; nothing where each that counts is among its inputs, and no other.
pub fn problem(row: &Conversion, inputs: &Inputs, refunds: &[Refund]) -> Option<String> {
    let mut decided: Vec<(i64, i64, &str)> = Vec::new();
    for refund in &inputs.refunds {
        decided.push((refund.refund_id.0, refund.minor, refund.currency.code()));
    }
    let mut counted: Vec<(i64, i64, &str)> = Vec::new();
    for refund in refunds {
        if refund.step_conversion.is_some_and(|step| step != row.conversion_id) {
            return Some(format!("refund {} counts with a step of another conversion", id(refund.refund_id)));
        }
        let Some(state) = refund.step_state.as_deref() else { continue };
        // The refund that took all that was left is its end, and no decision was made over it.
        if !ENDED.contains(&state) {
            counted.push((refund.refund_id, refund.amount_minor, refund.currency.as_str()));
        }
    }
    decided.sort_unstable();
    counted.sort_unstable();
    (decided != counted).then(|| "its refunds are not those that were decided on".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: i64, unit_minor: i64) -> Line {
        Line { sku: None, category: None, quantity, unit_minor }
    }

    #[test]
    fn what_is_left_is_spread_as_the_rule_spreads_it() {
        use crate::domain::ids::RefundId;
        use crate::domain::money::Currency;
        use crate::domain::refund::{Refund, remaining};
        let orders = [vec![line(1, 100), line(1, 100), line(1, 100)], vec![line(2, 1_000), line(1, 3_000), line(3, 7)]];
        for lines in orders {
            let amount: i64 = lines.iter().map(Line::sum_minor).sum();
            for minor in (1..amount).step_by(37) {
                let refund = Refund { refund_id: RefundId(1), minor, currency: Currency::EUR, lines: Vec::new() };
                let rule = remaining(amount, &lines, Currency::EUR, &[refund]);
                let own = lowered(lines.clone(), i128::from(amount - minor));
                let sums = |lines: &[Line]| lines.iter().map(Line::sum_minor).collect::<Vec<_>>();
                assert_eq!(sums(&own), sums(&rule.lines), "{minor} of {amount}");
            }
        }
    }
}
