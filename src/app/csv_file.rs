//! CSV files: one that somebody chose, with a head of known names, then rows, or why it is none; and one that is sent.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use csv::{ReaderBuilder, StringRecord};

use crate::app::error::ApiError;

const MIB: usize = 1_024 * 1_024;

/// A file by its name and content, to be saved; or why there is none.
pub fn answer(file: Result<(String, impl Into<Body>), ApiError>) -> Response {
    match file {
        Ok((name, content)) => {
            let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
            let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
            let kind = HeaderValue::from_static("text/csv; charset=utf-8");
            let head = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)];
            (head, content.into()).into_response()
        }
        Err(error) => problem(&error),
    }
}

/// A refusal for whoever asked for something that is no page.
pub fn problem(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, format!("{error}\n")).into_response()
}

/// What a file of one kind may have.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    pub columns: &'static [&'static str],
    /// Without these a file is none.
    pub needed: &'static [&'static str],
    /// More are refused: somebody waits for the answer.
    pub rows_max: usize,
    pub bytes_max: usize,
}

/// A row, and the line it stands on; the head is line 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub line: i64,
    values: Vec<(&'static str, String)>,
}

impl Row {
    /// As in a query: an empty field is not there.
    pub fn get(&self, column: &str) -> Option<String> {
        self.values.iter().find(|(name, _)| *name == column).map(|(_, value)| value.clone())
    }
}

/// Why a file as a whole is not taken; each is a sentence for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    #[error("the file is larger than {} MiB: send it in parts", .0.bytes_max / MIB)]
    TooLarge(&'static Shape),
    #[error("the file is not UTF-8: export it as \"CSV UTF-8\"")]
    NotText,
    #[error("the file has no row below its head")]
    Empty,
    #[error("the file has more than {} rows: send it in parts", .0.rows_max)]
    TooManyRows(&'static Shape),
    #[error("no column is named {0:?}; the columns are {columns}", columns = .1.columns.join(", "))]
    UnknownColumn(String, &'static Shape),
    #[error("the column {0:?} is there twice")]
    ColumnTwice(String),
    #[error("there is no column {0} in the first line; the columns are {columns}", columns = .1.columns.join(", "))]
    ColumnMissing(&'static str, &'static Shape),
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
pub fn read(text: &str, shape: &'static Shape) -> Result<Vec<Row>, FileRefused> {
    // The reader counts "\n" alone, and ends a row with each of the others too.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let head = text.lines().next().unwrap_or("");
    let separator = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
    let head = columns(reader.headers().map_err(unreadable)?, shape)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        if rows.len() == shape.rows_max {
            return Err(FileRefused::TooManyRows(shape));
        }
        let line = record.position().map_or(0, csv::Position::line).cast_signed();
        let values = head.iter().zip(&record).filter(|(_, value)| !value.is_empty());
        rows.push(Row { line, values: values.map(|(name, value)| (*name, value.to_owned())).collect() });
    }
    if rows.is_empty() { Err(FileRefused::Empty) } else { Ok(rows) }
}

/// The names of the head, in its order.
fn columns(head: &StringRecord, shape: &'static Shape) -> Result<Vec<&'static str>, FileRefused> {
    let mut names = Vec::new();
    for name in head {
        let Some(known) = shape.columns.iter().find(|known| **known == name) else {
            return Err(FileRefused::UnknownColumn(name.chars().take(40).collect(), shape));
        };
        if names.contains(known) {
            return Err(FileRefused::ColumnTwice(name.to_owned()));
        }
        names.push(*known);
    }
    match shape.needed.iter().find(|needed| !names.contains(needed)) {
        Some(missing) => Err(FileRefused::ColumnMissing(missing, shape)),
        None => Ok(names),
    }
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

/// What is kept of a file's name.
pub fn name_of(name: &str, otherwise: &str) -> String {
    const CHARS_MAX: usize = 100;
    let kept: String = name.chars().filter(|letter| !letter.is_control()).take(CHARS_MAX).collect();
    if kept.is_empty() { otherwise.to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SHAPE: Shape =
        Shape { columns: &["order_id", "amount", "currency"], needed: &["order_id"], rows_max: 3, bytes_max: 2 * MIB };

    #[test]
    fn rows_are_read_with_their_lines() {
        for text in [
            "order_id,amount,currency\nA-1,49.90,EUR\n\"A,2\",,\n",
            "order_id;amount;currency\r\nA-1;49.90;EUR\r\n\"A,2\";;\r\n",
            "order_id,amount,currency\rA-1,49.90,EUR\r\"A,2\",,\r",
        ] {
            let rows = read(text, &SHAPE).unwrap();
            let ids: Vec<_> = rows.iter().map(|row| (row.line, row.get("order_id").unwrap())).collect();
            assert_eq!(ids, [(2, "A-1".to_owned()), (3, "A,2".to_owned())]);
            assert_eq!(rows[0].get("amount").as_deref(), Some("49.90"));
            assert_eq!((rows[1].get("amount"), rows[1].get("currency")), (None, None));
        }
        let spaced = read("order_id\n A \n", &SHAPE).unwrap();
        assert_eq!(spaced[0].get("order_id").as_deref(), Some(" A "), "never trimmed");
        assert_eq!(text(b"\xef\xbb\xbforder_id\nA".to_vec()).unwrap(), "order_id\nA");
        assert_eq!((name_of("a\u{7}b.csv", "x"), name_of("", "x")), ("ab.csv".to_owned(), "x".to_owned()));
    }

    #[test]
    fn a_file_that_is_none_says_what_is_wrong() {
        use FileRefused::{ColumnMissing, ColumnTwice, Empty, NotText, TooManyRows, UnknownColumn};
        let cases = [
            ("", ColumnMissing("order_id", &SHAPE)),
            ("order_id\n", Empty),
            ("amount\n1\n", ColumnMissing("order_id", &SHAPE)),
            ("order_id,customer_id\nA,B\n", UnknownColumn("customer_id".to_owned(), &SHAPE)),
            ("order_id,order_id\nA,B\n", ColumnTwice("order_id".to_owned())),
            ("order_id\nA\nB\nC\nD\n", TooManyRows(&SHAPE)),
            (
                "order_id,amount\nA,1\nB\n",
                FileRefused::Line { line: 3, why: "it has 1 fields, and the head has 2".to_owned() },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, &SHAPE), Err(expected));
        }
        assert_eq!(text(vec![0xff, 0xfe, 0x41]), Err(NotText));
        assert_eq!(text(b"order_id\nA\0B".to_vec()), Err(NotText));
        assert_eq!(FileRefused::TooLarge(&SHAPE).to_string(), "the file is larger than 2 MiB: send it in parts");
    }
}
