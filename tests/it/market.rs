//! The market whose truth is known, in its short form: `examples/market` says what is counted as what.

use crate::support::{Database, Kind};

/// The tool that people run, as a module.
#[path = "../../examples/market/mod.rs"]
mod tool;

const SEED: u64 = 1;
const SHOPPERS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sent_a_shopper_is_credited_and_the_same_market_ends_the_same_on_every_database() {
    let mut first: Option<String> = None;
    // SQLite once more: what the requests of one moment find depends on no order among them.
    for kind in Kind::all().into_iter().chain([Kind::Sqlite]) {
        let database = Database::new(kind).await;
        let outcome = tool::run(&database.url, SEED, SHOPPERS).await.unwrap();
        assert_eq!(outcome.problems, Vec::<String>::new(), "{kind:?}: {}", outcome.text);
        assert!(outcome.promised_sales > 50, "{kind:?}: {}", outcome.text);
        assert_eq!(*first.get_or_insert_with(|| outcome.text.clone()), outcome.text, "{kind:?}");
    }
}
