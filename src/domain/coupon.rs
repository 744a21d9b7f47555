//! Coupons: a publisher's code, which names it without any click (domain.md section 4).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{CouponId, LinkId, PublisherId};
use super::reason::ReasonCode;
use super::time::Timestamp;

/// A code as the advertiser wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponCode(String);

/// The text is no coupon's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a coupon's code is 1 to {} letters, digits and signs of ASCII, without spaces", CouponCode::BYTES_MAX)]
pub struct NotACouponCode;

impl CouponCode {
    /// As long as a report's coupon may be.
    pub const BYTES_MAX: usize = 64;

    /// Only visible ASCII: then the letters' case can be folded completely, and nobody has to guess at a space.
    pub fn parse(text: &str) -> Result<Self, NotACouponCode> {
        let text = text.trim();
        let is_fit = (1..=Self::BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_fit { Ok(Self(text.to_owned())) } else { Err(NotACouponCode) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// See [`key`].
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

impl fmt::Display for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// By what codes are compared: without outer spaces, upper case. Customers type them, and shops send what was typed.
pub fn key(code: &str) -> String {
    code.trim().to_ascii_uppercase()
}

/// A coupon that a report names, as it stood when the report came, with everything that decides whether it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCoupon {
    pub coupon_id: CouponId,
    /// As the advertiser wrote it.
    pub code: String,
    pub publisher_id: PublisherId,
    /// The default link of the publisher's enrollment: for it a coupon's orders count.
    pub link_id: LinkId,
    pub valid_from: Timestamp,
    /// The first moment at which it is not valid any more: its last day is over, or it was ended.
    pub valid_until: Option<Timestamp>,
    pub was_publisher_active: bool,
    pub was_enrolled: bool,
    /// The newest version of the terms that there was. Of those up to it, the one in force at conversion time prices.
    pub newest_terms: i64,
}

impl NamedCoupon {
    /// The rule of its dates: `valid_from ≤ conversion time < valid_until`; exact, half-open.
    pub fn date_refusal(&self, converted_at: Timestamp) -> Option<ReasonCode> {
        let is_valid = self.valid_from <= converted_at && self.valid_until.is_none_or(|until| converted_at < until);
        if is_valid { None } else { Some(ReasonCode::CouponExpired) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::evidence_tests::START;
    use crate::domain::time::DAY_MS;

    /// A coupon of the publisher from the start for a week.
    pub fn coupon(id: i64, publisher: i64) -> NamedCoupon {
        NamedCoupon {
            coupon_id: CouponId(id),
            code: format!("Save{id}"),
            publisher_id: PublisherId(publisher),
            link_id: LinkId(publisher),
            valid_from: START,
            valid_until: Some(START.plus_ms(7 * DAY_MS)),
            was_publisher_active: true,
            was_enrolled: true,
            newest_terms: 1,
        }
    }

    #[test]
    fn a_code_is_visible_ascii_and_compared_without_case_and_outer_spaces() {
        assert_eq!(CouponCode::parse(" Save-10% ").unwrap().as_str(), "Save-10%");
        assert_eq!(CouponCode::parse("Save10").unwrap().key(), key(" sAVE10\t"));
        assert_ne!(key("save10"), key("save 10"));
        let long = "a".repeat(65);
        for text in ["", " ", "save 10", "gr\u{fc}n", "a\u{0}", &long] {
            assert_eq!(CouponCode::parse(text), Err(NotACouponCode), "{text}");
        }
    }

    #[test]
    fn its_dates_are_exact_and_half_open() {
        let expired = Some(ReasonCode::CouponExpired);
        let (open, ended) = (NamedCoupon { valid_until: None, ..coupon(1, 1) }, coupon(1, 1));
        let until = 7 * DAY_MS;
        for (ms, of_open, of_ended) in [
            (-1, expired, expired),
            (0, None, None),
            (1, None, None),
            (until - 1, None, None),
            (until, None, expired),
            (until + 1, None, expired),
        ] {
            let at = START.plus_ms(ms);
            assert_eq!((open.date_refusal(at), ended.date_refusal(at)), (of_open, of_ended), "{ms}");
        }
    }
}
