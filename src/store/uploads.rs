//! Files with conversions: the file as it came, and a result for each of its rows.

use sqlx::{query, query_as};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{AdvertiserId, CampaignId, ConversionId, MemberId, UploadId};
use crate::domain::reason::{Outcome, ReasonCode};
use crate::domain::time::Timestamp;

/// A file, without its content. When it came is in its id.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Upload {
    pub upload_id: UploadId,
    pub campaign_id: CampaignId,
    pub member_id: MemberId,
    /// Of the file.
    pub name: String,
    pub rows_count: i64,
    /// When somebody began to record its rows, the last time; nothing after the dry run alone.
    pub started_at_ms: Option<Timestamp>,
    /// When all of them were recorded.
    pub recorded_at_ms: Option<Timestamp>,
}

/// What became of a row, or would become of it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct UploadRow {
    /// The line of the file, the head being 1.
    pub number: i64,
    pub order_id: String,
    pub outcome: Outcome,
    /// As a program would be answered.
    pub http_status: i64,
    pub is_duplicate: bool,
    pub reason: Option<ReasonCode>,
    /// For people.
    pub message: String,
    pub conversion_id: Option<ConversionId>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select u.upload_id, u.campaign_id, u.member_id, u.name, u.rows_count, u.started_at_ms, u.recorded_at_ms
            from uploads u
            join campaigns c on c.campaign_id = u.campaign_id where c.advertiser_id = $1 and u.campaign_id = $2 ",
            $rest
        )
    };
}

sql! {
    GET_OF_ADVERTISER = select!("and u.upload_id = $3");
    LIST_OF_ADVERTISER = select!("order by u.upload_id desc limit $3");
    CONTENT_OF_ADVERTISER = "select u.content from uploads u join campaigns c on c.campaign_id = u.campaign_id
        where c.advertiser_id = $1 and u.campaign_id = $2 and u.upload_id = $3";
    INSERT = "insert into uploads (upload_id, campaign_id, member_id, name, content, rows_count)
        values ($1, $2, $3, $4, $5, $6)";
    START = "update uploads set started_at_ms = $2 where upload_id = $1 and recorded_at_ms is null
        and (started_at_ms is null or started_at_ms < $3)";
    SET_RECORDED = "update uploads set recorded_at_ms = $2 where upload_id = $1 and recorded_at_ms is null";
    PUT_ROW = "insert into upload_rows (upload_id, number, order_id, outcome, http_status, is_duplicate, reason, message,
        conversion_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (upload_id, number) do update
        set outcome = excluded.outcome, http_status = excluded.http_status, is_duplicate = excluded.is_duplicate,
        reason = excluded.reason, message = excluded.message, conversion_id = excluded.conversion_id";
    ROWS = "select number, order_id, outcome, http_status, is_duplicate, reason, message, conversion_id
        from upload_rows where upload_id = $1 order by number";
    DELETE_ROWS = "delete from upload_rows where upload_id < $1";
    DELETE = "delete from uploads where upload_id < $1";
}

/// One file of a campaign of the advertiser; else `NotFound`.
pub async fn get_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    id: UploadId,
) -> Result<Upload, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_ADVERTISER).bind(advertiser).bind(campaign).bind(id).fetch_one(c).await)
}

/// Its text as it came.
pub async fn content_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    id: UploadId,
) -> Result<String, StoreError> {
    let (content,): (String,) = on_driver!(conn, |c| query_as(CONTENT_OF_ADVERTISER)
        .bind(advertiser)
        .bind(campaign)
        .bind(id)
        .fetch_one(c)
        .await)?;
    Ok(content)
}

/// Newest first.
pub async fn list_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    limit: i64,
) -> Result<Vec<Upload>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_ADVERTISER).bind(advertiser).bind(campaign).bind(limit).fetch_all(c).await)
}

/// Keeps a file with what its rows would become.
pub async fn insert(w: &mut Writer, new: &Upload, content: &str, rows: &[UploadRow]) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(new.upload_id)
        .bind(new.campaign_id)
        .bind(new.member_id)
        .bind(&new.name)
        .bind(content)
        .bind(new.rows_count)
        .execute(c)
        .await
        .map(drop))?;
    put_rows(w, new.upload_id, rows).await
}

/// Writes what became of rows in place of what was expected.
pub async fn put_rows(w: &mut Writer, id: UploadId, rows: &[UploadRow]) -> Result<(), StoreError> {
    for row in rows {
        on_driver!(w, |c| query(PUT_ROW)
            .bind(id)
            .bind(row.number)
            .bind(&row.order_id)
            .bind(row.outcome)
            .bind(row.http_status)
            .bind(row.is_duplicate)
            .bind(row.reason)
            .bind(&row.message)
            .bind(row.conversion_id)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Whether it is the caller's turn to record its rows: nobody else has begun since `interrupted_before`.
pub async fn start(
    w: &mut Writer,
    id: UploadId,
    now: Timestamp,
    interrupted_before: Timestamp,
) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(START)
        .bind(id)
        .bind(now)
        .bind(interrupted_before)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Says that every row was recorded.
pub async fn set_recorded(w: &mut Writer, id: UploadId, at: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(SET_RECORDED).bind(id).bind(at).execute(c).await.map(drop))
}

/// In the order of the file; the caller has found the file by its scope.
pub async fn rows(conn: &mut Conn, id: UploadId) -> Result<Vec<UploadRow>, StoreError> {
    on_driver!(conn, |c| query_as(ROWS).bind(id).fetch_all(c).await)
}

/// The files before `first`, with their rows: their time is over.
pub async fn delete_before(w: &mut Writer, first: UploadId) -> Result<(), StoreError> {
    on_driver!(w, |c| query(DELETE_ROWS).bind(first).execute(c).await.map(drop))?;
    on_driver!(w, |c| query(DELETE).bind(first).execute(c).await.map(drop))
}
