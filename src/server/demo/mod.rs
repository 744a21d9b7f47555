//! `tallystick demo`: a network with ninety days of life behind it, on this machine only.
//!
//! Nothing is written past the product's own doors: clicks go through the judge and the recorder, reports through the
//! same function as at the end points, money through the settlement. Only the clock is moved by hand.

mod campaigns;
mod creatives;
mod life;
mod links;
mod money;
mod orders;
mod people;
pub mod shop;
mod stage;
mod traffic;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use super::cli::DemoOptions;
use super::clock::{MovableClock, SeededEntropy, SystemClock, SystemEntropy};
use super::config::{self, Config};
use super::layers::client_address::TrustedProxies;
use super::serve::{self, Running};
use super::{WrongConfiguration, lease, tasks, telemetry};
use crate::app::state::App;
use crate::auth::members::Admission;
use crate::domain::conversion_report::UNVERIFIED_REPORTS_PER_DAY_MAX;
use crate::domain::durability::ClickDurability;
use crate::domain::environment::{Clock, Entropy, Environment};
use crate::domain::ids::IdGenerator;
use crate::domain::party::Email;
use crate::domain::secret::SecretKey;
use crate::domain::site::BaseUrl;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::settlement::payout::PayoutSettings;
use crate::store::{Store, campaigns as campaign_rows, members, parties};
use crate::tracking::opt_out::OptOut;
use crate::tracking::recorder::RecorderSettings;
use crate::tracking::{self, Tracking};

pub use people::{PASSWORD, logins};
pub use stage::{DAYS, Size};

const SEED: [u8; 32] = *b"a tally stick is split in halves";
const COMMIT_BUDGET_MS: u64 = 250;

/// `tallystick demo`: until SIGTERM or SIGINT.
pub async fn run(options: DemoOptions) -> anyhow::Result<()> {
    if !options.listen_addr.ip().is_loopback() {
        let text = "the demo shows its passwords, so it listens on this machine only: use 127.0.0.1 or [::1]";
        return Err(WrongConfiguration(text.to_owned()).into());
    }
    telemetry::start(options.log_format);
    let folder = if options.database_url.is_none() { Some(Folder::new()?) } else { None };
    let database_url = match (&options.database_url, &folder) {
        (Some(url), _) => url.clone(),
        (None, Some(folder)) => format!("sqlite://{}", folder.0.join("demo.db").display()),
        (None, None) => unreachable!("one of the two"),
    };
    let _one = config::one_process(&database_url)?;
    let listener = TcpListener::bind(options.listen_addr).await;
    let listener = listener.with_context(|| format!("listening on {}", options.listen_addr))?;
    let base_url = BaseUrl::parse(&format!("http://localhost:{}", listener.local_addr()?.port()))?;
    let key = config::secret_key(options.secret_key.as_ref(), &database_url, &SystemEntropy)
        .map_err(|error| WrongConfiguration(format!("{error:#}")))?;
    let config = configuration(base_url, key);
    let store = Store::open(&database_url).await.context("opening the database")?;
    let environment = tokio::select! {
        prepared = prepare(&config, &store) => prepared?,
        stopped = serve::stop_signal() => return stopped,
    };
    let running = Running::start(config, store, environment, listener).await?;
    announce(&running.url(), &database_url);
    serve::stop_signal().await?;
    running.stop().await;
    Ok(())
}

/// What the demo is configured with: everybody is admitted, and a month is paid out as soon as it has ended.
fn configuration(base_url: BaseUrl, secret_key: SecretKey) -> Config {
    Config {
        tracking_url: base_url.clone(),
        base_url,
        secret_key,
        trusted_proxies: TrustedProxies::default(),
        admission: Admission::Automatic,
        recorder: RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: COMMIT_BUDGET_MS },
        unverified_reports_per_day_max: UNVERIFIED_REPORTS_PER_DAY_MAX,
        opt_out: OptOut::Respect,
        payout: PayoutSettings { net_days: 0, threshold_minor: None, four_eyes_minor: None },
        task_interval_ms: tasks::INTERVAL_MS,
        demo_logins: logins(),
    }
}

/// Fills an empty database; one that the demo has filled before is served as it is.
async fn prepare(config: &Config, store: &Store) -> anyhow::Result<Environment> {
    let mut conn = store.read().await?;
    let admin = members::find_by_email(&mut conn, &Email::parse(people::ADMIN_EMAIL)?).await?;
    let others = parties::list(&mut conn, None, None, 2).await?.len();
    let made = campaign_rows::list_all(&mut conn, 100).await?.len();
    drop(conn);
    if admin.is_some() && made >= campaigns::OFFERS.len() {
        let environment = serve::system_environment(0);
        let ids = Arc::new(lease::ids(store, &environment, 0).await?);
        return Ok(Environment { ids, ..environment });
    }
    if admin.is_some() {
        let text = "the demo in this database was interrupted while it was made: remove it and start again";
        return Err(WrongConfiguration(text.to_owned()).into());
    }
    // The network itself is one.
    if others > 1 {
        let text = "this database belongs to a network: the demo wants an empty one";
        return Err(WrongConfiguration(text.to_owned()).into());
    }
    println!("Making {DAYS} days of clicks, orders and payouts (about fifteen seconds) …");
    fill(config, store, SystemClock::default().now(), Size::FULL).await
}

/// Makes the demo's content, which ends at `end`. The environment's clock follows the system's from then on.
pub async fn fill(config: &Config, store: &Store, end: Timestamp, size: Size) -> anyhow::Result<Environment> {
    let clock = Arc::new(MovableClock::default());
    let environment = Environment {
        clock: clock.clone(),
        entropy: Arc::new(SeededEntropy::new(SEED)),
        ids: Arc::new(IdGenerator::new(0)),
    };
    let app: App = serve::app(config, store.clone(), environment.clone());
    // A budget of 0: every click waits for its commit.
    let recorder = RecorderSettings { commit_budget_ms: 0, ..config.recorder };
    let settings = tracking::Settings { recorder, ..config.tracking() };
    let (tracking, writer) = Tracking::start(store.clone(), environment.clone(), settings);
    let stage = stage::Stage { app, tracking, clock: clock.clone(), start: end.plus_ms(-DAYS * DAY_MS) };
    life::play(&stage, size).await?;
    drop(stage);
    writer.await?;
    clock.let_go();
    // From here on people log in: their sessions are random.
    Ok(Environment { entropy: Arc::new(SystemEntropy), ..environment })
}

fn announce(url: &str, database_url: &str) {
    println!("The demo is ready: {url}/log-in");
    println!("Log in with one press there, or with the password \"{PASSWORD}\" as:");
    for login in logins() {
        println!("  {:26} {}, {}", login.email, login.name, login.party);
    }
    println!("Its database: {database_url}");
}

/// A folder of its own for the time of the process.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let mut bytes = [0; 6];
        SystemEntropy.fill(&mut bytes);
        let name = format!("tallystick-demo-{}", data_encoding::HEXLOWER.encode(&bytes));
        let path: PathBuf = Path::new(&std::env::temp_dir()).join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
