//! `GET /ledger.csv`: an account's lines, or all transfers, as a file; sent while it is read, however long it is.

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures::Stream;
use futures::stream::try_unfold;
use tower_sessions::Session;

use super::{choose, role_of};
use crate::app::csv_file;
use crate::app::error::ApiError;
use crate::app::figures::kind_of;
use crate::app::forms;
use crate::app::state::App;
use crate::domain::ids::{AccountId, TransferId};
use crate::domain::party::PartyKind;
use crate::domain::statement::entry;
use crate::reports::export::cell;
use crate::store::ledger::{self, Balance, Transfer};
use crate::store::statements::{self, Line};
use crate::store::{Store, StoreError};

/// Lines that are read at once.
const PART: i64 = 1_000;

/// `?as=publisher&account=payable&currency=EUR`; for admins `?as=admin&account={id}`, or all transfers without one.
pub async fn ledger_csv(State(app): State<App>, session: Session, RawQuery(query): RawQuery) -> Response {
    csv_file::answer(file(&app, &session, &query.unwrap_or_default()).await)
}

async fn file(app: &App, session: &Session, query: &str) -> Result<(String, Body), ApiError> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let of = |name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let kind = kind_of(of("as").unwrap_or(""))?;
    let viewer = forms::viewer_of(app, session, kind).await?;
    let mut conn = app.store.read().await?;
    let account = match (kind, of("account")) {
        (PartyKind::Network, None) => {
            let body = Body::from_stream(transfers(app.store.clone()));
            return Ok(("tallystick-transfers.csv".to_owned(), body));
        }
        (PartyKind::Network, Some(id)) => {
            let id: AccountId = id.parse().map_err(|_| ApiError::NotFound)?;
            ledger::balance_of_account(&mut conn, id).await?
        }
        (_, account) => {
            let own = ledger::balances_of_party(&mut conn, viewer.party()).await?;
            match choose(&own, kind, account, of("currency"))? {
                Some(chosen) => chosen.clone(),
                // Nothing is booked yet.
                None => return Ok((format!("tallystick-{}.csv", role_of(kind)), Body::from(text([head(&LINE_HEAD)])))),
            }
        }
    };
    let name = format!("tallystick-{}-{}-{}.csv", role_of(kind), account.kind, account.currency.code());
    Ok((name, Body::from_stream(lines(app.store.clone(), account, kind))))
}

/// Rows as they stand in a file.
fn text(rows: impl IntoIterator<Item = Vec<String>>) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("a buffer takes what is written");
    }
    Bytes::from(writer.into_inner().expect("a buffer is flushed"))
}

fn head(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const LINE_HEAD: [&str; 9] =
    ["time", "entry", "what", "conversion_id", "campaign", "order_id", "currency", "change", "balance"];

/// An account, oldest line first, each with the balance after it. An order's number is its advertiser's.
fn lines(store: Store, account: Balance, reader: PartyKind) -> impl Stream<Item = Result<Bytes, StoreError>> {
    struct At {
        after: Option<TransferId>,
        balance_minor: i64,
        is_first: bool,
    }
    let begin = Some(At { after: None, balance_minor: 0, is_first: true });
    try_unfold(begin, move |at| {
        let (store, account) = (store.clone(), account.clone());
        async move {
            let Some(mut at) = at else { return Ok(None) };
            let found = statements::oldest(&mut store.read().await?, account.account_id, at.after, PART).await?;
            let is_last = (found.len() as i64) < PART;
            let mut rows = if at.is_first { vec![head(&LINE_HEAD)] } else { Vec::new() };
            for line in found {
                at.balance_minor = at.balance_minor.saturating_add(line.change_minor);
                at.after = Some(line.transfer_id);
                rows.push(line_row(&account, reader, at.balance_minor, line));
            }
            at.is_first = false;
            Ok(Some((text(rows), (!is_last).then_some(at))))
        }
    })
}

fn line_row(account: &Balance, reader: PartyKind, balance_minor: i64, line: Line) -> Vec<String> {
    let money = |minor: i64| account.currency.decimal(account.kind.displayed(minor));
    let order = line.order_id.filter(|_| reader != PartyKind::Publisher).unwrap_or_default();
    vec![
        line.created_at_ms.to_string(),
        entry(&line.code),
        line.fact.to_string(),
        line.conversion_id.map(|id| id.to_string()).unwrap_or_default(),
        cell(&line.campaign_name.unwrap_or_default()),
        cell(&order),
        account.currency.code().to_owned(),
        money(line.change_minor),
        money(balance_minor),
    ]
}

const TRANSFER_HEAD: [&str; 10] = [
    "transfer_id",
    "time",
    "fact",
    "entry",
    "debit_party",
    "debit_account",
    "credit_party",
    "credit_account",
    "currency",
    "amount",
];

/// Every transfer, oldest first.
fn transfers(store: Store) -> impl Stream<Item = Result<Bytes, StoreError>> {
    try_unfold(Some((None, true)), move |at: Option<(Option<TransferId>, bool)>| {
        let store = store.clone();
        async move {
            let Some((after, is_first)) = at else { return Ok(None) };
            let found = ledger::list_forward(&mut store.read().await?, after, PART).await?;
            let next = found.last().filter(|_| found.len() as i64 == PART).map(|last| (Some(last.transfer_id), false));
            let head = is_first.then(|| head(&TRANSFER_HEAD));
            Ok(Some((text(head.into_iter().chain(found.into_iter().map(transfer_row))), next)))
        }
    })
}

fn transfer_row(transfer: Transfer) -> Vec<String> {
    vec![
        transfer.transfer_id.to_string(),
        transfer.created_at_ms.to_string(),
        transfer.fact.to_string(),
        entry(&transfer.code),
        cell(&transfer.debit_name),
        transfer.debit_kind.to_string(),
        cell(&transfer.credit_name),
        transfer.credit_kind.to_string(),
        transfer.currency.code().to_owned(),
        transfer.currency.decimal(transfer.amount_minor),
    ]
}
