//! What nobody decides: at the validation deadline its advertiser is reminded, two weeks later the network is asked, and
//! at the end it is rejected, so that nothing stays pending; never before it was said that it would be. Each of these
//! once, whichever process comes first.

use crate::domain::conversion::OrderId;
use crate::domain::environment::Environment;
use crate::domain::ids::{ConversionId, NoticeId, PartyId};
use crate::domain::notice::{NoticeCode, object_of};
use crate::domain::party::NETWORK;
use crate::domain::review::{self, ADVERTISER_REVIEW_DAYS, CLOSED_AFTER_DAYS, HEARD_DAYS, ReviewStage, Standing};
use crate::domain::time::{DAY_MS, Timestamp, Zone};
use crate::store::conversions::Conversion;
use crate::store::notices::{self, Notice};
use crate::store::{Store, StoreError, Writer, campaigns, conversion_lists, conversions, parties};

use super::review::{standing_of, write};
use super::tally::Tally;

/// The job reads so many ids at a time.
const PAGE: i64 = 500;

/// What a party is told about a conversion, and by when something has to happen.
struct Message<'a> {
    code: NoticeCode,
    conversion: &'a Conversion,
    until: Option<Timestamp>,
}

/// The job: tells whom a conversion waits for since its deadline, and ends the wait of those that nobody decided. Two
/// processes may run it at once: each conversion is looked at under its lock. Gives how many reminders and rejections
/// there were.
pub async fn chase_due(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let mut tally = Tally::default();
    for stage in [ReviewStage::Advertiser, ReviewStage::Network] {
        tell_due(store, environment, stage, &mut tally).await?;
    }
    close_due(store, environment, &mut tally).await?;
    tally.result()
}

/// What is told when a conversion comes to this stage, and how many days after the deadline that begins and ends. That
/// the network decides is told however late it is: before that nothing is rejected.
const fn told_at(stage: ReviewStage) -> (NoticeCode, i64, Option<i64>) {
    match stage {
        ReviewStage::Network => (NoticeCode::HandedOver, ADVERTISER_REVIEW_DAYS, None),
        ReviewStage::Advertiser | ReviewStage::Waiting => (NoticeCode::ReviewDue, 0, Some(ADVERTISER_REVIEW_DAYS)),
    }
}

async fn tell_due(
    store: &Store,
    environment: &Environment,
    stage: ReviewStage,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let (code, begin_days, end_days) = told_at(stage);
    let mut after = ConversionId(0);
    loop {
        let now = environment.now();
        let (first, last) = (end_days.map(|days| now.plus_ms(-days * DAY_MS)), now.plus_ms(-begin_days * DAY_MS));
        let mut conn = store.read().await?;
        let due = conversion_lists::list_untold(&mut conn, code, first, last, after, PAGE).await?;
        drop(conn);
        let Some(&last) = due.last() else { return Ok(()) };
        for id in due {
            if !tally.add(id, tell_stage(store, environment, stage, id).await.map(usize::from)) {
                return Ok(());
            }
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
    let (standing, now) = (standing_of(&mut w, &conversion).await?, environment.now());
    if conversion.is_test || review::review_stage(&standing, now) != stage {
        return Ok(false);
    }
    let (code, ..) = told_at(stage);
    let until = match stage {
        ReviewStage::Network => review::closed_at(&standing, now),
        ReviewStage::Advertiser | ReviewStage::Waiting => review::handed_over_at(&standing),
    };
    let (advertiser, order) = (conversion.advertiser_id.party(), &conversion.order_id);
    let message = Message { code, conversion: &conversion, until: Some(until) };
    let is_told = tell(&mut w, environment, advertiser, order, &message).await?;
    if stage == ReviewStage::Network {
        tell(&mut w, environment, NETWORK, order, &message).await?;
    }
    w.commit().await?;
    Ok(is_told)
}

/// Tells a party about a conversion, which it knows under this order id; dates are in its own zone.
async fn tell(
    w: &mut Writer,
    environment: &Environment,
    party_id: PartyId,
    order: &str,
    message: &Message<'_>,
) -> Result<bool, StoreError> {
    let Message { code, conversion, until } = message;
    let campaign = campaigns::get(w, conversion.campaign_id).await?;
    let text = match until {
        Some(until) => {
            let zone = Zone::parse(&parties::get(w, party_id).await?.time_zone).unwrap_or(Zone::UTC);
            code.sentence_until(order, &campaign.name, &zone.show(*until))
        }
        None => code.sentence(order, &campaign.name),
    };
    let new = Notice {
        notice_id: environment.new_id(NoticeId),
        party_id,
        code: *code,
        object: object_of(conversion.conversion_id),
        text,
        seen_at_ms: None,
    };
    notices::insert(w, &new).await
}

async fn close_due(store: &Store, environment: &Environment, tally: &mut Tally) -> Result<(), StoreError> {
    let mut after = ConversionId(0);
    loop {
        let now = environment.now();
        let (deadline, told) = (now.plus_ms(-CLOSED_AFTER_DAYS * DAY_MS), now.plus_ms(-HEARD_DAYS * DAY_MS));
        let due = conversion_lists::list_left_over(&mut store.read().await?, deadline, told, after, PAGE).await?;
        let Some(&last) = due.last() else { return Ok(()) };
        for id in due {
            if !tally.add(id, close(store, environment, id).await.map(usize::from)) {
                return Ok(());
            }
        }
        after = last;
    }
}

/// False where it is no longer due.
async fn close(store: &Store, environment: &Environment, id: ConversionId) -> Result<bool, StoreError> {
    let mut w = store.write().await?;
    let conversion = conversions::lock(&mut w, id).await?;
    let standing = standing_of(&mut w, &conversion).await?;
    let handed_over_at = handed_over_at(&mut w, &conversion, &standing).await?;
    let standing = Standing { handed_over_at, ..standing };
    let Ok(step) = review::close_by_itself(&standing, environment.now()) else { return Ok(false) };
    let closed = write(&mut w, environment, conversion, step, None).await?;
    if !closed.is_test {
        tell_closed(&mut w, environment, &closed).await?;
    }
    w.commit().await?;
    Ok(true)
}

/// When it was told that the network decides. Of a test, which is worth nothing, nobody is told.
async fn handed_over_at(
    w: &mut Writer,
    conversion: &Conversion,
    standing: &Standing,
) -> Result<Option<Timestamp>, StoreError> {
    if conversion.is_test {
        return Ok(Some(review::handed_over_at(standing)));
    }
    let (advertiser, object) = (conversion.advertiser_id.party(), object_of(conversion.conversion_id));
    let told = notices::find_id_of_party(w, advertiser, NoticeCode::HandedOver, &object).await?;
    Ok(told.map(|id| id.time()))
}

/// A publisher knows the end of an order id only.
async fn tell_closed(w: &mut Writer, environment: &Environment, closed: &Conversion) -> Result<(), StoreError> {
    let message = Message { code: NoticeCode::Unconfirmed, conversion: closed, until: None };
    tell(w, environment, closed.advertiser_id.party(), &closed.order_id, &message).await?;
    if let Some(publisher) = closed.publisher_id {
        let order = closed.order_id.parse::<OrderId>().map_or_else(|_| "\u{2026}".to_owned(), |order| order.masked());
        tell(w, environment, publisher.party(), &order, &message).await?;
    }
    Ok(())
}
