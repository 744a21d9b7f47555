//! Node numbers, so that no two processes on one database make the same id: each process holds one for a while.

use std::collections::HashSet;

use sqlx::{query, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::NODES;
use crate::domain::time::Timestamp;

sql! {
    LIST_LIVE = "select node_id from node_leases where expires_at_ms > $1";
    TAKE = "insert into node_leases (node_id, holder, expires_at_ms) values ($1, $2, $3)
        on conflict (node_id) do update set holder = excluded.holder, expires_at_ms = excluded.expires_at_ms
        where node_leases.expires_at_ms <= $4";
    RENEW = "update node_leases set expires_at_ms = $3 where node_id = $1 and holder = $2";
    RELEASE = "delete from node_leases where node_id = $1 and holder = $2";
    LAST_ID = "select coalesce((select max(click_id) from clicks), 0) as click_id,
        coalesce((select max(attempt_id) from attempts), 0) as attempt_id";
}

/// Who holds a number: random, made at the start of the process.
pub type Holder = [u8; 16];

/// The lowest number that nobody holds, or whose time was over at `ended`; from now on held until `until`.
///
/// # Errors
/// `Conflict`: another process took it at the same time, so try again; `Refused`: every number is held.
pub async fn take(w: &mut Writer, holder: &Holder, ended: Timestamp, until: Timestamp) -> Result<u16, StoreError> {
    let live: Vec<i64> = on_driver!(w, |c| query_scalar(LIST_LIVE).bind(ended).fetch_all(c).await)?;
    let live: HashSet<i64> = live.into_iter().collect();
    let free = (0..NODES).find(|node| !live.contains(&i64::from(*node)));
    let node = free.ok_or_else(|| StoreError::Refused("node_leases_pkey".to_owned()))?;
    let taken = on_driver!(w, |c| query(TAKE)
        .bind(i64::from(node))
        .bind(&holder[..])
        .bind(until)
        .bind(ended)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    if taken == 1 { Ok(node) } else { Err(StoreError::Conflict) }
}

/// Whether the number was still this holder's; then it is until `until`. Also after it ran out, if nobody took it.
pub async fn renew(w: &mut Writer, node: u16, holder: &Holder, until: Timestamp) -> Result<bool, StoreError> {
    let renewed = on_driver!(w, |c| query(RENEW)
        .bind(i64::from(node))
        .bind(&holder[..])
        .bind(until)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(renewed == 1)
}

/// Others may take the number at once.
pub async fn release(w: &mut Writer, node: u16, holder: &Holder) -> Result<(), StoreError> {
    on_driver!(w, |c| query(RELEASE).bind(i64::from(node)).bind(&holder[..]).execute(c).await.map(drop))
}

/// The last id among the tables that grow with every request; 0 where they are empty.
pub async fn last_id(conn: &mut Conn) -> Result<i64, StoreError> {
    let (click, attempt): (i64, i64) = on_driver!(conn, |c| sqlx::query_as(LAST_ID).fetch_one(c).await)?;
    Ok(click.max(attempt))
}
