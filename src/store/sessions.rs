//! Sessions: only the hash of an id is kept, and a session that was ended never comes back.

use sqlx::{query, query_as};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::MemberId;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredSession {
    pub content: String,
    pub created_at_ms: Timestamp,
    pub touched_at_ms: Timestamp,
    pub expires_at_ms: Timestamp,
}

sql! {
    FIND = "select content, created_at_ms, touched_at_ms, expires_at_ms from sessions
        where session_hash = $1 and expires_at_ms > $2";
    INSERT = "insert into sessions (session_hash, member_id, content, created_at_ms, touched_at_ms, expires_at_ms)
        values ($1, $2, $3, $4, $4, $5) on conflict do nothing";
    UPDATE = "update sessions set member_id = $2, content = $3, touched_at_ms = $4, expires_at_ms = $5
        where session_hash = $1 and expires_at_ms > $4";
    TOUCH = "update sessions set touched_at_ms = $2, expires_at_ms = $3
        where session_hash = $1 and expires_at_ms > $2 and touched_at_ms < $2";
    DELETE = "delete from sessions where session_hash = $1";
    DELETE_EXPIRED = "delete from sessions where expires_at_ms <= $1";
}

/// The session, unless it has expired at `now`.
pub async fn find(conn: &mut Conn, hash: &[u8], now: Timestamp) -> Result<Option<StoredSession>, StoreError> {
    on_driver!(conn, |c| query_as(FIND).bind(hash).bind(now).fetch_optional(c).await)
}

/// False where the hash is taken.
pub async fn insert(
    w: &mut Writer,
    hash: &[u8],
    member: Option<MemberId>,
    content: &str,
    now: Timestamp,
    expires: Timestamp,
) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(hash)
        .bind(member)
        .bind(content)
        .bind(now)
        .bind(expires)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// False where the session is gone or has expired: a request that was in flight at log-out does not bring it back.
pub async fn update(
    w: &mut Writer,
    hash: &[u8],
    member: Option<MemberId>,
    content: &str,
    now: Timestamp,
    expires: Timestamp,
) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(UPDATE)
        .bind(hash)
        .bind(member)
        .bind(content)
        .bind(now)
        .bind(expires)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Notes that the session is used and moves its end, without a word about its content: two requests at once
/// lose nothing of each other.
pub async fn touch(w: &mut Writer, hash: &[u8], now: Timestamp, expires: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(TOUCH).bind(hash).bind(now).bind(expires).execute(c).await.map(drop))
}

/// False where it was gone.
pub async fn delete(w: &mut Writer, hash: &[u8]) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(DELETE).bind(hash).execute(c).await.map(|done| done.rows_affected() == 1))
}

pub async fn delete_expired(w: &mut Writer, now: Timestamp) -> Result<u64, StoreError> {
    on_driver!(w, |c| query(DELETE_EXPIRED).bind(now).execute(c).await.map(|done| done.rows_affected()))
}
