//! Two databases, one text. Everything that knows which database is in use is in this file.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

use super::changes::{Change, Changes};
use super::counting::Counting;
use super::error::StoreError;
use crate::domain::durability::ClickDurability;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Before 3.51.3 a reset of the write-ahead log could corrupt the file (trust.md, fact 4).
const SQLITE_VERSION_MIN: &str = "3.51.3";
/// Pages of 4 KiB in the write-ahead log before a writer itself copies them into the file: 32 MiB. Until then
/// [`Store::checkpoint`] does it in the background, off the path of a commit (performance.md, section 1).
const WAL_PAGES_MAX: &str = "8192";
const READERS_MAX: u32 = 8;
/// Prepared texts that the writing connection keeps: ten sizes of each kind of row, and every other one.
const STATEMENTS_KEPT: usize = 512;
/// Rows that SQLite's thread hands over before it waits for them to be taken: a batch of clicks.
const ROWS_BUFFERED: usize = 1_024;
const POSTGRES_CONNECTIONS_MAX: u32 = 16;
const ACQUIRE_TIMEOUT_MS: u64 = 10_000;
/// Two statements, sent as one.
const POSTGRES_BEGIN_RELAXED: &str = "begin; set local synchronous_commit = off";

/// Runs one body on whichever driver `conn` is: `on_driver!(conn, |c| query_as(SQL).fetch_optional(c).await)`.
/// The body is compiled twice; inside it `c` is `&mut SqliteConnection` or `&mut PgConnection`.
/// It must give the same type on both: after `execute`, map to `rows_affected()`.
macro_rules! on_driver {
    ($conn:expr, |$c:ident| $body:expr) => {{
        let result = match $conn.driver() {
            $crate::store::driver::Driver::Sqlite($c) => $body,
            $crate::store::driver::Driver::Postgres($c) => $body,
        };
        $conn.settle(result)
    }};
}

/// Declares the SQL of one store file and registers it for the prepare-all test.
/// `NAME = "…"` must run on both databases; `NAME [postgres] = "…"` on the one named.
macro_rules! sql {
    ($($name:ident $([$only:ident])? = $text:expr;)*) => {
        $(const $name: &str = $text;)*
        #[doc(hidden)]
        pub const SQL: &[(&str, &str, &str)] =
            &[$((concat!(module_path!(), "::", stringify!($name)), stringify!($($only)?), $text)),*];
    };
}

/// A connection which may read. Functions that write ask for a [`Writer`].
pub struct Conn {
    held: Held,
    failed: bool,
    lags: bool,
}

enum Held {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    SqliteTx(Transaction<'static, Sqlite>),
    PostgresTx(Transaction<'static, Postgres>),
}

/// What `on_driver!` matches on, and what the few functions with two texts match on by hand.
pub enum Driver<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Conn {
    const fn new(held: Held) -> Self {
        Self { held, failed: false, lags: false }
    }

    pub const fn is_sqlite(&self) -> bool {
        matches!(self.held, Held::Sqlite(_) | Held::SqliteTx(_))
    }

    /// Whether its totals may lack clicks that were stored before: see [`Store::snapshot_counted`].
    pub const fn lags(&self) -> bool {
        self.lags
    }

    pub fn driver(&mut self) -> Driver<'_> {
        match &mut self.held {
            Held::Sqlite(c) => Driver::Sqlite(c),
            Held::SqliteTx(c) => Driver::Sqlite(c),
            Held::Postgres(c) => Driver::Postgres(c),
            Held::PostgresTx(c) => Driver::Postgres(c),
        }
    }

    /// The one way out of a statement. An error ends a [`Writer`]: see [`Writer::commit`].
    pub fn settle<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.failed |= result.is_err();
        result.map_err(StoreError::from)
    }
}

/// One write transaction; rolled back when dropped without [`Writer::commit`].
#[must_use = "a writer that is not committed is rolled back"]
pub struct Writer {
    conn: Conn,
    changes: Changes,
    changed: Vec<Change>,
}

impl Writer {
    /// Says what this transaction changes; told to whoever listens once it is committed.
    pub fn changed(&mut self, change: Change) {
        if !self.changed.contains(&change) {
            self.changed.push(change);
        }
    }

    /// Refused after any error. Without this, Postgres would answer `commit` with a silent rollback and sqlx
    /// would report success, while SQLite would store what the failed statement left.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.conn.failed {
            return Err(StoreError::CommitAfterError);
        }
        if let Driver::Postgres(c) = self.conn.driver() {
            super::changes::notify(c, &self.changed).await?;
        }
        match self.conn.held {
            Held::SqliteTx(t) => {
                t.commit().await?;
                self.changes.publish(&self.changed);
            }
            Held::PostgresTx(t) => {
                t.commit().await?;
                self.changes.note_routes(&self.changed);
            }
            Held::Sqlite(_) | Held::Postgres(_) => unreachable!("a Writer holds a transaction"),
        }
        Ok(())
    }
}

impl Deref for Writer {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

#[derive(Clone)]
enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool, relaxed: SqlitePool },
    Postgres(PgPool),
}

/// The database: read connections, snapshots, write transactions, and what they changed.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    changes: Changes,
    counting: Counting,
}

impl Store {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// The database cannot be reached, does not promise durable commits, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let pools = if is_postgres(url) { open_postgres(url).await? } else { open_sqlite(url).await? };
        let store = Self { pools, changes: Changes::new(), counting: Counting::new() };
        match &store.pools {
            Pools::Sqlite { write, .. } => SQLITE.run(write).await?,
            Pools::Postgres(pool) => POSTGRES.run(pool).await?,
        }
        store.check_durability().await?;
        if let Pools::Postgres(pool) = &store.pools {
            store.changes.listen(pool.clone()).await?;
        }
        Ok(store)
    }

    /// Opens a database to look at it, beside a process that works on it: nothing is migrated and nothing can be written.
    ///
    /// # Errors
    /// The database does not exist or cannot be reached.
    pub async fn inspect(url: &str) -> Result<Self, StoreError> {
        let pools = if is_postgres(url) {
            open_postgres(url).await?
        } else {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(false)
                .busy_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
                .pragma("query_only", "1");
            let read = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
            Pools::Sqlite { write: read.clone(), relaxed: read.clone(), read }
        };
        Ok(Self { pools, changes: Changes::new(), counting: Counting::new() })
    }

    pub const fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    pub const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// For the writer of clicks, which may let the totals lag behind.
    pub const fn counting(&self) -> &Counting {
        &self.counting
    }

    pub async fn read(&self) -> Result<Conn, StoreError> {
        Ok(Conn::new(match &self.pools {
            Pools::Sqlite { read, .. } => Held::Sqlite(read.acquire().await?),
            Pools::Postgres(pool) => Held::Postgres(pool.acquire().await?),
        }))
    }

    /// Many reads of one moment. Who reads totals of clicks, landings or gestures takes [`Store::snapshot_counted`].
    pub async fn snapshot(&self) -> Result<Conn, StoreError> {
        Ok(Conn::new(match &self.pools {
            Pools::Sqlite { read, .. } => Held::SqliteTx(read.begin().await?),
            Pools::Postgres(pool) => {
                Held::PostgresTx(pool.begin_with("begin isolation level repeatable read read only").await?)
            }
        }))
    }

    /// As [`Store::snapshot`], with totals that have every click that was stored before: totals and rows of a report
    /// agree. It waits for them, but not for ever: see [`Conn::lags`].
    pub async fn snapshot_counted(&self) -> Result<Conn, StoreError> {
        // Without a connection: whoever brings the totals up to date needs one.
        let is_counted = self.counting.wait().await;
        let mut conn = self.snapshot().await?;
        if let Driver::Sqlite(c) = conn.driver() {
            // SQLite's moment is not that of `begin`, but of the first read.
            sqlx::query(SQLITE_MOMENT).execute(c).await?;
        }
        conn.lags = !is_counted;
        Ok(conn)
    }

    /// A write transaction. On SQLite there is one at a time.
    pub async fn write(&self) -> Result<Writer, StoreError> {
        let held = match &self.pools {
            Pools::Sqlite { write, .. } => Held::SqliteTx(begin_sqlite(write).await?),
            Pools::Postgres(pool) => Held::PostgresTx(pool.begin().await?),
        };
        Ok(Writer { conn: Conn::new(held), changes: self.changes.clone(), changed: Vec::new() })
    }

    /// A write transaction whose commit outlives this process, but perhaps not a power cut: for clicks, where the
    /// network promises no more than that. Everything else is [`Store::write`].
    pub async fn write_relaxed(&self) -> Result<Writer, StoreError> {
        let held = match &self.pools {
            Pools::Sqlite { relaxed, .. } => Held::SqliteTx(begin_sqlite(relaxed).await?),
            Pools::Postgres(pool) => Held::PostgresTx(pool.begin_with(POSTGRES_BEGIN_RELAXED).await?),
        };
        Ok(Writer { conn: Conn::new(held), changes: self.changes.clone(), changed: Vec::new() })
    }

    /// A write transaction whose commit keeps what the network promises of a click.
    pub async fn write_clicks(&self, durability: ClickDurability) -> Result<Writer, StoreError> {
        match durability {
            ClickDurability::Strict => self.write().await,
            ClickDurability::Process | ClickDurability::Fast => self.write_relaxed().await,
        }
    }

    /// Copies what was committed into the SQLite file, as far as that stops nobody, so that writers need not.
    /// PostgreSQL does it by itself.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Sqlite { read, .. } => sqlx::query(SQLITE_CHECKPOINT).execute(read).await.map(drop)?,
            Pools::Postgres(_) => {}
        }
        Ok(())
    }

    /// What a database promises of a commit is read back, never assumed (trust.md, I-3).
    async fn check_durability(&self) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Sqlite { write, .. } => check_sqlite(write).await,
            Pools::Postgres(pool) => check_postgres(pool).await,
        }
    }

    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write, relaxed } => {
                read.close().await;
                relaxed.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Begins a write transaction. When a commit fails, as on a full disk, SQLite ends the transaction by itself, but the
/// connection still counts one: such a connection is closed, and another takes its place.
async fn begin_sqlite(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    loop {
        match pool.begin_with("begin immediate").await {
            Err(sqlx::Error::InvalidSavePointStatement) => pool.acquire().await?.close().await?,
            begun => return begun,
        }
    }
}

/// Whether a `DATABASE_URL` names a PostgreSQL database.
pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    let options = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS_MAX);
    Ok(Pools::Postgres(options.acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS)).connect(url).await?))
}

async fn open_sqlite(url: &str) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
        .pragma("wal_autocheckpoint", WAL_PAGES_MAX)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .foreign_keys(true);
    let batches = options.clone().row_buffer_size(ROWS_BUFFERED);
    // A file does not go away as a server does: no connection is asked whether it is alive.
    let pool = |connections| SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
    let write = pool(1).connect_with(batches.clone()).await?;
    // Not opened before it is needed: most networks promise that a click is on disk.
    let relaxed = pool(1).connect_lazy_with(batches.synchronous(SqliteSynchronous::Normal));
    let read = pool(READERS_MAX);
    let read = read.connect_with(options.pragma("query_only", "1")).await?;
    Ok(Pools::Sqlite { read, write, relaxed })
}

sql! {
    SQLITE_FACTS [sqlite] = "select sqlite_version() as version, j.journal_mode as journal, s.synchronous as synchronous
        from pragma_journal_mode j, pragma_synchronous s";
    SQLITE_CHECKPOINT [sqlite] = "pragma wal_checkpoint(passive)";
    SQLITE_MOMENT [sqlite] = "select 1 as moment from sqlite_schema limit 1";
    POSTGRES_FACTS [postgres] = "select current_setting('fsync') as fsync,
        current_setting('synchronous_commit') as synchronous_commit";
}

async fn check_sqlite(pool: &SqlitePool) -> Result<(), StoreError> {
    let (version, journal, synchronous): (String, String, i64) = sqlx::query_as(SQLITE_FACTS).fetch_one(pool).await?;
    let number = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    if number(&version) < number(SQLITE_VERSION_MIN) {
        return Err(StoreError::NotDurable(format!("SQLite {version} is older than {SQLITE_VERSION_MIN}")));
    }
    if journal != "wal" || synchronous != 2 {
        return Err(StoreError::NotDurable(format!("SQLite runs with journal {journal}, synchronous {synchronous}")));
    }
    Ok(())
}

async fn check_postgres(pool: &PgPool) -> Result<(), StoreError> {
    let (fsync, commit): (String, String) = sqlx::query_as(POSTGRES_FACTS).fetch_one(pool).await?;
    if fsync != "on" || !(commit == "on" || commit.starts_with("remote_")) {
        return Err(StoreError::NotDurable(format!("PostgreSQL runs with fsync {fsync}, synchronous_commit {commit}")));
    }
    Ok(())
}
