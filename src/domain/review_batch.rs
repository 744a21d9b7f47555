//! Many reviews together: what a row asks for, and what it would do to its conversion.

use super::conversion::ConversionState;
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
    /// Of a rejection.
    pub reason: Option<RejectReason>,
    pub note: String,
}

/// A row asks for nothing that there is; each is a sentence for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WishRefused {
    #[error("the action {0:?} is neither approve nor reject")]
    UnknownAction(String),
    #[error("{0:?} is no reason to reject; the reasons are {reasons}", reasons = reasons())]
    UnknownReason(String),
    #[error("{0:?} is no campaign's id")]
    UnknownCampaign(String),
    #[error("an approval has no reason: is it a rejection?")]
    ReasonOfApproval,
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
    pub fn parse(action: &str, reason: &str, note: &str) -> Result<Self, WishRefused> {
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
        Ok(Self { action, reason, note: note.to_owned() })
    }

    /// What it would do to a conversion in this state, by the rules of a single review.
    pub fn step(&self, state: ConversionState) -> Result<Step, StepRefused> {
        match self.action {
            BatchAction::Approve => {
                let note = Some(self.note.trim().to_owned()).filter(|note| !note.is_empty());
                review::approve(state).map(|step| Step { note, ..step })
            }
            BatchAction::Reject => review::reject(state, self.reason, &self.note),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConversionState::{Approved, Paid, Pending, Rejected};

    #[test]
    fn a_row_asks_for_what_there_is_or_says_what_is_wrong() {
        let long = "x".repeat(501);
        let cases = [
            ("Approve", "", "", WishRefused::UnknownAction("Approve".to_owned())),
            ("", "", "", WishRefused::UnknownAction(String::new())),
            ("reverse", "", "", WishRefused::UnknownAction("reverse".to_owned())),
            ("reject", "because", "", WishRefused::UnknownReason("because".to_owned())),
            ("approve", "test_order", "", WishRefused::ReasonOfApproval),
            ("reject", "other", &long, WishRefused::BadNote),
            ("reject", "other", "two\nlines", WishRefused::BadNote),
        ];
        for (action, reason, note, refused) in cases {
            assert_eq!(Wish::parse(action, reason, note), Err(refused), "{action} {reason}");
        }
        let wish = Wish::parse("reject", "order_cancelled", "by telephone").unwrap();
        assert_eq!((wish.action, wish.reason), (BatchAction::Reject, Some(RejectReason::OrderCancelled)));
        let unknown = WishRefused::UnknownReason("because".to_owned()).to_string();
        assert!(unknown.contains("order_cancelled, item_returned"), "{unknown}");
    }

    #[test]
    fn a_row_does_what_a_single_review_does() {
        let approve = Wish::parse("approve", "", " seen ").unwrap();
        let step = approve.step(Pending).unwrap();
        assert_eq!((step.to, step.note.as_deref()), (Approved, Some("seen")));
        let reject = Wish::parse("reject", "item_returned", "").unwrap();
        assert_eq!(reject.step(Pending).map(|step| step.to), Ok(Rejected));
        let silent = Wish::parse("reject", "", "").unwrap();
        assert_eq!(silent.step(Pending), Err(StepRefused::ReasonMissing));
        for wish in [approve, reject] {
            assert_eq!(wish.step(Paid), Err(StepRefused::NotPending(Paid)));
        }
    }
}
