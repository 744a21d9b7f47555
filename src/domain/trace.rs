//! The trace: what became of every click that was named for a conversion, so that winner and losers can read why
//! (domain.md section 4).

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::conversion::Badge;
use super::evidence::{ClickSource, Inputs};
use super::ids::{ClickId, EvidenceId, PublisherId};
use super::reason::ReasonCode;

text_enum! {
    /// Why a click that could have been credited was not.
    pub enum LossReason {
        /// The model credits the last click.
        LaterClickWon = "later_click_won",
        /// The model credits the first click.
        EarlierClickWon = "earlier_click_won",
        /// Of two clicks in one millisecond the lower id is credited.
        LowerIdWon = "lower_id_won",
        /// A better vouched report named a click.
        LowerRank = "lower_rank",
    }
}

impl LossReason {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::LaterClickWon => "A later click was credited.",
            Self::EarlierClickWon => "An earlier click was credited.",
            Self::LowerIdWon => "Another click of the same millisecond was credited.",
            Self::LowerRank => "A report that is better vouched for named another click.",
        }
    }
}

/// What became of one click, or of one click id that led to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "snake_case")]
pub enum Verdict {
    Won,
    Lost(LossReason),
    /// It could not be credited at all.
    Refused(ReasonCode),
}

impl Verdict {
    /// `won`, `lost` or `refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost(_) => "lost",
            Self::Refused(_) => "refused",
        }
    }

    /// The stable name of the reason; nothing for the winner.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Won => None,
            Self::Lost(reason) => Some(reason.as_str()),
            Self::Refused(reason) => Some(reason.as_str()),
        }
    }

    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Won => "Credited.",
            Self::Lost(reason) => reason.sentence(),
            Self::Refused(reason) => reason.sentence(),
        }
    }
}

/// One line of "why": a candidate, the evidence that named it, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLine {
    /// Nothing for a click id that led to no click.
    pub click_id: Option<ClickId>,
    pub publisher_id: Option<PublisherId>,
    /// The click id as it came, shortened, where it led to no click.
    pub text: Option<String>,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The highest badge of the reports that named it.
    pub badge: Badge,
    pub sources: Vec<ClickSource>,
    /// The reports that named it.
    pub evidence_ids: Vec<EvidenceId>,
}

/// Every click id that led to no click, once, with the highest badge it was seen with.
pub(super) fn unresolved_lines(inputs: &Inputs) -> Vec<TraceLine> {
    let mut lines: Vec<TraceLine> = Vec::new();
    for evidence in inputs.ranked() {
        for unresolved in &evidence.unresolved {
            let verdict = Verdict::Refused(unresolved.reason);
            let is_same =
                |line: &&mut TraceLine| line.text.as_ref() == Some(&unresolved.text) && line.verdict == verdict;
            match lines.iter_mut().find(is_same) {
                Some(line) => line.evidence_ids.push(evidence.evidence_id),
                None => lines.push(TraceLine {
                    click_id: None,
                    publisher_id: None,
                    text: Some(unresolved.text.clone()),
                    verdict,
                    badge: evidence.badge,
                    sources: Vec::new(),
                    evidence_ids: vec![evidence.evidence_id],
                }),
            }
        }
    }
    for line in &mut lines {
        line.evidence_ids.sort();
        line.evidence_ids.dedup();
    }
    lines.sort_by_cached_key(|line| (Reverse(line.badge.rank()), line.text.clone(), line.verdict.reason()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::tests::{evidence, inputs};
    use crate::domain::evidence::{Evidence, Unresolved};

    #[test]
    fn a_line_is_stored_flat_and_read_back() {
        for (verdict, expected) in [
            (Verdict::Won, r#""verdict":"won""#),
            (Verdict::Lost(LossReason::LaterClickWon), r#""verdict":"lost","reason":"later_click_won""#),
            (Verdict::Refused(ReasonCode::WindowExpired), r#""verdict":"refused","reason":"window_expired""#),
        ] {
            let line = TraceLine {
                click_id: Some(ClickId(1)),
                publisher_id: Some(PublisherId(2)),
                text: None,
                verdict,
                badge: Badge::Signed,
                sources: vec![ClickSource::Parameter, ClickSource::Cookie],
                evidence_ids: vec![EvidenceId(3)],
            };
            let text = serde_json::to_string(&line).unwrap();
            assert!(text.contains(expected), "{text}");
            assert_eq!(serde_json::from_str::<TraceLine>(&text).unwrap(), line);
            assert!(verdict.sentence().ends_with('.'));
        }
    }

    #[test]
    fn an_id_that_led_to_no_click_has_one_line_with_its_best_badge() {
        let unknown = Unresolved { text: "abc".to_owned(), reason: ReasonCode::ClickForged };
        let twice = vec![unknown.clone(), unknown];
        let pixel = Evidence { unresolved: twice.clone(), ..evidence(1, Badge::Unverified, 0, None, &[]) };
        let signed = Evidence { unresolved: twice, ..evidence(2, Badge::Signed, 9, None, &[]) };
        let lines = unresolved_lines(&inputs(&[pixel, signed]));
        assert_eq!((lines.len(), lines[0].badge, lines[0].click_id), (1, Badge::Signed, None));
        assert_eq!(lines[0].evidence_ids, [EvidenceId(1), EvidenceId(2)]);
        assert_eq!((lines[0].text.as_deref(), lines[0].verdict.reason()), (Some("abc"), Some("click_forged")));
    }
}
