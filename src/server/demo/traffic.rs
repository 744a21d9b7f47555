//! Who follows the links, when and how: a plan of clicks with weeks, days and growth in it.

use std::net::Ipv4Addr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::links::SPOTS;
use super::people;
use super::stage::{DAYS, Dice, Stage};
use crate::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

/// What kind of request a click is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Person,
    /// By a script: without a person's gesture.
    Script,
    Crawler,
    Prefetch,
    Frame,
    Head,
    Nameless,
    OptedOut,
    /// A program that dresses as a person, and is too busy for one.
    Machine,
}

/// One request to a link.
#[derive(Debug, Clone)]
pub struct Visit {
    pub at: Timestamp,
    pub spot: usize,
    pub manner: Manner,
    pub address: Ipv4Addr,
    agent: usize,
}

const AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
];
const CRAWLERS: [&str; 3] = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
];

/// Monday to Sunday.
const WEEK: [u64; 7] = [100, 106, 103, 98, 88, 70, 92];
/// The hours of a day, UTC: Europe in the evening, America after it.
const HOURS: [u64; 24] =
    [30, 26, 18, 12, 9, 10, 16, 30, 44, 52, 55, 58, 66, 62, 60, 64, 72, 84, 100, 110, 104, 82, 58, 40];
/// Of a thousand requests so many are of this manner; the rest are people.
const MANNERS: [(Manner, u64); 7] = [
    (Manner::Script, 60),
    (Manner::Crawler, 38),
    (Manner::OptedOut, 28),
    (Manner::Prefetch, 18),
    (Manner::Frame, 12),
    (Manner::Head, 8),
    (Manner::Nameless, 4),
];

/// The day on which a program follows one link again and again.
const FLOOD_DAY: i64 = 61;
const FLOOD_SPOT: usize = 10;
/// A little more than one address may in a minute.
const FLOOD_CLICKS: i64 = 324;
/// 1970-01-01 was a Thursday.
const FIRST_WEEKDAY: i64 = 3;

/// All visits in the order of their time.
pub fn plan(stage: &Stage, dice: &mut Dice, clicks: u64) -> Vec<Visit> {
    let weights: Vec<u64> = (0..DAYS).map(|day| day_weight(stage.day(day), day, dice)).collect();
    let total: u64 = weights.iter().sum();
    let (mut visits, mut before) = (Vec::new(), 0);
    for (day, sum) in (0..DAYS).zip(weights.iter().scan(0, |sum, weight| Some(add(sum, *weight)))) {
        let until = clicks * sum / total;
        for _ in before..until {
            visits.push(visit(stage, dice, day, &visits));
        }
        before = until;
    }
    visits.extend(flood(stage, dice));
    visits.retain(|visit| visit.at < stage.end());
    visits.sort_by_key(|visit| visit.at);
    visits
}

const fn add(sum: &mut u64, weight: u64) -> u64 {
    *sum += weight;
    *sum
}

/// Twice as much at the end as in the beginning, less at week-ends, and no two days alike.
fn day_weight(at: Timestamp, day: i64, dice: &mut Dice) -> u64 {
    let weekday = (at.utc_day() + FIRST_WEEKDAY).rem_euclid(7).unsigned_abs();
    let growth = (DAYS + day).unsigned_abs();
    growth * WEEK[usize::try_from(weekday).unwrap_or(0)] * (85 + dice.below(31))
}

fn visit(stage: &Stage, dice: &mut Dice, day: i64, earlier: &[Visit]) -> Visit {
    let spot = dice.weighted(SPOTS.iter().map(|spot| if spot.from <= day { spot.weight } else { 0 }));
    let at = moment(stage.day(day), dice);
    let back = earlier.len().saturating_sub(1 + dice.place(60));
    // Some come back on the same day; some see two links.
    if let Some(known) = earlier.get(back).filter(|known| known.spot == spot || dice.is_one_in(9)) {
        return Visit { at, spot: known.spot, ..known.clone() };
    }
    let mut lot = dice.below(1_000);
    let mut manner = Manner::Person;
    for (other, share) in MANNERS {
        if lot < share {
            manner = other;
            break;
        }
        lot -= share;
    }
    Visit { at, spot, manner, address: dice.address(), agent: dice.place(AGENTS.len()) }
}

/// A moment of the 24 hours from `start` on, in the hours in which people are awake.
fn moment(start: Timestamp, dice: &mut Dice) -> Timestamp {
    loop {
        let at = start.plus_ms(dice.between(0, DAY_MS));
        let hour = usize::try_from(at.0.rem_euclid(DAY_MS) / HOUR_MS).unwrap_or(0);
        if dice.below(110) < HOURS[hour] {
            return at;
        }
    }
}

/// Within one UTC minute.
fn flood(stage: &Stage, dice: &mut Dice) -> Vec<Visit> {
    let minute = stage.day(FLOOD_DAY).0.div_euclid(MINUTE_MS) + 1;
    let (start, address) = (Timestamp(minute * MINUTE_MS), dice.address());
    let at = |number: i64| start.plus_ms(number * 150);
    let visit = |number| Visit { at: at(number), spot: FLOOD_SPOT, manner: Manner::Machine, address, agent: 0 };
    (0..FLOOD_CLICKS).map(visit).collect()
}

impl Visit {
    pub const fn method(&self) -> Method {
        if matches!(self.manner, Manner::Head) { Method::HEAD } else { Method::GET }
    }

    /// Who can buy: an answer with a click id.
    pub const fn may_buy(&self) -> bool {
        matches!(self.manner, Manner::Person | Manner::Script | Manner::Nameless)
    }

    /// Whose browser runs the advertiser's script: all people but every fourteenth, who is gone before it loads.
    pub const fn lands(&self, place: usize) -> bool {
        matches!(self.manner, Manner::Person | Manner::Script) && !place.is_multiple_of(14)
    }

    /// The headers that a browser or a program sends.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &'static str| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        };
        let fetch = |dest| [("sec-fetch-dest", dest), ("sec-fetch-mode", "navigate")];
        match self.manner {
            Manner::Crawler | Manner::Head | Manner::Nameless => {}
            Manner::Frame => fetch("iframe").into_iter().for_each(|(name, value)| put(name, value)),
            _ => fetch("document").into_iter().for_each(|(name, value)| put(name, value)),
        }
        match self.manner {
            Manner::Person | Manner::Machine => put("sec-fetch-user", "?1"),
            Manner::Prefetch => put("sec-purpose", "prefetch"),
            Manner::OptedOut => put("sec-gpc", "1"),
            _ => {}
        }
        match self.manner {
            Manner::Nameless => {}
            Manner::Crawler => put("user-agent", CRAWLERS[self.agent % CRAWLERS.len()]),
            _ => put("user-agent", AGENTS[self.agent]),
        }
        put("referer", people::website(SPOTS[self.spot].publisher));
        headers
    }
}
