//! A file of conversions: a head with the names of the interface's fields, then a row for each report.

use csv::{ReaderBuilder, StringRecord};

use crate::domain::conversion_report::ReportFields;

/// More rows in one file are refused: somebody waits for the answer.
pub const ROWS_MAX: usize = 2_000;
pub const FILE_BYTES_MAX: usize = 1_024 * 1_024;

/// The columns a file may have. No customer: files are kept as they came, and of customers only a keyed hash is.
pub const COLUMNS: [&str; 9] =
    ["order_id", "event", "amount", "currency", "click_id", "coupon", "channel", "occurred_at", "test"];

/// A report, and the line it stands on; the head is line 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    pub line: i64,
    pub fields: ReportFields,
}

/// Why a file as a whole is not taken; each is a sentence for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    #[error("the file is larger than 1 MiB: send it in parts")]
    TooLarge,
    #[error("the file is not UTF-8: export it as \"CSV UTF-8\"")]
    NotText,
    #[error("the file has no row below its head")]
    Empty,
    #[error("the file has more than {ROWS_MAX} rows: send it in parts")]
    TooManyRows,
    #[error("no column is named {0:?}; the columns are {columns}", columns = COLUMNS.join(", "))]
    UnknownColumn(String),
    #[error("the column {0:?} is there twice")]
    ColumnTwice(String),
    #[error("there is no column order_id in the first line; the columns are {columns}", columns = COLUMNS.join(", "))]
    NoOrderId,
    #[error("line {line} cannot be read: {why}")]
    Line { line: u64, why: String },
}

/// The text of a file, without the mark that some programs put before it.
pub fn text(bytes: Vec<u8>) -> Result<String, FileRefused> {
    let text = String::from_utf8(bytes).map_err(|_| FileRefused::NotText)?;
    if text.contains('\0') {
        return Err(FileRefused::NotText);
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Reads all rows; separated by commas, or by semicolons where the head is.
pub fn read(text: &str) -> Result<Vec<FileRow>, FileRefused> {
    // The reader counts "\n" alone, and ends a row with each of the others too.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let head = text.lines().next().unwrap_or("");
    let separator = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
    let head = reader.headers().map_err(unreadable)?.clone();
    check(&head)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        if rows.len() == ROWS_MAX {
            return Err(FileRefused::TooManyRows);
        }
        let line = record.position().map_or(0, csv::Position::line).cast_signed();
        rows.push(FileRow { line, fields: fields(&head, &record) });
    }
    if rows.is_empty() { Err(FileRefused::Empty) } else { Ok(rows) }
}

fn check(head: &StringRecord) -> Result<(), FileRefused> {
    for (place, name) in head.iter().enumerate() {
        if !COLUMNS.contains(&name) {
            return Err(FileRefused::UnknownColumn(name.chars().take(40).collect()));
        }
        if head.iter().take(place).any(|other| other == name) {
            return Err(FileRefused::ColumnTwice(name.to_owned()));
        }
    }
    if head.iter().any(|name| name == "order_id") { Ok(()) } else { Err(FileRefused::NoOrderId) }
}

fn unreadable(error: csv::Error) -> FileRefused {
    let line = error.position().map_or(1, csv::Position::line);
    let why = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields, and the head has {expected_len}")
        }
        _ => "its quotes do not match".to_owned(),
    };
    FileRefused::Line { line, why }
}

/// As in a query: an empty field is not there.
fn fields(head: &StringRecord, record: &StringRecord) -> ReportFields {
    let of = |wanted: &str| {
        let place = head.iter().position(|name| name == wanted)?;
        record.get(place).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    ReportFields {
        event: of("event"),
        order_id: of("order_id"),
        amount: of("amount"),
        currency: of("currency"),
        click_id: of("click_id"),
        coupon: of("coupon"),
        channel: of("channel"),
        occurred_at: of("occurred_at"),
        test: of("test"),
        ..ReportFields::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_their_lines() {
        for text in [
            "order_id,amount,currency\nA-1,49.90,EUR\n\"A,2\",,\n",
            "order_id;amount;currency\r\nA-1;49.90;EUR\r\n\"A,2\";;\r\n",
            "order_id,amount,currency\rA-1,49.90,EUR\r\"A,2\",,\r",
        ] {
            let rows = read(text).unwrap();
            let ids: Vec<_> = rows.iter().map(|row| (row.line, row.fields.order_id.as_deref().unwrap())).collect();
            assert_eq!(ids, [(2, "A-1"), (3, "A,2")]);
            assert_eq!(rows[0].fields.amount.as_deref(), Some("49.90"));
            assert_eq!((&rows[1].fields.amount, &rows[1].fields.currency), (&None, &None));
        }
        let spaced = read("order_id\n A \n").unwrap();
        assert_eq!(spaced[0].fields.order_id.as_deref(), Some(" A "), "never trimmed");
        assert_eq!(text(b"\xef\xbb\xbforder_id\nA".to_vec()).unwrap(), "order_id\nA");
    }

    #[test]
    fn a_file_that_is_none_says_what_is_wrong() {
        use FileRefused::{ColumnTwice, Empty, NoOrderId, NotText, TooManyRows, UnknownColumn};
        let many = format!("order_id\n{}", "A\n".repeat(ROWS_MAX + 1));
        let cases = [
            ("", NoOrderId),
            ("order_id\n", Empty),
            ("amount\n1\n", NoOrderId),
            ("order_id,customer_id\nA,B\n", UnknownColumn("customer_id".to_owned())),
            ("order_id,order_id\nA,B\n", ColumnTwice("order_id".to_owned())),
            (&many, TooManyRows),
            (
                "order_id,amount\nA,1\nB\n",
                FileRefused::Line { line: 3, why: "it has 1 fields, and the head has 2".to_owned() },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Err(expected));
        }
        assert_eq!(text(vec![0xff, 0xfe, 0x41]), Err(NotText));
        assert_eq!(text(b"order_id\nA\0B".to_vec()), Err(NotText));
    }
}
