//! What nobody decides: reminded, handed over, rejected in the end; each once, whoever runs and whatever dies.

use std::collections::BTreeMap;
use std::sync::Arc;

use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::environment::Environment;
use tallystick::domain::ids::{ConversionId, IdGenerator, NoticeId, PartyId};
use tallystick::domain::notice::NoticeCode;
use tallystick::domain::party::NETWORK;
use tallystick::domain::time::{DAY_MS, HOUR_MS};
use tallystick::server::clock::SeededEntropy;
use tallystick::server::retention;
use tallystick::settlement::deadline::chase_due;
use tallystick::settlement::review;
use tallystick::store::notices::{self, Notice};
use tallystick::store::{Store, conversions, evidence};

use super::world::{World, an_admin};
use crate::page::between;
use crate::receipts::tamper;
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
        let said = "Order PIXEL-0001 of Winter boots passed its validation deadline without a review. Approve or reject \
            it until 15 Apr 2026, 10:00; after that the network decides.";
        assert!(page.plain().contains(said), "{}", page.plain());
        assert!(page.text.contains(&format!("href=\"/receipts/{pixel}\"")), "it leads there");
        let read = browser.fill(&page.form("/api/see_notices", ""), &[]).await;
        let seen = "The notices that you saw are marked as read.";
        assert!(read.plain().contains(seen) && read.plain().contains(said), "{}", read.plain());
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
        assert!(admin.contains("Undecided on 1 May 2026, 10:00, it is rejected."), "{admin}");

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

/// A network that was away for long, or reports that come in late: nothing is rejected of which nobody heard for a week
/// that it would be.
#[tokio::test]
async fn after_a_long_silence_nothing_is_rejected_that_nobody_heard_of() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let waiting = world.pixel_orders(2).await;
        let decided = world.order(0, "D1", Some("10.00"), Badge::Unverified).await;
        review::approve(&world.app.store, &world.app.environment, &an_admin(7), decided, 1).await.unwrap();
        let advertiser = world.advertiser_id.party();
        world.app.clock.advance_ms(61 * DAY_MS);
        assert_eq!((world.chase().await, world.chase().await), (2, 0), "{kind:?}: told, once");
        for party in [advertiser, NETWORK] {
            assert_eq!(world.counts(party).await, BTreeMap::from([(NoticeCode::HandedOver, 2)]), "{kind:?}");
            let text = &world.told(party).await[0].text;
            assert!(text.ends_with("Undecided on 9 May 2026, 10:00, it is rejected."), "{text}");
        }
        let page = world.advertiser_again().await.get("/advertiser/conversions?state=pending").await.plain();
        assert!(page.contains("the network decides. Undecided on 9 May 2026, 10:00, it is rejected."), "{page}");
        world.app.clock.advance_ms(7 * DAY_MS - 1);
        assert_eq!(world.chase().await, 0, "{kind:?}: a week, and not a millisecond less");
        assert_eq!(world.conversion(waiting[0]).await.state, ConversionState::Pending);
        world.app.clock.advance_ms(1);
        assert_eq!((world.chase().await, world.chase().await), (2, 0), "{kind:?}");
        assert_eq!(world.counts(advertiser).await[&NoticeCode::Unconfirmed], 2);
        assert_eq!(world.conversion(decided).await.state, ConversionState::Approved);
        world.app.stop().await;
    }
}

/// A test is worth nothing: nobody is told, and it ends all the same.
#[tokio::test]
async fn a_test_that_nobody_decides_ends_without_a_word() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let id = world.order(0, "T1", Some("10.00"), Badge::Unverified).await;
        let mut w = world.app.store.write().await.unwrap();
        let test = conversions::Conversion { is_test: true, ..conversions::get(&mut w, id).await.unwrap() };
        conversions::update(&mut w, &test).await.unwrap();
        w.commit().await.unwrap();
        world.app.clock.advance_ms(60 * DAY_MS - 1);
        assert_eq!(world.chase().await, 0, "{kind:?}");
        world.app.clock.advance_ms(1);
        assert_eq!(world.chase().await, 1, "{kind:?}");
        assert_eq!(world.conversion(id).await.state, ConversionState::Rejected);
        assert!(world.told(world.advertiser_id.party()).await.is_empty());
        world.app.stop().await;
    }
}

/// What is stored of one is damaged: the jobs say so, and all others have their turn.
#[tokio::test]
async fn a_damaged_conversion_keeps_no_other_from_its_turn() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let waiting = world.pixel_orders(3).await;
        let mut signed = Vec::new();
        for order in ["S1", "S2", "S3"] {
            signed.push(world.order(0, order, Some("10.00"), Badge::Signed).await);
        }
        let (store, environment) = (&world.app.store, &world.app.environment);
        let damage =
            |id: ConversionId| format!("update conversions set currency = 'none' where conversion_id = {}", id.0);
        let mend = |id: ConversionId| format!("update conversions set currency = 'EUR' where conversion_id = {}", id.0);
        for id in [waiting[0], signed[0]] {
            tamper(store, "conversions", &damage(id)).await;
        }
        world.app.clock.advance_ms(30 * DAY_MS);
        assert!(review::approve_due(store, environment).await.is_err(), "{kind:?}: it says so");
        for id in &signed[1..] {
            assert_eq!(world.conversion(*id).await.state, ConversionState::Approved, "{kind:?}");
        }
        let party = world.advertiser_id.party();
        for (days, code) in [(0, NoticeCode::ReviewDue), (14, NoticeCode::HandedOver), (16, NoticeCode::Unconfirmed)] {
            world.app.clock.advance_ms(days * DAY_MS);
            assert!(chase_due(store, environment).await.is_err(), "{kind:?}: it says so");
            assert_eq!(world.counts(party).await.get(&code), Some(&2), "{kind:?} {code}");
        }
        for id in [waiting[0], signed[0]] {
            tamper(store, "conversions", &mend(id)).await;
        }
        assert_eq!(review::approve_due(store, environment).await.unwrap(), 1, "{kind:?}");
        assert_eq!(world.chase().await, 1, "{kind:?}: handed over at last");
        assert_eq!(world.conversion(waiting[0]).await.state, ConversionState::Pending);
        world.app.stop().await;
    }
}

/// A page of the list says what on it is read; what is on other pages stays new.
#[tokio::test]
async fn only_what_was_on_the_page_is_marked_as_read() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let party_id = world.advertiser_id.party();
        let mut w = world.app.store.write().await.unwrap();
        for number in 0..105 {
            let notice_id = world.app.environment.new_id(NoticeId);
            let (object, text) = (number.to_string(), format!("Notice {number}."));
            let new = Notice { notice_id, party_id, code: NoticeCode::ReviewDue, object, text, seen_at_ms: None };
            assert!(notices::insert(&mut w, &new).await.unwrap());
        }
        w.commit().await.unwrap();
        let browser = world.advertiser_again().await;
        let overview = browser.get("/advertiser").await.plain();
        assert!(overview.contains("100 or more notices are new. Read"), "{overview}");
        let first = browser.get("/advertiser/notices").await;
        let older = format!("/advertiser/notices?before={}", between(&first.text, "?before=", "\"").unwrap());
        let page = browser.get(&older).await;
        assert!(page.plain().contains("Mark these as read"), "{}", page.plain());
        browser.fill(&page.form("/api/see_notices", ""), &[]).await;
        let told = world.told(party_id).await;
        let read: Vec<usize> = (0..105).filter(|place| told[*place].seen_at_ms.is_some()).collect();
        assert_eq!(read, (50..100).collect::<Vec<_>>(), "{kind:?}: the second page of fifty");
        assert!(browser.get("/advertiser").await.plain().contains("55 notices are new. Read"));
        assert!(!browser.get(&older).await.text.contains("/api/see_notices"), "nothing on it is new");

        let (store, environment) = (&world.app.store, &world.app.environment);
        world.app.clock.advance_ms(400 * DAY_MS);
        retention::requests(store, environment).await.unwrap();
        assert_eq!(world.told(party_id).await.len(), 105, "{kind:?}: kept for 400 days");
        world.app.clock.advance_ms(HOUR_MS);
        retention::requests(store, environment).await.unwrap();
        assert!(world.told(party_id).await.is_empty(), "{kind:?}");
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
        for (days, code) in [(30, NoticeCode::ReviewDue), (14, NoticeCode::HandedOver), (16, NoticeCode::Unconfirmed)] {
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
