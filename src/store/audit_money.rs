//! What `verify` reads of conversions, ledger and payouts, by SQL of its own.

use sqlx::query_as;

use super::driver::Conn;
use super::error::StoreError;

/// A conversion as it stands, with what its credited click says of itself.
#[derive(Debug, sqlx::FromRow)]
pub struct Conversion {
    pub conversion_id: i64,
    pub campaign_id: i64,
    pub advertiser_id: i64,
    pub event: String,
    pub state: String,
    pub reason: Option<String>,
    pub held_reason: Option<String>,
    pub is_test: bool,
    pub badge: String,
    pub publisher_id: Option<i64>,
    pub link_id: Option<i64>,
    pub creative_id: Option<i64>,
    pub click_id: Option<i64>,
    pub coupon_id: Option<i64>,
    pub terms_version: i64,
    pub rule_number: Option<i64>,
    pub currency: String,
    pub amount_minor: Option<i64>,
    pub commission_minor: i64,
    pub fee_minor: i64,
    pub converted_at_ms: i64,
    pub approved_at_ms: Option<i64>,
    pub hold_released_at_ms: Option<i64>,
    pub payout_id: Option<i64>,
    pub owner_id: Option<i64>,
    pub clicked_campaign: Option<i64>,
    pub clicked_publisher: Option<i64>,
    pub clicked_link: Option<i64>,
    pub clicked_terms: Option<i64>,
    /// What its credited coupon says of itself.
    pub coupon_campaign: Option<i64>,
    pub coupon_publisher: Option<i64>,
    /// What advertisers' payments cover of it.
    pub allocated_minor: Option<i64>,
}

#[derive(Debug, sqlx::FromRow)]
pub struct Coupon {
    pub coupon_id: i64,
    pub campaign_id: i64,
    pub publisher_id: i64,
    pub code: String,
    pub valid_from_ms: i64,
    pub valid_until_ms: Option<i64>,
    pub ended_at_ms: Option<i64>,
}

/// A version of a campaign's terms, as far as it prices.
#[derive(Debug, sqlx::FromRow)]
pub struct Price {
    pub campaign_id: i64,
    pub version: i64,
    pub fee_basis: String,
    pub fee_bps: i64,
    /// For each valid click; 0: nothing.
    pub click_minor: i64,
    /// Of a day; 0: without a limit.
    pub click_cap_minor: i64,
}

#[derive(Debug, sqlx::FromRow)]
pub struct PriceRule {
    pub campaign_id: i64,
    pub terms_version: i64,
    pub number: i64,
    pub event: String,
    pub rate: String,
    pub bps: i64,
    pub amount_minor: i64,
    pub currency: String,
    pub line_field: String,
    pub line_text: String,
    pub amount_from: Option<i64>,
    pub amount_below: Option<i64>,
    pub customer: String,
    pub coupon: String,
}

#[derive(Debug, sqlx::FromRow)]
pub struct Event {
    pub event_id: i64,
    pub conversion_id: i64,
    pub number: i64,
    pub from_state: Option<String>,
    pub to_state: String,
    pub reason: String,
    pub commission_before: Option<i64>,
    pub commission_after: Option<i64>,
    pub fee_before: Option<i64>,
    pub fee_after: Option<i64>,
    /// The time that its id carries.
    pub at_ms: i64,
}

/// A transfer with its accounts, and the conversion that it is about.
#[derive(Debug, sqlx::FromRow)]
pub struct Transfer {
    pub transfer_id: i64,
    pub fact: String,
    pub fact_id: i64,
    pub code: String,
    pub currency: String,
    pub amount_minor: i64,
    pub debit_party: Option<i64>,
    pub debit_kind: Option<String>,
    pub debit_currency: Option<String>,
    pub debit_party_kind: Option<String>,
    pub credit_party: Option<i64>,
    pub credit_kind: Option<String>,
    pub credit_currency: Option<String>,
    pub credit_party_kind: Option<String>,
    pub conversion_id: Option<i64>,
    /// Whether the deposit or payout that it is about exists.
    pub has_fact: bool,
}

#[derive(Debug, sqlx::FromRow)]
pub struct Deposit {
    pub deposit_id: i64,
    pub advertiser_id: i64,
    pub currency: String,
    pub amount_minor: i64,
}

#[derive(Debug, sqlx::FromRow)]
pub struct Payout {
    pub payout_id: i64,
    pub publisher_id: i64,
    pub currency: String,
    pub amount_minor: i64,
    pub state: String,
    pub items: i64,
    pub items_minor: i64,
}

/// What a payout pays.
#[derive(Debug, sqlx::FromRow)]
pub struct PayoutItem {
    pub payout_id: i64,
    pub payable_id: i64,
    pub amount_minor: i64,
    pub is_binding: bool,
    pub payout_state: String,
    pub payout_publisher: i64,
    pub payout_currency: String,
    /// What the entry says of itself.
    pub entered_minor: i64,
    pub entered_publisher: i64,
    pub entered_currency: String,
    pub kind: String,
    pub conversion_id: Option<i64>,
}

/// What a publisher is to be paid, or owes.
#[derive(Debug, sqlx::FromRow)]
pub struct Payable {
    pub payable_id: i64,
    pub publisher_id: i64,
    pub currency: String,
    pub amount_minor: i64,
    pub conversion_id: Option<i64>,
    pub kind: String,
    /// Whose its conversion is.
    pub owner_id: Option<i64>,
    /// How many payouts take it for good.
    pub bound: i64,
}

/// What was taken back of an order, and with which step that counts.
#[derive(Debug, sqlx::FromRow)]
pub struct Refund {
    pub refund_id: i64,
    pub conversion_id: Option<i64>,
    pub currency: String,
    pub amount_minor: i64,
    pub step_conversion: Option<i64>,
    pub step_state: Option<String>,
}

sql! {
    CONVERSIONS = "select v.conversion_id, v.campaign_id, v.advertiser_id, v.event, v.state, v.reason, v.held_reason,
        v.is_test, v.badge, v.publisher_id, v.link_id, v.creative_id, v.click_id, v.coupon_id, v.terms_version, v.rule_number,
        v.currency, v.amount_minor, v.commission_minor, v.fee_minor, v.converted_at_ms, v.approved_at_ms, v.hold_released_at_ms,
        v.payout_id, k.advertiser_id as owner_id,
        c.campaign_id as clicked_campaign, c.publisher_id as clicked_publisher, c.link_id as clicked_link,
        c.terms_version as clicked_terms, q.campaign_id as coupon_campaign, q.publisher_id as coupon_publisher,
        (select cast(sum(a.amount_minor) as bigint) from allocations a where a.conversion_id = v.conversion_id)
        as allocated_minor from conversions v left join coupons q on q.coupon_id = v.coupon_id
        left join campaigns k on k.campaign_id = v.campaign_id left join clicks c on c.click_id = v.click_id
        order by v.conversion_id";
    COUPONS = "select coupon_id, campaign_id, publisher_id, code, valid_from_ms, valid_until_ms, ended_at_ms from coupons";
    PRICES = "select campaign_id, version, fee_basis, fee_bps, click_minor, click_cap_minor from terms";
    PRICE_RULES = "select campaign_id, terms_version, number, event, rate, bps, amount_minor, currency,
        line_field, line_text, amount_from, amount_below, customer, coupon from terms_rules
        order by campaign_id, terms_version, number";
    EVENTS = "select event_id, conversion_id, number, from_state, to_state, reason,
        commission_before, commission_after, fee_before, fee_after,
        (event_id >> 21) + 1577836800000 as at_ms from conversion_events
        order by conversion_id, number";
    TRANSFERS = "select t.transfer_id, t.fact, t.fact_id, t.code, t.currency, t.amount_minor, d.party_id as debit_party,
        d.kind as debit_kind, d.currency as debit_currency, dp.kind as debit_party_kind, c.party_id as credit_party,
        c.kind as credit_kind, c.currency as credit_currency, cp.kind as credit_party_kind,
        coalesce(e.conversion_id, v.conversion_id) as conversion_id,
        (o.payout_id is not null or s.deposit_id is not null) as has_fact from transfers t
        left join accounts d on d.account_id = t.debit_account_id left join parties dp on dp.party_id = d.party_id
        left join accounts c on c.account_id = t.credit_account_id left join parties cp on cp.party_id = c.party_id
        left join conversion_events e on t.fact = 'conversion' and e.event_id = t.fact_id
        left join conversions v on t.fact in ('release', 'allocation') and v.conversion_id = t.fact_id
        left join payouts o on t.fact = 'payout' and o.payout_id = t.fact_id
        left join deposits s on t.fact = 'deposit' and s.deposit_id = t.fact_id order by t.transfer_id";
    DEPOSITS = "select deposit_id, advertiser_id, currency, amount_minor from deposits order by deposit_id";
    PAYOUTS = "select p.payout_id, p.publisher_id, p.currency, p.amount_minor, p.state,
        (select count(*) from payout_items i where i.payout_id = p.payout_id) as items,
        cast(coalesce((select sum(i.amount_minor) from payout_items i where i.payout_id = p.payout_id), 0) as bigint)
        as items_minor from payouts p order by p.payout_id";
    PAYOUT_ITEMS = "select i.payout_id, i.payable_id, i.amount_minor, i.is_binding, p.state as payout_state,
        p.publisher_id as payout_publisher, p.currency as payout_currency, b.amount_minor as entered_minor,
        b.publisher_id as entered_publisher, b.currency as entered_currency, b.kind, b.conversion_id
        from payout_items i join payouts p on p.payout_id = i.payout_id
        join payables b on b.payable_id = i.payable_id order by i.payout_id, i.payable_id";
    PAYABLES = "select b.payable_id, b.publisher_id, b.currency, b.amount_minor, b.conversion_id, b.kind,
        v.publisher_id as owner_id, (select count(*) from payout_items i where i.payable_id = b.payable_id
        and i.is_binding) as bound from payables b left join conversions v on v.conversion_id = b.conversion_id
        order by b.payable_id";
    REFUNDS = "select r.refund_id, v.conversion_id, r.currency, r.amount_minor, e.conversion_id as step_conversion,
        e.to_state as step_state from refunds r
        left join conversions v on v.campaign_id = r.campaign_id and v.event = r.event and v.order_id = r.order_id
        left join refund_steps s on s.refund_id = r.refund_id
        left join conversion_events e on e.event_id = s.event_id order by r.refund_id";
}

pub async fn conversions(conn: &mut Conn) -> Result<Vec<Conversion>, StoreError> {
    on_driver!(conn, |c| query_as(CONVERSIONS).fetch_all(c).await)
}

pub async fn coupons(conn: &mut Conn) -> Result<Vec<Coupon>, StoreError> {
    on_driver!(conn, |c| query_as(COUPONS).fetch_all(c).await)
}

pub async fn prices(conn: &mut Conn) -> Result<Vec<Price>, StoreError> {
    on_driver!(conn, |c| query_as(PRICES).fetch_all(c).await)
}

/// By campaign, version and number.
pub async fn price_rules(conn: &mut Conn) -> Result<Vec<PriceRule>, StoreError> {
    on_driver!(conn, |c| query_as(PRICE_RULES).fetch_all(c).await)
}

/// By conversion and number.
pub async fn events(conn: &mut Conn) -> Result<Vec<Event>, StoreError> {
    on_driver!(conn, |c| query_as(EVENTS).fetch_all(c).await)
}

pub async fn transfers(conn: &mut Conn) -> Result<Vec<Transfer>, StoreError> {
    on_driver!(conn, |c| query_as(TRANSFERS).fetch_all(c).await)
}

pub async fn deposits(conn: &mut Conn) -> Result<Vec<Deposit>, StoreError> {
    on_driver!(conn, |c| query_as(DEPOSITS).fetch_all(c).await)
}

pub async fn payouts(conn: &mut Conn) -> Result<Vec<Payout>, StoreError> {
    on_driver!(conn, |c| query_as(PAYOUTS).fetch_all(c).await)
}

pub async fn payout_items(conn: &mut Conn) -> Result<Vec<PayoutItem>, StoreError> {
    on_driver!(conn, |c| query_as(PAYOUT_ITEMS).fetch_all(c).await)
}

pub async fn payables(conn: &mut Conn) -> Result<Vec<Payable>, StoreError> {
    on_driver!(conn, |c| query_as(PAYABLES).fetch_all(c).await)
}

pub async fn refunds(conn: &mut Conn) -> Result<Vec<Refund>, StoreError> {
    on_driver!(conn, |c| query_as(REFUNDS).fetch_all(c).await)
}
