//! `kill -9` in the middle of a replay of the real log, one line after the other, so that a failure can be repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tallystick::store::Store;

use super::{Scene, Served, is_full};
use crate::replay::tool::{self, Line};
use crate::replay::{figures, log, rows};
use crate::shop::CHROME;
use crate::support::{Kind, verified};

const LINES_PER_KILL: usize = 1_000;
const CONCURRENCY: usize = 16;

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
        verified(store).await;
        let figures = figures(store).await;
        assert_eq!(figures.values().sum::<i64>(), i64::try_from(stored.len()).unwrap());
    }
}

async fn killed_again_and_again(kind: Kind, kills: usize) {
    let scene = Scene::new(kind).await;
    let url = &scene.database.url;
    let mut promised = Promised::default();
    for (kill, lines) in lines(kills * LINES_PER_KILL).chunks(LINES_PER_KILL).enumerate() {
        promised.load_and_kill(Served::start(url), &scene.path, lines, 100 + (kill * 331) % 800).await;
        let served = Served::start(url);
        let store = Store::open(url).await.unwrap();
        promised.check(&store).await;
        store.close().await;
        drop(served);
    }
    println!("{kind:?}: {kills} kills, {} of {} acknowledged, none lost", promised.acked.len(), promised.sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replay_was_promised_survives_kill_9() {
    if !is_full() {
        return killed_again_and_again(Kind::Sqlite, 3).await;
    }
    for kind in Kind::all() {
        killed_again_and_again(kind, 10).await;
    }
}
