//! Money and many hands: whatever runs at once, each step happens once.

use sqlx::{Connection, Row};
use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::PartyId;
use tallystick::domain::money::Money;
use tallystick::settlement::{deposit, payout, review};
use tallystick::store::driver::Driver;

use super::world::{EUR, World, an_admin};
use super::{SETTINGS, only_payout, payable_world};
use crate::gate::{hold_commits, until_waiting};
use crate::support::Kind;

impl World {
    pub async fn numbers(&self, text: &'static str) -> Vec<i64> {
        let mut conn = self.app.store.read().await.unwrap();
        match conn.driver() {
            Driver::Sqlite(c) => row_of(&sqlx::query(text).fetch_one(c).await.unwrap()),
            Driver::Postgres(c) => row_of(&sqlx::query(text).fetch_one(c).await.unwrap()),
        }
    }

    /// Commission and count of A's paid conversions, from the totals.
    pub async fn paid_totals(&self) -> (i64, i64) {
        let text = "select cast(coalesce(sum(commission_minor), 0) as bigint) as c,
            cast(coalesce(sum(conversions), 0) as bigint) as n, cast(coalesce(max(reader_id), 0) as bigint) as r
            from conversion_rollups where grain = 'day' and basis = 'conversion' and state = 'paid'
            and reader_id = publisher_id";
        let row = self.numbers(text).await;
        assert_eq!(PartyId(row[2]), self.publishers[0].1.party());
        (row[0], row[1])
    }
}

fn row_of<R: Row>(row: &R) -> Vec<i64>
where
    usize: sqlx::ColumnIndex<R>,
    for<'r> i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    (0..row.len()).map(|index| row.get(index)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_approvals_at_once_reserve_once() {
    for kind in Kind::all() {
        let world = payable_world(kind).await;
        let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
        let run = payout::propose(&store, &environment, &an_admin(7), EUR, &SETTINGS).await.unwrap();
        let seen = world.seen(run).await;
        let all = (0..16).map(|hand| {
            let (store, environment) = (store.clone(), environment.clone());
            tokio::spawn(async move {
                payout::approve(&store, &environment, &an_admin(hand), run, seen, &SETTINGS).await.is_ok()
            })
        });
        let done = futures::future::join_all(all).await;
        assert_eq!(done.into_iter().filter(|one| *one.as_ref().unwrap()).count(), 1, "{kind:?}");
        let reserves =
            "select count(*) as n, cast(sum(amount_minor) as bigint) as s from transfers where code = 'reserved'";
        assert_eq!(world.numbers(reserves).await, [1, 1600], "{kind:?}");

        let (id, version) = only_payout(&world, run).await;
        let all = (0..16).map(|hand: i64| {
            let (store, environment) = (store.clone(), environment.clone());
            tokio::spawn(async move {
                let admin = an_admin(hand);
                match hand % 2 {
                    0 => payout::mark_paid(&store, &environment, &admin, id, version, "R").await.is_ok(),
                    _ => payout::fail(&store, &environment, &admin, id, version, "closed").await.is_ok(),
                }
            })
        });
        let done = futures::future::join_all(all).await;
        assert_eq!(done.into_iter().filter(|one| *one.as_ref().unwrap()).count(), 1, "{kind:?}: paid or failed, once");
        let ends = "select count(*) as n from transfers where code in ('settled', 'failed')";
        assert_eq!(world.numbers(ends).await, [1], "{kind:?}");
        world.balances().await;
        world.app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_at_once_leave_one_draft() {
    for kind in Kind::all() {
        let world = payable_world(kind).await;
        let all = (0..8).map(|hand| {
            let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
            tokio::spawn(
                async move { payout::propose(&store, &environment, &an_admin(hand), EUR, &SETTINGS).await.is_ok() },
            )
        });
        let done = futures::future::join_all(all).await;
        assert!(done.into_iter().any(|one| one.unwrap()));
        assert_eq!(world.numbers("select count(*) as n from payout_runs where state = 'draft'").await, [1], "{kind:?}");
        world.app.stop().await;
    }
}

/// Payments and approvals at once: every approved commission is paid for once, in whole, and never with money that is
/// not there.
#[tokio::test(flavor = "multi_thread")]
async fn deposits_and_approvals_at_once_spend_nothing_twice() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let mut orders = Vec::new();
        for number in 0..8 {
            orders.push(world.order(number % 2, &format!("O{number}"), Some("10.00"), Badge::Signed).await);
        }
        let approvals = orders.into_iter().map(|id| {
            let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
            tokio::spawn(async move { review::approve(&store, &environment, &an_admin(7), id, 1).await.unwrap() })
        });
        let payments = (0..8).map(|number| {
            let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
            let (advertiser, money, reference) = (world.advertiser_id, Money::new(110, EUR), format!("R{number}"));
            tokio::spawn(async move {
                let admin = an_admin(7);
                deposit::book(&store, &environment, &admin, advertiser, money, &reference).await.unwrap();
            })
        });
        for done in futures::future::join_all(approvals.chain(payments)).await {
            done.unwrap();
        }
        // 8.80 was paid; seven of 1.20 fit into it.
        let allocated = "select count(*) as n, cast(sum(amount_minor) as bigint) as s from allocations";
        assert_eq!(world.numbers(allocated).await, [7, 840], "{kind:?}");
        let balances = world.balances().await;
        assert_eq!(balances["advertiser deposit"], "0.40", "{kind:?}");
        assert_eq!(balances["advertiser receivable"], "1.20", "{kind:?}");
        world.app.stop().await;
    }
}

/// The advertiser's very first payment is about to be committed while a conversion is approved: neither sees what the
/// other wrote, so one has to wait for the other, or nobody pays for the conversion.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_deposit_beside_an_approval_pays_for_it() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let order = world.order(0, "O1", Some("10.00"), Badge::Signed).await;
        let mut gate = match kind {
            Kind::Postgres => Some(hold_commits(&world.app.database.url, "deposits").await),
            Kind::Sqlite => None,
        };
        let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
        let advertiser = world.advertiser_id;
        let payment = tokio::spawn(async move {
            deposit::book(&store, &environment, &an_admin(7), advertiser, Money::new(120, EUR), "R1").await.unwrap();
        });
        if let Some(gate) = &mut gate {
            until_waiting(gate, 1, || payment.is_finished()).await;
            assert!(!payment.is_finished(), "the deposit waits at its commit");
        }
        let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
        let approval =
            tokio::spawn(async move { review::approve(&store, &environment, &an_admin(7), order, 1).await.unwrap() });
        if let Some(mut gate) = gate {
            until_waiting(&mut gate, 2, || approval.is_finished()).await;
            gate.close().await.unwrap();
        }
        approval.await.unwrap();
        payment.await.unwrap();
        let allocated = "select count(*) as n, cast(coalesce(sum(amount_minor), 0) as bigint) as s from allocations";
        assert_eq!(world.numbers(allocated).await, [1, 120], "{kind:?}");
        let balances = world.balances().await;
        assert_eq!(balances.get("advertiser receivable"), None, "{kind:?}: {balances:?}");
        world.app.stop().await;
    }
}
