//! Cards, charts and the definitions of figures.

use leptos::prelude::*;

use crate::domain::money::{Currency, Money};
use crate::domain::party::PartyKind;
use crate::domain::report::Ratio;
use crate::reports::chart::{NARROW, Series, WIDE, svg};
use crate::reports::figures::{Earned, Figures};
use crate::reports::query::Metric;
use crate::reports::{Report, ReportQuery};

/// What stands where there is nothing to divide by, or nothing at all.
pub const DASH: &str = "\u{2013}";

/// The first segment of a role's paths.
pub const fn root(kind: PartyKind) -> &'static str {
    match kind {
        PartyKind::Publisher => "/publisher",
        PartyKind::Advertiser => "/advertiser",
        PartyKind::Network => "/admin",
    }
}

/// Every figure's definition, as the reports compute it (domain.md section 8).
pub const DEFINITIONS: [(&str, &str); 8] = [
    (
        "Clicks",
        "Gross = unique + duplicate + invalid. Unique is a visitor's first click of a day on a publisher's \
        links to a campaign; a duplicate is a later one of that day, and earns like it; an invalid one has its reason.",
    ),
    (
        "Landed",
        "Clicks that the advertiser's page saw arrive, once each. The landing rate is of the clicks with an id: unique, \
        duplicate, and those invalid only for a missing user agent or a flood.",
    ),
    ("Conversions", "Sales, leads and other events that are credited to a publisher, in whatever state."),
    ("CR", "Conversions that were not rejected, per unique click."),
    (
        "EPC",
        "Commission neither rejected nor reversed, per unique click on campaigns that pay in its currency. Times 100 it \
        is the earnings per 100 clicks.",
    ),
    ("AOV", "Amount of sales neither rejected nor reversed, per such sale."),
    ("Decline rate", "Rejected and reversed conversions, of those that were decided."),
    ("Earnings", "Commission neither rejected nor reversed: pending, approved and paid."),
];

/// Definitions by name, folded away.
pub fn definitions() -> AnyView {
    let entries = DEFINITIONS.into_iter().map(|(name, text)| {
        view! { <div><dt>{name}</dt><dd>{text}</dd></div> }
    });
    view! {
        <details class="definition">
            <summary>"How these figures are defined"</summary>
            <dl class="facts">{entries.collect::<Vec<_>>()}</dl>
        </details>
    }
    .into_any()
}

/// One amount per currency, never their sum.
pub fn amounts(figures: &Figures, of: impl Fn(Currency, &Earned) -> String) -> Vec<String> {
    figures.earned.iter().map(|(currency, earned)| of(*currency, earned)).collect()
}

pub fn commission(figures: &Figures) -> Vec<String> {
    amounts(figures, |currency, earned| Money::new(earned.all.earning().commission_minor, currency).to_string())
}

pub fn epc(figures: &Figures) -> Vec<String> {
    amounts(figures, |currency, _| figures.epc(currency).money(currency))
}

pub fn ratio_text(ratio: Ratio) -> String {
    match ratio.scaled(100) {
        Some(hundredths) => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        None => DASH.to_owned(),
    }
}

/// One figure: several values where there are several currencies, and a note under them.
pub struct Card {
    pub label: &'static str,
    pub values: Vec<String>,
    pub note: String,
    /// Where the rows behind it are.
    pub href: Option<String>,
    pub is_current: bool,
}

impl Card {
    pub fn new(label: &'static str, values: Vec<String>) -> Self {
        Self { label, values, note: String::new(), href: None, is_current: false }
    }

    pub fn count(label: &'static str, value: i64) -> Self {
        Self::new(label, vec![value.to_string()])
    }

    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    pub fn href(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// Chooses what the chart draws.
    pub fn metric(self, path: &str, query: &ReportQuery, metric: Metric) -> Self {
        let is_current = query.metric == metric;
        let href = ReportQuery { metric, ..*query }.at(path);
        Self { href: Some(href), is_current, ..self }
    }

    fn view(self) -> AnyView {
        let (first, others) = match self.values.split_first() {
            Some((first, others)) => (first.clone(), others.join(" \u{b7} ")),
            None => (DASH.to_owned(), String::new()),
        };
        let note = [others, self.note].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" \u{b7} ");
        let content = view! {
            <span>{self.label}</span>
            <span class="kpi-value">{first}</span>
            <span class="kpi-note">{note}</span>
        };
        match self.href {
            Some(href) => {
                let current = self.is_current.then_some("true");
                view! { <a class="kpi" href=href aria-current=current>{content}</a> }.into_any()
            }
            None => view! { <div class="kpi">{content}</div> }.into_any(),
        }
    }
}

pub fn cards(cards: Vec<Card>) -> AnyView {
    view! { <div class="kpis">{cards.into_iter().map(Card::view).collect::<Vec<_>>()}</div> }.into_any()
}

/// The chosen metric by day: one drawing, or one per currency where it is money.
pub fn charts(report: &Report) -> AnyView {
    let metric = report.query.metric;
    let is_money = matches!(metric, Metric::Commission | Metric::Amount);
    let currencies = report.currencies();
    let drawings: Vec<AnyView> = if is_money && !currencies.is_empty() {
        currencies.into_iter().map(|currency| chart(report, Some(currency))).collect()
    } else {
        vec![chart(report, None)]
    };
    drawings.into_any()
}

fn value_of(metric: Metric, figures: &Figures, currency: Option<Currency>) -> i64 {
    let earning = || currency.and_then(|currency| figures.earned.get(&currency)).map(|earned| earned.all.earning());
    match metric {
        Metric::Clicks => figures.clicks.unique,
        Metric::Conversions => figures.not_rejected(),
        Metric::Commission => earning().map_or(0, |sums| sums.commission_minor),
        Metric::Amount => earning().map_or(0, |sums| sums.amount_minor),
    }
}

fn chart(report: &Report, currency: Option<Currency>) -> AnyView {
    let metric = report.query.metric;
    let points: Vec<_> = report.days.iter().map(|(day, figures)| (*day, value_of(metric, figures, currency))).collect();
    let show = move |value: i64| match currency {
        Some(currency) => Money::new(value, currency).figure(),
        None => value.to_string(),
    };
    let unit = currency.map_or_else(String::new, |currency| format!(", {currency}"));
    let title = format!("{} per day{unit}", metric.word(report.kind));
    let total: i64 = points.iter().map(|(_, value)| value).sum();
    let best = points.iter().max_by_key(|(_, value)| *value);
    let best = best
        .filter(|(_, value)| *value > 0)
        .map_or_else(String::new, |(day, value)| format!(" The highest day is {day} with {}.", show(*value)));
    let description = format!("{} to {}: {} in total.{best}", report.from, report.to, show(total));
    let series = Series { title: &title, description: &description, points: &points, show: &show };
    let label = title.clone();
    let drawn = [svg(&series, WIDE), svg(&series, NARROW)].concat();
    let rows = points.iter().map(|(day, value)| {
        view! { <tr><th scope="row">{day.to_string()}</th><td class="num">{show(*value)}</td></tr> }
    });
    view! {
        <figure class="chart">
            <figcaption><span>{title.clone()}</span></figcaption>
            <div inner_html=drawn></div>
            <details>
                <summary>"Show as table"</summary>
                <div class="table-wrap tall" tabindex="0" role="region" aria-label=label>
                    <table class="data compact">
                        <thead><tr><th scope="col">"Day"</th><th scope="col" class="num">{title}</th></tr></thead>
                        <tbody>{rows.collect::<Vec<_>>()}</tbody>
                        <tfoot><tr><th scope="row">"Total"</th><td class="num">{show(total)}</td></tr></tfoot>
                    </table>
                </div>
            </details>
        </figure>
    }
    .into_any()
}
