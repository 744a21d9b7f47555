//! The report page of each role.

use leptos::prelude::*;

use super::parts::{Card, amounts, cards, charts, commission, definitions, epc, root};
use super::range_bar::{Names, chips, lag_notice, notices, range_bar};
use super::tables::{clicks_table, rows_table, states_tables};
use crate::app::error::ApiError;
use crate::app::page::Request;
use crate::domain::ids::CampaignId;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::report::Dimension;
use crate::reports::query::Metric;
use crate::reports::{self, Report, ReportQuery};
use crate::store::{Conn, totals};

/// The whole page under the frame.
pub async fn report_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let kind = viewer.acting.kind();
    let (query, mut notes) = ReportQuery::parse(request.query.clone(), kind);
    let mut conn = request.app.store.snapshot_counted().await?;
    notes.extend(lag_notice(&conn));
    let report = reports::run(&mut conn, &viewer, &query, request.now).await?;
    let campaigns = totals::campaign_names(&mut conn, viewer.party()).await?;
    let names = names(&mut conn, &viewer, &query, &campaigns, &request).await?;
    let path = format!("{}/reports", root(kind));
    let role = root(kind).trim_start_matches('/');
    let parameters = query.to_url();
    let csv = if parameters.is_empty() {
        format!("/reports.csv?as={role}")
    } else {
        format!("/reports.csv?as={role}&{parameters}")
    };
    let is_empty = report.rows.is_empty();
    Ok(view! {
        <div class="page-head">
            <div>
                <h1>"Reports"</h1>
                <p class="sub">{format!("{}: {} to {}", query.range_text(), report.from, report.to)}</p>
            </div>
            <div class="page-actions"><a class="btn" href=csv rel="external">"Download CSV"</a></div>
        </div>
        {notices(&notes)}
        {range_bar(&path, kind, &query, &viewer.time_zone, &campaigns, true)}
        {chips(&path, &query, &names)}
        {if is_empty { nothing(&path, &query) } else { content(&report, &path) }}
        {definitions()}
    }
    .into_any())
}

fn content(report: &Report, path: &str) -> AnyView {
    view! {
        {summary(report, path)}
        {charts(report)}
        <section class="section"><h2>{format!("By {}", report.query.by)}</h2>{rows_table(report)}</section>
        <section class="section"><h2>"Clicks"</h2>{clicks_table(&report.total)}</section>
        <section class="section"><h2>"Conversions by state"</h2>{states_tables(report)}</section>
        <section class="section"><h2>"Conversions by event"</h2>{by_event(report)}</section>
    }
    .into_any()
}

fn summary(report: &Report, path: &str) -> AnyView {
    let (total, query) = (&report.total, &report.query);
    let money = if report.kind == PartyKind::Publisher { "Earnings" } else { "Commission" };
    cards(vec![
        Card::count("Unique clicks", total.clicks.unique).note(format!("{} gross", total.clicks.gross())).metric(
            path,
            query,
            Metric::Clicks,
        ),
        Card::count("Conversions", total.conversions()).metric(path, query, Metric::Conversions),
        Card::new("CR", vec![total.conversion_rate().percent()]).note("not rejected, per unique click"),
        Card::new(money, commission(total)).metric(path, query, Metric::Commission),
        Card::new("EPC", epc(total)).note("per unique click"),
        Card::new("AOV", amounts(total, |currency, _| total.aov(currency).money(currency))).note("per sale"),
        Card::new("Decline rate", vec![total.decline_rate().percent()]).note("of decided conversions"),
    ])
}

fn by_event(report: &Report) -> AnyView {
    let rows = report.total.events().into_iter().map(|event| {
        let of_event = report.total.earned.values().filter_map(|earned| earned.events.get(event));
        let count: i64 = of_event.map(|figures| figures.not_rejected()).sum();
        view! {
            <tr>
                <th scope="row">{event.to_owned()}</th>
                <td class="num" data-label="Not rejected">{count}</td>
                <td class="num" data-label="CR">{report.total.conversion_rate_of(event).percent()}</td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Conversions by event">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Event"</th>
                        <th scope="col" class="num">"Not rejected"</th>
                        <th scope="col" class="num">"CR"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect::<Vec<_>>()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Nothing yet, or nothing that fits the filters.
fn nothing(path: &str, query: &ReportQuery) -> AnyView {
    let has_filter = query.campaign.is_some() || query.link.is_some();
    let has_filter = has_filter || query.publisher.is_some() || query.creative.is_some();
    let all = ReportQuery { campaign: None, link: None, publisher: None, creative: None, ..*query }.at(path);
    let ever = format!("{path}?range=all");
    view! {
        <div class="empty">
            <h2>{if has_filter { "Nothing fits these filters" } else { "Nothing happened in this period" }}</h2>
            <p>"Clicks and conversions are here within two seconds after they happen."</p>
            <div class="btn-row">
                {has_filter.then(|| view! { <a class="btn" href=all>"Clear the filters"</a> })}
                <a class="btn" href=ever>"Show all time"</a>
            </div>
        </div>
    }
    .into_any()
}

/// The names of the filters, found among the viewer's own figures only: an id of somebody else has no name.
async fn names(
    conn: &mut Conn,
    viewer: &Viewer,
    query: &ReportQuery,
    campaigns: &[(CampaignId, String)],
    request: &Request,
) -> Result<Names, ApiError> {
    let mut names = Names::default();
    if let Some(id) = query.campaign {
        let known = campaigns.iter().find(|(campaign, _)| *campaign == id);
        names.campaign = known.map_or_else(|| id.to_string(), |(_, name)| name.clone());
    }
    let ever = ReportQuery { range: reports::query::Range::Preset(reports::query::Preset::All), ..*query };
    for (by, id, name) in [
        (Dimension::Link, query.link.map(|id| id.0), &mut names.link),
        (Dimension::Publisher, query.publisher.map(|id| id.0), &mut names.publisher),
        (Dimension::Creative, query.creative.map(|id| id.0), &mut names.creative),
    ] {
        let Some(id) = id else { continue };
        let rows = reports::figures::ranked(conn, viewer, &ever, by, request.now).await?;
        let known = rows.into_iter().find(|row| row.key == id);
        *name = known.map_or_else(|| crate::domain::ids::PartyId(id).to_string(), |row| row.name);
    }
    Ok(names)
}
