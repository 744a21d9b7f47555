//! `tallystick verify`: everything that was decided, counted and booked, computed again from the rows it was made of.
//!
//! A second way on purpose: SQL of its own (`store::audit`, `store::audit_money`), totals and rounding of its own. All
//! checks read one snapshot, so that a network may go on working meanwhile.

mod click_days;
mod clicks;
mod decisions;
mod landings;
mod ledger;
mod payables;
mod payouts;
mod refunds;
mod totals;

use crate::domain::ids::PartyId;
use crate::domain::retention::Kept;
use crate::store::{Conn, StoreError, audit_money, retention};

/// One question that was asked of every row.
#[derive(Debug)]
pub struct Check {
    pub name: &'static str,
    pub checked: usize,
    /// What is wrong, one row each, by its id.
    pub bad: Vec<String>,
}

impl Check {
    const fn new(name: &'static str, checked: usize) -> Self {
        Self { name, checked, bad: Vec::new() }
    }

    fn require(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.bad.push(problem());
        }
    }
}

/// Ids as people see them, whatever they are the id of.
fn id(id: i64) -> String {
    PartyId(id).to_string()
}

fn id_or_nothing(value: Option<i64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), id)
}

/// Every check, in one snapshot.
pub async fn verify(conn: &mut Conn) -> Result<Vec<Check>, StoreError> {
    let conversions = audit_money::conversions(conn).await?;
    let transfers = audit_money::transfers(conn).await?;
    let events = audit_money::events(conn).await?;
    let kept_from = retention::forgotten_before(conn, Kept::Clicks).await?;
    let zones = totals::zones(conn).await?;
    let mut checks = clicks::checks(conn, kept_from).await?;
    checks.extend(totals::checks(conn, &zones, kept_from).await?);
    checks.extend(landings::checks(conn, &zones, kept_from).await?);
    let (decided, click_days) = decisions::checks(conn, &conversions, kept_from).await?;
    checks.extend(decided);
    checks.extend(click_days::checks(conn, &click_days, kept_from).await?);
    checks.push(decisions::states(&conversions, &events));
    checks.push(decisions::steps(&conversions, &events));
    checks.extend(ledger::checks(&transfers, &conversions, &events));
    checks.extend(payables::checks(conn, &transfers, &conversions).await?);
    checks.extend(payouts::checks(conn, &transfers, &conversions).await?);
    Ok(checks)
}

/// The report for people: a line for each check, below it its bad rows; the last line sums up.
pub fn told(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let verdict = if check.bad.is_empty() { "ok ".to_owned() } else { "BAD".to_owned() };
        text += &format!("{verdict} {}: {} checked, {} bad\n", check.name, check.checked, check.bad.len());
        for row in &check.bad {
            text += &format!("    {row}\n");
        }
    }
    let checked: usize = checks.iter().map(|check| check.checked).sum();
    let bad = differences(checks);
    let verdict = if bad == 0 { "everything comes out the same".to_owned() } else { format!("{bad} differences") };
    text + &format!("verify: {} checks, {checked} rows, {verdict}\n", checks.len())
}

/// How many rows differ.
pub fn differences(checks: &[Check]) -> usize {
    checks.iter().map(|check| check.bad.len()).sum()
}
