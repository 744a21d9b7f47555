//! The life of a conversion, step by step.

use proptest::prelude::*;

use super::conversion::{Badge, ConversionState};
use super::reason::{ReasonCode, RejectReason};
use super::review::*;
use super::terms::{Terms, example};
use super::time::{DAY_MS, Timestamp};
use ConversionState::{Approved, InPayout, Paid, Payable, Pending, Rejected, Reversed, Unattributed};

const NOW: Timestamp = Timestamp(1_772_445_600_000);

fn standing(badge: Badge, held_reason: Option<ReasonCode>) -> Standing {
    Standing { state: Pending, badge, held_reason, deadline_at: NOW, handed_over_at: Some(NOW) }
}

fn history(states: &[ConversionState]) -> Vec<EventRecord> {
    let event = |(index, &to): (usize, &ConversionState)| EventRecord {
        number: index as i64 + 1,
        from: index.checked_sub(1).map(|before| states[before]),
        to,
        actor: None,
        reason: StepReason::Reported,
        note: None,
        amount_before_minor: None,
        amount_after_minor: None,
        worth_before: None,
        worth_after: None,
        at: NOW,
    };
    states.iter().enumerate().map(event).collect()
}

#[test]
fn the_deadline_approves_only_what_is_vouched_for_and_not_held() {
    let late = NOW.plus_ms(ADVERTISER_REVIEW_DAYS * DAY_MS);
    let flood = Some(ReasonCode::Flood);
    assert_eq!(approve_by_itself(&standing(Badge::Signed, None), NOW).map(|step| step.to), Ok(Approved));
    assert_eq!(approve_by_itself(&standing(Badge::Key, None), NOW).map(|step| step.to), Ok(Approved));
    let early = approve_by_itself(&standing(Badge::Signed, None), NOW.plus_ms(-1));
    assert_eq!(early, Err(StepRefused::NotDue(NOW)));
    let cases = [
        (standing(Badge::Signed, None), NOW, ReviewStage::Waiting),
        (standing(Badge::Signed, flood), NOW.plus_ms(-1), ReviewStage::Waiting),
        (standing(Badge::Signed, flood), NOW, ReviewStage::Advertiser),
        (standing(Badge::Unverified, None), late.plus_ms(-1), ReviewStage::Advertiser),
        (standing(Badge::Token, None), late, ReviewStage::Network),
        (Standing { state: Rejected, ..standing(Badge::Token, None) }, late, ReviewStage::Waiting),
    ];
    for (standing, now, expected) in cases {
        assert_eq!(review_stage(&standing, now), expected, "{standing:?}");
    }
}

#[test]
fn what_nobody_confirms_is_rejected_thirty_days_after_the_deadline() {
    let end = NOW.plus_ms(CLOSED_AFTER_DAYS * DAY_MS);
    let pixel = standing(Badge::Unverified, None);
    assert_eq!(closed_at(&pixel, handed_over_at(&pixel)), end);
    assert_eq!(close_by_itself(&pixel, end.plus_ms(-1)), Err(StepRefused::NotLeftOver(end)));
    let held = standing(Badge::Signed, Some(ReasonCode::Flood));
    for left_over in [pixel, standing(Badge::Token, None), held] {
        let step = close_by_itself(&left_over, end).unwrap();
        assert_eq!((step.from, step.to, step.reason), (Pending, Rejected, StepReason::Other), "{left_over:?}");
        assert_eq!(step.note.as_deref(), Some(UNCONFIRMED));
    }
    let released = standing(Badge::Signed, None);
    assert_eq!(close_by_itself(&released, end), Err(StepRefused::ApprovedByItself), "the deadline approves it");
    for &state in ConversionState::ALL {
        let late = close_by_itself(&Standing { state, ..standing(Badge::Unverified, None) }, end);
        assert_eq!(late.is_ok(), state == Pending, "{state}");
    }
    assert!(UNCONFIRMED.contains(&format!("{CLOSED_AFTER_DAYS} days")));
}

#[test]
fn nothing_is_rejected_by_itself_before_somebody_heard_of_it_for_a_week() {
    let long_ago = NOW.plus_ms(100 * DAY_MS);
    let told = |handed_over_at| Standing { handed_over_at, ..standing(Badge::Unverified, None) };
    assert_eq!(close_by_itself(&told(None), long_ago), Err(StepRefused::NotHandedOver));
    let heard = long_ago.plus_ms(HEARD_DAYS * DAY_MS);
    let late = told(Some(long_ago));
    assert_eq!(close_by_itself(&late, heard.plus_ms(-1)), Err(StepRefused::NotLeftOver(heard)));
    assert_eq!(close_by_itself(&late, heard).map(|step| step.to), Ok(Rejected));
}

#[test]
fn a_hold_is_released_with_a_reason_and_until_the_evidence_changes() {
    let flood = standing(Badge::Signed, Some(ReasonCode::Flood));
    assert_eq!(release_hold(&flood, " "), Err(StepRefused::ReleaseReasonMissing));
    assert_eq!(release_hold(&standing(Badge::Signed, None), "known"), Err(StepRefused::NotHeld));
    let rejected = Standing { state: Rejected, ..flood };
    assert_eq!(release_hold(&rejected, "known"), Err(StepRefused::NotPending(Rejected)));
    let step = release_hold(&flood, " An office. ").unwrap();
    assert_eq!((step.from, step.to, step.note.as_deref()), (Pending, Pending, Some("An office.")));
    let told = |reasons: &[StepReason]| {
        let mut events = history(&vec![Pending; reasons.len()]);
        events.iter_mut().zip(reasons).for_each(|(event, reason)| event.reason = *reason);
        hold_released_at(&events).is_some()
    };
    use StepReason::{EvidenceAdded, HoldReleased, Reported, Reviewed};
    assert!(told(&[Reported, HoldReleased]) && told(&[Reported, HoldReleased, Reviewed]));
    assert!(!told(&[Reported]) && !told(&[Reported, HoldReleased, EvidenceAdded]));
    assert!(told(&[Reported, HoldReleased, EvidenceAdded, HoldReleased]));
}

#[test]
fn a_person_approves_what_is_pending_and_nothing_else() {
    for &state in ConversionState::ALL {
        assert_eq!(approve(state).is_ok(), state == Pending, "{state}");
    }
}

#[test]
fn a_release_waits_for_the_end_of_the_hold_and_for_the_money() {
    for &state in ConversionState::ALL {
        assert_eq!(release(state, NOW, true, NOW).is_ok(), state == Approved, "{state}");
    }
    assert_eq!(release(Approved, NOW, true, NOW).map(|step| step.to), Ok(Payable));
    assert_eq!(release(Approved, NOW, true, NOW.plus_ms(-1)), Err(StepRefused::HoldNotOver(NOW)));
    assert_eq!(release(Approved, NOW, false, NOW), Err(StepRefused::NotFunded));
    let terms = Terms { hold_days: 3, ..example(1) };
    assert_eq!(hold_end(NOW, &terms), NOW.plus_ms(3 * DAY_MS));
}

#[test]
fn a_negative_change_has_its_states_and_needs_a_reason() {
    let cancelled = Some(RejectReason::OrderCancelled);
    for &state in ConversionState::ALL {
        let rejected = reject(state, cancelled, "");
        assert_eq!(rejected.is_ok(), state == Pending, "{state}");
        let reversed = reverse(state, cancelled, "");
        assert_eq!(reversed.is_ok(), matches!(state, Approved | Payable | Paid), "{state}");
        for step in rejected.into_iter().chain(reversed) {
            assert!(step.from.can_become(step.to));
        }
    }
    assert_eq!(reverse(InPayout, cancelled, ""), Err(StepRefused::InPayout));
    assert_eq!(reject(Pending, None, "why"), Err(StepRefused::ReasonMissing));
    assert_eq!(reject(Pending, Some(RejectReason::Other), " "), Err(StepRefused::NoteMissing));
    let other = reject(Pending, Some(RejectReason::Other), " lost parcel ").unwrap();
    assert_eq!((other.reason, other.note.as_deref()), (StepReason::Other, Some("lost parcel")));
}

#[test]
fn every_reject_reason_is_a_steps_reason() {
    for &reason in RejectReason::ALL {
        assert_eq!(StepReason::from(reason).as_str(), reason.as_str());
    }
}

#[test]
fn the_deadline_counts_days_from_the_conversion() {
    assert_eq!(validation_deadline(NOW, &example(1)), NOW.plus_ms(30 * DAY_MS));
}

#[test]
fn a_damaged_history_is_named() {
    assert_eq!(project(&[]), Err(BrokenHistory::Empty));
    assert_eq!(project(&history(&[Pending, Paid])), Err(BrokenHistory::Step(2)));
    assert_eq!(project(&history(&[Approved])), Err(BrokenHistory::Step(1)));
    let whole = history(&[Unattributed, Pending, Approved]);
    assert_eq!(project(&whole[1..]), Err(BrokenHistory::Gap(1)));
    assert_eq!(project(&[whole[0].clone(), whole[2].clone()]), Err(BrokenHistory::Gap(2)));
    let mut forged = whole;
    forged[2].from = Some(Unattributed);
    assert_eq!(project(&forged), Err(BrokenHistory::Step(3)));
}

proptest! {
    #[test]
    fn the_state_does_not_depend_on_the_order_of_the_events(
        events in Just(history(&[Unattributed, Pending, Pending, Approved, Payable, InPayout, Payable, InPayout, Paid, Reversed])).prop_shuffle(),
    ) {
        prop_assert_eq!(project(&events), Ok(Reversed));
    }
}
