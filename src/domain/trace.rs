//! The trace: what became of every click, coupon and customer that was named for a conversion, so that winner and losers can read why
//! (domain.md section 4).

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::conversion::Badge;
use super::evidence::{ClickSource, Inputs};
use super::ids::{ClickId, CouponId, EvidenceId, PublisherId};
use super::policy::EvidenceKind;
use super::reason::ReasonCode;
use super::time::{MINUTE_MS, Timestamp};

/// A rival's click so shortly before the conversion is told.
pub const LATE_RIVAL_MS: i64 = MINUTE_MS;

text_enum! {
    /// Why what could have been credited was not.
    pub enum LossReason {
        /// The model credits the last click.
        LaterClickWon = "later_click_won",
        /// The model credits the first click.
        EarlierClickWon = "earlier_click_won",
        /// Of two clicks in one millisecond the lower id is credited.
        LowerIdWon = "lower_id_won",
        /// A better vouched report named something that counts.
        LowerRank = "lower_rank",
        /// The campaign's policy asks another kind of evidence first.
        OtherKind = "other_kind",
        /// Of several coupons the one that was made first is credited.
        OlderCouponWon = "older_coupon_won",
        /// Of several bindings the one that began first is credited.
        EarlierBindingWon = "earlier_binding_won",
    }
}

impl LossReason {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::LaterClickWon => "A later click was credited.",
            Self::EarlierClickWon => "An earlier click was credited.",
            Self::LowerIdWon => "Another click of the same millisecond was credited.",
            Self::LowerRank => "A report that is better vouched for decided.",
            Self::OtherKind => "The campaign asks another kind of evidence first.",
            Self::OlderCouponWon => "A coupon that was made earlier was credited.",
            Self::EarlierBindingWon => "An earlier binding of the customer was credited.",
        }
    }
}

/// What became of one click, coupon or customer, or of a click id or code that led to none.
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
    #[serde(default = "click", skip_serializing_if = "is_click")]
    pub kind: EvidenceKind,
    /// Nothing for a click id that led to no click.
    pub click_id: Option<ClickId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<CouponId>,
    pub publisher_id: Option<PublisherId>,
    /// A coupon's code; the click id as it came, shortened, where it led to no click.
    pub text: Option<String>,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The highest badge of the reports that named it.
    pub badge: Badge,
    pub sources: Vec<ClickSource>,
    /// The reports that named it.
    pub evidence_ids: Vec<EvidenceId>,
}

const fn click() -> EvidenceKind {
    EvidenceKind::Click
}

fn is_click(kind: &EvidenceKind) -> bool {
    *kind == EvidenceKind::Click
}

/// Another publisher's click less than a minute before the conversion, while an earlier valid click was there: the paths
/// of both, the late one first. It is told, and stops nothing (domain.md section 10).
pub fn late_rival(trace: &[TraceLine], converted_at: Timestamp) -> Option<(&TraceLine, &TraceLine)> {
    let valid = || trace.iter().filter(|line| !matches!(line.verdict, Verdict::Refused(_)) && line.click_id.is_some());
    let at = |line: &TraceLine| line.click_id.map(ClickId::time);
    let is_late = |at: Timestamp| (0..LATE_RIVAL_MS).contains(&converted_at.since(at));
    let late = valid().filter(|line| at(line).is_some_and(is_late)).max_by_key(|line| line.click_id)?;
    let earlier = valid().filter(|line| line.publisher_id != late.publisher_id && at(line) < at(late));
    earlier.max_by_key(|line| line.click_id).map(|earlier| (late, earlier))
}

/// Every click id that led to no click, and every code that is no coupon, once, with the highest badge it was seen with.
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
                    kind: match unresolved.reason {
                        ReasonCode::CouponUnknown => EvidenceKind::Coupon,
                        _ => EvidenceKind::Click,
                    },
                    click_id: None,
                    coupon_id: None,
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
    use crate::domain::attribution::attribute;
    use crate::domain::evidence::{Candidate, Evidence, Unresolved};
    use crate::domain::evidence_tests::{click, evidence, inputs};
    use crate::domain::terms::example;

    #[test]
    fn a_line_is_stored_flat_and_read_back() {
        for (verdict, expected) in [
            (Verdict::Won, r#""verdict":"won""#),
            (Verdict::Lost(LossReason::LaterClickWon), r#""verdict":"lost","reason":"later_click_won""#),
            (Verdict::Refused(ReasonCode::WindowExpired), r#""verdict":"refused","reason":"window_expired""#),
        ] {
            let line = TraceLine {
                kind: EvidenceKind::Click,
                click_id: Some(ClickId(1)),
                coupon_id: None,
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
    fn a_rivals_click_within_the_last_minute_is_told_with_the_earlier_one() {
        let told = |late_ms: i64, late_publisher: i64, spoil: bool| {
            let at = 2 * MINUTE_MS;
            let late = Candidate { has_id: !spoil, ..click(at - late_ms, late_publisher) };
            let all = inputs(&[evidence(1, Badge::Signed, at, None, &[click(0, 1), late])]);
            let credit = attribute(&all, &[example(1)]).unwrap();
            let paths = late_rival(&credit.trace, credit.converted_at);
            paths.map(|(late, earlier)| [late.publisher_id, earlier.publisher_id].map(|id| id.unwrap().0))
        };
        for (late_ms, expected) in
            [(-1, None), (0, Some([2, 1])), (MINUTE_MS - 1, Some([2, 1])), (MINUTE_MS, None), (MINUTE_MS + 1, None)]
        {
            assert_eq!(told(late_ms, 2, false), expected, "{late_ms}");
        }
        assert_eq!(told(1, 1, false), None, "its own second click");
        assert_eq!(told(1, 2, true), None, "a click that cannot earn");
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
