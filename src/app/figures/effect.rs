//! By what campaigns are ranked as most effective: the column's head, its cells, and the length of their bars.

use crate::domain::money::{Currency, Money};
use crate::reports::figures::Figures;
use crate::reports::query::Effect;

pub fn head(effect: Effect, currency: Currency) -> String {
    match effect {
        Effect::Epc => format!("EPC, {currency}"),
        Effect::Commission => format!("Commission, {currency}"),
        Effect::ConversionRate => "CR".to_owned(),
    }
}

pub fn cell(effect: Effect, figures: &Figures, currency: Currency) -> String {
    match effect {
        Effect::Epc => figures.epc(currency).money(currency),
        Effect::Commission => Money::new(figures.commission_minor(currency), currency).figure(),
        Effect::ConversionRate => figures.conversion_rate().percent(),
    }
}

/// For the bar only: a thousandth of the ranked ratio is fine enough.
pub fn weight(effect: Effect, figures: &Figures, currency: Currency) -> i64 {
    match effect {
        Effect::Epc => figures.epc(currency).scaled(1_000).unwrap_or(0),
        Effect::Commission => figures.commission_minor(currency),
        Effect::ConversionRate => figures.conversion_rate().scaled(100_000).unwrap_or(0),
    }
}
