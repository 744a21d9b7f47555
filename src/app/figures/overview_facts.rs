//! What an overview shows beside its report: balances, what waits, and the clicks of the last minutes.

use std::collections::BTreeMap;

use crate::app::conversions::queue_of;
use crate::app::error::ApiError;
use crate::domain::account::AccountKind;
use crate::domain::ids::{ClickId, first_id_at};
use crate::domain::money::{Currency, Money};
use crate::domain::party::{Acting, PartyState};
use crate::domain::reason::{Outcome, ReasonCode};
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::store::conversion_lists::{self, Waiting};
use crate::store::deferrals::{self, Deferrals};
use crate::store::{Conn, attempts, clicks, landings, ledger, parties};

/// The counter looks back so far.
const RECENT_MINUTES: i64 = 5;
/// So long an admin is told of clicks that were answered before their commit.
pub const DEFERRAL_DAYS: i64 = 7;

/// What is not a report: balances and what waits.
#[derive(Default)]
pub struct Facts {
    pub payable: Vec<Money>,
    pub approved: Vec<Money>,
    /// What waits for this reader's review.
    pub awaiting_review: Waiting,
    pub rejected_reports: i64,
    pub parties_waiting: usize,
    pub deferrals: Deferrals,
    pub refused_landings: Vec<(ReasonCode, i64)>,
}

pub async fn recent_clicks(conn: &mut Conn, acting: Acting, now: Timestamp) -> Result<i64, ApiError> {
    let first = ClickId(first_id_at(now.plus_ms(-RECENT_MINUTES * MINUTE_MS)));
    Ok(match acting {
        Acting::Publisher(publisher) => clicks::recent_of_publisher(conn, publisher, first).await?,
        Acting::Advertiser(advertiser) => clicks::recent_of_advertiser(conn, advertiser, first).await?,
        Acting::Admin => clicks::recent(conn, first).await?,
    })
}

pub async fn facts(conn: &mut Conn, acting: Acting, now: Timestamp) -> Result<Facts, ApiError> {
    let mut facts = Facts::default();
    if let Some(queue) = queue_of(acting, now) {
        facts.awaiting_review = conversion_lists::waiting(conn, queue).await?;
    }
    match acting {
        Acting::Publisher(publisher) => {
            let balances = ledger::balances_of_party(conn, publisher.party()).await?;
            facts.payable = of_kind(&balances, AccountKind::Payable);
            facts.approved = of_kind(&balances, AccountKind::Approved);
        }
        Acting::Advertiser(_) => {}
        Acting::Admin => {
            facts.payable = of_kind(&ledger::balances(conn).await?, AccountKind::Payable);
            facts.rejected_reports = attempts::count(conn, Outcome::Rejected).await?;
            let first_day = now.utc_day() - DEFERRAL_DAYS + 1;
            facts.deferrals = deferrals::count_since(conn, first_day).await?;
            facts.refused_landings = landings::refusals(conn, first_day).await?;
            facts.parties_waiting = parties::list(conn, None, Some(PartyState::Applied), 100).await?.len();
        }
    }
    Ok(facts)
}

/// The sum of the accounts of a kind, by currency.
fn of_kind(balances: &[ledger::Balance], kind: AccountKind) -> Vec<Money> {
    let mut sums = BTreeMap::<Currency, i64>::new();
    for balance in balances.iter().filter(|balance| balance.kind == kind) {
        *sums.entry(balance.currency).or_default() += kind.displayed(balance.balance_minor);
    }
    sums.into_iter().map(|(currency, minor)| Money::new(minor, currency)).collect()
}

pub fn shown(money: &[Money]) -> Vec<String> {
    money.iter().map(Money::to_string).collect()
}

pub fn balance_note(words: &str, money: &[Money]) -> String {
    if money.is_empty() { String::new() } else { format!("{} {words}", shown(money).join(", ")) }
}
