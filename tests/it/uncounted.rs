//! Totals that lag behind while many clicks come: whoever reads them waits, and a process that was killed leaves nothing
//! uncounted. SQLite alone counts later.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Executor, raw_sql};
use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::click::{Click, ClickLabel};
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::ids::ClickId;
use tallystick::domain::report::Reader;
use tallystick::domain::time::Zone;
use tallystick::reports::verify::{differences, verify};
use tallystick::store::driver::Driver;
use tallystick::store::{Store, clicks, uncounted};
use tallystick::tracking::recorder::{self, Promise};

use crate::fixtures::{live_campaign, publisher};
use crate::reports::numbers;
use crate::shop::Visitor;
use crate::support::{Kind, STRICT, TestApp, verified};
use crate::tracking::link;

async fn execute(store: &Store, text: &'static str) {
    let mut w = store.write().await.unwrap();
    match w.driver() {
        Driver::Sqlite(c) => c.execute(raw_sql(AssertSqlSafe(text))).await.map(drop).unwrap(),
        Driver::Postgres(c) => c.execute(raw_sql(AssertSqlSafe(text))).await.map(drop).unwrap(),
    }
    w.commit().await.unwrap();
}

/// The network's clicks of the day, and those of which a gesture is known, as the totals have them.
async fn counted(store: &Store) -> Vec<i64> {
    let text = "select (select cast(coalesce(sum(clicks), 0) as bigint) from click_rollups where reader_id = 1 and grain = 'day'),
        (select cast(coalesce(sum(clicks), 0) as bigint) from gesture_rollups)";
    numbers(store, text).await
}

/// A network with one click, and whose totals a click like it counts in.
async fn clicked(kind: Kind) -> (TestApp, Click, Arc<[Reader]>) {
    let app = TestApp::start(kind).await;
    let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let link = link(&app, publisher, live.campaign).await;
    let token = ClickToken::read(&Visitor::new(&app, 1).click(&link).await.id).unwrap();
    let click = clicks::find(&mut app.store.read().await.unwrap(), token.click_id).await.unwrap().unwrap();
    let of = |party_id| Reader { party_id, zone: Zone::UTC };
    (app, click, [Reader::network(), of(live.advertiser.party()), of(publisher.party())].into())
}

#[tokio::test]
async fn many_at_once_are_counted_before_anybody_reads() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
        for round in 1..=3_u8 {
            let all = (0..100_u8).map(|number| {
                let mut visitor = [round; 16];
                visitor[0] = number;
                let click_id = app.environment.new_id(ClickId);
                recorder.record(Click { click_id, visitor: Some(visitor), ..click.clone() }, readers.clone())
            });
            let kept = futures::future::join_all(all).await;
            assert!(kept.iter().all(|promise| *promise == Promise::Durable));
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
    assert!(uncounted::list(&mut app.store.read().await.unwrap()).await.unwrap().is_empty());
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

/// SQLite's one process remembers visitors itself: another one reads them again from the clicks.
#[tokio::test]
async fn a_visitor_of_before_a_restart_is_known_after_it() {
    for kind in Kind::all() {
        let (app, click, readers) = clicked(kind).await;
        let again = async |visitor: Option<[u8; 16]>| {
            let (recorder, writer) = recorder::start(app.store.clone(), STRICT);
            let click_id = app.environment.new_id(ClickId);
            let new = Click { click_id, visitor, label: ClickLabel::Valid, ..click.clone() };
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
