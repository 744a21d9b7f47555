//! The files by which payouts leave: a list of bank transfers, and PayPal's file for payouts on its pages. Nothing but the
//! payouts decides what stands in them, so that a second file of the same payouts has the same bytes.

use super::ids::PayoutId;
use super::money::{Currency, Money};
use super::payout_details::{PayoutDetails, PayoutMethod};

/// PayPal takes so many rows in one file of its payout pages (developer.paypal.com, "Payouts Web", September 2026).
pub const PAYPAL_ROWS_MAX: usize = 5_000;

/// In these PayPal takes whole amounts only, though they have two digits (developer.paypal.com, "Currency codes").
const WHOLE_AT_PAYPAL: [&str; 2] = ["HUF", "TWD"];

/// One payout with the destination that it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRecord {
    pub payout_id: PayoutId,
    pub money: Money,
    pub publisher: String,
    pub details: PayoutDetails,
}

/// Why a payout is not in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    #[error("it is paid another way")]
    OtherMethod,
    #[error("PayPal pays whole amounts only in this currency")]
    NotWhole,
    #[error("PayPal takes no amounts with three digits after the point")]
    TooFine,
}

/// What a file holds, and what it leaves out with its reason; both in the order of the payouts' ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutFile {
    pub text: String,
    pub payouts: Vec<PayoutId>,
    pub left_out: Vec<(PayoutId, LeftOut)>,
}

impl PayoutFile {
    fn of(
        records: &[PayoutRecord],
        head: Option<&[&str]>,
        row: impl Fn(&PayoutRecord) -> Result<Vec<String>, LeftOut>,
    ) -> Self {
        let mut sorted: Vec<&PayoutRecord> = records.iter().collect();
        sorted.sort_by_key(|record| record.payout_id);
        let (mut text, mut payouts, mut left_out) = (String::new(), Vec::new(), Vec::new());
        if let Some(head) = head {
            text.push_str(&line(head.iter().map(|name| (*name).to_owned())));
        }
        for record in sorted {
            match row(record) {
                Ok(cells) => {
                    text.push_str(&line(cells));
                    payouts.push(record.payout_id);
                }
                Err(why) => left_out.push((record.payout_id, why)),
            }
        }
        Self { text, payouts, left_out }
    }
}

/// A line of RFC 4180: every cell that needs it stands in quotes.
fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cell = |text: String| {
        if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// Bank transfers, for whoever enters them at the bank or turns them into its own format.
pub fn bank_file(records: &[PayoutRecord]) -> PayoutFile {
    let head = ["payout_id", "publisher", "holder", "iban", "bic", "amount", "currency", "reference"];
    PayoutFile::of(records, Some(&head), |record| {
        let PayoutDetails::Bank { holder, iban, bic } = &record.details else { return Err(LeftOut::OtherMethod) };
        let id = record.payout_id.to_string();
        Ok(vec![
            id.clone(),
            record.publisher.clone(),
            holder.clone(),
            iban.as_str().to_owned(),
            bic.as_ref().map(|bic| bic.as_str().to_owned()).unwrap_or_default(),
            decimal(record.money),
            record.money.currency.code().to_owned(),
            id,
        ])
    })
}

/// PayPal's file: recipient, amount, currency, our own number, a note to the recipient, the wallet; no head. One currency
/// in a file, and one kind of recipient: an e-mail address.
pub fn paypal_file(records: &[PayoutRecord]) -> PayoutFile {
    PayoutFile::of(records, None, |record| {
        let PayoutDetails::PayPal { email } = &record.details else { return Err(LeftOut::OtherMethod) };
        let id = record.payout_id.to_string();
        Ok(vec![
            email.as_str().to_owned(),
            paypal_amount(record.money)?,
            record.money.currency.code().to_owned(),
            id.clone(),
            format!("Payout {id}"),
            "PAYPAL".to_owned(),
        ])
    })
}

/// Which file a payout belongs into; the third way is paid by hand.
pub const fn file_of(method: PayoutMethod) -> Option<fn(&[PayoutRecord]) -> PayoutFile> {
    match method {
        PayoutMethod::Bank => Some(bank_file),
        PayoutMethod::PayPal => Some(paypal_file),
        PayoutMethod::Other => None,
    }
}

fn decimal(money: Money) -> String {
    money.currency.decimal(money.minor)
}

fn paypal_amount(money: Money) -> Result<String, LeftOut> {
    let digits = money.currency.digits();
    if digits > 2 {
        return Err(LeftOut::TooFine);
    }
    if !is_whole_at_paypal(money.currency) {
        return Ok(decimal(money));
    }
    let unit = 10_i64.pow(digits);
    if money.minor % unit == 0 { Ok((money.minor / unit).to_string()) } else { Err(LeftOut::NotWhole) }
}

fn is_whole_at_paypal(currency: Currency) -> bool {
    WHOLE_AT_PAYPAL.contains(&currency.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payout_details::EnteredDetails;

    fn paypal(id: i64, minor: i64, currency: &str) -> PayoutRecord {
        let entered = EnteredDetails {
            method: "paypal".to_owned(),
            paypal_email: format!("p{id}@letters.example"),
            ..EnteredDetails::default()
        };
        PayoutRecord {
            payout_id: PayoutId(id),
            money: Money::new(minor, currency.parse().unwrap()),
            publisher: "Ada \"A\", Letters".to_owned(),
            details: PayoutDetails::read(&entered).unwrap(),
        }
    }

    fn bank(id: i64, minor: i64) -> PayoutRecord {
        let entered = EnteredDetails {
            method: "bank".to_owned(),
            holder: "Ada Lovelace".to_owned(),
            iban: "DE89 3704 0044 0532 0130 00".to_owned(),
            ..EnteredDetails::default()
        };
        PayoutRecord { details: PayoutDetails::read(&entered).unwrap(), ..paypal(id, minor, "EUR") }
    }

    #[test]
    fn the_same_payouts_give_the_same_bytes_in_whatever_order() {
        let records = [bank(3, 100), bank(1, 5), paypal(2, 700, "EUR")];
        let turned: Vec<_> = records.iter().rev().cloned().collect();
        assert_eq!(bank_file(&records), bank_file(&turned));
        assert_eq!(paypal_file(&records), paypal_file(&turned));
        assert_eq!(bank_file(&records).payouts, [PayoutId(1), PayoutId(3)]);
        assert_eq!(bank_file(&records).left_out, [(PayoutId(2), LeftOut::OtherMethod)]);
    }

    #[test]
    fn a_bank_transfer_is_a_row_with_all_that_a_bank_asks_for() {
        let id = PayoutId(1);
        let expected = format!(
            "payout_id,publisher,holder,iban,bic,amount,currency,reference\r\n\
            {id},\"Ada \"\"A\"\", Letters\",Ada Lovelace,DE89370400440532013000,,12.30,EUR,{id}\r\n"
        );
        assert_eq!(bank_file(&[bank(1, 1_230)]).text, expected);
    }

    #[test]
    fn paypal_gets_no_head_one_wallet_and_whole_amounts_where_it_wants_them() {
        let id = PayoutId(1);
        let row = format!("p1@letters.example,5.00,EUR,{id},Payout {id},PAYPAL\r\n");
        assert_eq!(paypal_file(&[paypal(1, 500, "EUR")]).text, row);
        for (minor, currency, expected) in [
            (1_234, "JPY", Ok("1234")),
            (123_400, "HUF", Ok("1234")),
            (123_450, "HUF", Err(LeftOut::NotWhole)),
            (500, "TWD", Ok("5")),
            (501, "TWD", Err(LeftOut::NotWhole)),
            (1_234, "BHD", Err(LeftOut::TooFine)),
            (1, "USD", Ok("0.01")),
        ] {
            let money = Money::new(minor, currency.parse().unwrap());
            assert_eq!(paypal_amount(money), expected.map(str::to_owned), "{minor} {currency}");
        }
    }

    #[test]
    fn the_third_way_has_no_file() {
        assert!(file_of(PayoutMethod::Bank).is_some() && file_of(PayoutMethod::PayPal).is_some());
        assert!(file_of(PayoutMethod::Other).is_none());
    }
}
