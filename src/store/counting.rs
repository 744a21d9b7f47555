//! Whether the totals lag behind the clicks, and waiting until they do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// So long a reader waits for the writer: longer only where the database takes no writes, and then it reads what is there.
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

    /// Clicks are stored that the totals do not have.
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

    /// Until the totals have every click that was stored before this call.
    pub(super) async fn wait(&self) {
        let mut counted = self.0.counted.subscribe();
        if self.0.is_behind.load(Ordering::Acquire) {
            self.0.asked.notify_one();
            // Both ends live as long as this does.
            let _ = tokio::time::timeout(Duration::from_millis(WAIT_MS), counted.changed()).await;
        }
    }
}
