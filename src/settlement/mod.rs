//! MONEY AFTER IT IS EARNED: reviewed, funded, released, paid. Each step is one transaction that writes the
//! conversion, its event, its transfers and the report totals together, or none of them.
//!
//! Locks are always taken in this order, so that two processes never wait for each other: batch of reviews, run,
//! publishers of its payouts by id, day of clicks, conversions by id, report totals, accounts.

pub mod batch;
pub mod click_pay;
pub mod deadline;
pub mod deposit;
pub mod hold;
mod loss;
pub mod payout;
pub mod payout_details;
pub mod refund;
pub mod review;
mod step;
mod tally;

use crate::domain::ids::MemberId;
use crate::domain::party::{Acting, Viewer};
use crate::store::StoreError;

/// What a person writes beside a step has at most so many characters.
const TEXT_MAX: usize = 200;

/// A line that a person wrote: something, and not too long.
fn text(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_good = !text.is_empty() && text.chars().count() <= TEXT_MAX && !text.contains(char::is_control);
    is_good.then_some(text)
}

/// The admin who is calling. To everybody else nothing is here.
fn admin(viewer: &Viewer) -> Result<MemberId, StoreError> {
    match viewer.acting {
        Acting::Admin => Ok(viewer.member_id),
        Acting::Publisher(_) | Acting::Advertiser(_) => Err(StoreError::NotFound),
    }
}
