//! Whether the next version of the terms takes something from publishers: a cut of a commission needs notice
//! (domain.md section 5).

use super::click_pay;
use super::line::{Line, LineField};
use super::money::Currency;
use super::rule::{Rate, Rule};
use super::terms::Terms;

impl Terms {
    /// Whether some order would earn less under `next`: a rule is gone or pays less, or one that pays less now stands
    /// before it, or clicks pay less. Another kind of rate cannot be compared, and counts as a cut.
    pub fn is_cut_by(&self, next: &Self) -> bool {
        let kinds = kinds_of_lines(&[self, next]);
        let is_cut = |event: &str, currency| is_cut(self, next, event, currency, &kinds);
        !self.currencies.iter().all(|currency| next.currencies.contains(currency))
            || click_pay::is_cut(self.click.as_ref(), next.click.as_ref())
            || self.events.iter().any(|event| {
                let event = event.name.as_str();
                self.currencies.iter().any(|currency| is_cut(event, *currency))
            })
    }
}

/// Every kind of line that the rules tell apart, one of each; first the one that no condition names, which stands for an
/// order without lines, too.
fn kinds_of_lines(versions: &[&Terms]) -> Vec<Line> {
    let conditions = versions.iter().flat_map(|terms| &terms.rules).filter_map(|rule| rule.only_for.as_ref());
    let (mut categories, mut skus) = (vec![None], vec![None]);
    for condition in conditions {
        let known = match condition.field {
            LineField::Category => &mut categories,
            LineField::Sku => &mut skus,
        };
        let text = Some(condition.text.clone());
        if !known.contains(&text) {
            known.push(text);
        }
    }
    let line = |sku: &Option<String>, category: &Option<String>| {
        let (sku, category) = (sku.clone(), category.clone());
        Line { sku, category, quantity: 1, unit_minor: 0 }
    };
    skus.iter().flat_map(|sku| categories.iter().map(move |category| line(sku, category))).collect()
}

fn is_cut(before: &Terms, after: &Terms, event: &str, currency: Currency, kinds: &[Line]) -> bool {
    // A fixed rate is paid once for an order: two rules of before that become one of after are paid once instead of twice.
    let mut merged: Vec<(i64, i64)> = Vec::new();
    kinds.iter().any(|line| {
        let Some(old) = first_for(before, event, currency, line) else { return false };
        let Some(new) = first_for(after, event, currency, line) else { return true };
        let is_merged = merged.iter().any(|(to, from)| *to == new.number && *from != old.number);
        merged.push((new.number, old.number));
        !new.rate.is_at_least(old.rate) || (is_merged && matches!(new.rate, Rate::Fixed { .. }))
    })
}

fn first_for<'t>(terms: &'t Terms, event: &str, currency: Currency, line: &Line) -> Option<&'t Rule> {
    let fits = |rule: &&Rule| rule.matches(event, currency) && rule.is_for_line(line);
    terms.rules.iter().filter(fits).min_by_key(|rule| rule.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::line::OnlyFor;
    use crate::domain::rule::EventName;
    use crate::domain::terms::example;

    /// These rates for lines before the rules of the example, which pay 10 % of a sale.
    fn with(rates: &[(LineField, &str, Rate)]) -> Terms {
        let own = rates.iter().map(|(field, text, rate)| Rule {
            number: 0,
            event: EventName::sale(),
            rate: *rate,
            currency: matches!(rate, Rate::Fixed { .. }).then_some(Currency::EUR),
            only_for: Some(OnlyFor { field: *field, text: (*text).to_owned() }),
        });
        let rules = own.chain(example(1).rules).zip(1..).map(|(rule, number)| Rule { number, ..rule });
        Terms { rules: rules.collect(), ..example(1) }
    }

    #[test]
    fn a_lower_rate_for_some_lines_is_a_cut_and_a_higher_one_is_not() {
        use LineField::{Category, Sku};
        let percent = |bps| Rate::Percent { bps };
        let (boots, hats) = ((Category, "Boots"), (Category, "Hats"));
        let rate = |(field, text), rate| (field, text, rate);
        let one = |rate: Rate| with(&[(Category, "Boots", rate)]);
        let both = |boot, hat| with(&[rate(boots, percent(boot)), rate(hats, percent(hat))]);
        let crossed = |first: (LineField, &str, Rate), second| with(&[first, second]);
        let (by_sku, by_category) = ((Sku, "B-1", percent(1500)), (Category, "Boots", percent(1200)));
        let cases = [
            (example(1), one(percent(1200)), false, "more for boots"),
            (example(1), one(percent(999)), true, "less for boots"),
            (example(1), one(Rate::Fixed { minor: 5000 }), true, "another kind of rate"),
            (one(percent(1200)), example(1), true, "no more extra for boots"),
            (one(percent(500)), example(1), false, "boots were worse"),
            (one(percent(1200)), one(percent(1100)), true, "less extra"),
            (both(1200, 1300), both(1300, 1300), false, "more for one"),
            (both(1200, 1300), both(1300, 1200), true, "more for one, less for the other"),
            (crossed(by_sku, by_category), crossed(by_category, by_sku), true, "boots with that SKU get less"),
            (crossed(by_category, by_sku), crossed(by_sku, by_category), false, "boots with that SKU get more"),
        ];
        for (before, after, expected, told) in cases {
            assert_eq!(before.is_cut_by(&after), expected, "{told}");
        }
    }

    #[test]
    fn fixed_rates_that_were_paid_beside_each_other_are_not_merged_without_notice() {
        let fixed = |minor| Rate::Fixed { minor };
        let lead_like = |rates: &[(&str, Rate)]| {
            let rates: Vec<_> = rates.iter().map(|(text, rate)| (LineField::Category, *text, *rate)).collect();
            let mut terms = with(&rates);
            let sale = terms.rules.iter_mut().find(|rule| rule.only_for.is_none()).unwrap();
            (sale.rate, sale.currency) = (fixed(100), Some(Currency::EUR));
            terms
        };
        let (apart, together) = (lead_like(&[("Boots", fixed(100))]), lead_like(&[]));
        assert!(apart.is_cut_by(&together), "an order with boots and hats got both");
        assert!(!together.is_cut_by(&apart), "now it gets both");
    }
}
