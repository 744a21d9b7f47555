//! What the tests stand on: a database of their own, a clock in hand, the real application over HTTP.

#![allow(dead_code)] // each test file uses its own part

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tallystick::auth::members::Admission;
use tallystick::domain::durability::ClickDurability;
use tallystick::domain::environment::{Clock, Environment};
use tallystick::domain::ids::IdGenerator;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::site::BaseUrl;
use tallystick::domain::time::{MINUTE_MS, Timestamp};
use tallystick::reports::verify::{differences, told, verify};
use tallystick::server::clock::{SeededEntropy, SystemClock};
use tallystick::server::config::Config;
use tallystick::server::layers::client_address::TrustedProxies;
use tallystick::server::serve::Running;
use tallystick::settlement::payout::PayoutSettings;
use tallystick::store::Store;
use tallystick::tracking::opt_out::OptOut;
use tallystick::tracking::recorder::RecorderSettings;
use tokio::net::TcpListener;

/// `verify` finds no difference.
pub async fn verified(store: &Store) {
    let checks = verify(&mut store.snapshot_counted().await.unwrap()).await.unwrap();
    assert_eq!(differences(&checks), 0, "{}", told(&checks));
}

/// Where the story's clock starts.
pub const START: &str = "2026-03-02T10:00:00Z";

/// The databases that a test runs on: SQLite always, PostgreSQL where `TEST_DATABASE_URL` names a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub fn all() -> Vec<Self> {
        if std::env::var("TEST_DATABASE_URL").is_ok() {
            return vec![Self::Sqlite, Self::Postgres];
        }
        eprintln!("SKIPPED on PostgreSQL: TEST_DATABASE_URL names no server");
        vec![Self::Sqlite]
    }
}

/// An empty database of its own.
pub struct Database {
    pub url: String,
    #[allow(dead_code)] // kept so that the folder lives as long as the database
    folder: tempfile::TempDir,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Database {
    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}/test.db", folder.path().display()),
            Kind::Postgres => new_postgres().await,
        };
        Self { url, folder }
    }

    /// The same database, for a second process.
    pub fn again(&self) -> Self {
        Self { url: self.url.clone(), folder: tempfile::tempdir().unwrap() }
    }
}

async fn new_postgres() -> String {
    let base = std::env::var("TEST_DATABASE_URL").unwrap();
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&base).await.unwrap();
    for text in [format!("drop database if exists {name} (force)"), format!("create database {name}")] {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut admin).await.unwrap();
    }
    let mut url = url::Url::parse(&base).unwrap();
    url.set_path(&name);
    url.to_string()
}

/// A clock that stands still until a test moves it.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn at(text: &str) -> Self {
        Self(Arc::new(AtomicI64::new(Timestamp::parse(text).unwrap().0)))
    }

    pub fn set(&self, text: &str) {
        self.0.store(Timestamp::parse(text).unwrap().0, Ordering::SeqCst);
    }

    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Every click waits for its commit, however long that takes.
pub const STRICT: RecorderSettings = RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: 0 };

/// What of a network's configuration a test chooses.
struct Start {
    admission: Admission,
    /// Nothing: where it listens.
    base_url: Option<BaseUrl>,
    recorder: RecorderSettings,
    opt_out: OptOut,
    /// Nothing: that of the pages.
    tracking_host: Option<&'static str>,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            admission: Admission::Manual,
            base_url: None,
            recorder: STRICT,
            opt_out: OptOut::Respect,
            tracking_host: None,
        }
    }
}

/// The application on a free port, with its database and clock.
pub struct TestApp {
    pub url: String,
    pub clock: TestClock,
    pub store: Store,
    pub environment: Environment,
    running: Option<Running>,
    pub database: Database,
}

impl TestApp {
    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, Admission::Manual).await
    }

    pub async fn start_with(kind: Kind, admission: Admission) -> Self {
        Self::start_node(Database::new(kind).await, TestClock::at(START), 0, Start { admission, ..Start::default() })
            .await
    }

    /// A network that promises something else of a click.
    pub async fn start_recording(kind: Kind, recorder: RecorderSettings) -> Self {
        let start = Start { recorder, ..Start::default() };
        Self::start_node(Database::new(kind).await, TestClock::at(START), 0, start).await
    }

    /// A network that only records what a browser says by `Sec-GPC`.
    pub async fn start_recording_opt_outs(kind: Kind) -> Self {
        let start = Start { opt_out: OptOut::Record, ..Start::default() };
        Self::start_node(Database::new(kind).await, TestClock::at(START), 0, start).await
    }

    /// At the system's time, a minute ago: for programs of others, which ask the system. Admits at once.
    pub async fn start_today(kind: Kind) -> Self {
        let clock = TestClock::at(&SystemClock::default().now().plus_ms(-MINUTE_MS).to_string());
        let start = Start { admission: Admission::Automatic, ..Start::default() };
        Self::start_node(Database::new(kind).await, clock, 0, start).await
    }

    /// With a tracking host of its own: `http://127.0.0.1`, beside the pages on `http://localhost`.
    pub async fn start_apart(kind: Kind) -> Self {
        let start = Start { tracking_host: Some("127.0.0.1"), ..Start::default() };
        Self::start_node(Database::new(kind).await, TestClock::at(START), 0, start).await
    }

    /// A second process beside this one, on the same database and clock, behind the same public address.
    pub async fn start_beside(&self) -> Self {
        let base_url = BaseUrl::parse(&self.url).unwrap();
        let start = Start { base_url: Some(base_url), ..Start::default() };
        Self::start_node(self.database.again(), self.clock.clone(), 1, start).await
    }

    async fn start_node(database: Database, clock: TestClock, node: u8, start: Start) -> Self {
        let Start { admission, base_url, recorder, opt_out, tracking_host } = start;
        let environment = Environment {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new([7 + node; 32])),
            ids: Arc::new(IdGenerator::new(node.into())),
        };
        let store = Store::open(&database.url).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let base_url = base_url.unwrap_or_else(|| BaseUrl::parse(&own).unwrap());
        let config = Config {
            tracking_url: tracking_host.map_or_else(
                || base_url.clone(),
                |host| BaseUrl::parse(&base_url.origin().replace("localhost", host)).unwrap(),
            ),
            base_url,
            secret_key: SecretKey::from_bytes([9; 32]),
            trusted_proxies: TrustedProxies::parse("127.0.0.1/32").unwrap(),
            admission,
            recorder,
            unverified_reports_per_day_max: 10_000,
            opt_out,
            payout: PayoutSettings { net_days: 0, threshold_minor: Some(500), four_eyes_minor: None },
            task_interval_ms: 0,
            demo_logins: Vec::new(),
        };
        let running = Running::start(config, store.clone(), environment.clone(), listener).await.unwrap();
        Self { url: running.url(), clock, store, environment, running: Some(running), database }
    }

    /// What happens by itself, once, now.
    pub async fn run_tasks(&self) {
        tallystick::server::tasks::run(&self.running.as_ref().unwrap().app).await;
    }

    pub async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// Ends the process, and keeps what it stored.
    pub async fn stop_and_keep(mut self) -> Database {
        self.running.take().unwrap().stop().await;
        self.database
    }

    /// A browser of its own: cookies are kept, redirects are not followed.
    pub fn browser(&self) -> Browser {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36")
            .build()
            .unwrap();
        Browser { client, url: self.url.clone() }
    }
}

pub struct Browser {
    pub client: reqwest::Client,
    pub url: String,
}

/// An answer, read completely.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub fn location(&self) -> &str {
        self.headers.get("location").map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser {
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    /// Sends a form as a page without scripts does.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .form(fields);
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends a form with a file, as a page without scripts does; the answer is the redirect.
    pub async fn upload(&self, path: &str, fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> Answer {
        const BOUNDARY: &str = "----------------------------4e2b";
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let (name, kind, bytes) = file;
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n");
        body.extend_from_slice(format!("{head}Content-Type: {kind}\r\n\r\n").as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
        Answer::of(request.body(body).send().await.unwrap()).await
    }

    /// Sends a form and opens the page it leads to.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 302, "{path} answered {}: {}", answer.status, answer.text);
        self.get(answer.location()).await
    }
}
