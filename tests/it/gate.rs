//! PostgreSQL only: transactions that wait between their last statement and their commit, so that another one meets them
//! there.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, raw_sql};

/// Keeps whoever inserted into `table` before its commit, until the connection is closed.
pub async fn hold_commits(url: &str, table: &str) -> PgConnection {
    let mut gate = PgConnection::connect(url).await.unwrap();
    let trigger = format!(
        "create function wait_at_commit() returns trigger language plpgsql as
            $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
        create constraint trigger {table}_wait after insert on {table} deferrable initially deferred
            for each row execute function wait_at_commit()"
    );
    gate.execute(raw_sql(AssertSqlSafe(trigger))).await.unwrap();
    gate.execute("select pg_advisory_lock(4711)").await.unwrap();
    gate
}

/// Until so many connections of this database wait for a lock, or `is_done`.
pub async fn until_waiting(gate: &mut PgConnection, expected: i64, is_done: impl Fn() -> bool) {
    let waiting = "select count(*) as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    while !is_done() {
        let now: i64 = sqlx::query_scalar(waiting).fetch_one(&mut *gate).await.unwrap();
        if now >= expected {
            return;
        }
        tokio::task::yield_now().await;
    }
}
