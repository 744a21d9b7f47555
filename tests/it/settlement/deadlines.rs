//! What nobody decides: reminded, handed over, rejected in the end; each once, whoever runs and whatever dies.

use std::collections::BTreeMap;
use std::sync::Arc;

use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::environment::Environment;
use tallystick::domain::ids::{ConversionId, IdGenerator, PartyId};
use tallystick::domain::notice::NoticeCode;
use tallystick::domain::party::NETWORK;
use tallystick::domain::time::DAY_MS;
use tallystick::server::clock::SeededEntropy;
use tallystick::settlement::deadline::chase_due;
use tallystick::settlement::review;
use tallystick::store::notices::{self, Notice};
use tallystick::store::{Store, evidence};

use super::world::{World, an_admin};
use crate::support::{Kind, verified};

impl World {
    async fn told(&self, party: PartyId) -> Vec<Notice> {
        notices::list_of_party(&mut self.app.store.read().await.unwrap(), party, None, 1_000).await.unwrap()
    }

    /// How many notices of each code a party has.
    async fn counts(&self, party: PartyId) -> BTreeMap<NoticeCode, usize> {
        let mut counts = BTreeMap::new();
        for notice in self.told(party).await {
            *counts.entry(notice.code).or_default() += 1;
        }
        counts
    }

    async fn chase(&self) -> usize {
        chase_due(&self.app.store, &self.app.environment).await.unwrap()
    }

    /// A second process: its own connections, its own ids.
    pub async fn beside(&self) -> (Store, Environment) {
        let environment = Environment {
            entropy: Arc::new(SeededEntropy::new([8; 32])),
            ids: Arc::new(IdGenerator::new(1)),
            ..self.app.environment.clone()
        };
        (Store::open(&self.app.database.url).await.unwrap(), environment)
    }

    async fn pixel_orders(&self, count: usize) -> Vec<ConversionId> {
        let mut all = Vec::new();
        for number in 0..count {
            all.push(self.order(0, &format!("P{number}"), Some("10.00"), Badge::Unverified).await);
        }
        all
    }
}

#[tokio::test]
async fn what_nobody_decides_is_reminded_handed_over_and_rejected() {
    for kind in Kind::all() {
        let mut world = World::new(kind).await;
        let (advertiser, publisher) = (world.advertiser_id.party(), world.publishers[0].1.party());
        let pixel = world.order(0, "PIXEL-0001", Some("10.00"), Badge::Unverified).await;
        let signed = world.order(0, "SIGNED-0002", Some("10.00"), Badge::Signed).await;
        world.app.clock.advance_ms(30 * DAY_MS - 1);
        assert_eq!(world.chase().await, 0, "a millisecond before the deadline");
        world.app.clock.advance_ms(1);
        world.app.run_tasks().await;
        assert_eq!(world.conversion(signed).await.state, ConversionState::Approved);
        assert_eq!(world.counts(advertiser).await, BTreeMap::from([(NoticeCode::ReviewDue, 1)]));
        assert_eq!(world.chase().await, 0, "it was told");

        let browser = world.advertiser_again().await;
        let overview = browser.get("/advertiser").await.plain();
        assert!(overview.contains("One notice is new. Read"), "{overview}");
        let page = browser.get("/advertiser/notices").await;
        let said = "Order PIXEL-0001 of Winter boots passed its validation deadline without a review.";
        assert!(page.plain().contains(said), "{}", page.plain());
        assert!(page.text.contains(&format!("href=\"/receipts/{pixel}\"")), "it leads there");
        let read = browser.fill(&page.form("/api/see_notices", ""), &[]).await;
        assert!(read.plain().contains("All notices are read.") && read.plain().contains(said), "{}", read.plain());
        assert!(!read.text.contains("/api/see_notices"), "there is nothing new");
        assert!(!browser.get("/advertiser").await.plain().contains("notice is new"));
        let list = browser.get("/advertiser/conversions?state=pending").await.plain();
        assert!(list.contains("the advertiser must decide. Undecided on 1 May 2026, 10:00, it is rejected."), "{list}");

        world.app.clock.advance_ms(14 * DAY_MS - 1);
        assert_eq!(world.chase().await, 0);
        world.app.clock.advance_ms(1);
        assert_eq!(world.chase().await, 1, "handed over");
        assert_eq!(world.counts(NETWORK).await, BTreeMap::from([(NoticeCode::HandedOver, 1)]));
        world.admin_again().await;
        let admin = world.admin.get("/admin").await.plain();
        assert!(admin.contains("One notice is new. Read"), "{admin}");
        let admin = world.admin.get("/admin/notices").await.plain();
        assert!(admin.contains("Order PIXEL-0001 of Winter boots was not reviewed within 14 days"), "{admin}");

        world.app.clock.advance_ms(16 * DAY_MS - 1);
        assert_eq!(world.chase().await, 0);
        assert_eq!(world.conversion(pixel).await.state, ConversionState::Pending);
        world.app.clock.advance_ms(1);
        assert_eq!((world.chase().await, world.chase().await), (1, 0), "rejected, once");
        let closed = world.conversion(pixel).await;
        assert_eq!((closed.state, closed.reason.as_deref()), (ConversionState::Rejected, Some("other")));
        let events = evidence::events(&mut world.app.store.read().await.unwrap(), pixel).await.unwrap();
        let (_, last) = events.last().unwrap();
        let note = "Nobody confirmed it within 30 days after its validation deadline.";
        assert_eq!((last.actor, last.note.as_deref()), (None, Some(note)));
        assert!(!world.balances().await.contains_key("A pending"), "it is worth nothing any more");
        let codes = [NoticeCode::ReviewDue, NoticeCode::HandedOver, NoticeCode::Unconfirmed];
        assert_eq!(world.counts(advertiser).await, codes.map(|code| (code, 1)).into());
        assert_eq!(world.counts(publisher).await, BTreeMap::from([(NoticeCode::Unconfirmed, 1)]));
        let browser = world.publisher_again(0).await;
        let page = browser.get("/publisher/notices").await.plain();
        assert!(page.contains(&format!("Order \u{2026}0001 of Winter boots was rejected by itself. {note}")), "{page}");
        assert!(!page.contains("PIXEL"), "{page}");
        let receipt = browser.get(&format!("/receipts/{pixel}")).await.plain();
        assert!(receipt.contains(&format!("By itself. \u{201c}{note}\u{201d}")), "{receipt}");
        let rival = world.publisher_again(1).await.get("/publisher/notices").await.plain();
        assert!(rival.contains("Nothing to tell you yet"), "{rival}");
        verified(&world.app.store).await;
        world.app.stop().await;
    }
}

/// A network that was away begins with what is due now: nobody is reminded of what is rejected at the same moment.
#[tokio::test]
async fn after_a_long_silence_only_the_last_word_is_told() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        world.pixel_orders(2).await;
        let decided = world.order(0, "D1", Some("10.00"), Badge::Unverified).await;
        review::approve(&world.app.store, &world.app.environment, &an_admin(7), decided, 1).await.unwrap();
        world.app.clock.advance_ms(61 * DAY_MS);
        assert_eq!(world.chase().await, 2);
        let told = world.counts(world.advertiser_id.party()).await;
        assert_eq!(told, BTreeMap::from([(NoticeCode::Unconfirmed, 2)]), "{kind:?}");
        assert!(world.told(NETWORK).await.is_empty());
        assert_eq!(world.conversion(decided).await.state, ConversionState::Approved);
        world.app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_at_once_chase_each_conversion_once() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let all = world.pixel_orders(6).await;
        let (other, other_environment) = world.beside().await;
        let processes = [(world.app.store.clone(), world.app.environment.clone()), (other.clone(), other_environment)];
        for days in [30, 14, 16] {
            world.app.clock.advance_ms(days * DAY_MS);
            let jobs = processes.iter().cycle().take(4).cloned().map(|(store, environment)| {
                tokio::spawn(async move { chase_due(&store, &environment).await.unwrap() })
            });
            let done = futures::future::join_all(jobs).await;
            assert_eq!(done.into_iter().map(Result::unwrap).sum::<usize>(), 6, "{kind:?}: after {days} more days");
        }
        let codes = [NoticeCode::ReviewDue, NoticeCode::HandedOver, NoticeCode::Unconfirmed];
        assert_eq!(world.counts(world.advertiser_id.party()).await, codes.map(|code| (code, 6)).into(), "{kind:?}");
        assert_eq!(world.counts(NETWORK).await, BTreeMap::from([(NoticeCode::HandedOver, 6)]));
        for id in all {
            let closed = world.conversion(id).await;
            assert_eq!((closed.state, closed.version), (ConversionState::Rejected, 2), "{kind:?}: one step");
        }
        assert_eq!(world.balances().await, BTreeMap::new());
        verified(&world.app.store).await;
        other.close().await;
        world.app.stop().await;
    }
}

/// A process dies among its work: another goes on where it was, and nothing happens twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_left_is_done_by_the_next() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        world.pixel_orders(24).await;
        let (other, environment) = world.beside().await;
        for (days, code) in [(30, NoticeCode::ReviewDue), (30, NoticeCode::Unconfirmed)] {
            world.app.clock.advance_ms(days * DAY_MS);
            let (dying, at) = (other.clone(), environment.clone());
            let job = tokio::spawn(async move { chase_due(&dying, &at).await.map(drop) });
            let party = world.advertiser_id.party();
            while !world.counts(party).await.contains_key(&code) {
                tokio::task::yield_now().await;
            }
            job.abort();
            let _ = job.await;
            world.chase().await;
            assert_eq!(world.counts(party).await[&code], 24, "{kind:?}");
        }
        assert_eq!(world.balances().await, BTreeMap::new(), "{kind:?}: each is rejected, none twice");
        verified(&world.app.store).await;
        other.close().await;
        world.app.stop().await;
    }
}
