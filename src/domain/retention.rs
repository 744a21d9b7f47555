//! How long what is kept (domain.md section 11): clicks by whole months, so that what is left of a month is all of it.

use super::time::{DAY_MS, Day, Timestamp, Zone};

/// Raw clicks are kept for at least so many months, and at most one more.
pub const CLICK_MONTHS: u32 = 13;
/// The months ahead for which there is a place for clicks.
pub const MONTHS_AHEAD: u32 = 3;
/// Requests to the reporting end points.
pub const REQUESTS_KEPT_MS: i64 = 30 * DAY_MS;
/// What a party was told. Longer than anything waits of which it is told once.
pub const NOTICES_KEPT_MS: i64 = 400 * DAY_MS;

text_enum! {
    /// What is forgotten by a job that one process runs at a time.
    pub enum Kept {
        Clicks = "clicks",
        Requests = "requests",
    }
}

/// The start of a day, UTC.
pub fn start_of(day: Day) -> Timestamp {
    Zone::UTC.start_of(day)
}

/// The first day of the oldest month whose clicks are kept.
pub fn clicks_kept_from(now: Timestamp) -> Day {
    (0..CLICK_MONTHS).fold(Day(now.utc_day()).month_start(), |month, _| month.plus(-1).month_start())
}

/// The first days of this month and of those ahead, and of the one after each.
pub fn click_months(now: Timestamp) -> Vec<(Day, Day)> {
    let this = Day(now.utc_day()).month_start();
    let next = |month: &Day| Some(month.plus(31).month_start());
    let months = std::iter::successors(Some(this), next).take(1 + MONTHS_AHEAD as usize);
    months.map(|month| (month, month.plus(31).month_start())).collect()
}

/// Days before this one have no salt and no remembered visitors any more: none is known for longer than 48 hours.
pub const fn visitors_kept_from(now: Timestamp) -> i64 {
    now.utc_day() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn clicks_are_kept_for_thirteen_whole_months() {
        for (now, from) in [
            ("2027-04-30T23:59:59.999Z", "2026-03-01"),
            ("2027-05-01T00:00:00Z", "2026-04-01"),
            ("2028-03-31T12:00:00Z", "2027-02-01"),
            ("2028-02-29T12:00:00Z", "2027-01-01"),
        ] {
            assert_eq!(clicks_kept_from(at(now)).to_string(), from, "{now}");
        }
    }

    #[test]
    fn there_is_a_place_for_this_month_and_three_more() {
        let months = click_months(at("2026-11-30T23:00:00Z"));
        let told: Vec<String> = months.iter().map(|(first, next)| format!("{first} {next}")).collect();
        let expected =
            ["2026-11-01 2026-12-01", "2026-12-01 2027-01-01", "2027-01-01 2027-02-01", "2027-02-01 2027-03-01"];
        assert_eq!(told, expected);
        assert_eq!(click_months(at("2027-01-31T00:00:00Z"))[1].0.to_string(), "2027-02-01");
    }

    #[test]
    fn a_visitor_is_known_for_48_hours_at_most() {
        let day = at("2026-03-02T00:00:00Z").utc_day();
        assert!(visitors_kept_from(at("2026-03-03T23:59:59.999Z")) <= day);
        assert!(visitors_kept_from(at("2026-03-04T00:00:00Z")) > day);
    }
}
