//! A serving process: from options to a running network, and its orderly end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::cli::ServeOptions;
use super::clock::{SystemClock, SystemEntropy};
use super::config::{self, Config};
use super::lease::{self, Lease};
use super::{WrongConfiguration, assets, listen, router, tasks, telemetry};
use crate::app::state::App;
use crate::auth::password::Passwords;
use crate::auth::throttle::Throttle;
use crate::domain::environment::{Clock, Environment};
use crate::domain::ids::IdGenerator;
use crate::domain::site::BaseUrl;
use crate::store::Store;
use crate::tracking::Tracking;
use crate::tracking::recorder::RecorderSettings;

/// How long the end waits for what should be over at once.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The system's time and randomness, and ids of this node.
pub fn system_environment(node: u16) -> Environment {
    Environment {
        clock: Arc::new(SystemClock::default()),
        entropy: Arc::new(SystemEntropy),
        ids: Arc::new(IdGenerator::new(node)),
    }
}

/// `tallystick serve`: until SIGTERM or SIGINT.
pub async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    telemetry::start(options.log_format);
    let _one = config::one_process(&options.database.database_url)?;
    let mut environment = system_environment(0);
    if let Some(clock) = &options.fixed_clock {
        environment.clock = Arc::new(clock.clone()) as Arc<dyn Clock>;
    }
    let key = config::secret_key(options.secret_key.as_ref(), &options.database.database_url, &*environment.entropy)
        .map_err(|error| WrongConfiguration(format!("{error:#}")))?;
    let listener = TcpListener::bind(options.listen_addr)
        .await
        .with_context(|| format!("listening on {}", options.listen_addr))?;
    let base_url = match options.base_url {
        Some(base_url) => base_url,
        None => BaseUrl::parse(&format!("http://localhost:{}", listener.local_addr()?.port()))?,
    };
    let tracking_url = options.tracking_url.unwrap_or_else(|| base_url.clone());
    base_url.check_tracking(&tracking_url).map_err(|error| WrongConfiguration(error.to_string()))?;
    let config = Config {
        base_url,
        tracking_url,
        secret_key: key,
        trusted_proxies: options.trusted_proxies,
        admission: options.admission,
        recorder: RecorderSettings { durability: options.click_durability, commit_budget_ms: options.commit_budget_ms },
        unverified_reports_per_day_max: options.unverified_reports_per_day_max,
        opt_out: options.gpc,
        payout: options.payout.settings(),
        task_interval_ms: tasks::INTERVAL_MS,
        demo_logins: Vec::new(),
    };
    let store = Store::open(&options.database.database_url).await.context("opening the database")?;
    let lease = if store.is_sqlite() { None } else { Some(Lease::take(&store, &environment).await?) };
    let node = lease.as_ref().map_or(0, Lease::node);
    environment.ids = Arc::new(lease::ids(&store, &environment, node).await.context("reading the last id")?);
    let running = Running::start(config, store, environment, listener).await?;
    println!("listening on {}", running.url());
    tokio::select! {
        stopped = stop_signal() => stopped?,
        // At once, without letting requests end: whoever has our number now may make the ids that they would get.
        lost = held(lease.as_ref()) => return Err(lost.context("this process may no longer write")),
    }
    running.stop_with(lease).await;
    Ok(())
}

/// Why the number was lost; never on SQLite, where there is none to lose.
async fn held(lease: Option<&Lease>) -> anyhow::Error {
    match lease {
        Some(lease) => lease.hold().await,
        None => std::future::pending().await,
    }
}

/// What pages and actions work with.
pub fn app(config: &Config, store: Store, environment: Environment) -> App {
    App {
        store,
        environment,
        passwords: Passwords::new(),
        throttle: Arc::new(Throttle::new()),
        secret_key: config.secret_key.clone(),
        base_url: config.base_url.clone(),
        tracking_url: config.tracking_url.clone(),
        admission: config.admission,
        payout: config.payout,
        demo_logins: config.demo_logins.clone().into(),
        assets: assets::base().into(),
    }
}

/// A network that answers requests; stopped by [`Running::stop`].
pub struct Running {
    pub app: App,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
    clicks: tokio::task::JoinHandle<()>,
    tasks: [tokio::task::JoinHandle<()>; 2],
}

impl Running {
    /// Starts to answer on `listener`.
    pub async fn start(
        config: Config,
        store: Store,
        environment: Environment,
        listener: TcpListener,
    ) -> anyhow::Result<Self> {
        let app = app(&config, store, environment);
        let (tracking, clicks) = Tracking::start(app.store.clone(), app.environment.clone(), config.tracking());
        // Before the first click: the database may go away before it comes.
        tracking.salts.of(&app.store, &app.environment, app.environment.now()).await;
        let router = router::router(&app, tracking, &config);
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(listen::serve(listener, router, async {
            // A dropped sender means the same as a sent one.
            let _ = stopped.await;
        }));
        let checkpoints = tasks::spawn_checkpoints(app.store.clone());
        let tasks = [tasks::spawn(app.clone(), config.task_interval_ms), checkpoints];
        Ok(Self { app, address, stop, served, clicks, tasks })
    }

    /// Where it listens, as an address for people and tests.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// Lets the requests in flight end and the queued clicks be stored, then closes the database.
    pub async fn stop(self) {
        self.stop_with(None).await;
    }

    /// As [`Self::stop`], and gives the number of this process back when nothing is written any more.
    async fn stop_with(self, lease: Option<Lease>) {
        self.app.store.changes().end();
        let _ = self.stop.send(());
        // What a task has not committed it finds due again after the next start.
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        let _ = self.served.await;
        // A connection that outlives the drain keeps the writer's queue open: nothing more can be waiting in it.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.clicks).await;
        if let Some(lease) = lease {
            // One that is not given back runs out by itself.
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, lease.release()).await;
        }
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.app.store.close()).await;
    }
}

/// SIGTERM or SIGINT.
pub async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
    }
    Ok(())
}
