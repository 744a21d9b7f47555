//! Parties: publishers, advertisers, and the network.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::PartyId;
use crate::domain::party::{PartyKind, PartyState};
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Party {
    pub party_id: PartyId,
    pub kind: PartyKind,
    pub name: String,
    pub website: String,
    pub state: PartyState,
    pub state_reason: String,
    pub time_zone: String,
    pub locale: String,
    pub created_at_ms: Timestamp,
    pub version: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select party_id, kind, name, website, state, state_reason, time_zone, locale, created_at_ms, version
                from parties where ",
            $rest
        )
    };
}

sql! {
    GET = select!("party_id = $1");
    LIST = select!("(kind = $1 or $1 is null) and (state = $2 or $2 is null) order by party_id desc limit $3");
    INSERT = "insert into parties (party_id, kind, name, website, state, state_reason, time_zone, locale,
        created_at_ms, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    UPDATE_STATE = "update parties set state = $3, state_reason = $4, version = version + 1
        where party_id = $1 and version = $2 returning version";
    LOCK = "update parties set version = version where party_id = $1";
}

pub async fn get(conn: &mut Conn, id: PartyId) -> Result<Party, StoreError> {
    on_driver!(conn, |c| query_as(GET).bind(id).fetch_one(c).await)
}

/// As [`get`], and until the transaction ends nobody else decides about it.
pub async fn lock(w: &mut Writer, id: PartyId) -> Result<Party, StoreError> {
    on_driver!(w, |c| query(LOCK).bind(id).execute(c).await.map(drop))?;
    get(w, id).await
}

/// Newest first; at most `limit`.
pub async fn list(
    conn: &mut Conn,
    kind: Option<PartyKind>,
    state: Option<PartyState>,
    limit: i64,
) -> Result<Vec<Party>, StoreError> {
    on_driver!(conn, |c| query_as(LIST).bind(kind).bind(state).bind(limit).fetch_all(c).await)
}

pub async fn insert(w: &mut Writer, party: &Party) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(party.party_id)
        .bind(party.kind)
        .bind(&party.name)
        .bind(&party.website)
        .bind(party.state)
        .bind(&party.state_reason)
        .bind(&party.time_zone)
        .bind(&party.locale)
        .bind(party.created_at_ms)
        .bind(party.version)
        .execute(c)
        .await
        .map(drop))
}

/// # Errors
/// `Conflict`: the party is no longer at `version`.
pub async fn update_state(
    w: &mut Writer,
    id: PartyId,
    version: i64,
    state: PartyState,
    reason: &str,
) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    w.changed(Change::Figures(id));
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE_STATE)
        .bind(id)
        .bind(version)
        .bind(state)
        .bind(reason)
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}
