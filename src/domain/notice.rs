//! What a party is told inside the application. A notice names its object; a party is told about one object once.

use super::ids::{CampaignId, ConversionId, PayoutDetailsId};
use super::review::{ADVERTISER_REVIEW_DAYS, UNCONFIRMED};

text_enum! {
    /// What a notice is about.
    pub enum NoticeCode {
        /// The validation deadline passed, and its advertiser has to decide.
        ReviewDue = "review_due",
        /// The advertiser did not decide: the network does.
        HandedOver = "handed_over",
        /// Nobody decided, and so it was rejected.
        Unconfirmed = "unconfirmed",
        /// Publishers of a campaign are promised something else, now or from a day on.
        TermsChanged = "terms_changed",
        /// The publisher is paid elsewhere, or for the first time somewhere.
        DetailsChanged = "details_changed",
    }
}

impl NoticeCode {
    /// The sentence for whoever knows the conversion as this order of this campaign, or the terms by this version.
    pub fn sentence(self, number: &str, campaign: &str) -> String {
        match self {
            Self::ReviewDue => {
                format!("Order {number} of {campaign} passed its validation deadline without a review.")
            }
            Self::HandedOver => format!(
                "Order {number} of {campaign} was not reviewed within {ADVERTISER_REVIEW_DAYS} days after its \
                validation deadline: the network decides."
            ),
            Self::Unconfirmed => format!("Order {number} of {campaign} was rejected by itself. {UNCONFIRMED}"),
            Self::TermsChanged => format!("Version {number} of the terms of {campaign} changes what you are promised."),
            Self::DetailsChanged => details_told(number, None),
        }
    }

    /// As [`Self::sentence`], with the day, in words, by which something happens.
    pub fn sentence_until(self, number: &str, campaign: &str, day: &str) -> String {
        let sentence = self.sentence(number, campaign);
        match self {
            Self::ReviewDue => format!("{sentence} Approve or reject it until {day}; after that the network decides."),
            Self::HandedOver => format!("{sentence} Undecided on {day}, it is rejected."),
            _ => sentence,
        }
    }

    /// Where the reader finds what a notice with this object is about.
    pub fn place(self, object: &str) -> Option<String> {
        match self {
            Self::ReviewDue | Self::HandedOver | Self::Unconfirmed => {
                object.parse().ok().map(|id| format!("/receipts/{}", ConversionId(id)))
            }
            Self::TermsChanged => {
                let (campaign, _) = object.split_once(' ')?;
                campaign.parse().ok().map(|id| format!("/campaigns/{}", CampaignId(id)))
            }
            Self::DetailsChanged => Some("/publisher/payout-details".to_owned()),
        }
    }

    /// What the reader finds there.
    pub const fn place_name(self) -> &'static str {
        match self {
            Self::ReviewDue | Self::HandedOver | Self::Unconfirmed => "Receipt",
            Self::TermsChanged => "Old and new",
            Self::DetailsChanged => "Payout details",
        }
    }
}

/// That a publisher is paid to `place` from now on, and, after a change, until when its payouts wait.
pub fn details_told(place: &str, until: Option<&str>) -> String {
    let wait = until.map(|until| format!(" Payouts wait until {until}.")).unwrap_or_default();
    format!("Your payouts go to {place} from now on.{wait} If you did not enter this, tell the network at once.")
}

/// A version of payout details as the object of a notice.
pub fn object_of_details(id: PayoutDetailsId) -> String {
    id.0.to_string()
}

/// A version of a campaign's terms as the object of a notice.
pub fn object_of_terms(campaign: CampaignId, version: i64) -> String {
    format!("{} {version}", campaign.0)
}

/// A conversion as the object of a notice: its number in decimals, as the database compares it.
pub fn object_of(conversion: ConversionId) -> String {
    conversion.0.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_its_order_and_leads_to_its_receipt() {
        let id = ConversionId(0x0123_4567_89ab_cdef);
        for code in [NoticeCode::ReviewDue, NoticeCode::HandedOver, NoticeCode::Unconfirmed] {
            let text = code.sentence("A-1", "Winter boots");
            assert!(text.contains("Order A-1 of Winter boots") && text.ends_with('.'), "{text}");
            assert_eq!(code.place(&object_of(id)), Some(format!("/receipts/{id}")));
            assert_eq!(code.place("A-1"), None);
        }
        let due = NoticeCode::ReviewDue.sentence_until("A-1", "Winter boots", "15 Apr 2026, 10:00");
        assert!(
            due.ends_with("Approve or reject it until 15 Apr 2026, 10:00; after that the network decides."),
            "{due}"
        );
    }

    #[test]
    fn a_notice_of_payout_details_says_where_and_until_when_and_what_to_do() {
        let told = details_told("DE\u{2026}3000 (Bank account)", Some("5 Mar 2026, 10:01 UTC"));
        assert!(
            told.contains("DE\u{2026}3000 (Bank account) from now on. Payouts wait until 5 Mar 2026, 10:01 UTC. If")
        );
        assert!(!details_told("here", None).contains("wait"));
        let place = NoticeCode::DetailsChanged.place(&object_of_details(PayoutDetailsId(7)));
        assert_eq!(place.as_deref(), Some("/publisher/payout-details"));
    }

    #[test]
    fn a_notice_of_other_terms_leads_to_its_campaign() {
        let (id, code) = (CampaignId(0x0123_4567_89ab_cdef), NoticeCode::TermsChanged);
        assert!(code.sentence("2", "Winter boots").starts_with("Version 2 of the terms of Winter boots changes"));
        assert_eq!(code.place(&object_of_terms(id, 2)), Some(format!("/campaigns/{id}")));
        assert_eq!(code.place("2"), None);
    }
}
