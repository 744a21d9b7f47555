//! What nobody decides: at the validation deadline its advertiser is reminded, two weeks later the network is asked, and
//! at the end it is rejected, so that nothing stays pending. Each of these once, whichever process comes first.

use crate::domain::conversion::OrderId;
use crate::domain::environment::Environment;
use crate::domain::ids::{ConversionId, NoticeId, PartyId};
use crate::domain::notice::{NoticeCode, object_of};
use crate::domain::party::NETWORK;
use crate::domain::review::{self, ADVERTISER_REVIEW_DAYS, CLOSED_AFTER_DAYS, ReviewStage};
use crate::domain::time::DAY_MS;
use crate::store::conversions::Conversion;
use crate::store::notices::{self, Notice};
use crate::store::{Store, StoreError, Writer, campaigns, conversion_lists, conversions};

use super::review::{standing_of, write};

/// The job reads so many ids at a time.
const PAGE: i64 = 500;

/// The job: tells whom a conversion waits for since its deadline, and ends the wait of those that nobody decided. Two
/// processes may run it at once: each conversion is looked at under its lock. Gives how many reminders and rejections
/// there were.
pub async fn chase_due(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let mut chased = 0;
    for stage in [ReviewStage::Advertiser, ReviewStage::Network] {
        chased += tell_due(store, environment, stage).await?;
    }
    Ok(chased + close_due(store, environment).await?)
}

/// What is told when a conversion comes to this stage, and how many days after the deadline that begins and ends.
const fn told_at(stage: ReviewStage) -> (NoticeCode, i64, i64) {
    match stage {
        ReviewStage::Network => (NoticeCode::HandedOver, ADVERTISER_REVIEW_DAYS, CLOSED_AFTER_DAYS),
        ReviewStage::Advertiser | ReviewStage::Waiting => (NoticeCode::ReviewDue, 0, ADVERTISER_REVIEW_DAYS),
    }
}

async fn tell_due(store: &Store, environment: &Environment, stage: ReviewStage) -> Result<usize, StoreError> {
    let (code, begin_days, end_days) = told_at(stage);
    let (mut after, mut told) = (ConversionId(0), 0);
    loop {
        let now = environment.now();
        let (first, last) = (now.plus_ms(-end_days * DAY_MS), now.plus_ms(-begin_days * DAY_MS));
        let mut conn = store.read().await?;
        let due = conversion_lists::list_untold(&mut conn, code, first, last, after, PAGE).await?;
        drop(conn);
        let Some(&last) = due.last() else { return Ok(told) };
        for id in due {
            told += usize::from(tell_stage(store, environment, stage, id).await?);
        }
        after = last;
    }
}

/// False where it is decided by now, or was told.
async fn tell_stage(
    store: &Store,
    environment: &Environment,
    stage: ReviewStage,
    id: ConversionId,
) -> Result<bool, StoreError> {
    let mut w = store.write().await?;
    let conversion = conversions::lock(&mut w, id).await?;
    let standing = standing_of(&mut w, &conversion).await?;
    if conversion.is_test || review::review_stage(&standing, environment.now()) != stage {
        return Ok(false);
    }
    let (code, ..) = told_at(stage);
    let order = conversion.order_id.clone();
    let is_told = tell(&mut w, environment, conversion.advertiser_id.party(), code, &conversion, &order).await?;
    if stage == ReviewStage::Network {
        tell(&mut w, environment, NETWORK, code, &conversion, &order).await?;
    }
    w.commit().await?;
    Ok(is_told)
}

/// Tells a party about a conversion, which it knows under this order id.
async fn tell(
    w: &mut Writer,
    environment: &Environment,
    party_id: PartyId,
    code: NoticeCode,
    conversion: &Conversion,
    order: &str,
) -> Result<bool, StoreError> {
    let campaign = campaigns::get(w, conversion.campaign_id).await?;
    let new = Notice {
        notice_id: environment.new_id(NoticeId),
        party_id,
        code,
        object: object_of(conversion.conversion_id),
        text: code.sentence(order, &campaign.name),
        seen_at_ms: None,
    };
    notices::insert(w, &new).await
}

async fn close_due(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let (mut after, mut closed) = (ConversionId(0), 0);
    loop {
        let deadline = environment.now().plus_ms(-CLOSED_AFTER_DAYS * DAY_MS);
        let due = conversion_lists::list_left_over(&mut store.read().await?, deadline, after, PAGE).await?;
        let Some(&last) = due.last() else { return Ok(closed) };
        for id in due {
            closed += usize::from(close(store, environment, id).await?);
        }
        after = last;
    }
}

/// False where it is no longer due.
async fn close(store: &Store, environment: &Environment, id: ConversionId) -> Result<bool, StoreError> {
    let mut w = store.write().await?;
    let conversion = conversions::lock(&mut w, id).await?;
    let standing = standing_of(&mut w, &conversion).await?;
    let Ok(step) = review::close_by_itself(&standing, environment.now()) else { return Ok(false) };
    let closed = write(&mut w, environment, conversion, step, None).await?;
    if !closed.is_test {
        tell_closed(&mut w, environment, &closed).await?;
    }
    w.commit().await?;
    Ok(true)
}

/// A publisher knows the end of an order id only.
async fn tell_closed(w: &mut Writer, environment: &Environment, closed: &Conversion) -> Result<(), StoreError> {
    let code = NoticeCode::Unconfirmed;
    tell(w, environment, closed.advertiser_id.party(), code, closed, &closed.order_id).await?;
    if let Some(publisher) = closed.publisher_id {
        let order = closed.order_id.parse::<OrderId>().map_or_else(|_| "\u{2026}".to_owned(), |order| order.masked());
        tell(w, environment, publisher.party(), code, closed, &order).await?;
    }
    Ok(())
}
