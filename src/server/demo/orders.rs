//! What visitors buy, and how the shops report it: mostly well, now and then wrongly.

use std::collections::HashMap;

use url::form_urlencoded::Serializer;

use super::campaigns::{BOOTS, COUPON, COURSES, OFFERS};
use super::links::SPOTS;
use super::stage::{Dice, Stage};
use super::traffic::{Manner, Visit};
use crate::domain::click_token::{ClickList, ClickToken};
use crate::domain::conversion::Badge;
use crate::domain::conversion_report::Refused;
use crate::domain::ids::CampaignId;
use crate::domain::money::Currency;
use crate::domain::reason::ReasonCode;
use crate::domain::rule::EventName;
use crate::domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use crate::store::campaigns::{self, Campaign};
use crate::tracking::conversion::Report;
use crate::tracking::request;

/// How an order reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    Plain,
    /// The same report a second time.
    Retried,
    /// The same order with another amount.
    Contradicted,
    /// By the shop's page first, then by its server.
    Upgraded,
    /// The visitor came without a click id.
    Lost,
    /// The shop says that another channel brought it.
    OtherChannel,
    /// Faster than people buy.
    Hasty,
    /// Longer after the click than the cookie lasts.
    Late,
    Test,
    /// Heard in the podcast: a reader of it types the code, and no click id comes along.
    Coupon,
    /// The same reader again, without a code.
    Regular,
    /// Refused at first for this, then sent again as it should be.
    Corrected(ReasonCode),
}

#[derive(Debug, Clone)]
pub struct Order {
    pub at: Timestamp,
    /// The visit that led to it.
    pub visit: usize,
    pub story: Story,
    amount_minor: i64,
    currency: &'static str,
    is_lead: bool,
    number: usize,
}

impl Order {
    /// A customer of the podcast, by the shop's own number.
    fn listener(&self) -> String {
        format!("listener-{}", self.number % 2)
    }
}

/// One of so many orders is not plain.
const STORIES: [Story; 14] = [
    Story::Retried,
    Story::Hasty,
    Story::Lost,
    Story::Late,
    Story::Corrected(ReasonCode::BadAmount),
    Story::Contradicted,
    Story::OtherChannel,
    Story::Upgraded,
    Story::Test,
    Story::Late,
    Story::Corrected(ReasonCode::BadCurrency),
    Story::Lost,
    Story::Corrected(ReasonCode::AuthBadSignature),
    Story::Corrected(ReasonCode::EventUnknown),
];
const PLAIN_BETWEEN: usize = 6;
/// Of so many orders for boots one comes by the podcast's code, and one by somebody who bought by it before.
const LISTENERS: usize = 9;
const FIRST_NUMBER: usize = 10_407;

/// About `count` of the visits end in an order.
pub fn plan(visits: &[Visit], end: Timestamp, dice: &mut Dice, count: u64) -> Vec<Order> {
    let appeal = |visit: &Visit| if visit.may_buy() { OFFERS[SPOTS[visit.spot].campaign].appeal } else { 0 };
    let total: u64 = visits.iter().map(appeal).sum();
    let machine = visits.iter().rposition(|visit| visit.manner == Manner::Machine);
    let mut orders: Vec<Order> = Vec::new();
    for (place, visit) in visits.iter().enumerate() {
        if dice.below(total) < count * appeal(visit) || machine == Some(place) {
            let order = order(visit, place, orders.len(), dice);
            orders.extend((order.at < end).then_some(order));
        }
    }
    orders
}

fn order(visit: &Visit, place: usize, number: usize, dice: &mut Dice) -> Order {
    let campaign = SPOTS[visit.spot].campaign;
    let offer = &OFFERS[campaign];
    let is_turn = number % (PLAIN_BETWEEN + 1) == PLAIN_BETWEEN;
    let mut story = if is_turn { STORIES[number / (PLAIN_BETWEEN + 1) % STORIES.len()] } else { Story::Plain };
    // Only a short cookie is outlived often enough to be seen; only a signed shop sends two kinds of reports.
    let is_possible = match story {
        Story::Late => campaign == COURSES,
        Story::Upgraded => offer.badge == Badge::Signed,
        Story::Corrected(ReasonCode::AuthBadSignature) => offer.badge == Badge::Signed,
        _ => true,
    };
    story = if is_possible { story } else { Story::Plain };
    if campaign == BOOTS && story == Story::Plain {
        story = match number % LISTENERS {
            4 => Story::Coupon,
            8 => Story::Regular,
            _ => story,
        };
    }
    if campaign == COURSES && number % 11 == 5 {
        story = Story::Late;
    }
    let delay = match story {
        Story::Hasty => dice.between(900, 4 * SECOND_MS),
        Story::Late => dice.between(25 * HOUR_MS, 70 * HOUR_MS),
        _ => delay(offer.hours, dice),
    };
    let (low, high) = offer.amounts;
    let spread = (high - low).unsigned_abs();
    // Small orders are many, large ones few.
    let above = dice.below(spread) * dice.below(spread) / spread;
    let amount_minor = (low + above.cast_signed()) / 10 * 10;
    let is_lead = offer.has_leads() && dice.below(3) > u64::from(campaign == COURSES);
    let (at, currency) = (visit.at.plus_ms(delay), offer.currency);
    Order { at, visit: place, story, amount_minor, currency, is_lead, number: FIRST_NUMBER + number }
}

/// Most buy within the hour, some sleep on it, a few take days.
fn delay(hours: i64, dice: &mut Dice) -> i64 {
    let most = hours * HOUR_MS;
    let chosen = match dice.below(100) {
        0..55 => dice.between(2 * MINUTE_MS, 70 * MINUTE_MS),
        55..80 => dice.between(HOUR_MS, 30 * HOUR_MS),
        _ => dice.between(24 * HOUR_MS, most.max(25 * HOUR_MS)),
    };
    chosen.min(most - dice.between(0, 2 * HOUR_MS))
}

/// Reports an order as its shop does. Nobody buys behind a link that leads nowhere any more.
pub async fn report(
    stage: &Stage,
    order: &Order,
    campaign: usize,
    id: CampaignId,
    tokens: &HashMap<usize, ClickToken>,
) -> anyhow::Result<()> {
    if !tokens.contains_key(&order.visit) {
        return Ok(());
    }
    let of_campaign = campaigns::get(&mut stage.app.store.read().await?, id).await?;
    let shop = Shop { stage, order, campaign: &of_campaign, token: tokens.get(&order.visit) };
    let badge = OFFERS[campaign].badge;
    match order.story {
        Story::Retried => {
            shop.send(badge, &[]).await?;
            shop.later(30 * SECOND_MS, badge, &[]).await
        }
        Story::Contradicted => {
            shop.send(badge, &[]).await?;
            let other = shop.amount(500)?;
            shop.later(45 * SECOND_MS, badge, &[("amount", &other)]).await
        }
        Story::Upgraded => {
            shop.send(Badge::Unverified, &[]).await?;
            shop.later(2 * SECOND_MS, badge, &[]).await
        }
        Story::OtherChannel => shop.send(badge, &[("channel", "newsletter")]).await,
        Story::Test => shop.send(badge, &[("test", "1")]).await,
        Story::Coupon => shop.send(badge, &[("coupon", COUPON), ("customer_id", &order.listener())]).await,
        Story::Regular => shop.send(badge, &[("customer_id", &order.listener())]).await,
        Story::Corrected(reason) => {
            shop.wrong(badge, reason).await?;
            shop.later(50 * SECOND_MS, badge, &[]).await
        }
        Story::Plain | Story::Lost | Story::Hasty | Story::Late => shop.send(badge, &[]).await,
    }
}

/// The advertiser's side of one order.
struct Shop<'a> {
    stage: &'a Stage,
    order: &'a Order,
    campaign: &'a Campaign,
    token: Option<&'a ClickToken>,
}

impl Shop<'_> {
    /// The order's amount, and so much more.
    fn amount(&self, more_minor: i64) -> anyhow::Result<String> {
        Ok(self.order.currency.parse::<Currency>()?.decimal(self.order.amount_minor + more_minor))
    }

    fn event(&self) -> EventName {
        if self.order.is_lead { EventName::lead() } else { EventName::sale() }
    }

    async fn later(&self, ms: i64, badge: Badge, other: &[(&str, &str)]) -> anyhow::Result<()> {
        self.stage.pass(ms);
        self.send(badge, other).await
    }

    async fn send(&self, badge: Badge, other: &[(&str, &str)]) -> anyhow::Result<()> {
        let report = self.report(badge, other)?;
        request::record(&self.stage.tracking, &report, Ok((self.campaign.clone(), badge))).await?;
        Ok(())
    }

    /// A first report that is refused for `reason`.
    async fn wrong(&self, badge: Badge, reason: ReasonCode) -> anyhow::Result<()> {
        let comma = self.amount(0)?.replace('.', ",");
        match reason {
            ReasonCode::BadAmount => self.send(badge, &[("event", "sale"), ("amount", &comma)]).await,
            ReasonCode::BadCurrency => {
                let (lower, amount) = (self.order.currency.to_lowercase(), self.amount(0)?);
                self.send(badge, &[("amount", &amount), ("currency", &lower)]).await
            }
            ReasonCode::EventUnknown => self.send(badge, &[("event", "purchase")]).await,
            other => {
                let refused = Refused::new(other, "sig");
                let report = self.report(badge, &[])?;
                let sender = Err((Some(self.campaign.campaign_id), refused));
                request::record(&self.stage.tracking, &report, sender).await?;
                Ok(())
            }
        }
    }

    /// The report as this kind of sender writes it; `other` stands in place of what is usual.
    fn report(&self, badge: Badge, other: &[(&str, &str)]) -> anyhow::Result<Report> {
        let comes_without = matches!(self.order.story, Story::Lost | Story::Coupon | Story::Regular);
        let token = self.token.filter(|_| !comes_without).map(ToString::to_string);
        let is_pixel = badge == Badge::Unverified;
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut put = |name: &str, value: String| pairs.push((name.to_owned(), value));
        put("campaign", self.campaign.campaign_id.to_string());
        if let Some(token) = token.clone().filter(|_| !is_pixel) {
            put("click_id", token);
        }
        put("order_id", format!("{}-{}", self.campaign.name[..2].to_uppercase(), self.order.number));
        put("event", self.event().as_str().to_owned());
        if !self.order.is_lead {
            put("amount", self.amount(0)?);
            put("currency", self.order.currency.to_owned());
        }
        for (name, value) in other {
            pairs.retain(|(known, _)| known != name);
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields = request::fields(&pairs);
        let (endpoint, method) = match badge {
            Badge::Key => ("api", "POST"),
            Badge::Unverified => ("pixel", "GET"),
            Badge::Network | Badge::Signed | Badge::Token => ("postback", "GET"),
        };
        let (mut query, mut body) = (String::new(), String::new());
        if badge == Badge::Key {
            let map: serde_json::Map<_, _> = pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
            body = serde_json::Value::Object(map).to_string();
        } else {
            query = request::without_secrets(&Serializer::new(String::new()).extend_pairs(&pairs).finish());
        }
        let cookie = token.filter(|_| is_pixel).map(|token| ClickList::parse(&token)).unwrap_or_default();
        Ok(Report { endpoint, method: method.to_owned(), query, body, fields, cookie, by_hand: None })
    }
}
