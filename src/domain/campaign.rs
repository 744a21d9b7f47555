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
    fn earlier_clicks_count_until_a_campaign_is_closed() {
        let counting: Vec<_> = CampaignState::ALL.iter().filter(|state| state.takes_conversions()).collect();
        assert_eq!(counting, [&CampaignState::Live, &CampaignState::Paused, &CampaignState::Closing]);
        assert!(CampaignState::ALL.iter().filter(|state| state.takes_clicks()).eq([&CampaignState::Live]));
    }
}
