//! Visitors with their browsers, and the shop's server that reports orders.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;
use tallystick::domain::secret::{PostbackSecret, SecretKey};
use tallystick::domain::signature::{SignedRequest, sign};
use tallystick::domain::time::Timestamp;
use url::Url;

use crate::support::{Answer, TestApp};

pub const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A visitor's browser: it keeps cookies, and tells who it is and where it comes from.
pub struct Visitor {
    client: reqwest::Client,
    url: String,
    agent: &'static str,
    address: String,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

impl Visitor {
    pub fn new(app: &TestApp, number: u8) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let agent = if number % 2 == 1 { CHROME } else { FIREFOX };
        let address = format!("203.0.113.{number}");
        Self { client, url: app.url.clone(), agent, address, cookies: RefCell::default() }
    }

    fn request(&self, path: &str) -> reqwest::RequestBuilder {
        let cookies = self.cookies.borrow();
        let line = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.header("user-agent", self.agent).header("x-forwarded-for", &self.address);
        if line.is_empty() { request } else { request.header("cookie", line) }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = Answer::of(request.send().await.unwrap()).await;
        for line in answer.headers.get_all("set-cookie") {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            self.cookies.borrow_mut().insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        answer
    }

    /// Follows a link as a person does who clicks it.
    pub async fn click(&self, path: &str) -> Click {
        let request = self.request(path).header("sec-fetch-dest", "document").header("sec-fetch-mode", "navigate");
        Click::of(self.send(request.header("sec-fetch-user", "?1")).await)
    }

    /// Asks for a link as something else than a person's click.
    pub async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        // They replace the browser's own of the same name.
        self.send(self.request(path).headers(pairs.collect())).await
    }

    /// Loads the campaign's pixel, with the cookies that this browser has.
    pub async fn pixel(&self, campaign: &str, query: &str) -> Answer {
        self.send(self.request(&format!("/pixel/{campaign}.gif?{query}"))).await
    }

    /// What `t.js` on the advertiser's page says of a click, without a cookie.
    pub async fn land(&self, campaign: &str, id: &str) -> Answer {
        let request = self.client.post(format!("{}/landing", self.url)).header("sec-fetch-site", "cross-site");
        let request = request.form(&[("campaign", campaign), ("click_id", id), ("path", "/welcome")]);
        Answer::of(request.send().await.unwrap()).await
    }
}

/// The answer to a click.
pub struct Click {
    pub answer: Answer,
    /// What the landing page receives.
    pub id: String,
    pub max_age_seconds: i64,
}

impl Click {
    fn of(answer: Answer) -> Self {
        assert_eq!(answer.status, 302, "{}", answer.text);
        assert_eq!(answer.headers["click-record"], "durable");
        let location = Url::parse(answer.location()).unwrap();
        let id = location.query_pairs().find(|(name, _)| name == "click_id").map(|(_, id)| id.into_owned());
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        for flag in ["HttpOnly", "Secure", "SameSite=None", "Path=/"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        let age = cookie.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
        Self { id: id.expect("the landing page receives the click id"), max_age_seconds: age, answer }
    }
}

/// The shop's server: it knows the campaign's secret, or a key.
pub struct Shop {
    client: reqwest::Client,
    url: String,
    pub campaign: String,
    pub secret: PostbackSecret,
}

impl Shop {
    pub fn new(app: &TestApp, campaign: &str) -> Self {
        let secret = SecretKey::from_bytes([9; 32]).postback_secret(campaign.parse().unwrap(), 1);
        Self { client: reqwest::Client::new(), url: app.url.clone(), campaign: campaign.to_owned(), secret }
    }

    /// The query with its signature, as sent at `now`.
    pub fn signed(&self, query: &str, now: Timestamp) -> String {
        let timestamp = now.0.div_euclid(1_000);
        let query = format!("campaign={}&{query}&ts={timestamp}", self.campaign);
        let request = SignedRequest { timestamp, method: "GET", path: "/postback", query: &query, body: b"" };
        format!("{query}&sig={}", sign(&self.secret, &request))
    }

    /// A signed report.
    pub async fn report(&self, app: &TestApp, query: &str) -> Reply {
        let signed = self.signed(query, app.environment.now());
        self.send(&signed).await
    }

    pub async fn send(&self, query: &str) -> Reply {
        let request = self.client.get(format!("{}/postback?{query}", self.url));
        Reply::of(request.send().await.unwrap()).await
    }

    /// A report by the JSON interface.
    pub async fn post(&self, key: &str, body: &Value) -> Reply {
        self.post_text(key, &body.to_string()).await
    }

    /// As [`Self::post`], with whatever body.
    pub async fn post_text(&self, key: &str, body: &str) -> Reply {
        let request = self.client.post(format!("{}/api/v1/conversions", self.url)).bearer_auth(key);
        Reply::of(request.body(body.to_owned()).send().await.unwrap()).await
    }
}

/// An answer of a reporting end point.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Self { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or("")
    }

    /// Status, outcome, whether it is a repeat, and the reason.
    pub fn told(&self) -> (u16, &str, bool, &str) {
        (self.status, self.text("outcome"), self.body["duplicate"] == true, self.text("reason"))
    }
}
