//! Money: an integer of minor units with a currency; no float anywhere (domain.md sections 3 and 5).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a currency code as in EUR")]
pub struct NotACurrency;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount as in 49.90, with at most the currency's digits")]
pub struct NotAnAmount;

impl Currency {
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// The code, upper case.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the point; currencies without a minor unit have none.
    pub fn digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// Reads `^[0-9]{1,12}(\.[0-9]{1,3})?$`, at most the currency's digits, into minor units.
    pub fn parse_amount(self, text: &str) -> Result<i64, NotAnAmount> {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let fraction_max = (self.digits() as usize).min(3);
        if !digits(whole, 12) || fraction.is_some_and(|fraction| !digits(fraction, fraction_max)) {
            return Err(NotAnAmount);
        }
        let fraction = fraction.unwrap_or("");
        let scale = 10_i64.pow(self.digits());
        let units: i64 = whole.parse().map_err(|_| NotAnAmount)?;
        let parts: i64 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| NotAnAmount)? };
        Ok(units * scale + parts * 10_i64.pow(self.digits() - fraction.len() as u32))
    }

    /// The amount as in an API or a CSV file: `49.90`, `-3`, `1.500`.
    pub fn decimal(self, minor: i64) -> String {
        let scale = 10_u64.pow(self.digits());
        let (sign, value) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
        match self.digits() {
            0 => format!("{sign}{value}"),
            digits => format!("{sign}{}.{:0width$}", value / scale, value % scale, width = digits as usize),
        }
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By code.
impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;
    /// Upper case only; codes for testing and for no currency are refused.
    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        match iso_currency::Currency::from_code(text) {
            Some(currency) if !matches!(text, "XXX" | "XTS") && currency.code() == text => Ok(Self(currency)),
            _ => Err(NotACurrency),
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount for people: minus sign, thousands apart, the currency behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// `1,234.50` with U+2212 for a negative amount.
    pub fn figure(self) -> String {
        let text = self.currency.decimal(self.minor);
        let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("\u{2212}", rest));
        let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, _)| (whole, &text[whole.len()..]));
        format!("{sign}{}{fraction}", thousands(whole))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.figure(), self.currency))
    }
}

/// Groups the digits of a whole number by commas.
pub fn thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `amount × basis points / 10,000`, rounded half away from zero, once.
///
/// # Panics
/// When the result leaves `i64`: a broken invariant about money, never silently wrong.
pub fn share(amount_minor: i64, rate_bps: i64) -> i64 {
    let product = i128::from(amount_minor) * i128::from(rate_bps);
    let half = if product < 0 { -5_000 } else { 5_000 };
    i64::try_from((product + half) / 10_000).expect("a share of an amount within its limits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_half_away_from_zero() {
        // domain.md section 13; percent × 100 = basis points
        let examples = [
            (1000, 2000, 200),
            (1000, 5000, 500),
            (1900, 1000, 190),
            (7, 2000, 1),
            (2, 2000, 0),
            (0, 2000, 0),
            (1000, 0, 0),
            (3, 2000, 1),
            (15, 1000, 2),
            (1, 5000, 1),
            (500, 290, 15),
            (-15, 1000, -2),
        ];
        for (amount, rate, expected) in examples {
            assert_eq!(share(amount, rate), expected, "{rate} bps of {amount}");
        }
    }

    #[test]
    fn hostile_amounts_are_refused() {
        let hostile = [
            "NaN",
            "inf",
            "1e9",
            "-1",
            "-0",
            "+5",
            "1,000.00",
            "1.005",
            "\u{663}",
            "\u{ff10}",
            "0x10",
            "",
            "1.0000",
            "9223372036854775807",
            ".5",
            "5.",
            " 1",
            "1 ",
        ];
        for text in hostile {
            assert_eq!(Currency::EUR.parse_amount(text), Err(NotAnAmount), "{text}");
        }
    }

    #[test]
    fn amounts_follow_the_currency_digits() {
        let read = |code: &str, text: &str| code.parse::<Currency>().unwrap().parse_amount(text);
        assert_eq!(read("EUR", "49.9"), Ok(4990));
        assert_eq!(read("JPY", "500"), Ok(500));
        assert_eq!(read("JPY", "500.0"), Err(NotAnAmount));
        assert_eq!(read("BHD", "1.005"), Ok(1005));
        assert_eq!(read("EUR", "999999999999.99"), Ok(99_999_999_999_999));
        for code in ["eur", "XXX", "EURO", ""] {
            assert_eq!(code.parse::<Currency>(), Err(NotACurrency), "{code}");
        }
    }

    #[test]
    fn amounts_are_shown_with_sign_and_groups() {
        assert_eq!(Money::new(-1_234_567, Currency::EUR).to_string(), "\u{2212}12,345.67 EUR");
        assert_eq!(Money::new(5, Currency::EUR).to_string(), "0.05 EUR");
        assert_eq!(Currency::EUR.decimal(-5), "-0.05");
    }
}
