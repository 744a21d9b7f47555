//! What the system says of a process: processor time and memory, and on which core it may run.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

/// Where the contenders run, and where the load comes from.
#[derive(Debug, Clone, Copy)]
pub struct Cores {
    pub server: usize,
    pub load: usize,
}

impl Cores {
    /// The first two that we may use; one for both where there is no second.
    pub fn find() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or("0").trim();
        let cores: Vec<usize> = list.split(',').flat_map(range).collect();
        let server = cores.first().copied().unwrap_or(0);
        Self { server, load: cores.get(1).copied().unwrap_or(server) }
    }

    pub const fn are_shared(self) -> bool {
        self.server == self.load
    }
}

/// `2` or `4-7`.
fn range(text: &str) -> Vec<usize> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) => (first..=last).collect(),
        _ => Vec::new(),
    }
}

/// Puts this process, and all that it starts from here on, on one core.
pub fn pin(core: usize) -> anyhow::Result<()> {
    let id = std::process::id().to_string();
    let done = Command::new("taskset").args(["-a", "-c", "-p", &core.to_string(), &id]).output();
    let done = done.context("taskset, of Debian's util-linux, is needed")?;
    if !done.status.success() {
        bail!("taskset: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

/// A program on a core of its own, which ends when we do.
pub fn on_core(core: usize, program: &std::path::Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "taskset", "-c", &core.to_string()]).arg(program);
    command
}

/// Clock ticks a second in `/proc`.
fn ticks_per_second() -> u64 {
    let answer = Command::new("getconf").arg("CLK_TCK").output().ok();
    let text = answer.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    text.trim().parse().unwrap_or(100)
}

/// Processor time of a process and of its children, in user and system mode.
pub fn cpu(id: u32) -> Duration {
    static TICKS: std::sync::LazyLock<u64> = std::sync::LazyLock::new(ticks_per_second);
    let ticks: u64 = family(id).into_iter().map(ticks).sum();
    Duration::from_micros(ticks * 1_000_000 / (*TICKS).max(1))
}

fn ticks(id: u32) -> u64 {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name stands in parentheses and may hold anything; the third field follows it.
    let after = line.rsplit_once(')').map_or("", |(_, rest)| rest);
    after.split_ascii_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn family(id: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    std::iter::once(id).chain(children.split_ascii_whitespace().filter_map(|child| child.parse().ok())).collect()
}

/// Memory in use, in bytes.
pub fn memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_ascii_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

/// How many files and connections this process may have open.
pub fn files_max() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or("");
    line.split_ascii_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(1_024)
}
