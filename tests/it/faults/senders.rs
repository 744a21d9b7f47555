//! One order, many senders: each repeats all orders, at once with the others, to both of two processes, until one of
//! these is killed, and then to the other.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;
use tallystick::store::Store;

use super::load::Load;
use super::{Scene, Served, is_full};
use crate::replay::rows;
use crate::support::{Kind, verified};

const SENDERS: usize = 32;

/// What all senders were told of each order.
#[derive(Default)]
struct Heard {
    answers: usize,
    created: usize,
    unanswered: usize,
    /// The first answer of each order; every later one says the same.
    first: BTreeMap<usize, Value>,
}

impl Heard {
    fn note(&mut self, order: usize, status: u16, mut body: Value) {
        assert!(matches!(status, 200 | 201), "{status} {body}");
        assert_eq!(body["duplicate"] == true, status == 200, "{body}");
        body["duplicate"] = false.into();
        // It names the process that was asked.
        body["receipt_url"] = Value::Null;
        self.answers += 1;
        self.created += usize::from(status == 201);
        assert_eq!(*self.first.entry(order).or_insert_with(|| body.clone()), body);
    }
}

/// Sends an order until it is answered.
async fn send(load: &Load, urls: [&str; 2], sender: usize, path: &str, heard: &Mutex<Heard>) -> (u16, Value) {
    for turn in 0..10 {
        let request = load.client.get(format!("{}{path}", urls[(sender + turn) % 2]));
        if let Ok(answer) = request.send().await {
            let status = answer.status().as_u16();
            if let Ok(body) = answer.bytes().await {
                return (status, serde_json::from_slice(&body).unwrap());
            }
        }
        heard.lock().unwrap().unanswered += 1;
    }
    panic!("neither process answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_many_senders_over_two_processes_are_conversions_once_though_one_is_killed() {
    if !Kind::all().contains(&Kind::Postgres) {
        println!("SKIPPED: two processes need PostgreSQL, and TEST_DATABASE_URL names no server");
        return;
    }
    let count = if is_full() { 1_000 } else { 50 };
    let scene = Scene::new(Kind::Postgres).await;
    let load = Load::new(&scene);
    let (stays, mut killed) = (Served::start(&scene.database.url), Served::start(&scene.database.url));
    let orders = load.orders(&stays.url, count).await;
    let urls = [stays.url.clone(), killed.url.clone()];
    let (heard, victim) = (Mutex::new(Heard::default()), Mutex::new(Some(&mut killed)));
    let senders = (0..SENDERS).map(|sender| {
        let (load, orders, urls, heard, victim) = (&load, &orders, &urls, &heard, &victim);
        async move {
            for (order, path) in orders.iter().enumerate() {
                let (status, body) = send(load, [&urls[0], &urls[1]], sender + order, path, heard).await;
                let mut heard = heard.lock().unwrap();
                heard.note(order, status, body);
                if heard.answers >= count * SENDERS / 2
                    && let Some(victim) = victim.lock().unwrap().take()
                {
                    victim.kill();
                }
            }
        }
    });
    futures::future::join_all(senders).await;
    let heard = heard.into_inner().unwrap();
    assert_eq!((heard.answers, heard.first.len()), (count * SENDERS, count));
    assert!(heard.unanswered > 0, "one was killed while it worked");
    assert!(heard.created <= count && heard.created + heard.unanswered >= count, "{}", heard.created);

    let store = Store::open(&scene.database.url).await.unwrap();
    let credited = "select 'theirs' as whose, count(*) as orders from conversions where publisher_id is not null";
    let every = "select 'all' as whose, count(*) as orders from conversions";
    for text in [credited, every] {
        assert_eq!(rows(&store, text).await[0].1, count as i64, "{text}");
    }
    verified(&store).await;
    store.close().await;
    println!("{count} orders of {SENDERS} senders: {} answers, {} without", heard.answers, heard.unanswered);
}
