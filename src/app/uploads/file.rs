//! A file of conversions: a head with the names of the interface's fields, then a row for each report.

use crate::app::csv_file::{self, FileRefused, Row, Shape};
use crate::domain::conversion_report::ReportFields;

/// No customer: files are kept as they came, and of customers only a keyed hash is.
pub static SHAPE: Shape = Shape {
    columns: &["order_id", "event", "amount", "currency", "click_id", "coupon", "channel", "occurred_at", "test"],
    needed: &["order_id"],
    rows_max: 2_000,
    bytes_max: 1_024 * 1_024,
};

/// A report, and the line it stands on; the head is line 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    pub line: i64,
    pub fields: ReportFields,
}

/// Reads all rows.
pub fn read(text: &str) -> Result<Vec<FileRow>, FileRefused> {
    let rows = csv_file::read(text, &SHAPE)?;
    Ok(rows.iter().map(|row| FileRow { line: row.line, fields: fields(row) }).collect())
}

fn fields(row: &Row) -> ReportFields {
    ReportFields {
        event: row.get("event"),
        order_id: row.get("order_id"),
        amount: row.get("amount"),
        currency: row.get("currency"),
        click_id: row.get("click_id"),
        coupon: row.get("coupon"),
        channel: row.get("channel"),
        occurred_at: row.get("occurred_at"),
        test: row.get("test"),
        ..ReportFields::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_a_field_of_a_report() {
        let head = SHAPE.columns.join(",");
        let rows = read(&format!("{head}\n{head}\n")).unwrap();
        assert_eq!((rows.len(), rows[0].line), (1, 2));
        let expected = SHAPE.columns.iter().map(|name| Some((*name).to_owned()));
        let ReportFields { order_id, event, amount, currency, click_id, coupon, channel, occurred_at, test, .. } =
            rows[0].fields.clone();
        let read = [order_id, event, amount, currency, click_id, coupon, channel, occurred_at, test];
        assert!(read.into_iter().eq(expected));
    }
}
