//! Many reviews together: a batch, and what became, or would become, of each of its rows.

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{ConversionId, MemberId, PartyId, ReviewBatchId};
use crate::domain::reason::RejectReason;
use crate::domain::review_batch::{BatchAction, RowOutcome};
use crate::domain::time::Timestamp;

/// When it was asked for is in its id.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Batch {
    pub review_batch_id: ReviewBatchId,
    /// Who reviews: an advertiser its own conversions, the network any.
    pub party_id: PartyId,
    /// Who asked for the dry run.
    pub member_id: MemberId,
    /// The file's, or what was chosen on a page.
    pub name: String,
    pub rows_count: i64,
    /// In whose name its rows are decided; nothing after the dry run alone.
    pub started_by: Option<MemberId>,
    pub started_at_ms: Option<Timestamp>,
    /// When the last of its rows was decided.
    pub done_at_ms: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BatchRow {
    /// The line of the file, the head being 1; or the place on the page.
    pub number: i64,
    pub order_id: String,
    pub event: String,
    /// The conversion that the dry run found, and the version that it saw.
    pub conversion_id: Option<ConversionId>,
    pub seen_version: Option<i64>,
    /// Nothing where the row names none that there is.
    pub action: Option<BatchAction>,
    pub reason: Option<RejectReason>,
    pub note: String,
    /// Of a refund, as it was written.
    pub amount: String,
    pub outcome: RowOutcome,
    /// For people.
    pub message: String,
}

/// How many rows of a batch have this outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct OutcomeCount {
    pub outcome: RowOutcome,
    pub action: Option<BatchAction>,
    pub rows_count: i64,
}

macro_rules! batch {
    () => {
        "review_batch_id, party_id, member_id, name, rows_count, started_by, started_at_ms, done_at_ms"
    };
}

macro_rules! rows {
    ($rest:literal) => {
        concat!(
            "select number, order_id, event, conversion_id, seen_version, action, reason, note, amount, outcome, message
            from review_rows where review_batch_id = $1 ",
            $rest
        )
    };
}

sql! {
    GET_OF_PARTY =
        concat!("select ", batch!(), " from review_batches where review_batch_id = $1 and party_id = $2");
    LIST_OF_PARTY = concat!("select ", batch!(), " from review_batches where party_id = $1
        order by review_batch_id desc limit $2");
    LIST_UNDONE = "select review_batch_id from review_batches where started_at_ms is not null and done_at_ms is null
        and review_batch_id > $1 order by review_batch_id limit $2";
    COUNT_UNSTARTED_OF_PARTY = "select count(*) as batches from review_batches
        where party_id = $1 and started_at_ms is null and review_batch_id >= $2";
    LOCK = concat!("update review_batches set rows_count = rows_count where review_batch_id = $1 returning ", batch!());
    INSERT = "insert into review_batches (review_batch_id, party_id, member_id, name, rows_count)
        values ($1, $2, $3, $4, $5)";
    INSERT_ROW = "insert into review_rows (review_batch_id, number, order_id, event, conversion_id, seen_version, action,
        reason, note, outcome, message, amount) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    START = "update review_batches set started_by = $2, started_at_ms = $3
        where review_batch_id = $1 and started_at_ms is null";
    SET_DONE = "update review_batches set done_at_ms = $2 where review_batch_id = $1 and done_at_ms is null";
    SET_OUTCOME = "update review_rows set outcome = $3, message = $4
        where review_batch_id = $1 and number = $2 and outcome = 'ready'";
    ROWS = rows!("and number > $2 order by number limit $3");
    READY = rows!("and outcome = 'ready' order by number limit $2");
    COUNTS = "select outcome, action, count(*) as rows_count from review_rows where review_batch_id = $1
        group by outcome, action order by outcome, action";
    DELETE_ROWS = "delete from review_rows where (review_batch_id, number) in
        (select review_batch_id, number from review_rows where review_batch_id < $1
        order by review_batch_id, number limit $2)";
    DELETE_ROWS_UNSTARTED = "delete from review_rows where (review_batch_id, number) in
        (select r.review_batch_id, r.number from review_batches b join review_rows r
            on r.review_batch_id = b.review_batch_id where b.review_batch_id < $1 and b.started_at_ms is null
        order by r.review_batch_id, r.number limit $2)";
    DELETE = "delete from review_batches where review_batch_id in
        (select review_batch_id from review_batches where review_batch_id < $1
            or (review_batch_id < $2 and started_at_ms is null) order by review_batch_id limit $3)";
}

/// One that the party asked for; else `NotFound`.
pub async fn get_of_party(conn: &mut Conn, party: PartyId, id: ReviewBatchId) -> Result<Batch, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_PARTY).bind(id).bind(party).fetch_one(c).await)
}

/// Newest first.
pub async fn list_of_party(conn: &mut Conn, party: PartyId, limit: i64) -> Result<Vec<Batch>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PARTY).bind(party).bind(limit).fetch_all(c).await)
}

/// Those that somebody started and that have rows to decide, whoever's, after `after`: for the job.
pub async fn list_undone(conn: &mut Conn, after: ReviewBatchId, limit: i64) -> Result<Vec<ReviewBatchId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_UNDONE).bind(after).bind(limit).fetch_all(c).await)
}

/// How many of the party's, from `first` on, nobody has started.
pub async fn count_unstarted_of_party(
    conn: &mut Conn,
    party: PartyId,
    first: ReviewBatchId,
) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_UNSTARTED_OF_PARTY).bind(party).bind(first).fetch_one(c).await)
}

/// Reads a batch and keeps everybody else from its rows until the transaction ends.
pub async fn lock(w: &mut Writer, id: ReviewBatchId) -> Result<Batch, StoreError> {
    on_driver!(w, |c| query_as(LOCK).bind(id).fetch_one(c).await)
}

/// After its rows.
pub async fn insert(w: &mut Writer, new: &Batch) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(new.review_batch_id)
        .bind(new.party_id)
        .bind(new.member_id)
        .bind(&new.name)
        .bind(new.rows_count)
        .execute(c)
        .await
        .map(drop))
}

pub async fn insert_rows(w: &mut Writer, id: ReviewBatchId, rows: &[BatchRow]) -> Result<(), StoreError> {
    for row in rows {
        on_driver!(w, |c| query(INSERT_ROW)
            .bind(id)
            .bind(row.number)
            .bind(&row.order_id)
            .bind(&row.event)
            .bind(row.conversion_id)
            .bind(row.seen_version)
            .bind(row.action)
            .bind(row.reason)
            .bind(&row.note)
            .bind(row.outcome)
            .bind(&row.message)
            .bind(&row.amount)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// False where somebody has started it.
pub async fn start(w: &mut Writer, id: ReviewBatchId, by: MemberId, at: Timestamp) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(START).bind(id).bind(by).bind(at).execute(c).await.map(|done| done.rows_affected() == 1))
}

/// Says that every row was decided.
pub async fn set_done(w: &mut Writer, id: ReviewBatchId, at: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(SET_DONE).bind(id).bind(at).execute(c).await.map(drop))
}

/// What became of a row that was ready; it is said once.
pub async fn set_outcome(
    w: &mut Writer,
    id: ReviewBatchId,
    number: i64,
    outcome: RowOutcome,
    message: &str,
) -> Result<(), StoreError> {
    on_driver!(w, |c| query(SET_OUTCOME).bind(id).bind(number).bind(outcome).bind(message).execute(c).await.map(drop))
}

/// In their order, after `after`; the caller has found the batch by its scope.
pub async fn rows(conn: &mut Conn, id: ReviewBatchId, after: i64, limit: i64) -> Result<Vec<BatchRow>, StoreError> {
    on_driver!(conn, |c| query_as(ROWS).bind(id).bind(after).bind(limit).fetch_all(c).await)
}

/// The next rows to decide.
pub async fn list_ready(conn: &mut Conn, id: ReviewBatchId, limit: i64) -> Result<Vec<BatchRow>, StoreError> {
    on_driver!(conn, |c| query_as(READY).bind(id).bind(limit).fetch_all(c).await)
}

/// How many rows of each outcome and action; the caller has found the batch by its scope.
pub async fn counts(conn: &mut Conn, id: ReviewBatchId) -> Result<Vec<OutcomeCount>, StoreError> {
    on_driver!(conn, |c| query_as(COUNTS).bind(id).fetch_all(c).await)
}

/// At most `limit` of the rows of batches before `first`: their time is over. What was decided stays on the conversions.
/// Says how many.
pub async fn delete_rows(w: &mut Writer, first: ReviewBatchId, limit: i64) -> Result<u64, StoreError> {
    on_driver!(w, |c| query(DELETE_ROWS).bind(first).bind(limit).execute(c).await.map(|done| done.rows_affected()))
}

/// As [`delete_rows`], of those that nobody has started: who calls has made sure that nobody does any more.
pub async fn delete_rows_unstarted(w: &mut Writer, first: ReviewBatchId, limit: i64) -> Result<u64, StoreError> {
    on_driver!(w, |c| query(DELETE_ROWS_UNSTARTED)
        .bind(first)
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}

/// At most `limit` of the batches before `first`, and of those before `first_unstarted` that nobody has started; after
/// their rows. Says how many.
pub async fn delete(
    w: &mut Writer,
    first: ReviewBatchId,
    first_unstarted: ReviewBatchId,
    limit: i64,
) -> Result<u64, StoreError> {
    on_driver!(w, |c| query(DELETE)
        .bind(first)
        .bind(first_unstarted)
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))
}
