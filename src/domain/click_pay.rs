//! Pay per click: a fixed amount for each valid visitor, at most so much a day (domain.md section 5). What a day earns is
//! a conversion like any other, of the event `click`; what it rests on is the day's count.

use serde::{Deserialize, Serialize};

use super::conversion::{Badge, ConversionState, OrderId};
use super::decision::{Decision, FUNCTION_VERSION};
use super::evidence::{Undecidable, version};
use super::ids::{LinkId, PublisherId};
use super::money::{Currency, Money};
use super::reason::ReasonCode;
use super::review::StepRefused;
use super::rule::LARGE_AMOUNT_MINOR;
use super::terms::Terms;
use super::time::{DAY_MS, Day, HOUR_MS, Timestamp};

/// As what an accrual is counted; no advertiser can report it.
pub const EVENT: &str = "click";
/// No click pays more: a day of many still fits the limits of money.
pub const CLICK_MINOR_MAX: i64 = 1_000_000;
/// What a worked example is about.
const EXAMPLE_VISITORS: i64 = 100;
/// So long after its end a day still counts clicks that waited for the database.
const LATE_MS: i64 = HOUR_MS;

/// What a version of the terms pays for clicks themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClickPay {
    /// For each valid visitor of a UTC day.
    pub minor: i64,
    pub currency: Currency,
    /// What one publisher earns by clicks in a UTC day at most; nothing: there is no limit.
    pub cap_minor: Option<i64>,
}

/// What is paid of a day's clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// The first so many of the day.
    pub clicks: i64,
    pub minor: i64,
    /// The limit stopped it.
    pub is_capped: bool,
}

/// The valid clicks of one publisher, campaign and version of the terms on one UTC day, as they were counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClickDay {
    pub publisher_id: PublisherId,
    /// The enrollment's own link: the clicks came by any.
    pub link_id: LinkId,
    pub utc_day: i64,
    pub terms_version: i64,
    pub clicks: i64,
    /// What lower versions of the terms paid of the same day, in the same currency.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub used_before_minor: i64,
    /// Of the first click.
    pub first_at: Timestamp,
}

const fn is_zero(value: &i64) -> bool {
    *value == 0
}

impl ClickDay {
    /// What the accrual is called: one for each publisher, day and version in a campaign.
    pub fn order_id(&self) -> OrderId {
        let text = format!("clicks:{}:{}:{}", Day(self.utc_day), self.publisher_id, self.terms_version);
        text.parse().expect("a day, an id and a number make an order id")
    }
}

impl ClickPay {
    /// Whole clicks, the first ones of the day, as far as the limit goes; `used_before_minor` of it is gone already.
    pub fn paid(&self, clicks: i64, used_before_minor: i64) -> Paid {
        let within =
            self.cap_minor.map_or(clicks, |cap| cap.saturating_sub(used_before_minor).max(0) / self.minor.max(1));
        let paid = clicks.min(within).max(0);
        Paid { clicks: paid, minor: paid.saturating_mul(self.minor), is_capped: paid < clicks }
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// For people: `0.05 EUR per valid visitor, at most 3.00 EUR a day per publisher`.
    pub fn sentence(&self) -> String {
        let rate = format!("{} per valid visitor", self.money(self.minor));
        match self.cap_minor {
            Some(cap) => format!("{rate}, at most {} a day per publisher", self.money(cap)),
            None => rate,
        }
    }

    /// A worked example for people: `100 valid visitors in a day = 3.00 EUR, since the first 60 are paid`.
    pub fn example(&self) -> String {
        let paid = self.paid(EXAMPLE_VISITORS, 0);
        let sum = format!("{EXAMPLE_VISITORS} valid visitors in a day = {}", self.money(paid.minor));
        match (paid.is_capped, paid.clicks) {
            (false, _) => sum,
            (true, 1) => format!("{sum}, since the first one is paid"),
            (true, clicks) => format!("{sum}, since the first {clicks} are paid"),
        }
    }

    /// What the advertiser pays in that example.
    pub fn example_minor(&self) -> i64 {
        self.paid(EXAMPLE_VISITORS, 0).minor
    }

    /// Whether some day would earn less under `next`.
    fn is_cut_by(&self, next: &Self) -> bool {
        // Whole clicks are paid: of one limit a higher rate may pay less.
        let most = |pay: &Self| pay.cap_minor.map(|cap| cap - cap % pay.minor.max(1));
        let is_lower = most(next).is_some_and(|next| most(self).is_none_or(|own| next < own));
        next.currency != self.currency || next.minor < self.minor || is_lower
    }

    /// Whether it can be: what it pays is more than nothing, in one of these currencies, and its limit pays a click.
    pub fn is_possible(&self, currencies: &[Currency]) -> bool {
        let is_cap_possible = self.cap_minor.is_none_or(|cap| (self.minor..=LARGE_AMOUNT_MINOR).contains(&cap));
        (1..=CLICK_MINOR_MAX).contains(&self.minor) && is_cap_possible && currencies.contains(&self.currency)
    }
}

/// Whether clicks would earn less: they are paid no more, or less, or up to a lower limit.
pub(super) fn is_cut(before: Option<&ClickPay>, after: Option<&ClickPay>) -> bool {
    match (before, after) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => before.is_cut_by(after),
    }
}

/// What people call an accrual instead of an order; nothing for other events.
pub fn told_name(event: &str, converted_at: Timestamp) -> Option<String> {
    (event == EVENT).then(|| format!("Clicks of {}", Day(converted_at.utc_day())))
}

/// Until when a day counts.
const fn counts_until(in_day: Timestamp) -> Timestamp {
    Timestamp((in_day.utc_day() + 1) * DAY_MS).plus_ms(LATE_MS)
}

/// An accrual grows while its UTC day runs, and for an hour after: nobody may approve it before. `converted_at` is a
/// moment of that day; other events are none of this rule's.
pub fn check_over(event: &str, converted_at: Timestamp, now: Timestamp) -> Result<(), StepRefused> {
    let until = counts_until(converted_at);
    if event == EVENT && now < until { Err(StepRefused::DayNotOver(until)) } else { Ok(()) }
}

/// What a day of clicks is worth, and whose it is: there is nothing to attribute.
///
/// # Errors
/// When its version of the terms is missing.
pub(super) fn decide_day(day: &ClickDay, terms: &[Terms]) -> Result<Decision, Undecidable> {
    let terms = version(terms, day.terms_version)?;
    let paid = terms.click.as_ref().map(|click| click.paid(day.clicks, day.used_before_minor));
    let commission_minor = paid.map_or(0, |paid| paid.minor);
    Ok(Decision {
        state: ConversionState::Pending,
        publisher_id: Some(day.publisher_id),
        link_id: Some(day.link_id),
        creative_id: None,
        click_id: None,
        coupon_id: None,
        terms_version: day.terms_version,
        rule_number: None,
        converted_at: day.first_at,
        badge: Badge::Network,
        amount_minor: None,
        currency: terms.click.as_ref().map_or_else(|| terms.first_currency(), |click| click.currency),
        commission_minor,
        lines: Vec::new(),
        fee_minor: terms.fee.minor(commission_minor, None),
        held_reason: None,
        is_test: false,
        reason: paid.filter(|paid| paid.is_capped).map(|_| ReasonCode::CapReached),
        trace: Vec::new(),
        function_version: FUNCTION_VERSION,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::decide;
    use crate::domain::evidence::{Inputs, Own};
    use crate::domain::evidence_tests::inputs as nothing;
    use crate::domain::rule::EventName;
    use crate::domain::terms::example;
    use proptest::prelude::*;

    fn pay(minor: i64, cap_minor: Option<i64>) -> ClickPay {
        ClickPay { minor, currency: Currency::EUR, cap_minor }
    }

    fn day(clicks: i64, used_before_minor: i64) -> ClickDay {
        let first_at = Timestamp::parse("2026-03-02T10:00:00Z").unwrap();
        let (publisher_id, link_id) = (PublisherId(10), LinkId(30));
        ClickDay {
            publisher_id,
            link_id,
            utc_day: first_at.utc_day(),
            terms_version: 1,
            clicks,
            used_before_minor,
            first_at,
        }
    }

    fn inputs(day: ClickDay) -> Inputs {
        Inputs { event: EventName::click(), own: Some(Own::Clicks(day)), ..nothing(&[]) }
    }

    #[test]
    fn whole_clicks_are_paid_up_to_the_limit() {
        let cases = [
            (pay(5, None), 100, 0, (100, 500, false)),
            (pay(5, Some(300)), 100, 0, (60, 300, true)),
            (pay(5, Some(300)), 60, 0, (60, 300, false)),
            (pay(5, Some(300)), 61, 0, (60, 300, true)),
            (pay(7, Some(20)), 9, 0, (2, 14, true)),
            (pay(5, Some(300)), 100, 100, (40, 200, true)),
            (pay(5, Some(300)), 100, 400, (0, 0, true)),
            (pay(5, Some(300)), 0, 400, (0, 0, false)),
        ];
        for (pay, clicks, used, (paid, minor, is_capped)) in cases {
            assert_eq!(pay.paid(clicks, used), Paid { clicks: paid, minor, is_capped }, "{clicks} clicks, {used} used");
        }
    }

    #[test]
    fn a_day_is_decided_by_its_count_alone() {
        let terms = |cap| Terms { click: Some(pay(5, cap)), ..example(1) };
        let decision = decide(&inputs(day(100, 0)), &[terms(None)]).unwrap();
        assert_eq!((decision.commission_minor, decision.fee_minor, decision.reason), (500, 100, None));
        assert_eq!((decision.badge, decision.state), (Badge::Network, ConversionState::Pending));
        assert_eq!((decision.publisher_id, decision.amount_minor), (Some(PublisherId(10)), None));
        let capped = decide(&inputs(day(100, 0)), &[terms(Some(300))]).unwrap();
        assert_eq!((capped.commission_minor, capped.reason), (300, Some(ReasonCode::CapReached)));
        assert_eq!(decide(&inputs(day(1, 0)), &[]), Err(Undecidable::TermsMissing(1)));
        let unpaid = decide(&inputs(day(100, 0)), &[example(1)]).unwrap();
        assert_eq!((unpaid.commission_minor, unpaid.reason), (0, None), "such a version pays no clicks");
    }

    #[test]
    fn stored_inputs_are_read_again_as_they_were() {
        let inputs = inputs(day(100, 5));
        let text = serde_json::to_string(&inputs).unwrap();
        assert_eq!(serde_json::from_str::<Inputs>(&text).unwrap(), inputs);
        assert_eq!(day(1, 0).order_id().as_str(), format!("clicks:2026-03-02:{}:1", PublisherId(10)));
    }

    #[test]
    fn nobody_approves_a_day_before_it_is_over_by_an_hour() {
        let at = |text| Timestamp::parse(text).unwrap();
        let (first, until) = (at("2026-03-02T10:00:00Z"), at("2026-03-03T01:00:00Z"));
        assert_eq!(check_over(EVENT, first, until.plus_ms(-1)), Err(StepRefused::DayNotOver(until)));
        assert_eq!(check_over(EVENT, first, until), Ok(()));
        assert_eq!(check_over("sale", first, first), Ok(()));
    }

    #[test]
    fn less_for_a_click_and_a_lower_limit_are_cuts() {
        let usd = ClickPay { currency: "USD".parse().unwrap(), ..pay(5, None) };
        let cases = [
            (None, Some(pay(5, None)), false, "clicks begin to pay"),
            (Some(pay(5, None)), None, true, "they end to"),
            (Some(pay(5, None)), Some(pay(4, None)), true, "less"),
            (Some(pay(5, None)), Some(pay(6, None)), false, "more"),
            (Some(pay(5, None)), Some(pay(6, Some(300))), true, "more, and a limit"),
            (Some(pay(5, Some(300))), Some(pay(5, Some(299))), true, "a lower limit"),
            (Some(pay(5, Some(300))), Some(pay(5, Some(301))), false, "a higher limit"),
            (Some(pay(5, Some(300))), Some(pay(5, None)), false, "no limit any more"),
            (Some(pay(100, Some(1_000))), Some(pay(600, Some(1_000))), true, "more, and fewer whole clicks"),
            (Some(pay(100, Some(1_050))), Some(pay(200, Some(1_000))), false, "whole clicks are paid as much"),
            (Some(pay(5, None)), Some(usd), true, "another currency"),
        ];
        for (before, after, expected, told) in cases {
            let terms = |click| Terms { click, ..example(1) };
            assert_eq!(terms(before).is_cut_by(&terms(after)), expected, "{told}");
        }
    }

    #[test]
    fn people_read_a_sentence_and_an_example() {
        let capped = pay(5, Some(300));
        assert_eq!(capped.sentence(), "0.05 EUR per valid visitor, at most 3.00 EUR a day per publisher");
        assert_eq!(capped.example(), "100 valid visitors in a day = 3.00 EUR, since the first 60 are paid");
        assert_eq!(pay(5, None).sentence(), "0.05 EUR per valid visitor");
        assert_eq!(pay(5, None).example(), "100 valid visitors in a day = 5.00 EUR");
        assert!(capped.is_possible(&[Currency::EUR]) && !capped.is_possible(&[]));
        for impossible in [pay(0, None), pay(5, Some(4)), pay(CLICK_MINOR_MAX + 1, None)] {
            assert!(!impossible.is_possible(&[Currency::EUR]), "{impossible:?}");
        }
    }

    proptest! {
        #[test]
        fn a_day_never_pays_more_than_its_limit_and_more_clicks_never_less(
            minor in 1..=1_000_i64, cap in 0..=100_000_i64, used in 0..=100_000_i64, clicks in 0..=1_000_000_i64,
        ) {
            let pay = pay(minor, Some(cap));
            let (paid, next) = (pay.paid(clicks, used), pay.paid(clicks + 1, used));
            prop_assert!(paid.minor + used <= cap || paid.minor == 0);
            prop_assert!(paid.minor <= next.minor && paid.clicks <= clicks);
            prop_assert_eq!(paid.minor, paid.clicks * minor);
        }
    }
}
