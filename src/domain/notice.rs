//! What a party is told inside the application. A notice names its object; a party is told about one object once.

use super::ids::ConversionId;
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
    }
}

impl NoticeCode {
    /// The sentence for whoever knows the conversion as this order of this campaign.
    pub fn sentence(self, order: &str, campaign: &str) -> String {
        match self {
            Self::ReviewDue => format!(
                "Order {order} of {campaign} passed its validation deadline without a review. Approve or reject it \
                within {ADVERTISER_REVIEW_DAYS} days; after that the network decides."
            ),
            Self::HandedOver => format!(
                "Order {order} of {campaign} was not reviewed within {ADVERTISER_REVIEW_DAYS} days after its \
                validation deadline: the network decides."
            ),
            Self::Unconfirmed => format!("Order {order} of {campaign} was rejected by itself. {UNCONFIRMED}"),
        }
    }

    /// Where the reader finds what a notice with this object is about.
    pub fn place(self, object: &str) -> Option<String> {
        match self {
            Self::ReviewDue | Self::HandedOver | Self::Unconfirmed => {
                object.parse().ok().map(|id| format!("/receipts/{}", ConversionId(id)))
            }
        }
    }
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
        for &code in NoticeCode::ALL {
            let text = code.sentence("A-1", "Winter boots");
            assert!(text.contains("Order A-1 of Winter boots") && text.ends_with('.'), "{text}");
            assert_eq!(code.place(&object_of(id)), Some(format!("/receipts/{id}")));
            assert_eq!(code.place("A-1"), None);
        }
    }
}
