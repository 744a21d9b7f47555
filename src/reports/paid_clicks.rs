//! The clicks behind an accrual, a page of them, read for whoever may read its receipt.

use super::receipt::Receipt;
use crate::domain::click::Click;
use crate::domain::click_pay::{ClickDay, ClickPay, Paid};
use crate::domain::retention::Kept;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::store::{Conn, StoreError, clicks, retention};

/// Clicks of a page.
pub const PAGE_CLICKS: i64 = 100;

/// What a day of clicks earned, and which clicks these were.
pub struct PaidClicks {
    pub day: ClickDay,
    /// What its terms pay; nothing: they are damaged.
    pub pay: Option<ClickPay>,
    pub paid: Paid,
    /// From 1.
    pub page: i64,
    pub pages: i64,
    /// Of this page, in the order of the day.
    pub clicks: Vec<Click>,
    /// Clicks are kept for a while; their number stays.
    pub are_forgotten: bool,
}

/// Reads a page of the clicks behind a receipt that the caller may read; nothing where clicks are not what it pays.
pub async fn load(conn: &mut Conn, receipt: &Receipt, page: i64) -> Result<Option<PaidClicks>, StoreError> {
    let Some(day) = receipt.click_day().cloned() else { return Ok(None) };
    let pay = receipt.terms.as_ref().and_then(|terms| terms.click);
    let nothing = Paid { clicks: 0, minor: 0, is_capped: false };
    let paid = pay.map_or(nothing, |pay| pay.paid(day.clicks, day.used_before_minor));
    let pages = (day.clicks + PAGE_CLICKS - 1).div_euclid(PAGE_CLICKS).max(1);
    let page = page.clamp(1, pages);
    let (campaign, version) = (receipt.conversion.campaign_id, (day.utc_day, day.terms_version));
    // Since the count, others may have come.
    let limit = PAGE_CLICKS.min(day.clicks - (page - 1) * PAGE_CLICKS).max(0);
    let rows = (limit, (page - 1) * PAGE_CLICKS);
    let clicks = clicks::list_of_day(conn, day.publisher_id, campaign, version, rows).await?;
    let kept_from = retention::forgotten_before(conn, Kept::Clicks).await?;
    let are_forgotten = Timestamp(day.utc_day * DAY_MS) < kept_from;
    Ok(Some(PaidClicks { day, pay, paid, page, pages, clicks, are_forgotten }))
}
