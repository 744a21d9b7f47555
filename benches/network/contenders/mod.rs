//! Who is measured: each a process of its own on the server's core, ended when it is dropped.

pub mod bare_hyper;
pub mod nginx;
pub mod no_record;
pub mod per_click;
pub mod serve;
pub mod tallystick;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::process;

const END_TIMEOUT: Duration = Duration::from_secs(20);

/// A running contender.
pub struct Contender {
    pub name: &'static str,
    pub address: SocketAddr,
    child: Child,
    /// Kept, so that it can go on talking.
    _out: Option<BufReader<ChildStdout>>,
}

impl Contender {
    /// Starts a program that says `listening on http://localhost:PORT`.
    pub fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let mut child = child.with_context(|| format!("starting {name}; it needs Debian's util-linux"))?;
        let mut out = BufReader::new(child.stdout.take().context("a pipe")?);
        let mut contender = Self { name, address: ([127, 0, 0, 1], 0).into(), child, _out: None };
        let mut line = String::new();
        out.read_line(&mut line)?;
        let port = line.trim().strip_prefix("listening on http://localhost:").and_then(|port| port.parse().ok());
        contender.address.set_port(port.with_context(|| format!("{name} said {line:?}"))?);
        contender._out = Some(out);
        Ok(contender)
    }

    pub fn cpu(&self) -> Duration {
        process::cpu(self.child.id())
    }

    pub fn memory(&self) -> u64 {
        process::memory(self.child.id())
    }
}

impl Drop for Contender {
    /// In order first, so that nginx takes its workers along and a database is closed; by force after a while.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let end = Instant::now() + END_TIMEOUT;
        while Instant::now() < end {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                _ => return,
            }
        }
        eprintln!("{} did not end by itself", self.name);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
