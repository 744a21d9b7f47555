//! Migrations of a database with rows from before.

use std::fs;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, raw_sql};
use tallystick::store::Store;
use tallystick::store::driver::Driver;

use crate::support::{Database, Kind};

/// One conversion payable, one paid, one whose payout has failed; each released by an event of its own.
const BEFORE: &str = "
    insert into parties values (20, 'advertiser', 'Shop', '', 'admitted', '', 'UTC', 'en', 1, 1);
    insert into parties values (10, 'publisher', 'Blog', '', 'admitted', '', 'UTC', 'en', 1, 1);
    insert into campaigns values (7, 20, 'W', '', '', 'live', '', 'https://shop.example/', '', 'click_id', 'automatic',
        1, 1, 1, 1);
    insert into conversions (conversion_id, campaign_id, advertiser_id, event, order_id, state, is_test, badge,
        publisher_id, terms_version, currency, amount_minor, commission_minor, fee_minor, converted_at_ms,
        approved_at_ms, payout_id, version) values
        (1, 7, 20, 'sale', 'A', 'payable', false, 'signed', 10, 1, 'EUR', 1000, 100, 20, 1, 5, null, 1),
        (2, 7, 20, 'sale', 'B', 'paid', false, 'signed', 10, 1, 'EUR', 2000, 200, 40, 1, 6, 50, 1),
        (3, 7, 20, 'sale', 'C', 'payable', false, 'signed', 10, 1, 'EUR', 3000, 300, 60, 1, 7, null, 1);
    insert into conversion_events (event_id, conversion_id, number, to_state, reason) values
        (101, 1, 1, 'payable', 'released'), (102, 2, 1, 'payable', 'released'), (103, 3, 1, 'payable', 'released');
    insert into accounts values (31, 10, 'approved', 'EUR'), (32, 10, 'payable', 'EUR');
    insert into transfers (transfer_id, fact, fact_id, code, debit_account_id, credit_account_id, currency,
        amount_minor, created_at_ms) values (41, 'conversion', 101, 'released', 31, 32, 'EUR', 100, 8),
        (42, 'conversion', 102, 'released', 31, 32, 'EUR', 200, 8), (43, 'conversion', 103, 'released', 31, 32, 'EUR', 300, 8);
    insert into allocations values (1, 120, 9), (2, 240, 9), (3, 360, 9);
    insert into payout_runs values (60, 'completed', 'EUR', 1, 1, 1);
    insert into payouts (payout_id, payout_run_id, publisher_id, currency, amount_minor, state, reason, reference, version)
        values (50, 60, 10, 'EUR', 200, 'paid', '', 'R', 1), (51, 60, 10, 'EUR', 300, 'failed', 'closed', '', 1);
    insert into payout_items values (50, 2, 200), (51, 3, 300);
";

/// The tables as they were before migration `before`, with rows.
async fn from_before(database: &Database, kind: Kind, before: u32, rows: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let name = if matches!(kind, Kind::Sqlite) { "sqlite" } else { "postgres" };
    for file in fs::read_dir(Path::new("migrations").join(name)).unwrap() {
        let path = file.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        if file[..4].parse::<u32>().unwrap() < before {
            fs::copy(&path, folder.path().join(file)).unwrap();
        }
    }
    let migrator = Migrator::new(folder.path()).await.unwrap();
    match kind {
        Kind::Sqlite => {
            let url = format!("{}?mode=rwc", database.url);
            let mut conn = SqliteConnection::connect(&url).await.unwrap();
            migrator.run(&mut conn).await.unwrap();
            conn.execute(raw_sql(AssertSqlSafe(rows))).await.unwrap();
            conn.close().await.unwrap();
        }
        Kind::Postgres => {
            let mut conn = PgConnection::connect(&database.url).await.unwrap();
            migrator.run(&mut conn).await.unwrap();
            conn.execute(raw_sql(AssertSqlSafe(rows))).await.unwrap();
            conn.close().await.unwrap();
        }
    }
}

async fn column(store: &Store, text: &'static str) -> Vec<i64> {
    let mut conn = store.read().await.unwrap();
    match conn.driver() {
        Driver::Sqlite(c) => sqlx::query_scalar(text).fetch_all(c).await.unwrap(),
        Driver::Postgres(c) => sqlx::query_scalar(text).fetch_all(c).await.unwrap(),
    }
}

#[tokio::test]
async fn what_was_released_paid_and_allocated_before_is_kept_as_entries() {
    for kind in Kind::all() {
        let database = Database::new(kind).await;
        from_before(&database, kind, 24, BEFORE).await;
        let store = Store::open(&database.url).await.unwrap();
        let entries = "select payable_id * 1000 + amount_minor as n from payables where publisher_id = 10
            and currency = 'EUR' and kind = 'released' order by payable_id";
        assert_eq!(column(&store, entries).await, [101_100, 102_200, 103_300], "{kind:?}");
        let due = "select approved_at_ms as n from payables order by payable_id";
        assert_eq!(column(&store, due).await, [5, 6, 7], "{kind:?}");
        let items = "select payable_id as n from payout_items where is_binding order by payable_id";
        assert_eq!(column(&store, items).await, [102], "{kind:?}: the failed one gave its entry back");
        let items = "select payout_id * 1000 + payable_id as n from payout_items order by payout_id";
        assert_eq!(column(&store, items).await, [50_102, 51_103], "{kind:?}");
        let allocated = "select conversion_id * 1000 + amount_minor as n from allocations order by conversion_id";
        assert_eq!(column(&store, allocated).await, [1_120, 2_240, 3_360], "{kind:?}");
    }
}
