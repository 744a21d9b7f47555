//! Lines of an order: what was bought, as the report says, and for which of it a rule is (domain.md sections 3 and 5).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::conversion_report::Refused;
use super::money::{Currency, Money};
use super::reason::ReasonCode;
use super::rule::AMOUNT_MAX_MINOR;

/// An order has at most so many lines.
pub const LINES_MAX: usize = 100;
/// A line has at most so many pieces.
pub const QUANTITY_MAX: i64 = 1_000_000;
/// Of an SKU, and of a category.
pub const LINE_TEXT_MAX_BYTES: usize = 64;

const FIELD: &str = "items";

/// One line as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineFields {
    pub sku: Option<String>,
    pub category: Option<String>,
    pub quantity: i64,
    /// A decimal: `49.90`.
    pub unit_amount: String,
}

/// One line, typed. Texts are compared byte by byte, never trimmed or folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    pub quantity: i64,
    /// Of one piece, in minor units of the order's currency.
    pub unit_minor: i64,
}

impl Line {
    /// What all pieces come to. Lines that were read stay far below the limit; of damaged ones it must not stop the check.
    pub const fn sum_minor(&self) -> i64 {
        self.quantity.saturating_mul(self.unit_minor)
    }
}

/// Reads the lines of an order, which add up to its amount.
pub fn read(items: &[LineFields], amount_minor: Option<i64>, currency: Option<Currency>) -> Result<Vec<Line>, Refused> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    if items.len() > LINES_MAX {
        return Err(Refused::bad_field(FIELD, format!("An order has at most {LINES_MAX} lines.")));
    }
    let (Some(amount_minor), Some(currency)) = (amount_minor, currency) else {
        return Err(mismatch("Lines need the amount that they add up to."));
    };
    let numbered = (1..).zip(items);
    let lines: Vec<Line> = numbered.map(|(number, item)| line(number, item, currency)).collect::<Result<_, _>>()?;
    let sum = lines.iter().map(|line| i128::from(line.quantity) * i128::from(line.unit_minor)).sum::<i128>();
    if sum == i128::from(amount_minor) {
        return Ok(lines);
    }
    let amount = Money::new(amount_minor, currency);
    Err(match i64::try_from(sum) {
        Ok(sum) => mismatch(&format!("The lines add up to {}, the amount is {amount}.", Money::new(sum, currency))),
        Err(_) => mismatch(&format!("The lines add up to far more than the amount of {amount}.")),
    })
}

fn mismatch(message: &str) -> Refused {
    Refused { code: ReasonCode::ItemsMismatch, field: FIELD, message: message.to_owned() }
}

fn line(number: usize, item: &LineFields, currency: Currency) -> Result<Line, Refused> {
    if !(1..=QUANTITY_MAX).contains(&item.quantity) {
        let message = format!("Line {number}: the quantity is a whole number from 1 to {QUANTITY_MAX}.");
        return Err(Refused::bad_field(FIELD, message));
    }
    let unit = currency.parse_amount(&item.unit_amount).ok().filter(|minor| *minor <= AMOUNT_MAX_MINOR);
    let unit_minor = unit.ok_or_else(|| Refused {
        code: ReasonCode::BadAmount,
        field: FIELD,
        message: format!("Line {number}: the unit_amount is not a plain number with at most the currency's digits."),
    })?;
    let text = |name, text| line_text(number, name, text);
    Ok(Line {
        sku: text("sku", item.sku.as_deref())?,
        category: text("category", item.category.as_deref())?,
        quantity: item.quantity,
        unit_minor,
    })
}

fn line_text(number: usize, name: &str, text: Option<&str>) -> Result<Option<String>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if is_line_text(text) {
        return Ok(Some(text.to_owned()));
    }
    let message =
        format!("Line {number}: the {name} has at most {LINE_TEXT_MAX_BYTES} bytes, without control characters.");
    Err(Refused::bad_field(FIELD, message))
}

/// Whether an SKU or a category can be so.
pub fn is_line_text(text: &str) -> bool {
    (1..=LINE_TEXT_MAX_BYTES).contains(&text.len()) && !text.contains(char::is_control)
}

text_enum! {
    /// By what a rule tells lines apart.
    pub enum LineField {
        Category = "category",
        Sku = "sku",
    }
}

/// The lines that a rule is for: those with exactly this category, or this SKU.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OnlyFor {
    pub field: LineField,
    pub text: String,
}

impl OnlyFor {
    pub fn holds(&self, line: &Line) -> bool {
        let own = match self.field {
            LineField::Category => line.category.as_deref(),
            LineField::Sku => line.sku.as_deref(),
        };
        own == Some(self.text.as_str())
    }
}

/// `in category Boots`, `with SKU B-42`.
impl fmt::Display for OnlyFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.field {
            LineField::Category => "in category",
            LineField::Sku => "with SKU",
        };
        f.pad(&format!("{words} {}", self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(sku: &str, category: &str, quantity: i64, unit_amount: &str) -> LineFields {
        let text = |text: &str| Some(text.to_owned());
        LineFields { sku: text(sku), category: text(category), quantity, unit_amount: unit_amount.to_owned() }
    }

    fn read_eur(items: &[LineFields], amount_minor: i64) -> Result<Vec<Line>, Refused> {
        read(items, Some(amount_minor), Some(Currency::EUR))
    }

    #[test]
    fn lines_are_read_into_types_and_add_up() {
        let lines = read_eur(&[item("B-42", "Boots", 1, "39.90"), item("", "Socks", 2, "5")], 4990).unwrap();
        let sums: Vec<i64> = lines.iter().map(Line::sum_minor).collect();
        assert_eq!(sums, [3990, 1000]);
        assert_eq!((lines[0].sku.as_deref(), lines[1].sku.as_deref()), (Some("B-42"), None));
        assert_eq!(read(&[], None, None), Ok(Vec::new()), "no lines need nothing");
        assert_eq!(read_eur(&[item("A", "", 3, "0.00")], 0).unwrap().len(), 1, "a present");
        let text = serde_json::to_string(&lines).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Line>>(&text).unwrap(), lines);
    }

    #[test]
    fn what_is_wrong_with_a_line_is_named() {
        let long = "x".repeat(65);
        let huge = item("A", "", QUANTITY_MAX, "999999999999.99");
        let many = vec![item("A", "", 1, "0.01"); 101];
        use ReasonCode::{BadAmount, BadField, ItemsMismatch};
        let cases: [(&[LineFields], i64, ReasonCode, &str); 11] = [
            (&[item("A", "", 1, "1.00")], 99, ItemsMismatch, "The lines add up to 1.00 EUR, the amount is 0.99 EUR."),
            (&[item("A", "", 2, "0.50")], 101, ItemsMismatch, "add up to 1.00 EUR"),
            (&vec![huge; 100], 100, ItemsMismatch, "far more than the amount of 1.00 EUR"),
            (&[item("A", "", 0, "1.00")], 0, BadField, "Line 1: the quantity"),
            (&[item("A", "", 1, "1.00"), item("A", "", QUANTITY_MAX + 1, "0")], 100, BadField, "Line 2: the quantity"),
            (&[item("A", "", -1, "1.00")], -100, BadField, "Line 1: the quantity"),
            (&[item("A", "", 1, "1.005")], 100, BadAmount, "Line 1: the unit_amount"),
            (&[item("A", "", 1, "-1.00")], -100, BadAmount, "Line 1: the unit_amount"),
            (&[item(&long, "", 1, "1.00")], 100, BadField, "Line 1: the sku"),
            (&[item("A", "a\nb", 1, "1.00")], 100, BadField, "Line 1: the category"),
            (&many, 101, BadField, "at most 100 lines"),
        ];
        for (items, amount, code, told) in cases {
            let refused = read_eur(items, amount).unwrap_err();
            assert_eq!((refused.code, refused.field), (code, "items"), "{refused}");
            assert!(refused.message.contains(told), "{refused}");
        }
        let alone = read(&[item("A", "", 1, "1.00")], None, Some(Currency::EUR)).unwrap_err();
        assert_eq!(alone.code, ItemsMismatch, "{alone}");
    }

    #[test]
    fn a_rule_is_for_lines_of_exactly_its_text() {
        let lines = read_eur(&[item("B-42", "Boots", 1, "1.00")], 100).unwrap();
        let holds = |field, text: &str| OnlyFor { field, text: text.to_owned() }.holds(&lines[0]);
        assert!(holds(LineField::Category, "Boots") && holds(LineField::Sku, "B-42"));
        assert!(!holds(LineField::Category, "boots") && !holds(LineField::Category, "B-42"));
        assert!(!holds(LineField::Sku, "Boots") && !holds(LineField::Sku, ""));
    }
}
