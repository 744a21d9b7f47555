//! Paid clicks: the days that are paid are counted again from the clicks, and each is paid as it was counted.

use std::collections::{BTreeMap, HashMap};

use super::{Check, id, id_or_nothing};
use crate::domain::click_pay::ClickDay;
use crate::domain::time::{DAY_MS, Day, Timestamp};
use crate::store::audit_clicks::{self, StoredDay};
use crate::store::{Conn, StoreError};

/// The states of what lost its worth: its clicks go on being counted, and are not paid.
const ENDED: [&str; 2] = ["rejected", "reversed"];

/// What a number of clicks earns: all of them, or as many whole ones as the limit leaves; no limit is 0.
pub fn worth_minor(clicks: i64, rate: i64, limit: i64, used: i64) -> i64 {
    let (rate, whole) = (i128::from(rate), i128::from(clicks) * i128::from(rate));
    let left = (i128::from(limit) - i128::from(used)).max(0);
    let earned = if limit == 0 || whole <= left { whole } else { left - left % rate.max(1) };
    i64::try_from(earned.max(0)).unwrap_or(i64::MAX)
}

/// Campaign, publisher, UTC day, version of the terms.
type Key = (i64, i64, i64, i64);

fn tell((campaign, publisher, day, version): &Key) -> String {
    format!("{}, campaign {}, publisher {}, version {version}", Day(*day), id(*campaign), id(*publisher))
}

/// `decided` is what each conversion of clicks was decided on.
pub async fn checks(
    conn: &mut Conn,
    decided: &HashMap<i64, ClickDay>,
    kept_from: Timestamp,
) -> Result<[Check; 2], StoreError> {
    let days = audit_clicks::stored_days(conn).await?;
    let counted = counted(conn, &days, kept_from).await?;
    let mut paid = Check::new("conversions of clicks pay what was counted", days.len());
    let mut used: BTreeMap<(i64, i64, i64, &str), i64> = BTreeMap::new();
    for day in &days {
        let of_day = (day.campaign_id, day.publisher_id, day.utc_day, day.click_currency.as_str());
        let used = used.entry(of_day).or_default();
        let problem = problem_of(day, *used, decided);
        paid.bad.extend(problem.map(|problem| format!("{}: {problem}", tell(&key(day)))));
        *used += worth_minor(day.counted_clicks, day.click_minor, day.click_cap_minor, *used);
    }
    for conversion in audit_clicks::without_day(conn).await? {
        paid.bad.push(format!("conversion {}: no day of clicks is paid by it", id(conversion)));
    }
    Ok([counted, paid])
}

const fn key(day: &StoredDay) -> Key {
    (day.campaign_id, day.publisher_id, day.utc_day, day.terms_version)
}

/// Days before `kept_from` cannot be counted again.
async fn counted(conn: &mut Conn, days: &[StoredDay], kept_from: Timestamp) -> Result<Check, StoreError> {
    let mut both: BTreeMap<Key, [(i64, i64); 2]> = BTreeMap::new();
    for raw in audit_clicks::raw_days(conn).await? {
        let key = (raw.campaign_id, raw.publisher_id, raw.utc_day, raw.terms_version);
        both.entry(key).or_default()[0] = (raw.clicks, raw.first_click_id);
    }
    for day in days {
        both.entry(key(day)).or_default()[1] = (day.unique_clicks, day.first_click_id);
    }
    both.retain(|(_, _, day, _), _| Timestamp(day * DAY_MS) >= kept_from);
    let mut check = Check::new("paid clicks of a day equal the clicks", both.len());
    for (key, [(raw, raw_first), (stored, first)]) in &both {
        check.require(raw == stored, || format!("{}: {stored} stored, {raw} counted", tell(key)));
        check.require(raw != stored || raw_first == first, || {
            format!("{}: its first click is stored as {}, and is {}", tell(key), id(*first), id(*raw_first))
        });
    }
    Ok(check)
}

/// `used` is what lower versions of the terms earned on the same day.
fn problem_of(day: &StoredDay, used: i64, decided: &HashMap<i64, ClickDay>) -> Option<String> {
    let Some(conversion) = day.conversion_id else {
        return (day.counted_clicks != 0)
            .then(|| format!("{} clicks are counted, and none is paid", day.counted_clicks));
    };
    let is_its = day.event.as_deref() == Some("click")
        && (day.conversion_campaign, day.conversion_publisher) == (Some(day.campaign_id), Some(day.publisher_id))
        && day.conversion_version == Some(day.terms_version);
    let name = id_or_nothing(day.conversion_id);
    if !is_its {
        return Some(format!("conversion {name} does not pay it"));
    }
    let state = day.state.as_deref().unwrap_or("");
    if ENDED.contains(&state) {
        return None;
    }
    let Some(decided) = decided.get(&conversion) else {
        return Some(format!("conversion {name} was not decided by its clicks"));
    };
    if (decided.utc_day, decided.clicks) != (day.utc_day, day.counted_clicks) {
        let (then, now) = (decided.clicks, day.counted_clicks);
        return Some(format!(
            "conversion {name} is {state} over {then} clicks of {}, {now} are counted",
            Day(decided.utc_day)
        ));
    }
    let before = decided.used_before_minor;
    (before != used).then(|| format!("conversion {name} was decided with {before} of the limit used, {used} is"))
}

#[cfg(test)]
mod tests {
    use super::worth_minor;

    #[test]
    fn clicks_earn_up_to_the_limit() {
        let cases = [
            ((100, 5, 0, 0), 500),
            ((100, 5, 300, 0), 300),
            ((9, 7, 20, 0), 14),
            ((100, 5, 300, 101), 195),
            ((100, 5, 300, 400), 0),
            ((0, 5, 300, 0), 0),
            ((100, 0, 0, 0), 0),
        ];
        for ((clicks, rate, limit, used), expected) in cases {
            assert_eq!(worth_minor(clicks, rate, limit, used), expected, "{clicks} at {rate}, {limit} less {used}");
        }
    }
}
