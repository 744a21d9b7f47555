//! Where publishers are paid: entered, opened for a payment, and sealed again when the network changes its key.

use crate::auth::sealing::{NotOpened, Place, Seal, Sealed};
use crate::domain::environment::Environment;
use crate::domain::ids::{MemberId, PayoutDetailsId, PublisherId};
use crate::domain::payout_details::{DetailsRefused, EnteredDetails, PayoutDetails, held_until};
use crate::domain::secret::SecretKey;
use crate::domain::time::Timestamp;
use crate::store::payout_details::{self as rows, NewSecret, PayoutDetailsRow, PayoutSecret};
use crate::store::{Conn, Store, StoreError};

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
/// that holds payouts; the first entry holds none.
pub async fn change(
    store: &Store,
    environment: &Environment,
    secret_key: &SecretKey,
    (publisher, member): (PublisherId, MemberId),
    seen_version: i64,
    details: &PayoutDetails,
) -> Result<Option<Timestamp>, ChangeRefused> {
    let mut w = store.write().await?;
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
    w.commit().await?;
    tracing::info!(event = "sensitive_update", what = "payout_details", member.id = %member, party.id = %publisher);
    Ok(held_until(row.version, now))
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

/// Until when a change holds this publisher's payouts; nothing where none does at `now`.
pub async fn hold(conn: &mut Conn, publisher: PublisherId, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let newest = rows::find(conn, publisher).await?;
    Ok(newest.and_then(|newest| held_until(newest.version, newest.created_at_ms)).filter(|until| now < *until))
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

/// Seals all details that are sealed under `old` under `new`, in batches; where it was stopped it goes on. Gives how many.
///
/// # Errors
/// Details that open under neither key; those before them are sealed again already.
pub async fn seal_again(
    store: &Store,
    environment: &Environment,
    old: &SecretKey,
    new: &SecretKey,
) -> Result<usize, OpenRefused> {
    let (old_key, new_key) = (Seal::new(old), Seal::new(new));
    let (mut after, mut count) = (PayoutDetailsId(0), 0);
    loop {
        let mut w = store.write().await?;
        let batch = rows::list_otherwise_sealed(&mut w, new_key.key_id(), after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(count) };
        (after, count) = (last.payout_details_id, count + batch.len());
        for kept in batch {
            let details = opened(&old_key, &kept)?;
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
