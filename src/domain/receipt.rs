//! Who sees what of a receipt (domain.md section 14). What is hidden is said to be hidden, never left out.

use super::party::PartyKind;

text_enum! {
    /// One thing that a receipt tells.
    pub enum ReceiptField {
        ClickTime = "click_time",
        Campaign = "campaign",
        Status = "status",
        Evidence = "evidence",
        Badge = "badge",
        Window = "window",
        Rule = "rule",
        TermsVersion = "terms_version",
        Amount = "amount",
        Commission = "commission",
        /// What exactly was bought. Category, quantity and amounts of a line are of the amount, which all parties read.
        Sku = "sku",
        /// The reader's own.
        LedgerLines = "ledger_lines",
        Payout = "payout",
        /// Time, verdict and reason of clicks that were not credited.
        LosingClicks = "losing_clicks",
        /// The code of a coupon; a publisher reads its own ones only.
        CouponCode = "coupon_code",
        SubIds = "sub_ids",
        LinkName = "link_name",
        PublisherName = "publisher_name",
        ReferrerHost = "referrer_host",
        OrderId = "order_id",
        NetworkFee = "network_fee",
        /// As received, without its secrets.
        Request = "request",
        /// Whose a click was that was not credited.
        RivalName = "rival_name",
        CustomerHash = "customer_hash",
    }
}

/// How much of a field a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    Whole,
    /// The last four characters.
    Masked,
    /// "Hidden from you".
    Hidden,
}

impl ReceiptField {
    /// What a party of the conversion sees: the credited publisher, its advertiser, an admin.
    pub const fn sight(self, reader: PartyKind) -> Sight {
        use PartyKind::{Advertiser, Network, Publisher};
        match (self, reader) {
            (Self::CustomerHash, _) => Sight::Hidden,
            (Self::RivalName, Publisher | Advertiser) => Sight::Hidden,
            (Self::SubIds | Self::LinkName, Advertiser) => Sight::Hidden,
            (Self::NetworkFee | Self::Request | Self::Sku, Publisher) => Sight::Hidden,
            (Self::OrderId, Publisher) => Sight::Masked,
            (_, Publisher | Advertiser | Network) => Sight::Whole,
        }
    }

    pub const fn is_whole(self, reader: PartyKind) -> bool {
        matches!(self.sight(reader), Sight::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_party_sees_what_the_table_says() {
        // domain.md section 14: publisher, advertiser, admin
        use ReceiptField::*;
        let (w, m, h) = (Sight::Whole, Sight::Masked, Sight::Hidden);
        let table = [
            (ClickTime, [w, w, w]),
            (Campaign, [w, w, w]),
            (Status, [w, w, w]),
            (Evidence, [w, w, w]),
            (Badge, [w, w, w]),
            (Window, [w, w, w]),
            (Rule, [w, w, w]),
            (TermsVersion, [w, w, w]),
            (Amount, [w, w, w]),
            (Commission, [w, w, w]),
            (Sku, [h, w, w]),
            (LedgerLines, [w, w, w]),
            (Payout, [w, w, w]),
            (LosingClicks, [w, w, w]),
            (CouponCode, [w, w, w]),
            (SubIds, [w, h, w]),
            (LinkName, [w, h, w]),
            (PublisherName, [w, w, w]),
            (ReferrerHost, [w, w, w]),
            (OrderId, [m, w, w]),
            (NetworkFee, [h, w, w]),
            (Request, [h, w, w]),
            (RivalName, [h, h, w]),
            (CustomerHash, [h, h, h]),
        ];
        assert_eq!(table.map(|(field, _)| field), ReceiptField::ALL);
        for (field, expected) in table {
            let seen = [PartyKind::Publisher, PartyKind::Advertiser, PartyKind::Network].map(|kind| field.sight(kind));
            assert_eq!(seen, expected, "{field}");
        }
    }
}
