//! Whether the next version of the terms takes something from publishers: a cut of a commission needs notice
//! (domain.md section 5).

use super::click_pay;
use super::condition::{CustomerKind, OrderFacts};
use super::line::{Line, LineField};
use super::money::Currency;
use super::rule::{Rate, Rule};
use super::terms::Terms;

/// More kinds of orders are not compared one by one.
const KINDS_MAX: usize = 100_000;

impl Terms {
    /// Whether some order would earn less under `next`: a rule is gone or pays less, or one that pays less now stands
    /// before it, or clicks pay less. Another kind of rate cannot be compared, and counts as a cut; so do an event whose
    /// reports now need an order id, and more kinds of orders than can be compared.
    pub fn is_cut_by(&self, next: &Self) -> bool {
        let kinds = kinds_of_lines(&[self, next]);
        let orders = kinds_of_orders(&[self, next]);
        if kinds.len().saturating_mul(orders.len()) > KINDS_MAX {
            return !self.promises_same(next);
        }
        let is_cut =
            |event: &str, currency| orders.iter().any(|order| is_cut(self, next, event, currency, order, &kinds));
        !self.currencies.iter().all(|currency| next.currencies.contains(currency))
            || click_pay::is_cut(self.click.as_ref(), next.click.as_ref())
            || self.events.iter().any(|event| {
                let name = event.name.as_str();
                let needs_order_id = next.event(name).is_some_and(|after| !after.is_once_per_click);
                (event.is_once_per_click && needs_order_id)
                    || self.currencies.iter().any(|currency| is_cut(name, *currency))
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

/// Every kind of order that the rules tell apart, one of each; first the one that no condition names. Between two bounds
/// of amounts nothing changes: each bound stands for all up to the next.
fn kinds_of_orders<'t>(versions: &[&'t Terms]) -> Vec<OrderFacts<'t>> {
    let conditions = || versions.iter().flat_map(|terms| &terms.rules).map(|rule| &rule.when);
    let bounds = conditions().flat_map(|when| [when.amount_from, when.amount_below]).flatten();
    let mut amounts: Vec<Option<i64>> = bounds.map(Some).chain([None, Some(0)]).collect();
    amounts.sort_unstable();
    amounts.dedup();
    let mut coupons: Vec<Option<&str>> = conditions().map(|when| when.coupon.as_deref()).chain([None]).collect();
    coupons.sort_unstable();
    coupons.dedup();
    let is_asked = conditions().any(|when| when.customer.is_some());
    let customers: &[Option<CustomerKind>] =
        if is_asked { &[None, Some(CustomerKind::New), Some(CustomerKind::Returning)] } else { &[None] };
    let mut orders = Vec::new();
    for amount_minor in amounts {
        for coupon in &coupons {
            let of =
                |customer: &Option<CustomerKind>| OrderFacts { amount_minor, customer: *customer, coupon: *coupon };
            orders.extend(customers.iter().map(of));
        }
    }
    orders
}

fn is_cut(
    before: &Terms,
    after: &Terms,
    event: &str,
    currency: Currency,
    order: &OrderFacts<'_>,
    kinds: &[Line],
) -> bool {
    // A fixed rate is paid once for an order: two rules of before that become one of after are paid once instead of twice.
    let mut merged: Vec<(i64, i64)> = Vec::new();
    kinds.iter().any(|line| {
        let Some(old) = first_for(before, event, currency, order, line) else { return false };
        let Some(new) = first_for(after, event, currency, order, line) else { return true };
        let is_merged = merged.iter().any(|(to, from)| *to == new.number && *from != old.number);
        merged.push((new.number, old.number));
        !new.rate.is_at_least(old.rate) || (is_merged && matches!(new.rate, Rate::Fixed { .. }))
    })
}

fn first_for<'t>(
    terms: &'t Terms,
    event: &str,
    currency: Currency,
    order: &OrderFacts<'_>,
    line: &Line,
) -> Option<&'t Rule> {
    let fits = |rule: &&Rule| rule.matches(event, currency, order) && rule.is_for_line(line);
    terms.rules.iter().filter(fits).min_by_key(|rule| rule.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::condition::When;
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
            when: When::default(),
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

    /// This percentage for orders of such a kind, before the rules of the example.
    fn on(when: When, bps: i64) -> Terms {
        let currency = when.has_amounts().then_some(Currency::EUR);
        let own =
            Rule { number: 0, event: EventName::sale(), rate: Rate::Percent { bps }, currency, only_for: None, when };
        let rules = std::iter::once(own).chain(example(1).rules).zip(1..).map(|(rule, number)| Rule { number, ..rule });
        Terms { rules: rules.collect(), ..example(1) }
    }

    #[test]
    fn less_for_some_orders_is_a_cut() {
        let amounts = |from, below| When { amount_from: from, amount_below: below, ..When::default() };
        let new = || When { customer: Some(CustomerKind::New), ..When::default() };
        let save = || When { coupon: Some("SAVE10".to_owned()), ..When::default() };
        let large = |from, bps| on(amounts(Some(from), None), bps);
        let cases = [
            (example(1), large(5_000, 1500), false, "more for large orders"),
            (example(1), large(5_000, 500), true, "less for large orders"),
            (large(5_000, 1500), large(4_000, 1500), false, "large from less on"),
            (large(5_000, 1500), large(6_000, 1500), true, "large from more on"),
            (example(1), on(amounts(None, Some(100)), 500), true, "less for small orders"),
            (example(1), on(save(), 500), true, "less with a coupon"),
            (on(new(), 2000), on(new(), 1500), true, "less for new customers"),
            (on(new(), 1500), on(new(), 2000), false, "more for new customers"),
            (on(new(), 1500), example(1), true, "no more extra for new customers"),
        ];
        for (before, after, expected, told) in cases {
            assert_eq!(before.is_cut_by(&after), expected, "{told}");
        }
        assert!(!example(1).is_cut_by(&example(2)), "the same promise is none");
    }

    #[test]
    fn an_event_that_needs_an_order_id_from_now_on_is_a_cut_and_the_other_way_is_none() {
        let mut by_order = example(1);
        by_order.events.iter_mut().for_each(|event| event.is_once_per_click = false);
        assert!(example(1).is_cut_by(&by_order), "reports of leads without an order id are refused");
        assert!(!by_order.is_cut_by(&example(1)));
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
