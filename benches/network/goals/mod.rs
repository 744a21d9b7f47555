//! One file for each goal or group of goals; each starts what it needs, and gives rows of the table.

pub mod dashboard;
pub mod growth;
pub mod latency;
pub mod live;
pub mod raw_reports;
pub mod redirect;
pub mod reports;
pub mod rollup_seed;
pub mod writer;

use std::path::PathBuf;

use crate::plan::Plan;
use crate::process::Cores;
use crate::table::{Finding, Verdict};

/// What every goal is measured with.
pub struct Bench {
    pub plan: Plan,
    pub cores: Cores,
    /// Everything that is written lies here, and is removed at the end.
    pub folder: PathBuf,
    pub has_nginx: bool,
    pub has_duckdb: bool,
}

impl Bench {
    /// A folder of its own for one goal.
    pub fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// The group that measures a goal.
pub async fn measure(bench: &Bench, group: Group) -> anyhow::Result<Vec<Finding>> {
    match group {
        Group::Redirect => redirect::measure(bench).await,
        Group::Latency => latency::measure(bench).await,
        Group::Crash => Ok(vec![crash()]),
        Group::Writer => writer::measure(bench).await,
        Group::Reports => reports::measure(bench).await,
        Group::Dashboard => dashboard::measure(bench).await,
        Group::Growth => growth::measure(bench).await,
        Group::Live => live::measure(bench).await,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Group {
    /// P1, P2
    Redirect,
    /// P3
    Latency,
    /// P4
    Crash,
    /// P5
    Writer,
    /// P6
    Reports,
    /// P7, P10
    Dashboard,
    /// P8
    Growth,
    /// P9
    Live,
}

fn crash() -> Finding {
    let (wanted, where_to) = ("no acknowledged click lost; totals are the rows'", "`make faults`");
    Finding::new("P4", "`kill -9` under load", wanted, format!("by {where_to}"), Verdict::Shown)
}
