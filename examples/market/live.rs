//! A shopper at work: every act of the plan as requests to the network. What was reported is noted as it is sent, for
//! the simpler rule sets.

use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::ids::{CampaignId, ClickId, LinkId, PublisherId, first_id_at};
use tallystick::domain::secret::SecretKey;
use tallystick::domain::signature::{SignedRequest, sign};
use tallystick::domain::time::{DAY_MS, Timestamp};

use super::browser::{Device, Keeper, Load, Policy};
use super::people::{Act, Claim, FORGER, Order, POACHER, REPLAYER, RIVAL, STUFFER, Shopper, TOOLBAR, time_of};
use super::place::{Place, Shop, coupon_code};
use super::way::Way;

/// So far into the future lie the made-up ids that shall stand before all true ones.
const MADE_UP_AHEAD_MS: i64 = 1_000 * DAY_MS;

/// A report that was sent: the clicks of which it told, by publisher and time.
#[derive(Debug, Clone)]
pub struct Report {
    pub at: Timestamp,
    pub order: usize,
    pub clicks: Vec<(usize, Timestamp)>,
    pub coupon: Option<usize>,
}

pub struct Live {
    pub shopper: Shopper,
    devices: Vec<Device>,
    /// Every click id that was given out around this shopper.
    ids: HashMap<String, (usize, Timestamp)>,
    /// For each device the publisher in the cookie of a network that keeps one click, and until when.
    last_cookie: Vec<Option<(usize, Timestamp)>>,
    /// What that network would credit, by order.
    pub by_last_cookie: BTreeMap<usize, usize>,
    /// The click ids that the shop's server had at the order.
    carried: HashMap<usize, Vec<String>>,
    /// The rival's own click id, once it has one.
    rival_id: Option<String>,
    pub reports: Vec<Report>,
    /// What fraudsters were answered: whose, and how.
    pub answers: BTreeMap<(usize, String), usize>,
    /// Orders that never were, and were reported all the same.
    pub invented: Vec<String>,
}

impl Live {
    pub fn new(shopper: Shopper, number: usize) -> Self {
        // A person's devices are in the same network; fraudsters' own are elsewhere.
        let address = format!("10.{}.{}.7", number / 250 % 250, number % 250);
        let devices: Vec<_> = shopper.devices.iter().map(|policy| Device::new(*policy, address.clone())).collect();
        Self {
            last_cookie: vec![None; devices.len()],
            devices,
            shopper,
            ids: HashMap::new(),
            by_last_cookie: BTreeMap::new(),
            carried: HashMap::new(),
            rival_id: None,
            reports: Vec::new(),
            answers: BTreeMap::new(),
            invented: Vec::new(),
        }
    }

    pub async fn act(&mut self, place: &Place, act: Act, now: Timestamp) -> anyhow::Result<()> {
        let shop = &place.shops[self.shopper.shop];
        match act {
            Act::Click { device, publisher } => self.follow(place, shop, device, publisher, Load::Click, now).await,
            Act::Forced { device } => self.follow(place, shop, device, TOOLBAR, Load::Forced, now).await,
            Act::Stuff { device, load } => self.stuff(place, shop, device, load, now).await,
            Act::Lure { device, is_of_future } => {
                let id = made_up(if is_of_future { now.plus_ms(MADE_UP_AHEAD_MS) } else { now }, device as i64);
                self.devices[device].land(&place.net, shop.site(), &id, now).await
            }
            Act::Clear { device } => {
                self.devices[device].clear();
                self.last_cookie[device] = None;
                Ok(())
            }
            Act::Order { order } => self.order(place, shop, order, now).await,
            Act::Report { order } => self.server_report(place, shop, order, now).await,
            Act::Rival { order, claim } => self.rival(place, shop, order, claim, now).await,
            Act::Forge { order } => self.forge(place, shop, order, now).await,
            Act::CouponPixel { order } => {
                let order = self.shopper.orders[order].clone();
                let query = format!("{}&coupon={}", fields(&order, order.amount_minor), coupon_code(POACHER));
                self.fraud_pixel(place, shop, POACHER, &query, now).await.map(drop)
            }
            Act::Replay { order } => self.replay(place, shop, order, now).await,
        }
    }

    async fn follow(
        &mut self,
        place: &Place,
        shop: &Shop,
        device: usize,
        publisher: usize,
        load: Load,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let browser = &mut self.devices[device];
        let (status, id) = browser.load(&place.net, &shop.links[publisher], load, now).await?;
        ensure!(status == 302, "a click was answered {status}");
        ensure!(id.is_some() == browser.policy.consents(), "a click id goes to those who consent");
        if let Some(id) = id {
            self.ids.insert(id.clone(), (publisher, now));
            self.last_cookie[device] = Some((publisher, window_end(shop, now)));
            browser.land(&place.net, shop.site(), &id, now).await?;
        }
        Ok(())
    }

    /// A link that is loaded where nobody sees it. A network of cookies takes it for a click.
    async fn stuff(
        &mut self,
        place: &Place,
        shop: &Shop,
        device: usize,
        load: Load,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let browser = &mut self.devices[device];
        let (status, id) = browser.load(&place.net, &shop.links[STUFFER], load, now).await?;
        self.answer(STUFFER, format!("{load:?} {status}, {}", if id.is_some() { "click id" } else { "no click id" }));
        let policy = self.devices[device].policy;
        if policy.consents() && (load == Load::Prefetch || policy.sends_third_party_cookies()) {
            self.last_cookie[device] = Some((STUFFER, window_end(shop, now)));
        }
        Ok(())
    }

    /// The thank-you page opens, and the server has stored the order.
    async fn order(&mut self, place: &Place, shop: &Shop, number: usize, now: Timestamp) -> anyhow::Result<()> {
        let order = self.shopper.orders[number].clone();
        let browser = &self.devices[order.device];
        let is_loaded = browser.policy.loads_the_network();
        let kept = self.last_cookie[order.device].filter(|(_, until)| now < *until);
        if let Some((publisher, _)) = kept.filter(|_| is_loaded && browser.policy.sends_third_party_cookies()) {
            self.by_last_cookie.insert(number, publisher);
        }
        if shop.way.reports_by_pixel() && is_loaded {
            let with_tag = shop.site().keeper != Keeper::Nobody;
            let ids = if with_tag { browser.for_convert(&shop.name, now) } else { Vec::new() };
            let mut query = fields(&order, order.amount_minor);
            if !ids.is_empty() {
                query = format!("click_id={}&{query}", ids.join("."));
            }
            let (status, reason) = browser.pixel(&place.net, &shop.name, &query, now).await?;
            ensure!(matches!(status, 200..=202 | 409), "the shop's pixel was answered {status} {reason}");
            let told = [ids, browser.third_party(&shop.name, now)].concat();
            self.note(number, &told, None, now);
        }
        if shop.way.reports_by_server() {
            let site = shop.site();
            let ids = self.devices[order.device].first_party(&shop.name, site.window_seconds, now);
            self.carried.insert(number, ids);
            if shop.way != Way::Late {
                self.server_report(place, shop, number, now).await?;
            }
        }
        Ok(())
    }

    /// Signed, with the click ids of the order's own browser and the time of the order. An order of nobody is not told.
    async fn server_report(&mut self, place: &Place, shop: &Shop, number: usize, now: Timestamp) -> anyhow::Result<()> {
        let (order, ids) = (self.shopper.orders[number].clone(), self.carried[&number].clone());
        if ids.is_empty() && order.coupon.is_none() {
            return Ok(());
        }
        let mut query = format!("campaign={}&{}", shop.name, fields(&order, order.amount_minor));
        if !ids.is_empty() {
            query = format!("{query}&click_id={}", ids.join("."));
        }
        if let Some(coupon) = order.coupon {
            query = format!("{query}&coupon={}", coupon_code(coupon));
        }
        if shop.way == Way::Late {
            let at = time_of(order.step).plus_ms(999).to_string();
            query = format!("{query}&occurred_at={}", utf8_percent_encode(&at, NON_ALPHANUMERIC));
        }
        let (status, body) = postback(place, &signed(shop, &query, now)).await?;
        // Where all ids are made up, the report is refused, and the order is nobody's.
        let is_known = ids.iter().any(|id| self.ids.contains_key(id));
        let is_taken = matches!(status, 200..=202) || (status == 422 && !is_known);
        ensure!(is_taken, "order {} was answered {status}: {body}", order.id);
        self.note(number, &ids, order.coupon, now);
        Ok(())
    }

    fn note(&mut self, order: usize, ids: &[String], coupon: Option<usize>, at: Timestamp) {
        let clicks = ids.iter().filter_map(|id| self.ids.get(id).copied()).collect();
        self.reports.push(Report { at, order, clicks, coupon });
    }

    fn answer(&mut self, fraudster: usize, answer: String) {
        *self.answers.entry((fraudster, answer)).or_default() += 1;
    }

    /// A pixel from the fraudster's own browser.
    async fn fraud_pixel(
        &mut self,
        place: &Place,
        shop: &Shop,
        fraudster: usize,
        query: &str,
        now: Timestamp,
    ) -> anyhow::Result<u16> {
        let browser = Device::new(Policy::Open, format!("192.0.2.{fraudster}"));
        let (status, reason) = browser.pixel(&place.net, &shop.name, query, now).await?;
        self.answer(fraudster, format!("pixel {status} {reason}"));
        Ok(status)
    }

    async fn rival(
        &mut self,
        place: &Place,
        shop: &Shop,
        number: usize,
        claim: Claim,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let id = match self.rival_id.clone() {
            Some(id) => id,
            None => {
                let mut browser = Device::new(Policy::Open, format!("192.0.2.{RIVAL}"));
                let (_, id) = browser.load(&place.net, &shop.links[RIVAL], Load::Click, now).await?;
                let id = id.expect("the rival's browser gets a click id");
                self.ids.insert(id.clone(), (RIVAL, now));
                self.rival_id = Some(id.clone());
                id
            }
        };
        let Some(order) = self.shopper.orders.get(number).cloned() else { return Ok(()) };
        let query = match claim {
            Claim::Same => fields(&order, order.amount_minor),
            Claim::Other => fields(&order, order.amount_minor + 1),
            Claim::Silent => format!("order_id={}", order.id),
        };
        let status = self.fraud_pixel(place, shop, RIVAL, &format!("click_id={id}&{query}"), now).await?;
        if status < 300 {
            self.note(number, &[id], None, now);
        }
        Ok(())
    }

    /// Made-up and altered ids by pixel; postbacks without a signature, with a wrong one, and altered after signing.
    async fn forge(&mut self, place: &Place, shop: &Shop, number: usize, now: Timestamp) -> anyhow::Result<()> {
        let order = self.shopper.orders[number].clone();
        let query = fields(&order, order.amount_minor);
        let mut ids = vec![made_up(now, number as i64)];
        ids.extend(self.ids.keys().min().map(|id| altered(id)));
        for id in ids {
            let status = self.fraud_pixel(place, shop, FORGER, &format!("click_id={id}&{query}"), now).await?;
            ensure!(status == 422, "a forged click id was answered {status}");
        }
        let query = format!("campaign={}&{query}", shop.name);
        let altered = signed(shop, &query, now).replace("amount=", "amount=9");
        let stale = signed(shop, &query, now.plus_ms(-DAY_MS));
        for query in [query.clone(), format!("{query}&ts=0&sig={}", "0".repeat(64)), altered, stale] {
            let (status, body) = postback(place, &query).await?;
            ensure!(status == 401, "a forged postback was answered {status}: {body}");
            self.answer(FORGER, format!("postback {status} {}", body["reason"].as_str().unwrap_or("")));
        }
        Ok(())
    }

    /// The buyer's own order again, and orders that never were, with the click id that it has.
    async fn replay(&mut self, place: &Place, shop: &Shop, number: usize, now: Timestamp) -> anyhow::Result<()> {
        let order = self.shopper.orders[number].clone();
        let id = self.ids.keys().min().expect("it has clicked").clone();
        for turn in 0..3 {
            let again = format!("click_id={id}&{}", fields(&order, order.amount_minor));
            self.fraud_pixel(place, shop, REPLAYER, &again, now).await?;
            let invented = Order { id: format!("{}-{}-{turn}", order.id, now.0), ..order.clone() };
            let query = format!("click_id={id}&{}", fields(&invented, order.amount_minor));
            self.fraud_pixel(place, shop, REPLAYER, &query, now).await?;
            self.invented.push(invented.id);
        }
        Ok(())
    }
}

fn window_end(shop: &Shop, now: Timestamp) -> Timestamp {
    now.plus_ms(shop.way.window_days() * DAY_MS)
}

fn fields(order: &Order, amount_minor: u64) -> String {
    format!("order_id={}&amount={}.{:02}&currency=EUR", order.id, amount_minor / 100, amount_minor % 100)
}

fn signed(shop: &Shop, query: &str, now: Timestamp) -> String {
    let timestamp = now.0.div_euclid(1_000);
    let query = format!("{query}&ts={timestamp}");
    let request = SignedRequest { timestamp, method: "GET", path: "/postback", query: &query, body: b"" };
    format!("{query}&sig={}", sign(&shop.secret, &request))
}

async fn postback(place: &Place, query: &str) -> anyhow::Result<(u16, serde_json::Value)> {
    let answer = place.net.client.get(format!("{}/postback?{query}", place.net.url)).send().await?;
    Ok((answer.status().as_u16(), serde_json::from_str(&answer.text().await?)?))
}

/// A click id that is right in all but its code: another key made it.
fn made_up(at: Timestamp, number: i64) -> String {
    let key = SecretKey::from_bytes([0xff; 32]);
    ClickToken::issue(&key, ClickId(first_id_at(at) + number), LinkId(1), CampaignId(1), PublisherId(1))
}

/// Another click id than this one, of the same shape.
fn altered(id: &str) -> String {
    let (start, rest) = id.split_at(30);
    format!("{start}{}{}", if rest.starts_with('0') { '1' } else { '0' }, &rest[1..])
}
