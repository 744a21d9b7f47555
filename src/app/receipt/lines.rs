//! The lines of the order: what was bought, and which rule pays what for it.

use leptos::prelude::*;

use crate::domain::commission::PricedLine;
use crate::domain::money::Money;
use crate::domain::party::Viewer;
use crate::domain::receipt::ReceiptField;
use crate::reports::receipt::Receipt;

const NOTHING: &str = "\u{2013}";

/// The numbers of the rules that price the lines, each once, upwards.
pub fn rules_of(lines: &[PricedLine]) -> Vec<i64> {
    let mut numbers: Vec<i64> = lines.iter().filter_map(|line| line.rule_number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// A table of the lines; nothing where the report named none.
pub fn lines(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    let lines = receipt.decided.as_ref().map(|(_, decision)| decision.lines.as_slice()).unwrap_or_default();
    if lines.is_empty() {
        return ().into_any();
    }
    let currency = receipt.conversion.currency;
    let money = |minor| Money::new(minor, currency).figure();
    let is_sku_shown = ReceiptField::Sku.is_whole(viewer.acting.kind());
    let rows: Vec<_> = lines.iter().map(|line| row(line, is_sku_shown, money)).collect();
    let sum = lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.line.sum_minor()));
    let commission = lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.commission_minor));
    view! {
        <section class="section">
            <h2>"Lines of the order"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Lines of the order">
                <table class="data compact">
                    <thead>
                        <tr>
                            <th scope="col">"Category, SKU"</th>
                            <th scope="col" class="num">"Quantity"</th>
                            <th scope="col" class="num">"Unit amount"</th>
                            <th scope="col" class="num">"Sum"</th>
                            <th scope="col" class="num">"Commission"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    <tfoot>
                        <tr>
                            <th scope="row" colspan="3">{format!("Total, {currency}")}</th>
                            <td class="num money" data-label="Sum">{money(sum)}</td>
                            <td class="num money" data-label="Commission">{money(commission)}</td>
                        </tr>
                    </tfoot>
                </table>
            </div>
            {rules(receipt, lines)}
        </section>
    }
    .into_any()
}

fn row(priced: &PricedLine, is_sku_shown: bool, money: impl Fn(i64) -> String) -> AnyView {
    let line = &priced.line;
    let sku = match (&line.sku, is_sku_shown) {
        (_, false) => view! { "SKU "<span class="hidden-field">"hidden from you"</span> }.into_any(),
        (Some(sku), true) => format!("SKU {sku}").into_any(),
        (None, true) => "no SKU".into_any(),
    };
    let rule = priced.rule_number.map_or_else(|| "no rule".to_owned(), |number| format!("rule {number}"));
    view! {
        <tr>
            <th scope="row">
                {line.category.clone().unwrap_or_else(|| NOTHING.to_owned())}<span class="sub">{sku}</span>
            </th>
            <td class="num" data-label="Quantity">{line.quantity}</td>
            <td class="num money" data-label="Unit amount">{money(line.unit_minor)}</td>
            <td class="num money" data-label="Sum">{money(line.sum_minor())}</td>
            <td class="num money" data-label="Commission">
                <span>{money(priced.commission_minor)}<span class="sub">{rule}</span></span>
            </td>
        </tr>
    }
    .into_any()
}

/// What the rules in the table say, and how their parts are counted.
fn rules(receipt: &Receipt, lines: &[PricedLine]) -> AnyView {
    let terms = receipt.terms.as_ref();
    let sentences = rules_of(lines).into_iter().filter_map(|number| {
        let rule = terms?.rules.iter().find(|rule| rule.number == number)?;
        Some(view! { <li>{format!("Rule {number}: {}", rule.sentence(receipt.conversion.currency))}</li> })
    });
    view! {
        <ul class="plain small">{sentences.collect::<Vec<_>>()}</ul>
        <p class="hint">
            "Each line is paid by the first rule that is for it. A percentage is rounded line by line; a fixed amount is paid \
            once for the order."
        </p>
    }
    .into_any()
}
