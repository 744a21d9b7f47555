//! What the network promised is there afterwards: the real binary under load, killed, cut off from its database, on a
//! full or broken disk, without power (trust.md section 6). The oracle is a list of what senders were told.
//!
//! `make faults` runs all of it, with as many rounds as promised there; the tests of every change run a short form.
//! TALLYSTICK_SEED chooses the moments; it is printed.

mod away;
mod disk;
mod kill;
mod load;
mod replayed;
mod senders;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::ids::CampaignId;

use crate::fixtures::{live_campaign, publisher};
use crate::support::{Database, Kind, START, TestApp};
use crate::tracking::link;

/// Whether all of it runs.
fn is_full() -> bool {
    std::env::var_os("TALLYSTICK_FAULTS").is_some()
}

fn seed() -> u64 {
    std::env::var("TALLYSTICK_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// A number below `bound` that looks random, for one round.
fn moment(round: usize, bound: usize) -> usize {
    let mut mixed = (seed() << 32 | round as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 33) as usize % bound
}

/// A campaign with a link, and where they lie.
struct Scene {
    database: Database,
    campaign: CampaignId,
    path: String,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        Self::of(TestApp::start(kind).await).await
    }

    async fn of(app: TestApp) -> Self {
        let campaign = live_campaign(&app, "Winter", ApprovalMode::Manual).await.campaign;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let path = link(&app, publisher, campaign).await;
        Self { database: app.stop_and_keep().await, campaign, path }
    }
}

/// `tallystick serve`, as people run it.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    /// Every click waits for its commit.
    fn start(url: &str) -> Self {
        Self::start_with(url, 0, Command::new(env!("CARGO_BIN_EXE_tallystick")))
    }

    /// `program` is the binary, or what runs it. The clock stands still also from one start to the next: that is the
    /// worst case for ids.
    fn start_with(url: &str, commit_budget_ms: u64, mut program: Command) -> Self {
        let mut child = program
            .args(["serve", "--listen-addr", "127.0.0.1:0", "--fixed-clock", START])
            .args(["--commit-budget-ms", &commit_budget_ms.to_string()])
            .args(["--trusted-proxies", "127.0.0.1/32", "--secret-key", &"09".repeat(32)])
            .args(["--database-url", url])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
        Self { child, url }
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
