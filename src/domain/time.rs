//! Time: UTC milliseconds everywhere; days only in a party's own zone (domain.md sections 0 and 8).

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// UTC milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Every zone's offset is a multiple of a quarter of an hour, so quarters can be summed to any zone's day.
pub const QUARTER_MS: i64 = 15 * MINUTE_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time as in 2026-03-02T10:00:00Z")]
pub struct NotATime;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}")]
pub struct UnknownZone(pub String);

impl Timestamp {
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }

    /// Milliseconds since `earlier`.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// So many months later by the calendar, UTC; in a shorter month at most its last day.
    pub fn plus_months(self, months: i64) -> Self {
        let span = jiff::Span::new().try_months(months).unwrap_or_default();
        let later = self.jiff().to_zoned(TimeZone::UTC).saturating_add(span);
        Self(later.timestamp().as_millisecond())
    }

    /// RFC 3339 with an offset or `Z`; finer than milliseconds is cut.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let at: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Self(at.as_millisecond()))
    }

    /// Quarters of an hour since 1970, UTC.
    pub const fn quarter(self) -> i64 {
        self.0.div_euclid(QUARTER_MS)
    }

    /// Days since 1970, UTC.
    pub const fn utc_day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

/// RFC 3339 in UTC, with milliseconds only where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.jiff().to_string())
    }
}

/// How long something has waited, for people, in its largest whole unit: `9 days`, `1 hour`, `less than an hour`.
pub fn waited(ms: i64) -> String {
    let (count, unit) = if ms >= DAY_MS { (ms / DAY_MS, "day") } else { (ms / HOUR_MS, "hour") };
    match count {
        ..=0 => "less than an hour".to_owned(),
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    }
}

/// A day of some zone's calendar: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i64);

impl Day {
    const ZERO: Date = date(1970, 1, 1);

    fn from_date(date: Date) -> Self {
        Self(i64::from(date.since(Self::ZERO).map_or(0, |span| span.get_days())))
    }

    fn date(self) -> Date {
        let days = jiff::Span::new().try_days(self.0).unwrap_or_default();
        Self::ZERO.saturating_add(days)
    }

    pub const fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// The first day of the month that this day is in.
    pub fn month_start(self) -> Self {
        Self::from_date(self.date().first_of_month())
    }
}

/// ISO 8601: `2026-03-02`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.date().to_string())
    }
}

impl FromStr for Day {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        text.parse::<Date>().map(Self::from_date).map_err(|_| NotATime)
    }
}

/// An IANA time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    pub const UTC: Self = Self(TimeZone::UTC);

    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The calendar day of this zone in which `at` lies.
    pub fn day_of(&self, at: Timestamp) -> Day {
        Day::from_date(at.jiff().to_zoned(self.0.clone()).date())
    }

    /// The first moment of a day: 23 to 25 hours before the next one's.
    pub fn start_of(&self, day: Day) -> Timestamp {
        let start = day.date().to_zoned(self.0.clone()).map(|zoned| zoned.timestamp());
        Timestamp(start.map_or(i64::MAX, jiff::Timestamp::as_millisecond))
    }

    /// For people: `2 Mar 2026, 10:00`.
    pub fn show(&self, at: Timestamp) -> String {
        at.jiff().to_zoned(self.0.clone()).strftime("%-d %b %Y, %H:%M").to_string()
    }

    /// The time of day: `12:04:31`.
    pub fn show_time(&self, at: Timestamp) -> String {
        at.jiff().to_zoned(self.0.clone()).strftime("%H:%M:%S").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_as_rfc_3339() {
        let at = Timestamp::parse("2026-03-02T11:00:00+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-03-02T10:00:00Z");
        assert_eq!(Timestamp::parse("2026-03-02"), Err(NotATime));
    }

    #[test]
    fn a_wait_is_told_in_its_largest_whole_unit() {
        let cases = [
            (0, "less than an hour"),
            (HOUR_MS - 1, "less than an hour"),
            (-DAY_MS, "less than an hour"),
            (HOUR_MS, "1 hour"),
            (DAY_MS - 1, "23 hours"),
            (DAY_MS, "1 day"),
            (10 * DAY_MS - 1, "9 days"),
        ];
        for (ms, words) in cases {
            assert_eq!(waited(ms), words, "{ms}");
        }
    }

    #[test]
    fn a_day_belongs_to_its_zone() {
        // domain.md section 13
        let chicago = Zone::parse("America/Chicago").unwrap();
        let at = Timestamp::parse("2026-09-08T02:23:34Z").unwrap();
        let day = chicago.day_of(at);
        assert_eq!(day.to_string(), "2026-09-07");
        assert_eq!(chicago.start_of(day).to_string(), "2026-09-07T05:00:00Z");
        assert_eq!(chicago.start_of(day.plus(1)).to_string(), "2026-09-08T05:00:00Z");
    }

    #[test]
    fn days_have_23_to_25_hours_where_the_clock_changes() {
        let new_york = Zone::parse("America/New_York").unwrap();
        for (day, hours) in [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-01", 24)] {
            let day: Day = day.parse().unwrap();
            let length = new_york.start_of(day.plus(1)).since(new_york.start_of(day));
            assert_eq!(length, hours * HOUR_MS);
        }
        assert_eq!("2026-02-17".parse::<Day>().unwrap().month_start().to_string(), "2026-02-01");
    }
}
