//! The three top lists (domain.md section 8): rankings of rows of a report, without a query of their own.

use std::cmp::{Ordering, Reverse};

use super::figures::Row;
use super::query::Effect;
use crate::domain::money::Currency;
use crate::domain::report::Ratio;

/// A campaign is ranked once this many unique clicks say something.
pub const UNIQUE_CLICKS_MIN: i64 = 50;

/// Campaigns with at least 50 unique clicks, the most effective first, in one currency: by money only those that pay in
/// it.
pub fn most_effective(rows: &[Row], by: Effect, currency: Currency) -> Vec<&Row> {
    let clicks = |row: &Row| match by {
        Effect::Epc | Effect::Commission => row.figures.unique_in(currency),
        Effect::ConversionRate => row.figures.clicks.unique,
    };
    let mut ranked: Vec<&Row> = rows.iter().filter(|row| clicks(row) >= UNIQUE_CLICKS_MIN).collect();
    ranked.sort_by(|a, b| {
        let order = match by {
            Effect::Epc => compare(a.figures.epc(currency), b.figures.epc(currency)),
            Effect::ConversionRate => compare(a.figures.conversion_rate(), b.figures.conversion_rate()),
            Effect::Commission => a.figures.commission_minor(currency).cmp(&b.figures.commission_minor(currency)),
        };
        order.reverse().then(a.key.cmp(&b.key))
    });
    ranked
}

/// Links by gross clicks, those with none left out.
pub fn most_clicked(rows: &[Row]) -> Vec<&Row> {
    let mut ranked: Vec<&Row> = rows.iter().filter(|row| row.key != 0 && row.figures.clicks.gross() > 0).collect();
    ranked.sort_by_key(|row| (Reverse((row.figures.clicks.gross(), row.figures.clicks.unique)), row.key));
    ranked
}

/// Advertisers (or publishers, or campaigns) by commission neither rejected nor reversed, those with none left out.
pub fn highest_earning(rows: &[Row], currency: Currency) -> Vec<&Row> {
    let mut ranked: Vec<&Row> =
        rows.iter().filter(|row| row.key != 0 && row.figures.commission_minor(currency) > 0).collect();
    ranked.sort_by_key(|row| (Reverse(row.figures.commission_minor(currency)), row.key));
    ranked
}

/// Exact: no quotient is computed. One without a denominator is the lowest.
fn compare(a: Ratio, b: Ratio) -> Ordering {
    let cross = |a: Ratio, b: Ratio| i128::from(a.numerator) * i128::from(b.denominator);
    match (a.denominator, b.denominator) {
        (0, 0) => Ordering::Equal,
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        _ => cross(a, b).cmp(&cross(b, a)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversion::ConversionState;
    use crate::domain::report::ConversionSums;

    fn row(key: i64, unique: i64, duplicate: i64, commission_minor: i64, conversions: i64) -> Row {
        let mut row = Row { key, name: key.to_string(), figures: super::super::figures::Figures::default() };
        row.figures.clicks.unique = unique;
        row.figures.unique_in.insert(Currency::EUR, unique);
        row.figures.clicks.duplicate = duplicate;
        let sums = ConversionSums { conversions, amount_minor: 0, commission_minor, fee_minor: 0 };
        let earned = row.figures.earned.entry(Currency::EUR).or_default();
        earned.all.add(ConversionState::Pending, &sums);
        earned.all.add(ConversionState::Rejected, &ConversionSums { commission_minor: 1_000_000, ..sums });
        row
    }

    fn keys(rows: &[&Row]) -> Vec<i64> {
        rows.iter().map(|row| row.key).collect()
    }

    #[test]
    fn each_list_has_its_own_order() {
        let rows = [row(1, 50, 0, 100, 1), row(2, 49, 900, 9_000, 9), row(3, 100, 0, 250, 1), row(0, 60, 0, 0, 0)];
        assert_eq!(keys(&most_effective(&rows, Effect::Epc, Currency::EUR)), [3, 1, 0]);
        assert_eq!(keys(&most_effective(&rows, Effect::ConversionRate, Currency::EUR)), [1, 3, 0]);
        assert_eq!(keys(&most_effective(&rows, Effect::Commission, Currency::EUR)), [3, 1, 0]);
        assert_eq!(keys(&most_clicked(&rows)), [2, 3, 1]);
        assert_eq!(keys(&highest_earning(&rows, Currency::EUR)), [2, 3, 1]);
        let mut rows = rows;
        rows[2].figures.unique_in.clear();
        assert_eq!(keys(&most_effective(&rows, Effect::Epc, Currency::EUR)), [1, 0], "it pays in another currency");
        assert_eq!(keys(&most_effective(&rows, Effect::ConversionRate, Currency::EUR)), [1, 3, 0]);
    }
}
