//! The list of conversions, as each role sees it: filtered by state, newest first, with what to do now; the queue of
//! those who review, oldest first.

mod review_forms;
mod sentence;
mod shown;

use leptos::prelude::*;

use self::review_forms::ReviewForms;
pub use self::sentence::sentence;
pub use self::shown::{HANDED_OVER, oldest_note, queue_of, queue_place};
use self::shown::{Shown, filter, queue_line};
use super::error::ApiError;
use super::page::{Request, zone_of};
use super::reviews::{FORM_ID, choosing};
use super::ui::{ReasonLink, StatusTag};
use crate::domain::click_pay;
use crate::domain::conversion::{ConversionState, OrderId};
use crate::domain::ids::ConversionId;
use crate::domain::money::Money;
use crate::domain::party::{Acting, PartyKind, Viewer};
use crate::domain::time::{Timestamp, Zone};
use crate::store::conversion_lists::{self, Listed};
use crate::store::conversions::{Conversion, Filter};
use crate::store::{Conn, StoreError};

const PAGE: i64 = 50;

/// The whole page below the frame.
pub async fn conversion_list(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let acting = viewer.acting;
    let shown = Shown::of(&request, acting);
    let mut conn = request.app.store.snapshot().await?;
    let rows = rows(&mut conn, &request, acting, shown).await?;
    let waiting = match queue_of(acting, request.now) {
        Some(queue) => Some(conversion_lists::waiting(&mut conn, queue).await?),
        None => None,
    };
    drop(conn);
    let last = (rows.len() as i64 == PAGE).then(|| rows[rows.len() - 1].conversion.conversion_id);
    let place = request.path.clone();
    let together = waiting.as_ref().filter(|_| matches!(shown, Shown::Queue(_)) && !rows.is_empty());
    let together = together.filter(|_| viewer.is_admitted()).map(|it| choosing(&request, acting.kind(), it));
    let list = if rows.is_empty() {
        view! { <Empty acting=acting place=place.clone() shown=shown/> }.into_any()
    } else {
        table(&request, &viewer, shown, rows).into_any()
    };
    Ok(view! {
        <div class="page-head"><div><h1>"Conversions"</h1><p class="sub">{lead(acting)}</p></div></div>
        {waiting.map(|waiting| queue_line(&waiting, acting, shown, request.now))}
        {filter(&place, acting, shown)}
        {together}
        {list}
        {last.map(|id| pager(&place, acting, shown, id))}
    }
    .into_any())
}

/// A page of them; a queue begins with the oldest.
async fn rows(conn: &mut Conn, request: &Request, acting: Acting, shown: Shown) -> Result<Vec<Listed>, StoreError> {
    let asked = |name: &str| request.query.get(name).and_then(|text| text.parse::<ConversionId>().ok());
    let state = match shown {
        Shown::Queue(queue) => return conversion_lists::list_queue(conn, queue, asked("after"), PAGE).await,
        Shown::State(state) => Some(state),
        Shown::All => None,
    };
    let filter = Filter { state, before: asked("before"), limit: PAGE, ..Filter::default() };
    conversion_lists::list_of(conn, acting, &filter).await
}

/// The way to the next page, after the last row of this one.
fn pager(place: &str, acting: Acting, shown: Shown, last: ConversionId) -> AnyView {
    let (order, word, from) = match shown {
        Shown::Queue(_) => ("Oldest first", "Later", "after"),
        Shown::All | Shown::State(_) => ("Newest first", "Older", "before"),
    };
    let state = match shown.name(acting) {
        "" => String::new(),
        name => format!("state={name}&"),
    };
    view! {
        <nav class="pager" aria-label="Pages">
            <span>{order}</span>
            <ul><li><a href=format!("{place}?{state}{from}={last}")>{word}</a></li></ul>
        </nav>
    }
    .into_any()
}

const fn lead(acting: Acting) -> &'static str {
    match acting {
        Acting::Publisher(_) => "Every sale and lead that came by your links, with where it stands and why.",
        Acting::Advertiser(_) => "Every reported sale and lead; the pending ones wait for your review.",
        Acting::Admin => "Every reported sale and lead of the network.",
    }
}

#[component]
fn Empty(acting: Acting, place: String, shown: Shown) -> impl IntoView {
    let (heading, text, href, word) = match (shown, acting) {
        (Shown::State(_) | Shown::Queue(_), _) => {
            (format!("No conversions are {}", shown.words(acting)), "Others may be there.", place, "Show all")
        }
        (Shown::All, Acting::Publisher(_)) => (
            "Your first conversion will show here within seconds".to_owned(),
            "Place a tracking link: a sale or lead that comes by it is shown with its commission and its receipt.",
            "/publisher/links".to_owned(),
            "To your links",
        ),
        (Shown::All, Acting::Advertiser(_)) => (
            "Your first conversion will show here within seconds".to_owned(),
            "Report your sales and leads from your shop: the campaign's integration page shows how.",
            "/advertiser/campaigns".to_owned(),
            "To your campaigns",
        ),
        (Shown::All, Acting::Admin) => (
            "No conversion was reported yet".to_owned(),
            "Advertisers report sales and leads of their live campaigns.",
            "/admin/parties".to_owned(),
            "To the parties",
        ),
    };
    view! {
        <div class="empty">
            <h2>{heading}</h2>
            <p>{text}</p>
            <div class="btn-row"><a class="btn" href=href>{word}</a></div>
        </div>
    }
}

fn table(request: &Request, viewer: &Viewer, shown: Shown, rows: Vec<Listed>) -> impl IntoView {
    let kind = viewer.acting.kind();
    let pays = kind != PartyKind::Publisher;
    let (zone, filter) = (zone_of(viewer), shown.name(viewer.acting));
    let is_queue = matches!(shown, Shown::Queue(_));
    let rows: Vec<_> = rows.into_iter().map(|row| line(request, kind, filter, is_queue, &zone, row)).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Conversions">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Order"</th>
                        {pays.then(|| view! { <th scope="col">"Publisher"</th> })}
                        <th scope="col" class="num">"Amount"</th>
                        <th scope="col" class="num">"Commission"</th>
                        {pays.then(|| view! { <th scope="col" class="num">"Network fee"</th> })}
                        <th scope="col">"Reported"</th>
                        <th scope="col">"Status"</th>
                        {pays.then(|| view! { <th scope="col">"Review"</th> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn line(
    request: &Request,
    kind: PartyKind,
    filter: &'static str,
    is_queue: bool,
    zone: &Zone,
    row: Listed,
) -> impl IntoView + use<> {
    let pays = kind != PartyKind::Publisher;
    let status = sentence(&row, zone, request.now);
    let Listed { conversion, campaign_name, publisher_name, .. } = row;
    let code = conversion.told_reason().map(ToOwned::to_owned);
    let money = |minor| Money::new(minor, conversion.currency).to_string();
    let order = match conversion.order_id.parse::<OrderId>() {
        Ok(order) if !pays => order.masked(),
        _ => conversion.order_id.clone(),
    };
    let order = click_pay::told_name(&conversion.event, conversion.converted_at_ms).unwrap_or(order);
    let badge = conversion.badge.as_str();
    view! {
        <tr>
            <th scope="row">
                {is_queue.then(|| tick(&conversion))}
                <a href=format!("/receipts/{}", conversion.conversion_id)>{order}</a>
                <span class="sub">
                    {format!("{} of {campaign_name} \u{b7} ", conversion.event)}
                    <Time at=conversion.converted_at_ms zone=zone/>
                    {conversion.is_test.then_some(" \u{b7} test")}
                </span>
            </th>
            {pays.then(|| view! { <td data-label="Publisher">{publisher_name.unwrap_or_else(|| "\u{2013}".to_owned())}</td> })}
            <td class="num money" data-label="Amount">
                {conversion.amount_minor.map_or_else(|| "\u{2013}".to_owned(), money)}
            </td>
            <td class="num money" data-label="Commission">{money(conversion.commission_minor)}</td>
            {pays.then(|| view! { <td class="num money" data-label="Network fee">{money(conversion.fee_minor)}</td> })}
            <td data-label="Reported"><span class=format!("badge badge-{badge}")>{badge}</span></td>
            <td data-label="Status">
                <span>
                    <StatusTag state=conversion.state.as_str()/>
                    <span class="status-reason">{status}" "{code.map(|code| view! { <ReasonLink code=code/> })}</span>
                </span>
            </td>
            {pays.then(|| view! {
                <td data-label="Review">
                    {(conversion.state == ConversionState::Pending).then(|| {
                        ReviewForms::new(request, kind, filter, &conversion).into_view()
                    })}
                </td>
            })}
        </tr>
    }
}

/// A box that takes the row into the form for many.
fn tick(conversion: &Conversion) -> AnyView {
    let (id, words) = (conversion.conversion_id.to_string(), format!("Take order {}", conversion.order_id));
    view! {
        <label class="check">
            <input type="checkbox" name="ids[]" value=id form=FORM_ID/>
            <span class="visually-hidden">{words}</span>
        </label>
    }
    .into_any()
}

/// A time in the reader's zone, with the exact one for machines.
#[component]
fn Time<'z>(at: Timestamp, zone: &'z Zone) -> impl IntoView + use<> {
    view! { <time datetime=at.to_string()>{zone.show(at)}</time> }
}
