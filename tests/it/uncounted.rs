//! Totals that lag behind while many clicks come: whoever reads them waits, and a process that was killed leaves nothing
//! uncounted. SQLite alone counts later.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor, raw_sql};
use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::click::Click;
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::durability::ClickDurability;
use tallystick::domain::ids::{ClickId, LinkId};
use tallystick::domain::report::Reader;
use tallystick::domain::time::{MINUTE_MS, Zone};
use tallystick::reports::verify::{differences, verify};
use tallystick::store::changes::Change;
use tallystick::store::driver::Driver;
use tallystick::store::{Store, audit, clicks, uncounted};
use tallystick::tracking::recorder::{self, Promise, Recorder, RecorderSettings};

use crate::fixtures::{live_campaign, publisher};
use crate::members;
use crate::receipts::tamper;
use crate::reports::numbers;
use crate::shop::Visitor;
use crate::support::{Kind, STRICT, TestApp, verified};
use crate::tracking::link;

pub async fn execute(store: &Store, text: &str) {
    let mut w = store.write().await.unwrap();
    let text = AssertSqlSafe(text.to_owned());
    match w.driver() {
        Driver::Sqlite(c) => c.execute(raw_sql(text)).await.map(drop).unwrap(),
        Driver::Postgres(c) => c.execute(raw_sql(text)).await.map(drop).unwrap(),
    }
    w.commit().await.unwrap();
}

/// The network's clicks of the day, and those of which a gesture is known, as the totals have them.
pub async fn counted(store: &Store) -> Vec<i64> {
    let text = "select (select cast(coalesce(sum(clicks), 0) as bigint) from click_rollups where reader_id = 1 and grain = 'day'),
        (select cast(coalesce(sum(clicks), 0) as bigint) from gesture_rollups)";
    numbers(store, text).await
}

async fn noted(store: &Store) -> Vec<ClickId> {
    uncounted::list(&mut store.read().await.unwrap(), None, 1_000).await.unwrap()
}

/// A network with one click, and whose totals a click like it counts in.
pub async fn clicked(kind: Kind) -> (TestApp, Click, Arc<[Reader]>) {
    let app = TestApp::start(kind).await;
    let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let link = link(&app, publisher, live.campaign).await;
    let token = ClickToken::read(&Visitor::new(&app, 1).click(&link).await.id).unwrap();
    let click = clicks::find(&mut app.store.read().await.unwrap(), token.click_id).await.unwrap().unwrap();
    let of = |party_id| Reader { party_id, zone: Zone::UTC };
    (app, click, [Reader::network(), of(live.advertiser.party()), of(publisher.party())].into())
}

/// A hundred clicks like this one, of new visitors.
pub fn many(app: &TestApp, click: &Click, round: u8) -> Vec<Click> {
    let one = |number: u8| {
        let mut visitor = [round; 16];
        visitor[0] = number;
        Click { click_id: app.environment.new_id(ClickId), visitor: Some(visitor), ..click.clone() }
    };
    (0..100).map(one).collect()
}

/// Records them at once.
pub async fn record_all(recorder: &Recorder, clicks: Vec<Click>, readers: &Arc<[Reader]>) -> Vec<Promise> {
    futures::future::join_all(clicks.into_iter().map(|click| recorder.record(click, readers.clone()))).await
}

/// As [`record_all`], and every one is on disk.
pub async fn keep_all(recorder: &Recorder, clicks: Vec<Click>, readers: &Arc<[Reader]>) {
    let promises = record_all(recorder, clicks, readers).await;
    assert!(promises.iter().all(|promise| *promise == Promise::Durable));
}

/// On SQLite: no transaction that changes totals of clicks can be committed.
const NO_TOTALS: &str = "create table nobody (id integer primary key) strict;
    create table failing (id integer references nobody (id) deferrable initially deferred) strict;
    create trigger no_new_totals after insert on click_rollups begin insert into failing values (1); end;
    create trigger no_totals after update on click_rollups begin insert into failing values (1); end";
const TOTALS_AGAIN: &str = "drop trigger no_new_totals; drop trigger no_totals";
/// What a page says then.
const LATE: &str = "The newest clicks may be missing here";

#[tokio::test]
async fn many_at_once_are_counted_before_anybody_reads() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
        for round in 1..=3_u8 {
            keep_all(&recorder, many(&app, &click, round), &readers).await;
            // The snapshot that this begins with is what pages read.
            verified(&app.store).await;
            let clicks = 1 + i64::from(round) * 100;
            assert_eq!(counted(&app.store).await, [clicks, clicks], "{kind:?}");
        }
        drop(recorder);
        writer.await.unwrap();
        app.stop().await;
    }
}

#[tokio::test]
async fn what_a_killed_process_left_is_counted_by_the_next() {
    let (app, _, _) = clicked(Kind::Sqlite).await;
    // As it is between the commit of a click and that of its totals.
    execute(&app.store, "insert into uncounted_clicks select click_id from clicks").await;
    execute(&app.store, "delete from click_rollups").await;
    execute(&app.store, "delete from gesture_rollups").await;
    let checks = verify(&mut app.store.snapshot().await.unwrap()).await.unwrap();
    assert_eq!(differences(&checks), 0, "what is not counted yet is no difference");
    assert_eq!(counted(&app.store).await, [0, 0]);

    let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
    verified(&app.store).await;
    assert_eq!(counted(&app.store).await, [1, 1]);
    assert!(noted(&app.store).await.is_empty());
    drop(recorder);
    writer.await.unwrap();
    app.stop().await;
}

#[tokio::test]
async fn a_click_that_is_neither_counted_nor_noted_is_found() {
    for kind in Kind::all() {
        let (app, _, _) = clicked(kind).await;
        execute(&app.store, "delete from click_rollups where grain = 'quarter'").await;
        let checks = verify(&mut app.store.snapshot().await.unwrap()).await.unwrap();
        assert!(differences(&checks) > 0);
        app.stop().await;
    }
}

#[tokio::test]
async fn nobody_need_ask_for_the_totals_to_follow() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let mut changes = app.store.changes().subscribe();
        let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
        keep_all(&recorder, many(&app, &click, 1), &readers).await;
        let followed = async {
            while counted(&app.store).await != [101, 101] {
                // What a live page waits for.
                while changes.recv().await.unwrap() != Change::Figures(readers[0].party_id) {}
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), followed).await.is_ok(), "{kind:?}");
        drop(recorder);
        writer.await.unwrap();
        app.stop().await;
    }
}

#[tokio::test]
async fn a_few_after_many_are_counted_with_them_and_one_after_that_at_once() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
        let mut all = many(&app, &click, 1);
        let (few, one) = (all.split_off(97), all.pop().unwrap());
        keep_all(&recorder, all, &readers).await;
        keep_all(&recorder, few, &readers).await;
        verified(&app.store).await;
        assert_eq!(counted(&app.store).await, [100, 100], "{kind:?}");
        keep_all(&recorder, vec![one], &readers).await;
        assert_eq!(counted(&app.store).await, [101, 101], "nothing is owed of one click");
        assert!(noted(&app.store).await.is_empty());
        drop(recorder);
        writer.await.unwrap();
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_owed_at_the_end_is_counted_before_the_process_goes() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
        keep_all(&recorder, many(&app, &click, 1), &readers).await;
        drop(recorder);
        writer.await.unwrap();
        assert_eq!((counted(&app.store).await, noted(&app.store).await), (vec![101, 101], Vec::new()), "{kind:?}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_page_says_that_totals_are_late_and_what_needs_none_does_not_wait() {
    let (app, click, readers) = clicked(Kind::Sqlite).await;
    let admin = members::admin(&app).await;
    let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
    execute(&app.store, NO_TOTALS).await;
    keep_all(&recorder, many(&app, &click, 1), &readers).await;
    assert!(!app.store.snapshot().await.unwrap().lags());
    assert!(app.store.snapshot_counted().await.unwrap().lags());
    assert_eq!((counted(&app.store).await, noted(&app.store).await.len()), (vec![1, 1], 100));
    for path in ["/admin", "/admin/reports"] {
        assert!(admin.get(path).await.text.contains(LATE), "{path}");
    }
    assert_eq!(admin.get("/reports.csv?as=admin").await.status, 503, "a file cannot say it");
    execute(&app.store, TOTALS_AGAIN).await;
    verified(&app.store).await;
    assert_eq!(counted(&app.store).await, [101, 101]);
    assert!(!admin.get("/admin").await.text.contains(LATE));
    assert_eq!(admin.get("/reports.csv?as=admin").await.status, 200);
    drop(recorder);
    writer.await.unwrap();
    app.stop().await;
}

/// As it is where a commit was made and said to have failed: the totals are written, and the writer does not know.
#[tokio::test]
async fn totals_that_were_written_after_all_are_not_written_twice() {
    let (app, click, readers) = clicked(Kind::Sqlite).await;
    let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
    execute(&app.store, NO_TOTALS).await;
    keep_all(&recorder, many(&app, &click, 1), &readers).await;
    let written = "update click_rollups set clicks = clicks + 100;
        update gesture_rollups set clicks = clicks + 100, gestures = gestures + 100; delete from uncounted_clicks";
    execute(&app.store, &format!("{TOTALS_AGAIN}; {written}")).await;
    verified(&app.store).await;
    assert_eq!(counted(&app.store).await, [101, 101]);
    keep_all(&recorder, many(&app, &click, 2), &readers).await;
    verified(&app.store).await;
    assert_eq!(counted(&app.store).await, [201, 201]);
    drop(recorder);
    writer.await.unwrap();
    app.stop().await;
}

/// Nothing is owed of a batch that could not be stored.
#[tokio::test]
async fn nobody_waits_for_the_totals_of_a_batch_that_is_not_stored() {
    let (app, click, readers) = clicked(Kind::Sqlite).await;
    let settings = RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: 100 };
    let (recorder, writer) = recorder::start(app.store.clone(), settings);
    let no_notes = "create table nobody (id integer primary key) strict;
        create table failing (id integer references nobody (id) deferrable initially deferred) strict;
        create trigger no_notes after insert on uncounted_clicks begin insert into failing values (1); end";
    execute(&app.store, no_notes).await;
    let promises = record_all(&recorder, many(&app, &click, 1), &readers).await;
    assert!(promises.iter().all(|promise| *promise == Promise::Deferred));
    for _ in 0..3 {
        assert!(!app.store.snapshot_counted().await.unwrap().lags());
    }
    execute(&app.store, "drop trigger no_notes").await;
    drop(recorder);
    writer.await.unwrap();
    verified(&app.store).await;
    assert_eq!(counted(&app.store).await, [101, 101]);
    app.stop().await;
}

/// A click whose link is gone, and one whose label nobody knows.
#[tokio::test]
async fn a_note_that_cannot_be_counted_stops_no_click_and_verify_tells_of_it() {
    let (app, click, readers) = clicked(Kind::Sqlite).await;
    let of = |visitor: u8, link_id: LinkId| {
        let click_id = app.environment.new_id(ClickId);
        Click { click_id, link_id, visitor: Some([visitor; 16]), ..click.clone() }
    };
    let left = [of(1, LinkId(4_711)), of(2, click.link_id), of(3, click.link_id)];
    let mut w = app.store.write().await.unwrap();
    clicks::insert_batch(&mut w, &left.each_ref()).await.unwrap();
    uncounted::insert(&mut w, &left.each_ref()).await.unwrap();
    w.commit().await.unwrap();
    let odd = format!("update clicks set label = 'odd' where click_id = {}", left[1].click_id.0);
    tamper(&app.store, "clicks", &odd).await;

    let settings = RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: 20_000 };
    let (recorder, writer) = recorder::start(app.store.clone(), settings);
    keep_all(&recorder, vec![of(4, click.link_id)], &readers).await;
    assert!(!app.store.snapshot_counted().await.unwrap().lags());
    assert_eq!(counted(&app.store).await, [3, 3], "the first, the one left that can be counted, and the new one");
    let bad = [left[0].click_id, left[1].click_id];
    assert_eq!(noted(&app.store).await, bad);
    let found = async || {
        let checks = verify(&mut app.store.snapshot_counted().await.unwrap()).await.unwrap();
        let notes = checks.into_iter().find(|check| check.name.starts_with("clicks that are not counted yet")).unwrap();
        (notes.checked, notes.bad)
    };
    app.clock.advance_ms(MINUTE_MS);
    keep_all(&recorder, vec![of(5, click.link_id)], &readers).await;
    assert_eq!(found().await, (2, Vec::new()), "of the last minute");
    app.clock.advance_ms(1);
    keep_all(&recorder, vec![of(6, click.link_id)], &readers).await;
    let told = bad.map(|id| format!("click {id}: it is stored and still not in the totals"));
    assert_eq!(found().await, (2, told.to_vec()));
    drop(recorder);
    writer.await.unwrap();
    app.stop().await;
}

/// SQLite alone would else take the moment of the first question.
#[tokio::test]
async fn a_snapshot_with_totals_is_of_the_moment_at_which_it_was_asked_for() {
    let (app, click, readers) = clicked(Kind::Sqlite).await;
    let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
    let mut conn = app.store.snapshot_counted().await.unwrap();
    keep_all(&recorder, many(&app, &click, 1), &readers).await;
    assert_eq!(audit::count_clicks(&mut conn).await.unwrap(), 1);
    drop(conn);
    drop(recorder);
    writer.await.unwrap();
    app.stop().await;
}
