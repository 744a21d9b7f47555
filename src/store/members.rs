//! Members: the people who log in.

use sqlx::{query, query_as};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{MemberId, MembershipId, PartyId};
use crate::domain::party::{Email, MemberState, PartyKind, PartyState, Role};
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Member {
    pub member_id: MemberId,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub state: MemberState,
}

/// A party that a member may act for, with what a viewer needs to know of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Membership {
    pub party_id: PartyId,
    pub role: Role,
    pub kind: PartyKind,
    pub party_state: PartyState,
    pub party_name: String,
    pub time_zone: String,
    pub email: String,
    pub member_state: MemberState,
}

sql! {
    FIND_BY_EMAIL = "select member_id, email, name, password_hash, state from members where email = $1";
    INSERT = "insert into members (member_id, email, name, password_hash, state, created_at_ms)
        values ($1, $2, $3, $4, 'active', $5)";
    UPDATE_PASSWORD = "update members set password_hash = $2 where member_id = $1";
    REPLACE_PASSWORD = "update members set password_hash = $3 where member_id = $1 and password_hash = $2";
    UPDATE_STATE = "update members set state = $2 where member_id = $1";
    INSERT_MEMBERSHIP = "insert into memberships (membership_id, member_id, party_id, role, created_at_ms)
        values ($1, $2, $3, $4, $5)";
    MEMBERSHIPS = "select s.party_id, s.role, p.kind, p.state as party_state, p.name as party_name, p.time_zone,
        m.email, m.state as member_state
        from memberships s join parties p on p.party_id = s.party_id join members m on m.member_id = s.member_id
        where s.member_id = $1 order by s.membership_id limit 50";
}

pub async fn find_by_email(conn: &mut Conn, email: &Email) -> Result<Option<Member>, StoreError> {
    on_driver!(conn, |c| query_as(FIND_BY_EMAIL).bind(email.as_str()).fetch_optional(c).await)
}

/// # Errors
/// `members_email_key`: the address is registered.
pub async fn insert(
    w: &mut Writer,
    id: MemberId,
    email: &Email,
    name: &str,
    password_hash: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(id)
        .bind(email.as_str())
        .bind(name)
        .bind(password_hash)
        .bind(at)
        .execute(c)
        .await
        .map(drop))
}

pub async fn update_password(w: &mut Writer, id: MemberId, password_hash: &str) -> Result<(), StoreError> {
    on_driver!(w, |c| query(UPDATE_PASSWORD).bind(id).bind(password_hash).execute(c).await.map(drop))
}

/// Another hash of the same password: nothing happens where the password was changed in the meantime.
pub async fn replace_password(w: &mut Writer, id: MemberId, old: &str, new: &str) -> Result<(), StoreError> {
    on_driver!(w, |c| query(REPLACE_PASSWORD).bind(id).bind(old).bind(new).execute(c).await.map(drop))
}

/// A disabled member is nobody from the next request on; end the sessions in the same transaction.
pub async fn update_state(w: &mut Writer, id: MemberId, state: MemberState) -> Result<(), StoreError> {
    on_driver!(w, |c| query(UPDATE_STATE).bind(id).bind(state).execute(c).await.map(drop))
}

pub async fn insert_membership(
    w: &mut Writer,
    id: MembershipId,
    member: MemberId,
    party: PartyId,
    role: Role,
    at: Timestamp,
) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT_MEMBERSHIP)
        .bind(id)
        .bind(member)
        .bind(party)
        .bind(role)
        .bind(at)
        .execute(c)
        .await
        .map(drop))
}

/// The parties of a member, oldest membership first.
pub async fn memberships(conn: &mut Conn, member: MemberId) -> Result<Vec<Membership>, StoreError> {
    on_driver!(conn, |c| query_as(MEMBERSHIPS).bind(member).fetch_all(c).await)
}
