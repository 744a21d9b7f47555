//! Notices: what parties are told inside the application, about one object once.

use sqlx::{PgConnection, SqliteConnection, query, query_as, query_scalar};

use super::driver::{Conn, Driver, Writer};
use super::error::StoreError;
use super::rows::MultiRow;
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
    COUNT_NEW_OF_PARTY = "select count(*) as notices from
        (select 1 as one from notices where party_id = $1 and seen_at_ms is null limit $2) as few";
    FIND_ID_OF_PARTY = "select notice_id from notices where party_id = $1 and code = $2 and object = $3";
    INSERT = "insert into notices (notice_id, party_id, code, object, text) values ($1, $2, $3, $4, $5)
        on conflict (party_id, code, object) do nothing";
    INSERT_UNNEST [postgres] = "insert into notices (notice_id, party_id, code, object, text)
        select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[])
        on conflict (party_id, code, object) do nothing";
    SET_SEEN = "update notices set seen_at_ms = $3 where party_id = $1 and notice_id = $2 and seen_at_ms is null";
    DELETE = "delete from notices where notice_id in
        (select notice_id from notices where notice_id < $1 order by notice_id limit $2)";
}

pub static NOTICE_ROWS: MultiRow = MultiRow::new(
    "insert into notices (notice_id, party_id, code, object, text) values",
    5,
    "on conflict (party_id, code, object) do nothing",
);

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

/// How many nobody of the party has read yet; counted up to `limit`.
pub async fn count_new_of_party(conn: &mut Conn, party: PartyId, limit: i64) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_NEW_OF_PARTY).bind(party).bind(limit).fetch_one(c).await)
}

/// What the party was told about this object; its id has the time.
pub async fn find_id_of_party(
    conn: &mut Conn,
    party: PartyId,
    code: NoticeCode,
    object: &str,
) -> Result<Option<NoticeId>, StoreError> {
    on_driver!(conn, |c| query_scalar(FIND_ID_OF_PARTY).bind(party).bind(code).bind(object).fetch_optional(c).await)
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

/// Many at once, each as [`insert`] does it: a campaign may have thousands of publishers, and waits meanwhile.
pub async fn insert_batch(w: &mut Writer, new: &[Notice]) -> Result<(), StoreError> {
    let result = match w.driver() {
        Driver::Sqlite(c) => insert_rows(c, new).await,
        Driver::Postgres(c) => insert_unnest(c, new).await,
    };
    w.settle(result)
}

async fn insert_rows(c: &mut SqliteConnection, new: &[Notice]) -> sqlx::Result<()> {
    for (text, rows) in NOTICE_ROWS.chunks(new) {
        let mut insert = query(text);
        for row in rows {
            insert = insert.bind(row.notice_id).bind(row.party_id).bind(row.code).bind(&row.object).bind(&row.text);
        }
        insert.execute(&mut *c).await?;
    }
    Ok(())
}

async fn insert_unnest(c: &mut PgConnection, new: &[Notice]) -> sqlx::Result<()> {
    query(INSERT_UNNEST)
        .bind(new.iter().map(|row| row.notice_id).collect::<Vec<_>>())
        .bind(new.iter().map(|row| row.party_id).collect::<Vec<_>>())
        .bind(new.iter().map(|row| row.code).collect::<Vec<_>>())
        .bind(new.iter().map(|row| row.object.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|row| row.text.as_str()).collect::<Vec<_>>())
        .execute(c)
        .await
        .map(drop)
}

/// Says that the party has read this one; nothing happens where it had.
pub async fn set_seen(w: &mut Writer, party: PartyId, id: NoticeId, at: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(SET_SEEN).bind(party).bind(id).bind(at).execute(c).await.map(drop))
}

/// At most `limit` of those before `first`, read or not: their time is over. Says how many.
pub async fn delete_before(w: &mut Writer, first: NoticeId, limit: i64) -> Result<u64, StoreError> {
    on_driver!(w, |c| query(DELETE).bind(first).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}
