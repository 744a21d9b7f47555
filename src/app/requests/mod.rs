//! The log of requests to the reporting end points, for the advertiser of a campaign and for admins: every one of the
//! last thirty days with its answer, and each on a page of its own.

mod detail;
mod filter;
mod list;

pub use detail::detail;
pub use filter::Narrowed;
pub use list::{page, table};

use crate::domain::ids::{AttemptId, first_id_at};
use crate::domain::retention::REQUESTS_KEPT_MS;
use crate::domain::time::Timestamp;
use crate::store::attempts::Attempt;

/// Requests on a page.
pub const PAGE: i64 = 50;

/// The first request that is still shown.
pub fn since(now: Timestamp) -> AttemptId {
    AttemptId(first_id_at(now.plus_ms(-REQUESTS_KEPT_MS)))
}

/// How it came in: `GET postback`, or what a person did.
fn way_in(attempt: &Attempt) -> String {
    match attempt.endpoint.as_str() {
        "replay" => "sent again by a member".to_owned(),
        "test" => "test sent by a member".to_owned(),
        "upload" => "from a member's file".to_owned(),
        endpoint => format!("{} {endpoint}", attempt.method),
    }
}

/// What the answer means and what can be done, in words.
fn meaning(attempt: &Attempt) -> String {
    match attempt.reason {
        // The message says more than the code: which field, since when.
        _ if !attempt.message.is_empty() => attempt.message.clone(),
        Some(reason) => format!("{} {}", reason.sentence(), reason.remedy()),
        None => "The conversion is recorded.".to_owned(),
    }
}
