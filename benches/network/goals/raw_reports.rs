//! P6, long form: the same days counted from raw clicks, by SQLite with an index and by DuckDB.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use tallystick::domain::ids::{ClickId, first_id_at};
use tallystick::domain::report::{Basis, Dimension};
use tallystick::domain::time::{DAY_MS, Day, Timestamp};
use tallystick::store::Store;
use tallystick::store::clicks::insert_batch;
use tallystick::store::totals::{self, Wanted};

use super::reports::{Measured, sqlite};
use super::rollup_seed::DAYS;
use super::{Bench, writer};
use crate::contenders::tallystick::url;
use crate::numbers::{Dice, Times, Zipf, count, figure};
use crate::product;
use crate::seed::Placed;
use crate::table::{Finding, Verdict};

const ROWS_A_COMMIT: usize = 8_192;
const READS: usize = 20;
/// The dashboard covers so many days.
const READ_DAYS: i64 = 30;
/// A click id holds its millisecond above 21 bits.
const ID_BITS: u32 = 21;
const DUCKDB: &str = include_str!("../raw_clicks.py");

/// The rows of a form that leaves this out.
pub fn left_out() -> Vec<Finding> {
    let what = "clicks by day from totals against indexed raw clicks";
    let raw = Finding::new("P6", what, "≥ 100 times faster", "long form only".to_owned(), Verdict::NotMeasured);
    vec![raw, without_duckdb("long form only")]
}

fn without_duckdb(why: &str) -> Finding {
    let what = "clicks by day from totals against DuckDB";
    Finding::new("P6", what, "≥ 20 times faster", why.to_owned(), Verdict::NotMeasured)
}

pub async fn measure(bench: &Bench, measured: &Measured) -> anyhow::Result<Vec<Finding>> {
    let folder = bench.folder("raw")?;
    let table = folder.join("clicks.csv");
    let store = Store::open(&url(&folder.join("raw.db"))).await?;
    let first_day = make(&store, &measured.network.links, measured.clicks, &table).await?;
    let publisher = measured.network.viewer.party().0;
    let raw = read(&store, publisher, first_day).await?;
    store.close().await;
    let own = read_totals(measured).await?.percentile(50.0);
    let row = |what: &str, least: f64, other: f64, name: &str| {
        let ratio = other / own;
        let told = format!("{}; {} ms against {name} {} ms", figure(ratio), figure(own), figure(other));
        let wanted = format!("≥ {least} times faster");
        Finding::new("P6", what, &wanted, told, Verdict::of(ratio >= least))
            .numbers(json!({ "totals_ms": own, "other_ms": other }))
    };
    let clicks = count(measured.clicks);
    let mut rows = vec![row(
        &format!("clicks by day from totals against {clicks} raw clicks, indexed by publisher and time"),
        100.0,
        raw.percentile(50.0),
        "raw",
    )];
    rows.push(match bench.has_duckdb.then(|| duckdb(&folder, &table, publisher, first_day)) {
        Some(answer) => {
            row(&format!("clicks by day from totals against DuckDB on the same {clicks}"), 20.0, answer?, "DuckDB")
        }
        None => without_duckdb("DuckDB is not installed"),
    });
    Ok(rows)
}

/// Writes raw clicks into the database and, the columns that are read, into a table of text; gives the id with which
/// the period begins.
async fn make(store: &Store, links: &[Placed], clicks: u64, table: &Path) -> anyhow::Result<i64> {
    let (mut dice, zipf) = (Dice::new(clicks + 1), Zipf::new(links.len()));
    let now = product::environment().now();
    let begun = Timestamp((now.utc_day() - DAYS + 1) * DAY_MS);
    let step = DAYS * DAY_MS / clicks.max(1) as i64;
    let mut csv = BufWriter::new(std::fs::File::create(table)?);
    writeln!(csv, "click_id,publisher_id,link_id,label")?;
    let mut batch = Vec::with_capacity(ROWS_A_COMMIT);
    for number in 0..clicks {
        let link = &links[zipf.draw(&mut dice)];
        let id = first_id_at(begun.plus_ms(step * number as i64)) + (number % 4_096) as i64;
        let click = writer::click(ClickId(id), link, &mut dice);
        writeln!(csv, "{id},{},{},{}", click.publisher_id.0, click.link_id.0, click.label)?;
        batch.push(click);
        if batch.len() == ROWS_A_COMMIT || number + 1 == clicks {
            let mut w = store.write().await?;
            insert_batch(&mut w, &batch.iter().collect::<Vec<_>>()).await?;
            w.commit().await?;
            batch.clear();
        }
    }
    csv.flush()?;
    let mut w = store.write().await?;
    sqlx::query("create index bench_publisher_idx on clicks (publisher_id, click_id)").execute(sqlite(&mut w)).await?;
    w.commit().await?;
    Ok(first_id_at(Timestamp((now.utc_day() - READ_DAYS + 1) * DAY_MS)))
}

/// The same question to the totals, as a report asks it.
async fn read_totals(measured: &Measured) -> anyhow::Result<Times> {
    let today = Day(product::environment().now().utc_day());
    let wanted = Wanted {
        reader: measured.network.viewer.party(),
        from: today.plus(1 - READ_DAYS),
        to: today,
        basis: Basis::Conversion,
        campaign_id: None,
        link_id: None,
        publisher_id: None,
        creative_id: None,
    };
    let mut times = Times::default();
    for _ in 0..READS {
        let begun = Instant::now();
        let rows = totals::clicks(&mut measured.store.read().await?, &wanted, Dimension::Day).await?;
        times.push(begun.elapsed());
        anyhow::ensure!(!rows.is_empty(), "there are days with clicks");
    }
    Ok(times)
}

fn by_day() -> String {
    let epoch = tallystick::domain::ids::EPOCH_MS;
    format!(
        "select ((click_id >> {ID_BITS}) + {epoch}) / {DAY_MS} as day, label, count(*) as clicks from clicks
            where publisher_id = $1 and click_id >= $2 group by day, label order by day"
    )
}

async fn read(store: &Store, publisher: i64, first: i64) -> anyhow::Result<Times> {
    let (mut times, text) = (Times::default(), by_day());
    for _ in 0..READS {
        let begun = Instant::now();
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(text.clone()))
            .bind(publisher)
            .bind(first)
            .fetch_all(sqlite(&mut store.read().await?))
            .await?;
        times.push(begun.elapsed());
        anyhow::ensure!(!rows.is_empty(), "there are days with clicks");
    }
    Ok(times)
}

/// The median of DuckDB's answers, in milliseconds.
fn duckdb(folder: &Path, table: &Path, publisher: i64, first: i64) -> anyhow::Result<f64> {
    let text = by_day().replace(" / ", " // ").replace("$1", &publisher.to_string()).replace("$2", &first.to_string());
    let script = folder.join("raw_clicks.py");
    std::fs::write(&script, DUCKDB)?;
    let output = Command::new("python3").arg(&script).arg(table).arg(&text).arg(READS.to_string()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    anyhow::ensure!(output.status.success(), "DuckDB: {}", String::from_utf8_lossy(&output.stderr));
    let mut times = Times::default();
    for line in said.lines() {
        times.push(Duration::from_secs_f64(line.trim().parse().context("DuckDB's time")?));
    }
    Ok(times.percentile(50.0))
}
