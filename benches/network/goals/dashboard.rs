//! P7, P10: how long a publisher's overview takes, by itself and while clicks arrive; and what the browser loads.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::task::spawn_local;

use super::Bench;
use crate::contenders::tallystick::{self, Seeded};
use crate::load::open;
use crate::load::requests::{Connections, Requests};
use crate::numbers::{Times, count, figure};
use crate::seed::{EMAIL, PASSWORD};
use crate::table::{Finding, Verdict};

/// Between two views of the page.
const PAUSE: Duration = Duration::from_millis(25);
const SCRIPTS: [&str; 3] = ["boot.js", "tallystick.js", "tallystick_bg.wasm"];

/// A member's browser, as far as the pages need one.
pub struct Browser {
    client: reqwest::Client,
    pub cookie: String,
    url: String,
}

impl Browser {
    pub async fn log_in(address: std::net::SocketAddr) -> anyhow::Result<Self> {
        let url = format!("http://localhost:{}", address.port());
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let answer = client
            .post(format!("{url}/api/log_in"))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .form(&[("email", EMAIL), ("password", PASSWORD)])
            .send()
            .await?;
        let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let cookies: Vec<&str> = cookies.filter_map(|line| line.split(';').next()).collect();
        ensure!(answer.status() == 302 && !cookies.is_empty(), "logging in answered {}", answer.status());
        Ok(Self { cookie: cookies.join("; "), client, url })
    }

    async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.client.get(format!("{}{path}", self.url)).header("accept-encoding", "br");
        let answer = request.header("cookie", &self.cookie).send().await?;
        ensure!(answer.status() == 200, "{path} answered {}", answer.status());
        Ok(answer.bytes().await?.to_vec())
    }

    /// The page as text: without compression.
    async fn page(&self) -> anyhow::Result<String> {
        let request = self.client.get(format!("{}/publisher", self.url)).header("cookie", &self.cookie);
        let answer = request.send().await?;
        ensure!(answer.status() == 200, "the overview answered {}", answer.status());
        Ok(answer.text().await?)
    }

    /// Looks at the overview again and again.
    async fn views(&self, length: Duration) -> anyhow::Result<Times> {
        let (mut times, end) = (Times::default(), Instant::now() + length);
        while Instant::now() < end {
            let begun = Instant::now();
            self.page().await?;
            times.push(begun.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
        Ok(times)
    }
}

pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Finding>> {
    let folder = bench.folder("dashboard")?;
    let plan = &bench.plan;
    let seeded = Seeded::new(&folder, "bench.db", plan).await?;
    let contender = tallystick::start("tallystick", &seeded.file, bench.cores.server, &[])?;
    let requests = Rc::new(RefCell::new(Requests::new(&seeded.slugs(), plan.templates, Connections::Kept)));
    let (address, connections, rate) = (contender.address, plan.open_connections, plan.open_rate);
    open::run(address, &requests, connections, rate, plan.warm_up).await?;
    let browser = Browser::log_in(address).await?;
    browser.views(plan.warm_up).await?;
    let idle = browser.views(plan.page_run).await?;
    let length = plan.page_run;
    let load = spawn_local(async move { open::run(address, &requests, connections, rate, length).await });
    let busy = browser.views(plan.page_run).await?;
    let load = load.await??;
    let ratio = busy.percentile(99.0) / idle.percentile(99.0);
    let measured = format!(
        "{}; {} ms while {}/s were answered, {} ms idle; p50 {} and {} ms",
        figure(ratio),
        figure(busy.percentile(99.0)),
        count(load.tally.rate() as u64),
        figure(idle.percentile(99.0)),
        figure(busy.percentile(50.0)),
        figure(idle.percentile(50.0))
    );
    let what = format!("overview p99 while {} clicks/s arrive, all on one core", count(rate.into()));
    let pages = Finding::new("P7", &what, "≤ 2 times idle", measured, Verdict::of(ratio <= 2.0));
    let pages = pages.numbers(json!({
        "idle_ms": [idle.percentile(50.0), idle.percentile(99.0)],
        "busy_ms": [busy.percentile(50.0), busy.percentile(99.0)],
        "views": [idle.len(), busy.len()], "load": load.tally,
    }));
    let mut rows = vec![pages, time(&browser, &idle).await?];
    rows.push(size(&browser).await?);
    Ok(rows)
}

async fn time(browser: &Browser, idle: &Times) -> anyhow::Result<Finding> {
    let page = browser.page().await?;
    let is_whole = page.contains("in the last 5 minutes") && page.contains("Most clicked links");
    let p50 = idle.percentile(50.0);
    let data = if is_whole { "data in the first HTML" } else { "WITHOUT data in the first HTML" };
    let measured = format!("{} ms with the way over loopback, {data}, {} KB", figure(p50), page.len() / 1_000);
    Ok(Finding::new(
        "P10",
        "publisher overview, p50",
        "≤ 5 ms, data in the first HTML",
        measured,
        Verdict::of(p50 <= 5.0 && is_whole),
    ))
}

/// As the server sends them to a browser that takes brotli.
async fn size(browser: &Browser) -> anyhow::Result<Finding> {
    let page = browser.page().await?;
    let at = page.find("/pkg/").context("the page names its assets")?;
    let base: String = page[at..].splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let what = "JavaScript and WebAssembly, brotli";
    let mut sizes = Vec::new();
    for name in SCRIPTS {
        let Ok(bytes) = browser.get(&format!("{base}/{name}")).await else {
            let measured = format!("{name} is not in this build");
            return Ok(Finding::new("P10", what, "≤ 150 KB", measured, Verdict::NotMeasured));
        };
        sizes.push((name, bytes.len()));
    }
    let whole: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
    let each: Vec<String> = sizes.iter().map(|(name, bytes)| format!("{name} {}", count(*bytes as u64))).collect();
    let measured = format!("{} KB as sent; {}", figure(whole as f64 / 1_000.0), each.join(", "));
    Ok(Finding::new("P10", what, "≤ 150 KB", measured, Verdict::of(whole <= 150_000))
        .numbers(json!({ "bytes": sizes })))
}
