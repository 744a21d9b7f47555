//! Payout runs, the payouts in them, and what each payout pays.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::ids::{ConversionId, MemberId, PayableId, PayoutDetailsId, PayoutId, PayoutRunId, PublisherId};
use crate::domain::money::{Currency, Money};
use crate::domain::party::NETWORK;
use crate::domain::payout::{PayoutRunState, PayoutState, SeenRun};
use crate::domain::time::Timestamp;

/// A list of payouts proposed together; its id has the time of the proposal.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PayoutRun {
    pub payout_run_id: PayoutRunId,
    pub state: PayoutRunState,
    pub currency: Currency,
    pub created_by: MemberId,
    pub decided_by: Option<MemberId>,
    pub version: i64,
    /// Payouts that are not carried to the next run.
    pub payouts: i64,
    pub carried: i64,
    /// What the payouts sum up to, those that failed too.
    pub total_minor: i64,
}

impl PayoutRun {
    pub const fn total(&self) -> Money {
        Money::new(self.total_minor, self.currency)
    }

    /// What a page shows of it, beside the button that approves it.
    pub const fn seen(&self) -> SeenRun {
        SeenRun { version: self.version, payouts: self.payouts, total_minor: self.total_minor }
    }
}

/// What one publisher gets in one currency.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Payout {
    pub payout_id: PayoutId,
    pub payout_run_id: PayoutRunId,
    pub publisher_id: PublisherId,
    pub publisher_name: String,
    pub currency: Currency,
    pub amount_minor: i64,
    pub state: PayoutState,
    /// Why it is carried, has failed or came back; a sentence.
    pub reason: String,
    /// The bank's, once it is paid.
    pub reference: String,
    pub approved_by: Option<MemberId>,
    pub decided_at_ms: Option<Timestamp>,
    pub paid_at_ms: Option<Timestamp>,
    /// When the bank was told to pay it; one may be called paid without that.
    pub sent_at_ms: Option<Timestamp>,
    pub version: i64,
    /// How many conversions its entries are about.
    pub conversions: i64,
    /// Where it goes, since it was reserved; none before, nor where its publisher had said nothing.
    pub payout_details_id: Option<PayoutDetailsId>,
    /// The same, for people.
    pub masked: Option<String>,
    /// How many versions its publisher entered after the one that it is bound to, or at all.
    pub newer_details: i64,
}

impl Payout {
    /// It is reserved for a place where its publisher is not paid any more.
    pub fn is_elsewhere(&self) -> bool {
        self.state == PayoutState::Approved && self.newer_details > 0
    }

    pub const fn money(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

macro_rules! runs {
    ($rest:literal) => {
        concat!(
            "select r.payout_run_id, r.state, r.currency, r.created_by, r.decided_by, r.version,
                (select count(*) from payouts p where p.payout_run_id = r.payout_run_id and p.state <> 'carried')
                    as payouts,
                (select count(*) from payouts p where p.payout_run_id = r.payout_run_id and p.state = 'carried')
                    as carried,
                cast(coalesce((select sum(p.amount_minor) from payouts p where p.payout_run_id = r.payout_run_id
                    and p.state <> 'carried'), 0) as bigint) as total_minor
                from payout_runs r where ",
            $rest
        )
    };
}

macro_rules! payouts {
    ($rest:literal) => {
        concat!(
            "select o.payout_id, o.payout_run_id, o.publisher_id, p.name as publisher_name, o.currency,
                o.amount_minor, o.state, o.reason, o.reference, o.approved_by, o.decided_at_ms, o.paid_at_ms,
                o.sent_at_ms, o.version, (select count(distinct b.conversion_id) from payout_items i join payables b
                    on b.payable_id = i.payable_id where i.payout_id = o.payout_id) as conversions,
                o.payout_details_id, d.masked, (select count(*) from payout_details n
                    where n.publisher_id = o.publisher_id and n.version > coalesce(d.version, 0)) as newer_details
                from payouts o join parties p on p.party_id = o.publisher_id
                left join payout_details d on d.payout_details_id = o.payout_details_id ",
            $rest
        )
    };
}

sql! {
    GET_RUN = runs!("r.payout_run_id = $1");
    FIND_DRAFT = runs!("r.currency = $1 and r.state = 'draft'");
    LIST_RUNS = runs!("(r.payout_run_id < $1 or $1 is null) order by r.payout_run_id desc limit $2");
    INSERT_RUN = "insert into payout_runs (payout_run_id, state, currency, created_by, decided_by, version)
        values ($1, 'draft', $2, $3, null, 1)";
    DECIDE_RUN = "update payout_runs set state = 'approved', decided_by = $3, version = version + 1
        where payout_run_id = $1 and version = $2 and state = 'draft' returning payout_run_id";
    CANCEL_DRAFT = "update payout_runs set state = 'cancelled', version = version + 1
        where currency = $1 and state = 'draft' returning payout_run_id";
    CANCEL_PAYOUTS = "update payouts set state = 'cancelled', version = version + 1
        where payout_run_id = $1 and state = 'proposed'";
    COMPLETE_RUN = "update payout_runs set state = 'completed', version = version + 1
        where payout_run_id = $1 and state = 'approved' and not exists (select 1 from payouts
            where payout_run_id = $1 and state in ('proposed', 'approved', 'sent'))";
    LOCK_RUN = "update payout_runs set currency = currency where payout_run_id = $1 returning payout_run_id";
    GET = payouts!("where o.payout_id = $1");
    GET_OF_PUBLISHER = payouts!("where o.payout_id = $1 and o.publisher_id = $2");
    LIST_OF_RUN = payouts!("where o.payout_run_id = $1 order by o.payout_id");
    LIST_OF_PUBLISHER = payouts!("join payout_runs r on r.payout_run_id = o.payout_run_id
        where o.publisher_id = $1 and (o.payout_id < $2 or $2 is null) and r.state <> 'cancelled'
        and o.state not in ('proposed', 'cancelled') order by o.payout_id desc limit $3");
    PAID_OF_PUBLISHER = "select currency, cast(sum(amount_minor) as bigint) as paid_minor from payouts
        where publisher_id = $1 and state = 'paid' group by currency order by currency";
    INSERT = "insert into payouts (payout_id, payout_run_id, publisher_id, currency, amount_minor, state, reason,
        reference, approved_by, decided_at_ms, paid_at_ms, version)
        values ($1, $2, $3, $4, $5, $6, $7, '', null, null, null, 1)";
    UPDATE = "update payouts set state = $3, reason = $4, reference = $5, approved_by = $6, decided_at_ms = $7,
        paid_at_ms = $8, payout_details_id = $9, sent_at_ms = $10, version = version + 1
        where payout_id = $1 and version = $2 returning version";
    INSERT_ITEM = "insert into payout_items (payout_id, payable_id, amount_minor, is_binding)
        values ($1, $2, $3, $4)";
    BIND_ITEMS = "update payout_items set is_binding = $2 where payout_id = $1";
    LIST_WORTHLESS = "select conversion_id from conversions where publisher_id = $1 and currency = $2
        and state = 'payable' and commission_minor = 0 and not exists (select 1 from payables b
            where b.conversion_id = conversions.conversion_id) order by conversion_id";
    LIST_CONVERSIONS = "select conversion_id from conversions where payout_id = $1 order by conversion_id";
}

pub async fn get_run(conn: &mut Conn, id: PayoutRunId) -> Result<PayoutRun, StoreError> {
    on_driver!(conn, |c| query_as(GET_RUN).bind(id).fetch_one(c).await)
}

/// The proposal in this currency that nobody has decided yet.
pub async fn find_draft(conn: &mut Conn, currency: Currency) -> Result<Option<PayoutRun>, StoreError> {
    on_driver!(conn, |c| query_as(FIND_DRAFT).bind(currency).fetch_optional(c).await)
}

/// For admins, newest first.
pub async fn list_runs(conn: &mut Conn, before: Option<PayoutRunId>, limit: i64) -> Result<Vec<PayoutRun>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_RUNS).bind(before).bind(limit).fetch_all(c).await)
}

/// # Errors
/// `payout_runs_currency_key`: there is a draft in this currency.
pub async fn insert_run(w: &mut Writer, id: PayoutRunId, currency: Currency, by: MemberId) -> Result<(), StoreError> {
    w.changed(Change::Figures(NETWORK));
    on_driver!(w, |c| query(INSERT_RUN).bind(id).bind(currency).bind(by).execute(c).await.map(drop))
}

/// A draft becomes approved; whoever else decides it waits, and then finds it decided.
///
/// # Errors
/// `Conflict`: the run is no longer a draft at `version`.
pub async fn approve_run(w: &mut Writer, id: PayoutRunId, version: i64, by: MemberId) -> Result<(), StoreError> {
    w.changed(Change::Figures(NETWORK));
    let decided: Option<PayoutRunId> =
        on_driver!(w, |c| query_scalar(DECIDE_RUN).bind(id).bind(version).bind(by).fetch_optional(c).await)?;
    decided.map(drop).ok_or(StoreError::Conflict)
}

/// Gives up the draft in this currency, if there is one.
pub async fn cancel_draft(w: &mut Writer, currency: Currency) -> Result<(), StoreError> {
    let draft: Option<PayoutRunId> =
        on_driver!(w, |c| query_scalar(CANCEL_DRAFT).bind(currency).fetch_optional(c).await)?;
    if let Some(draft) = draft {
        on_driver!(w, |c| query(CANCEL_PAYOUTS).bind(draft).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Keeps others from deciding about the payouts of this run until the transaction ends.
pub async fn lock_run(w: &mut Writer, id: PayoutRunId) -> Result<(), StoreError> {
    on_driver!(w, |c| query(LOCK_RUN).bind(id).execute(c).await.map(drop))
}

/// An approved run of which nothing is under way any more is completed.
pub async fn complete_run(w: &mut Writer, id: PayoutRunId) -> Result<(), StoreError> {
    on_driver!(w, |c| query(COMPLETE_RUN).bind(id).execute(c).await.map(drop))
}

/// For admins.
pub async fn get(conn: &mut Conn, id: PayoutId) -> Result<Payout, StoreError> {
    on_driver!(conn, |c| query_as(GET).bind(id).fetch_one(c).await)
}

pub async fn get_of_publisher(conn: &mut Conn, publisher: PublisherId, id: PayoutId) -> Result<Payout, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_PUBLISHER).bind(id).bind(publisher).fetch_one(c).await)
}

/// For admins: all of a run, the carried ones too.
pub async fn list_of_run(conn: &mut Conn, run: PayoutRunId) -> Result<Vec<Payout>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_RUN).bind(run).fetch_all(c).await)
}

/// What a publisher is told, newest first: what was approved or carried; not what a draft only proposes.
pub async fn list_of_publisher(
    conn: &mut Conn,
    publisher: PublisherId,
    before: Option<PayoutId>,
    limit: i64,
) -> Result<Vec<Payout>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PUBLISHER).bind(publisher).bind(before).bind(limit).fetch_all(c).await)
}

/// What a publisher was paid, by currency.
pub async fn paid_of_publisher(conn: &mut Conn, publisher: PublisherId) -> Result<Vec<(Currency, i64)>, StoreError> {
    on_driver!(conn, |c| query_as(PAID_OF_PUBLISHER).bind(publisher).fetch_all(c).await)
}

/// A payout of a draft: proposed, or carried with the reason.
pub struct NewPayout<'a> {
    pub payout_id: PayoutId,
    pub payout_run_id: PayoutRunId,
    pub publisher_id: PublisherId,
    pub money: Money,
    pub state: PayoutState,
    pub reason: &'a str,
}

pub async fn insert(w: &mut Writer, new: &NewPayout<'_>) -> Result<(), StoreError> {
    w.changed(Change::Figures(new.publisher_id.party()));
    on_driver!(w, |c| query(INSERT)
        .bind(new.payout_id)
        .bind(new.payout_run_id)
        .bind(new.publisher_id)
        .bind(new.money.currency)
        .bind(new.money.minor)
        .bind(new.state)
        .bind(new.reason)
        .execute(c)
        .await
        .map(drop))
}

/// Writes what may change of a payout.
///
/// # Errors
/// `Conflict`: it is no longer at its `version`.
pub async fn update(w: &mut Writer, payout: &Payout) -> Result<(), StoreError> {
    w.changed(Change::Figures(payout.publisher_id.party()));
    w.changed(Change::Figures(NETWORK));
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE)
        .bind(payout.payout_id)
        .bind(payout.version)
        .bind(payout.state)
        .bind(&payout.reason)
        .bind(&payout.reference)
        .bind(payout.approved_by)
        .bind(payout.decided_at_ms)
        .bind(payout.paid_at_ms)
        .bind(payout.payout_details_id)
        .bind(payout.sent_at_ms)
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}

/// An entry that is proposed; it binds nothing yet.
pub async fn insert_item(
    w: &mut Writer,
    payout: PayoutId,
    payable: PayableId,
    amount_minor: i64,
) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT_ITEM)
        .bind(payout)
        .bind(payable)
        .bind(amount_minor)
        .bind(false)
        .execute(c)
        .await
        .map(drop))
}

/// Whether a payout takes its entries for good, so that no other may.
///
/// # Errors
/// `payout_items_payable_id_key`: another payout has one of them.
pub async fn bind_items(w: &mut Writer, payout: PayoutId, is_binding: bool) -> Result<(), StoreError> {
    on_driver!(w, |c| query(BIND_ITEMS).bind(payout).bind(is_binding).execute(c).await.map(drop))
}

/// Payable conversions of a publisher that are worth nothing: no entry is about them, and they go along with a payout.
pub async fn list_worthless(
    conn: &mut Conn,
    publisher: PublisherId,
    currency: Currency,
) -> Result<Vec<ConversionId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_WORTHLESS).bind(publisher).bind(currency).fetch_all(c).await)
}

/// The conversions that a payout took along, whose way they share. The caller may see the payout.
pub async fn list_conversions(conn: &mut Conn, payout: PayoutId) -> Result<Vec<ConversionId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_CONVERSIONS).bind(payout).fetch_all(c).await)
}
