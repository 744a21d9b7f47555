//! Commands, flags and environment variables: one declaration gives flag, variable and help.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand};

use super::clock::FixedClock;
use super::layers::client_address::TrustedProxies;
use super::telemetry::LogFormat;
use crate::auth::members::Admission;
use crate::domain::conversion_report::UNVERIFIED_REPORTS_PER_DAY_MAX;
use crate::domain::durability::ClickDurability;
use crate::domain::payout::NET_DAYS_DEFAULT;
use crate::domain::secret::SecretKey;
use crate::domain::site::BaseUrl;
use crate::settlement::payout::PayoutSettings;
use crate::tracking::opt_out::OptOut;

/// The name of a level, or which there are.
fn click_durability(text: &str) -> Result<ClickDurability, String> {
    text.parse().map_err(|_| format!("{text:?} is none of strict, process, fast"))
}

/// An affiliate network in one binary whose numbers every party can check.
#[derive(Debug, Parser)]
#[command(name = "tallystick", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the network (what happens without a command).
    Serve(Box<ServeOptions>),
    /// Serve a demo on this machine: ninety days of made-up clicks, orders and payouts, with log-ins to try.
    Demo(DemoOptions),
    /// Bring the tables of the database up to date, and stop.
    Migrate(DatabaseOptions),
    /// Make an admin; the password is read from standard input.
    CreateAdmin(CreateAdminOptions),
    /// Compute everything again from the raw rows: exit 0 all the same, 1 could not check, 3 differences found.
    Verify(DatabaseOptions),
    /// Seal payout details again under a new SECRET_KEY, while nothing serves the network.
    RotateSecrets(RotateSecretsOptions),
    /// Ask a running network whether it is ready: exit 0 or 1.
    Healthcheck(HealthcheckOptions),
}

#[derive(Debug, Clone, Args)]
pub struct DatabaseOptions {
    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://tallystick.db", hide_env_values = true)]
    pub database_url: String,
}

#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// The public address: https://…, or http on localhost. Default: http://localhost and the port listened on.
    #[arg(long, env = "BASE_URL", value_parser = BaseUrl::parse)]
    pub base_url: Option<BaseUrl>,
    /// A host of its own for links, banners and reports of orders. Default: BASE_URL.
    #[arg(long, env = "TRACKING_URL", value_parser = BaseUrl::parse_tracking)]
    pub tracking_url: Option<BaseUrl>,
    /// Where to listen; a proxy in front terminates TLS.
    #[arg(long, env = "LISTEN_ADDR", default_value = "127.0.0.1:3000")]
    pub listen_addr: SocketAddr,
    /// 32 bytes as 64 hex digits. On SQLite made at the first start, beside the database file.
    #[arg(long, env = "SECRET_KEY", hide_env_values = true, value_parser = SecretKey::from_text)]
    pub secret_key: Option<SecretKey>,
    /// Addresses of proxies whose X-Forwarded-For is believed, as in 10.0.0.0/8,::1/128
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", value_parser = TrustedProxies::parse)]
    pub trusted_proxies: TrustedProxies,
    /// Whether an admin admits who signs up, or everybody is.
    #[arg(long, env = "ADMISSION", default_value = "manual", value_enum)]
    pub admission: Admission,
    /// How long a click may wait for its commit before it is answered as deferred; 0 waits.
    #[arg(long, env = "COMMIT_BUDGET_MS", default_value_t = 250)]
    pub commit_budget_ms: u64,
    /// So many new orders of a campaign and UTC day are taken from reports that anybody can send, such as the pixel's.
    #[arg(long, env = "UNVERIFIED_REPORTS_PER_DAY_MAX", default_value_t = UNVERIFIED_REPORTS_PER_DAY_MAX, value_parser = clap::value_parser!(i64).range(1..))]
    pub unverified_reports_per_day_max: i64,
    /// What is promised of a click when it is answered: strict, on disk; process, it outlives this process; fast, nothing.
    #[arg(long, env = "CLICK_DURABILITY", default_value = "strict", value_parser = click_durability)]
    pub click_durability: ClickDurability,
    /// Whether a browser's Global Privacy Control (Sec-GPC: 1) counts as no consent, or is recorded only.
    #[arg(long, env = "GPC", default_value = "respect", value_enum)]
    pub gpc: OptOut,
    #[command(flatten)]
    pub payout: PayoutOptions,
    /// For rehearsals: an instant such as 2026-03-02T10:00:00Z, or @FILE that holds one.
    #[arg(long, env = "FIXED_CLOCK")]
    pub fixed_clock: Option<FixedClock>,
    #[arg(long, env = "LOG_FORMAT", default_value = "text", value_enum)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Where to listen: an address of this machine's own, since the log-in page shows the passwords.
    #[arg(long, env = "LISTEN_ADDR", default_value = "127.0.0.1:3000")]
    pub listen_addr: SocketAddr,
    /// Keep the demo in this database, as in sqlite://demo.db; it is served again as it is. Default: a folder that is removed at the end
    #[arg(long)]
    pub database_url: Option<String>,
    /// Needed with PostgreSQL only: 32 bytes as 64 hex digits.
    #[arg(long, env = "SECRET_KEY", hide_env_values = true, value_parser = SecretKey::from_text)]
    pub secret_key: Option<SecretKey>,
    #[arg(long, env = "LOG_FORMAT", default_value = "text", value_enum)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Args)]
pub struct PayoutOptions {
    /// Days between the end of the month of approval and the first run that may pay it.
    #[arg(long, env = "PAYOUT_NET_DAYS", default_value_t = NET_DAYS_DEFAULT, value_parser = clap::value_parser!(i64).range(0..=365))]
    pub payout_net_days: i64,
    /// A publisher with less than this is carried to the next run; minor units of the run's currency. Default: 25.00
    #[arg(long, env = "PAYOUT_THRESHOLD_MINOR", value_parser = clap::value_parser!(i64).range(0..))]
    pub payout_threshold_minor: Option<i64>,
    /// A run of more than this needs another admin than the one who proposed it; minor units. Default: off
    #[arg(long, env = "PAYOUT_FOUR_EYES_MINOR", value_parser = clap::value_parser!(i64).range(0..))]
    pub payout_four_eyes_minor: Option<i64>,
}

impl PayoutOptions {
    pub const fn settings(&self) -> PayoutSettings {
        PayoutSettings {
            net_days: self.payout_net_days,
            threshold_minor: self.payout_threshold_minor,
            four_eyes_minor: self.payout_four_eyes_minor,
        }
    }
}

#[derive(Debug, Args)]
pub struct CreateAdminOptions {
    #[command(flatten)]
    pub database: DatabaseOptions,
    #[arg(long)]
    pub email: String,
    #[arg(long, default_value = "Admin")]
    pub name: String,
    /// Read the password from standard input without a prompt.
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct RotateSecretsOptions {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// The key until now: 64 hex digits.
    #[arg(long, env = "SECRET_KEY_OLD", hide_env_values = true, value_parser = SecretKey::from_text)]
    pub secret_key_old: SecretKey,
    /// The key from now on. On SQLite by default that of the file beside the database, made where there is none.
    #[arg(long, env = "SECRET_KEY", hide_env_values = true, value_parser = SecretKey::from_text)]
    pub secret_key: Option<SecretKey>,
}

#[derive(Debug, Args)]
pub struct HealthcheckOptions {
    /// Where the network listens.
    #[arg(long, env = "LISTEN_ADDR", default_value = "127.0.0.1:3000")]
    pub listen_addr: SocketAddr,
}
