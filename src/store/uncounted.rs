//! Clicks that are stored and not yet in the totals, on SQLite, where many at once would write the same pages of totals
//! again and again (performance.md, section 2).

use sqlx::{query, query_scalar};

use super::driver::{Conn, Driver, Writer};
use super::error::StoreError;
use super::rows::MultiRow;
use crate::domain::click::Click;
use crate::domain::ids::ClickId;

sql! {
    LIST = "select click_id from uncounted_clicks where click_id > $1 order by click_id limit $2";
    CLEAR = "delete from uncounted_clicks where click_id >= $1 and click_id <= $2";
}

pub static UNCOUNTED_ROWS: MultiRow = MultiRow::new("insert into uncounted_clicks (click_id) values", 1, "");

/// Notes clicks of this transaction as not counted.
///
/// # Panics
/// On PostgreSQL, where every transaction counts its own.
pub async fn insert(w: &mut Writer, clicks: &[&Click]) -> Result<(), StoreError> {
    let Driver::Sqlite(c) = w.driver() else { unreachable!("only SQLite counts later") };
    let mut result = Ok(());
    for (text, rows) in UNCOUNTED_ROWS.chunks(clicks) {
        let insert = rows.iter().fold(query(text), |insert, click| insert.bind(click.click_id));
        result = insert.execute(&mut *c).await.map(drop);
        if result.is_err() {
            break;
        }
    }
    w.settle(result)
}

/// A page of them, in the order of the clicks; `after` the last one of the page before.
pub async fn list(conn: &mut Conn, after: Option<ClickId>, limit: i64) -> Result<Vec<ClickId>, StoreError> {
    let after = after.map_or(-1, |after| after.0);
    on_driver!(conn, |c| query_scalar(LIST).bind(after).bind(limit).fetch_all(c).await)
}

/// Those from `first` to `last` are counted in this transaction; says how many they were.
pub async fn clear(w: &mut Writer, first: ClickId, last: ClickId) -> Result<u64, StoreError> {
    on_driver!(w, |c| query(CLEAR).bind(first).bind(last).execute(c).await.map(|done| done.rows_affected()))
}
