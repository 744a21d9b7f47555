//! The one query path: a report run for a viewer. Rows, days and totals come from the day totals of the viewer's own
//! reader id; a total is the sum of its rows.

use std::collections::{BTreeMap, BTreeSet};

use super::query::ReportQuery;
use crate::domain::click::{ClickLabel, ClickReason};
use crate::domain::click_pay;
use crate::domain::money::Currency;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::report::{ClickFigures, ConversionFigures, ConversionSums, Dimension, Ratio};
use crate::domain::time::{Day, Timestamp, Zone};
use crate::store::totals::{self, ClickTotal, ConversionTotal, Wanted};
use crate::store::{Conn, StoreError};

/// The event whose orders have an average value.
const SALE: &str = "sale";

/// Conversions of one currency, altogether and by event. Paid clicks are in the money alone, and no event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earned {
    pub all: ConversionFigures,
    pub events: BTreeMap<String, ConversionFigures>,
}

/// Clicks and conversions of a row, a day or a whole report (definitions: domain.md section 8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    pub clicks: ClickFigures,
    /// Unique clicks on campaigns that pay in a currency, for each currency in which the report has conversions.
    pub unique_in: BTreeMap<Currency, i64>,
    /// Invalid clicks by reason.
    pub invalid: BTreeMap<ClickReason, i64>,
    /// Conversions by currency: nothing is ever summed across.
    pub earned: BTreeMap<Currency, Earned>,
}

impl Figures {
    fn add_clicks(&mut self, total: &ClickTotal) -> Result<(), StoreError> {
        let reason: Option<ClickReason> = match total.label {
            ClickLabel::Invalid => Some(total.reason.parse().map_err(|_| corrupt(&total.reason))?),
            _ => None,
        };
        self.clicks.add(total.label, reason, total.clicks);
        if let Some(reason) = reason {
            *self.invalid.entry(reason).or_default() += total.clicks;
        }
        Ok(())
    }

    fn add_conversions(&mut self, total: &ConversionTotal) {
        let earned = self.earned.entry(total.currency).or_default();
        if total.event == click_pay::EVENT {
            // What clicks themselves earn is commission, and nothing that anybody bought.
            let sums = ConversionSums { conversions: 0, ..total.sums() };
            earned.all.add(total.state, &sums);
            return;
        }
        earned.all.add(total.state, &total.sums());
        earned.events.entry(total.event.clone()).or_default().add(total.state, &total.sums());
    }

    /// Credited conversions of every currency and state: a count, so that currencies may be added.
    pub fn conversions(&self) -> i64 {
        let credited = |earned: &Earned| earned.all.not_rejected() + earned.all.rejected.conversions;
        self.earned.values().map(credited).sum()
    }

    /// Conversions that were not rejected.
    pub fn not_rejected(&self) -> i64 {
        self.earned.values().map(|earned| earned.all.not_rejected()).sum()
    }

    /// The same in one currency: beside money in it, in no other.
    pub fn not_rejected_in(&self, currency: Currency) -> i64 {
        self.earned.get(&currency).map_or(0, |earned| earned.all.not_rejected())
    }

    /// CR: conversions not rejected per unique click.
    pub fn conversion_rate(&self) -> Ratio {
        Ratio::conversion_rate(self.not_rejected(), self.clicks.unique)
    }

    /// CR of one event.
    pub fn conversion_rate_of(&self, event: &str) -> Ratio {
        let of_event = self.earned.values().filter_map(|earned| earned.events.get(event));
        Ratio::conversion_rate(of_event.map(ConversionFigures::not_rejected).sum(), self.clicks.unique)
    }

    /// EPC: commission neither rejected nor reversed per unique click. A click on a campaign that pays in another
    /// currency could not earn in this one, and is not in it.
    pub fn epc(&self, currency: Currency) -> Ratio {
        Ratio { numerator: self.commission_minor(currency), denominator: self.unique_in(currency) }
    }

    /// Unique clicks on campaigns that pay in this currency.
    pub fn unique_in(&self, currency: Currency) -> i64 {
        self.unique_in.get(&currency).copied().unwrap_or(0)
    }

    /// Commission neither rejected nor reversed.
    pub fn commission_minor(&self, currency: Currency) -> i64 {
        self.earned.get(&currency).map_or(0, |earned| earned.all.earning().commission_minor)
    }

    /// AOV: amount per sale, of sales neither rejected nor reversed.
    pub fn aov(&self, currency: Currency) -> Ratio {
        let sales = self.earned.get(&currency).and_then(|earned| earned.events.get(SALE)).map(|one| one.earning());
        let sales = sales.unwrap_or_default();
        Ratio { numerator: sales.amount_minor, denominator: sales.conversions }
    }

    /// Decline rate: rejected and reversed per decided conversion, by count.
    pub fn decline_rate(&self) -> Ratio {
        let all = || self.earned.values().map(|earned| &earned.all);
        let negative: i64 = all().map(|one| one.rejected.conversions + one.reversed.conversions).sum();
        let positive: i64 = all().map(|one| one.approved.conversions + one.paid.conversions).sum();
        Ratio { numerator: negative, denominator: negative + positive }
    }

    /// Every event that was reported, by name.
    pub fn events(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.earned.values().flat_map(|earned| earned.events.keys()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn corrupt(reason: &str) -> StoreError {
    StoreError::Corrupt { what: "click reason", why: reason.to_owned() }
}

/// One row: what it stands for, and its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A day or an id; 0 stands for nothing, as of a conversion that belongs to nobody.
    pub key: i64,
    pub name: String,
    pub figures: Figures,
}

/// A report, run.
#[derive(Debug, Clone)]
pub struct Report {
    pub query: ReportQuery,
    pub kind: PartyKind,
    /// First and last day, both included, in the reader's zone.
    pub from: Day,
    pub to: Day,
    /// The rows' sum.
    pub total: Figures,
    pub rows: Vec<Row>,
    /// Every day of the range, for the chart.
    pub days: Vec<(Day, Figures)>,
}

impl Report {
    /// The currencies in which something happened, by code.
    pub fn currencies(&self) -> Vec<Currency> {
        self.total.earned.keys().copied().collect()
    }
}

/// Runs a report. Its scope is the viewer's party, whatever the query says.
pub async fn run(conn: &mut Conn, viewer: &Viewer, query: &ReportQuery, now: Timestamp) -> Result<Report, StoreError> {
    let wanted = wanted(viewer, query, now)?;
    let (from, to, kind) = (wanted.from, wanted.to, viewer.acting.kind());
    let by_day = rows(conn, &wanted, Dimension::Day, kind, now).await?;
    let mut rows =
        if query.by == Dimension::Day { by_day.clone() } else { rows(conn, &wanted, query.by, kind, now).await? };
    let total = sum(&rows);
    let days = every_day(&mut by_day.into_iter().peekable(), from, to);
    let from = days.first().map_or(from, |(day, _)| *day);
    sort(&mut rows, query.by);
    Ok(Report { query: *query, kind, from, to, total, rows, days })
}

/// The rows of a report by another dimension than its own, the most clicked first.
pub async fn ranked(
    conn: &mut Conn,
    viewer: &Viewer,
    query: &ReportQuery,
    by: Dimension,
    now: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    let wanted = wanted(viewer, query, now)?;
    let mut rows = rows(conn, &wanted, by, viewer.acting.kind(), now).await?;
    sort(&mut rows, by);
    Ok(rows)
}

/// The viewer's party is the reader; the query only narrows.
fn wanted(viewer: &Viewer, query: &ReportQuery, now: Timestamp) -> Result<Wanted, StoreError> {
    let zone = Zone::parse(&viewer.time_zone)
        .map_err(|error| StoreError::Corrupt { what: "time zone", why: error.to_string() })?;
    let (from, to) = query.days(&zone, now);
    Ok(Wanted {
        reader: viewer.party(),
        from,
        to,
        basis: query.on,
        campaign_id: query.campaign,
        link_id: query.link,
        publisher_id: query.publisher,
        creative_id: query.creative,
    })
}

/// The reads of a dimension, joined by what the rows stand for.
async fn rows(
    conn: &mut Conn,
    wanted: &Wanted,
    by: Dimension,
    kind: PartyKind,
    now: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    let mut rows: BTreeMap<i64, Row> = BTreeMap::new();
    let row = |key: i64, name: &Option<String>| Row { key, name: name_of(by, key, name), figures: Figures::default() };
    for total in totals::clicks(conn, wanted, by).await? {
        let row = rows.entry(total.group_key).or_insert_with(|| row(total.group_key, &total.name));
        row.figures.add_clicks(&total)?;
    }
    for total in totals::landings(conn, wanted, by).await? {
        let row = rows.entry(total.group_key).or_insert_with(|| row(total.group_key, &total.name));
        row.figures.clicks.landed += total.landings;
    }
    for mut total in totals::conversions(conn, wanted, by).await? {
        if kind == PartyKind::Publisher {
            // The fee is between the advertiser and the network.
            total.fee_minor = 0;
        }
        let row = rows.entry(total.group_key).or_insert_with(|| row(total.group_key, &total.name));
        row.figures.add_conversions(&total);
    }
    let currencies: BTreeSet<Currency> = rows.values().flat_map(|row| row.figures.earned.keys().copied()).collect();
    for currency in currencies {
        for (key, clicks) in totals::unique_clicks(conn, wanted, by, currency, now).await? {
            if let Some(row) = rows.get_mut(&key) {
                row.figures.unique_in.insert(currency, clicks);
            }
        }
    }
    Ok(rows.into_values().collect())
}

fn name_of(by: Dimension, key: i64, name: &Option<String>) -> String {
    match (by, name) {
        (Dimension::Day, _) => Day(key).to_string(),
        (_, Some(name)) => name.clone(),
        (_, None) => format!("(no {by})"),
    }
}

/// Adds up rows of whatever dimension.
pub fn sum(rows: &[Row]) -> Figures {
    let mut total = Figures::default();
    for figures in rows.iter().map(|row| &row.figures) {
        total.clicks.unique += figures.clicks.unique;
        total.clicks.duplicate += figures.clicks.duplicate;
        total.clicks.invalid += figures.clicks.invalid;
        for (currency, clicks) in &figures.unique_in {
            *total.unique_in.entry(*currency).or_default() += clicks;
        }
        total.clicks.with_id += figures.clicks.with_id;
        total.clicks.landed += figures.clicks.landed;
        for (reason, clicks) in &figures.invalid {
            *total.invalid.entry(*reason).or_default() += clicks;
        }
        for (currency, earned) in &figures.earned {
            let sum = total.earned.entry(*currency).or_default();
            add(&mut sum.all, &earned.all);
            for (event, figures) in &earned.events {
                add(sum.events.entry(event.clone()).or_default(), figures);
            }
        }
    }
    total
}

const fn add(sum: &mut ConversionFigures, one: &ConversionFigures) {
    sum.unattributed.add(&one.unattributed, 1);
    sum.pending.add(&one.pending, 1);
    sum.approved.add(&one.approved, 1);
    sum.paid.add(&one.paid, 1);
    sum.rejected.add(&one.rejected, 1);
    sum.reversed.add(&one.reversed, 1);
}

/// The days of the range, those without anything too; all time begins with the first day that has something.
fn every_day(rows: &mut std::iter::Peekable<impl Iterator<Item = Row>>, from: Day, to: Day) -> Vec<(Day, Figures)> {
    const EMPTY_START_DAYS_MAX: i64 = 400;
    let is_long = to.0 - from.0 > EMPTY_START_DAYS_MAX;
    let first = if is_long { rows.peek().map_or(to, |row| Day(row.key)) } else { from };
    (first.0..=to.0)
        .map(|day| (Day(day), rows.next_if(|row| row.key == day).map(|row| row.figures).unwrap_or_default()))
        .collect()
}

/// Days upwards; everything else by gross clicks, then conversions, the most first.
fn sort(rows: &mut [Row], by: Dimension) {
    if by != Dimension::Day {
        rows.sort_by_key(|row| {
            (std::cmp::Reverse((row.figures.clicks.gross(), row.figures.conversions())), row.key == 0, row.key)
        });
    }
}
