//! Visitors and shops under way at once, what they were told, and whether it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;

use futures::StreamExt;
use reqwest::redirect::Policy;
use tallystick::domain::ids::CampaignId;
use tallystick::domain::secret::{PostbackSecret, SecretKey};
use tallystick::domain::signature::{SignedRequest, sign};
use tallystick::domain::time::Timestamp;
use tallystick::store::Store;
use url::Url;

use super::Scene;
use crate::replay::rows;
use crate::shop::CHROME;
use crate::support::{START, verified};

const CONCURRENCY: usize = 16;
/// One of so many visitors buys.
const BUYERS: usize = 3;

/// What senders were told, over all lives of the network.
#[derive(Default)]
pub struct Told {
    pub sent: BTreeSet<usize>,
    /// Clicks whose commit was promised to have come first.
    pub durable: BTreeSet<usize>,
    /// Clicks that were answered before it.
    pub deferred: BTreeSet<usize>,
    /// Orders answered with 201 or 200.
    pub orders: BTreeSet<usize>,
    /// Orders answered with 503 and the word when to come again.
    pub postponed: BTreeSet<usize>,
    /// Orders answered otherwise, with the status: there should be none.
    pub odd: BTreeMap<usize, u16>,
    pub unanswered: usize,
    /// Click ids of those who buy.
    tokens: BTreeMap<usize, String>,
}

impl Told {
    pub fn acknowledged(&self) -> usize {
        self.durable.len() + self.orders.len()
    }
}

pub struct Load {
    pub client: reqwest::Client,
    campaign: CampaignId,
    path: String,
    secret: PostbackSecret,
    pub told: Mutex<Told>,
}

impl Load {
    pub fn new(scene: &Scene) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let secret = SecretKey::from_bytes([9; 32]).postback_secret(scene.campaign, 1);
        Self { client, campaign: scene.campaign, path: scene.path.clone(), secret, told: Mutex::default() }
    }

    /// Visitors by number: each clicks, and some buy. They share the processes evenly; `after` is called with the count
    /// of acknowledgements after each of them.
    pub async fn run(&self, urls: &[&str], numbers: Range<usize>, after: impl Fn(usize)) {
        let after = &after;
        futures::stream::iter(numbers)
            .for_each_concurrent(CONCURRENCY, |number| async move {
                let url = urls[number % urls.len()];
                if let Some(token) = self.click(url, number, after).await
                    && number.is_multiple_of(BUYERS)
                {
                    self.told.lock().unwrap().tokens.insert(number, token.clone());
                    self.buy(url, number, &token, after).await;
                }
            })
            .await;
    }

    /// Reports the postponed orders again; none may be postponed once more.
    pub async fn buy_again(&self, url: &str) {
        let postponed = std::mem::take(&mut self.told.lock().unwrap().postponed);
        for number in postponed {
            let token = self.told.lock().unwrap().tokens[&number].clone();
            self.buy(url, number, &token, &|_| {}).await;
        }
        let still = self.told.lock().unwrap().postponed.clone();
        assert!(still.is_empty(), "reports find the database again: {still:?}");
    }

    /// Waits until the clicks that were deferred are stored.
    pub async fn deferred_are_stored(&self, store: &Store) {
        let deferred = self.told.lock().unwrap().deferred.clone();
        let mut missing = deferred;
        for _ in 0..600 {
            for (key, _) in rows(store, "select sub1, click_id from clicks where sub1 is not null").await {
                missing.remove(&key[0].parse().unwrap());
            }
            if missing.is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("deferred clicks that never came: {missing:?}");
    }

    fn note(&self, after: &impl Fn(usize), change: impl FnOnce(&mut Told)) {
        let count = {
            let mut told = self.told.lock().unwrap();
            change(&mut told);
            told.acknowledged()
        };
        after(count);
    }

    async fn click(&self, url: &str, number: usize, after: &impl Fn(usize)) -> Option<String> {
        self.told.lock().unwrap().sent.insert(number);
        let request = self.client.get(format!("{url}{}?sub1={number}", self.path)).header("user-agent", CHROME);
        let answer = request.header("x-forwarded-for", format!("203.0.113.{}", number % 100)).send().await;
        let Ok(answer) = answer else {
            self.told.lock().unwrap().unanswered += 1;
            return None;
        };
        let record = answer.headers().get("click-record").map(|value| value.to_str().unwrap().to_owned());
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        // An answer that did not arrive whole was not received.
        answer.bytes().await.ok()?;
        let location = Url::parse(&location?).unwrap();
        match record.as_deref() {
            Some("durable") => self.note(after, |told| {
                told.durable.insert(number);
            }),
            Some("deferred") => self.note(after, |told| {
                told.deferred.insert(number);
            }),
            other => panic!("a click without a promise: {other:?}"),
        }
        location.query_pairs().find(|(name, _)| name == "click_id").map(|(_, id)| id.into_owned())
    }

    /// Reports the order of a visitor, signed.
    async fn buy(&self, url: &str, number: usize, token: &str, after: &impl Fn(usize)) {
        let Ok(answer) = self.client.get(format!("{url}{}", self.order(number, token))).send().await else { return };
        let (status, retry) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        if answer.bytes().await.is_err() {
            return;
        }
        self.note(after, |told| {
            match status {
                200 | 201 => drop(told.orders.insert(number)),
                503 if retry => drop(told.postponed.insert(number)),
                _ => drop(told.odd.insert(number, status)),
            };
        });
    }

    /// The signed report of a visitor's order: path and query.
    fn order(&self, number: usize, token: &str) -> String {
        let timestamp = Timestamp::parse(START).unwrap().0 / 1_000;
        let order = format!("order_id=K{number}&amount=10.00&currency=EUR&click_id={token}");
        let query = format!("campaign={}&{order}&ts={timestamp}", self.campaign);
        let request = SignedRequest { timestamp, method: "GET", path: "/postback", query: &query, body: b"" };
        format!("/postback?{query}&sig={}", sign(&self.secret, &request))
    }

    /// As many visitors click, each ready to buy: the signed reports of their orders.
    pub async fn orders(&self, url: &str, count: usize) -> Vec<String> {
        let orders = (0..count).map(|number| async move {
            let token = self.click(url, number, &|_| {}).await.expect("a click that is answered");
            self.order(number, &token)
        });
        futures::stream::iter(orders).buffered(CONCURRENCY).collect().await
    }

    /// Everything acknowledged is there, nothing twice, nothing that was not sent; the books agree.
    pub async fn check(&self, store: &Store) {
        let clicks =
            rows(store, "select coalesce(sub1, '') as sub1, count(*) as clicks from clicks group by sub1").await;
        let clicks: BTreeMap<usize, i64> =
            clicks.into_iter().map(|(key, clicks)| (key[0].parse().unwrap_or(usize::MAX), clicks)).collect();
        let orders = rows(store, "select order_id, count(*) as orders from conversions group by order_id").await;
        let orders: BTreeMap<usize, i64> =
            orders.into_iter().map(|(key, orders)| (key[0][1..].parse().unwrap(), orders)).collect();
        let credited = rows(
            store,
            "select 'all' as everybody, count(*) as orders from conversions where publisher_id is not null",
        );
        let credited: i64 = credited.await.into_iter().map(|(_, count)| count).sum();
        verified(store).await;
        let told = self.told.lock().unwrap();
        let lost: Vec<_> = told.durable.iter().filter(|number| !clicks.contains_key(number)).collect();
        assert!(lost.is_empty(), "{} acknowledged clicks are lost: {lost:?}", lost.len());
        let lost: Vec<_> = told.orders.iter().filter(|number| !orders.contains_key(number)).collect();
        assert!(lost.is_empty(), "{} acknowledged orders are lost: {lost:?}", lost.len());
        assert!(clicks.values().chain(orders.values()).all(|count| *count == 1), "nothing is there twice");
        let unknown = clicks.keys().chain(orders.keys()).find(|number| !told.sent.contains(number));
        assert_eq!(unknown, None, "nothing is there that was not sent");
        assert_eq!(credited, orders.values().sum::<i64>(), "every order is its publisher's");
        assert!(told.odd.is_empty(), "{:?}", told.odd);
    }
}
