//! All that the benchmark calls inside the product: what changes there is changed here once.

use std::process::Command;
use std::sync::Arc;

use tallystick::domain::durability::ClickDurability;
use tallystick::domain::environment::Environment;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::site::BaseUrl;
use tallystick::server::serve::system_environment;
use tallystick::store::Store;
use tallystick::tracking::opt_out::OptOut;
use tallystick::tracking::recorder::{self, Recorder, RecorderSettings};
use tallystick::tracking::{Settings, Tracking};
use tokio::task::JoinHandle;

/// The program that is measured: the one that was built with this benchmark.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_tallystick");
const KEY: [u8; 32] = [9; 32];
/// Every click waits for its commit, however long that takes.
const SETTINGS: RecorderSettings = RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: 0 };

pub fn key_text() -> String {
    data_encoding::HEXLOWER.encode(&KEY)
}

/// The system's time and randomness, and ids of another process than the one that serves.
pub fn environment() -> Environment {
    system_environment(1)
}

/// The product's recorder by itself; it waits for every commit.
pub fn recorder(store: Store) -> (Recorder, JoinHandle<()>) {
    recorder::start(store, SETTINGS)
}

/// What a redirect works with; its recorder is given nothing.
pub fn tracking(store: Store) -> anyhow::Result<(Tracking, JoinHandle<()>)> {
    let base_url = BaseUrl::parse("http://localhost:3000")?;
    let settings = Settings {
        secret_key: SecretKey::from_bytes(KEY),
        tracking_url: base_url.clone(),
        base_url,
        recorder: SETTINGS,
        unverified_per_day_max: 0,
        opt_out: OptOut::Respect,
    };
    Ok(Tracking::start(store, environment(), settings))
}

/// Whether the program can be told to promise less than a click on disk.
pub fn has_durability_levels() -> bool {
    static HELP: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        let help = Command::new(PROGRAM).args(["serve", "--help"]).output();
        help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--click-durability"))
    });
    *HELP
}

/// Readers of a click's totals, as the redirect hands them to the recorder.
pub type Readers = Arc<[tallystick::domain::report::Reader]>;
