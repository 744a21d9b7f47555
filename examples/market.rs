//! Sends thousands of shoppers with all kinds of browsers, shops that report in all kinds of ways, and fraudsters
//! through a real network on loopback, and compares what it credited with who really sent whom.
//!
//!     cargo run --example market -- --shoppers 10000 --seed 1
//!     cargo run --example market -- --database-url postgres://localhost/an_empty_database
//!
//! What is counted as what stands in `market/mod.rs`, a run of 10,000 shoppers in `docs/market.md`. It ends with 1 where
//! the promise was broken.

use std::process::ExitCode;

use clap::Parser;

#[path = "market/mod.rs"]
mod market;

#[derive(Debug, Parser)]
#[command(name = "market", about = "Compares what a network credits with who really sent whom")]
struct Options {
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    shoppers: u32,
    /// The same seed gives the same market.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// An empty database; default: a new SQLite file, gone afterwards.
    #[arg(long)]
    database_url: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let own = format!("sqlite://{}/market.db", folder.path().display());
    let url = options.database_url.as_ref().unwrap_or(&own);
    let outcome = market::run(url, options.seed, options.shoppers as usize).await?;
    let Options { shoppers, seed, .. } = options;
    println!("{shoppers} shoppers, seed {seed}; {} sales are promised\n\n{}", outcome.promised_sales, outcome.text);
    for problem in &outcome.problems {
        println!("BROKEN: {problem}");
    }
    Ok(if outcome.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
