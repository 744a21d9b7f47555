//! What people do about the money: advertisers review, an admin books payments and pays publishers out.

use super::campaigns::CITIES;
use super::campaigns::OFFERS;
use super::people::People;
use super::stage::{DAYS, Dice, Stage};
use crate::domain::account::AccountKind;
use crate::domain::click_pay;
use crate::domain::conversion::ConversionState;
use crate::domain::ids::PayoutRunId;
use crate::domain::money::{Currency, Money};
use crate::domain::payout::PayoutState;
use crate::domain::reason::RejectReason;
use crate::domain::time::{DAY_MS, HOUR_MS, Timestamp, Zone};
use crate::server::retention;
use crate::settlement::payout::PayoutRefused;
use crate::settlement::{self, deadline, deposit, hold, payout, review};
use crate::store::conversions::{self, Filter};
use crate::store::{ledger, payouts};

const LIST_MAX: i64 = 2_000;
/// An order is looked at once it is so old.
const REVIEW_AFTER_MS: i64 = 4 * DAY_MS;
/// Why shops reject, the likeliest more than once.
const REASONS: [(RejectReason, &str); 7] = [
    (RejectReason::OrderCancelled, ""),
    (RejectReason::ItemReturned, "sent back within the week"),
    (RejectReason::OrderCancelled, ""),
    (RejectReason::PaymentFailed, ""),
    (RejectReason::ItemReturned, ""),
    (RejectReason::DuplicateOrder, "reported by telephone as well"),
    (RejectReason::Other, "The customer moved abroad before delivery."),
];

/// What the network does by itself every morning.
pub async fn morning(stage: &Stage) -> anyhow::Result<()> {
    let (store, environment) = (&stage.app.store, &stage.app.environment);
    settlement::click_pay::accrue_due(store, environment).await?;
    review::approve_due(store, environment).await?;
    deadline::chase_due(store, environment).await?;
    hold::release_due(store, environment).await?;
    retention::visitors(store, environment).await?;
    Ok(())
}

/// An advertiser goes through what is pending: most is good, some came back, some it leaves to the deadline.
pub async fn review(stage: &Stage, people: &People, dice: &mut Dice, advertiser: usize) -> anyhow::Result<()> {
    let (store, environment, viewer) = (&stage.app.store, &stage.app.environment, &people.advertisers[advertiser]);
    let filter = Filter { state: Some(ConversionState::Pending), limit: LIST_MAX, ..Filter::default() };
    let pending = conversions::list_of(&mut store.read().await?, viewer.acting, &filter).await?;
    let old = stage.now().plus_ms(-REVIEW_AFTER_MS);
    for conversion in pending.into_iter().filter(|known| known.converted_at_ms < old && !known.is_test) {
        let (id, version) = (conversion.conversion_id, conversion.version);
        if conversion.event == click_pay::EVENT {
            review::approve(store, environment, viewer, id, version).await?;
            continue;
        }
        let is_left = if conversion.badge.is_trusted() { 45 } else { 10 };
        let lot = dice.below(100);
        if conversion.held_reason.is_some() && lot < 50 {
            let note = "nobody reads and buys in this time";
            review::reject(store, environment, viewer, id, version, Some(RejectReason::FraudConfirmed), note).await?;
        } else if lot >= 93 {
            let (reason, note) = REASONS[dice.place(REASONS.len())];
            review::reject(store, environment, viewer, id, version, Some(reason), note).await?;
        } else if lot >= is_left {
            review::approve(store, environment, viewer, id, version).await?;
        }
    }
    Ok(())
}

/// An advertiser's payment arrives: what it owes and something on top. Without an amount, nothing where nothing is owed.
pub async fn deposit(stage: &Stage, people: &People, advertiser: usize, amount: Option<i64>) -> anyhow::Result<()> {
    let (store, environment, now) = (&stage.app.store, &stage.app.environment, stage.now());
    let id = people.advertiser_id(advertiser);
    let offer = OFFERS.iter().find(|offer| offer.advertiser == advertiser);
    let currency: Currency = offer.map_or("EUR", |offer| offer.currency).parse()?;
    let balances = ledger::balances_of_party(&mut store.read().await?, id.party()).await?;
    let owed = balances.iter().filter(|known| known.kind == AccountKind::Receivable && known.currency == currency);
    let owed: i64 = owed.map(|known| known.kind.displayed(known.balance_minor)).sum();
    // Rounded up to whole tens of the currency, as people pay.
    let usual = (owed + owed / 6) / 1_000 * 1_000 + 1_000;
    let minor = amount.unwrap_or(if owed > 0 { usual } else { 0 });
    if minor > 0 {
        let reference = format!("SEPA {} {}", Zone::UTC.day_of(now), advertiser + 1);
        deposit::book(store, environment, &people.admin, id, Money::new(minor, currency), &reference).await?;
    }
    Ok(())
}

/// When runs take place: some days into each month, the last one a day before the end.
pub fn run_times(stage: &Stage) -> Vec<Timestamp> {
    let last = stage.end().plus_ms(-26 * HOUR_MS);
    let mut month = Zone::UTC.day_of(last).month_start();
    let mut times = vec![last];
    loop {
        month = month.plus(-1).month_start();
        let at = Zone::UTC.start_of(month).plus_ms(4 * DAY_MS + 9 * HOUR_MS);
        if at < stage.day(DAYS / 5) {
            times.reverse();
            return times;
        }
        times.push(at);
    }
}

/// Runs that an admin has approved, and which wait for the bank.
#[derive(Default)]
pub struct Runs(Vec<PayoutRunId>);

impl Runs {
    pub async fn propose(&mut self, stage: &Stage, people: &People) -> anyhow::Result<()> {
        let (store, environment, settings) = (&stage.app.store, &stage.app.environment, &stage.app.payout);
        for code in ["EUR", "USD"] {
            let run = payout::propose(store, environment, &people.admin, code.parse()?, settings).await?;
            let seen = payouts::get_run(&mut store.read().await?, run).await?.seen();
            match payout::approve(store, environment, &people.admin, run, seen, settings).await {
                Ok(()) => self.0.push(run),
                Err(PayoutRefused::NothingToPay) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// The bank has answered. The first time one payout comes back; at the end only the first one has been sent.
    pub async fn settle(
        &mut self,
        stage: &Stage,
        people: &People,
        is_first: bool,
        is_last: bool,
    ) -> anyhow::Result<()> {
        let (store, environment, admin) = (&stage.app.store, &stage.app.environment, &people.admin);
        let mut number = 0;
        for run in self.0.drain(..) {
            let mut list = payouts::list_of_run(&mut store.read().await?, run).await?;
            list.retain(|payout| payout.state == PayoutState::Approved);
            for payout in list {
                let (id, version) = (payout.payout_id, payout.version);
                let reference = format!("SEPA {}-{}", Zone::UTC.day_of(stage.now()), number + 1);
                if is_first && number == 1 {
                    let why = "The bank returned it: the account is closed.";
                    payout::fail(store, environment, admin, id, version, why).await?;
                } else if !is_last || number == 0 {
                    payout::mark_paid(store, environment, admin, id, version, &reference).await?;
                }
                number += 1;
            }
        }
        Ok(())
    }
}

/// The advertiser that owes money at the end.
pub const LATE_PAYER: usize = OFFERS[CITIES].advertiser;
