//! The real binary is killed under load, again and again: what it promised to keep is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use tallystick::domain::campaign::ApprovalMode;
use tallystick::reports::verify::{differences, told, verify};
use tallystick::store::Store;
use tallystick::store::driver::Driver;

use crate::fixtures::{live_campaign, publisher};
use crate::replay::tool::{self, Line};
use crate::replay::{figures, log, rows};
use crate::shop::CHROME;
use crate::support::{Database, Kind, START, TestApp};
use crate::tracking::link;

const LINES_PER_KILL: usize = 1_000;
const CONCURRENCY: usize = 16;

/// `tallystick serve`, as people run it.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    /// The clock stands still also from one start to the next: that is the worst case for ids.
    fn start(database: &Database) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tallystick"))
            .args(["serve", "--listen-addr", "127.0.0.1:0", "--fixed-clock", START, "--commit-budget-ms", "0"])
            .args(["--trusted-proxies", "127.0.0.1/32", "--secret-key", &"09".repeat(32)])
            .args(["--database-url", &database.url])
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

/// The real log, or where it is absent, requests of a hundred visitors.
fn lines(count: usize) -> Vec<Line> {
    let known = log().map(|path| tool::read_log(&path).unwrap());
    let made = |number| Line {
        number,
        is_head: number % 50 == 0,
        address: format!("203.0.113.{}", number % 100),
        referrer: None,
        user_agent: Some(CHROME.parse().unwrap()),
    };
    let mut lines = known.unwrap_or_else(|| (1..=count).map(made).collect());
    lines.truncate(count);
    lines
}

/// What the network promised, over all its lives.
#[derive(Default)]
struct Promised {
    sent: BTreeSet<usize>,
    acked: BTreeSet<usize>,
}

impl Promised {
    /// Sends the lines and kills the network once so many were acknowledged.
    async fn load_and_kill(&mut self, mut served: Served, path: &str, lines: &[Line], kill_after: usize) {
        let url = format!("{}{path}", served.url);
        let (acked, victim) = (Mutex::new(BTreeSet::new()), Mutex::new(Some(&mut served)));
        let note = |line: &Line| {
            let mut acked = acked.lock().unwrap();
            acked.insert(line.number);
            if acked.len() == kill_after {
                victim.lock().unwrap().take().expect("killed once").kill();
            }
        };
        let counts = tool::replay(&url, lines, CONCURRENCY, note).await.unwrap();
        assert!(counts.statuses.get("no answer").is_some_and(|missed| *missed > 0), "killed under load: {counts:?}");
        assert!(!counts.records.contains_key("deferred"), "nothing was deferred: {counts:?}");
        self.sent.extend(lines.iter().map(|line| line.number));
        self.acked.extend(acked.into_inner().unwrap());
    }

    /// Every acknowledged click is there, none twice, none that was not sent; the totals are those of the rows.
    async fn check(&self, store: &Store) {
        let stored =
            rows(store, "select coalesce(sub1, '') as sub1, count(*) as clicks from clicks group by sub1").await;
        let stored: BTreeMap<usize, i64> =
            stored.into_iter().map(|(key, clicks)| (key[0].parse().unwrap(), clicks)).collect();
        let lost: Vec<_> = self.acked.iter().filter(|number| !stored.contains_key(number)).collect();
        assert!(lost.is_empty(), "{} acknowledged clicks are lost: {lost:?}", lost.len());
        assert!(stored.values().all(|clicks| *clicks == 1), "no click is there twice");
        assert!(stored.keys().all(|number| self.sent.contains(number)), "nothing is there that was not sent");
        let checks = verify(&mut store.snapshot().await.unwrap()).await.unwrap();
        assert_eq!(differences(&checks), 0, "{}", told(&checks));
        let figures = figures(store).await;
        assert_eq!(figures.values().sum::<i64>(), i64::try_from(stored.len()).unwrap());
    }
}

async fn killed_again_and_again(kind: Kind, kills: usize) {
    let app = TestApp::start(kind).await;
    let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let path = link(&app, publisher, live.campaign).await;
    let database = app.stop_and_keep().await;
    let mut promised = Promised::default();
    for (kill, lines) in lines(kills * LINES_PER_KILL).chunks(LINES_PER_KILL).enumerate() {
        let served = Served::start(&database);
        promised.load_and_kill(served, &path, lines, 100 + (kill * 331) % 800).await;
        let served = Served::start(&database);
        let store = Store::open(&database.url).await.unwrap();
        promised.check(&store).await;
        store.close().await;
        drop(served);
    }
    println!("{kind:?}: {kills} kills, {} of {} acknowledged, none lost", promised.acked.len(), promised.sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    if std::env::var_os("TALLYSTICK_FAULTS").is_none() {
        return killed_again_and_again(Kind::Sqlite, 3).await;
    }
    for kind in Kind::all() {
        killed_again_and_again(kind, 10).await;
    }
}

/// Takes twenty seconds, so it is for `make faults` only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_lost_its_number_stops_with_an_error() {
    if std::env::var_os("TALLYSTICK_FAULTS").is_none() || !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: runs with TALLYSTICK_FAULTS and PostgreSQL");
        return;
    }
    let database = Database::new(Kind::Postgres).await;
    let mut served = Served::start(&database);
    let thief = Store::open(&database.url).await.unwrap();
    let mut w = thief.write().await.unwrap();
    let Driver::Postgres(c) = w.driver() else { unreachable!("a PostgreSQL database") };
    let taken = sqlx::raw_sql("update node_leases set holder = '\\x00'").execute(c).await.unwrap();
    assert_eq!(taken.rows_affected(), 1, "the process holds a number");
    w.commit().await.unwrap();
    for _ in 0..300 {
        if let Some(ended) = served.child.try_wait().unwrap() {
            assert_eq!(ended.code(), Some(1));
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it still serves");
}
