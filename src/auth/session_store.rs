//! Keeps sessions in the database: the hash of their id, never the id (trust.md S6 and fact 7).
//!
//! Time comes from our clock. The expiry that `tower_sessions` computes from the system's is ignored: a session ends
//! when it was idle too long or its log-in is too long ago, as `session::expires_at` says.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use super::session::{Lifetime, MEMBER_ID, expires_at};
use crate::domain::environment::Environment;
use crate::domain::ids::MemberId;
use crate::domain::site::BaseUrl;
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::store::sessions::{self as rows, StoredSession};
use crate::store::{Store, StoreError};

/// That a session is used is written down at most this often: idleness is known to five minutes.
const TOUCH_INTERVAL_MS: i64 = 5 * MINUTE_MS;
/// With 128 random bits one repetition is a broken generator, three are certainty.
const CREATE_ATTEMPTS: usize = 3;

/// The sessions of this network.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    env: Environment,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

/// Gives each request its session. The cookie is host-only, out of reach of scripts, and not sent with posts from
/// other sites; over plain http (this machine only) it cannot have the name that demands https.
///
/// A session is saved only when its content changed (`always_save` stays off), so the cookie is set at log-in and not
/// again: its `Max-Age` must be the longest a log-in can last, and the row decides the rest. `OnInactivity` means no
/// more than this `Max-Age` here. Use is noted in `load`, by an update that leaves the content alone.
pub fn layer(store: Store, env: Environment, base_url: &BaseUrl) -> SessionManagerLayer<Sessions> {
    let name = if base_url.is_secure() { "__Host-sid" } else { "sid" };
    SessionManagerLayer::new(Sessions { store, env })
        .with_name(name)
        .with_secure(base_url.is_secure())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_always_save(false)
        .with_expiry(Expiry::OnInactivity(Duration::milliseconds(Lifetime::Member.absolute_ms())))
}

impl Sessions {
    pub const fn new(store: Store, env: Environment) -> Self {
        Self { store, env }
    }

    async fn insert(&self, record: &mut Record) -> Result<()> {
        let now = self.env.now();
        let (member, content, expires) = columns(record, now)?;
        for _ in 0..CREATE_ATTEMPTS {
            let mut w = self.store.write().await.map_err(backend)?;
            if rows::insert(&mut w, &hash(&record.id), member, &content, now, expires).await.map_err(backend)? {
                return w.commit().await.map_err(backend);
            }
            // The library draws ids itself, from the system: an id decides nothing that is ever replayed, and so
            // it stays secret where the rest of the process runs on a seed.
            record.id = Id::default();
        }
        Err(Error::Backend("every new session id is taken".to_owned()))
    }

    async fn update(&self, record: &Record) -> Result<()> {
        let now = self.env.now();
        let (member, content, expires) = columns(record, now)?;
        let mut w = self.store.write().await.map_err(backend)?;
        if !rows::update(&mut w, &hash(&record.id), member, &content, now, expires).await.map_err(backend)? {
            // Ended by a log-out while this request was in flight. Its answer is not wrong for that, and the cookie
            // that goes with it opens nothing.
            tracing::debug!("a session ended while a request used it");
        }
        w.commit().await.map_err(backend)
    }

    async fn find(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.env.now();
        let mut conn = self.store.read().await.map_err(backend)?;
        let Some(row) = rows::find(&mut conn, &hash(id), now).await.map_err(backend)? else { return Ok(None) };
        drop(conn);
        let data = serde_json::from_str(&row.content).map_err(|error| Error::Decode(error.to_string()))?;
        self.touch(id, &row, &data, now).await;
        Ok(Some(Record { id: *id, data, expiry_date: library_time(row.expires_at_ms)? }))
    }

    /// Notes that the session is in use. Where that fails the request goes on: at worst the session ends early.
    async fn touch(&self, id: &Id, row: &StoredSession, data: &HashMap<String, Value>, now: Timestamp) {
        if now.since(row.touched_at_ms) < TOUCH_INTERVAL_MS {
            return;
        }
        let touched: std::result::Result<(), StoreError> = async {
            let mut w = self.store.write().await?;
            rows::touch(&mut w, &hash(id), now, expires_at(data, now)).await?;
            w.commit().await
        }
        .await;
        if let Err(error) = touched {
            tracing::warn!(%error, "the use of a session was not noted");
        }
    }

    async fn remove(&self, id: &Id) -> Result<()> {
        end(&self.store, id).await.map(drop)
    }
}

/// A future of the trait below: it is declared with `async_trait`, whose expansion this is.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl SessionStore for Sessions {
    fn create<'s, 'r, 'a>(&'s self, record: &'r mut Record) -> Answer<'a, ()>
    where
        's: 'a,
        'r: 'a,
        Self: 'a,
    {
        Box::pin(self.insert(record))
    }

    fn save<'s, 'r, 'a>(&'s self, record: &'r Record) -> Answer<'a, ()>
    where
        's: 'a,
        'r: 'a,
        Self: 'a,
    {
        Box::pin(self.update(record))
    }

    fn load<'s, 'r, 'a>(&'s self, id: &'r Id) -> Answer<'a, Option<Record>>
    where
        's: 'a,
        'r: 'a,
        Self: 'a,
    {
        Box::pin(self.find(id))
    }

    fn delete<'s, 'r, 'a>(&'s self, id: &'r Id) -> Answer<'a, ()>
    where
        's: 'a,
        'r: 'a,
        Self: 'a,
    {
        Box::pin(self.remove(id))
    }
}

/// Ends the session of this id. False where it had ended already, whoever ended it.
pub(super) async fn end(store: &Store, id: &Id) -> Result<bool> {
    let mut w = store.write().await.map_err(backend)?;
    let was_there = rows::delete(&mut w, &hash(id)).await.map_err(backend)?;
    w.commit().await.map_err(backend)?;
    Ok(was_there)
}

fn hash(id: &Id) -> [u8; 32] {
    Sha256::digest(id.0.to_le_bytes()).into()
}

/// The columns that follow from a record: the member, the content, the end.
fn columns(record: &Record, now: Timestamp) -> Result<(Option<MemberId>, String, Timestamp)> {
    let member = record.data.get(MEMBER_ID).map(MemberId::deserialize).transpose();
    let member = member.map_err(|error| Error::Encode(error.to_string()))?;
    let content = serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
    Ok((member, content, expires_at(&record.data, now)))
}

fn library_time(at: Timestamp) -> Result<OffsetDateTime> {
    let nanoseconds = i128::from(at.0) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).map_err(|error| Error::Decode(error.to_string()))
}

fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tower_sessions::Session;

    use super::*;
    use crate::auth::fixtures::{HandClock, environment, store};
    use crate::auth::session::{self, Flash};
    use crate::domain::time::{DAY_MS, HOUR_MS};

    const MEMBER: MemberId = MemberId(42);

    struct Setting {
        sessions: Arc<Sessions>,
        clock: Arc<HandClock>,
        _folder: tempfile::TempDir,
    }

    async fn setting() -> Setting {
        let (store, folder) = store().await;
        let (env, clock) = environment();
        Setting { sessions: Arc::new(Sessions::new(store, env)), clock, _folder: folder }
    }

    impl Setting {
        fn request(&self, id: Option<Id>) -> Session {
            Session::new(id, self.sessions.clone(), None)
        }

        async fn logged_in(&self, lifetime: Lifetime) -> Id {
            let session = self.request(None);
            session::log_in(&session, MEMBER, lifetime, self.sessions.env.now()).await.unwrap();
            session.save().await.unwrap();
            session.id().unwrap()
        }

        async fn member(&self, id: Id) -> Option<MemberId> {
            session::member_of(&self.request(Some(id)), self.sessions.env.now()).await.unwrap()
        }

        async fn row(&self, id: Id) -> StoredSession {
            let mut conn = self.sessions.store.read().await.unwrap();
            rows::find(&mut conn, &hash(&id), self.sessions.env.now()).await.unwrap().unwrap()
        }
    }

    #[tokio::test]
    async fn log_in_gives_another_id_and_the_old_one_opens_nothing() {
        let setting = setting().await;
        let planted = setting.request(None);
        session::put_flash(&planted, flash()).await.unwrap();
        planted.save().await.unwrap();
        let before = planted.id().unwrap();
        let session = setting.request(Some(before));
        session::log_in(&session, MEMBER, Lifetime::Member, setting.sessions.env.now()).await.unwrap();
        session.save().await.unwrap();
        assert_ne!(session.id(), Some(before));
        assert_eq!(setting.member(before).await, None);
        assert_eq!(setting.member(session.id().unwrap()).await, Some(MEMBER));
    }

    #[tokio::test]
    async fn a_request_in_flight_does_not_bring_an_ended_session_back() {
        let setting = setting().await;
        let id = setting.logged_in(Lifetime::Member).await;
        let in_flight: Vec<Session> = (0..50).map(|_| setting.request(Some(id))).collect();
        for session in &in_flight {
            session::put_flash(session, flash()).await.unwrap();
        }
        session::log_out(&setting.request(Some(id))).await.unwrap();
        for session in in_flight {
            session.save().await.unwrap();
        }
        assert_eq!(setting.member(id).await, None);
    }

    #[tokio::test]
    async fn a_password_entered_once_more_does_not_bring_an_ended_session_back() {
        let setting = setting().await;
        let (store, now) = (setting.sessions.store.clone(), setting.sessions.env.now());
        let id = setting.logged_in(Lifetime::Member).await;
        let (first, second) = (setting.request(Some(id)), setting.request(Some(id)));
        for session in [&first, &second] {
            assert!(session::member_of(session, now).await.unwrap().is_some());
        }
        assert!(session::step_up(&first, &store, now).await.unwrap());
        first.save().await.unwrap();
        assert_eq!(setting.member(first.id().unwrap()).await, Some(MEMBER));
        assert!(!session::step_up(&second, &store, now).await.unwrap(), "the old id is gone");
        let nobody = setting.request(None);
        assert!(!session::step_up(&nobody, &store, now).await.unwrap());
        assert!(!second.is_modified() && !nobody.is_modified(), "there is nothing to save");
    }

    #[tokio::test]
    async fn an_id_in_use_is_never_given_away() {
        let setting = setting().await;
        let id = setting.logged_in(Lifetime::Member).await;
        let end = OffsetDateTime::UNIX_EPOCH;
        let mut record = Record { id, data: HashMap::new(), expiry_date: end };
        setting.sessions.create(&mut record).await.unwrap();
        assert_ne!(record.id, id);
        assert_eq!(setting.member(id).await, Some(MEMBER));
    }

    #[tokio::test]
    async fn the_database_holds_no_id() {
        let setting = setting().await;
        let id = setting.logged_in(Lifetime::Member).await;
        let row = setting.row(id).await;
        assert!(!row.content.contains(&id.to_string()));
        assert_ne!(hash(&id)[..16], id.0.to_le_bytes());
        assert!(row.content.contains(r#""logged_in_at_ms":1772445600000"#), "{}", row.content);
    }

    #[tokio::test]
    async fn idleness_ends_a_session_and_use_keeps_it_until_the_log_in_is_too_long_ago() {
        let setting = setting().await;
        let cases = [(Lifetime::Member, 12 * HOUR_MS, 14 * DAY_MS), (Lifetime::Admin, HOUR_MS / 2, DAY_MS / 2)];
        for (lifetime, idle, absolute) in cases {
            let idled = setting.logged_in(lifetime).await;
            let used = setting.logged_in(lifetime).await;
            for _ in 1..absolute / (idle / 2) {
                setting.clock.advance(idle / 2);
                assert_eq!(setting.member(used).await, Some(MEMBER), "{lifetime:?}");
            }
            assert_eq!(setting.member(idled).await, None, "{lifetime:?}");
            setting.clock.advance(idle / 2);
            assert_eq!(setting.member(used).await, None, "{lifetime:?}");
        }
    }

    #[tokio::test]
    async fn looks_write_at_most_every_five_minutes_and_never_the_content() {
        let setting = setting().await;
        let id = setting.logged_in(Lifetime::Member).await;
        let first = setting.row(id).await;
        setting.clock.advance(TOUCH_INTERVAL_MS - 1);
        setting.member(id).await;
        assert_eq!(setting.row(id).await.touched_at_ms, first.touched_at_ms);
        setting.clock.advance(1);
        let session = setting.request(Some(id));
        assert_eq!(session::take_flash(&session).await.unwrap(), None);
        assert!(session::member_of(&session, setting.sessions.env.now()).await.unwrap().is_some());
        assert!(!session.is_modified(), "the session layer has nothing to save");
        let touched = setting.row(id).await;
        assert_eq!(touched.touched_at_ms.since(first.touched_at_ms), TOUCH_INTERVAL_MS);
        assert_eq!(touched.expires_at_ms.since(first.expires_at_ms), TOUCH_INTERVAL_MS);
        assert_eq!(touched.content, first.content);
    }

    #[tokio::test]
    async fn a_flash_is_read_once_and_a_visitors_session_ends_with_it() {
        let setting = setting().await;
        let session = setting.request(None);
        session::put_flash(&session, flash()).await.unwrap();
        session.save().await.unwrap();
        let next = setting.request(session.id());
        assert_eq!(session::take_flash(&next).await.unwrap(), Some(flash()));
        assert!(next.is_empty().await, "the layer removes the cookie");
        assert_eq!(session::take_flash(&setting.request(session.id())).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_large_flash_loses_its_values_and_keeps_its_code() {
        let setting = setting().await;
        let session = setting.request(None);
        let mut large = flash();
        large.values.insert("terms".to_owned(), "x".repeat(session::FLASH_BYTES_MAX + 1));
        session::put_flash(&session, large).await.unwrap();
        assert_eq!(session::take_flash(&session).await.unwrap(), Some(flash()));
    }

    #[tokio::test]
    async fn the_cookie_is_set_at_log_in_and_by_no_look() {
        use axum::{Router, body::Body, http::Request, routing::get};
        use tower::ServiceExt;

        let setting = setting().await;
        let (store, env) = (setting.sessions.store.clone(), setting.sessions.env.clone());
        let now = env.now();
        let log_in = async move |session: Session| {
            session::log_in(&session, MEMBER, Lifetime::Member, now).await.unwrap();
        };
        let look = async move |session: Session| {
            session::take_flash(&session).await.unwrap();
            session::member_of(&session, now).await.unwrap().map_or_else(|| "nobody".to_owned(), |id| id.to_string())
        };
        let base_url = BaseUrl::parse("https://network.example").unwrap();
        let router = Router::new().route("/in", get(log_in)).route("/", get(look)).layer(layer(store, env, &base_url));
        let send = async |path: &str, cookie: &str| {
            let request = Request::builder().uri(path).header("cookie", cookie).body(Body::empty()).unwrap();
            let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
            let set = head.headers.get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
            (set, axum::body::to_bytes(body, 1_000).await.unwrap())
        };
        let (set, _) = send("/in", "").await;
        let (cookie, flags) = set.as_deref().unwrap().split_once(';').unwrap();
        assert!(cookie.starts_with("__Host-sid=") && cookie.len() == 11 + 22, "{cookie}");
        assert_eq!(flags, " HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1209600");
        assert_eq!(send("/", cookie).await, (None, MEMBER.to_string().into()));
        assert_eq!(send("/", "").await, (None, "nobody".into()));
    }

    fn flash() -> Flash {
        Flash::ok("saved")
    }
}
