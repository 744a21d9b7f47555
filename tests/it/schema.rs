//! One SQL text and one schema for two databases.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{AssertSqlSafe, Executor, Row, SqlSafeStr, Statement, raw_sql};
use tallystick::store::driver::Driver;
use tallystick::store::{Store, StoreError, every_sql};

use crate::support::{Database, Kind};

async fn stores() -> Vec<(Kind, Database, Store)> {
    let mut all = Vec::new();
    for kind in Kind::all() {
        let database = Database::new(kind).await;
        let store = Store::open(&database.url).await.unwrap();
        all.push((kind, database, store));
    }
    all
}

fn names<S: Statement>(statement: &S) -> Vec<String>
where
    usize: sqlx::ColumnIndex<S>,
{
    use sqlx::Column;
    statement.columns().iter().map(|column| column.name().to_lowercase()).collect()
}

#[tokio::test]
async fn every_statement_prepares_on_both_databases_with_the_same_columns() {
    let mut seen = HashMap::<&str, Vec<String>>::new();
    for (_, _database, store) in &stores().await {
        let mut conn = store.read().await.unwrap();
        for (name, only, text) in every_sql() {
            let columns: Result<Vec<String>, sqlx::Error> = match conn.driver() {
                Driver::Sqlite(c) if only != "postgres" => c.prepare(text.into_sql_str()).await.map(|s| names(&s)),
                Driver::Postgres(c) if only != "sqlite" => c.prepare(text.into_sql_str()).await.map(|s| names(&s)),
                _ => continue,
            };
            let columns = columns.unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
            let first = seen.entry(name).or_insert_with(|| columns.clone());
            assert_eq!(*first, columns, "{name} has other columns on the other database");
        }
    }
}

/// table → column → (type family, nullable)
pub type Schema = BTreeMap<String, BTreeMap<String, (String, bool)>>;

pub async fn schema(store: &Store) -> Schema {
    let mut schema = Schema::new();
    let mut conn = store.read().await.unwrap();
    let rows: Vec<(String, String, String, bool)> = match conn.driver() {
        Driver::Sqlite(c) => {
            let text = "select t.name, c.name, lower(c.type), c.\"notnull\" = 0 from pragma_table_list t
                join pragma_table_info(t.name) c where t.schema = 'main' and t.type = 'table'";
            let rows = c.fetch_all(text).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
        }
        Driver::Postgres(c) => {
            let text = "select table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
                from information_schema.columns where table_schema = 'public'";
            let rows = c.fetch_all(text).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
        }
    };
    for (table, column, kind, nullable) in rows {
        let is_ours = !table.starts_with("sqlite_") && !table.starts_with("_sqlx") && !table.starts_with("clicks_");
        if is_ours {
            let family = match kind.as_str() {
                "bigint" | "integer" | "boolean" => "integer",
                "bytea" | "blob" => "bytes",
                _ => "text",
            };
            schema.entry(table).or_default().insert(column, (family.to_owned(), nullable));
        }
    }
    schema
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let stores = stores().await;
    let first = schema(&stores[0].2).await;
    assert!(first.len() > 20, "the tables are listed");
    for (kind, _, store) in &stores {
        assert_eq!(schema(store).await, first, "{kind:?}");
    }
}

/// The name that code matches is the one that PostgreSQL gives, also where SQLite tells none.
#[tokio::test]
async fn unique_constraints_carry_their_default_names() {
    for (_, _database, store) in &stores().await {
        let mut conn = store.read().await.unwrap();
        let Driver::Postgres(c) = conn.driver() else { continue };
        let text = "select i.relname::text, t.relname::text, x.indisprimary,
            array(select a.attname::text from unnest(x.indkey) with ordinality k(n, o)
                join pg_attribute a on a.attrelid = t.oid and a.attnum = k.n order by k.o)
            from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
            join pg_namespace s on s.oid = t.relnamespace
            where s.nspname = 'public' and x.indisunique and t.relname not like '\\_sqlx%'";
        let mut checked = BTreeSet::new();
        for row in c.fetch_all(text).await.unwrap() {
            let (index, table, primary): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
            let columns: Vec<String> = row.get(3);
            let expected = if primary { format!("{table}_pkey") } else { format!("{table}_{}_key", columns.join("_")) };
            assert_eq!(index, expected);
            assert!(index.len() <= 63);
            checked.insert(index);
        }
        assert!(checked.len() > 20);
    }
}

const APPEND_ONLY: [&str; 16] = [
    "terms",
    "terms_events",
    "terms_rules",
    "evidence",
    "decisions",
    "conversion_events",
    "transfers",
    "deposits",
    "allocations",
    "click_labels",
    "creative_images",
    "payout_details",
    "destination_releases",
    "refunds",
    "refund_steps",
    "payables",
];

/// SQLite's triggers look at rows, so there must be one.
fn any_row(table: &str, columns: &BTreeMap<String, (String, bool)>) -> String {
    let value = |(name, (family, _)): (&String, &(String, bool))| match (name.as_str(), family.as_str()) {
        ("window_ms", _) => "3600000",
        ("credit_account_id", _) => "2",
        (_, "integer") => "1",
        (_, "bytes") => "x'00'",
        _ => "'x'",
    };
    let names = columns.keys().cloned().collect::<Vec<_>>().join(", ");
    format!("insert into {table} ({names}) values ({})", columns.iter().map(value).collect::<Vec<_>>().join(", "))
}

/// What was said stays said, on both databases, tried by SQL.
#[tokio::test]
async fn append_only_tables_refuse_update_and_delete() {
    for (kind, _database, store) in &stores().await {
        let schema = schema(store).await;
        for table in APPEND_ONLY {
            let column = schema[table].keys().next().unwrap();
            for text in [format!("update {table} set {column} = {column}"), format!("delete from {table}")] {
                let mut w = store.write().await.unwrap();
                let refused = match w.driver() {
                    Driver::Sqlite(c) => {
                        c.execute("pragma defer_foreign_keys = on").await.unwrap();
                        c.execute(raw_sql(AssertSqlSafe(any_row(table, &schema[table])))).await.unwrap();
                        c.execute(raw_sql(AssertSqlSafe(text.clone()))).await.err()
                    }
                    Driver::Postgres(c) => {
                        // Its rows may go with their clicks, so its trigger looks at rows, too.
                        if table == "click_labels" {
                            c.execute(raw_sql(AssertSqlSafe(any_row(table, &schema[table])))).await.unwrap();
                        }
                        c.execute(raw_sql(AssertSqlSafe(text.clone()))).await.err()
                    }
                };
                let error = StoreError::from(refused.unwrap_or_else(|| panic!("{kind:?}: {text} was not refused")));
                assert!(error.is_refused_by(&format!("{table}_append_only")), "{kind:?} {text}: {error}");
            }
        }
    }
}

/// A commit after an error stores nothing, on both databases.
#[tokio::test]
async fn a_failed_transaction_cannot_be_committed() {
    use tallystick::domain::ids::{MemberId, MembershipId, PartyId};
    use tallystick::domain::party::Role;
    use tallystick::domain::time::Timestamp;
    use tallystick::store::members;
    for (kind, _database, store) in &stores().await {
        let mut w = store.write().await.unwrap();
        let membership =
            members::insert_membership(&mut w, MembershipId(1), MemberId(1), PartyId(1), Role::Admin, Timestamp(0));
        assert!(matches!(membership.await, Err(StoreError::Refused(_))), "{kind:?}");
        assert!(matches!(w.commit().await, Err(StoreError::CommitAfterError)), "{kind:?}");
    }
}
