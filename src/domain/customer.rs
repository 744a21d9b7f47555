//! Bound customers: who came by a publisher's click or coupon once stays its customer for a while (domain.md section 4).

use serde::{Deserialize, Serialize};

use super::ids::{ConversionId, LinkId, PublisherId};
use super::party::Email;
use super::time::Timestamp;

/// The longest binding, months.
pub const BINDING_MONTHS_MAX: i64 = 60;

/// A report's customer who is bound to a publisher, as it was when the report came. Nothing here tells who that is: the
/// customer's keyed hash stays with the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundCustomer {
    pub publisher_id: PublisherId,
    /// The default link of the publisher's enrollment: for it a bound customer's orders count.
    pub link_id: LinkId,
    /// The order by which the customer was bound.
    pub conversion_id: ConversionId,
    /// When that order happened.
    pub bound_at: Timestamp,
    /// The first moment at which the customer is not bound any more.
    pub bound_until: Timestamp,
    pub was_publisher_active: bool,
    pub was_enrolled: bool,
    /// The newest version of the terms that there was. Of those up to it, the one in force at conversion time prices.
    pub newest_terms: i64,
}

/// When a binding ends: so many months later by the calendar (UTC), at the same time of day; from the 31st on, at the
/// last day of a shorter month.
pub fn bound_until(bound_at: Timestamp, months: i64) -> Timestamp {
    bound_at.plus_months(months.clamp(0, BINDING_MONTHS_MAX))
}

/// The customer as it is hashed: an e-mail address in its one form, any other id byte by byte.
pub fn normal_form(customer_id: &str) -> String {
    email(customer_id).map_or_else(|| customer_id.to_owned(), |email| email.as_str().to_owned())
}

/// The address by which a report names its customer, if it does so by one.
pub fn email(customer_id: &str) -> Option<Email> {
    Email::parse(customer_id).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::evidence_tests::START;

    /// Bound to the publisher from the start for a month.
    pub fn bound(conversion: i64, publisher: i64) -> BoundCustomer {
        BoundCustomer {
            publisher_id: PublisherId(publisher),
            link_id: LinkId(publisher),
            conversion_id: ConversionId(conversion),
            bound_at: START,
            bound_until: bound_until(START, 1),
            was_publisher_active: true,
            was_enrolled: true,
            newest_terms: 1,
        }
    }

    #[test]
    fn a_binding_lasts_months_of_the_calendar() {
        for (from, months, until) in [
            ("2026-03-02T10:00:00Z", 1, "2026-04-02T10:00:00Z"),
            ("2026-01-31T23:59:59.999Z", 1, "2026-02-28T23:59:59.999Z"),
            ("2027-12-31T00:00:00Z", 2, "2028-02-29T00:00:00Z"),
            ("2026-03-28T12:00:00Z", 12, "2027-03-28T12:00:00Z"),
            ("2026-03-02T10:00:00Z", 0, "2026-03-02T10:00:00Z"),
        ] {
            assert_eq!(bound_until(Timestamp::parse(from).unwrap(), months).to_string(), until, "{from}");
        }
    }

    #[test]
    fn only_an_address_has_another_way_to_be_written() {
        assert_eq!(normal_form(" Ada@Example.COM "), "ada@example.com");
        assert_eq!(normal_form(" Ab1 "), " Ab1 ");
    }
}
