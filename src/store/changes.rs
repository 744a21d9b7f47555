//! What a commit changed, told to whoever listens: in the process by a channel, between processes by NOTIFY.
//! It carries no data: a listener asks the same query again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::PgConnection;
use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{broadcast, watch};

use super::error::StoreError;
use crate::domain::ids::PartyId;

const CHANNEL: &str = "tallystick_changes";
const BACKLOG: usize = 1_024;

/// One thing that a commit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Figures that this party sees.
    Figures(PartyId),
    /// Where links lead: a link, campaign, enrollment, terms or a party's state.
    Routes,
}

impl Change {
    fn write(self) -> String {
        match self {
            Self::Figures(party) => party.to_string(),
            Self::Routes => "routes".to_owned(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text == "routes" { Some(Self::Routes) } else { text.parse().ok().map(Self::Figures) }
    }
}

#[derive(Clone)]
pub struct Changes {
    sender: broadcast::Sender<Change>,
    /// Counts the changes of routes, so that a cache can tell at once whether it is stale.
    routes: Arc<AtomicU64>,
    /// Whether the process is about to end: then nobody waits for a change any more.
    ending: watch::Sender<bool>,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), routes: Arc::default(), ending: watch::Sender::new(false) }
    }

    /// Ends the streams that would wait for changes for ever.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Until [`Changes::end`] was called.
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ending = self.ending.subscribe();
        async move {
            // An error means that the sender is gone, which ends a wait as well.
            let _ = ending.wait_for(|ending| *ending).await;
        }
    }

    /// Differs from an earlier answer if routes changed since: here at once, elsewhere when the notice arrives.
    pub fn routes_version(&self) -> u64 {
        self.routes.load(Ordering::Acquire)
    }

    /// Counted before the change is told, and by the process that made it also before it answers.
    pub(super) fn note_routes(&self, changed: &[Change]) {
        if changed.contains(&Change::Routes) {
            self.routes.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// From now on. A listener that lags is told so by the channel and must assume that everything changed.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }

    pub(super) fn publish(&self, changed: &[Change]) {
        self.note_routes(changed);
        for change in changed {
            // Nobody listening is not an error.
            let _ = self.sender.send(*change);
        }
    }

    /// Hears the notifications of every process on this database, this one's too, until the pool is closed.
    pub(super) async fn listen(&self, pool: PgPool) -> Result<(), StoreError> {
        let mut listener = connect(&pool).await?;
        let changes = self.clone();
        tokio::spawn(async move {
            while !pool.is_closed() {
                match listener.try_recv().await {
                    Ok(Some(note)) => {
                        let changed: Vec<_> = note.payload().split(',').filter_map(Change::read).collect();
                        changes.publish(&changed);
                    }
                    // The connection was lost and made again: what was missed is unknown.
                    Ok(None) => changes.publish(&[Change::Routes]),
                    Err(_) => {
                        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                        if let Ok(again) = connect(&pool).await {
                            listener = again;
                            changes.publish(&[Change::Routes]);
                        }
                    }
                }
            }
        });
        Ok(())
    }
}

async fn connect(pool: &PgPool) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

sql! {
    NOTIFY [postgres] = "select pg_notify($1, $2)";
}

/// Part of the transaction: sent with the commit, or not at all.
pub(super) async fn notify(c: &mut PgConnection, changed: &[Change]) -> Result<(), StoreError> {
    // A payload holds 8,000 bytes: 400 changes fit well.
    for part in changed.chunks(400) {
        let payload = part.iter().map(|change| change.write()).collect::<Vec<_>>().join(",");
        sqlx::query(NOTIFY).bind(CHANNEL).bind(payload).execute(&mut *c).await?;
    }
    Ok(())
}
