//! What can go wrong in the store, with the constraint's name where one refused.

use sqlx::error::{DatabaseError, ErrorKind};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The name of the constraint, the same on both databases.
    #[error("refused by {0}")]
    Refused(String),
    /// `get` found no row.
    #[error("not found")]
    NotFound,
    /// Somebody else changed the row since it was read.
    #[error("changed in between")]
    Conflict,
    /// The pool, the lock or the other transaction took too long: try again.
    #[error("the database is busy or out of reach: {0}")]
    Unavailable(sqlx::Error),
    #[error("commit after an error: nothing was stored")]
    CommitAfterError,
    #[error("the database does not keep what it commits: {0}")]
    NotDurable(String),
    /// A stored value does not read as what it must be.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt { what: &'static str, why: String },
    #[error("database: {0}")]
    Database(sqlx::Error),
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// Whether this constraint refused.
    pub fn is_refused_by(&self, constraint: &str) -> bool {
        matches!(self, Self::Refused(name) if name == constraint)
    }

    /// Whether what is stored cannot be read as what it must be: another try would find the same.
    pub const fn is_unreadable(&self) -> bool {
        use sqlx::Error::{ColumnDecode, Decode};
        matches!(self, Self::Corrupt { .. } | Self::Database(ColumnDecode { .. } | Decode(_)))
    }

    /// Whether the same may go well another time.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::RowNotFound) {
            return Self::NotFound;
        }
        end_if_unsynced(&error);
        match error.as_database_error().and_then(constraint_name) {
            Some(name) => Self::Refused(name),
            None if is_passing(&error) => Self::Unavailable(error),
            None => Self::Database(error),
        }
    }
}

/// Ends the process where SQLite could not sync a file. What the system failed to write it may forget and call clean: a
/// second try would promise what is not there (as PostgreSQL does since 2018). What is on the disk is read at the start.
fn end_if_unsynced(error: &sqlx::Error) {
    const IOERR_FSYNC: &str = "1034";
    const IOERR_DIR_FSYNC: &str = "1290";
    let sqlite =
        error.as_database_error().filter(|error| error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some());
    if sqlite.and_then(|error| error.code()).is_some_and(|code| matches!(&*code, IOERR_FSYNC | IOERR_DIR_FSYNC)) {
        tracing::error!(%error, "the disk did not keep what was written: the process ends before it promises more");
        std::process::abort();
    }
}

/// Serialisation failure, deadlock, busy, locked, or no connection: the same request may succeed later.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01" | "5" | "6" | "517"))
        }
        _ => false,
    }
}

/// Postgres reports the name. SQLite reports `table.column, table.column` for a unique key, from which
/// Postgres's own default name follows (`table_column_column_key`, `table_pkey`); for a check the name;
/// for a trigger the text of its `raise`. So constraints carry their default names, and a test says so.
fn constraint_name(error: &dyn DatabaseError) -> Option<String> {
    if let Some(name) = error.constraint() {
        return Some(name.to_owned());
    }
    let sqlite = error.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let subject = sqlite.message().split_once(" constraint failed: ").map_or("", |(_, subject)| subject);
    match sqlite.kind() {
        ErrorKind::UniqueViolation => {
            let (table, _) = subject.split_once('.')?;
            if sqlite.code().as_deref() == Some("1555") {
                return Some(format!("{table}_pkey"));
            }
            let columns = subject.split(", ").filter_map(|c| c.split_once('.')).map(|(_, column)| column);
            Some(format!("{table}_{}_key", columns.collect::<Vec<_>>().join("_")))
        }
        ErrorKind::CheckViolation => Some(subject.to_owned()),
        ErrorKind::ForeignKeyViolation => Some("foreign_key".to_owned()),
        _ if sqlite.code().as_deref() == Some("1811") => Some(sqlite.message().to_owned()), // raise(abort, …)
        _ => None,
    }
}
