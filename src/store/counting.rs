//! Whether the totals lag behind the clicks, and waiting until they do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// So long a reader waits for the writer: it takes longer only where the database takes no writes, and then what is there
/// is read.
const WAIT_MS: u64 = 1_000;

/// Between the one writer of clicks and those who read totals.
#[derive(Clone)]
pub struct Counting(Arc<State>);

struct State {
    is_behind: AtomicBool,
    asked: Notify,
    counted: watch::Sender<()>,
}

impl Counting {
    pub(super) fn new() -> Self {
        let (is_behind, asked) = (AtomicBool::new(false), Notify::new());
        Self(Arc::new(State { is_behind, asked, counted: watch::Sender::new(()) }))
    }

    /// Clicks are stored that the totals do not have, or will be at once.
    pub fn fall_behind(&self) {
        self.0.is_behind.store(true, Ordering::Release);
    }

    /// The totals have every click that is stored.
    pub fn catch_up(&self) {
        self.0.is_behind.store(false, Ordering::Release);
        self.0.counted.send_replace(());
    }

    /// Until somebody waits for the totals.
    pub async fn asked(&self) {
        self.0.asked.notified().await;
    }

    /// Until the totals have every click that was stored before this call; false where that takes too long.
    pub(super) async fn wait(&self) -> bool {
        let mut counted = self.0.counted.subscribe();
        if !self.0.is_behind.load(Ordering::Acquire) {
            return true;
        }
        self.0.asked.notify_one();
        // Both ends of the channel live as long as this does.
        let is_counted = tokio::time::timeout(Duration::from_millis(WAIT_MS), counted.changed()).await.is_ok();
        if !is_counted {
            tracing::warn!(waited_ms = WAIT_MS, "totals are read that lack stored clicks");
        }
        is_counted
    }
}
