//! The clicks behind an accrual: which visitors of the day were counted, and which of them are paid.

use leptos::prelude::*;

use super::sheet::moment;
use crate::app::page::zone_of;
use crate::domain::click::Click;
use crate::domain::ids::ConversionId;
use crate::domain::money::Money;
use crate::domain::party::Viewer;
use crate::domain::time::{Day, Zone};
use crate::reports::paid_clicks::{PAGE_CLICKS, PaidClicks};

const NOTHING: &str = "\u{2013}";

/// What was counted and what of it is paid, in words: `100 valid visitors on 2026-03-02 (UTC), 60 of them paid.`
fn told(behind: &PaidClicks) -> String {
    let day = Day(behind.day.utc_day);
    let counted = match behind.day.clicks {
        1 => format!("1 valid visitor on {day} (UTC)"),
        clicks => format!("{clicks} valid visitors on {day} (UTC)"),
    };
    let pay = behind.pay.map(|pay| format!(" The terms pay {}.", pay.sentence())).unwrap_or_default();
    if behind.paid.is_capped {
        format!("{counted}; the limit of the day is reached, and the first {} are paid.{pay}", behind.paid.clicks)
    } else {
        format!("{counted}, all of them paid.{pay}")
    }
}

/// A table of the clicks, a page at a time.
pub fn clicks(behind: &PaidClicks, viewer: &Viewer, id: ConversionId) -> AnyView {
    let zone = zone_of(viewer);
    let before = (behind.page - 1) * PAGE_CLICKS;
    let rows: Vec<_> =
        (before + 1..).zip(&behind.clicks).map(|(number, click)| row(behind, number, click, &zone)).collect();
    let list = if rows.is_empty() { ().into_any() } else { table(rows) };
    view! {
        <section class="section" id="clicks">
            <h2>"Clicks behind it"</h2>
            <p>{told(behind)}</p>
            {behind.are_forgotten.then(|| view! {
                <p class="hint">
                    "The clicks themselves were removed when their time of keeping was over. Their number stands, as it was \
                    counted on the day."
                </p>
            })}
            {list}
            {(behind.pages > 1).then(|| pager(behind, id))}
        </section>
    }
    .into_any()
}

fn table(rows: Vec<AnyView>) -> AnyView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Clicks behind it">
            <table class="data compact">
                <thead>
                    <tr>
                        <th scope="col">"Click"</th>
                        <th scope="col">"Came from"</th>
                        <th scope="col">"Device"</th>
                        <th scope="col" class="num">"Pays"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(behind: &PaidClicks, number: i64, click: &Click, zone: &Zone) -> AnyView {
    let at = click.click_id.time();
    let pays = match behind.pay {
        Some(pay) if number <= behind.paid.clicks => Money::new(pay.minor, pay.currency).to_string(),
        _ => "beyond the limit".to_owned(),
    };
    view! {
        <tr>
            <th scope="row">
                {format!("{number}. ")}
                <time datetime=at.to_string()>{moment(zone, at)}</time>
                <span class="sub mono">{click.click_id.to_string()}</span>
            </th>
            <td data-label="Came from">{click.referrer_host.clone().unwrap_or_else(|| NOTHING.to_owned())}</td>
            <td data-label="Device">{format!("{}, {}", click.device, click.browser)}</td>
            <td class="num money" data-label="Pays">{pays}</td>
        </tr>
    }
    .into_any()
}

fn pager(behind: &PaidClicks, id: ConversionId) -> AnyView {
    let link = |page: i64, word: &'static str| {
        view! { <li><a href=format!("/receipts/{id}?page={page}#clicks")>{word}</a></li> }
    };
    view! {
        <nav class="pager" aria-label="Pages of clicks">
            <span>{format!("Page {} of {}", behind.page, behind.pages)}</span>
            <ul>
                {(behind.page > 1).then(|| link(behind.page - 1, "Earlier"))}
                {(behind.page < behind.pages).then(|| link(behind.page + 1, "Later"))}
            </ul>
        </nav>
    }
    .into_any()
}
