//! P1, P2: what a tracked redirect costs beside one that knows nothing, and beside the usual design.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;

use super::Bench;
use crate::contenders::tallystick::{Seeded, url};
use crate::contenders::{Contender, nginx, tallystick};
use crate::load::requests::{Connections, Requests};
use crate::load::{Tally, closed};
use crate::numbers::{Spread, count, figure};
use crate::process;
use crate::table::{Finding, Verdict};

const PRODUCT: &str = "tallystick";
const PER_CLICK: &str = "per click";
/// Between two runs, so that what one has left to do is not counted as the next one's.
const PAUSE: Duration = Duration::from_millis(300);

/// One run of one contender.
struct Run {
    tally: Tally,
    cpu: Duration,
    /// Of the time of the run, how busy the load's core was.
    load_busy: f64,
}

impl Run {
    /// Microseconds of the server's processor for each answer.
    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.tally.answers as f64
    }
}

/// All runs of one contender, one a round.
struct Runs {
    name: &'static str,
    runs: Vec<Run>,
}

impl Runs {
    fn spread(&self, of: impl Fn(&Run) -> f64) -> Spread {
        Spread::of(self.runs.iter().map(of))
    }

    fn wrong(&self) -> u64 {
        self.runs.iter().map(|run| run.tally.wrong()).sum()
    }

    fn rate(&self) -> Spread {
        self.spread(|run| run.tally.rate())
    }

    fn told(&self) -> String {
        let (rate, cpu) = (self.rate(), self.spread(Run::cpu_us));
        let deferred = self.spread(|run| run.tally.deferred_share() * 100.0);
        let deferred = if deferred.high > 0.0 { format!(", {deferred} % deferred") } else { String::new() };
        let wrong = if self.wrong() > 0 { format!(", {} wrong answers", count(self.wrong())) } else { String::new() };
        format!("{}/s, {} µs{deferred}{wrong}", count(rate.median as u64), figure(cpu.median))
    }

    fn json(&self) -> serde_json::Value {
        let mut all = Tally::default();
        self.runs.iter().for_each(|run| all.add(&run.tally));
        json!({
            "rate": self.rate(), "cpu_us": self.spread(Run::cpu_us),
            "load_busy": self.spread(|run| run.load_busy), "answers": all,
        })
    }
}

/// A ratio round by round.
fn ratio(above: &Runs, below: &Runs, of: impl Fn(&Run) -> f64) -> Spread {
    Spread::of(above.runs.iter().zip(&below.runs).map(|(above, below)| of(above) / of(below)))
}

pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Finding>> {
    let folder = bench.folder("redirect")?;
    let seeded = Seeded::new(&folder, "bench.db", &bench.plan).await?;
    let contenders = start(bench, &folder, &seeded)?;
    let kept = rounds(bench, &seeded, &contenders, Connections::Kept).await;
    // The usual design waits for one commit after the other, whatever its connections are.
    let others: Vec<&Contender> = contenders.iter().filter(|one| one.name != PER_CLICK).collect();
    let single = rounds(bench, &seeded, others, Connections::Single).await;
    drop(contenders);
    let promised: u64 = kept.iter().chain(&single).flat_map(|runs| &runs.runs).map(|run| run.tally.durable).sum();
    let mut findings = findings(&kept, &single);
    findings.push(kept_promise(&seeded, promised).await?);
    Ok(findings)
}

fn start(bench: &Bench, folder: &Path, seeded: &Seeded) -> anyhow::Result<Vec<Contender>> {
    let core = bench.cores.server;
    let own = std::env::current_exe()?;
    let slugs = folder.join("slugs.txt");
    std::fs::write(&slugs, seeded.slugs().join("\n"))?;
    let mut contenders = Vec::new();
    if bench.has_nginx {
        contenders.push(nginx::start(folder, core)?);
    }
    contenders.push(Contender::start("bare hyper", process::on_core(core, &own).arg("bare-hyper"))?);
    contenders.push(tallystick::start(PRODUCT, &seeded.file, core, &[])?);
    let mut per_click = process::on_core(core, &own);
    per_click.arg("per-click").arg("--database-url").arg(url(&folder.join("per-click.db"))).arg("--slugs").arg(slugs);
    contenders.push(Contender::start(PER_CLICK, &mut per_click)?);
    Ok(contenders)
}

async fn rounds<'c>(
    bench: &Bench,
    seeded: &Seeded,
    contenders: impl IntoIterator<Item = &'c Contender>,
    connections: Connections,
) -> Vec<Runs> {
    let plan = &bench.plan;
    let requests = Rc::new(RefCell::new(Requests::new(&seeded.slugs(), plan.templates, connections)));
    let count = if connections == Connections::Kept { plan.connections } else { plan.connections_single };
    let contenders: Vec<&Contender> = contenders.into_iter().collect();
    for contender in &contenders {
        closed::run(contender.address, &requests, connections, count, plan.warm_up).await;
    }
    let mut all: Vec<Runs> = contenders.iter().map(|one| Runs { name: one.name, runs: Vec::new() }).collect();
    for round in 1..=plan.rounds {
        for (contender, runs) in contenders.iter().zip(&mut all) {
            tokio::time::sleep(PAUSE).await;
            let (before, load_before) = (contender.cpu(), process::cpu(std::process::id()));
            let tally = closed::run(contender.address, &requests, connections, count, plan.run).await;
            let (cpu, load) = (contender.cpu() - before, process::cpu(std::process::id()).saturating_sub(load_before));
            let run = Run { load_busy: load.as_secs_f64() / tally.seconds, tally, cpu };
            eprintln!(
                "  {connections:?} round {round}: {} {}/s, {} µs, load {} %, {} durable, {} deferred, {} wrong",
                contender.name,
                figure(run.tally.rate()),
                figure(run.cpu_us()),
                figure(run.load_busy * 100.0),
                run.tally.durable,
                run.tally.deferred,
                run.tally.wrong()
            );
            runs.runs.push(run);
        }
    }
    all
}

fn named<'r>(all: &'r [Runs], name: &str) -> Option<&'r Runs> {
    all.iter().find(|runs| runs.name == name)
}

/// nginx, or where it is not installed, hyper alone.
fn reference(all: &[Runs]) -> Option<&Runs> {
    named(all, "nginx").or_else(|| named(all, "bare hyper"))
}

fn findings(kept: &[Runs], single: &[Runs]) -> Vec<Finding> {
    let (Some(own), Some(other)) = (named(kept, PRODUCT), reference(kept)) else { return Vec::new() };
    let (Some(own_single), Some(other_single)) = (named(single, PRODUCT), reference(single)) else {
        return Vec::new();
    };
    let per_cpu = ratio(other, own, Run::cpu_us);
    let requests = ratio(own_single, other_single, |run| run.tally.rate());
    let single_cpu = ratio(other_single, own_single, Run::cpu_us);
    let busy = figure(own_single.spread(|run| run.load_busy).median * 100.0);
    let mut rows = vec![
        Finding::new(
            "P1",
            &format!("strict redirect against {}, per CPU, connections kept", other.name),
            "≥ 0.60",
            format!("{per_cpu}; {} against {}", own.told(), other.told()),
            Verdict::of(per_cpu.median >= 0.60),
        )
        .numbers(json!({ "ratio": per_cpu, "contenders": json_of(kept) })),
        Finding::new(
            "P1",
            &format!("one connection per click, against {}, in requests", other_single.name),
            "≥ 0.92",
            format!(
                "{requests}; {} against {}; per CPU {single_cpu}; load's core {busy} % busy",
                own_single.told(),
                other_single.told()
            ),
            Verdict::of(requests.median >= 0.92),
        )
        .numbers(json!({ "ratio": requests, "ratio_per_cpu": single_cpu, "contenders": json_of(single) })),
    ];
    rows.extend(named(kept, PER_CLICK).map(|per_click| against_per_click(own, per_click)));
    rows.extend(named(kept, "bare hyper").map(|bare| {
        let against = ratio(bare, own, Run::cpu_us);
        let measured = format!("{against}; hyper {}", bare.told());
        Finding::new("", "the same against hyper alone, per CPU", "", measured, Verdict::Shown)
    }));
    rows
}

fn against_per_click(own: &Runs, per_click: &Runs) -> Finding {
    let per_cpu = ratio(per_click, own, Run::cpu_us);
    let requests = ratio(own, per_click, |run| run.tally.rate());
    let measured = format!("{per_cpu}; {}; in requests {requests}", per_click.told());
    let verdict = Verdict::of(per_cpu.median >= 10.0);
    Finding::new("P2", "against select, insert, update per click, per CPU", "≥ 10", measured, verdict)
        .numbers(json!({ "ratio_per_cpu": per_cpu, "ratio_requests": requests }))
}

fn json_of(all: &[Runs]) -> serde_json::Value {
    all.iter().map(|runs| (runs.name.to_owned(), runs.json())).collect::<serde_json::Map<_, _>>().into()
}

/// What was promised during the rounds is there (the warm-up is there as well).
async fn kept_promise(seeded: &Seeded, promised: u64) -> anyhow::Result<Finding> {
    let stored = crate::goals::growth::clicks_stored(&seeded.url()).await?;
    let measured = format!("{} promised in the rounds, {} stored with the warm-up", count(promised), count(stored));
    let verdict = Verdict::of(stored >= promised);
    Ok(Finding::new("", "clicks answered with `durable` are in the database", "all", measured, verdict)
        .numbers(json!({ "promised": promised, "stored": stored })))
}
