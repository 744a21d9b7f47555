//! P9: many dashboards that listen: memory for each, and how soon all of them hear of a click.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;
use tokio::task::{JoinHandle, spawn_local};

use super::Bench;
use super::dashboard::Browser;
use crate::contenders::tallystick::{self, Seeded};
use crate::load::connection::Connection;
use crate::load::requests::{Connections, Requests};
use crate::numbers::{Times, count, figure};
use crate::process::files_max;
use crate::table::{Finding, Verdict};

/// Opened at once; the next ones when these have heard their first tick.
const STEP: usize = 100;
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// A stream ticks once a second at most: so long between two clicks.
const BETWEEN: Duration = Duration::from_secs(4);
/// Files that we need for other things.
const FILES_KEPT: usize = 300;
/// Streams given up again where the server takes no more, so that the clicks find a place.
const PLACES_FREED: usize = 2 * STEP;

/// What all listeners share.
struct Hall {
    clicked: Cell<Instant>,
    ready: Cell<usize>,
    heard: RefCell<Times>,
}

pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Finding>> {
    let folder = bench.folder("live")?;
    let seeded = Seeded::new(&folder, "bench.db", &bench.plan).await?;
    let contender = tallystick::start("tallystick", &seeded.file, bench.cores.server, &[])?;
    let browser = Browser::log_in(contender.address).await?;
    let mut requests = Requests::new(&seeded.slugs()[..1], 64, Connections::Single);
    click(contender.address, &mut requests).await?;
    let before = contender.memory();
    let hall = Rc::new(Hall { clicked: Cell::new(Instant::now()), ready: Cell::new(0), heard: RefCell::default() });
    let wanted = bench.plan.streams.min(files_max().saturating_sub(FILES_KEPT));
    let streams = open(&hall, contender.address, &browser.cookie, wanted).await;
    ensure!(!streams.is_empty(), "no stream was opened");
    let each_kb = contender.memory().saturating_sub(before) as f64 / streams.len() as f64 / 1_000.0;
    let cpu = contender.cpu();
    tokio::time::sleep(BETWEEN).await;
    hall.heard.take();
    for _ in 0..bench.plan.stream_events {
        hall.clicked.set(Instant::now());
        click(contender.address, &mut requests).await?;
        tokio::time::sleep(BETWEEN).await;
    }
    let heard = hall.heard.take();
    let each_us = (contender.cpu() - cpu).as_secs_f64() * 1e6 / heard.len().max(1) as f64;
    let open = streams.len();
    streams.iter().for_each(JoinHandle::abort);
    Ok(findings(bench, open, each_kb, each_us, &heard))
}

async fn click(address: std::net::SocketAddr, requests: &mut Requests) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.ask(requests.next()).await?;
    ensure!(answer.status == 302, "a click answered {}", answer.status);
    Ok(())
}

/// As many as the server takes, `wanted` at most.
async fn open(
    hall: &Rc<Hall>,
    address: std::net::SocketAddr,
    cookie: &str,
    wanted: usize,
) -> Vec<JoinHandle<std::io::Result<()>>> {
    let request = format!("GET /live/publisher HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
    let mut streams = Vec::new();
    while streams.len() < wanted {
        let step = STEP.min(wanted - streams.len());
        streams.extend((0..step).map(|_| spawn_local(listen(hall.clone(), address, request.clone()))));
        let end = Instant::now() + STEP_TIMEOUT;
        while hall.ready.get() < streams.len() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if hall.ready.get() < streams.len() {
            let kept = hall.ready.get().saturating_sub(PLACES_FREED);
            streams.drain(kept..).for_each(|stream| stream.abort());
            break;
        }
    }
    streams
}

/// One dashboard: notes when it hears a tick.
async fn listen(hall: Rc<Hall>, address: std::net::SocketAddr, request: String) -> std::io::Result<()> {
    let mut connection = Connection::open(address).await?;
    connection.send(request.as_bytes()).await?;
    let mut is_ready = false;
    while connection.read().await? > 0 {
        let text = connection.take();
        if !text.windows(4).any(|window| window == b"tick") {
            continue;
        }
        if is_ready {
            hall.heard.borrow_mut().push(hall.clicked.get().elapsed());
        } else {
            is_ready = true;
            hall.ready.set(hall.ready.get() + 1);
        }
    }
    Ok(())
}

fn findings(bench: &Bench, open: usize, each_kb: f64, each_us: f64, heard: &Times) -> Vec<Finding> {
    let fewer = if open < bench.plan.streams {
        format!(
            " of {} wanted (limits: {} open files, and the server's connections)",
            count(bench.plan.streams as u64),
            count(files_max() as u64)
        )
    } else {
        String::new()
    };
    let expected = open * bench.plan.stream_events;
    let p99 = heard.percentile(99.0);
    let numbers = json!({
        "streams": open, "kb_each": each_kb, "cpu_us_each": each_us, "ticks": heard.len(), "ticks_expected": expected,
        "p50_ms": heard.percentile(50.0), "p99_ms": p99,
    });
    let ticks = format!("{} of {} ticks heard", count(heard.len() as u64), count(expected as u64));
    vec![
        Finding::new(
            "P9",
            "memory for each live stream",
            "≤ 40 KB",
            format!("{} KB, {} streams{fewer}", figure(each_kb), count(open as u64)),
            Verdict::of(each_kb <= 40.0),
        )
        .numbers(numbers),
        Finding::new(
            "P9",
            "a click heard by all streams, p99",
            "≤ 200 ms for 10,000",
            format!(
                "{} ms, p50 {} ms; {ticks}; {} µs CPU each",
                figure(p99),
                figure(heard.percentile(50.0)),
                figure(each_us)
            ),
            Verdict::of(p99 <= 200.0 && heard.len() >= expected),
        ),
    ]
}
