//! The life of an enrollment: a publisher in a campaign (domain.md section 7).

use super::campaign::ApprovalMode;
use super::time::Timestamp;

text_enum! {
    /// applied | invited → approved | declined → ended.
    pub enum EnrollmentState {
        /// The publisher asked.
        Applied = "applied",
        /// The advertiser asked.
        Invited = "invited",
        /// Its links take clicks.
        Approved = "approved",
        /// The side that was asked said no, with a reason.
        Declined = "declined",
        /// It was approved once; over, with a reason.
        Ended = "ended",
    }
}

impl EnrollmentState {
    /// The states that may follow; a declined or ended enrollment can be asked for again.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Applied | Self::Invited => &[Self::Approved, Self::Declined],
            Self::Approved => &[Self::Ended],
            Self::Declined | Self::Ended => &[Self::Applied, Self::Invited],
        }
    }

    pub fn can_become(self, next: Self) -> bool {
        self.next().contains(&next)
    }

    /// Only then a click gets its id and cookie; otherwise it says `not_enrolled`.
    pub const fn takes_clicks(self) -> bool {
        matches!(self, Self::Approved)
    }
}

/// Whether a publisher was in the campaign at `at`, as far as the enrollment's state tells, into which it came at
/// `decided_at`: one that ended was in it until then.
pub fn was_enrolled(state: EnrollmentState, decided_at: Option<Timestamp>, at: Timestamp) -> bool {
    match state {
        EnrollmentState::Approved => true,
        EnrollmentState::Ended => decided_at.is_some_and(|ended| at < ended),
        EnrollmentState::Applied | EnrollmentState::Invited | EnrollmentState::Declined => false,
    }
}

/// Why a publisher's application changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlreadyEnrolled {
    #[error("you have applied already: the advertiser decides")]
    Waiting,
    #[error("you are in this campaign already")]
    Joined,
}

/// What a publisher's application leads to. An invitation is accepted by it; whoever was declined or has left is
/// looked at again, also where approval is automatic.
pub const fn apply(
    current: Option<EnrollmentState>,
    approval: ApprovalMode,
) -> Result<EnrollmentState, AlreadyEnrolled> {
    match (current, approval) {
        (None, ApprovalMode::Automatic) | (Some(EnrollmentState::Invited), _) => Ok(EnrollmentState::Approved),
        (None, ApprovalMode::Manual) | (Some(EnrollmentState::Declined | EnrollmentState::Ended), _) => {
            Ok(EnrollmentState::Applied)
        }
        (Some(EnrollmentState::Applied), _) => Err(AlreadyEnrolled::Waiting),
        (Some(EnrollmentState::Approved), _) => Err(AlreadyEnrolled::Joined),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_was_in_the_campaign_until_then() {
        let at = |ms: i64| Timestamp(1_000 + ms);
        for (ms, expected) in [(-1, true), (0, false), (1, false)] {
            assert_eq!(was_enrolled(EnrollmentState::Ended, Some(at(0)), at(ms)), expected, "{ms}");
        }
        assert!(was_enrolled(EnrollmentState::Approved, Some(at(0)), at(-1)));
        assert!(!was_enrolled(EnrollmentState::Applied, None, at(0)));
    }

    #[test]
    fn an_application_takes_only_allowed_steps() {
        use ApprovalMode::{Automatic, Manual};
        assert_eq!(apply(None, Manual), Ok(EnrollmentState::Applied));
        assert_eq!(apply(None, Automatic), Ok(EnrollmentState::Approved));
        assert_eq!(apply(Some(EnrollmentState::Ended), Automatic), Ok(EnrollmentState::Applied));
        assert_eq!(apply(Some(EnrollmentState::Applied), Automatic), Err(AlreadyEnrolled::Waiting));
        assert_eq!(apply(Some(EnrollmentState::Approved), Manual), Err(AlreadyEnrolled::Joined));
        for &state in EnrollmentState::ALL {
            for &approval in ApprovalMode::ALL {
                assert!(
                    apply(Some(state), approval).is_ok_and(|next| state.can_become(next))
                        || apply(Some(state), approval).is_err()
                );
            }
        }
    }

    #[test]
    fn an_enrollment_takes_only_the_allowed_steps() {
        use EnrollmentState::{Applied, Approved, Declined, Ended, Invited};
        let allowed = [
            (Applied, Approved),
            (Applied, Declined),
            (Invited, Approved),
            (Invited, Declined),
            (Approved, Ended),
            (Declined, Applied),
            (Declined, Invited),
            (Ended, Applied),
            (Ended, Invited),
        ];
        for &from in EnrollmentState::ALL {
            for &to in EnrollmentState::ALL {
                assert_eq!(from.can_become(to), allowed.contains(&(from, to)), "{from} to {to}");
            }
        }
    }
}
