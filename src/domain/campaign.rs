//! The life of a campaign (domain.md section 7).

text_enum! {
    /// draft → submitted → live | declined → paused → closing → closed.
    pub enum CampaignState {
        /// Being prepared by its advertiser.
        Draft = "draft",
        /// Waits for the network.
        Submitted = "submitted",
        /// Takes clicks.
        Live = "live",
        /// Refused by the network, with a reason; may be submitted again.
        Declined = "declined",
        /// Takes no clicks for now; earlier clicks keep their window.
        Paused = "paused",
        /// Takes no more clicks; earlier clicks keep their window.
        Closing = "closing",
        /// The window of the last click is over.
        Closed = "closed",
    }
}

impl CampaignState {
    /// The states that may follow.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Draft | Self::Declined => &[Self::Submitted],
            Self::Submitted => &[Self::Draft, Self::Live, Self::Declined],
            Self::Live => &[Self::Paused, Self::Closing],
            Self::Paused => &[Self::Live, Self::Closing],
            Self::Closing => &[Self::Closed],
            Self::Closed => &[],
        }
    }

    pub fn can_become(self, next: Self) -> bool {
        self.next().contains(&next)
    }

    /// Whether the advertiser itself may take this step: it submits and withdraws, pauses and resumes.
    pub const fn advertiser_may_make(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft | Self::Declined, Self::Submitted)
                | (Self::Submitted, Self::Draft)
                | (Self::Live, Self::Paused)
                | (Self::Paused, Self::Live)
        )
    }

    /// Whether the network may take this step: it admits or declines what was submitted.
    pub const fn admin_may_make(self, next: Self) -> bool {
        matches!((self, next), (Self::Submitted, Self::Live | Self::Declined))
    }

    /// Whether publishers may rely on its commission: a cut then needs notice.
    pub const fn is_published(self) -> bool {
        matches!(self, Self::Live | Self::Paused | Self::Closing)
    }

    /// What it means and what comes next, for its advertiser.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Draft => "Only you see it. Submit it when it is complete.",
            Self::Submitted => "The network looks at it. It goes live when it is admitted.",
            Self::Live => "It takes clicks and reports.",
            Self::Declined => "The network declined it. Change what was asked for and submit it again.",
            Self::Paused => "It takes no clicks. Earlier clicks still earn within their cookie duration.",
            Self::Closing => "It takes no more clicks. Earlier clicks still earn within their cookie duration.",
            Self::Closed => "It is over: the last cookie has expired.",
        }
    }

    /// Only a live campaign gives a click its id and cookie; otherwise the click says `campaign_inactive`.
    pub const fn takes_clicks(self) -> bool {
        matches!(self, Self::Live)
    }

    /// Whether reports on earlier clicks still count: a pause or a coming end takes nothing from a publisher.
    pub const fn takes_conversions(self) -> bool {
        matches!(self, Self::Live | Self::Paused | Self::Closing)
    }
}

text_enum! {
    /// Who admits a publisher to a campaign.
    pub enum ApprovalMode {
        /// The advertiser, one by one.
        Manual = "manual",
        /// Every admitted publisher, at once.
        Automatic = "automatic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_takes_only_the_allowed_steps() {
        use CampaignState::{Closed, Closing, Declined, Draft, Live, Paused, Submitted};
        let allowed = [
            (Draft, Submitted),
            (Submitted, Draft),
            (Submitted, Live),
            (Submitted, Declined),
            (Declined, Submitted),
            (Live, Paused),
            (Live, Closing),
            (Paused, Live),
            (Paused, Closing),
            (Closing, Closed),
        ];
        for &from in CampaignState::ALL {
            for &to in CampaignState::ALL {
                assert_eq!(from.can_become(to), allowed.contains(&(from, to)), "{from} to {to}");
            }
        }
    }

    #[test]
    fn nobody_admits_its_own_campaign_and_every_step_is_an_allowed_one() {
        assert!(!CampaignState::Submitted.advertiser_may_make(CampaignState::Live));
        for &from in CampaignState::ALL {
            for &to in CampaignState::ALL {
                let (advertiser, admin) = (from.advertiser_may_make(to), from.admin_may_make(to));
                assert!(!(advertiser && admin), "{from} to {to}");
                assert!(!(advertiser || admin) || from.can_become(to), "{from} to {to}");
            }
        }
    }

    #[test]
    fn earlier_clicks_count_until_a_campaign_is_closed() {
        let counting: Vec<_> = CampaignState::ALL.iter().filter(|state| state.takes_conversions()).collect();
        assert_eq!(counting, [&CampaignState::Live, &CampaignState::Paused, &CampaignState::Closing]);
        assert!(CampaignState::ALL.iter().filter(|state| state.takes_clicks()).eq([&CampaignState::Live]));
    }
}
