//! Live updates: a stream that says when a party's figures changed, and never what they are. Whoever hears it asks the
//! same query again, so there is no second way to compute a figure.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::Event;
use futures::{Stream, StreamExt};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::domain::ids::PartyId;
use crate::store::Store;
use crate::store::changes::Change;

/// At most one tick in this time, however much happens.
const PACE_MS: u64 = 1_000;
/// A browser connects again by itself; then it is asked anew who it is.
const CONNECTED_MAX_S: u64 = 3_600;
/// A comment so often keeps the connection open through proxies.
pub const KEEP_ALIVE_S: u64 = 15;

/// A tick at once, then one whenever the party's figures changed; ends with the process, and after an hour.
pub fn ticks(store: &Store, party: PartyId) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let changes = store.changes().subscribe();
    let (ended, hour) = (store.changes().ended(), tokio::time::sleep(Duration::from_secs(CONNECTED_MAX_S)));
    let end = async move {
        tokio::select! {
            () = ended => {}
            () = hour => {}
        }
    };
    let ticks = futures::stream::unfold((changes, false), move |(mut changes, has_begun)| async move {
        if has_begun {
            tokio::time::sleep(Duration::from_millis(PACE_MS)).await;
            wait(&mut changes, party).await?;
        }
        Some((Ok(tick()), (changes, true)))
    });
    ticks.take_until(Box::pin(end))
}

/// The same word always: a browser drops an event that has no data at all.
fn tick() -> Event {
    Event::default().event("tick").data("changed")
}

/// Until the party's figures change, or already have since the last tick.
async fn wait(changes: &mut Receiver<Change>, party: PartyId) -> Option<()> {
    loop {
        match changes.recv().await {
            Ok(Change::Figures(changed)) if changed == party => break,
            Ok(_) => {}
            // What was missed is unknown: it may have been ours.
            Err(RecvError::Lagged(_)) => break,
            Err(RecvError::Closed) => return None,
        }
    }
    // Whatever else came is in the figures that are asked for now.
    while changes.try_recv().is_ok() {}
    Some(())
}
