//! What a session says: who logged in and when, and one message for the next page (trust.md S6).
//!
//! A session is written at log-in, log-out and for a message, never by a mere look.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::Session;
use tower_sessions::session::Error;

use super::session_store;
use crate::domain::ids::MemberId;
use crate::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use crate::store::Store;

/// The keys of a session's data. The store reads the first to end all sessions of a member.
pub(super) const MEMBER_ID: &str = "member_id";
const LOGGED_IN_AT: &str = "logged_in_at_ms";
const LIFETIME: &str = "lifetime";
const STEPPED_UP_AT: &str = "stepped_up_at_ms";
const FLASH: &str = "flash";

/// What a stolen cookie alone must not do asks for the password, unless it was entered so lately (trust.md S7).
pub const STEP_UP_MS: i64 = 5 * MINUTE_MS;

/// A message waits so long for its page.
const ANONYMOUS_MS: i64 = HOUR_MS;
/// A flash that would be larger keeps only its message: what was entered is lost. The longest form, a campaign with
/// its terms and all its rows, fits.
pub(super) const FLASH_BYTES_MAX: usize = 48 * 1_024;

/// How long a log-in lasts. An admin's is shorter, whatever else the member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifetime {
    Member,
    Admin,
}

impl Lifetime {
    /// Longest time without a request.
    pub const fn idle_ms(self) -> i64 {
        match self {
            Self::Member => 12 * HOUR_MS,
            Self::Admin => 30 * MINUTE_MS,
        }
    }

    /// Longest time since the log-in.
    pub const fn absolute_ms(self) -> i64 {
        match self {
            Self::Member => 14 * DAY_MS,
            Self::Admin => 12 * HOUR_MS,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlashKind {
    Ok,
    Problem,
}

/// One message for the next page, and what was entered into the form that it is about.
/// The values are stored in the database and shown again: never put a password or another secret into them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub kind: FlashKind,
    pub message: String,
    /// The field of the form that it stands under; empty: on top of the page.
    #[serde(default)]
    pub field: String,
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl Flash {
    /// Something was done.
    pub fn ok(message: &str) -> Self {
        let (field, values) = (String::new(), BTreeMap::new());
        Self { kind: FlashKind::Ok, message: message.to_owned(), field, values }
    }

    /// A form was refused: why, where, and what to fill in again.
    pub fn problem(field: &str, message: &str, values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { kind: FlashKind::Problem, message: message.to_owned(), field: field.to_owned(), values }
    }

    pub fn is_problem(&self) -> bool {
        self.kind == FlashKind::Problem
    }
}

/// Makes this the session of a member, under a new id: one that somebody planted before is worth nothing.
pub async fn log_in(session: &Session, member: MemberId, lifetime: Lifetime, now: Timestamp) -> Result<(), Error> {
    session.cycle_id().await?;
    session.insert(MEMBER_ID, member).await?;
    session.insert(LOGGED_IN_AT, now).await?;
    session.insert(STEPPED_UP_AT, now).await?;
    session.insert(LIFETIME, lifetime).await
}

/// The member entered the password once more. The session gets a new id: whoever has a copy of the old one is out.
/// False where it was ended while the password was checked: then it stays ended.
pub async fn step_up(session: &Session, store: &Store, now: Timestamp) -> Result<bool, Error> {
    // Read first: what is under the old id is gone in a moment.
    let is_known = session.get_value(MEMBER_ID).await?.is_some();
    let Some(old) = session.id().filter(|_| is_known) else { return Ok(false) };
    if !session_store::end(store, &old).await? {
        return Ok(false);
    }
    session.cycle_id().await?;
    session.insert(STEPPED_UP_AT, now).await?;
    Ok(true)
}

/// Whether the password was entered lately enough for what a stolen cookie alone must not do.
pub async fn is_stepped_up(session: &Session, now: Timestamp) -> Result<bool, Error> {
    let at = session.get::<Timestamp>(STEPPED_UP_AT).await?;
    Ok(at.is_some_and(|at| now.since(at) < STEP_UP_MS))
}

/// Deletes the session at once; requests in flight do not bring it back.
pub async fn log_out(session: &Session) -> Result<(), Error> {
    session.flush().await
}

/// Who logged in here, unless that was too long ago. The store judges idleness.
///
/// # Errors
/// The session cannot be read: answer 503, not the log-in page.
pub async fn member_of(session: &Session, now: Timestamp) -> Result<Option<MemberId>, Error> {
    let (Some(member), Some(at)) = (session.get(MEMBER_ID).await?, session.get::<Timestamp>(LOGGED_IN_AT).await?)
    else {
        return Ok(None);
    };
    let lifetime = session.get::<Lifetime>(LIFETIME).await?.unwrap_or(Lifetime::Admin);
    Ok((now.since(at) < lifetime.absolute_ms()).then_some(member))
}

/// Leaves a message for the next page; replaces one that nobody read.
pub async fn put_flash(session: &Session, mut flash: Flash) -> Result<(), Error> {
    let size: usize = flash.values.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > FLASH_BYTES_MAX {
        flash.values.clear();
    }
    session.insert(FLASH, flash).await
}

/// The message, once. A visitor's session that held nothing else ends with it.
pub async fn take_flash(session: &Session) -> Result<Option<Flash>, Error> {
    // Looked at first: `remove` marks the session as changed even where there is nothing to remove, and then every
    // view of every page would be a write.
    if session.get_value(FLASH).await?.is_none() {
        return Ok(None);
    }
    let flash = session.remove(FLASH).await?;
    if session.get_value(MEMBER_ID).await?.is_none() {
        session.flush().await?;
    }
    Ok(flash)
}

/// When a session with this content ends if it is not used after `now`.
pub(super) fn expires_at(data: &HashMap<String, Value>, now: Timestamp) -> Timestamp {
    let logged_in_at = data.get(LOGGED_IN_AT).and_then(Value::as_i64);
    let Some(logged_in_at) = logged_in_at.filter(|_| data.contains_key(MEMBER_ID)) else {
        return now.plus_ms(ANONYMOUS_MS);
    };
    let lifetime = data.get(LIFETIME).and_then(|value| Lifetime::deserialize(value).ok()).unwrap_or(Lifetime::Admin);
    now.plus_ms(lifetime.idle_ms()).min(Timestamp(logged_in_at).plus_ms(lifetime.absolute_ms()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::fixtures::START;

    fn data(value: Value) -> HashMap<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_session_ends_when_idle_or_when_the_log_in_is_too_long_ago() {
        let member =
            |lifetime: &str| data(json!({ "member_id": MemberId(1), "logged_in_at_ms": START, "lifetime": lifetime }));
        let cases = [
            (data(json!({})), 0, HOUR_MS),
            (member("member"), 0, 12 * HOUR_MS),
            (member("member"), DAY_MS, DAY_MS + 12 * HOUR_MS),
            (member("member"), 14 * DAY_MS - HOUR_MS, 14 * DAY_MS),
            (member("admin"), 0, 30 * MINUTE_MS),
            (member("admin"), 11 * HOUR_MS + 45 * MINUTE_MS, 12 * HOUR_MS),
            (member("unheard of"), 0, 30 * MINUTE_MS),
            (data(json!({ "logged_in_at_ms": START, "lifetime": "member" })), 0, HOUR_MS),
        ];
        for (data, after, expected) in cases {
            assert_eq!(expires_at(&data, START.plus_ms(after)).since(START), expected, "{data:?} {after}");
        }
    }

    #[test]
    fn a_flash_is_written_as_a_page_reads_it() {
        let flash = Flash::problem("email", "It is taken.", [("name", "Ada".to_owned())]);
        let values = json!({ "name": "Ada" });
        let expected = json!({ "kind": "problem", "message": "It is taken.", "field": "email", "values": values });
        assert_eq!(serde_json::to_value(&flash).unwrap(), expected);
    }
}
