//! The database is away: PostgreSQL is stopped without a word under load, and started again.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use tallystick::store::Store;

use super::load::Load;
use super::{Scene, Served, is_full, moment, seed};
use crate::support::Kind;

const ROUNDS: usize = 5;
const VISITORS: usize = 300;
/// Each report waits for a connection before it is asked to come again.
const VISITORS_AWAY: usize = 90;
const BUDGET_MS: u64 = 250;

/// Tells the tests' own server to stop or start.
fn server(order: &str) {
    let command = std::env::var_os("TEST_POSTGRES_CONTROL").unwrap();
    assert!(Command::new(command).arg(order).status().unwrap().success(), "{order}");
}

/// Redirects go on, with a promise that says less; reports are asked to come again, and are counted once when they do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_network_redirects_and_loses_nothing() {
    if !is_full() || std::env::var_os("TEST_POSTGRES_CONTROL").is_none() {
        println!("SKIPPED: runs with TALLYSTICK_FAULTS and scripts/with-postgres.sh");
        return;
    }
    let scene = Scene::new(Kind::Postgres).await;
    let load = Load::new(&scene);
    let program = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    let served = Served::start_with(&scene.database.url, BUDGET_MS, program);
    for round in 0..ROUNDS {
        let first = round * 2 * VISITORS;
        let stop_at = load.told.lock().unwrap().acknowledged() + 50 + moment(round, 150);
        let is_stopped = AtomicBool::new(false);
        load.run(&[&served.url], first..first + VISITORS, |count| {
            if count >= stop_at && !is_stopped.swap(true, Ordering::SeqCst) {
                server("stop");
            }
        })
        .await;
        // All of it without a database.
        let before = {
            let told = load.told.lock().unwrap();
            (told.deferred.len(), told.unanswered)
        };
        load.run(&[&served.url], first + VISITORS..first + VISITORS + VISITORS_AWAY, |_| {}).await;
        {
            let told = load.told.lock().unwrap();
            assert_eq!(told.unanswered, before.1, "every redirect is answered");
            assert_eq!(told.deferred.len() - before.0, VISITORS_AWAY, "and promises no more than it can keep");
            assert!(!told.postponed.is_empty(), "reports are asked to come again");
        }
        server("start");
        let store = Store::open(&scene.database.url).await.unwrap();
        load.deferred_are_stored(&store).await;
        load.buy_again(&served.url).await;
        load.check(&store).await;
        store.close().await;
    }
    let told = load.told.lock().unwrap();
    println!(
        "PostgreSQL stopped {ROUNDS} times, seed {}: {} clicks durable, {} deferred, {} orders, none lost",
        seed(),
        told.durable.len(),
        told.deferred.len(),
        told.orders.len()
    );
}
