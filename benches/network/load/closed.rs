//! The closed loop: every connection sends its next click as soon as the last was answered. For saturation.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::connection::Connection;
use super::requests::{Connections, Requests};
use super::{ANSWER_TIMEOUT, Tally};

/// After a connection that broke; a contender that is gone would else be asked without a pause.
const AFTER_BREAK: Duration = Duration::from_millis(10);

/// `count` connections at once, for `length`.
pub async fn run(
    address: SocketAddr,
    requests: &Rc<RefCell<Requests>>,
    connections: Connections,
    count: usize,
    length: Duration,
) -> Tally {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let begun = Instant::now();
    let end = begun + length;
    let workers = (0..count).map(|_| {
        let (requests, tally) = (requests.clone(), tally.clone());
        spawn_local(async move {
            match connections {
                Connections::Kept => kept(address, &requests, &tally, end).await,
                Connections::Single => single(address, &requests, &tally, end).await,
            }
        })
    });
    join_all(workers).await;
    let mut tally = tally.take();
    tally.seconds = begun.elapsed().as_secs_f64();
    tally
}

fn next(requests: &RefCell<Requests>, into: &mut Vec<u8>) {
    into.clear();
    into.extend_from_slice(requests.borrow_mut().next());
}

async fn kept(address: SocketAddr, requests: &RefCell<Requests>, tally: &RefCell<Tally>, end: Instant) {
    let mut request = Vec::new();
    while Instant::now() < end {
        let Ok(mut connection) = Connection::open(address).await else {
            broke(tally).await;
            continue;
        };
        while Instant::now() < end {
            next(requests, &mut request);
            match timeout(ANSWER_TIMEOUT, connection.ask(&request)).await {
                Ok(Ok(answer)) => tally.borrow_mut().note(&answer),
                _ => {
                    broke(tally).await;
                    break;
                }
            }
        }
    }
}

async fn single(address: SocketAddr, requests: &RefCell<Requests>, tally: &RefCell<Tally>, end: Instant) {
    let mut request = Vec::new();
    while Instant::now() < end {
        next(requests, &mut request);
        let one = async {
            let mut connection = Connection::open(address).await?;
            let answer = connection.ask(&request).await?;
            connection.closed().await?;
            std::io::Result::Ok(answer)
        };
        match timeout(ANSWER_TIMEOUT, one).await {
            Ok(Ok(answer)) => tally.borrow_mut().note(&answer),
            _ => broke(tally).await,
        }
    }
}

async fn broke(tally: &RefCell<Tally>) {
    tally.borrow_mut().broken += 1;
    tokio::time::sleep(AFTER_BREAK).await;
}
