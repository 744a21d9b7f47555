//! Deposits: what advertisers paid, and what their money was used for.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{AdvertiserId, AllocationId, ConversionId, DepositId, MemberId, PublisherId};
use crate::domain::ledger::Worth;
use crate::domain::money::{Currency, Money};
use crate::domain::party::NETWORK;
use crate::domain::time::Timestamp;

/// A payment of an advertiser; its id has the time.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Deposit {
    pub deposit_id: DepositId,
    pub advertiser_id: AdvertiserId,
    pub advertiser_name: String,
    pub currency: Currency,
    pub amount_minor: i64,
    pub reference: String,
}

/// An approved conversion that no deposit has paid for yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Unallocated {
    pub conversion_id: ConversionId,
    pub advertiser_id: AdvertiserId,
    pub publisher_id: PublisherId,
    pub currency: Currency,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

impl Unallocated {
    pub const fn worth(&self) -> Worth {
        Worth {
            advertiser_id: self.advertiser_id,
            publisher_id: self.publisher_id,
            currency: self.currency,
            commission_minor: self.commission_minor,
            fee_minor: self.fee_minor,
        }
    }
}

/// What an advertiser owes for one campaign and has not paid: its approved commissions without an allocation.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Owed {
    pub campaign_name: String,
    pub currency: Currency,
    pub conversions: i64,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select d.deposit_id, d.advertiser_id, p.name as advertiser_name, d.currency, d.amount_minor, d.reference
                from deposits d join parties p on p.party_id = d.advertiser_id where (d.deposit_id < $1 or $1 is null)",
            $rest,
            " order by d.deposit_id desc limit $2"
        )
    };
}

// Owed from its approval on, whatever became of it since, unless it was reversed.
macro_rules! unpaid {
    () => {
        "c.advertiser_id = $1 and c.state in ('approved', 'payable', 'in_payout', 'paid')
        and c.commission_minor + c.fee_minor > coalesce((select sum(a.amount_minor) from allocations a
            where a.conversion_id = c.conversion_id), 0)"
    };
}

sql! {
    INSERT = "insert into deposits (deposit_id, advertiser_id, currency, amount_minor, reference, created_by)
        values ($1, $2, $3, $4, $5, $6)";
    LIST = select!("");
    LIST_OF_ADVERTISER = select!(" and d.advertiser_id = $3");
    LIST_UNALLOCATED = concat!("select c.conversion_id, c.advertiser_id, c.publisher_id, c.currency,
        c.commission_minor, c.fee_minor from conversions c where ", unpaid!(), " and c.currency = $2
        order by c.approved_at_ms, c.conversion_id limit $3");
    LIST_OWED = concat!("select n.name as campaign_name, c.currency, count(*) as conversions,
        cast(sum(c.commission_minor) as bigint) as commission_minor, cast(sum(c.fee_minor) as bigint) as fee_minor
        from conversions c join campaigns n on n.campaign_id = c.campaign_id where ", unpaid!(), "
        group by n.campaign_id, n.name, c.currency order by n.campaign_id, c.currency");
    INSERT_ALLOCATION = "insert into allocations (allocation_id, conversion_id, amount_minor, created_at_ms)
        values ($1, $2, $3, $4)";
    ALLOCATED = "select cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor from allocations
        where conversion_id = $1";
}

/// # Errors
/// `deposits_advertiser_id_reference_key`: this payment is booked.
pub async fn insert(
    w: &mut Writer,
    id: DepositId,
    advertiser: AdvertiserId,
    money: Money,
    reference: &str,
    by: MemberId,
) -> Result<(), StoreError> {
    w.changed(Change::Figures(advertiser.party()));
    w.changed(Change::Figures(NETWORK));
    on_driver!(w, |c| query(INSERT)
        .bind(id)
        .bind(advertiser)
        .bind(money.currency)
        .bind(money.minor)
        .bind(reference)
        .bind(by)
        .execute(c)
        .await
        .map(drop))
}

/// For admins: all deposits, newest first.
pub async fn list(conn: &mut Conn, before: Option<DepositId>, limit: i64) -> Result<Vec<Deposit>, StoreError> {
    on_driver!(conn, |c| query_as(LIST).bind(before).bind(limit).fetch_all(c).await)
}

/// Newest first.
pub async fn list_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    before: Option<DepositId>,
    limit: i64,
) -> Result<Vec<Deposit>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_ADVERTISER).bind(before).bind(limit).bind(advertiser).fetch_all(c).await)
}

/// What the next money of this advertiser pays for, first approved first.
pub async fn list_unallocated(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    currency: Currency,
    limit: i64,
) -> Result<Vec<Unallocated>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_UNALLOCATED).bind(advertiser).bind(currency).bind(limit).fetch_all(c).await)
}

/// What an advertiser owes, by campaign and currency.
pub async fn list_owed(conn: &mut Conn, advertiser: AdvertiserId) -> Result<Vec<Owed>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OWED).bind(advertiser).fetch_all(c).await)
}

/// Less than 0 is taken back from it.
pub async fn insert_allocation(
    w: &mut Writer,
    id: AllocationId,
    conversion: ConversionId,
    amount_minor: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT_ALLOCATION)
        .bind(id)
        .bind(conversion)
        .bind(amount_minor)
        .bind(at)
        .execute(c)
        .await
        .map(drop))
}

/// What deposits pay of this conversion. The caller may see the conversion.
pub async fn allocated(conn: &mut Conn, conversion: ConversionId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(ALLOCATED).bind(conversion).fetch_one(c).await)
}
