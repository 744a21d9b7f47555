//! A shopper's browser: what it keeps, for how long, and what it sends where, by its policy. Beside it the advertiser's
//! tag, which does here step by step what `public/t.js` does there.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};
use tallystick::domain::time::{DAY_MS, SECOND_MS, Timestamp};
use url::Url;

/// What a browser does to cookies and scripts of others. Each shopper's device has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Sends third-party cookies.
    Open,
    /// Keeps them, and does not send them from another site's page.
    NoThirdParty,
    /// As above, and ends a cookie that a script set after 7 days.
    ScriptCap,
    /// As [`Policy::NoThirdParty`], and its person empties it now and then.
    Clears,
    /// Says `Sec-GPC: 1`, which the network takes for no consent.
    Gpc,
    /// Loads nothing from the network's host into another site's page: no tag, no pixel.
    AdBlocker,
}

impl Policy {
    pub const ALL: [Self; 6] =
        [Self::Open, Self::NoThirdParty, Self::ScriptCap, Self::Clears, Self::Gpc, Self::AdBlocker];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "third-party cookies sent",
            Self::NoThirdParty => "third-party cookies blocked",
            Self::ScriptCap => "script cookies 7 days",
            Self::Clears => "cookies cleared",
            Self::Gpc => "GPC",
            Self::AdBlocker => "ad blocker",
        }
    }

    pub const fn sends_third_party_cookies(self) -> bool {
        matches!(self, Self::Open)
    }

    pub const fn loads_the_network(self) -> bool {
        !matches!(self, Self::AdBlocker)
    }

    pub const fn consents(self) -> bool {
        !matches!(self, Self::Gpc)
    }

    const fn agent(self) -> &'static str {
        match self {
            Self::ScriptCap => {
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
            }
            Self::NoThirdParty | Self::Clears => {
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
            }
            _ => {
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
            }
        }
    }
}

/// The network, as browsers and shops reach it.
#[derive(Clone)]
pub struct Net {
    pub client: reqwest::Client,
    pub url: String,
}

#[derive(Debug, Clone)]
struct Cookie {
    value: String,
    ends_at: Timestamp,
}

impl Cookie {
    fn is_kept(&self, now: Timestamp) -> bool {
        now < self.ends_at
    }
}

/// How a link is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Load {
    /// A person follows it.
    Click,
    /// A program leads this window there: no gesture.
    Forced,
    Image,
    Frame,
    Prefetch,
}

/// Who keeps the click ids on the shop's own site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    Nobody,
    /// `t.js`, in a cookie that a script sets.
    Tag,
    /// The shop's server, in a cookie set by header; `t.js` has `data-kept-by="server"`.
    Server,
}

/// The shop's page in this browser.
#[derive(Debug, Clone, Copy)]
pub struct Site<'s> {
    /// The campaign, as ids show it.
    pub campaign: &'s str,
    pub keeper: Keeper,
    pub window_seconds: i64,
}

pub struct Device {
    pub policy: Policy,
    address: String,
    /// Of the network's host.
    network: BTreeMap<String, Cookie>,
    /// Of the shop's site.
    shop: BTreeMap<String, Cookie>,
}

const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
const MONTH_SECONDS: i64 = 2_592_000;
const YEAR_2020_MS: i64 = 1_577_836_800_000;
const SCRIPT_CAP_MS: i64 = 7 * DAY_MS;

fn is_click_id(text: &str) -> bool {
    text.len() == 44 && text.chars().all(|letter| DIGITS.contains(letter))
}

/// The millisecond since 2020 that an id carries.
fn time(id: &str) -> i64 {
    let digit = |letter: char| DIGITS.find(letter).expect("it is a click id") as i64;
    (id[1..11].chars().fold(0, |sum, letter| sum * 32 + digit(letter)) / 16) % (1 << 43)
}

/// The newest three, and the oldest one inside the window; `ids` newest first.
fn choose(ids: &[String], seconds: i64) -> Vec<String> {
    let (newest, older) = ids.split_at(ids.len().min(3));
    let counts = |id: &&String| time(&ids[0]) - time(id) < seconds * 1_000;
    newest.iter().chain(older.iter().rfind(counts)).cloned().collect()
}

fn newest_first(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    ids
}

impl Device {
    pub fn new(policy: Policy, address: String) -> Self {
        Self { policy, address, network: BTreeMap::new(), shop: BTreeMap::new() }
    }

    /// Its person deletes all cookies.
    pub fn clear(&mut self) {
        self.network.clear();
        self.shop.clear();
    }

    fn request(&self, net: &Net, path: &str, sends_cookies: bool, now: Timestamp) -> reqwest::RequestBuilder {
        let mut request = net.client.get(format!("{}{path}", net.url));
        request = request.header("user-agent", self.policy.agent()).header("x-forwarded-for", &self.address);
        if !self.policy.consents() {
            request = request.header("sec-gpc", "1");
        }
        let kept = self.network.iter().filter(|(_, cookie)| sends_cookies && cookie.is_kept(now));
        let line: Vec<String> = kept.map(|(name, cookie)| format!("{name}={}", cookie.value)).collect();
        if line.is_empty() { request } else { request.header("cookie", line.join("; ")) }
    }

    fn store(&mut self, headers: &HeaderMap, now: Timestamp) -> anyhow::Result<()> {
        for line in headers.get_all(SET_COOKIE) {
            let (name, rest) = line.to_str()?.split_once('=').context("a cookie has a name")?;
            let value = rest.split(';').next().unwrap_or("").to_owned();
            let age = rest.split("Max-Age=").nth(1).and_then(|rest| rest.split(';').next());
            let seconds: i64 = age.context("a cookie has an age")?.parse()?;
            self.network.insert(name.to_owned(), Cookie { value, ends_at: now.plus_ms(seconds * SECOND_MS) });
        }
        Ok(())
    }

    /// Asks for a tracking link; gives the click id with which the landing page is opened.
    pub async fn load(
        &mut self,
        net: &Net,
        path: &str,
        load: Load,
        now: Timestamp,
    ) -> anyhow::Result<(u16, Option<String>)> {
        let is_page = matches!(load, Load::Click | Load::Forced | Load::Prefetch);
        // A request for a page of its own has its cookies in every browser, one from within another's page has not.
        let sends_cookies = is_page || self.policy.sends_third_party_cookies();
        let destination = match load {
            Load::Image => "image",
            Load::Frame => "iframe",
            _ => "document",
        };
        let mut request = self.request(net, path, sends_cookies, now).header("sec-fetch-dest", destination);
        if load == Load::Click && self.policy != Policy::ScriptCap {
            request = request.header("sec-fetch-user", "?1");
        }
        if load == Load::Prefetch {
            request = request.header("sec-purpose", "prefetch");
        }
        let answer = request.send().await?;
        if sends_cookies {
            self.store(answer.headers(), now)?;
        }
        let location =
            answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).and_then(|to| to.parse().ok());
        let id =
            location.and_then(|to: Url| to.query_pairs().find(|(name, _)| name == "click_id").map(|(_, id)| id.into()));
        if id.is_some() {
            ensure!(answer.headers()["click-record"] == "durable", "a click was not kept: {answer:?}");
        }
        Ok((answer.status().as_u16(), id))
    }

    /// The shop's page opens with this click id in its address: its server answers, then the tag runs.
    pub async fn land(&mut self, net: &Net, site: Site<'_>, given: &str, now: Timestamp) -> anyhow::Result<()> {
        if site.keeper == Keeper::Server {
            self.capture(site, given, now);
        }
        if site.keeper != Keeper::Nobody && self.policy.loads_the_network() {
            self.tag(net, site, given, now).await?;
        }
        Ok(())
    }

    /// What the recipes for shops' servers do with a landing. A header's cookie has no cap.
    fn capture(&mut self, site: Site<'_>, given: &str, now: Timestamp) {
        let kept = self.kept(site.campaign, now);
        // One of a time to come is made up: it would stand before all true ones.
        let is_ahead = is_click_id(given) && time(given) > now.plus_ms(DAY_MS).0 - YEAR_2020_MS;
        if is_click_id(given) && !is_ahead && !kept.iter().any(|id| id == given) {
            let ids = newest_first([vec![given.to_owned()], kept].concat());
            let value = choose(&ids, site.window_seconds).join(".");
            self.set(site.campaign, value, now.plus_ms(site.window_seconds * SECOND_MS));
        }
    }

    /// `t.js` in a window that has not seen this id yet.
    async fn tag(&mut self, net: &Net, site: Site<'_>, given: &str, now: Timestamp) -> anyhow::Result<()> {
        let given = given.to_lowercase();
        if !is_click_id(&given) {
            return Ok(());
        }
        if site.keeper == Keeper::Tag {
            self.keep(site.campaign, [vec![given.clone()], self.kept(site.campaign, now)].concat(), None, now);
        }
        let form = [("campaign", site.campaign), ("click_id", &given), ("path", "/welcome")];
        let request = net.client.post(format!("{}/landing", net.url)).header("x-forwarded-for", &self.address);
        let answer = request.header("sec-fetch-site", "cross-site").form(&form).send().await?;
        let status = answer.status();
        let body: serde_json::Value = serde_json::from_str(&answer.text().await?)?;
        match (status.as_u16(), body["seconds"].as_i64()) {
            (200 | 201, Some(seconds)) if site.keeper == Keeper::Tag => {
                self.keep(site.campaign, self.kept(site.campaign, now), Some(seconds), now);
            }
            (200 | 201, Some(_)) => {}
            (422, _) => {
                let others = self.kept(site.campaign, now).into_iter().filter(|id| *id != given).collect();
                self.keep(site.campaign, others, None, now);
            }
            _ => anyhow::bail!("a landing was answered {status}: {body}"),
        }
        Ok(())
    }

    /// A script sets the cookie: until the network has said how long a click counts, none of a few is dropped.
    fn keep(&mut self, campaign: &str, ids: Vec<String>, seconds: Option<i64>, now: Timestamp) {
        let sorted = newest_first(ids);
        let chosen = match seconds {
            Some(seconds) => choose(&sorted, seconds),
            None => sorted.into_iter().take(8).collect(),
        };
        let age_ms = if chosen.is_empty() { 0 } else { seconds.unwrap_or(MONTH_SECONDS) * SECOND_MS };
        let cap_ms = if self.policy == Policy::ScriptCap { SCRIPT_CAP_MS } else { i64::MAX };
        self.set(campaign, chosen.join("."), now.plus_ms(age_ms.min(cap_ms)));
    }

    fn set(&mut self, campaign: &str, value: String, ends_at: Timestamp) {
        self.shop.insert(format!("ts_{campaign}"), Cookie { value, ends_at });
    }

    fn kept(&self, campaign: &str, now: Timestamp) -> Vec<String> {
        let cookie = self.shop.get(&format!("ts_{campaign}")).filter(|cookie| cookie.is_kept(now));
        let ids = cookie.map_or("", |cookie| &cookie.value).split('.').filter(|id| is_click_id(id));
        ids.map(str::to_owned).collect()
    }

    /// The click ids that the shop's own page or server reads in this browser.
    pub fn first_party(&self, campaign: &str, seconds: i64, now: Timestamp) -> Vec<String> {
        choose(&newest_first(self.kept(campaign, now)), seconds)
    }

    /// The click ids that `tallystick.convert` reads: what is kept, four at most. A landing is always answered here, and
    /// so more are never kept.
    pub fn for_convert(&self, campaign: &str, now: Timestamp) -> Vec<String> {
        let ids = self.kept(campaign, now);
        assert!(ids.len() <= 4, "{ids:?}");
        ids
    }

    /// The click ids that the network's cookie brings along with a pixel.
    pub fn third_party(&self, campaign: &str, now: Timestamp) -> Vec<String> {
        let cookie = self.network.get(&format!("ts_c_{campaign}"));
        let sent = cookie.filter(|cookie| self.policy.sends_third_party_cookies() && cookie.is_kept(now));
        sent.map_or(Vec::new(), |cookie| cookie.value.split('.').map(str::to_owned).collect())
    }

    /// Loads a pixel from the shop's page; gives the status and the reason.
    pub async fn pixel(&self, net: &Net, campaign: &str, query: &str, now: Timestamp) -> anyhow::Result<(u16, String)> {
        let path = format!("/pixel/{campaign}.gif?{query}");
        let request = self.request(net, &path, self.policy.sends_third_party_cookies(), now);
        let answer = request.header("sec-fetch-dest", "image").send().await?;
        let reason = answer.headers().get("reason-code").and_then(|value| value.to_str().ok()).unwrap_or("");
        Ok((answer.status().as_u16(), reason.to_owned()))
    }
}
