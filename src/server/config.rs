//! What a process is configured with, checked once at the start.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::app::state::DemoLogin;
use crate::auth::members::Admission;
use crate::domain::environment::Entropy;
use crate::domain::secret::SecretKey;
use crate::domain::site::BaseUrl;
use crate::server::layers::client_address::TrustedProxies;
use crate::settlement::payout::PayoutSettings;
use crate::store::driver::is_postgres;
use crate::tracking::{self, opt_out::OptOut, recorder::RecorderSettings};

/// Everything that a running process needs to know besides its database, clock and entropy.
#[derive(Debug, Clone)]
pub struct Config {
    pub base_url: BaseUrl,
    /// Equal to `base_url`, or a host of its own: see [`BaseUrl::check_tracking`].
    pub tracking_url: BaseUrl,
    pub secret_key: SecretKey,
    pub trusted_proxies: TrustedProxies,
    pub admission: Admission,
    pub recorder: RecorderSettings,
    /// New orders of a campaign and UTC day that unverified reports may make.
    pub unverified_reports_per_day_max: i64,
    /// What `Sec-GPC: 1` means.
    pub opt_out: OptOut,
    pub payout: PayoutSettings,
    /// How often the background tasks look for what is due; 0 never.
    pub task_interval_ms: u64,
    /// Who can log in on the demo's log-in page; empty elsewhere, where there is no demo's shop either.
    pub demo_logins: Vec<DemoLogin>,
}

impl Config {
    /// What of it the public end points need.
    pub fn tracking(&self) -> tracking::Settings {
        tracking::Settings {
            secret_key: self.secret_key.clone(),
            base_url: self.base_url.clone(),
            tracking_url: self.tracking_url.clone(),
            recorder: self.recorder,
            unverified_per_day_max: self.unverified_reports_per_day_max,
            opt_out: self.opt_out,
        }
    }
}

/// The file of a SQLite address; none for a database in memory.
fn sqlite_file(database_url: &str) -> Option<PathBuf> {
    let path = database_url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path).split('?').next().unwrap_or("");
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
}

/// The key given, or on SQLite the one beside the database file, made at the first start.
pub fn secret_key(given: Option<&SecretKey>, database_url: &str, entropy: &dyn Entropy) -> anyhow::Result<SecretKey> {
    if let Some(key) = given {
        return Ok(key.clone());
    }
    let Some(file) = sqlite_file(database_url) else {
        bail!("SECRET_KEY is required with PostgreSQL: 32 random bytes as 64 hex digits, the same for every process");
    };
    let path = file.with_extension("key");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(SecretKey::from_text(text.trim()).with_context(|| format!("{}", path.display()))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_key(&path, entropy),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

fn make_key(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<SecretKey> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    let text = data_encoding::HEXLOWER.encode(&bytes);
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("making the secret key {}", path.display()))?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(SecretKey::from_text(&text)?)
}

/// Held while a process writes a SQLite file: a second one is refused. The system lets go of it when we end.
#[derive(Debug)]
pub struct OneProcess(#[allow(dead_code, reason = "held, never read")] Option<File>);

/// # Errors
/// Another process serves this file.
pub fn one_process(database_url: &str) -> anyhow::Result<OneProcess> {
    if is_postgres(database_url) {
        return Ok(OneProcess(None));
    }
    let Some(file) = sqlite_file(database_url) else { return Ok(OneProcess(None)) };
    let path = file.with_extension("lock");
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.with_context(|| format!("opening {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(OneProcess(Some(lock))),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!("{} is served by another process already; for several processes use PostgreSQL", file.display())
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// The password on standard input: one line.
pub fn password_from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(1_024).read_to_string(&mut text).context("reading the password from standard input")?;
    Ok(text.lines().next().unwrap_or("").to_owned())
}
