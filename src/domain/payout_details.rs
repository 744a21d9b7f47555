//! Where a publisher's payouts go: what can be entered, how it is shown without telling it, and what a change means.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::iban::Iban;
use super::ids::PublisherId;
use super::party::Email;
use super::secret::SecretKey;
use super::time::{HOUR_MS, Timestamp};

/// A change of payout details holds payouts for so long: time for the publisher to notice one that is not its own.
pub const HOLD_HOURS: i64 = 72;

/// The longest name that a SEPA transfer carries.
const HOLDER_CHARACTERS_MAX: usize = 70;
const TEXT_CHARACTERS_MAX: usize = 500;
/// No country's numbers are longer.
const IBAN_CHARACTERS_MAX: usize = 34;

text_enum! {
    /// How a publisher is paid.
    pub enum PayoutMethod {
        Bank = "bank",
        PayPal = "paypal",
        /// As the publisher describes it: somebody at the network reads it and pays by hand.
        Other = "other",
    }
}

impl PayoutMethod {
    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Bank => "Bank account",
            Self::PayPal => "PayPal",
            Self::Other => "Another way",
        }
    }
}

/// The fields of the form, as they were entered; also the form in which details are sealed. Never printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnteredDetails {
    pub method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub holder: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub iban: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub bic: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub paypal_email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub other_text: String,
}

impl fmt::Debug for EnteredDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnteredDetails(hidden)")
    }
}

/// Where payouts go, checked as far as it can be without asking a bank. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum PayoutDetails {
    Bank { holder: String, iban: Iban, bic: Option<Bic> },
    PayPal { email: Email },
    Other { text: String },
}

impl fmt::Debug for PayoutDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayoutDetails({} {})", self.method(), self.masked())
    }
}

/// A bank's code (ISO 9362), in upper case: 8 characters, or 11 with the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bic(String);

impl Bic {
    /// None where it is none.
    fn parse(text: &str) -> Option<Self> {
        let code: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let code = code.to_ascii_uppercase();
        let is_in_form = matches!(code.len(), 8 | 11)
            && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && code.as_bytes()[4..6].iter().all(u8::is_ascii_uppercase);
        is_in_form.then_some(Self(code))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The field that is wrong, and why: nothing of what was entered is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DetailsRefused {
    pub field: &'static str,
    pub message: String,
}

fn refused(field: &'static str, message: impl Into<String>) -> DetailsRefused {
    DetailsRefused { field, message: message.into() }
}

impl PayoutDetails {
    /// Reads what was entered; the fields of other methods do not count.
    pub fn read(entered: &EnteredDetails) -> Result<Self, DetailsRefused> {
        match entered.method.parse() {
            Ok(PayoutMethod::Bank) => Self::bank(entered),
            Ok(PayoutMethod::PayPal) => {
                let email = Email::parse(&entered.paypal_email);
                let email = email.map_err(|_| refused("paypal_email", "This is not an e-mail address."))?;
                Ok(Self::PayPal { email })
            }
            Ok(PayoutMethod::Other) => Self::other(&entered.other_text),
            Err(_) => Err(refused("method", "Choose a bank account, PayPal, or another way.")),
        }
    }

    fn bank(entered: &EnteredDetails) -> Result<Self, DetailsRefused> {
        let holder = entered.holder.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_name = (1..=HOLDER_CHARACTERS_MAX).contains(&holder.chars().count());
        if !is_name || holder.contains(char::is_control) {
            return Err(refused("holder", "Whose account is it? The name has 1 to 70 characters."));
        }
        let iban = Iban::parse(&entered.iban).map_err(|wrong| refused("iban", wrong.to_string()))?;
        let bic = match entered.bic.trim() {
            "" => None,
            text => Some(Bic::parse(text).ok_or_else(|| {
                refused("bic", "A BIC has 8 or 11 letters and digits, such as DEUTDEFF. It may also be left empty.")
            })?),
        };
        Ok(Self::Bank { holder, iban, bic })
    }

    fn other(text: &str) -> Result<Self, DetailsRefused> {
        let text = text.trim().replace("\r\n", "\n");
        let is_text = (1..=TEXT_CHARACTERS_MAX).contains(&text.chars().count());
        if !is_text || text.chars().any(|letter| letter.is_control() && letter != '\n') {
            return Err(refused("other_text", "Say in 1 to 500 characters how you can be paid."));
        }
        if holds_iban(&text) {
            return Err(refused("other_text", "This holds an IBAN: choose a bank account, where it is checked."));
        }
        Ok(Self::Other { text })
    }

    /// What the form would show: [`Self::read`] gives the same back.
    pub fn entered(&self) -> EnteredDetails {
        let entered = EnteredDetails { method: self.method().to_string(), ..EnteredDetails::default() };
        match self.clone() {
            Self::Bank { holder, iban, bic } => {
                let bic = bic.map(|bic| bic.0).unwrap_or_default();
                EnteredDetails { holder, iban: iban.as_str().to_owned(), bic, ..entered }
            }
            Self::PayPal { email } => EnteredDetails { paypal_email: email.as_str().to_owned(), ..entered },
            Self::Other { text } => EnteredDetails { other_text: text, ..entered },
        }
    }

    pub const fn method(&self) -> PayoutMethod {
        match self {
            Self::Bank { .. } => PayoutMethod::Bank,
            Self::PayPal { .. } => PayoutMethod::PayPal,
            Self::Other { .. } => PayoutMethod::Other,
        }
    }

    /// The account's country; empty where none is known.
    pub fn country(&self) -> &str {
        match self {
            Self::Bank { iban, .. } => iban.country(),
            Self::PayPal { .. } | Self::Other { .. } => "",
        }
    }

    /// Enough for its owner to recognise it, too little for anybody to use it: this is kept and shown in clear.
    pub fn masked(&self) -> String {
        match self {
            Self::Bank { iban, .. } => iban.masked(),
            Self::PayPal { email } => masked_email(email.as_str()),
            Self::Other { .. } => "as described".to_owned(),
        }
    }

    /// What two publishers have in common that are paid to one place. A description is compared with nobody's: two who
    /// write "please call" share nothing.
    pub fn destination(&self) -> Option<String> {
        match self {
            Self::Bank { iban, .. } => Some(format!("bank:{}", iban.as_str())),
            Self::PayPal { email } => Some(format!("paypal:{}", email.as_str())),
            Self::Other { .. } => None,
        }
    }
}

impl PayoutDetails {
    /// The same for two publishers that are paid to one place, and only for them; tells nothing without the key.
    pub fn destination_hash(&self, secret_key: &SecretKey, publisher: PublisherId) -> [u8; 32] {
        match self.destination() {
            Some(place) => secret_key.derive("payout-destination", &[place.as_bytes()]),
            None => secret_key.derive("payout-description", &[&publisher.0.to_be_bytes()]),
        }
    }
}

/// The first letters and the last label: `ada@letters.example` is `a…@l….example`.
fn masked_email(email: &str) -> String {
    let (local, host) = email.split_once('@').unwrap_or((email, ""));
    let (name, label) = host.rsplit_once('.').unwrap_or((host, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    format!("{}\u{2026}@{}\u{2026}.{label}", first(local), first(name))
}

/// Whether some words in a row make an IBAN.
fn holds_iban(text: &str) -> bool {
    let words: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
    (0..words.len()).any(|start| {
        let mut joined = String::new();
        for word in &words[start..] {
            joined.push_str(word);
            if Iban::parse(&joined).is_ok() {
                return true;
            }
            if joined.len() > IBAN_CHARACTERS_MAX {
                break;
            }
        }
        false
    })
}

/// Until when payouts wait after a change. The first entry holds none: nothing was reserved without details, so that it
/// takes no payout from another place, and the publisher is told of it.
pub const fn held_until(version: i64, changed_at: Timestamp) -> Option<Timestamp> {
    if version > 1 { Some(changed_at.plus_ms(HOLD_HOURS * HOUR_MS)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IBAN: &str = "DE89 3704 0044 0532 0130 00";

    fn bank(holder: &str, iban: &str, bic: &str) -> EnteredDetails {
        let [holder, iban, bic] = [holder, iban, bic].map(str::to_owned);
        EnteredDetails { method: "bank".to_owned(), holder, iban, bic, ..EnteredDetails::default() }
    }

    fn paypal(email: &str) -> EnteredDetails {
        let (method, paypal_email) = ("paypal".to_owned(), email.to_owned());
        EnteredDetails { method, paypal_email, ..EnteredDetails::default() }
    }

    fn other(text: &str) -> EnteredDetails {
        let (method, other_text) = ("other".to_owned(), text.to_owned());
        EnteredDetails { method, other_text, ..EnteredDetails::default() }
    }

    #[test]
    fn what_is_entered_is_read_masked_and_gives_itself_back() {
        let cases = [
            (bank(" Ada  Lovelace ", IBAN, "deutdeff"), "DE\u{2026}3000", "DE", Some("bank:DE89370400440532013000")),
            (bank("Ada", IBAN, " DEUT DE FF 500 "), "DE\u{2026}3000", "DE", Some("bank:DE89370400440532013000")),
            (bank("Ada", IBAN, ""), "DE\u{2026}3000", "DE", Some("bank:DE89370400440532013000")),
            (paypal(" Ada@Letters.Example "), "a\u{2026}@l\u{2026}.example", "", Some("paypal:ada@letters.example")),
            (other(" Please call.\r\nThanks. "), "as described", "", None),
        ];
        for (entered, masked, country, destination) in cases {
            let details = PayoutDetails::read(&entered).unwrap();
            assert_eq!((details.masked().as_str(), details.country()), (masked, country));
            assert_eq!(details.destination().as_deref(), destination);
            assert_eq!(PayoutDetails::read(&details.entered()).as_ref(), Ok(&details));
            let sealed = serde_json::to_string(&details.entered()).unwrap();
            let opened: EnteredDetails = serde_json::from_str(&sealed).unwrap();
            assert_eq!(PayoutDetails::read(&opened), Ok(details));
        }
    }

    #[test]
    fn what_cannot_be_paid_to_is_refused_under_its_field() {
        let long = "x".repeat(71);
        let cases = [
            (EnteredDetails::default(), "method"),
            (EnteredDetails { method: "cash".to_owned(), ..bank("Ada", IBAN, "") }, "method"),
            (bank(" ", IBAN, ""), "holder"),
            (bank("A\u{7}da", IBAN, ""), "holder"),
            (bank(&long, IBAN, ""), "holder"),
            (bank("Ada", "", ""), "iban"),
            (bank("Ada", "DE89 3704 0044 0532 0130 01", ""), "iban"),
            (bank("Ada", IBAN, "DEUTDEF"), "bic"),
            (bank("Ada", IBAN, "DEUT12FF"), "bic"),
            (bank("Ada", IBAN, "DEUTDEF\u{df}"), "bic"),
            (paypal(""), "paypal_email"),
            (paypal("ada"), "paypal_email"),
            (other("  "), "other_text"),
            (other(&"x".repeat(501)), "other_text"),
            (other("Pay to DE89 3704 0044 0532 0130 00, please."), "other_text"),
            (other("IBAN:de89370400440532013000!"), "other_text"),
            (other("DE89-3704-0044-0532-0130-00"), "other_text"),
        ];
        for (entered, field) in cases {
            let refused = PayoutDetails::read(&entered).unwrap_err();
            assert_eq!(refused.field, field, "{refused}");
            let told = refused.to_string();
            assert!(told.ends_with('.') && !told.contains("3704") && !told.contains("ada"), "{told}");
        }
        let fields =
            [bank("", "", ""), paypal(""), other("")].map(|entered| PayoutDetails::read(&entered).unwrap_err());
        assert_eq!(fields.map(|refused| refused.field), ["holder", "paypal_email", "other_text"]);
    }

    #[test]
    fn one_place_has_one_hash_and_a_description_is_nobody_elses() {
        let hash = |entered: &EnteredDetails, key: u8, publisher: i64| {
            let details = PayoutDetails::read(entered).unwrap();
            details.destination_hash(&SecretKey::from_bytes([key; 32]), PublisherId(publisher))
        };
        let first = hash(&bank("Ada", IBAN, ""), 7, 1);
        assert_eq!(first, hash(&bank("Somebody else", &IBAN.replace(' ', ""), "DEUTDEFF"), 7, 2));
        assert_ne!(first, hash(&bank("Ada", IBAN, ""), 8, 1));
        assert_ne!(first, hash(&paypal("ada@letters.example"), 7, 1));
        assert_eq!(hash(&paypal("Ada@letters.example"), 7, 1), hash(&paypal("ada@letters.example"), 7, 2));
        assert_ne!(hash(&other("Please call."), 7, 1), hash(&other("Please call."), 7, 2));
    }

    #[test]
    fn nothing_is_printed_in_clear() {
        for entered in [bank("Ada Lovelace", IBAN, "DEUTDEFF"), paypal("ada@letters.example"), other("Please call.")] {
            let printed = format!("{:?} {entered:?}", PayoutDetails::read(&entered).unwrap());
            for part in ["Lovelace", "0044", "DEUTDEFF", "letters", "call"] {
                assert!(!printed.contains(part), "{printed}");
            }
        }
    }

    #[test]
    fn a_change_holds_payouts_and_the_first_entry_does_not() {
        let at = Timestamp::parse("2026-03-02T10:00:00Z").unwrap();
        assert_eq!(held_until(1, at), None);
        assert_eq!(held_until(2, at).unwrap().to_string(), "2026-03-05T10:00:00Z");
    }
}
