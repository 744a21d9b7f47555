//! Members: sign up, log in, and the viewer that every page and action works with (trust.md S3, S4, S6).

use std::net::IpAddr;

use super::password::{NewPassword, PasswordBusy, Passwords, Verdict};
use super::session::Lifetime;
use super::throttle::{Throttle, Throttled};
use crate::domain::environment::Environment;
use crate::domain::ids::{AdvertiserId, MemberId, MembershipId, PartyId, PublisherId};
use crate::domain::party::{Acting, Email, MemberState, NETWORK, Name, PartyKind, PartyState, Role, Viewer, Website};
use crate::domain::time::{Timestamp, Zone};
use crate::store::members::{self as rows, Member, Membership};
use crate::store::parties::Party;
use crate::store::{Conn, Store, StoreError, Writer, parties};

/// Whether who signs up must wait for an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Admission {
    /// An admin admits or declines.
    Manual,
    /// Everybody is admitted.
    #[value(name = "auto")]
    Automatic,
}

impl Admission {
    const fn state(self) -> PartyState {
        match self {
            Self::Manual => PartyState::Applied,
            Self::Automatic => PartyState::Admitted,
        }
    }
}

/// A new member with a new party of their own.
#[derive(Debug, Clone)]
pub struct SignUp {
    pub email: Email,
    pub name: Name,
    pub password: NewPassword,
    /// Publisher or advertiser.
    pub kind: PartyKind,
    pub party_name: Name,
    pub website: Website,
    pub time_zone: Zone,
}

#[derive(Debug, thiserror::Error)]
pub enum SignUpRefused {
    #[error("somebody is registered with this e-mail address")]
    EmailTaken,
    /// The network is one party: nobody signs up as it.
    #[error("only publishers and advertisers sign up")]
    KindNotOpen,
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Busy(#[from] PasswordBusy),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SignUpRefused {
    fn from(error: StoreError) -> Self {
        if error.is_refused_by("members_email_key") { Self::EmailTaken } else { Self::Store(error) }
    }
}

/// Why a log-in failed. Never says whether the address is registered.
#[derive(Debug, thiserror::Error)]
pub enum LogInRefused {
    /// No such member, another password, or a member who is disabled.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Busy(#[from] PasswordBusy),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who proved to be who, and how long that lasts: what [`super::session::log_in`] wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedIn {
    pub member_id: MemberId,
    pub lifetime: Lifetime,
}

/// Stores a member, a party and the membership that makes the one the owner of the other, in one transaction.
/// `address` is the client's, behind trusted proxies.
pub async fn sign_up(
    store: &Store,
    env: &Environment,
    passwords: &Passwords,
    throttle: &Throttle,
    sign_up: SignUp,
    admission: Admission,
    address: IpAddr,
) -> Result<MemberId, SignUpRefused> {
    if sign_up.kind == PartyKind::Network {
        return Err(SignUpRefused::KindNotOpen);
    }
    let attempt = throttle.admit_sign_up(address, env.now())?;
    // Before the transaction: on SQLite nobody else writes while one is open.
    let hash = match passwords.hash(env, &sign_up.password).await {
        Ok(hash) => hash,
        Err(busy) => {
            attempt.not_tried();
            return Err(busy.into());
        }
    };
    let now = env.now();
    let mut w = store.write().await?;
    let member = insert_member(&mut w, env, &sign_up.email, &sign_up.name, &hash, now).await?;
    let party = new_party(env.new_id(PartyId), &sign_up, admission, now);
    parties::insert(&mut w, &party).await?;
    rows::insert_membership(&mut w, env.new_id(MembershipId), member, party.party_id, Role::Owner, now).await?;
    w.commit().await?;
    Ok(member)
}

/// An admin of the network; made from the command line only.
pub async fn create_admin(
    store: &Store,
    env: &Environment,
    passwords: &Passwords,
    email: &Email,
    name: &Name,
    password: &NewPassword,
) -> Result<MemberId, SignUpRefused> {
    let hash = passwords.hash(env, password).await?;
    let now = env.now();
    let mut w = store.write().await?;
    let member = insert_member(&mut w, env, email, name, &hash, now).await?;
    rows::insert_membership(&mut w, env.new_id(MembershipId), member, NETWORK, Role::Admin, now).await?;
    w.commit().await?;
    Ok(member)
}

async fn insert_member(
    w: &mut Writer,
    env: &Environment,
    email: &Email,
    name: &Name,
    password_hash: &str,
    now: Timestamp,
) -> Result<MemberId, StoreError> {
    let id = env.new_id(MemberId);
    rows::insert(w, id, email, name.as_str(), password_hash, now).await?;
    Ok(id)
}

fn new_party(party_id: PartyId, sign_up: &SignUp, admission: Admission, now: Timestamp) -> Party {
    Party {
        party_id,
        kind: sign_up.kind,
        name: sign_up.party_name.as_str().to_owned(),
        website: sign_up.website.as_str().to_owned(),
        state: admission.state(),
        state_reason: String::new(),
        time_zone: sign_up.time_zone.name().to_owned(),
        locale: "en".to_owned(),
        created_at_ms: now,
        version: 1,
    }
}

/// Checks an e-mail address and a password as they were typed. `address` is the client's, behind trusted proxies.
///
/// Registered or not, disabled or not: one hash is computed and the answer is the same.
pub async fn log_in(
    store: &Store,
    env: &Environment,
    passwords: &Passwords,
    throttle: &Throttle,
    email: &str,
    password: &str,
    address: IpAddr,
) -> Result<LoggedIn, LogInRefused> {
    let known = admit(store, env, passwords, throttle, email, password, address).await;
    match &known {
        Ok(known) => tracing::info!(event = "authn_login_success", member.id = %known.member_id),
        Err(LogInRefused::Wrong) => tracing::warn!(event = "authn_login_fail"),
        Err(_) => {}
    }
    known
}

/// The password of a member who is logged in, once more: through the same brake and the same queue as a log-in.
///
/// # Errors
/// As [`log_in`]; `Wrong` also where the member was disabled in between.
pub async fn confirm(
    store: &Store,
    env: &Environment,
    passwords: &Passwords,
    throttle: &Throttle,
    viewer: &Viewer,
    password: &str,
    address: IpAddr,
) -> Result<(), LogInRefused> {
    let known = admit(store, env, passwords, throttle, &viewer.email, password, address).await;
    let is_theirs = |known: LoggedIn| known.member_id == viewer.member_id;
    let confirmed = known.and_then(|known| if is_theirs(known) { Ok(()) } else { Err(LogInRefused::Wrong) });
    match &confirmed {
        Ok(()) => tracing::info!(event = "authn_step_up_success", member.id = %viewer.member_id),
        Err(LogInRefused::Wrong) => tracing::warn!(event = "authn_step_up_fail", member.id = %viewer.member_id),
        Err(_) => {}
    }
    confirmed
}

/// Behind the brake: whose e-mail address and password this is.
async fn admit(
    store: &Store,
    env: &Environment,
    passwords: &Passwords,
    throttle: &Throttle,
    email: &str,
    password: &str,
    address: IpAddr,
) -> Result<LoggedIn, LogInRefused> {
    let attempt = throttle.admit(email, address, env.now())?;
    match check(store, passwords, email, password).await {
        Ok(Some((member, verdict))) => {
            attempt.succeeded();
            if verdict == Verdict::RightButOld {
                rehash(store, env, passwords, &member, password).await;
            }
            let lifetime = lifetime_of(&mut store.read().await?, member.member_id).await?;
            Ok(LoggedIn { member_id: member.member_id, lifetime })
        }
        Ok(None) => Err(LogInRefused::Wrong),
        Err(error) => {
            attempt.not_tried();
            Err(error)
        }
    }
}

/// The member, if the password is right and the member not disabled.
async fn check(
    store: &Store,
    passwords: &Passwords,
    email: &str,
    password: &str,
) -> Result<Option<(Member, Verdict)>, LogInRefused> {
    let member = match Email::parse(email) {
        Ok(email) => rows::find_by_email(&mut store.read().await?, &email).await?,
        Err(_) => None,
    };
    let hash = member.as_ref().map(|member| member.password_hash.as_str());
    let verdict = passwords.verify(password, hash).await?;
    let member = member.filter(|member| verdict != Verdict::Wrong && member.state == MemberState::Active);
    Ok(member.map(|member| (member, verdict)))
}

/// Replaces a hash of former days. Where that fails the log-in still holds, and the next one tries again.
async fn rehash(store: &Store, env: &Environment, passwords: &Passwords, member: &Member, password: &str) {
    let Ok(hash) = passwords.hash_text(env, password).await else { return };
    let replaced: Result<(), StoreError> = async {
        let mut w = store.write().await?;
        rows::replace_password(&mut w, member.member_id, &member.password_hash, &hash).await?;
        w.commit().await
    }
    .await;
    if let Err(error) = replaced {
        tracing::warn!(%error, "a password hash of former days was not replaced");
    }
}

async fn lifetime_of(conn: &mut Conn, member: MemberId) -> Result<Lifetime, StoreError> {
    let parties = parties_of(conn, member).await?;
    let is_admin = parties.iter().any(|membership| membership.kind == PartyKind::Network);
    Ok(if is_admin { Lifetime::Admin } else { Lifetime::Member })
}

/// For whom a member may act, oldest membership first; nobody's where the member is disabled.
pub async fn parties_of(conn: &mut Conn, member: MemberId) -> Result<Vec<Membership>, StoreError> {
    let mut memberships = rows::memberships(conn, member).await?;
    memberships.retain(|membership| membership.member_state == MemberState::Active);
    Ok(memberships)
}

/// The member acting for their oldest party of this kind. None: disabled, or no such party.
pub async fn viewer(conn: &mut Conn, member: MemberId, kind: PartyKind) -> Result<Option<Viewer>, StoreError> {
    let parties = parties_of(conn, member).await?;
    let of_kind = parties.into_iter().find(|membership| membership.kind == kind);
    Ok(of_kind.map(|membership| to_viewer(member, membership)))
}

fn to_viewer(member_id: MemberId, membership: Membership) -> Viewer {
    let acting = match membership.kind {
        PartyKind::Publisher => Acting::Publisher(PublisherId(membership.party_id.0)),
        PartyKind::Advertiser => Acting::Advertiser(AdvertiserId(membership.party_id.0)),
        PartyKind::Network => Acting::Admin,
    };
    Viewer {
        member_id,
        acting,
        role: membership.role,
        party_state: membership.party_state,
        party_name: membership.party_name,
        email: membership.email,
        time_zone: membership.time_zone,
    }
}
