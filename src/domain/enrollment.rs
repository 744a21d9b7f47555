//! The life of an enrollment: a publisher in a campaign (domain.md section 7).

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

#[cfg(test)]
mod tests {
    use super::*;

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
