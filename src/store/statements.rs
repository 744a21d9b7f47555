//! Statements: the lines of one account, and its balance at any line.

use sqlx::{query_as, query_scalar};

use super::driver::Conn;
use super::error::StoreError;
use crate::domain::ids::{AccountId, ConversionId, TransferId};
use crate::domain::ledger::Fact;
use crate::domain::time::Timestamp;

/// One transfer as one of its two accounts sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Line {
    pub transfer_id: TransferId,
    pub fact: Fact,
    pub fact_id: i64,
    pub code: String,
    pub created_at_ms: Timestamp,
    /// Credits are positive.
    pub change_minor: i64,
    /// The conversion that it is about, if it is about one.
    pub conversion_id: Option<ConversionId>,
    pub order_id: Option<String>,
    pub campaign_name: Option<String>,
}

/// Both sides of an account are read by their own index, so that a page costs the same however long the account is.
macro_rules! lines {
    ($range:literal, $order:literal) => {
        concat!(
            "select l.transfer_id, l.fact, l.fact_id, l.code, l.created_at_ms, l.change_minor, v.conversion_id,
                v.order_id, k.name as campaign_name from (
                select * from (select transfer_id, fact, fact_id, code, created_at_ms, amount_minor as change_minor
                    from transfers where credit_account_id = $1 and ",
            $range,
            " order by transfer_id ",
            $order,
            " limit $3) credits union all
                select * from (select transfer_id, fact, fact_id, code, created_at_ms, -amount_minor as change_minor
                    from transfers where debit_account_id = $1 and ",
            $range,
            " order by transfer_id ",
            $order,
            " limit $3) debits) l
                left join conversion_events e on l.fact = 'conversion' and e.event_id = l.fact_id
                left join conversions v on v.conversion_id = coalesce(e.conversion_id,
                    case when l.fact = 'allocation' then l.fact_id end)
                left join campaigns k on k.campaign_id = v.campaign_id order by l.transfer_id ",
            $order,
            " limit $3"
        )
    };
}

sql! {
    NEWEST = lines!("(transfer_id < $2 or $2 is null)", "desc");
    OLDEST = lines!("(transfer_id > $2 or $2 is null)", "asc");
    BALANCE = "select cast(coalesce((select sum(amount_minor) from transfers where credit_account_id = $1
        and (transfer_id < $2 or $2 is null)), 0) - coalesce((select sum(amount_minor) from transfers
        where debit_account_id = $1 and (transfer_id < $2 or $2 is null)), 0) as bigint) as balance_minor";
}

/// The lines before one, newest first. The caller may see the account.
pub async fn newest(
    conn: &mut Conn,
    account: AccountId,
    before: Option<TransferId>,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    on_driver!(conn, |c| query_as(NEWEST).bind(account).bind(before).bind(limit).fetch_all(c).await)
}

/// The lines after one, oldest first. The caller may see the account.
pub async fn oldest(
    conn: &mut Conn,
    account: AccountId,
    after: Option<TransferId>,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    on_driver!(conn, |c| query_as(OLDEST).bind(account).bind(after).bind(limit).fetch_all(c).await)
}

/// Credits less debits of all lines before one, or of all.
pub async fn balance(conn: &mut Conn, account: AccountId, before: Option<TransferId>) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(BALANCE).bind(account).bind(before).fetch_one(c).await)
}
