//! Where publishers are paid: entered, opened for a payment, and sealed again when the network changes its key.

use super::{TEXT_MAX, admin, text};
use crate::auth::sealing::{NotOpened, Place, Seal, Sealed};
use crate::domain::environment::Environment;
use crate::domain::ids::{MemberId, NoticeId, PayoutDetailsId, PublisherId};
use crate::domain::notice::{NoticeCode, details_told, object_of_details};
use crate::domain::party::{PartyState, Viewer};
use crate::domain::payout::{CarryReason, Payee};
use crate::domain::payout_details::{DetailsRefused, EnteredDetails, PayoutDetails, held_until};
use crate::domain::secret::SecretKey;
use crate::domain::time::{Timestamp, Zone};
use crate::store::notices::Notice;
use crate::store::payout_details::{self as rows, DestinationRelease, NewSecret, PayoutDetailsRow, PayoutSecret};
use crate::store::{Conn, Store, StoreError, Writer, notices, parties};

/// Sealed again in one transaction.
const BATCH: i64 = 100;

/// Why details were not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRefused {
    #[error(
        "somebody else entered payout details in the meantime: look at them, and enter yours again if they are wrong"
    )]
    Changed,
    #[error("this is what stands there already")]
    Same,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a shared destination is held as before.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseRefused {
    #[error("say why it may be shared, in at most {TEXT_MAX} characters")]
    ReasonMissing,
    #[error("these payout details are not the newest, or nobody shares their destination any more: look again")]
    NotShared,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why stored details cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenRefused {
    #[error("the payout details {0} cannot be opened: {1}")]
    Sealed(PayoutDetailsId, NotOpened),
    /// What was sealed is not what today's rules take: nobody is paid to it.
    #[error("the payout details {0} do not read as such")]
    Unreadable(PayoutDetailsId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The publisher's details become `details`, unless they are past `seen_version` (0: there were none). Gives until when
/// that holds payouts; the first entry holds none. The publisher is told in the same transaction, so that whoever else
/// belongs to it learns of it, too.
pub async fn change(
    store: &Store,
    environment: &Environment,
    secret_key: &SecretKey,
    (publisher, member): (PublisherId, MemberId),
    seen_version: i64,
    details: &PayoutDetails,
) -> Result<Option<Timestamp>, ChangeRefused> {
    let mut w = store.write().await?;
    // Who approves or pays holds the same lock: what it reads of the details stands until its commit.
    parties::lock(&mut w, publisher.party()).await?;
    let newest = rows::find(&mut w, publisher).await?;
    if newest.as_ref().map_or(0, |newest| newest.version) != seen_version {
        return Err(ChangeRefused::Changed);
    }
    if let Some(newest) = &newest
        && is_same(&mut w, secret_key, newest, details).await?
    {
        return Err(ChangeRefused::Same);
    }
    let now = environment.now();
    let row = PayoutDetailsRow {
        payout_details_id: environment.new_id(PayoutDetailsId),
        publisher_id: publisher,
        version: seen_version + 1,
        method: details.method(),
        masked: details.masked(),
        country: details.country().to_owned(),
        created_at_ms: now,
        created_by: member,
    };
    let sealed = seal(&Seal::new(secret_key), environment, row.payout_details_id, publisher, row.version, details);
    let hash = details.destination_hash(secret_key, publisher);
    rows::insert(&mut w, &row, secret(&sealed, &hash)).await.map_err(changed)?;
    let until = held_until(row.version, now);
    tell(&mut w, environment, &row, until).await?;
    w.commit().await?;
    tracing::info!(event = "sensitive_update", what = "payout_details", member.id = %member, party.id = %publisher);
    Ok(until)
}

fn changed(error: StoreError) -> ChangeRefused {
    let is_taken = error.is_refused_by("payout_details_publisher_id_version_key");
    if is_taken { ChangeRefused::Changed } else { error.into() }
}

/// Whether the newest version says the same. One that cannot be opened any more says nothing: it can be entered anew.
async fn is_same(
    conn: &mut Conn,
    secret_key: &SecretKey,
    newest: &PayoutDetailsRow,
    details: &PayoutDetails,
) -> Result<bool, StoreError> {
    match open(conn, secret_key, newest.publisher_id, newest.payout_details_id).await {
        Ok(stored) => Ok(stored == *details),
        Err(OpenRefused::Store(error)) => Err(error),
        Err(refused) => {
            tracing::error!(error = %refused, "payout details");
            Ok(false)
        }
    }
}

async fn tell(
    w: &mut Writer,
    environment: &Environment,
    row: &PayoutDetailsRow,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    let place = format!("{} ({})", row.masked, row.method.label());
    let until = until.map(|until| format!("{} UTC", Zone::UTC.show(until)));
    let new = Notice {
        notice_id: environment.new_id(NoticeId),
        party_id: row.publisher_id.party(),
        code: NoticeCode::DetailsChanged,
        object: object_of_details(row.payout_details_id),
        text: details_told(&place, until.as_deref()),
        seen_at_ms: None,
    };
    notices::insert(w, &new).await.map(drop)
}

/// Where the publisher can be paid at `now`, as the version of its details, or why it cannot. Whoever acts on it has
/// locked the publisher before.
pub async fn payee(
    conn: &mut Conn,
    publisher: PublisherId,
    now: Timestamp,
) -> Result<Result<PayoutDetailsId, CarryReason>, StoreError> {
    let is_suspended = parties::get(conn, publisher.party()).await?.state == PartyState::Suspended;
    let newest = rows::find(conn, publisher).await?;
    let is_shared = match &newest {
        Some(newest) => {
            let id = newest.payout_details_id;
            rows::newest_unseen_sharer(conn, publisher, id, PayoutDetailsId(i64::MAX)).await?.is_some()
        }
        None => false,
    };
    let held_until = newest.as_ref().and_then(|newest| held_until(newest.version, newest.created_at_ms));
    let payee = Payee { is_suspended, has_details: newest.is_some(), held_until, is_shared };
    Ok(match (payee.carry_reason(now), newest) {
        (None, Some(newest)) => Ok(newest.payout_details_id),
        (reason, _) => Err(reason.unwrap_or(CarryReason::DetailsMissing)),
    })
}

/// An admin has looked at whom a publisher shares its destination with, all versions up to `seen`, and lets it be paid.
/// Whoever comes to share it later holds it again.
///
/// # Errors
/// No reason; nobody shares it; no longer where the publisher is paid.
pub async fn release(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    (publisher, id, seen): (PublisherId, PayoutDetailsId, PayoutDetailsId),
    reason: &str,
) -> Result<(), ReleaseRefused> {
    let by = admin(viewer)?;
    let reason = text(reason).ok_or(ReleaseRefused::ReasonMissing)?;
    let mut w = store.write().await?;
    parties::lock(&mut w, publisher.party()).await?;
    let newest = rows::find(&mut w, publisher).await?.ok_or(StoreError::NotFound)?;
    let sharer = rows::newest_unseen_sharer(&mut w, publisher, id, seen).await?;
    let seen_details_id = sharer.filter(|_| newest.payout_details_id == id).ok_or(ReleaseRefused::NotShared)?;
    let created_at_ms = environment.now();
    let new = DestinationRelease { payout_details_id: id, seen_details_id, reason, created_at_ms, created_by: by };
    rows::insert_release(&mut w, &new).await?;
    w.commit().await?;
    tracing::info!(event = "destination_released", member.id = %by, party.id = %publisher);
    Ok(())
}

/// What a version of this publisher says, for whoever pays it.
pub async fn open(
    conn: &mut Conn,
    secret_key: &SecretKey,
    publisher: PublisherId,
    id: PayoutDetailsId,
) -> Result<PayoutDetails, OpenRefused> {
    let kept = rows::get_secret(conn, publisher, id).await?;
    opened(&Seal::new(secret_key), &kept)
}

fn opened(key: &Seal, kept: &PayoutSecret) -> Result<PayoutDetails, OpenRefused> {
    let id = kept.payout_details_id;
    let sealed = Sealed { key_id: kept.key_id, nonce: kept.nonce.clone(), sealed: kept.sealed.clone() };
    let row = row(id, kept.publisher_id, kept.version);
    let text = key.open(place(&row), &sealed).map_err(|closed| OpenRefused::Sealed(id, closed))?;
    let entered: EnteredDetails = serde_json::from_str(&text).map_err(|_| OpenRefused::Unreadable(id))?;
    PayoutDetails::read(&entered).map_err(|DetailsRefused { .. }| OpenRefused::Unreadable(id))
}

/// What a change of keys came to.
#[derive(Debug, Default)]
pub struct SealedAgain {
    pub count: usize,
    /// Those that open under neither key, and stay as they are.
    pub closed: Vec<OpenRefused>,
}

/// Seals all details that are sealed under `old` under `new`, in batches; where it was stopped it goes on. One that does not
/// open keeps no other from being sealed again.
pub async fn seal_again(
    store: &Store,
    environment: &Environment,
    old: &SecretKey,
    new: &SecretKey,
) -> Result<SealedAgain, StoreError> {
    let (old_key, new_key) = (Seal::new(old), Seal::new(new));
    let (mut after, mut done) = (PayoutDetailsId(0), SealedAgain::default());
    loop {
        let mut w = store.write().await?;
        let batch = rows::list_otherwise_sealed(&mut w, new_key.key_id(), after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(done) };
        after = last.payout_details_id;
        for kept in batch {
            let details = match opened(&old_key, &kept) {
                Ok(details) => details,
                Err(closed) => {
                    done.closed.push(closed);
                    continue;
                }
            };
            done.count += 1;
            let (id, publisher) = (kept.payout_details_id, kept.publisher_id);
            let sealed = seal(&new_key, environment, id, publisher, kept.version, &details);
            let hash = details.destination_hash(new, publisher);
            rows::update_secret(&mut w, id, kept.key_id, secret(&sealed, &hash)).await?;
        }
        w.commit().await?;
    }
}

fn seal(
    key: &Seal,
    environment: &Environment,
    id: PayoutDetailsId,
    publisher: PublisherId,
    version: i64,
    details: &PayoutDetails,
) -> Sealed {
    let text = serde_json::to_string(&details.entered()).expect("six texts");
    key.seal(environment, place(&row(id, publisher, version)), &text)
}

const fn row(id: PayoutDetailsId, publisher: PublisherId, version: i64) -> [i64; 3] {
    [id.0, publisher.0, version]
}

const fn place(row: &[i64]) -> Place<'_> {
    Place { column: "payout_secrets:sealed", row }
}

const fn secret<'a>(sealed: &'a Sealed, destination_hash: &'a [u8; 32]) -> NewSecret<'a> {
    NewSecret {
        key_id: sealed.key_id,
        nonce: sealed.nonce.as_slice(),
        sealed: sealed.sealed.as_slice(),
        destination_hash,
    }
}
