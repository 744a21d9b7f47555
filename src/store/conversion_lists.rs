//! Conversions in lists: with the names and dates that people read beside them, the queues of those who review, and those
//! for which a day has come.

use sqlx::{query_as, query_scalar};

use super::conversions::{Conversion, Filter, columns};
use super::driver::Conn;
use super::error::StoreError;
use crate::domain::ids::{AdvertiserId, ConversionId, EventId, NoticeId, first_id_at};
use crate::domain::notice::NoticeCode;
use crate::domain::party::Acting;
use crate::domain::time::Timestamp;

/// A conversion with what a list shows beside it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Listed {
    #[sqlx(flatten)]
    pub conversion: Conversion,
    pub campaign_name: String,
    pub publisher_name: Option<String>,
    /// Of the version of the terms that prices it.
    pub validation_days: i64,
    pub hold_days: i64,
    /// The step that brought it to its state; its id has the time.
    pub latest_event_id: Option<EventId>,
    /// The bank's reference of the payout that paid it.
    pub payout_reference: Option<String>,
    /// What told its advertiser that the network decides; its id has the time.
    pub handed_over_id: Option<NoticeId>,
}

/// Conversions that wait for somebody's review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// All that an advertiser has pending.
    OfAdvertiser(AdvertiserId),
    /// What a person has to decide and whose deadline was over at this time: the network's, for admins.
    Overdue(Timestamp),
}

/// How much is in a queue, and since when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    pub conversions: i64,
    /// Tests beside them, which are worth nothing.
    pub tests: i64,
    /// Of the conversions, the one that was reported first: its id has the time.
    pub oldest_id: Option<ConversionId>,
}

/// The beginning of a statement that reads [`Listed`], up to its conditions.
macro_rules! listed {
    () => {
        concat!(
            "select ",
            columns!(),
            ", (select n.name from campaigns n where n.campaign_id = conversions.campaign_id) as campaign_name,
            (select p.name from parties p where p.party_id = conversions.publisher_id) as publisher_name,
            (select t.validation_days from terms t where t.campaign_id = conversions.campaign_id
                and t.version = conversions.terms_version) as validation_days,
            (select t.hold_days from terms t where t.campaign_id = conversions.campaign_id
                and t.version = conversions.terms_version) as hold_days,
            (select max(e.event_id) from conversion_events e where e.conversion_id = conversions.conversion_id
                and (e.from_state is null or e.from_state <> e.to_state)) as latest_event_id,
            (select o.reference from payouts o where o.payout_id = conversions.payout_id) as payout_reference,
            (select n.notice_id from notices n where n.party_id = conversions.advertiser_id and n.code = 'handed_over'
                and n.object = cast(conversions.conversion_id as text)) as handed_over_id
            from conversions where "
        )
    };
}

pub(super) use listed;

macro_rules! list {
    ($scope:literal) => {
        concat!(
            listed!(),
            "(campaign_id = $1 or $1 is null)
            and (state = $2 or $2 is null) and (conversion_id < $3 or $3 is null)",
            $scope,
            " order by conversion_id desc limit $4"
        )
    };
}

/// What a person has to decide: the deadline does not approve it. As `review::review_stage` says.
macro_rules! undecided {
    () => {
        "state = 'pending' and (badge not in ('signed', 'key', 'network')
            or (held_reason is not null and hold_released_at_ms is null))"
    };
}

macro_rules! overdue {
    () => {
        concat!(
            undecided!(),
            " and converted_at_ms + (select t.validation_days from terms t where t.campaign_id = conversions.campaign_id
                and t.version = conversions.terms_version) * 86400000 <= $1"
        )
    };
}

macro_rules! queue {
    ($($which:tt)*) => {
        concat!(listed!(), $($which)*, " and (conversion_id > $2 or $2 is null) order by conversion_id limit $3")
    };
}

macro_rules! waiting {
    ($($which:tt)*) => {
        concat!(
            "select cast(coalesce(sum(case when is_test then 0 else 1 end), 0) as bigint) as conversions,
            cast(coalesce(sum(case when is_test then 1 else 0 end), 0) as bigint) as tests,
            min(case when is_test then null else conversion_id end) as oldest_id
            from conversions where ",
            $($which)*
        )
    };
}

macro_rules! due {
    ($($rest:tt)*) => {
        concat!(
            "select c.conversion_id from conversions c
            join terms t on t.campaign_id = c.campaign_id and t.version = c.terms_version where ",
            $($rest)*,
            " and c.conversion_id > $2 order by c.conversion_id limit $3"
        )
    };
}

sql! {
    LIST = list!("");
    LIST_OF_PUBLISHER = list!(" and publisher_id = $5");
    LIST_OF_ADVERTISER = list!(" and advertiser_id = $5");
    QUEUE_OF_ADVERTISER = queue!("state = 'pending' and advertiser_id = $1");
    QUEUE_OVERDUE = queue!(overdue!());
    WAITING_OF_ADVERTISER = waiting!("state = 'pending' and advertiser_id = $1");
    WAITING_OVERDUE = waiting!(overdue!());
    LIST_VALIDATION_OVER = due!("c.state = 'pending' and c.converted_at_ms + t.validation_days * 86400000 <= $1
        and (c.held_reason is null or c.hold_released_at_ms is not null) and c.badge in ('signed', 'key', 'network')");
    LIST_UNTOLD = due!(
        undecided!(),
        " and not c.is_test and c.converted_at_ms + t.validation_days * 86400000 <= $1
        and (c.converted_at_ms + t.validation_days * 86400000 > $4 or $4 is null)
        and not exists (select 1 from notices n where n.party_id = c.advertiser_id and n.code = $5
            and n.object = cast(c.conversion_id as text))"
    );
    LIST_LEFT_OVER = due!(
        "c.state = 'pending' and c.converted_at_ms + t.validation_days * 86400000 <= $1
        and (c.is_test or exists (select 1 from notices n where n.party_id = c.advertiser_id and n.code = 'handed_over'
            and n.object = cast(c.conversion_id as text) and n.notice_id < $4))"
    );
    LIST_HOLD_OVER = due!("c.state = 'approved' and not c.is_test
        and c.approved_at_ms + t.hold_days * 86400000 <= $1 and (c.commission_minor + c.fee_minor = 0
        or (select sum(a.amount_minor) from allocations a where a.conversion_id = c.conversion_id)
            >= c.commission_minor + c.fee_minor)");
}

/// The conversions that the caller may see, newest first.
pub async fn list_of(conn: &mut Conn, acting: Acting, filter: &Filter) -> Result<Vec<Listed>, StoreError> {
    let (text, party) = match acting {
        Acting::Admin => (LIST, None),
        Acting::Publisher(publisher) => (LIST_OF_PUBLISHER, Some(publisher.party())),
        Acting::Advertiser(advertiser) => (LIST_OF_ADVERTISER, Some(advertiser.party())),
    };
    on_driver!(conn, |c| {
        let list = query_as(text).bind(filter.campaign_id).bind(filter.state).bind(filter.before).bind(filter.limit);
        match party {
            Some(party) => list.bind(party),
            None => list,
        }
        .fetch_all(c)
        .await
    })
}

impl Queue {
    /// What `$1` is.
    const fn key(self) -> i64 {
        match self {
            Self::OfAdvertiser(advertiser) => advertiser.0,
            Self::Overdue(at) => at.0,
        }
    }
}

/// A queue in the order of the reports, oldest first, after `after`.
pub async fn list_queue(
    conn: &mut Conn,
    queue: Queue,
    after: Option<ConversionId>,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let text = match queue {
        Queue::OfAdvertiser(_) => QUEUE_OF_ADVERTISER,
        Queue::Overdue(_) => QUEUE_OVERDUE,
    };
    on_driver!(conn, |c| query_as(text).bind(queue.key()).bind(after).bind(limit).fetch_all(c).await)
}

/// What waits in a queue.
pub async fn waiting(conn: &mut Conn, queue: Queue) -> Result<Waiting, StoreError> {
    let text = match queue {
        Queue::OfAdvertiser(_) => WAITING_OF_ADVERTISER,
        Queue::Overdue(_) => WAITING_OVERDUE,
    };
    on_driver!(conn, |c| query_as(text).bind(queue.key()).fetch_one(c).await)
}

/// Pending conversions whose validation deadline has passed and which the deadline may approve, after `after`: for the
/// job, which asks the rule again once it holds one.
pub async fn list_validation_over(
    conn: &mut Conn,
    now: Timestamp,
    after: ConversionId,
    limit: i64,
) -> Result<Vec<ConversionId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_VALIDATION_OVER).bind(now).bind(after).bind(limit).fetch_all(c).await)
}

/// Conversions that a person has to decide, whose deadline was after `first`, if that is given, and not after `last`, and
/// of which their advertiser was not told `code`, after `after`.
pub async fn list_untold(
    conn: &mut Conn,
    code: NoticeCode,
    first: Option<Timestamp>,
    last: Timestamp,
    after: ConversionId,
    limit: i64,
) -> Result<Vec<ConversionId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_UNTOLD)
        .bind(last)
        .bind(after)
        .bind(limit)
        .bind(first)
        .bind(code)
        .fetch_all(c)
        .await)
}

/// What is still pending though its deadline was at `deadline` or before, and it was told at `told` or before that the
/// network decides (of tests nobody is told), after `after`.
pub async fn list_left_over(
    conn: &mut Conn,
    deadline: Timestamp,
    told: Timestamp,
    after: ConversionId,
    limit: i64,
) -> Result<Vec<ConversionId>, StoreError> {
    let first_later = first_id_at(told.plus_ms(1));
    on_driver!(conn, |c| query_scalar(LIST_LEFT_OVER)
        .bind(deadline)
        .bind(after)
        .bind(limit)
        .bind(first_later)
        .fetch_all(c)
        .await)
}

/// Approved conversions whose hold is over and which are funded (what costs nothing needs no money), after `after`.
/// Tests are never paid.
pub async fn list_hold_over(
    conn: &mut Conn,
    now: Timestamp,
    after: ConversionId,
    limit: i64,
) -> Result<Vec<ConversionId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_HOLD_OVER).bind(now).bind(after).bind(limit).fetch_all(c).await)
}
