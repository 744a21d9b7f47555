//! Statements: one account line by line, each with the balance after it and what it is about.

mod download;

use leptos::prelude::*;

pub use download::ledger_csv;

use crate::app::error::ApiError;
use crate::app::figures::root;
use crate::app::page::{Request, role_page, zone_of};
use crate::domain::account::AccountKind;
use crate::domain::ids::{AccountId, DepositId, PayoutId, TransferId};
use crate::domain::ledger::Fact;
use crate::domain::money::{Currency, Money};
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::statement::entry;
use crate::domain::time::Zone;
use crate::store::Conn;
use crate::store::ledger::{self, Balance};
use crate::store::statements::{self, Line};

const PAGE: i64 = 50;

/// The account that a party asks for first: what it gets next, or what it owes.
const fn first_kind(kind: PartyKind) -> AccountKind {
    match kind {
        PartyKind::Advertiser => AccountKind::Receivable,
        PartyKind::Publisher | PartyKind::Network => AccountKind::Payable,
    }
}

/// `publisher`, `advertiser` or `admin`, as addresses name it.
fn role_of(kind: PartyKind) -> &'static str {
    root(kind).trim_start_matches('/')
}

/// The page above a party's statement, and its name.
const fn above(kind: PartyKind) -> (&'static str, &'static str) {
    match kind {
        PartyKind::Advertiser => ("/advertiser/balance", "Balance"),
        PartyKind::Publisher => ("/publisher/payouts", "Payouts"),
        PartyKind::Network => ("/admin/ledger", "Ledger"),
    }
}

/// Of a party's own accounts the one that the address names, else the first that it would ask for.
fn choose<'b>(
    balances: &'b [Balance],
    kind: PartyKind,
    account: Option<&str>,
    currency: Option<&str>,
) -> Result<Option<&'b Balance>, ApiError> {
    let account: Option<AccountKind> = account.map(str::parse).transpose().map_err(|_| ApiError::NotFound)?;
    let currency: Option<Currency> = currency.map(str::parse).transpose().map_err(|_| ApiError::NotFound)?;
    let is_asked = |one: &&Balance| {
        account.is_none_or(|asked| asked == one.kind) && currency.is_none_or(|asked| asked == one.currency)
    };
    let usual = balances.iter().filter(is_asked).find(|one| one.kind == first_kind(kind));
    let found = usual.or_else(|| balances.iter().find(is_asked));
    if found.is_none() && (account.is_some() || currency.is_some()) { Err(ApiError::NotFound) } else { Ok(found) }
}

/// The statement of a party's own accounts.
pub fn statement_page(kind: PartyKind) -> impl IntoView {
    role_page(kind, "Statement", move |request, viewer| own_statement(kind, request, viewer))
}

async fn own_statement(kind: PartyKind, request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    // One moment: the balance is the sum of its lines.
    let mut conn = request.app.store.snapshot().await?;
    let mut balances = ledger::balances_of_party(&mut conn, viewer.party()).await?;
    // As money goes: pending, approved, payable, in payout.
    balances.sort_by_key(|one| (one.currency, one.kind));
    let (account, currency) = (request.query.get("account"), request.query.get("currency"));
    let Some(chosen) = choose(&balances, kind, account.as_deref(), currency.as_deref())?.cloned() else {
        return Ok(empty(kind));
    };
    let address = |one: &Balance| {
        format!("{}/statement?account={}&currency={}", above(kind).0, one.kind.as_str(), one.currency.code())
    };
    let sheet = Sheet::read(&mut conn, &request, &chosen, kind).await?;
    let file = format!("/ledger.csv?as={}&account={}&currency={}", role_of(kind), chosen.kind, chosen.currency);
    let tabs = balances.iter().map(|one| tab(one, address(one), one.account_id == chosen.account_id));
    Ok(view! {
        {breadcrumb(kind, "Statement".to_owned())}
        <div class="page-head">
            <div>
                <h1>"Statement"</h1>
                <p class="sub">"Every movement of your accounts. Nothing is ever changed: a correction is a line of its own."</p>
            </div>
            <div class="page-actions"><a class="btn" href=file>"Download CSV"</a></div>
        </div>
        <nav class="kpis" aria-label="Accounts">{tabs.collect::<Vec<_>>()}</nav>
        {sheet.view(&zone_of(&viewer), &address(&chosen))}
    }
    .into_any())
}

/// An account of any party, for admins.
#[component]
pub fn AccountPage() -> impl IntoView {
    role_page(PartyKind::Network, "Account", async |request, viewer| {
        let id: AccountId = request.param("id")?;
        let mut conn = request.app.store.snapshot().await?;
        let account = ledger::balance_of_account(&mut conn, id).await?;
        let sheet = Sheet::read(&mut conn, &request, &account, PartyKind::Network).await?;
        let title = format!("{}: {}, {}", account.party_name, account.kind.title(), account.currency.code());
        let file = format!("/ledger.csv?as=admin&account={id}");
        Ok(view! {
            {breadcrumb(PartyKind::Network, account.party_name.clone())}
            <div class="page-head">
                <div><h1>{title}</h1></div>
                <div class="page-actions"><a class="btn" href=file>"Download CSV"</a></div>
            </div>
            {sheet.view(&zone_of(&viewer), &format!("/admin/ledger/{id}"))}
        }
        .into_any())
    })
}

fn breadcrumb(kind: PartyKind, here: String) -> impl IntoView {
    let (href, name) = above(kind);
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol><li><a href=href>{name}</a></li><li aria-current="page">{here}</li></ol>
        </nav>
    }
}

fn tab(balance: &Balance, href: String, is_chosen: bool) -> impl IntoView + use<> {
    let money = Money::new(balance.kind.displayed(balance.balance_minor), balance.currency);
    view! {
        <a class="kpi" href=href aria-current=is_chosen.then_some("true")>
            <span class="kpi-label">{balance.kind.title()}</span>
            <span class="kpi-value">{money.figure()} " " <small>{money.currency.code()}</small></span>
        </a>
    }
}

fn empty(kind: PartyKind) -> AnyView {
    let (text, place) = match kind {
        PartyKind::Advertiser => ("Once a publisher brings a sale or lead, what it costs is booked.", "campaigns"),
        PartyKind::Publisher | PartyKind::Network => ("Your first conversion books the first lines.", "conversions"),
    };
    let href = format!("/{}/{place}", role_of(kind));
    view! {
        <div class="page-head"><h1>"Statement"</h1></div>
        <div class="empty">
            <h2>"Nothing is booked yet"</h2>
            <p>{text}</p>
            <div class="btn-row"><a class="btn" href=href>{format!("To your {place}")}</a></div>
        </div>
    }
    .into_any()
}

/// A page of an account's lines, newest first.
struct Sheet {
    account: Balance,
    reader: PartyKind,
    /// After the first of the lines; credits less debits.
    balance_minor: i64,
    lines: Vec<Line>,
}

impl Sheet {
    async fn read(conn: &mut Conn, request: &Request, account: &Balance, reader: PartyKind) -> Result<Self, ApiError> {
        let before: Option<TransferId> = request.query.get("before").and_then(|text| text.parse().ok());
        let balance_minor = statements::balance(conn, account.account_id, before).await?;
        let lines = statements::newest(conn, account.account_id, before, PAGE).await?;
        Ok(Self { account: account.clone(), reader, balance_minor, lines })
    }

    fn view(self, zone: &Zone, address: &str) -> AnyView {
        let is_full = self.lines.len() as i64 == PAGE;
        let older = self.lines.last().filter(|_| is_full).map(|line| line.transfer_id);
        let separator = if address.contains('?') { '&' } else { '?' };
        let title = format!("{} in {}", self.account.kind.title(), self.account.currency.code());
        let explained = self.account.kind.explained();
        let older = older.map(|id| {
            view! {
                <nav class="pager" aria-label="Pages">
                    <span>"Newest first"</span>
                    <ul><li><a href=format!("{address}{separator}before={id}")>"Older"</a></li></ul>
                </nav>
            }
        });
        view! {
            <section class="section">
                <h2>{title}</h2>
                <p class="hint">{explained}</p>
                {self.table(zone)}
                {older}
            </section>
        }
        .into_any()
    }

    fn table(self, zone: &Zone) -> AnyView {
        if self.lines.is_empty() {
            return view! { <p>"No line is older."</p> }.into_any();
        }
        let (kind, currency, reader) = (self.account.kind, self.account.currency, self.reader);
        let mut balance_minor = self.balance_minor;
        let rows = self.lines.into_iter().map(|line| {
            let after = Money::new(kind.displayed(balance_minor), currency);
            balance_minor -= line.change_minor;
            row(zone, reader, Money::new(kind.displayed(line.change_minor), currency), after, line)
        });
        let rows = rows.collect::<Vec<_>>();
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label="Statement">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col">"Time"</th>
                            <th scope="col">"About"</th>
                            <th scope="col" class="num">"Change"</th>
                            <th scope="col" class="num">"Balance"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

fn row(zone: &Zone, reader: PartyKind, change: Money, after: Money, line: Line) -> impl IntoView + use<> {
    let class = |money: &Money| if money.minor < 0 { "num money neg" } else { "num money" };
    let (of_change, of_balance) = (class(&change), class(&after));
    let sign = if change.minor > 0 { "+" } else { "" };
    view! {
        <tr>
            <th scope="row">{entry(&line.code)}</th>
            <td data-label="Time">{zone.show(line.created_at_ms)}</td>
            <td data-label="About">{about(reader, line)}</td>
            <td class=of_change data-label="Change">{format!("{sign}{change}")}</td>
            <td class=of_balance data-label="Balance">{after.to_string()}</td>
        </tr>
    }
}

/// What a line is about, with the way there; an order's number is its advertiser's.
fn about(reader: PartyKind, line: Line) -> AnyView {
    let (Some(conversion), Some(campaign)) = (line.conversion_id, line.campaign_name) else {
        return view! { <span>{fact_name(line.fact, line.fact_id)}</span> }.into_any();
    };
    let order = line.order_id.filter(|_| reader != PartyKind::Publisher);
    view! {
        <span>
            <a href=format!("/receipts/{conversion}")>"Receipt"</a>
            <span class="sub">{campaign}{order.map(|order| format!(" \u{b7} {order}"))}</span>
        </span>
    }
    .into_any()
}

fn fact_name(fact: Fact, id: i64) -> String {
    match fact {
        Fact::Payout => format!("Payout {}", PayoutId(id)),
        Fact::Deposit => format!("Payment {}", DepositId(id)),
        Fact::Conversion | Fact::Allocation => String::new(),
    }
}
