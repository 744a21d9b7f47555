//! `make bench`: the speed of the product beside others, as ratios from one machine.
//!
//! It starts every contender as a process on one core, sends load from another, and prints goal by goal what was
//! measured: a table for people, JSON for programs, a page for the documentation. It asserts no time. The small
//! contenders are commands of this same program.

mod contenders;
mod facts;
mod goals;
mod load;
mod numbers;
mod plan;
mod process;
mod product;
mod seed;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use facts::Facts;
use goals::{Bench, Group};
use plan::{Form, Plan};
use process::Cores;
use table::Results;

#[derive(Debug, Parser)]
#[command(
    name = "network",
    about = "Measures the speed of Tallystick beside others",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    contender: Option<Contender>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Args)]
struct Run {
    #[arg(long, env = "BENCH", default_value = "full", value_enum)]
    form: Form,
    /// Only these; several are separated by commas.
    #[arg(long, env = "BENCH_ONLY", value_enum, value_delimiter = ',')]
    only: Vec<Group>,
    /// Where the table, the page and the JSON are written.
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench"))]
    out: PathBuf,
    /// Where the databases lie while they are measured: on the disk that is meant. Default: the same folder
    #[arg(long, env = "BENCH_DATA")]
    data: Option<PathBuf>,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Contenders that are started by the benchmark itself.
#[derive(Debug, Subcommand)]
enum Contender {
    #[command(hide = true)]
    BareHyper,
    #[command(hide = true)]
    NoRecord {
        #[arg(long)]
        database_url: String,
    },
    #[command(hide = true)]
    PerClick {
        #[arg(long)]
        database_url: String,
        #[arg(long)]
        slugs: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.contender {
        Some(contender) => contend(contender),
        None => run(&cli.run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// With the runtime that the product has.
fn contend(contender: Contender) -> anyhow::Result<()> {
    Builder::new_multi_thread().enable_all().build()?.block_on(async {
        match contender {
            Contender::BareHyper => contenders::bare_hyper::run().await,
            Contender::NoRecord { database_url } => contenders::no_record::run(&database_url).await,
            Contender::PerClick { database_url, slugs } => contenders::per_click::run(&database_url, &slugs).await,
        }
    })
}

fn run(options: &Run) -> anyhow::Result<()> {
    std::fs::create_dir_all(&options.out).with_context(|| format!("making {}", options.out.display()))?;
    let cores = Cores::find();
    let data = tempfile::tempdir_in(options.data.as_ref().unwrap_or(&options.out)).context("a folder for the data")?;
    let facts = Facts::gather(data.path(), cores)?;
    process::pin(cores.load)?;
    let bench = Bench {
        plan: Plan::new(options.form),
        cores,
        folder: data.path().to_owned(),
        has_nginx: facts.nginx.is_some(),
        has_duckdb: facts.duckdb.is_some(),
    };
    let mut results =
        Results { form: format!("{:?}", options.form), facts, findings: Vec::new(), notes: notes(&bench) };
    let mut broken = Vec::new();
    // One thread: the load's core is one, and its tasks share without locks.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let groups = if options.only.is_empty() { Group::value_variants() } else { &options.only[..] };
    for group in groups {
        let begun = Instant::now();
        eprintln!("==> {group:?}");
        match LocalSet::new().block_on(&runtime, goals::measure(&bench, *group)) {
            Ok(found) => results.findings.extend(found),
            // The other groups are worth measuring all the same.
            Err(error) => {
                eprintln!("    broken off: {error:#}");
                broken.push(format!("{group:?} was broken off: {error:#}"));
            }
        }
        eprintln!("    {:.0} s", begun.elapsed().as_secs_f64());
        write(&options.out, &results, &bench.plan)?;
    }
    println!("{}", results.table());
    results.notes.extend(broken.iter().cloned());
    write(&options.out, &results, &bench.plan)?;
    for note in &results.notes {
        println!("- {note}");
    }
    println!("\nWritten to {}: performance.md and performance.json", options.out.display());
    anyhow::ensure!(broken.is_empty(), "{} groups were broken off", broken.len());
    Ok(())
}

/// What a reader has to know before believing a figure.
fn notes(bench: &Bench) -> Vec<String> {
    let mut notes = Vec::new();
    let mut say = |is_so: bool, text: &str| notes.extend(is_so.then(|| text.to_owned()));
    say(bench.cores.are_shared(), "There is one core only: the load takes from the server what it measures.");
    say(!bench.has_nginx, "nginx is not installed: hyper alone stands in its place.");
    say(!bench.has_duckdb, "DuckDB is not installed (python3 -m pip install duckdb): left out.");
    notes
}

/// After every group, so that a run that is broken off has told what it knew.
fn write(out: &Path, results: &Results, plan: &Plan) -> anyhow::Result<()> {
    std::fs::write(out.join("performance.md"), results.page(plan))?;
    std::fs::write(out.join("performance.json"), serde_json::to_string_pretty(results)?)?;
    Ok(())
}
