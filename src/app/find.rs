//! Find my order: one box for every id that somebody may have in hand, and what became of it.

use leptos::prelude::*;

use super::conversions::sentence;
use super::error::ApiError;
use super::figures::root;
use super::page::{Request, zone_of};
use super::ui::{Icon, ReasonLink, StatusTag};
use crate::domain::conversion::OrderId;
use crate::domain::ids::CampaignId;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::receipt::{ReceiptField, Sight};
use crate::domain::time::{Timestamp, Zone};
use crate::domain::trace::Verdict;
use crate::reports::find::{Found, FoundClick, Missed, find};
use crate::store::attempts::Attempt;
use crate::store::conversion_lists::Listed;

/// No id is longer.
const WORDS_CHARS_MAX: usize = 128;

/// What the reader of the results is.
struct Reader {
    kind: PartyKind,
    zone: Zone,
    now: Timestamp,
}

impl Reader {
    fn order(&self, order_id: &str) -> String {
        match ReceiptField::OrderId.sight(self.kind) {
            Sight::Whole => order_id.to_owned(),
            _ => order_id.parse::<OrderId>().map_or_else(|_| "\u{2026}".to_owned(), |id| id.masked()),
        }
    }

    fn time(&self, at: Timestamp) -> AnyView {
        view! { <time datetime=at.to_string()>{self.zone.show(at)}</time> }.into_any()
    }
}

/// The whole page below the frame.
pub async fn find_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let asked = request.query.get("q").unwrap_or_default();
    let words: String = asked.trim().chars().take(WORDS_CHARS_MAX + 1).collect();
    let reader = Reader { kind: viewer.acting.kind(), zone: zone_of(&viewer), now: request.now };
    let results = if words.is_empty() {
        hint(reader.kind)
    } else {
        let mut conn = request.app.store.snapshot().await?;
        let found = find(&mut conn, &viewer, &request.app.secret_key, &words, request.now).await?;
        if found.is_empty() { nothing(reader.kind) } else { results(&reader, found) }
    };
    let action = format!("{}/find", root(reader.kind));
    Ok(view! {
        <div class="page-head">
            <div><h1>"Find my order"</h1><p class="sub">"What arrived, when, what was decided, and why."</p></div>
        </div>
        <form class="search" method="get" action=action role="search" aria-label="Order, click or receipt">
            <input type="search" name="q" value=words aria-label="Order id, click id or receipt id" required/>
            <button class="btn" type="submit">"Find"</button>
        </form>
        {results}
    }
    .into_any())
}

const fn scope(kind: PartyKind) -> &'static str {
    match kind {
        PartyKind::Publisher => {
            "Found are your own clicks, and the orders that are credited to you or were reported with a click of yours."
        }
        PartyKind::Advertiser => {
            "Found are the orders and clicks of your campaigns, and every request of the last 30 days that named the order."
        }
        PartyKind::Network => {
            "Found are all orders and clicks, and every request of the last 30 days that named the order."
        }
    }
}

fn hint(kind: PartyKind) -> AnyView {
    view! {
        <p>"Enter a whole order id, a click id of 44 or 13 characters, or the id of a receipt."</p>
        <p class="hint">{scope(kind)}</p>
    }
    .into_any()
}

/// Also for what is somebody else's.
fn nothing(kind: PartyKind) -> AnyView {
    let (next, href, action) = match kind {
        PartyKind::Publisher => (
            "Ask the shop for the whole order id, or look for the click id that your visitor brought there.",
            "/publisher/conversions",
            "All conversions",
        ),
        PartyKind::Advertiser => (
            "Compare the id with the one in your shop, letter by letter; the campaign's integration page shows the \
            latest requests.",
            "/advertiser/campaigns",
            "To your campaigns",
        ),
        PartyKind::Network => {
            ("Compare the id with the one in the shop, letter by letter.", "/admin/conversions", "All conversions")
        }
    };
    view! {
        <div class="empty">
            <Icon name="search"/>
            <h2>"Nothing with this id has reached us"</h2>
            <p>{next}</p>
            <p class="hint">{scope(kind)}</p>
            <div class="btn-row"><a class="btn" href=href>{action}</a></div>
        </div>
    }
    .into_any()
}

fn results(reader: &Reader, found: Found) -> AnyView {
    let Found { conversions, missed, clicks, requests } = found;
    let orders: Vec<_> = conversions.into_iter().map(|row| order_row(reader, row)).collect();
    let missed: Vec<_> = missed.into_iter().map(|one| missed_row(reader, one)).collect();
    let clicks: Vec<_> = clicks.into_iter().map(|click| click_row(reader, click)).collect();
    let requests: Vec<_> = requests.into_iter().map(|request| request_row(reader, request)).collect();
    view! {
        {table("Orders", ["Order", "Reported", "What was decided"], orders)}
        {table("Not credited to you", ["Order", "Reported", "What became of your click"], missed)}
        {table("Clicks", ["Click", "From", "How it counts"], clicks)}
        {table("Requests that named the order", ["Received", "Answer", "What it means"], requests)}
    }
    .into_any()
}

fn table(title: &'static str, heads: [&'static str; 3], rows: Vec<AnyView>) -> Option<AnyView> {
    if rows.is_empty() {
        return None;
    }
    let heads = heads.map(|head| view! { <th scope="col">{head}</th> });
    Some(
        view! {
            <section class="section">
                <h2>{title}</h2>
                <div class="table-wrap" tabindex="0" role="region" aria-label=title>
                    <table class="data"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
                </div>
            </section>
        }
        .into_any(),
    )
}

fn order_row(reader: &Reader, row: Listed) -> AnyView {
    let decided = sentence(&row, &reader.zone, reader.now);
    let Listed { conversion, campaign_name, .. } = row;
    let code = conversion.told_reason().map(ToOwned::to_owned);
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/receipts/{}", conversion.conversion_id)>{reader.order(&conversion.order_id)}</a>
                <span class="sub">{format!("{} of {campaign_name}: open the receipt", conversion.event)}</span>
            </th>
            <td data-label="Reported">{reader.time(conversion.conversion_id.time())}</td>
            <td data-label="What was decided">
                <span>
                    <StatusTag state=conversion.state.as_str()/>
                    <span class="status-reason">{decided}" "{code.map(|code| view! { <ReasonLink code=code/> })}</span>
                </span>
            </td>
        </tr>
    }
    .into_any()
}

fn missed_row(reader: &Reader, missed: Missed) -> AnyView {
    let told = missed.verdict.map_or("It was not looked at: the order was decided before.", Verdict::sentence);
    let code = match missed.verdict {
        Some(Verdict::Refused(code)) => Some(code),
        _ => None,
    };
    view! {
        <tr>
            <th scope="row">
                {reader.order(&missed.order_id)}
                <span class="sub">{format!("{} of {}", missed.event, missed.campaign_name)}</span>
            </th>
            <td data-label="Reported">{reader.time(missed.reported_at)}</td>
            <td data-label="What became of your click">
                <span>{told}" "{code.map(|code| view! { <ReasonLink code=code.as_str()/> })}</span>
            </td>
        </tr>
    }
    .into_any()
}

fn click_row(reader: &Reader, found: FoundClick) -> AnyView {
    let FoundClick { click, campaign_name, publisher_name, link_name } = found;
    let from = match (reader.kind, link_name) {
        (PartyKind::Publisher, Some(link)) => link,
        (_, Some(link)) => format!("{publisher_name}, {link}"),
        (_, None) => publisher_name,
    };
    let counts = click.reason.map_or("It counts; an order on it can be credited.", |reason| reason.sentence());
    view! {
        <tr>
            <th scope="row">
                {reader.time(click.click_id.time())}
                <span class="sub">{campaign_name}" \u{b7} "<span class="mono">{click.click_id.to_string()}</span></span>
            </th>
            <td data-label="From">{from}</td>
            <td data-label="How it counts">
                <span>
                    {format!("{}: {counts} ", click.label)}
                    {click.reason.map(|reason| view! { <ReasonLink code=reason.as_str()/> })}
                </span>
            </td>
        </tr>
    }
    .into_any()
}

fn request_row(reader: &Reader, request: Attempt) -> AnyView {
    let campaign = request.campaign_id.map_or_else(|| "no campaign".to_owned(), |id: CampaignId| id.to_string());
    let meaning = match request.reason {
        Some(reason) => format!("{} {}", reason.sentence(), reason.remedy()),
        None if request.message.is_empty() => "The conversion is recorded.".to_owned(),
        None => request.message,
    };
    view! {
        <tr>
            <th scope="row">
                {reader.time(request.attempt_id.time())}
                <span class="sub">{format!("{} {}, campaign {campaign}", request.method, request.endpoint)}</span>
            </th>
            <td data-label="Answer">
                <span>
                    <StatusTag state=request.outcome.as_str()/>
                    <span class="status-reason">
                        {request.http_status}" "
                        {request.reason.map(|reason| view! { <ReasonLink code=reason.as_str()/> })}
                    </span>
                </span>
            </td>
            <td data-label="What it means">{meaning}</td>
        </tr>
    }
    .into_any()
}
