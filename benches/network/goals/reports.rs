//! P6: what a publisher's dashboard asks the database, with more and more clicks behind it.

use std::time::Instant;

use serde_json::json;
use sqlx::SqliteConnection;
use tallystick::domain::party::Viewer;
use tallystick::domain::report::Dimension;
use tallystick::reports::{self, ReportQuery, figures::ranked};
use tallystick::store::driver::Driver;
use tallystick::store::{Conn, Store};

use super::{Bench, raw_reports, rollup_seed};
use crate::contenders::tallystick::url;
use crate::numbers::{Times, count, figure};
use crate::product;
use crate::seed::{Network, seed};
use crate::table::{Finding, Verdict};

/// More links than one publisher has, few enough that every quarter of an hour of each has clicks at last.
const LINKS_MAX: usize = 200;
/// The chart by hour covers so many days.
const HOURLY_DAYS: i64 = 7;
/// Four quarters make an hour. The product has no report by hour yet: this text stands in for it.
const BY_HOUR: &str = "select bucket / 4 as hour, label, sum(clicks) as clicks from click_rollups
    where reader_id = $1 and grain = 'quarter' and bucket >= $2 group by hour, label order by hour";

/// A network with the totals of so many clicks.
pub struct Measured {
    pub clicks: u64,
    pub network: Network,
    pub store: Store,
    rows: i64,
    by_day: Times,
    by_hour: Times,
}

pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Finding>> {
    let mut all = Vec::new();
    for clicks in &bench.plan.report_clicks {
        let begun = Instant::now();
        all.push(make(bench, *clicks).await?);
        eprintln!("  totals of {} clicks made in {:.0} s", count(*clicks), begun.elapsed().as_secs_f64());
    }
    // One after the other, so that what the machine does meanwhile meets all of them.
    for _ in 0..bench.plan.report_reads {
        for one in &mut all {
            one.read().await?;
        }
    }
    let mut findings = findings(&all);
    let compared = all.iter().find(|one| one.clicks == bench.plan.raw_clicks);
    findings.extend(match compared {
        Some(totals) => raw_reports::measure(bench, totals).await?,
        None => raw_reports::left_out(),
    });
    for one in &all {
        one.store.close().await;
    }
    Ok(findings)
}

async fn make(bench: &Bench, clicks: u64) -> anyhow::Result<Measured> {
    let file = bench.folder("reports")?.join(format!("{clicks}.db"));
    let store = Store::open(&url(&file)).await?;
    let plan = &bench.plan;
    let network = seed(&store, plan.publishers, plan.campaigns, plan.links.min(LINKS_MAX)).await?;
    rollup_seed::fill(&store, &network.links, clicks, product::environment().now()).await?;
    let rows =
        sqlx::query_scalar("select count(*) from click_rollups").fetch_one(sqlite(&mut store.read().await?)).await?;
    Ok(Measured { clicks, network, store, rows, by_day: Times::default(), by_hour: Times::default() })
}

/// The connection behind one of the store's.
pub fn sqlite(conn: &mut Conn) -> &mut SqliteConnection {
    match conn.driver() {
        Driver::Sqlite(connection) => connection,
        Driver::Postgres(_) => unreachable!("the benchmark opens SQLite files"),
    }
}

impl Measured {
    async fn read(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let report = dashboard(&self.store, &self.network.viewer).await?;
        self.by_day.push(begun.elapsed());
        anyhow::ensure!(report > 0, "the dashboard shows clicks");
        let begun = Instant::now();
        let first = (product::environment().now().utc_day() - HOURLY_DAYS + 1) * 96;
        let mut conn = self.store.read().await?;
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(BY_HOUR)
            .bind(self.network.viewer.party().0)
            .bind(first)
            .fetch_all(sqlite(&mut conn))
            .await?;
        self.by_hour.push(begun.elapsed());
        anyhow::ensure!(!rows.is_empty(), "there are hours with clicks");
        Ok(())
    }
}

/// The reports of a publisher's overview, in one snapshot as the page reads them: thirty days by day, campaigns,
/// advertisers and links. Gives the clicks, so that nothing is left undone.
async fn dashboard(store: &Store, viewer: &Viewer) -> anyhow::Result<i64> {
    let (mut conn, query) = (store.snapshot_counted().await?, ReportQuery::default());
    let now = product::environment().now();
    let report = reports::run(&mut conn, viewer, &query, now).await?;
    for by in [Dimension::Campaign, Dimension::Advertiser, Dimension::Link] {
        ranked(&mut conn, viewer, &query, by, now).await?;
    }
    Ok(report.total.clicks.gross())
}

fn findings(all: &[Measured]) -> Vec<Finding> {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return Vec::new() };
    let what =
        |by: &str| format!("dashboard query {by}, {} clicks against {}", count(last.clicks), count(first.clicks));
    let row = |by: &str, most: f64, of: fn(&Measured) -> &Times| {
        let ratio = of(last).percentile(50.0) / of(first).percentile(50.0);
        let each: Vec<String> = all.iter().map(|one| figure(of(one).percentile(50.0))).collect();
        let p99: Vec<String> = all.iter().map(|one| figure(of(one).percentile(99.0))).collect();
        let measured = format!("{}; p50 {} ms, p99 {} ms", figure(ratio), each.join(" / "), p99.join(" / "));
        Finding::new("P6", &what(by), &format!("≤ {most}"), measured, Verdict::of(ratio <= most))
    };
    let rows: Vec<i64> = all.iter().map(|one| one.rows).collect();
    let numbers = json!({ "clicks": all.iter().map(|one| one.clicks).collect::<Vec<_>>(), "rollup_rows": rows });
    vec![
        row("by day", 1.3, |one| &one.by_day).numbers(numbers),
        row("by hour (a statement of the benchmark)", 6.0, |one| &one.by_hour),
    ]
}
