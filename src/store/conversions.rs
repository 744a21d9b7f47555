//! Conversions: the current state of every order; who may see one is part of each question.

use sqlx::{query, query_as, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::click_pay;
use crate::domain::conversion::{Badge, ConversionState};
use crate::domain::decision::Decision;
use crate::domain::ids::{
    AdvertiserId, CampaignId, ClickId, ConversionId, CouponId, CreativeId, LinkId, PayoutId, PublisherId,
};
use crate::domain::ledger::Worth;
use crate::domain::money::Currency;
use crate::domain::party::Acting;
use crate::domain::policy::EvidenceKind;
use crate::domain::report::{ConversionSums, CountedConversion};
use crate::domain::review::EventWorth;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Conversion {
    pub conversion_id: ConversionId,
    pub campaign_id: CampaignId,
    pub advertiser_id: AdvertiserId,
    pub event: String,
    pub order_id: String,
    pub state: ConversionState,
    /// Why it is unattributed, a test, rejected or reversed.
    pub reason: Option<String>,
    pub held_reason: Option<String>,
    /// Since when a person has let a held one go on.
    pub hold_released_at_ms: Option<Timestamp>,
    pub is_test: bool,
    pub badge: Badge,
    pub publisher_id: Option<PublisherId>,
    pub link_id: Option<LinkId>,
    pub creative_id: Option<CreativeId>,
    pub click_id: Option<ClickId>,
    /// Where a coupon, and no click, is credited.
    pub coupon_id: Option<CouponId>,
    pub terms_version: i64,
    pub rule_number: Option<i64>,
    pub currency: Currency,
    pub amount_minor: Option<i64>,
    pub commission_minor: i64,
    pub fee_minor: i64,
    pub converted_at_ms: Timestamp,
    pub approved_at_ms: Option<Timestamp>,
    pub payout_id: Option<PayoutId>,
    /// Counts the changes, and only them: a repeated report must not keep a person from deciding.
    pub version: i64,
}

impl Conversion {
    /// As reports count it; nothing for a test.
    pub fn counted(&self) -> Option<CountedConversion> {
        let sums = ConversionSums {
            conversions: 1,
            amount_minor: self.amount_minor.unwrap_or(0),
            commission_minor: self.commission_minor,
            fee_minor: self.fee_minor,
        };
        (!self.is_test).then(|| CountedConversion {
            advertiser_id: self.advertiser_id,
            campaign_id: self.campaign_id,
            publisher_id: self.publisher_id,
            link_id: self.link_id,
            creative_id: self.creative_id,
            event: self.event.clone(),
            state: self.state,
            currency: self.currency,
            converted_at: self.converted_at_ms,
            clicked_at: self.click_id.map(ClickId::time),
            sums,
        })
    }

    /// Makes it what was decided.
    pub fn apply(&mut self, decision: &Decision) {
        self.state = decision.state;
        self.reason = decision.reason.map(|reason| reason.as_str().to_owned());
        self.held_reason = decision.held_reason.map(|reason| reason.as_str().to_owned());
        self.is_test = decision.is_test;
        self.badge = decision.badge;
        self.publisher_id = decision.publisher_id;
        self.link_id = decision.link_id;
        self.creative_id = decision.creative_id;
        self.click_id = decision.click_id;
        self.coupon_id = decision.coupon_id;
        self.terms_version = decision.terms_version;
        self.rule_number = decision.rule_number;
        self.currency = decision.currency;
        self.amount_minor = decision.amount_minor;
        self.commission_minor = decision.commission_minor;
        self.fee_minor = decision.fee_minor;
        self.converted_at_ms = decision.converted_at;
    }

    /// Why it is held, unless a person released it.
    pub fn still_held(&self) -> Option<&str> {
        self.held_reason.as_deref().filter(|_| self.hold_released_at_ms.is_none())
    }

    /// The code to tell of it: why it is held or what `reason` says.
    pub fn told_reason(&self) -> Option<&str> {
        let held = self.still_held().filter(|_| self.state == ConversionState::Pending);
        // The reason repeats the hold: once that is released, it is no longer why anything waits.
        held.or(self.reason.as_deref().filter(|_| self.still_held() == self.held_reason.as_deref()))
    }

    /// By what it belongs to its publisher; nothing while it belongs to nobody, and where clicks themselves are paid.
    pub fn credited_by(&self) -> Option<EvidenceKind> {
        self.publisher_id.filter(|_| self.event != click_pay::EVENT).map(|_| match (self.click_id, self.coupon_id) {
            (Some(_), _) => EvidenceKind::Click,
            (None, Some(_)) => EvidenceKind::Coupon,
            (None, None) => EvidenceKind::Customer,
        })
    }

    /// What it is worth, for its next event: nothing once it has lost its worth.
    pub const fn event_worth(&self) -> EventWorth {
        match self.state {
            ConversionState::Rejected | ConversionState::Reversed => EventWorth { commission_minor: 0, fee_minor: 0 },
            _ => EventWorth { commission_minor: self.commission_minor, fee_minor: self.fee_minor },
        }
    }

    /// What the ledger has for it; nothing while it belongs to nobody.
    pub fn worth(&self) -> Option<Worth> {
        self.publisher_id.map(|publisher_id| Worth {
            advertiser_id: self.advertiser_id,
            publisher_id,
            currency: self.currency,
            commission_minor: self.commission_minor,
            fee_minor: self.fee_minor,
        })
    }
}

macro_rules! columns {
    () => {
        "conversion_id, campaign_id, advertiser_id, event, order_id, state, reason, held_reason, is_test, badge,
        publisher_id, link_id, creative_id, click_id, terms_version, rule_number, currency, amount_minor,
        commission_minor, fee_minor, converted_at_ms, approved_at_ms, payout_id, version, hold_released_at_ms,
        coupon_id"
    };
}

pub(super) use columns;

macro_rules! select {
    ($rest:literal) => {
        concat!("select ", columns!(), " from conversions where ", $rest)
    };
}

macro_rules! list {
    ($scope:literal) => {
        concat!(
            "select ",
            columns!(),
            " from conversions where (campaign_id = $1 or $1 is null)
            and (state = $2 or $2 is null) and (conversion_id < $3 or $3 is null)",
            $scope,
            " order by conversion_id desc limit $4"
        )
    };
}

macro_rules! of_order {
    ($scope:literal) => {
        concat!(
            "select ",
            columns!(),
            " from conversions where order_id = $1 and event = $2 and (campaign_id = $3 or $3 is null)",
            $scope,
            " order by conversion_id limit $4"
        )
    };
}

sql! {
    GET = select!("conversion_id = $1");
    GET_OF_PUBLISHER = select!("conversion_id = $1 and publisher_id = $2");
    GET_OF_ADVERTISER = select!("conversion_id = $1 and advertiser_id = $2");
    FIND_BY_ORDER = select!("campaign_id = $1 and event = $2 and order_id = $3");
    LIST = list!("");
    LIST_OF_PUBLISHER = list!(" and publisher_id = $5");
    LIST_OF_ADVERTISER = list!(" and advertiser_id = $5");
    OF_ORDER = of_order!("");
    OF_ORDER_OF_ADVERTISER = of_order!(" and advertiser_id = $5");
    LARGE_SUM = "select cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor from conversions
        where campaign_id = $1 and amount_minor >= 1000000000000 and not (event = $2 and order_id = $3)";
    INSERT = concat!("insert into conversions (", columns!(), ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
        $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
        on conflict (campaign_id, event, order_id) do nothing");
    LOCK = concat!("update conversions set version = version where conversion_id = $1 returning ", columns!());
    LOCK_BY_ORDER = concat!("update conversions set version = version
        where campaign_id = $1 and event = $2 and order_id = $3 returning ", columns!());
    UPDATE = "update conversions set state = $2, reason = $3, held_reason = $4, is_test = $5, badge = $6,
        publisher_id = $7, link_id = $8, creative_id = $9, click_id = $10, terms_version = $11, rule_number = $12,
        currency = $13, amount_minor = $14, commission_minor = $15, fee_minor = $16, converted_at_ms = $17,
        approved_at_ms = $18, payout_id = $19, hold_released_at_ms = $20, coupon_id = $21, version = version + 1
        where conversion_id = $1";
}

/// Whatever its parties: for rules and jobs, and for admins.
pub async fn get(conn: &mut Conn, id: ConversionId) -> Result<Conversion, StoreError> {
    on_driver!(conn, |c| query_as(GET).bind(id).fetch_one(c).await)
}

/// As the caller may see it: its publisher, its advertiser, an admin. Else `NotFound`.
pub async fn get_of(conn: &mut Conn, acting: Acting, id: ConversionId) -> Result<Conversion, StoreError> {
    match acting {
        Acting::Admin => get(conn, id).await,
        Acting::Publisher(publisher) => {
            on_driver!(conn, |c| query_as(GET_OF_PUBLISHER).bind(id).bind(publisher).fetch_one(c).await)
        }
        Acting::Advertiser(advertiser) => {
            on_driver!(conn, |c| query_as(GET_OF_ADVERTISER).bind(id).bind(advertiser).fetch_one(c).await)
        }
    }
}

/// Which conversions to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub campaign_id: Option<CampaignId>,
    pub state: Option<ConversionState>,
    /// Older than this one.
    pub before: Option<ConversionId>,
    pub limit: i64,
}

/// The conversions that the caller may see, newest first.
pub async fn list_of(conn: &mut Conn, acting: Acting, filter: &Filter) -> Result<Vec<Conversion>, StoreError> {
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

pub async fn find_by_order(
    conn: &mut Conn,
    campaign: CampaignId,
    event: &str,
    order_id: &str,
) -> Result<Option<Conversion>, StoreError> {
    on_driver!(conn, |c| query_as(FIND_BY_ORDER).bind(campaign).bind(event).bind(order_id).fetch_optional(c).await)
}

/// The conversions of an event that those who review call by this order id: one in each campaign, oldest first. To a
/// publisher there is none.
pub async fn list_of_order(
    conn: &mut Conn,
    acting: Acting,
    event: &str,
    order_id: &str,
    campaign: Option<CampaignId>,
    limit: i64,
) -> Result<Vec<Conversion>, StoreError> {
    let (text, party) = match acting {
        Acting::Admin => (OF_ORDER, None),
        Acting::Publisher(_) => return Ok(Vec::new()),
        Acting::Advertiser(advertiser) => (OF_ORDER_OF_ADVERTISER, Some(advertiser)),
    };
    on_driver!(conn, |c| {
        let list = query_as(text).bind(order_id).bind(event).bind(campaign).bind(limit);
        match party {
            Some(party) => list.bind(party),
            None => list,
        }
        .fetch_all(c)
        .await
    })
}

/// The sum of a campaign's large orders (`rule::LARGE_AMOUNT_MINOR`) beside this one, over all currencies.
pub async fn large_sum(conn: &mut Conn, campaign: CampaignId, event: &str, order_id: &str) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(LARGE_SUM).bind(campaign).bind(event).bind(order_id).fetch_one(c).await)
}

/// False where the order is there already, also from another process at the same moment.
pub async fn insert(w: &mut Writer, new: &Conversion) -> Result<bool, StoreError> {
    on_driver!(w, |c| query(INSERT)
        .bind(new.conversion_id)
        .bind(new.campaign_id)
        .bind(new.advertiser_id)
        .bind(&new.event)
        .bind(&new.order_id)
        .bind(new.state)
        .bind(new.reason.as_deref())
        .bind(new.held_reason.as_deref())
        .bind(new.is_test)
        .bind(new.badge)
        .bind(new.publisher_id)
        .bind(new.link_id)
        .bind(new.creative_id)
        .bind(new.click_id)
        .bind(new.terms_version)
        .bind(new.rule_number)
        .bind(new.currency)
        .bind(new.amount_minor)
        .bind(new.commission_minor)
        .bind(new.fee_minor)
        .bind(new.converted_at_ms)
        .bind(new.approved_at_ms)
        .bind(new.payout_id)
        .bind(new.version)
        .bind(new.hold_released_at_ms)
        .bind(new.coupon_id)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Reads a conversion and keeps everybody else from changing it until the transaction ends.
pub async fn lock(w: &mut Writer, id: ConversionId) -> Result<Conversion, StoreError> {
    on_driver!(w, |c| query_as(LOCK).bind(id).fetch_one(c).await)
}

/// As [`lock`], by the advertiser's name of the order.
pub async fn lock_by_order(
    w: &mut Writer,
    campaign: CampaignId,
    event: &str,
    order_id: &str,
) -> Result<Option<Conversion>, StoreError> {
    on_driver!(w, |c| query_as(LOCK_BY_ORDER).bind(campaign).bind(event).bind(order_id).fetch_optional(c).await)
}

/// Writes what may change of a conversion that this transaction has locked.
pub async fn update(w: &mut Writer, changed: &Conversion) -> Result<(), StoreError> {
    on_driver!(w, |c| query(UPDATE)
        .bind(changed.conversion_id)
        .bind(changed.state)
        .bind(changed.reason.as_deref())
        .bind(changed.held_reason.as_deref())
        .bind(changed.is_test)
        .bind(changed.badge)
        .bind(changed.publisher_id)
        .bind(changed.link_id)
        .bind(changed.creative_id)
        .bind(changed.click_id)
        .bind(changed.terms_version)
        .bind(changed.rule_number)
        .bind(changed.currency)
        .bind(changed.amount_minor)
        .bind(changed.commission_minor)
        .bind(changed.fee_minor)
        .bind(changed.converted_at_ms)
        .bind(changed.approved_at_ms)
        .bind(changed.payout_id)
        .bind(changed.hold_released_at_ms)
        .bind(changed.coupon_id)
        .execute(c)
        .await
        .map(drop))
}
