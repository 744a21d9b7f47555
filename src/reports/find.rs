//! Find my order: what arrived under an id, when, what was decided and why, as far as the viewer may know it.

use std::cmp::Reverse;

use crate::domain::click::Click;
use crate::domain::click_token::ClickToken;
use crate::domain::conversion::OrderId;
use crate::domain::ids::{AttemptId, ClickId, ConversionId, PublisherId, first_id_at};
use crate::domain::party::{Acting, PartyKind, Viewer};
use crate::domain::receipt::ReceiptField;
use crate::domain::secret::SecretKey;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::domain::trace::Verdict;
use crate::store::attempts::{self, Attempt};
use crate::store::conversion_lists::Listed;
use crate::store::find::{self as rows, Key};
use crate::store::{Conn, StoreError, campaigns, clicks, evidence, links, parties};

/// So many of each kind are shown, the newest.
pub const FOUND_MAX: usize = 20;
/// Requests are kept, and looked through, for so long.
pub const REQUEST_DAYS: i64 = 30;

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Those whose receipt the viewer may open.
    pub conversions: Vec<Listed>,
    /// Those that a report named a click of the viewer's for, and that are not credited to it.
    pub missed: Vec<Missed>,
    pub clicks: Vec<FoundClick>,
    /// The requests that named the order, refused ones too: advertiser and admin only.
    pub requests: Vec<Attempt>,
}

impl Found {
    pub fn is_empty(&self) -> bool {
        self.conversions.is_empty() && self.missed.is_empty() && self.clicks.is_empty() && self.requests.is_empty()
    }
}

/// A conversion that is not the viewer's, as far as its own click tells of it.
pub struct Missed {
    pub order_id: String,
    pub event: String,
    pub campaign_name: String,
    /// When the first report came that named the viewer's click.
    pub reported_at: Timestamp,
    /// What became of the viewer's click; nothing where the decision did not look at it any more.
    pub verdict: Option<Verdict>,
}

/// A click with the names beside it.
pub struct FoundClick {
    pub click: Click,
    pub campaign_name: String,
    pub publisher_name: String,
    /// Publisher and admin only.
    pub link_name: Option<String>,
}

/// Looks an id up. What does not exist and what is a stranger's give the same: nothing.
pub async fn find(
    conn: &mut Conn,
    viewer: &Viewer,
    secret_key: &SecretKey,
    words: &str,
    now: Timestamp,
) -> Result<Found, StoreError> {
    // Every id that is looked for has at least the shape of an order id: an order may well bear a click's.
    let Ok(order) = words.parse::<OrderId>() else { return Ok(Found::default()) };
    let clicks = find_clicks(conn, viewer, secret_key, words).await?;
    let mut keys = vec![Key::Order(order.as_str())];
    keys.extend(words.parse::<ConversionId>().ok().map(Key::Conversion));
    keys.extend(clicks.iter().map(|found| Key::Click(found.click.click_id)));
    let mut listed: Vec<Listed> = Vec::new();
    for key in keys {
        listed.extend(rows::conversions(conn, viewer.acting, key, FOUND_MAX as i64).await?);
    }
    listed.sort_by_key(|row| Reverse(row.conversion.conversion_id));
    listed.dedup_by_key(|row| row.conversion.conversion_id);
    listed.truncate(FOUND_MAX);
    let (conversions, missed) = split(conn, viewer, listed).await?;
    let first = AttemptId(first_id_at(now.plus_ms(-REQUEST_DAYS * DAY_MS)));
    let requests = attempts::list_of_order(conn, viewer.acting, order.as_str(), first, FOUND_MAX as i64).await?;
    Ok(Found { conversions, missed, clicks, requests })
}

/// A click by its token, which must be the one that the network gave it, or by its id.
async fn find_clicks(
    conn: &mut Conn,
    viewer: &Viewer,
    secret_key: &SecretKey,
    words: &str,
) -> Result<Vec<FoundClick>, StoreError> {
    let token = ClickToken::read(words).ok();
    let Some(id) = token.map(|token| token.click_id).or_else(|| words.parse::<ClickId>().ok()) else {
        return Ok(Vec::new());
    };
    let Some(click) = clicks::find_of(conn, viewer.acting, id).await? else { return Ok(Vec::new()) };
    let is_ours = |token: ClickToken| {
        token.link_id == click.link_id && token.check(secret_key, click.campaign_id, click.publisher_id).is_ok()
    };
    if token.is_some_and(|token| !is_ours(token)) {
        return Ok(Vec::new());
    }
    Ok(vec![with_names(conn, viewer.acting.kind(), click).await?])
}

async fn with_names(conn: &mut Conn, kind: PartyKind, click: Click) -> Result<FoundClick, StoreError> {
    let link_name = if ReceiptField::LinkName.is_whole(kind) {
        let link = links::get_of_publisher(conn, click.publisher_id, click.link_id).await?;
        Some(if link.name.is_empty() { link.slug } else { link.name })
    } else {
        None
    };
    Ok(FoundClick {
        campaign_name: campaigns::get(conn, click.campaign_id).await?.name,
        publisher_name: parties::get(conn, click.publisher_id.party()).await?.name,
        link_name,
        click,
    })
}

/// What a publisher may open, and of what it may only know what became of its own click.
async fn split(
    conn: &mut Conn,
    viewer: &Viewer,
    listed: Vec<Listed>,
) -> Result<(Vec<Listed>, Vec<Missed>), StoreError> {
    let Acting::Publisher(publisher) = viewer.acting else { return Ok((listed, Vec::new())) };
    let (own, others): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|row| row.conversion.publisher_id == Some(publisher));
    let mut missed = Vec::new();
    for row in others {
        missed.extend(missed_by(conn, publisher, row).await?);
    }
    Ok((own, missed))
}

async fn missed_by(conn: &mut Conn, publisher: PublisherId, row: Listed) -> Result<Option<Missed>, StoreError> {
    let id = row.conversion.conversion_id;
    let reports = evidence::list(conn, id).await?;
    let first = reports.iter().find(|report| report.clicks.iter().any(|click| click.publisher_id == publisher));
    let Some(first) = first else { return Ok(None) };
    let decided = evidence::latest_decision(conn, id).await?;
    let trace = decided.map(|(_, decision)| decision.trace).unwrap_or_default();
    let verdict = trace.iter().find(|line| line.publisher_id == Some(publisher)).map(|line| line.verdict);
    Ok(Some(Missed {
        order_id: row.conversion.order_id,
        event: row.conversion.event,
        campaign_name: row.campaign_name,
        reported_at: first.received_at,
        // The click won, and yet another rule keeps the conversion from it: nothing is told of that here.
        verdict: verdict.filter(|verdict| *verdict != Verdict::Won),
    }))
}
