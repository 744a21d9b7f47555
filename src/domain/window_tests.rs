//! Windows to the millisecond: of a click by either way of a click id, of a coupon, of a bound customer; by the time of
//! receipt and by what the sender says; where clocks change, and in years with which programs have had trouble.

use super::attribution::attribute;
use super::conversion::Badge;
use super::coupon::NamedCoupon;
use super::coupon::tests::coupon;
use super::customer::tests::bound;
use super::customer::{BoundCustomer, bound_until};
use super::evidence::{Beside, Candidate, ClickSource, Evidence};
use super::evidence_tests::{START, click, evidence, inputs};
use super::ids::PublisherId;
use super::reason::ReasonCode;
use super::terms::example;
use super::time::{DAY_MS, HOUR_MS, Timestamp, Zone};

const A: i64 = 1;

/// When something begins that lasts a week or a month: each lasts over the moment that is named beside it.
const BEGINNINGS: [(&str, &str); 10] = [
    ("2026-03-02T10:00:00Z", "nothing"),
    ("2026-03-05T23:30:00Z", "New York: 08 March, an hour is left out"),
    ("2026-03-27T12:00:00.001Z", "Berlin: 29 March, an hour is left out"),
    ("2026-10-24T22:00:00Z", "Berlin: 25 October, an hour is there twice"),
    ("2026-10-25T00:30:00Z", "Berlin: within the hour that is there twice"),
    ("2026-10-31T12:00:00.999Z", "New York: 1 November, an hour is there twice"),
    ("2028-02-28T23:59:59.999Z", "29 February"),
    ("2038-01-15T03:14:07.999Z", "19 January 2038: seconds beyond 31 bits"),
    ("2099-12-31T23:59:59.999Z", "the turn of a century"),
    ("2100-02-26T00:00:00Z", "no 29 February in 2100"),
];

/// What names a publisher, with its length and what is said outside of it: before, and after.
#[derive(Debug, Clone, Copy)]
enum Named {
    Parameter,
    Cookie,
    Coupon,
    Customer,
}

impl Named {
    const ALL: [Self; 4] = [Self::Parameter, Self::Cookie, Self::Coupon, Self::Customer];

    fn length_ms(self, begins_at: Timestamp) -> i64 {
        if matches!(self, Self::Customer) { bound_until(begins_at, 1).since(begins_at) } else { 7 * DAY_MS }
    }

    const fn outside(self) -> [ReasonCode; 2] {
        match self {
            Self::Parameter | Self::Cookie => [ReasonCode::BeforeClick, ReasonCode::WindowExpired],
            Self::Coupon => [ReasonCode::CouponExpired; 2],
            Self::Customer => [ReasonCode::NoEvidence; 2],
        }
    }

    /// A report that names publisher A by it.
    fn in_report(self, badge: Badge, begins_at: Timestamp, received_at: Timestamp) -> Evidence {
        let blank = Evidence { received_at, ..evidence(1, badge, 0, None, &[]) };
        let clicked = |source| {
            let clicks = vec![Candidate { sources: vec![source], ..click(begins_at.since(START), A) }];
            Evidence { clicks, ..blank.clone() }
        };
        let until = begins_at.plus_ms(self.length_ms(begins_at));
        match self {
            Self::Parameter => clicked(ClickSource::Parameter),
            Self::Cookie => clicked(ClickSource::Cookie),
            Self::Coupon => {
                let coupon = NamedCoupon { valid_from: begins_at, valid_until: Some(until), ..coupon(5, A) };
                Evidence { beside: Beside { coupon: Some(coupon), ..Beside::default() }, ..blank }
            }
            Self::Customer => {
                let customer = BoundCustomer { bound_at: begins_at, bound_until: until, ..bound(6, A) };
                Evidence { beside: Beside { customer: Some(customer), ..Beside::default() }, ..blank }
            }
        }
    }
}

/// Publisher and reason of an order that happened at `at`.
fn judged(report: Evidence, at: Timestamp) -> (Option<PublisherId>, Option<ReasonCode>) {
    let credit = attribute(&inputs(&[report]), &[example(1)]).unwrap();
    assert_eq!(credit.converted_at, at);
    (credit.publisher_id, credit.reason)
}

#[test]
fn every_window_ends_to_the_millisecond_whatever_the_calendar_does() {
    let mut tried = 0;
    for (text, why) in BEGINNINGS {
        let begins_at = Timestamp::parse(text).unwrap();
        for named in Named::ALL {
            let length = named.length_ms(begins_at);
            let [before, after] = named.outside().map(|reason| (None, Some(reason)));
            let inside = (Some(PublisherId(A)), None);
            for (age, expected) in
                [(-1, before), (0, inside), (1, inside), (length - 1, inside), (length, after), (length + 1, after)]
            {
                let at = begins_at.plus_ms(age);
                for badge in Badge::ALL {
                    let report = named.in_report(*badge, begins_at, at);
                    assert_eq!(judged(report, at), expected, "{why}: {named:?} {badge} received after {age} ms");
                    tried += 1;
                }
                // What a trusted sender says counts, whenever it comes.
                for (badge, late) in [(Badge::Signed, 0), (Badge::Key, 29 * DAY_MS), (Badge::Signed, -HOUR_MS / 12)] {
                    let report = named.in_report(badge, begins_at, at.plus_ms(late));
                    let said = Evidence { occurred_at: Some(at), ..report };
                    assert_eq!(judged(said, at), expected, "{why}: {named:?} {badge} occurred after {age} ms");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, BEGINNINGS.len() * Named::ALL.len() * 6 * (Badge::ALL.len() + 3));
}

#[test]
fn a_week_has_168_hours_also_where_its_days_on_the_wall_have_167_or_169() {
    for (zone, first_day, hours) in [
        ("Europe/Berlin", "2026-03-27", 167),
        ("Europe/Berlin", "2026-10-23", 169),
        ("America/New_York", "2026-03-06", 167),
        ("America/New_York", "2026-10-30", 169),
        ("Asia/Kathmandu", "2026-03-27", 168),
    ] {
        let (zone, day) = (Zone::parse(zone).unwrap(), first_day.parse::<super::time::Day>().unwrap());
        let (begins_at, a_week_on_the_wall) = (zone.start_of(day), zone.start_of(day.plus(7)));
        assert_eq!(a_week_on_the_wall.since(begins_at), hours * HOUR_MS);
        let report = Named::Parameter.in_report(Badge::Signed, begins_at, a_week_on_the_wall);
        let is_credited = judged(report, a_week_on_the_wall).0.is_some();
        assert_eq!(is_credited, hours < 168, "{first_day}");
    }
}
