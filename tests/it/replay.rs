//! A real access log as clicks: every line is kept, judged once, and the totals are those of the rows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sqlx::Row;
use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::click::{ClickLabel, ClickReason};
use tallystick::reports::verify::{differences, told, verify};
use tallystick::store::Store;
use tallystick::store::driver::Driver;

use crate::fixtures::{live_campaign, publisher};
use crate::support::{Kind, TestApp};
use crate::tracking::link;

/// The tool that people run, as a module.
#[path = "../../examples/replay.rs"]
#[allow(dead_code)] // its command line
pub mod tool;

const CONCURRENCY: usize = 16;

/// The log beside the project's folder; nothing where it is absent.
pub fn log() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("TALLYSTICK_SHARED").map_or_else(beside, PathBuf::from);
    Some(folder.join("data/web_access.log")).filter(|path| path.is_file())
}

/// Rows of texts and one number, on either database.
pub async fn rows(store: &Store, text: &'static str) -> Vec<(Vec<String>, i64)> {
    macro_rules! read {
        ($c:expr) => {{
            let rows = sqlx::query(text).fetch_all($c).await.unwrap();
            let key = |row: &_, last| (0..last).map(|place| Row::get::<String, _>(row, place)).collect();
            rows.iter().map(|row| (key(row, row.len() - 1), row.get::<i64, _>(row.len() - 1))).collect()
        }};
    }
    match store.read().await.unwrap().driver() {
        Driver::Sqlite(c) => read!(c),
        Driver::Postgres(c) => read!(c),
    }
}

const RAW: &str = "select label as label, coalesce(reason, '') as reason, count(*) as clicks from clicks
    group by label, coalesce(reason, '') order by 1, 2";

/// Each reader counts a click twice: by its quarter of an hour, and by its day.
const TOTALS: &str =
    "select cast(reader_id as text) as reader, grain, label, reason, cast(sum(clicks) as bigint) as clicks
    from click_rollups group by reader_id, grain, label, reason order by 1, 2, 3, 4";

/// Clicks by (label, reason).
type Figures = BTreeMap<(String, String), i64>;

/// Clicks by (label, reason), after every reader's totals were found to say the same.
pub async fn figures(store: &Store) -> Figures {
    let raw = rows(store, RAW).await;
    let raw: Figures = raw.into_iter().map(|(key, clicks)| ((key[0].clone(), key[1].clone()), clicks)).collect();
    // As pages read: what was stored and not counted yet is counted before.
    drop(store.snapshot_counted().await.unwrap());
    let mut totals: BTreeMap<(String, String), Figures> = BTreeMap::new();
    for (key, clicks) in rows(store, TOTALS).await {
        let [reader, grain, label, reason] = <[String; 4]>::try_from(key).unwrap();
        totals.entry((reader, grain)).or_default().insert((label, reason), clicks);
    }
    if !raw.is_empty() {
        assert_eq!(totals.len(), 6, "network, advertiser and publisher, by quarter of an hour and by day");
    }
    for (reader, total) in totals {
        assert_eq!(total, raw, "the totals of {reader:?} are those of the rows");
    }
    raw
}

/// Replays the whole log onto a new network.
async fn replayed(kind: Kind, lines: &[tool::Line], concurrency: usize) -> Figures {
    let app = TestApp::start(kind).await;
    let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let url = format!("{}{}", app.url, link(&app, publisher, live.campaign).await);
    let counts = tool::replay(&url, lines, concurrency, |_| ()).await.unwrap();
    assert_eq!(counts.records, BTreeMap::from([("durable".to_owned(), lines.len())]), "{counts:?}");
    let figures = figures(&app.store).await;
    let checks = verify(&mut app.store.snapshot_counted().await.unwrap()).await.unwrap();
    assert_eq!(differences(&checks), 0, "{}", told(&checks));
    app.stop().await;
    figures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_of_a_real_log_are_judged_the_same_each_time() {
    let Some(log) = log() else {
        println!("SKIPPED: there is no ../shared/data/web_access.log beside this folder");
        return;
    };
    let lines = tool::read_log(&log).unwrap();
    let mut first: Option<Figures> = None;
    for kind in Kind::all() {
        for concurrency in [CONCURRENCY, 2 * CONCURRENCY] {
            let figures = replayed(kind, &lines, concurrency).await;
            assert_eq!(figures.values().sum::<i64>(), 10_000, "{figures:?}");
            assert_eq!(figures[&("invalid".to_owned(), "head".to_owned())], 42);
            for (label, reason) in figures.keys() {
                let is_invalid = label.parse() == Ok(ClickLabel::Invalid);
                assert_eq!(reason.parse::<ClickReason>().is_ok(), is_invalid, "{label} {reason:?}");
            }
            println!("{kind:?}: {figures:?}");
            assert_eq!(*first.get_or_insert_with(|| figures.clone()), figures, "{kind:?}");
        }
    }
}

#[test]
fn a_line_says_who_asked_and_how() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = "192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 5 \"https://a.example/\" \"A \\\"b\\\"\"\n\
        192.0.2.2 - - [17/May/2015:10:05:03 +0000] \"HEAD /a HTTP/1.1\" 200 - \"-\" \"-\"\n\
        192.0.2.3 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"Cut off";
    std::fs::write(&path, text).unwrap();
    let lines = tool::read_log(&path).unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = |value: &Option<reqwest::header::HeaderValue>| {
                value.as_ref().map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
            };
            (line.number, line.is_head, line.address.clone(), text(&line.referrer), text(&line.user_agent))
        })
        .collect();
    let line = |number, is_head, address: &str, referrer: &str, agent: &str| {
        (number, is_head, address.to_owned(), referrer.to_owned(), agent.to_owned())
    };
    let expected = [
        line(1, false, "192.0.2.1", "https://a.example/", "A \"b\""),
        line(2, true, "192.0.2.2", "", ""),
        line(3, false, "192.0.2.3", "", "Cut off"),
    ];
    assert_eq!(told, expected);
    std::fs::write(&path, "not a log\n").unwrap();
    assert!(tool::read_log(&path).is_err());
}
