//! Clicks: they fit their links and terms, and of a visitor's day exactly one is valid, the first.

use super::{Check, id};
use crate::domain::ids::first_id_at;
use crate::domain::time::{Day, Timestamp};
use crate::store::{Conn, StoreError, audit};

/// A click gets its id when it arrives and its label when it is written. Of two at nearly the same moment, in one process
/// or in two with clocks of their own, the later id may be written first. A click that waits longer than this for the
/// database was answered as deferred, and days with such clicks are left out.
const OVERTAKING_MS_MAX: i64 = 10_000;

pub async fn checks(conn: &mut Conn, kept_from: Timestamp) -> Result<Vec<Check>, StoreError> {
    let clicks = usize::try_from(audit::count_clicks(conn).await?).unwrap_or(usize::MAX);
    let mut fit = Check::new("clicks fit their link, campaign, publisher and terms", clicks);
    for bad in audit::bad_clicks(conn).await? {
        fit.bad.push(format!("click {}: {}", id(bad.click_id), bad.problem));
    }
    let mut labels = Check::new("of a visitor's day the first click is valid, and no other", clicks);
    for group in audit::bad_labels(conn, first_id_at(kept_from), OVERTAKING_MS_MAX).await? {
        let (first, last) = (id(group.first_click), id(group.last_click));
        labels.bad.push(match group.valid_click {
            Some(valid) if group.valid == 1 => {
                format!("click {} is valid, and click {first} of the same visitor and day came before it", id(valid))
            }
            _ => format!(
                "click {first} to click {last}: {} clicks of one visitor and day, {} of them valid",
                group.clicks, group.valid
            ),
        });
    }
    Ok(vec![fit, labels, visitors(conn, clicks).await?])
}

/// As long as visitors are remembered, each has its valid click on that day.
async fn visitors(conn: &mut Conn, clicks: usize) -> Result<Check, StoreError> {
    let mut check = Check::new("valid clicks stand on the day of their visitor", clicks);
    let Some(first_day) = audit::first_visitor_day(conn).await? else { return Ok(Check { checked: 0, ..check }) };
    // On SQLite the table has only those for whom there was no room in memory.
    if !conn.is_sqlite() {
        for bad in audit::unknown_visitors(conn, first_day).await? {
            check.bad.push(format!("click {}: {}", id(bad.click_id), bad.problem));
        }
    }
    for (day, publisher, campaign) in audit::lonely_visitors(conn, first_day).await? {
        check.bad.push(format!(
            "a visitor of {} to publisher {}, campaign {}: no valid click",
            Day(day),
            id(publisher),
            id(campaign)
        ));
    }
    Ok(check)
}
