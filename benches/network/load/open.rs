//! The open loop: clicks arrive when they arrive, however slow the answers are. For latency, which is counted from the
//! moment at which a click was due, so that a stall costs all the clicks that it kept waiting.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local, yield_now};
use tokio::time::timeout;

use super::connection::Connection;
use super::requests::Requests;
use super::{ANSWER_TIMEOUT, Tally};
use crate::numbers::Dice;

/// Clicks that are still unanswered so long after the last one was due are counted as broken.
const DRAIN: Duration = Duration::from_secs(30);

pub struct Latency {
    pub tally: Tally,
    /// In microseconds.
    pub histogram: Histogram<u64>,
}

impl Latency {
    pub fn ms(&self, percent: f64) -> f64 {
        self.histogram.value_at_percentile(percent) as f64 / 1_000.0
    }
}

struct Line {
    waiting: RefCell<VecDeque<Instant>>,
    arrived: Notify,
    is_over: Cell<bool>,
    requests: Rc<RefCell<Requests>>,
    tally: RefCell<Tally>,
    histogram: RefCell<Histogram<u64>>,
}

/// `rate` clicks a second at random moments, for `length`, over `connections` that are kept.
pub async fn run(
    address: SocketAddr,
    requests: &Rc<RefCell<Requests>>,
    connections: usize,
    rate: u32,
    length: Duration,
) -> anyhow::Result<Latency> {
    let line = Rc::new(Line {
        waiting: RefCell::default(),
        arrived: Notify::new(),
        is_over: Cell::new(false),
        requests: requests.clone(),
        tally: RefCell::default(),
        histogram: RefCell::new(Histogram::new_with_bounds(1, 120_000_000, 3)?),
    });
    let workers: Vec<_> = (0..connections).map(|_| spawn_local(serve(line.clone(), address))).collect();
    let begun = Instant::now();
    arrive(&line, rate, begun + length).await;
    line.is_over.set(true);
    drain(&line, workers).await;
    let mut tally = line.tally.take();
    tally.broken += line.waiting.borrow().len() as u64;
    tally.seconds = begun.elapsed().as_secs_f64();
    Ok(Latency { tally, histogram: line.histogram.replace(Histogram::new(3)?) })
}

/// Looks at the clock again and again: a timer's millisecond would be most of what is measured.
async fn arrive(line: &Line, rate: u32, end: Instant) {
    let mut dice = Dice::new(u64::from(rate));
    let mut due = Instant::now();
    while due < end {
        let now = Instant::now();
        while due <= now && due < end {
            line.waiting.borrow_mut().push_back(due);
            line.arrived.notify_one();
            due += Duration::from_secs_f64(-(1.0 - dice.share()).ln() / f64::from(rate));
        }
        yield_now().await;
    }
}

async fn drain(line: &Line, workers: Vec<JoinHandle<()>>) {
    let end = Instant::now() + DRAIN;
    for worker in &workers {
        while !worker.is_finished() && Instant::now() < end {
            line.arrived.notify_waiters();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    workers.iter().for_each(JoinHandle::abort);
}

async fn serve(line: Rc<Line>, address: SocketAddr) {
    let (mut request, mut connection) = (Vec::new(), None);
    loop {
        let arrived = line.arrived.notified();
        let Some(due) = line.waiting.borrow_mut().pop_front() else {
            if line.is_over.get() {
                return;
            }
            arrived.await;
            continue;
        };
        request.clear();
        request.extend_from_slice(line.requests.borrow_mut().next());
        match timeout(ANSWER_TIMEOUT, ask(&mut connection, address, &request)).await {
            Ok(Ok(answer)) => {
                line.tally.borrow_mut().note(&answer);
                line.histogram.borrow_mut().saturating_record(due.elapsed().as_micros() as u64);
            }
            _ => {
                line.tally.borrow_mut().broken += 1;
                connection = None;
            }
        }
    }
}

/// A kept connection that was idle for long may have been closed meanwhile: then another is opened, once.
async fn ask(
    connection: &mut Option<Connection>,
    address: SocketAddr,
    request: &[u8],
) -> std::io::Result<super::connection::Answer> {
    if let Some(open) = connection
        && let Ok(answer) = open.ask(request).await
    {
        return Ok(answer);
    }
    connection.insert(Connection::open(address).await?).ask(request).await
}
