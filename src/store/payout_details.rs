//! Where publishers are paid: each version as it was said, what it hides sealed beside it.

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{MemberId, PayoutDetailsId, PayoutRunId, PublisherId};
use crate::domain::payout_details::PayoutMethod;
use crate::domain::time::Timestamp;

/// One version, without what it hides.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PayoutDetailsRow {
    pub payout_details_id: PayoutDetailsId,
    pub publisher_id: PublisherId,
    /// 1 is the first entry.
    pub version: i64,
    pub method: PayoutMethod,
    pub masked: String,
    /// Of the account: two letters, or nothing.
    pub country: String,
    pub created_at_ms: Timestamp,
    pub created_by: MemberId,
}

/// What a version hides, and what names the row that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PayoutSecret {
    pub payout_details_id: PayoutDetailsId,
    pub publisher_id: PublisherId,
    pub version: i64,
    pub key_id: i64,
    pub nonce: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// A publisher whose payouts go where another's go, too. Rows with the same hash belong together.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SharedDestination {
    pub payout_details_id: PayoutDetailsId,
    pub publisher_id: PublisherId,
    pub publisher_name: String,
    pub method: PayoutMethod,
    pub masked: String,
    pub created_at_ms: Timestamp,
    pub destination_hash: Vec<u8>,
    /// An admin let it be paid although it is shared with all versions up to this one.
    pub seen_details_id: Option<PayoutDetailsId>,
}

/// That an admin lets a version be paid although it is shared with others, all of them up to `seen_details_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationRelease<'a> {
    pub payout_details_id: PayoutDetailsId,
    pub seen_details_id: PayoutDetailsId,
    pub reason: &'a str,
    pub created_at_ms: Timestamp,
    pub created_by: MemberId,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select payout_details_id, publisher_id, version, method, masked, country, created_at_ms, created_by
                from payout_details where ",
            $rest
        )
    };
}

macro_rules! secrets {
    ($rest:literal) => {
        concat!(
            "select d.payout_details_id, d.publisher_id, d.version, s.key_id, s.nonce, s.sealed
                from payout_details d join payout_secrets s on s.payout_details_id = d.payout_details_id where ",
            $rest
        )
    };
}

/// That nothing newer of the publisher is there.
macro_rules! is_newest {
    ($details:literal) => {
        concat!(
            "not exists (select 1 from payout_details n where n.publisher_id = ",
            $details,
            ".publisher_id and n.version > ",
            $details,
            ".version)"
        )
    };
}

/// Versions that count now, of publishers who share their destination with another one.
macro_rules! shared {
    ($($rest:tt)*) => {
        concat!(
            "select d.payout_details_id, d.publisher_id, p.name as publisher_name, d.method, d.masked, d.created_at_ms,
                s.destination_hash, (select max(r.seen_details_id) from destination_releases r
                    where r.payout_details_id = d.payout_details_id) as seen_details_id
                from payout_details d join payout_secrets s on s.payout_details_id = d.payout_details_id
                join parties p on p.party_id = d.publisher_id
                where ",
            is_newest!("d"),
            " and exists (
                    select 1 from payout_secrets t join payout_details e on e.payout_details_id = t.payout_details_id
                    where t.destination_hash = s.destination_hash and e.publisher_id <> d.publisher_id and ",
            is_newest!("e"),
            ") ",
            $($rest)*
        )
    };
}

sql! {
    FIND = select!("publisher_id = $1 order by version desc limit 1");
    LIST = select!("publisher_id = $1 order by version desc limit $2");
    INSERT = "insert into payout_details (payout_details_id, publisher_id, version, method, masked, country,
        created_at_ms, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    INSERT_SECRET = "insert into payout_secrets (payout_details_id, key_id, nonce, sealed, destination_hash)
        values ($1, $2, $3, $4, $5)";
    GET_SECRET = secrets!("d.publisher_id = $1 and d.payout_details_id = $2");
    LIST_OTHERWISE_SEALED = secrets!("s.key_id <> $1 and s.payout_details_id > $2 order by s.payout_details_id limit $3");
    UPDATE_SECRET = "update payout_secrets set key_id = $3, nonce = $4, sealed = $5, destination_hash = $6
        where payout_details_id = $1 and key_id = $2 returning key_id";
    LIST_SHARED = shared!("order by s.destination_hash, d.publisher_id limit $1");
    LIST_SHARED_IN_RUN = shared!(
        "and s.destination_hash in (
            select x.destination_hash from payouts o join payout_details m on m.publisher_id = o.publisher_id
            join payout_secrets x on x.payout_details_id = m.payout_details_id
            where o.payout_run_id = $2 and ", is_newest!("m"), ")
        order by s.destination_hash, d.publisher_id limit $1"
    );
    NEWEST_UNSEEN_SHARER = concat!(
        "select max(e.payout_details_id) as newest from payout_secrets s
            join payout_secrets t on t.destination_hash = s.destination_hash
            join payout_details e on e.payout_details_id = t.payout_details_id
            where s.payout_details_id = $1 and e.publisher_id <> $2 and e.payout_details_id <= $3
            and ", is_newest!("e"), " and not exists (
                select 1 from destination_releases r
                where r.payout_details_id = s.payout_details_id and r.seen_details_id >= e.payout_details_id)"
    );
    INSERT_RELEASE = "insert into destination_releases (payout_details_id, seen_details_id, reason, created_at_ms,
        created_by) values ($1, $2, $3, $4, $5) on conflict do nothing";
}

/// The version that counts now.
pub async fn find(conn: &mut Conn, publisher: PublisherId) -> Result<Option<PayoutDetailsRow>, StoreError> {
    on_driver!(conn, |c| query_as(FIND).bind(publisher).fetch_optional(c).await)
}

/// The publisher's versions, the newest first.
pub async fn list(conn: &mut Conn, publisher: PublisherId, limit: i64) -> Result<Vec<PayoutDetailsRow>, StoreError> {
    on_driver!(conn, |c| query_as(LIST).bind(publisher).bind(limit).fetch_all(c).await)
}

/// What is written again where the key changes.
#[derive(Debug, Clone, Copy)]
pub struct NewSecret<'a> {
    pub key_id: i64,
    pub nonce: &'a [u8],
    pub sealed: &'a [u8],
    pub destination_hash: &'a [u8; 32],
}

/// # Errors
/// `payout_details_publisher_id_version_key`: another version was entered at the same moment.
pub async fn insert(w: &mut Writer, new: &PayoutDetailsRow, secret: NewSecret<'_>) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(new.payout_details_id)
        .bind(new.publisher_id)
        .bind(new.version)
        .bind(new.method)
        .bind(&new.masked)
        .bind(&new.country)
        .bind(new.created_at_ms)
        .bind(new.created_by)
        .execute(c)
        .await
        .map(drop))?;
    on_driver!(w, |c| query(INSERT_SECRET)
        .bind(new.payout_details_id)
        .bind(secret.key_id)
        .bind(secret.nonce)
        .bind(secret.sealed)
        .bind(&secret.destination_hash[..])
        .execute(c)
        .await
        .map(drop))
}

/// What a version of this publisher hides.
pub async fn get_secret(
    conn: &mut Conn,
    publisher: PublisherId,
    id: PayoutDetailsId,
) -> Result<PayoutSecret, StoreError> {
    on_driver!(conn, |c| query_as(GET_SECRET).bind(publisher).bind(id).fetch_one(c).await)
}

/// What is not sealed under this key, after `after`: whosever it is, for the change of keys.
pub async fn list_otherwise_sealed(
    conn: &mut Conn,
    key_id: i64,
    after: PayoutDetailsId,
    limit: i64,
) -> Result<Vec<PayoutSecret>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OTHERWISE_SEALED).bind(key_id).bind(after).bind(limit).fetch_all(c).await)
}

/// Writes a version's secret as it is sealed now.
///
/// # Errors
/// `Conflict`: it is not sealed under `old_key_id` any more.
pub async fn update_secret(
    w: &mut Writer,
    id: PayoutDetailsId,
    old_key_id: i64,
    new: NewSecret<'_>,
) -> Result<(), StoreError> {
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE_SECRET)
        .bind(id)
        .bind(old_key_id)
        .bind(new.key_id)
        .bind(new.nonce)
        .bind(new.sealed)
        .bind(&new.destination_hash[..])
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}

/// Publishers whose payouts go to one place now, those of one place in a row: for admins.
pub async fn list_shared(conn: &mut Conn, limit: i64) -> Result<Vec<SharedDestination>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_SHARED).bind(limit).fetch_all(c).await)
}

/// As [`list_shared`], those places alone to which a publisher of this run is paid.
pub async fn list_shared_in_run(
    conn: &mut Conn,
    run: PayoutRunId,
    limit: i64,
) -> Result<Vec<SharedDestination>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_SHARED_IN_RUN).bind(limit).bind(run).fetch_all(c).await)
}

/// The newest version of another publisher, up to `up_to`, that is paid to the same place as this version of the
/// publisher's, without those with whom an admin lets it be shared.
pub async fn newest_unseen_sharer(
    conn: &mut Conn,
    publisher: PublisherId,
    id: PayoutDetailsId,
    up_to: PayoutDetailsId,
) -> Result<Option<PayoutDetailsId>, StoreError> {
    on_driver!(conn, |c| query_scalar(NEWEST_UNSEEN_SHARER).bind(id).bind(publisher).bind(up_to).fetch_one(c).await)
}

/// The same again changes nothing.
pub async fn insert_release(w: &mut Writer, new: &DestinationRelease<'_>) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT_RELEASE)
        .bind(new.payout_details_id)
        .bind(new.seen_details_id)
        .bind(new.reason)
        .bind(new.created_at_ms)
        .bind(new.created_by)
        .execute(c)
        .await
        .map(drop))
}
