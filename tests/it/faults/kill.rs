//! `kill -9`, again and again: one process on SQLite, one of two on PostgreSQL.

use std::sync::Mutex;
use std::time::Duration;

use tallystick::store::Store;
use tallystick::store::driver::Driver;

use super::load::Load;
use super::{Scene, Served, is_full, moment, seed};
use crate::support::{Database, Kind};

const VISITORS: usize = 800;
/// Kills come after so many acknowledgements, and up to so many later.
const KILL_AFTER: (usize, usize) = (60, 600);

/// The victim is one of the processes; the others go on.
async fn killed_again_and_again(kind: Kind, processes: usize, kills: usize) {
    let scene = Scene::new(kind).await;
    let load = Load::new(&scene);
    let url = &scene.database.url;
    let mut served: Vec<Served> = (0..processes).map(|_| Served::start(url)).collect();
    for kill in 0..kills {
        let before = load.told.lock().unwrap().acknowledged();
        let kill_at = before + KILL_AFTER.0 + moment(kill, KILL_AFTER.1 - KILL_AFTER.0);
        let urls: Vec<String> = served.iter().map(|one| one.url.clone()).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let victim = Mutex::new(Some(&mut served[kill % processes]));
        let numbers = kill * VISITORS..(kill + 1) * VISITORS;
        load.run(&urls, numbers, |count| {
            if count >= kill_at
                && let Some(victim) = victim.lock().unwrap().take()
            {
                victim.kill();
            }
        })
        .await;
        assert!(victim.lock().unwrap().is_none(), "killed under load");
        served[kill % processes] = Served::start(url);
        let store = Store::open(url).await.unwrap();
        load.check(&store).await;
        store.close().await;
    }
    let told = load.told.lock().unwrap();
    assert!(told.deferred.is_empty(), "nothing was deferred");
    println!(
        "{kind:?}, {processes} processes, seed {}: {kills} kills, {} clicks and {} orders acknowledged, {} unanswered, none lost",
        seed(),
        told.durable.len(),
        told.orders.len(),
        told.unanswered
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    let kills = if is_full() { 20 } else { 2 };
    killed_again_and_again(Kind::Sqlite, 1, kills).await;
    if Kind::all().contains(&Kind::Postgres) {
        killed_again_and_again(Kind::Postgres, 2, kills).await;
    }
}

/// Takes twenty seconds, so it is for `make faults` only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_lost_its_number_stops_with_an_error() {
    if !is_full() || !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: runs with TALLYSTICK_FAULTS and PostgreSQL");
        return;
    }
    let database = Database::new(Kind::Postgres).await;
    let mut served = Served::start(&database.url);
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
