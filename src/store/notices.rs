//! Notices: what parties are told inside the application, about one object once.

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{NoticeId, PartyId};
use crate::domain::notice::NoticeCode;
use crate::domain::time::Timestamp;

/// When it was told is in its id.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Notice {
    pub notice_id: NoticeId,
    pub party_id: PartyId,
    pub code: NoticeCode,
    /// What it is about, as its code says.
    pub object: String,
    /// For people.
    pub text: String,
    /// When somebody of the party said that it is read.
    pub seen_at_ms: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select notice_id, party_id, code, object, text, seen_at_ms from notices where ", $rest)
    };
}

sql! {
    GET_OF_PARTY = select!("notice_id = $1 and party_id = $2");
    LIST_OF_PARTY =
        select!("party_id = $1 and (notice_id < $2 or $2 is null) order by notice_id desc limit $3");
    COUNT_NEW_OF_PARTY = "select count(*) as notices from notices where party_id = $1 and seen_at_ms is null";
    INSERT = "insert into notices (notice_id, party_id, code, object, text) values ($1, $2, $3, $4, $5)
        on conflict (party_id, code, object) do nothing";
    SET_SEEN = "update notices set seen_at_ms = $3 where party_id = $1 and notice_id <= $2 and seen_at_ms is null";
}

/// One that the party was told; else `NotFound`.
pub async fn get_of_party(conn: &mut Conn, party: PartyId, id: NoticeId) -> Result<Notice, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_PARTY).bind(id).bind(party).fetch_one(c).await)
}

/// Newest first, before `before`.
pub async fn list_of_party(
    conn: &mut Conn,
    party: PartyId,
    before: Option<NoticeId>,
    limit: i64,
) -> Result<Vec<Notice>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PARTY).bind(party).bind(before).bind(limit).fetch_all(c).await)
}

/// How many nobody of the party has read yet.
pub async fn count_new_of_party(conn: &mut Conn, party: PartyId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_NEW_OF_PARTY).bind(party).fetch_one(c).await)
}

/// False where the party was told this about the object already.
pub async fn insert(w: &mut Writer, new: &Notice) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(new.notice_id)
        .bind(new.party_id)
        .bind(new.code)
        .bind(&new.object)
        .bind(&new.text)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Says that the party has read all up to `newest`.
pub async fn set_seen(w: &mut Writer, party: PartyId, newest: NoticeId, at: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(SET_SEEN).bind(party).bind(newest).bind(at).execute(c).await.map(drop))
}
