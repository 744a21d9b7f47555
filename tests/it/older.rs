//! Rows that were there before a migration are right after it, on both databases.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, raw_sql};

use crate::support::{Database, Kind};

/// The migrations of a database before this one, and it.
fn migrations(folder: &str, name: &str) -> (Vec<String>, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let place = files.iter().position(|file| file.ends_with(name)).expect("the migration is there");
    let text = |file: &Path| std::fs::read_to_string(file).unwrap();
    (files[..place].iter().map(|file| text(file)).collect(), text(&files[place]))
}

/// Runs the migrations up to this one with some rows before it, and gives what a query finds after it.
async fn migrated(kind: Kind, name: &str, rows: &'static str, found: &'static str) -> Vec<(i64, Option<i64>)> {
    macro_rules! on {
        ($connection:ident, $folder:literal) => {{
            let (before, this) = migrations($folder, name);
            for text in before {
                $connection.execute(raw_sql(AssertSqlSafe(text))).await.unwrap();
            }
            $connection.execute(raw_sql(rows)).await.unwrap();
            $connection.execute(raw_sql(AssertSqlSafe(this))).await.unwrap();
            let found = sqlx::query_as(found).fetch_all(&mut $connection).await.unwrap();
            $connection.close().await.unwrap();
            found
        }};
    }
    match kind {
        Kind::Sqlite => {
            let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
            on!(connection, "sqlite")
        }
        Kind::Postgres => {
            let database = Database::new(kind).await;
            let mut connection = PgConnection::connect(&database.url).await.unwrap();
            on!(connection, "postgres")
        }
    }
}

#[tokio::test]
async fn what_was_under_way_is_bound_to_what_stood_there_when_it_was_approved() {
    let rows = "
        insert into payout_runs (payout_run_id, state, currency, created_by, decided_by, version)
            values (10, 'approved', 'EUR', 1, 1, 2);
        insert into payout_details (payout_details_id, publisher_id, version, method, masked, country, created_at_ms,
            created_by) values (21, 1, 1, 'paypal', 'a', '', 100, 1), (22, 1, 2, 'paypal', 'b', '', 200, 1);
        insert into payouts (payout_id, payout_run_id, publisher_id, currency, amount_minor, state, reason, reference,
            approved_by, decided_at_ms, paid_at_ms, version)
            values (31, 10, 1, 'EUR', 1, 'approved', '', '', 1, 50, null, 2),
                (32, 10, 1, 'EUR', 1, 'approved', '', '', 1, 150, null, 2),
                (33, 10, 1, 'EUR', 1, 'sent', '', '', 1, 200, null, 3),
                (34, 10, 1, 'EUR', 1, 'paid', '', 'R', 1, 250, 260, 3),
                (35, 10, 1, 'EUR', 1, 'carried', 'x', '', null, null, null, 1)";
    for kind in Kind::all() {
        let found = "select payout_id, payout_details_id from payouts order by payout_id";
        let bound = migrated(kind, "0022_payout_binding.sql", rows, found).await;
        assert_eq!(bound, [(31, None), (32, Some(21)), (33, Some(22)), (34, None), (35, None)], "{kind:?}");
    }
}
