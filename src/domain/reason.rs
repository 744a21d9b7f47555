//! Why something was not simply credited: every code that a report, a conversion or a refusal can carry, with its
//! status, its sentence and what to do (domain.md section 3).

text_enum! {
    /// What became of a report.
    pub enum Outcome {
        /// There is a conversion, credited to a publisher.
        Created = "created",
        /// There is a conversion, credited to nobody yet.
        Unattributed = "unattributed",
        /// There is no conversion; the attempt is stored.
        Rejected = "rejected",
    }
}

text_enum! {
    /// The stable codes of an answer to a report.
    pub enum ReasonCode {
        TooFast = "too_fast",
        SelfReferral = "self_referral",
        FraudRule = "fraud_rule",
        Flood = "flood",
        CapReached = "cap_reached",
        TestMode = "test_mode",
        WindowExpired = "window_expired",
        BeforeClick = "before_click",
        ClickUnknown = "click_unknown",
        ChannelOther = "channel_other",
        ConsentDenied = "consent_denied",
        PublisherInactive = "publisher_inactive",
        NotEnrolled = "not_enrolled",
        CampaignInactive = "campaign_inactive",
        CouponUnknown = "coupon_unknown",
        CouponExpired = "coupon_expired",
        NoEvidence = "no_evidence",
        OrderConflict = "order_conflict",
        AuthMissing = "auth_missing",
        AuthBadToken = "auth_bad_token",
        AuthBadSignature = "auth_bad_signature",
        AuthStale = "auth_stale",
        IpNotAllowed = "ip_not_allowed",
        BadAmount = "bad_amount",
        BadCurrency = "bad_currency",
        ItemsMismatch = "items_mismatch",
        BadField = "bad_field",
        EventUnknown = "event_unknown",
        OrderIdMissing = "order_id_missing",
        OrderIdInvalid = "order_id_invalid",
        ClickForged = "click_forged",
        ClickCampaignMismatch = "click_campaign_mismatch",
        OccurredAtInvalid = "occurred_at_invalid",
    }
}

impl ReasonCode {
    /// The status of an answer that carries this code for the first time; a repeat of a stored report is 200.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::TooFast | Self::SelfReferral | Self::FraudRule | Self::Flood => 201,
            Self::CapReached | Self::TestMode => 201,
            Self::WindowExpired | Self::BeforeClick | Self::ClickUnknown | Self::ChannelOther => 202,
            Self::ConsentDenied | Self::PublisherInactive | Self::NotEnrolled | Self::CampaignInactive => 202,
            Self::CouponUnknown | Self::CouponExpired | Self::NoEvidence => 202,
            Self::OrderConflict => 409,
            Self::AuthMissing | Self::AuthBadToken | Self::AuthBadSignature | Self::AuthStale => 401,
            Self::IpNotAllowed => 403,
            Self::BadAmount | Self::BadCurrency | Self::ItemsMismatch | Self::BadField | Self::EventUnknown => 422,
            Self::OrderIdMissing | Self::OrderIdInvalid | Self::ClickForged => 422,
            Self::ClickCampaignMismatch | Self::OccurredAtInvalid => 422,
        }
    }

    pub const fn outcome(self) -> Outcome {
        match self.http_status() {
            201 => Outcome::Created,
            202 => Outcome::Unattributed,
            _ => Outcome::Rejected,
        }
    }

    /// A hold only stops approval by itself: a person may still approve.
    pub const fn is_hold(self) -> bool {
        matches!(self, Self::TooFast | Self::SelfReferral | Self::FraudRule | Self::Flood)
    }

    /// What happened, for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TooFast => "The conversion came sooner after the click than people buy; it is held for review.",
            Self::SelfReferral => "The customer looks like the publisher itself; it is held for review.",
            Self::FraudRule => "A quality rule holds this conversion for review.",
            Self::Flood => "The click was one of very many from one place; the conversion is held for review.",
            Self::CapReached => "The campaign's cap is reached: what goes beyond it is recorded and pays nothing.",
            Self::TestMode => "This is a test: it is recorded, worth nothing and in no report.",
            Self::WindowExpired => "The click was longer ago than the campaign's cookie duration.",
            Self::BeforeClick => "The conversion happened before the click.",
            Self::ClickUnknown => "The click id belongs to no click that can earn.",
            Self::ChannelOther => "The advertiser's report names another channel than affiliate.",
            Self::ConsentDenied => "The visitor did not consent, so the click carries no id and cannot earn.",
            Self::PublisherInactive => "The publisher was not active when the click happened, or the coupon was used.",
            Self::NotEnrolled => {
                "The publisher was not in the campaign when the click happened, or the coupon was used."
            }
            Self::CampaignInactive => "The campaign was not active.",
            Self::CouponUnknown => "The coupon belongs to no publisher of this campaign.",
            Self::CouponExpired => "The coupon was not valid at the time of the order.",
            Self::NoEvidence => "The report names no click, coupon or bound customer, and no cookie came with it.",
            Self::OrderConflict => {
                "This order was already reported with another amount, currency, time, channel or test mark, or with other lines."
            }
            Self::AuthMissing => "The request carries neither a signature, a key nor a token.",
            Self::AuthBadToken => "The key or token is unknown, revoked, expired, or not for this campaign.",
            Self::AuthBadSignature => "The signature does not fit the request.",
            Self::AuthStale => "The signature's time is more than 300 seconds away from ours.",
            Self::IpNotAllowed => "The request came from an address that is not on the campaign's list.",
            Self::BadAmount => "The amount is not a plain number with at most the currency's digits.",
            Self::BadCurrency => "The currency is missing, unknown, or not one of the campaign's.",
            Self::ItemsMismatch => {
                "The order's lines do not add up to its amount: quantity times unit_amount of all items."
            }
            Self::BadField => "A field is not as it should be.",
            Self::EventUnknown => "The campaign has no event of this name.",
            Self::OrderIdMissing => "The order id is missing.",
            Self::OrderIdInvalid => "The order id is too long, or has a control character or an outer space.",
            Self::ClickForged => "The click id was not made by this network.",
            Self::ClickCampaignMismatch => "The click id belongs to another campaign.",
            Self::OccurredAtInvalid => "The time of the conversion cannot be accepted.",
        }
    }

    /// What the person who reads the sentence can do.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TooFast | Self::SelfReferral | Self::FraudRule | Self::Flood => {
                "A person with the right to release a hold can approve or reject it, with a reason."
            }
            Self::CapReached => "The advertiser can raise the cap for later conversions.",
            Self::TestMode => "Leave out the test field to report a real conversion.",
            Self::WindowExpired | Self::BeforeClick => {
                "If it happened at another time, report occurred_at by a signed request or with a key."
            }
            Self::ClickUnknown | Self::NoEvidence => {
                "Report the same order again with the click id that the landing page received."
            }
            Self::ChannelOther => "Report the same order again with the channel affiliate, or without one.",
            Self::ConsentDenied => "Nothing can be done: the visitor's choice stands.",
            Self::PublisherInactive | Self::NotEnrolled | Self::CampaignInactive => {
                "Nothing can be done for this click; later clicks count once the state is right."
            }
            Self::CouponUnknown => {
                "Give the code to a publisher on the campaign's page of coupons, and report the same order again."
            }
            Self::CouponExpired => {
                "Look at the dates on the campaign's page of coupons; a new coupon has dates of its own."
            }
            Self::OrderConflict => {
                "Use another order id for another order; what the customer gets back is reported to /api/v1/refunds."
            }
            Self::AuthMissing => "Sign the request, or send an API key.",
            Self::AuthBadToken => "Check the key or token on the campaign's integration page.",
            Self::AuthBadSignature => "Sign the query exactly as it is sent, with sig as its last parameter.",
            Self::AuthStale => "Set the sender's clock, and sign each request when it is sent.",
            Self::IpNotAllowed => "Add the sender's address to the campaign's list.",
            Self::BadAmount => "Send the amount as in 49.90, without sign, sign of currency or thousands.",
            Self::BadCurrency => "Send the currency's code in upper case, as in EUR.",
            Self::ItemsMismatch => {
                "Spread a discount over the lines, and leave out shipping and tax where the amount leaves them out; or send no items."
            }
            Self::BadField => "Correct the field that is named.",
            Self::EventUnknown => "Use one of the campaign's events, or add it to the terms.",
            Self::OrderIdMissing => "Send an order id, the same one in every report of the order.",
            Self::OrderIdInvalid => "Send 1 to 128 bytes without control characters and outer spaces.",
            Self::ClickForged => "Send the click id exactly as the landing page received it.",
            Self::ClickCampaignMismatch => "Send the report to the campaign that the click belongs to.",
            Self::OccurredAtInvalid => {
                "Send RFC 3339, at most 30 days back and not in the future, signed or with a key."
            }
        }
    }
}

text_enum! {
    /// Why a conversion lost its worth after it was recorded. A negative change without one is refused.
    pub enum RejectReason {
        OrderCancelled = "order_cancelled",
        ItemReturned = "item_returned",
        PartialReturn = "partial_return",
        PaymentFailed = "payment_failed",
        OutOfStock = "out_of_stock",
        DuplicateOrder = "duplicate_order",
        TestOrder = "test_order",
        FraudConfirmed = "fraud_confirmed",
        TermsBreach = "terms_breach",
        NotNewCustomer = "not_new_customer",
        AdvertiserError = "advertiser_error",
        NetworkError = "network_error",
        DisputeUpheld = "dispute_upheld",
        /// Needs a note that says what.
        Other = "other",
    }
}

impl RejectReason {
    /// For people, in the middle of a sentence: "rejected: the order was cancelled".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OrderCancelled => "the order was cancelled",
            Self::ItemReturned => "the item was returned",
            Self::PartialReturn => "a part of the order was returned",
            Self::PaymentFailed => "the customer's payment failed",
            Self::OutOfStock => "the item was out of stock",
            Self::DuplicateOrder => "the order was reported under another order id",
            Self::TestOrder => "it was a test order",
            Self::FraudConfirmed => "fraud was confirmed",
            Self::TermsBreach => "the campaign's terms were breached",
            Self::NotNewCustomer => "the customer was not new",
            Self::AdvertiserError => "the advertiser reported it by mistake",
            Self::NetworkError => "the network recorded it by mistake",
            Self::DisputeUpheld => "a dispute was upheld",
            Self::Other => "another reason, see the note",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_status_of_the_table() {
        // domain.md section 3
        let table = [
            (201, Outcome::Created, "too_fast self_referral fraud_rule flood cap_reached test_mode"),
            (202, Outcome::Unattributed, "window_expired before_click click_unknown channel_other consent_denied"),
            (202, Outcome::Unattributed, "publisher_inactive not_enrolled campaign_inactive coupon_unknown"),
            (202, Outcome::Unattributed, "coupon_expired no_evidence"),
            (409, Outcome::Rejected, "order_conflict"),
            (401, Outcome::Rejected, "auth_missing auth_bad_token auth_bad_signature auth_stale"),
            (403, Outcome::Rejected, "ip_not_allowed"),
            (422, Outcome::Rejected, "bad_amount bad_currency items_mismatch bad_field event_unknown"),
            (422, Outcome::Rejected, "order_id_missing order_id_invalid click_forged click_campaign_mismatch"),
            (422, Outcome::Rejected, "occurred_at_invalid"),
        ];
        let mut count = 0;
        for (status, outcome, codes) in table {
            for code in codes.split(' ') {
                let code: ReasonCode = code.parse().unwrap();
                assert_eq!((code.http_status(), code.outcome()), (status, outcome), "{code}");
                count += 1;
            }
        }
        assert_eq!(count, ReasonCode::ALL.len());
    }

    #[test]
    fn every_code_says_what_happened_and_what_to_do() {
        for code in ReasonCode::ALL {
            assert!(code.sentence().ends_with('.') && code.remedy().ends_with('.'), "{code}");
        }
        let holds: Vec<&str> = ReasonCode::ALL.iter().filter(|code| code.is_hold()).map(|code| code.as_str()).collect();
        assert_eq!(holds, ["too_fast", "self_referral", "fraud_rule", "flood"]);
    }
}
