//! The ledger: accounts, and transfers that nobody changes.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::account::{AccountKey, AccountKind};
use crate::domain::environment::Environment;
use crate::domain::ids::{AccountId, PartyId, TransferId};
use crate::domain::ledger::{Fact, Posting};
use crate::domain::money::Currency;
use crate::domain::time::Timestamp;

/// One transfer as it stands in the books.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Transfer {
    pub transfer_id: TransferId,
    pub fact: Fact,
    pub fact_id: i64,
    pub code: String,
    pub debit_party: PartyId,
    pub debit_kind: AccountKind,
    pub debit_name: String,
    pub credit_party: PartyId,
    pub credit_kind: AccountKind,
    pub credit_name: String,
    pub currency: Currency,
    pub amount_minor: i64,
    pub created_at_ms: Timestamp,
}

/// An account with its balance, credits less debits.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Balance {
    pub account_id: AccountId,
    pub party_id: PartyId,
    pub party_name: String,
    pub kind: AccountKind,
    pub currency: Currency,
    pub balance_minor: i64,
}

macro_rules! transfers {
    ($rest:literal) => {
        concat!(
            "select t.transfer_id, t.fact, t.fact_id, t.code, d.party_id as debit_party, d.kind as debit_kind,
                dp.name as debit_name, c.party_id as credit_party, c.kind as credit_kind, cp.name as credit_name,
                t.currency, t.amount_minor, t.created_at_ms from transfers t
                join accounts d on d.account_id = t.debit_account_id join parties dp on dp.party_id = d.party_id
                join accounts c on c.account_id = t.credit_account_id join parties cp on cp.party_id = c.party_id ",
            $rest
        )
    };
}

macro_rules! balances {
    ($rest:literal) => {
        concat!(
            "select a.account_id, a.party_id, p.name as party_name, a.kind, a.currency, cast(
                coalesce((select sum(amount_minor) from transfers where credit_account_id = a.account_id), 0)
                - coalesce((select sum(amount_minor) from transfers where debit_account_id = a.account_id), 0)
                as bigint) as balance_minor from accounts a join parties p on p.party_id = a.party_id ",
            $rest,
            " order by a.party_id, a.currency, a.kind"
        )
    };
}

sql! {
    FIND_ACCOUNT = "select account_id from accounts where party_id = $1 and kind = $2 and currency = $3";
    INSERT_ACCOUNT = "insert into accounts (account_id, party_id, kind, currency) values ($1, $2, $3, $4)
        on conflict (party_id, kind, currency) do nothing";
    POST = "insert into transfers (transfer_id, fact, fact_id, code, debit_account_id, credit_account_id, currency,
        amount_minor, created_at_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LIST = transfers!("where (t.transfer_id < $1 or $1 is null) order by t.transfer_id desc limit $2");
    LIST_FORWARD = transfers!("where (t.transfer_id > $1 or $1 is null) order by t.transfer_id limit $2");
    LIST_OF_CONVERSION = transfers!("where (t.fact = 'conversion' and t.fact_id in
        (select event_id from conversion_events where conversion_id = $1)) or (t.fact = 'allocation'
        and t.fact_id = $1) order by t.transfer_id");
    BALANCES = balances!("");
    BALANCES_OF_PARTY = balances!("where a.party_id = $1");
    BALANCE_OF_ACCOUNT = balances!("where a.account_id = $1");
    BALANCE = "select cast(coalesce(sum(case when t.credit_account_id = a.account_id then t.amount_minor
        else -t.amount_minor end), 0) as bigint) as balance_minor from accounts a join transfers t
        on t.credit_account_id = a.account_id or t.debit_account_id = a.account_id
        where a.party_id = $1 and a.kind = $2 and a.currency = $3";
    CURRENCIES = "select distinct currency from accounts order by currency";
    LOCK_ACCOUNT = "update accounts set kind = kind where party_id = $1 and kind = $2 and currency = $3";
}

async fn find_account(conn: &mut Conn, key: &AccountKey) -> Result<Option<AccountId>, StoreError> {
    on_driver!(conn, |c| query_scalar(FIND_ACCOUNT)
        .bind(key.party)
        .bind(key.kind)
        .bind(key.currency)
        .fetch_optional(c)
        .await)
}

/// The account of this key, made at its first use. Of two transactions that make the same one, the second waits for the
/// end of the first.
pub async fn ensure_account(
    w: &mut Writer,
    environment: &Environment,
    key: &AccountKey,
) -> Result<AccountId, StoreError> {
    if let Some(id) = find_account(w, key).await? {
        return Ok(id);
    }
    let id = environment.new_id(AccountId);
    on_driver!(w, |c| query(INSERT_ACCOUNT)
        .bind(id)
        .bind(key.party)
        .bind(key.kind)
        .bind(key.currency)
        .execute(c)
        .await
        .map(drop))?;
    find_account(w, key).await?.ok_or(StoreError::NotFound)
}

/// As [`ensure_account`], for all of them in their order: two transactions that make the same ones never wait for each
/// other.
pub async fn ensure_accounts(
    w: &mut Writer,
    environment: &Environment,
    keys: &BTreeSet<AccountKey>,
) -> Result<BTreeMap<AccountKey, AccountId>, StoreError> {
    let mut accounts = BTreeMap::new();
    for key in keys {
        accounts.insert(*key, ensure_account(w, environment, key).await?);
    }
    Ok(accounts)
}

/// Writes a fact's postings. The same fact, id and code twice is refused by `transfers_fact_fact_id_code_key`.
pub async fn post(
    w: &mut Writer,
    environment: &Environment,
    fact: Fact,
    fact_id: i64,
    postings: &[Posting],
) -> Result<(), StoreError> {
    let now = environment.now();
    let keys = postings.iter().flat_map(|one| [one.debit, one.credit]).collect();
    let accounts = ensure_accounts(w, environment, &keys).await?;
    for posting in postings {
        let (debit, credit) = (accounts[&posting.debit], accounts[&posting.credit]);
        on_driver!(w, |c| query(POST)
            .bind(environment.new_id(TransferId))
            .bind(fact)
            .bind(fact_id)
            .bind(posting.code)
            .bind(debit)
            .bind(credit)
            .bind(posting.debit.currency)
            .bind(posting.amount_minor)
            .bind(now)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Keeps others from spending from this account until the transaction ends. Nothing is locked where it does not exist.
pub async fn lock_account(w: &mut Writer, key: &AccountKey) -> Result<(), StoreError> {
    on_driver!(w, |c| query(LOCK_ACCOUNT).bind(key.party).bind(key.kind).bind(key.currency).execute(c).await.map(drop))
}

/// Credits less debits of one account; 0 where it does not exist yet.
pub async fn balance(conn: &mut Conn, key: &AccountKey) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(BALANCE).bind(key.party).bind(key.kind).bind(key.currency).fetch_one(c).await)
}

/// The currencies that the ledger has accounts in.
pub async fn currencies(conn: &mut Conn) -> Result<Vec<Currency>, StoreError> {
    on_driver!(conn, |c| query_scalar(CURRENCIES).fetch_all(c).await)
}

/// For admins: all transfers, newest first.
pub async fn list(conn: &mut Conn, before: Option<TransferId>, limit: i64) -> Result<Vec<Transfer>, StoreError> {
    on_driver!(conn, |c| query_as(LIST).bind(before).bind(limit).fetch_all(c).await)
}

/// For admins: all transfers after one, oldest first.
pub async fn list_forward(conn: &mut Conn, after: Option<TransferId>, limit: i64) -> Result<Vec<Transfer>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_FORWARD).bind(after).bind(limit).fetch_all(c).await)
}

/// Every transfer about one conversion, oldest first. The caller may see the conversion; of the lines it shows only
/// the reader's own.
pub async fn list_of_conversion(
    conn: &mut Conn,
    conversion: crate::domain::ids::ConversionId,
) -> Result<Vec<Transfer>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_CONVERSION).bind(conversion).fetch_all(c).await)
}

/// For admins: every account with its balance.
pub async fn balances(conn: &mut Conn) -> Result<Vec<Balance>, StoreError> {
    on_driver!(conn, |c| query_as(BALANCES).fetch_all(c).await)
}

/// For admins: any account with its balance.
pub async fn balance_of_account(conn: &mut Conn, account: AccountId) -> Result<Balance, StoreError> {
    let found = on_driver!(conn, |c| query_as(BALANCE_OF_ACCOUNT).bind(account).fetch_optional(c).await)?;
    found.ok_or(StoreError::NotFound)
}

pub async fn balances_of_party(conn: &mut Conn, party: PartyId) -> Result<Vec<Balance>, StoreError> {
    on_driver!(conn, |c| query_as(BALANCES_OF_PARTY).bind(party).fetch_all(c).await)
}
