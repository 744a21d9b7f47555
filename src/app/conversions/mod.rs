//! The list of conversions, as each role sees it: filtered by state, newest first, with what to do now.

mod review_forms;
mod sentence;

use leptos::prelude::*;

use self::review_forms::ReviewForms;
pub use self::sentence::sentence;
use super::error::ApiError;
use super::page::{Request, zone_of};
use super::ui::{ReasonLink, StatusTag};
use crate::domain::conversion::{ConversionState, OrderId};
use crate::domain::ids::ConversionId;
use crate::domain::money::Money;
use crate::domain::party::{Acting, PartyKind, Viewer};
use crate::domain::time::{Timestamp, Zone};
use crate::store::conversion_lists::{self, Listed};
use crate::store::conversions::Filter;

const PAGE: i64 = 50;

/// The whole page below the frame.
pub async fn conversion_list(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    // A parameter that says nothing is left out.
    let state: Option<ConversionState> = request.query.get("state").and_then(|text| text.parse().ok());
    let before: Option<ConversionId> = request.query.get("before").and_then(|text| text.parse().ok());
    let filter = Filter { state, before, limit: PAGE, ..Filter::default() };
    let rows = conversion_lists::list_of(&mut request.app.store.read().await?, viewer.acting, &filter).await?;
    let older = (rows.len() as i64 == PAGE).then(|| rows[rows.len() - 1].conversion.conversion_id);
    let place = request.path.clone();
    let list = if rows.is_empty() {
        view! { <Empty acting=viewer.acting place=place.clone() state=state/> }.into_any()
    } else {
        table(&request, &viewer, state, rows).into_any()
    };
    Ok(view! {
        <div class="page-head"><div><h1>"Conversions"</h1><p class="sub">{lead(viewer.acting)}</p></div></div>
        <StateFilter place=place.clone() state=state/>
        {list}
        {older.map(|id| {
            let state = state.map(|state| format!("state={state}&")).unwrap_or_default();
            view! {
                <nav class="pager" aria-label="Pages">
                    <span>"Newest first"</span>
                    <ul><li><a href=format!("{place}?{state}before={id}")>"Older"</a></li></ul>
                </nav>
            }
        })}
    }
    .into_any())
}

const fn lead(acting: Acting) -> &'static str {
    match acting {
        Acting::Publisher(_) => "Every sale and lead that came by your links, with where it stands and why.",
        Acting::Advertiser(_) => "Every reported sale and lead; the pending ones wait for your review.",
        Acting::Admin => "Every reported sale and lead of the network.",
    }
}

#[component]
fn StateFilter(place: String, state: Option<ConversionState>) -> impl IntoView {
    let options: Vec<_> = ConversionState::ALL
        .iter()
        .map(|one| {
            let (value, text) = (one.as_str(), one.as_str().replace('_', " "));
            view! { <option value=value selected={state == Some(*one)}>{text}</option> }
        })
        .collect();
    view! {
        <form class="range-bar" method="get" action=place>
            <label>"State"
                <select name="state"><option value="" selected=state.is_none()>"all"</option>{options}</select>
            </label>
            <button class="btn">"Show"</button>
        </form>
    }
}

#[component]
fn Empty(acting: Acting, place: String, state: Option<ConversionState>) -> impl IntoView {
    let (heading, text, href, word) = match (state, acting) {
        (Some(state), _) => (
            format!("No conversions are {}", state.as_str().replace('_', " ")),
            "Others may be there.",
            place,
            "Show all",
        ),
        (None, Acting::Publisher(_)) => (
            "Your first conversion will show here within seconds".to_owned(),
            "Place a tracking link: a sale or lead that comes by it is shown with its commission and its receipt.",
            "/publisher/links".to_owned(),
            "To your links",
        ),
        (None, Acting::Advertiser(_)) => (
            "Your first conversion will show here within seconds".to_owned(),
            "Report your sales and leads from your shop: the campaign's integration page shows how.",
            "/advertiser/campaigns".to_owned(),
            "To your campaigns",
        ),
        (None, Acting::Admin) => (
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

fn table(request: &Request, viewer: &Viewer, state: Option<ConversionState>, rows: Vec<Listed>) -> impl IntoView {
    let kind = viewer.acting.kind();
    let pays = kind != PartyKind::Publisher;
    let zone = zone_of(viewer);
    let rows: Vec<_> = rows.into_iter().map(|row| line(request, kind, state, &zone, row)).collect();
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
    filter: Option<ConversionState>,
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
    let badge = conversion.badge.as_str();
    view! {
        <tr>
            <th scope="row">
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

/// A time in the reader's zone, with the exact one for machines.
#[component]
fn Time<'z>(at: Timestamp, zone: &'z Zone) -> impl IntoView + use<> {
    view! { <time datetime=at.to_string()>{zone.show(at)}</time> }
}
