//! The machine: what a number means nothing without.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde::Serialize;
use tallystick::domain::environment::Clock;
use tallystick::domain::time::Zone;
use tallystick::server::clock::SystemClock;

use crate::numbers::{Times, figure};
use crate::process::Cores;

#[derive(Debug, Serialize)]
pub struct Facts {
    pub date: String,
    pub version: String,
    pub build: &'static str,
    pub cores: usize,
    pub server_core: usize,
    pub load_core: usize,
    pub processor: String,
    pub kernel: String,
    pub memory_mb: u64,
    pub file_system: String,
    pub fdatasync: Sync,
    /// Of the last minute, before anything was measured: a quiet machine is near 0.
    pub load_before: String,
    pub sqlite: String,
    pub nginx: Option<String>,
    pub duckdb: Option<String>,
}

impl Facts {
    pub fn gather(folder: &Path, cores: Cores) -> anyhow::Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or("");
            line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let memory_kb: u64 = memory.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let processors = read("/proc/cpuinfo");
        Ok(Self {
            date: Zone::UTC.show(SystemClock::default().now()),
            version: said("git", &["describe", "--always", "--dirty", "--tags"]).unwrap_or_default(),
            build: if cfg!(debug_assertions) { "debug: the figures mean nothing" } else { "release" },
            cores: processors.lines().filter(|line| line.starts_with("processor")).count(),
            server_core: cores.server,
            load_core: cores.load,
            processor: field(&processors, "model name"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            memory_mb: memory_kb / 1_024,
            file_system: said("findmnt", &["-n", "-o", "FSTYPE", "-T", &folder.to_string_lossy()]).unwrap_or_default(),
            fdatasync: Sync::measure(folder)?,
            load_before: read("/proc/loadavg").split(' ').next().unwrap_or("").to_owned(),
            sqlite: rusqlite::version().to_owned(),
            nginx: nginx_version(),
            duckdb: said("python3", &["-c", "import duckdb; print(duckdb.__version__)"]),
        })
    }
}

/// The first line of what a program says; nothing where it is not there or fails.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(|line| line.trim().to_owned())
}

/// nginx says its version on standard error.
pub fn nginx_version() -> Option<String> {
    let output = Command::new("nginx").arg("-v").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.trim().rsplit_once("nginx/").map(|(_, version)| version.to_owned())
}

/// What one sync of a page to the disk takes, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sync {
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Sync {
    const SYNCS: usize = 300;
    const PAGE: [u8; 4_096] = [7; 4_096];
    /// As a write-ahead log does, the pages begin anew after a while.
    const PAGES: usize = 100;

    /// In the folder where the databases lie.
    pub fn measure(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("sync.bin");
        let mut file = File::create(&path)?;
        let mut times = Times::default();
        for number in 0..Self::SYNCS {
            if number % Self::PAGES == 0 {
                file.seek(SeekFrom::Start(0))?;
            }
            file.write_all(&Self::PAGE)?;
            let begun = Instant::now();
            file.sync_data()?;
            times.push(begun.elapsed());
        }
        fs::remove_file(path)?;
        Ok(Self { p50_ms: times.percentile(50.0), p99_ms: times.percentile(99.0) })
    }
}

impl std::fmt::Display for Sync {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {} ms, p99 {} ms", figure(self.p50_ms), figure(self.p99_ms))
    }
}
