//! Advertisers' payments: booked by an admin, and used for what was approved first.

use crate::domain::account::{AccountKey, AccountKind};
use crate::domain::environment::Environment;
use crate::domain::ids::{AdvertiserId, AllocationId, DepositId};
use crate::domain::ledger::{self, Fact};
use crate::domain::money::{Currency, Money};
use crate::domain::party::{PartyKind, Viewer};
use crate::store::{Store, StoreError, Writer, deposits, parties};

use super::admin;

const REFERENCE_MAX: usize = 140;
/// So many commissions are looked at together.
const PAGE: i64 = 200;

/// Why a payment was not booked.
#[derive(Debug, thiserror::Error)]
pub enum DepositRefused {
    #[error("an amount of more than 0 is needed")]
    NoAmount,
    #[error("the reference of the bank is needed, in at most {REFERENCE_MAX} characters")]
    BadReference,
    #[error("a payment of this advertiser with the reference {0} is booked already")]
    BookedAlready(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Books a payment that arrived, and pays with it what the advertiser owes.
///
/// # Errors
/// `NotFound` for whoever is no admin and for what is no advertiser; the same reference a second time.
pub async fn book(
    store: &Store,
    environment: &Environment,
    viewer: &Viewer,
    advertiser: AdvertiserId,
    money: Money,
    reference: &str,
) -> Result<DepositId, DepositRefused> {
    let by = admin(viewer)?;
    let reference = reference.trim();
    if money.minor <= 0 {
        return Err(DepositRefused::NoAmount);
    }
    if reference.is_empty() || reference.chars().count() > REFERENCE_MAX || reference.contains(char::is_control) {
        return Err(DepositRefused::BadReference);
    }
    let mut w = store.write().await?;
    if parties::get(&mut w, advertiser.party()).await?.kind != PartyKind::Advertiser {
        return Err(StoreError::NotFound.into());
    }
    let id = environment.new_id(DepositId);
    deposits::insert(&mut w, id, advertiser, money, reference, by).await.map_err(|error| {
        let is_booked = error.is_refused_by("deposits_advertiser_id_reference_key");
        if is_booked { DepositRefused::BookedAlready(reference.to_owned()) } else { error.into() }
    })?;
    crate::store::ledger::post(&mut w, environment, Fact::Deposit, id.0, &ledger::deposit(advertiser, money)).await?;
    allocate(&mut w, environment, advertiser, money.currency).await?;
    w.commit().await?;
    Ok(id)
}

/// Where an advertiser's money in this currency is that is not used yet.
pub(super) const fn account(advertiser: AdvertiserId, currency: Currency) -> AccountKey {
    AccountKey { party: advertiser.party(), kind: AccountKind::Deposit, currency }
}

/// Keeps everybody else from spending an advertiser's money until this transaction ends.
pub(super) async fn lock(
    w: &mut Writer,
    environment: &Environment,
    advertiser: AdvertiserId,
    currency: Currency,
) -> Result<AccountKey, StoreError> {
    let account = account(advertiser, currency);
    // It is made even if it stays empty: without a row there is nothing to lock, and the first deposit and an approval
    // beside it would each miss what the other writes.
    crate::store::ledger::ensure_account(w, environment, &account).await?;
    crate::store::ledger::lock_account(w, &account).await?;
    Ok(account)
}

/// Uses an advertiser's money for what it owes: first approved first, whole commissions with their fee, as long as it
/// covers the next one. Gives how many were paid for.
pub(super) async fn allocate(
    w: &mut Writer,
    environment: &Environment,
    advertiser: AdvertiserId,
    currency: Currency,
) -> Result<usize, StoreError> {
    let account = lock(w, environment, advertiser, currency).await?;
    let mut left = crate::store::ledger::balance(w, &account).await?;
    let mut paid = 0;
    loop {
        let next = deposits::list_unallocated(w, advertiser, currency, PAGE).await?;
        for owed in &next {
            let worth = owed.worth();
            if worth.charge_minor() > left {
                return Ok(paid);
            }
            left -= worth.charge_minor();
            let id = environment.new_id(AllocationId);
            let now = environment.now();
            deposits::insert_allocation(w, id, owed.conversion_id, worth.charge_minor(), now).await?;
            let postings = ledger::allocate(&worth);
            crate::store::ledger::post(w, environment, Fact::Allocation, owed.conversion_id.0, &postings).await?;
            paid += 1;
        }
        if next.is_empty() {
            return Ok(paid);
        }
    }
}
