//! The one writer of clicks: who was seen today, whatever fails, and whatever is written twice.

use std::time::Duration;

use tallystick::domain::click::{Click, ClickLabel};
use tallystick::domain::durability::ClickDurability;
use tallystick::domain::ids::ClickId;
use tallystick::store::{Store, clicks, uncounted};
use tallystick::tracking::recorder::{self, Promise, RecorderSettings};

use crate::reports::numbers;
use crate::support::{Kind, STRICT, TestApp, verified};
use crate::uncounted::{clicked, counted, execute, keep_all, many};

/// A click like this one, now, of a visitor.
fn of(app: &TestApp, click: &Click, visitor: u8) -> Click {
    let click_id = app.environment.new_id(ClickId);
    Click { click_id, visitor: Some([visitor; 16]), label: ClickLabel::Valid, ..click.clone() }
}

/// Once it is stored.
async fn stored(store: &Store, id: ClickId) -> Click {
    let found = async {
        loop {
            if let Some(click) = clicks::find(&mut store.read().await.unwrap(), id).await.unwrap() {
                return click;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("it is stored")
}

/// SQLite's one process remembers visitors itself: another one reads them again from the clicks.
#[tokio::test]
async fn a_visitor_of_before_a_restart_is_known_after_it() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let again = async |visitor: Option<[u8; 16]>| {
            let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
            let new = Click { visitor, ..of(&app, &click, 0) };
            let click_id = new.click_id;
            assert_eq!(recorder.record(new, readers.clone()).await, Promise::Durable);
            drop(recorder);
            writer.await.unwrap();
            clicks::find(&mut app.store.read().await.unwrap(), click_id).await.unwrap().unwrap().label
        };
        assert_eq!(again(click.visitor).await, ClickLabel::Duplicate, "{kind:?}");
        assert_eq!(again(Some([7; 16])).await, ClickLabel::Valid);
        assert_eq!(again(Some([7; 16])).await, ClickLabel::Duplicate);
        app.clock.advance_ms(24 * 3_600_000);
        assert_eq!(again(Some([7; 16])).await, ClickLabel::Valid, "a day later it is a new one");
        verified(&app.store).await;
        app.stop().await;
    }
}

/// No commit of a click goes well, and again every one.
const fn failing(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Sqlite => [
            "create table nobody (id integer primary key) strict;
            create table failing (id integer references nobody (id) deferrable initially deferred) strict;
            create trigger failing_clicks after insert on clicks begin insert into failing values (1); end",
            "drop trigger failing_clicks",
        ],
        Kind::Postgres => [
            "create function fail() returns trigger language plpgsql as 'begin raise exception ''no commit''; end';
            create constraint trigger failing_clicks after insert or update on click_rollups
            deferrable initially deferred for each row execute function fail()",
            "drop trigger failing_clicks on click_rollups",
        ],
    }
}

#[tokio::test]
async fn a_commit_that_failed_forgets_nobody_of_the_day() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let settings = RecorderSettings { durability: ClickDurability::Strict, commit_budget_ms: 100 };
        let (recorder, writer) = recorder::start(app.store.clone(), settings);
        let [first, failed, again, new] = [1, 2, 1, 2].map(|visitor| of(&app, &click, visitor));
        recorder.record(first.clone(), readers.clone()).await;
        stored(&app.store, first.click_id).await;
        let [fails, goes_well] = failing(kind);
        execute(&app.store, fails).await;
        assert_eq!(recorder.record(failed.clone(), readers.clone()).await, Promise::Deferred);
        execute(&app.store, goes_well).await;
        assert_eq!(
            stored(&app.store, failed.click_id).await.label,
            ClickLabel::Valid,
            "{kind:?}: it was not seen before"
        );
        // Who reads the day again does not find the first visitor.
        execute(&app.store, &format!("delete from clicks where click_id = {}", first.click_id.0)).await;
        for click in [again, new] {
            recorder.record(click.clone(), readers.clone()).await;
            assert_eq!(stored(&app.store, click.click_id).await.label, ClickLabel::Duplicate, "{kind:?}");
        }
        drop(recorder);
        writer.await.unwrap();
        app.stop().await;
    }
}

/// As it is where a commit was made and said to have failed: everything is there, and is given to the writer again.
#[tokio::test]
async fn a_batch_that_was_stored_after_all_is_counted_once_and_its_visitors_are_known() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
        keep_all(&recorder, many(&app, &click, 1), &readers).await;
        verified(&app.store).await;
        let batch = many(&app, &click, 2);
        if kind == Kind::Sqlite {
            let mut w = app.store.write().await.unwrap();
            let all: Vec<&Click> = batch.iter().collect();
            clicks::insert_batch(&mut w, &all).await.unwrap();
            uncounted::insert(&mut w, &all).await.unwrap();
            w.commit().await.unwrap();
        } else {
            let (other, written) = recorder::start(app.store.clone(), STRICT);
            keep_all(&other, batch.clone(), &readers).await;
            drop(other);
            written.await.unwrap();
        }
        keep_all(&recorder, batch.clone(), &readers).await;
        verified(&app.store).await;
        assert_eq!(counted(&app.store).await, [201, 201], "{kind:?}");
        let again = Click { click_id: app.environment.new_id(ClickId), ..batch[5].clone() };
        keep_all(&recorder, vec![again.clone()], &readers).await;
        assert_eq!(stored(&app.store, again.click_id).await.label, ClickLabel::Duplicate, "{kind:?}");
        verified(&app.store).await;
        drop(recorder);
        writer.await.unwrap();
        app.stop().await;
    }
}

/// SQLite's table takes those for whom there is no room in memory.
#[tokio::test]
async fn more_visitors_than_there_is_room_for_are_known_as_well() {
    let (app, click, readers) = clicked(Kind::Sqlite).await;
    for life in 1..=2 {
        // One of them is the first click's.
        let (recorder, writer) = recorder::start_with_room(app.store.clone(), STRICT, 3);
        for round in 1..=2 {
            let batch: Vec<Click> = (1..=6).map(|visitor| of(&app, &click, visitor)).collect();
            keep_all(&recorder, batch.clone(), &readers).await;
            let expected = if (life, round) == (1, 1) { ClickLabel::Valid } else { ClickLabel::Duplicate };
            for click in batch {
                let label = stored(&app.store, click.click_id).await.label;
                assert_eq!(label, expected, "life {life}, round {round}, {:?}", click.visitor);
            }
            assert_eq!(numbers(&app.store, "select count(*) from visitors").await, [4]);
        }
        drop(recorder);
        writer.await.unwrap();
    }
    verified(&app.store).await;
    app.stop().await;
}

#[tokio::test]
async fn a_batch_over_midnight_knows_each_day_by_itself_and_late_ones_belong_to_theirs() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
        app.clock.set("2026-03-02T23:59:59.999Z");
        let before = [1, 1, 1, 2].map(|visitor| of(&app, &click, visitor));
        app.clock.advance_ms(1);
        let after = [1, 1].map(|visitor| of(&app, &click, visitor));
        let late = [before[2].clone(), before[3].clone()];
        let batch = [&before[..2], &after[..]].concat();
        keep_all(&recorder, batch.clone(), &readers).await;
        keep_all(&recorder, late.to_vec(), &readers).await;
        let (valid, duplicate) = (ClickLabel::Valid, ClickLabel::Duplicate);
        for (click, expected) in batch.iter().chain(&late).zip([valid, duplicate, valid, duplicate, duplicate, valid]) {
            assert_eq!(stored(&app.store, click.click_id).await.label, expected, "{kind:?} {}", click.click_id.time());
        }
        verified(&app.store).await;
        drop(recorder);
        writer.await.unwrap();
        app.stop().await;
    }
}
