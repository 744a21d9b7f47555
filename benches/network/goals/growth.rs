//! P8: memory while clicks arrive for a long time, and what they take on disk.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use super::Bench;
use crate::contenders::tallystick::{self, Seeded};
use crate::load::open;
use crate::load::requests::{Connections, Requests};
use crate::numbers::{count, figure};
use crate::table::{Finding, Verdict};

pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Finding>> {
    let folder = bench.folder("growth")?;
    let plan = &bench.plan;
    let seeded = Seeded::new(&folder, "bench.db", plan).await?;
    let contender = tallystick::start("tallystick", &seeded.file, bench.cores.server, &[])?;
    let requests = Rc::new(RefCell::new(Requests::new(&seeded.slugs(), plan.templates, Connections::Kept)));
    let load = |length| open::run(contender.address, &requests, plan.open_connections, plan.open_rate, length);
    let empty_file = std::fs::metadata(&seeded.file)?.len();
    let (first, second) = plan.growth;
    let begun = load(first).await?;
    let memory_first = contender.memory();
    let rest = load(second.saturating_sub(first)).await?;
    let memory_second = contender.memory();
    drop(contender);
    let mut load = begun.tally;
    load.add(&rest.tally);
    let rate = load.rate();
    let growth = memory_second as f64 / memory_first as f64;
    let mb = |bytes: u64| figure(bytes as f64 / 1e6);
    let memory = Finding::new(
        "P8",
        &format!("memory after {} s against {} s", second.as_secs(), first.as_secs()),
        "≤ 1.2 (after ten minutes against one)",
        format!(
            "{}; {} MB, then {} MB, at {}/s",
            figure(growth),
            mb(memory_first),
            mb(memory_second),
            count(rate as u64)
        ),
        Verdict::of(growth <= 1.2),
    );
    let memory = memory.numbers(json!({ "bytes": [memory_first, memory_second], "load": load }));
    Ok(vec![memory, disk(&seeded.url(), empty_file).await?])
}

/// Clicks in a closed database.
pub async fn clicks_stored(url: &str) -> anyhow::Result<u64> {
    let mut connection = SqliteConnection::connect(url).await?;
    let clicks: i64 = sqlx::query_scalar("select count(*) from clicks").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(clicks.unsigned_abs())
}

async fn disk(url: &str, empty_bytes: u64) -> anyhow::Result<Finding> {
    let clicks = clicks_stored(url).await?.max(1);
    let mut connection = SqliteConnection::connect(url).await?;
    let sizes: Vec<(String, i64)> =
        sqlx::query_as("select name, sum(pgsize) as bytes from dbstat group by name order by bytes desc limit 20")
            .fetch_all(&mut connection)
            .await?;
    connection.close().await?;
    let file = PathBuf::from(url.trim_start_matches("sqlite://"));
    let whole = std::fs::metadata(file)?.len() - empty_bytes;
    let of = |names: &[&str]| -> u64 {
        sizes.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, bytes)| bytes.unsigned_abs()).sum()
    };
    let (raw, visitors, totals) = (of(&["clicks"]), of(&["visitors"]), of(&["click_rollups"]));
    let each = |bytes: u64| bytes as f64 / clicks as f64;
    let share = totals as f64 / whole as f64 * 100.0;
    let measured = format!(
        "{} B, totals {} %; {} clicks: {} B the click, {} B the visitor (kept for two days), {} B totals",
        figure(each(whole)),
        figure(share),
        count(clicks),
        figure(each(raw)),
        figure(each(visitors)),
        figure(each(totals))
    );
    let verdict = Verdict::of(each(whole) <= 110.0 && share <= 15.0);
    Ok(Finding::new("P8", "disk for each click", "≤ 110 B, totals ≤ 15 %", measured, verdict)
        .numbers(json!({ "clicks": clicks, "bytes": whole, "tables": sizes })))
}
