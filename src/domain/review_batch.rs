//! Many reviews together: what a row asks for, and what it would do to its conversion.

use super::conversion::ConversionState;
use super::money::Currency;
use super::reason::RejectReason;
use super::review::{self, Step, StepRefused, is_note};
use super::time::{DAY_MS, Timestamp};

/// More rows together are refused.
pub const ROWS_MAX: usize = 10_000;
/// A party has at most so many dry runs that wait for their decision.
pub const UNSTARTED_MAX: i64 = 20;

/// A dry run that is older than a day can no longer be decided, and is forgotten: much will have changed since.
pub const fn tried_kept_from(now: Timestamp) -> Timestamp {
    now.plus_ms(-DAY_MS)
}

text_enum! {
    /// What is done with a conversion.
    pub enum BatchAction {
        Approve = "approve",
        Reject = "reject",
        /// After its approval.
        Reverse = "reverse",
        /// A part of the order, or what is left of it.
        Refund = "refund",
    }
}

text_enum! {
    /// What became of a row.
    pub enum RowOutcome {
        /// The dry run found that it can be done.
        Ready = "ready",
        Done = "done",
        /// By the dry run, or because its conversion changed since.
        Refused = "refused",
    }
}

/// What a row asks for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub action: BatchAction,
    /// Of all but an approval.
    pub reason: Option<RejectReason>,
    pub note: String,
    /// Of a refund, as it was written: `30.00`, or with its currency, `30.00 EUR`.
    pub amount: String,
}

/// A row asks for nothing that there is; each is a sentence for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WishRefused {
    #[error("the action {0:?} is none of approve, reject, reverse and refund")]
    UnknownAction(String),
    #[error("{0:?} is no reason to reject; the reasons are {reasons}", reasons = reasons())]
    UnknownReason(String),
    #[error("{0:?} is no campaign's id")]
    UnknownCampaign(String),
    #[error("an approval has no reason: is it a rejection?")]
    ReasonOfApproval,
    #[error("a refund needs its amount, as in 30.00")]
    AmountMissing,
    #[error("only a refund has an amount")]
    AmountOfOther,
    #[error("{0:?} is not an amount in {1} that is more than 0")]
    BadAmount(String, Currency),
    #[error("the note needs at most {} characters on one line", review::NOTE_CHARS_MAX)]
    BadNote,
}

fn reasons() -> String {
    RejectReason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ")
}

/// So much of what was not understood is repeated.
pub fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Wish {
    /// An empty text is none.
    pub fn parse(action: &str, reason: &str, note: &str, amount: &str) -> Result<Self, WishRefused> {
        let action: BatchAction = action.parse().map_err(|_| WishRefused::UnknownAction(shown(action)))?;
        let reason: Option<RejectReason> = match reason {
            "" => None,
            reason => Some(reason.parse().map_err(|_| WishRefused::UnknownReason(shown(reason)))?),
        };
        if action == BatchAction::Approve && reason.is_some() {
            return Err(WishRefused::ReasonOfApproval);
        }
        if !is_note(note) {
            return Err(WishRefused::BadNote);
        }
        match (action == BatchAction::Refund, amount.is_empty()) {
            (true, true) => Err(WishRefused::AmountMissing),
            (false, false) => Err(WishRefused::AmountOfOther),
            _ => Ok(Self { action, reason, note: note.to_owned(), amount: amount.to_owned() }),
        }
    }

    /// What it would do to a conversion in this state, by the rules of a single review.
    pub fn step(&self, state: ConversionState) -> Result<Step, StepRefused> {
        match self.action {
            BatchAction::Approve => {
                let note = Some(self.note.trim().to_owned()).filter(|note| !note.is_empty());
                review::approve(state).map(|step| Step { note, ..step })
            }
            BatchAction::Reject => review::reject(state, self.reason, &self.note),
            BatchAction::Reverse => review::reverse(state, self.reason, &self.note),
            BatchAction::Refund => {
                let reason = self.reason.ok_or(StepRefused::ReasonMissing)?;
                review::amend(state, reason, &self.note)
            }
        }
    }

    /// How much a refund is of, in the order's currency; nothing for another action.
    pub fn refund_minor(&self, currency: Currency) -> Result<Option<i64>, WishRefused> {
        if self.action != BatchAction::Refund {
            return Ok(None);
        }
        let bad = || WishRefused::BadAmount(shown(&self.amount), currency);
        let (amount, named) = self.amount.split_once(' ').unwrap_or((&self.amount, currency.code()));
        let minor = currency.parse_amount(amount).ok().filter(|minor| *minor > 0 && named == currency.code());
        minor.map(Some).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConversionState::{Approved, Paid, Pending, Rejected, Reversed};

    #[test]
    fn a_row_asks_for_what_there_is_or_says_what_is_wrong() {
        let long = "x".repeat(501);
        let cases = [
            ("Approve", "", "", WishRefused::UnknownAction("Approve".to_owned())),
            ("", "", "", WishRefused::UnknownAction(String::new())),
            ("undo", "", "", WishRefused::UnknownAction("undo".to_owned())),
            ("refund", "partial_return", "", WishRefused::AmountMissing),
            ("reject", "because", "", WishRefused::UnknownReason("because".to_owned())),
            ("approve", "test_order", "", WishRefused::ReasonOfApproval),
            ("reject", "other", &long, WishRefused::BadNote),
            ("reject", "other", "two\nlines", WishRefused::BadNote),
        ];
        for (action, reason, note, refused) in cases {
            assert_eq!(Wish::parse(action, reason, note, ""), Err(refused), "{action} {reason}");
        }
        let wish = Wish::parse("reject", "order_cancelled", "by telephone", "").unwrap();
        assert_eq!((wish.action, wish.reason), (BatchAction::Reject, Some(RejectReason::OrderCancelled)));
        let unknown = WishRefused::UnknownReason("because".to_owned()).to_string();
        assert!(unknown.contains("order_cancelled, item_returned"), "{unknown}");
    }

    #[test]
    fn a_row_does_what_a_single_review_does() {
        let approve = Wish::parse("approve", "", " seen ", "").unwrap();
        let step = approve.step(Pending).unwrap();
        assert_eq!((step.to, step.note.as_deref()), (Approved, Some("seen")));
        let reject = Wish::parse("reject", "item_returned", "", "").unwrap();
        assert_eq!(reject.step(Pending).map(|step| step.to), Ok(Rejected));
        let silent = Wish::parse("reject", "", "", "").unwrap();
        assert_eq!(silent.step(Pending), Err(StepRefused::ReasonMissing));
        for wish in [approve, reject] {
            assert_eq!(wish.step(Paid), Err(StepRefused::NotPending(Paid)));
        }
        let reverse = Wish::parse("reverse", "item_returned", "", "").unwrap();
        assert_eq!(reverse.step(Paid).map(|step| step.to), Ok(Reversed));
        assert_eq!(reverse.step(Pending), Err(StepRefused::NotReversible(Pending)));
    }

    #[test]
    fn a_refund_is_of_an_amount_in_the_currency_of_its_order() {
        let of = |amount: &str, code: &str| {
            let wish = Wish::parse("refund", "partial_return", "", amount).unwrap();
            let currency = code.parse().unwrap();
            (wish.refund_minor(currency).ok().flatten(), wish.step(Approved).map(|step| (step.from, step.to)))
        };
        let same = Ok((Approved, Approved));
        for (amount, code, minor) in [
            ("30.00", "EUR", Some(3_000)),
            ("30 EUR", "EUR", Some(3_000)),
            ("30 JPY", "EUR", None),
            ("1.5", "JPY", None),
        ] {
            assert_eq!(of(amount, code), (minor, same), "{amount} {code}");
        }
        for amount in ["0", "0.00", "-1", "1e3", "1,000.00", "1.005", "EUR 5", "5  EUR"] {
            assert_eq!(of(amount, "EUR").0, None, "{amount}");
        }
        assert_eq!(of("1.005", "BHD").0, Some(1_005));
        let other = Wish::parse("reverse", "item_returned", "", "5.00");
        assert_eq!(other, Err(WishRefused::AmountOfOther));
    }
}
