//! What happens by itself: a task looks now and then for what is due by the network's clock. Every process runs it;
//! two of them at once do nothing twice, because each step is decided under its lock.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::retention;
use crate::app::state::App;
use crate::settlement::{batch, click_pay, deadline, hold, refund, review};
use crate::store::{Store, StoreError, sessions};

/// How often a process looks.
pub const INTERVAL_MS: u64 = 30_000;

/// Transactions of reviews at a look, so that the rest of the work has its turn.
const REVIEW_TRANSACTIONS_MAX: usize = 100;

/// How often what was committed is copied into the SQLite file, in the background.
const CHECKPOINT_INTERVAL_MS: u64 = 500;

/// Keeps checkpoints off the path of commits, until it is aborted; ends by itself on PostgreSQL.
pub fn spawn_checkpoints(store: Store) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(CHECKPOINT_INTERVAL_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while store.is_sqlite() {
            ticks.tick().await;
            if let Err(error) = store.checkpoint().await {
                tracing::warn!(%error, "checkpoint");
            }
        }
    })
}

/// Runs [`run`] every `interval_ms`, until it is aborted; 0 never runs it.
pub fn spawn(app: App, interval_ms: u64) -> JoinHandle<()> {
    tokio::spawn(async move {
        if interval_ms == 0 {
            return;
        }
        let mut ticks = tokio::time::interval(Duration::from_millis(interval_ms));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            run(&app).await;
        }
    })
}

/// Does everything that is due. What fails is logged and found due again at the next look.
pub async fn run(app: &App) {
    let (store, environment) = (&app.store, &app.environment);
    // First: what it counts may be approved by what follows.
    report("accrue_due", click_pay::accrue_due(store, environment).await);
    report("review_due", batch::run_due(store, environment, REVIEW_TRANSACTIONS_MAX).await);
    report("approve_due", review::approve_due(store, environment).await);
    report("chase_due", deadline::chase_due(store, environment).await);
    report("refund_due", refund::apply_due(store, environment).await);
    report("release_due", hold::release_due(store, environment).await);
    report("forget_sessions", forget_sessions(app).await);
    report("forget_visitors", retention::visitors(store, environment).await);
    report("forget_requests", retention::requests(store, environment).await);
    report("forget_clicks", retention::clicks(store, environment).await);
}

fn report(task: &'static str, done: Result<usize, StoreError>) {
    match done {
        Ok(0) => {}
        Ok(count) => tracing::info!(task, count, "done"),
        Err(error) => tracing::error!(task, %error, "failed; tried again later"),
    }
}

async fn forget_sessions(app: &App) -> Result<usize, StoreError> {
    let mut w = app.store.write().await?;
    let forgotten = sessions::delete_expired(&mut w, app.environment.now()).await?;
    w.commit().await?;
    Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
}
