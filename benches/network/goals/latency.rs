//! P3: how long a click waits for its promise, with clicks that arrive whether or not the last was answered.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use tokio::task::spawn_local;

use super::Bench;
use crate::contenders::tallystick::{Seeded, url};
use crate::contenders::{Contender, tallystick};
use crate::facts::Sync;
use crate::load::open::{self, Latency};
use crate::load::requests::{Connections, Requests};
use crate::numbers::{Spread, count, figure};
use crate::process;
use crate::product;
use crate::table::{Finding, Verdict};

const LOG_LOOK_EVERY: Duration = Duration::from_millis(100);
/// The write-ahead log is begun anew at this size (performance.md, 1.10), and may pass it by a quarter.
const LOG_BYTES_MAX: u64 = 32 * 1_024 * 1_024 / 4 * 5;
/// A promise within the budget of the default configuration.
const BUDGET_MS: f64 = 250.0;

struct Run {
    latency: Latency,
    sync: Sync,
    log_bytes: u64,
}

struct Runs {
    name: &'static str,
    file: PathBuf,
    flags: &'static [&'static str],
    runs: Vec<Run>,
}

impl Runs {
    fn ms(&self, percent: f64) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.latency.ms(percent)))
    }

    fn deferred(&self) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.latency.tally.deferred_share() * 100.0))
    }

    fn rate(&self) -> f64 {
        Spread::of(self.runs.iter().map(|run| run.latency.tally.rate())).median
    }

    fn log_bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.log_bytes).max().unwrap_or(0)
    }

    fn wrong(&self) -> u64 {
        self.runs.iter().map(|run| run.latency.tally.wrong()).sum()
    }

    fn told(&self) -> String {
        let at = |percent| figure(self.ms(percent).median);
        let answered = format!("{}/s answered", count(self.rate() as u64));
        let wrong = if self.wrong() > 0 { format!(", {} wrong", count(self.wrong())) } else { String::new() };
        format!("p50 {} ms, p99 {} ms, p99.9 {} ms, {answered}{wrong}", at(50.0), at(99.0), at(99.9))
    }

    fn json(&self) -> serde_json::Value {
        let runs = self.runs.iter().map(|run| {
            json!({
                "p50_ms": run.latency.ms(50.0), "p99_ms": run.latency.ms(99.0), "p999_ms": run.latency.ms(99.9),
                "answers": run.latency.tally, "fdatasync": run.sync, "wal_bytes_max": run.log_bytes,
            })
        });
        runs.collect()
    }
}

pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Finding>> {
    let folder = bench.folder("latency")?;
    let seeded = Seeded::new(&folder, "bench.db", &bench.plan).await?;
    let one = |name, file: &str, flags| {
        Ok::<_, anyhow::Error>(Runs { name, file: seeded.copy(file)?, flags, runs: Vec::new() })
    };
    let mut all = vec![one("no record", "no-record.db", &[][..])?, one("strict", "strict.db", &[])?];
    if product::has_durability_levels() {
        all.push(one("process", "process.db", &["--click-durability", "process"])?);
    }
    for round in 1..=bench.plan.open_rounds {
        for runs in &mut all {
            let run = run(bench, &folder, &seeded, runs).await?;
            eprintln!(
                "  round {round}: {} p50 {} p99 {} p99.9 {} ms, {} answers, {} wrong, WAL {} MB, fdatasync {}",
                runs.name,
                figure(run.latency.ms(50.0)),
                figure(run.latency.ms(99.0)),
                figure(run.latency.ms(99.9)),
                run.latency.tally.answers,
                run.latency.tally.wrong(),
                run.log_bytes / 1_000_000,
                run.sync
            );
            runs.runs.push(run);
        }
    }
    Ok(findings(bench, &all))
}

/// A process of its own for every run, on the database of the runs before.
async fn run(bench: &Bench, folder: &Path, seeded: &Seeded, runs: &Runs) -> anyhow::Result<Run> {
    let (plan, core) = (&bench.plan, bench.cores.server);
    let sync = Sync::measure(folder)?;
    let contender = if runs.name == "no record" {
        let mut command = process::on_core(core, &std::env::current_exe()?);
        Contender::start(runs.name, command.arg("no-record").arg("--database-url").arg(url(&runs.file)))?
    } else {
        tallystick::start(runs.name, &runs.file, core, runs.flags)?
    };
    let requests = Rc::new(RefCell::new(Requests::new(&seeded.slugs(), plan.templates, Connections::Kept)));
    let load = |length| open::run(contender.address, &requests, plan.open_connections, plan.open_rate, length);
    load(plan.warm_up).await?;
    let largest = Rc::new(Cell::new(0));
    let log = PathBuf::from(format!("{}-wal", runs.file.display()));
    let watch = spawn_local(watch(log, largest.clone()));
    let latency = load(plan.open_run).await;
    watch.abort();
    Ok(Run { latency: latency?, sync, log_bytes: largest.get() })
}

/// The largest size of a file, until it is no longer asked for.
async fn watch(file: PathBuf, largest: Rc<Cell<u64>>) {
    loop {
        largest.set(largest.get().max(fs::metadata(&file).map_or(0, |found| found.len())));
        tokio::time::sleep(LOG_LOOK_EVERY).await;
    }
}

fn findings(bench: &Bench, all: &[Runs]) -> Vec<Finding> {
    let [none, strict, rest @ ..] = all else { return Vec::new() };
    let sync = Spread::of(all.iter().flat_map(|runs| &runs.runs).map(|run| run.sync.p50_ms));
    let sync_p99 = Spread::of(all.iter().flat_map(|runs| &runs.runs).map(|run| run.sync.p99_ms));
    let load = format!("{}/s for {} s", count(bench.plan.open_rate.into()), bench.plan.open_run.as_secs_f64());
    let limit = none.ms(50.0).median + 5.0 * sync.median;
    let p50 = strict.ms(50.0);
    let sync_told = format!("fdatasync p50 {} ms, p99 {} ms", figure(sync.median), figure(sync_p99.median));
    let p99 = strict.ms(99.0);
    let is_quick = sync_p99.median <= 1.0;
    let p99_max = if is_quick { 10.0 } else { BUDGET_MS };
    let mut rows = vec![
        Finding::new(
            "P3",
            &format!("strict, {load}: p50"),
            "≤ p50 without record + 5 × fdatasync p50",
            format!("{p50} ms against {} ms; {}; {sync_told}", figure(limit), strict.told()),
            Verdict::of(p50.median <= limit),
        )
        .numbers(json!({ "no_record": none.json(), "strict": strict.json() })),
        Finding::new(
            "P3",
            "strict: p99",
            if is_quick { "≤ 10 ms (fdatasync p99 ≤ 1 ms)" } else { "bounded by the budget of 250 ms" },
            format!("{p99} ms; without record {}", none.told()),
            Verdict::of(p99.median <= p99_max),
        ),
        Finding::new(
            "P3",
            "strict: answers that promise nothing (`deferred`)",
            "shown",
            format!("{} % of the answers", strict.deferred()),
            Verdict::Shown,
        ),
        log_row(all),
    ];
    match rest.first() {
        Some(process) => rows.push(
            Finding::new(
                "P3",
                "durability `process`: p99.9",
                "≤ 10 ms",
                format!("{} ms; {}", process.ms(99.9), process.told()),
                Verdict::of(process.ms(99.9).median <= 10.0),
            )
            .numbers(process.json()),
        ),
        None => {
            let measured = "this program has no such level".to_owned();
            rows.push(Finding::new("P3", "durability `process`: p99.9", "≤ 10 ms", measured, Verdict::NotMeasured));
        }
    }
    rows
}

fn log_row(all: &[Runs]) -> Finding {
    let recorded = all.iter().filter(|runs| runs.name != "no record");
    let largest = recorded.clone().map(Runs::log_bytes).max().unwrap_or(0);
    let told: Vec<String> = recorded.map(|runs| format!("{} {} MiB", runs.name, runs.log_bytes() >> 20)).collect();
    let verdict = Verdict::of(largest <= LOG_BYTES_MAX);
    Finding::new("P3", "write-ahead log at its largest", "≤ 40 MiB", told.join(", "), verdict)
        .numbers(json!({ "bytes": largest }))
}
