//! A report as CSV: the rows of the page, all of them, in RFC 4180. A row has one line per currency; its clicks stand
//! in the first of them, so that every column adds up to the page's total.

use super::figures::{Earned, Figures, Report};
use crate::domain::ids::PartyId;
use crate::domain::money::Currency;
use crate::domain::party::PartyKind;
use crate::domain::report::{ConversionSums, Dimension};

/// A cell that a spreadsheet would run as a formula gets an apostrophe in front. Only for texts: a negative number stays
/// a number.
pub fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) { format!("'{text}") } else { text.to_owned() }
}

const CLICKS: [&str; 6] =
    ["clicks_gross", "clicks_unique", "clicks_duplicate", "clicks_invalid", "clicks_with_id", "clicks_landed"];
const STATES: [&str; 6] = ["unattributed", "pending", "approved", "paid", "rejected", "reversed"];

fn head(report: &Report) -> Vec<String> {
    let mut head = vec![report.query.by.to_string()];
    if report.query.by != Dimension::Day {
        head.push(format!("{}_id", report.query.by));
    }
    head.extend(CLICKS.map(str::to_owned));
    head.push("currency".to_owned());
    head.extend(STATES.map(|state| format!("conversions_{state}")));
    let commission = ["pending", "approved", "paid", "rejected", "reversed"].map(|state| format!("commission_{state}"));
    head.push("amount".to_owned());
    head.extend(commission);
    if report.kind != PartyKind::Publisher {
        head.push("fee".to_owned());
    }
    head
}

/// The file's text: a head, then a line per row and currency.
pub fn csv(report: &Report) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut write = |record: Vec<String>| writer.write_record(record).expect("a buffer takes what is written");
    write(head(report));
    for row in &report.rows {
        let mut name = vec![cell(&row.name)];
        if report.query.by != Dimension::Day {
            name.push(if row.key == 0 { String::new() } else { PartyId(row.key).to_string() });
        }
        for (index, (currency, earned)) in lines(&row.figures).into_iter().enumerate() {
            let clicks = clicks(&row.figures, index == 0);
            write([name.clone(), clicks, sums(report.kind, currency, earned)].concat());
        }
    }
    String::from_utf8(writer.into_inner().expect("a buffer is flushed")).expect("cells are UTF-8")
}

/// At least one line, also where nothing was sold.
fn lines(figures: &Figures) -> Vec<(Option<Currency>, Option<&Earned>)> {
    if figures.earned.is_empty() {
        return vec![(None, None)];
    }
    figures.earned.iter().map(|(currency, earned)| (Some(*currency), Some(earned))).collect()
}

fn clicks(figures: &Figures, is_first: bool) -> Vec<String> {
    let clicks = &figures.clicks;
    let values = [clicks.gross(), clicks.unique, clicks.duplicate, clicks.invalid, clicks.with_id, clicks.landed];
    values.map(|value| if is_first { value.to_string() } else { "0".to_owned() }).to_vec()
}

fn sums(kind: PartyKind, currency: Option<Currency>, earned: Option<&Earned>) -> Vec<String> {
    let all = earned.map(|earned| earned.all).unwrap_or_default();
    let states = [all.unattributed, all.pending, all.approved, all.paid, all.rejected, all.reversed];
    let money = |minor: i64| currency.map_or_else(|| "0".to_owned(), |currency| currency.decimal(minor));
    let mut cells = vec![currency.map_or_else(String::new, |currency| currency.code().to_owned())];
    cells.extend(states.iter().map(|sums: &ConversionSums| sums.conversions.to_string()));
    cells.push(money(all.earning().amount_minor));
    cells.extend(states[1..].iter().map(|sums| money(sums.commission_minor)));
    if kind != PartyKind::Publisher {
        cells.push(money(all.earning().fee_minor));
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_never_starts_a_formula() {
        for text in ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        assert_eq!(cell("Winter = boots"), "Winter = boots");
    }
}
