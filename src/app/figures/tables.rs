//! Tables of figures: the rows of a report, clicks by label, conversions by state, and the top lists.

use leptos::prelude::*;

use super::parts::{DASH, root};
use super::range_bar::dimension_word;
use crate::domain::click::ClickReason;
use crate::domain::ids::{CampaignId, CreativeId, LinkId, PublisherId};
use crate::domain::money::{Currency, Money};
use crate::domain::party::PartyKind;
use crate::domain::reason_book::path;
use crate::domain::report::{ConversionSums, Dimension};
use crate::domain::time::Day;
use crate::reports::figures::{Figures, Row};
use crate::reports::query::Range;
use crate::reports::{Report, ReportQuery};

/// More rows than this are in the CSV file only; the total is of all.
const ROWS_SHOWN_MAX: usize = 400;
pub const TOP_SHOWN_MAX: usize = 9;

/// The report that a row opens: the rows behind its figures.
pub fn behind(kind: PartyKind, query: &ReportQuery, by: Dimension, key: i64) -> Option<String> {
    if key == 0 && by != Dimension::Day {
        return None;
    }
    let query = match by {
        Dimension::Day => {
            ReportQuery { range: Range::Custom { from: Day(key), to: Day(key) }, by: Dimension::Campaign, ..*query }
        }
        Dimension::Campaign => ReportQuery { campaign: Some(CampaignId(key)), by: Dimension::Day, ..*query },
        Dimension::Link => ReportQuery { link: Some(LinkId(key)), by: Dimension::Day, ..*query },
        Dimension::Creative => ReportQuery { creative: Some(CreativeId(key)), by: Dimension::Day, ..*query },
        Dimension::Publisher => ReportQuery { publisher: Some(PublisherId(key)), by: Dimension::Day, ..*query },
        Dimension::Advertiser => return None,
    };
    Some(query.at(&format!("{}/reports", root(kind))))
}

fn money(minor: i64, currency: Currency) -> String {
    Money::new(minor, currency).figure()
}

/// A column: its head, and what it shows of a line.
type Column = (String, Box<dyn Fn(&Figures) -> String + Send>);

/// The figures of one line, without its name: heads and cells come from the same list, so they cannot part.
fn columns(kind: PartyKind, currencies: &[Currency]) -> Vec<Column> {
    let mut columns: Vec<Column> = vec![
        ("Gross clicks".to_owned(), Box::new(|figures| figures.clicks.gross().to_string())),
        ("Unique".to_owned(), Box::new(|figures| figures.clicks.unique.to_string())),
        ("Duplicate".to_owned(), Box::new(|figures| figures.clicks.duplicate.to_string())),
        ("Invalid".to_owned(), Box::new(|figures| figures.clicks.invalid.to_string())),
        ("Landed".to_owned(), Box::new(|figures| figures.clicks.landed.to_string())),
        ("Landing rate".to_owned(), Box::new(|figures| figures.clicks.landing_rate().percent())),
        ("Conversions".to_owned(), Box::new(|figures| figures.conversions().to_string())),
        ("CR".to_owned(), Box::new(|figures| figures.conversion_rate().percent())),
    ];
    for &currency in currencies {
        let earning = move |figures: &Figures| {
            figures.earned.get(&currency).map(|earned| earned.all.earning()).unwrap_or_default()
        };
        let head = |word: &str| format!("{word}, {currency}");
        columns.push((head("Amount"), Box::new(move |figures| money(earning(figures).amount_minor, currency))));
        let word = if kind == PartyKind::Publisher { "Earnings" } else { "Commission" };
        columns.push((head(word), Box::new(move |figures| money(earning(figures).commission_minor, currency))));
        if kind != PartyKind::Publisher {
            columns.push((head("Fee"), Box::new(move |figures| money(earning(figures).fee_minor, currency))));
        }
        columns.push((head("EPC"), Box::new(move |figures| figures.epc(currency).money(currency))));
    }
    columns
}

/// The rows with their total.
pub fn rows_table(report: &Report) -> AnyView {
    let by = report.query.by;
    let columns = columns(report.kind, &report.currencies());
    let cells = |figures: &Figures| {
        let cells = columns.iter().map(|(head, show)| {
            view! { <td class="num" data-label=head.clone()>{show(figures)}</td> }
        });
        cells.collect::<Vec<_>>()
    };
    // A date is one word; a name may break.
    let class = (by == Dimension::Day).then_some("nowrap");
    let shown = report.rows.iter().take(ROWS_SHOWN_MAX).map(|row| {
        let name = match behind(report.kind, &report.query, by, row.key) {
            Some(href) => view! { <a class="row-link" href=href>{row.name.clone()}</a> }.into_any(),
            None => row.name.clone().into_any(),
        };
        view! { <tr><th scope="row" class=class>{name}</th>{cells(&row.figures)}</tr> }
    });
    let heads = columns.iter().map(|(head, _)| view! { <th scope="col" class="num">{head.clone()}</th> });
    let hidden = report.rows.len().saturating_sub(ROWS_SHOWN_MAX);
    let caption = format!("Figures by {by}");
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=caption>
            <table class="data compact">
                <thead><tr><th scope="col">{dimension_word(by)}</th>{heads.collect::<Vec<_>>()}</tr></thead>
                <tbody>{shown.collect::<Vec<_>>()}</tbody>
                <tfoot><tr><th scope="row">"Total"</th>{cells(&report.total)}</tr></tfoot>
            </table>
        </div>
        {(hidden > 0).then(|| view! {
            <p class="small muted">{format!("{hidden} more rows are in the CSV file; the total is of all of them.")}</p>
        })}
    }
    .into_any()
}

/// Gross = unique + duplicate + invalid, with the reasons of the invalid ones.
pub fn clicks_table(figures: &Figures) -> AnyView {
    let clicks = &figures.clicks;
    let line = |name: &'static str, note: &'static str, value: i64| {
        view! {
            <tr>
                <th scope="row">{name}<span class="sub">{note}</span></th>
                <td class="num" data-label="Clicks">{value}</td>
            </tr>
        }
    };
    let reasons = figures.invalid.iter().map(|(reason, clicks)| {
        let name = match reason {
            ClickReason::ConsentDenied => "Clicks without consent (cannot earn)",
            other => other.as_str(),
        };
        let (code, sentence, clicks) = (reason.as_str(), reason.sentence(), *clicks);
        view! {
            <tr>
                <th scope="row"><a href=path(code)>{name}</a><span class="sub">{sentence}</span></th>
                <td class="num" data-label="Clicks">{clicks}</td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Clicks by label">
            <table class="data">
                <thead><tr><th scope="col">"Clicks"</th><th scope="col" class="num">"Clicks"</th></tr></thead>
                <tbody>
                    {line("Unique", "The first of a visitor's day.", clicks.unique)}
                    {line("Duplicate", "A later one of that day; it earns like it.", clicks.duplicate)}
                    {line("Invalid", "Stored, and never counted.", clicks.invalid)}
                </tbody>
                <tfoot>
                    <tr><th scope="row">"Gross"</th><td class="num" data-label="Clicks">{clicks.gross()}</td></tr>
                </tfoot>
            </table>
        </div>
        {(!figures.invalid.is_empty()).then(|| view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label="Invalid clicks by reason">
                <table class="data">
                    <thead>
                        <tr><th scope="col">"Invalid because"</th><th scope="col" class="num">"Clicks"</th></tr>
                    </thead>
                    <tbody>{reasons.collect::<Vec<_>>()}</tbody>
                </table>
            </div>
        })}
    }
    .into_any()
}

/// One table per currency: conversions, amount and commission by state.
pub fn states_tables(report: &Report) -> AnyView {
    let has_fee = report.kind != PartyKind::Publisher;
    let tables = report.total.earned.iter().map(|(&currency, earned)| {
        let all = &earned.all;
        let line = move |name: &'static str, sums: &ConversionSums| {
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td class="num" data-label="Conversions">{sums.conversions}</td>
                    <td class="num" data-label="Amount">{money(sums.amount_minor, currency)}</td>
                    <td class="num" data-label="Commission">{money(sums.commission_minor, currency)}</td>
                    {has_fee.then(|| view! {
                        <td class="num" data-label="Fee">{money(sums.fee_minor, currency)}</td>
                    })}
                </tr>
            }
        };
        let mut total = all.earning();
        for sums in [&all.unattributed, &all.rejected, &all.reversed] {
            total.add(sums, 1);
        }
        let label = format!("Conversions by state, {currency}");
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label=label>
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">{format!("State, {currency}")}</th>
                            <th scope="col" class="num">"Conversions"</th>
                            <th scope="col" class="num">"Amount"</th>
                            <th scope="col" class="num">"Commission"</th>
                            {has_fee.then(|| view! { <th scope="col" class="num">"Fee"</th> })}
                        </tr>
                    </thead>
                    <tbody>
                        {(all.unattributed.conversions != 0).then(|| line("Unattributed", &all.unattributed))}
                        {line("Pending", &all.pending)}
                        {line("Approved, not yet paid", &all.approved)}
                        {line("Paid", &all.paid)}
                        {line("Rejected", &all.rejected)}
                        {line("Reversed", &all.reversed)}
                    </tbody>
                    <tfoot>{line("Total", &total)}</tfoot>
                </table>
            </div>
        }
    });
    tables.collect::<Vec<_>>().into_any()
}

/// The two figures beside a name.
type Cells<'a> = Box<dyn Fn(&Figures) -> [String; 2] + 'a>;

/// A top list: what is ranked by, and what stands beside it.
pub struct TopList<'a> {
    pub title: &'static str,
    pub empty: &'static str,
    pub by: Dimension,
    pub heads: [String; 2],
    pub rows: Vec<&'a Row>,
    /// What the bar shows.
    pub weight: Box<dyn Fn(&Figures) -> i64 + 'a>,
    pub cells: Cells<'a>,
}

impl TopList<'_> {
    pub fn view(self, kind: PartyKind, query: &ReportQuery) -> AnyView {
        if self.rows.is_empty() {
            return view! { <p class="muted">{self.empty}</p> }.into_any();
        }
        let most = self.rows.iter().map(|row| (self.weight)(&row.figures)).max().unwrap_or(0).max(1);
        let shown = self.rows.iter().take(TOP_SHOWN_MAX).map(|row| {
            let permille = i128::from((self.weight)(&row.figures).max(0)) * 1_000 / i128::from(most);
            let width = format!("{}.{}%", permille / 10, permille % 10);
            let [main, beside] = (self.cells)(&row.figures);
            let name = match behind(kind, query, self.by, row.key) {
                Some(href) => view! { <a href=href>{row.name.clone()}</a> }.into_any(),
                None => view! { <span>{row.name.clone()}</span> }.into_any(),
            };
            view! {
                <tr>
                    <td class="bar-cell">
                        <svg class="bar" aria-hidden="true"><rect width=width height="100%"></rect></svg>
                        {name}
                    </td>
                    <td class="num">{main}</td>
                    <td class="num">{beside}</td>
                </tr>
            }
        });
        let shown = shown.collect::<Vec<_>>();
        let all = ReportQuery { by: self.by, ..*query }.at(&format!("{}/reports", root(kind)));
        let more = self.rows.len() > TOP_SHOWN_MAX;
        let [main, beside] = self.heads;
        // With the ranked figure, since a list of each currency stands under one title.
        let label = format!("{}: {main}", self.title);
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label=label>
                <table class="data compact">
                    <thead>
                        <tr>
                            <th scope="col">{dimension_word(self.by)}</th>
                            <th scope="col" class="num">{main}</th>
                            <th scope="col" class="num">{beside}</th>
                        </tr>
                    </thead>
                    <tbody>{shown}</tbody>
                </table>
            </div>
            {more.then(|| view! { <p><a href=all>{format!("Show all {}", self.rows.len())}</a></p> })}
        }
        .into_any()
    }
}

/// The first currency in which something was earned, for rankings.
pub fn ranking_currencies(rows: &[Row]) -> Vec<Currency> {
    let mut currencies: Vec<Currency> = rows.iter().flat_map(|row| row.figures.earned.keys().copied()).collect();
    currencies.sort();
    currencies.dedup();
    currencies
}

/// A ratio or a dash, as the tables show it.
pub fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| DASH.to_owned())
}
