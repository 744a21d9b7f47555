//! The queues of those who review: what waits, since when, oldest first.

use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::ConversionId;
use tallystick::domain::review::{ADVERTISER_REVIEW_DAYS, ReviewStage, review_stage};
use tallystick::domain::time::DAY_MS;
use tallystick::settlement::review::standing;
use tallystick::store::conversion_lists::{Queue, list_queue, waiting};
use tallystick::store::conversions;

use super::world::World;
use crate::members::{PASSWORD, sign_up};
use crate::support::{Browser, Kind};

impl World {
    pub async fn advertiser_again(&self) -> &Browser {
        let fields = [("email", "owner.of.winter.boots@parties.example"), ("password", PASSWORD)];
        assert_eq!(self.advertiser.submit("/api/log_in", &fields).await.status, 200);
        &self.advertiser
    }

    async fn in_queue(&self, queue: Queue, after: Option<ConversionId>, limit: i64) -> Vec<ConversionId> {
        let rows = list_queue(&mut self.app.store.read().await.unwrap(), queue, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.conversion.conversion_id).collect()
    }
}

/// The order in which these words stand in a text.
fn order_of<'w>(text: &str, words: &[&'w str]) -> Vec<&'w str> {
    let mut places: Vec<_> = words.iter().filter_map(|word| Some((text.find(word)?, *word))).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, word)| word).collect()
}

#[tokio::test]
async fn an_advertiser_reviews_the_oldest_first_and_reads_its_age() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let mut all = Vec::new();
        for order in ["FIRST-1", "SECOND-2", "THIRD-3"] {
            all.push(world.order(0, order, Some("10.00"), Badge::Unverified).await);
            world.app.clock.advance_ms(3 * DAY_MS);
        }
        let advertiser = world.advertiser_again().await;
        let waits = "Awaiting review: 3, oldest 9 days.";
        let page = advertiser.get("/advertiser/conversions").await;
        assert!(page.plain().contains(&format!("{waits} Review them, oldest first")), "{}", page.plain());
        assert!(page.text.contains("href=\"/advertiser/conversions?state=pending\""));
        let words = ["FIRST-1", "SECOND-2", "THIRD-3"];
        assert_eq!(order_of(&page.plain(), &words), ["THIRD-3", "SECOND-2", "FIRST-1"], "the list: newest first");
        let queue = advertiser.get("/advertiser/conversions?state=pending").await;
        assert!(queue.plain().contains(waits) && !queue.plain().contains("Review them"), "{}", queue.plain());
        assert_eq!(order_of(&queue.plain(), &words), words, "the queue: oldest first");
        let overview = advertiser.get("/advertiser").await;
        assert!(overview.plain().contains("Awaiting review 3 oldest 9 days"), "{}", overview.plain());

        let queue = advertiser.fill(&queue.form("/api/approve_conversion", "FIRST-1"), &[]).await.plain();
        assert!(queue.contains("Awaiting review: 2, oldest 6 days.") && !queue.contains("FIRST-1"), "{queue}");
        let mine = Queue::OfAdvertiser(world.advertiser_id);
        assert_eq!(world.in_queue(mine, None, 1).await, [all[1]]);
        assert_eq!(world.in_queue(mine, Some(all[1]), 1).await, [all[2]]);

        let other = sign_up(&world.app, "advertiser", "Other Shop").await;
        for page in ["/advertiser/conversions", "/advertiser/conversions?state=pending"] {
            let page = other.get(page).await.plain();
            assert!(page.contains("Nothing awaits your review.") && !page.contains("SECOND-2"), "{page}");
        }
        let publisher = world.publisher_again(0).await.get("/publisher/conversions?state=pending").await.plain();
        assert!(!publisher.contains("waiting review") && publisher.contains("RD-3"), "{publisher}");
        world.app.stop().await;
    }
}

#[tokio::test]
async fn a_test_waits_beside_the_queue() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let id = world.order(0, "O1", Some("10.00"), Badge::Signed).await;
        world.app.clock.advance_ms(DAY_MS);
        let second = world.order(0, "O2", Some("10.00"), Badge::Signed).await;
        let mut w = world.app.store.write().await.unwrap();
        let test = conversions::Conversion { is_test: true, ..conversions::get(&mut w, id).await.unwrap() };
        conversions::update(&mut w, &test).await.unwrap();
        w.commit().await.unwrap();
        let mine = Queue::OfAdvertiser(world.advertiser_id);
        let waits = waiting(&mut world.app.store.read().await.unwrap(), mine).await.unwrap();
        assert_eq!((waits.conversions, waits.tests, waits.oldest_id), (1, 1, Some(second)));
        let page = world.advertiser_again().await.get("/advertiser/conversions?state=pending").await.plain();
        let said = "Awaiting review: 1, oldest less than an hour. One test beside, worth nothing.";
        assert!(page.contains(said) && page.contains("O1") && page.contains("Try with all 1"), "{page}");
        let mut w = world.app.store.write().await.unwrap();
        let test = conversions::Conversion { is_test: true, ..conversions::get(&mut w, second).await.unwrap() };
        conversions::update(&mut w, &test).await.unwrap();
        w.commit().await.unwrap();
        let page = world.advertiser.get("/advertiser/conversions?state=pending").await.plain();
        assert!(page.contains("Try with the ticked ones") && !page.contains("Try with all"), "{page}");
        world.app.stop().await;
    }
}

#[tokio::test]
async fn what_an_advertiser_left_for_two_weeks_is_in_the_admins_queue() {
    for kind in Kind::all() {
        let mut world = World::new(kind).await;
        let pixel = world.order(0, "PIXEL-1", Some("10.00"), Badge::Unverified).await;
        world.order(0, "SIGNED-2", Some("10.00"), Badge::Signed).await;
        let page = "/admin/conversions?state=handed_over";
        world.app.clock.advance_ms(44 * DAY_MS - 1);
        world.admin_again().await;
        let early = world.admin.get(page).await.plain();
        assert!(early.contains("Nothing is handed over to the network."), "{early}");
        assert!(early.contains("No conversions are handed over"), "{early}");
        world.app.clock.advance_ms(1);
        let queue = world.admin.get(page).await;
        let said = "Handed over to the network: 1, oldest 44 days.";
        assert!(queue.plain().contains(said) && queue.plain().contains("PIXEL-1"), "{}", queue.plain());
        assert!(!queue.plain().contains("SIGNED-2"), "the deadline approves it");
        let overview = world.admin.get("/admin").await.plain();
        assert!(overview.contains("Handed over by advertisers 1 oldest 44 days"), "{overview}");
        let advertiser = world.advertiser_again().await.get("/advertiser/conversions").await.plain();
        assert!(advertiser.contains("Awaiting review: 2, oldest 44 days."), "{advertiser}");
        let done = world.admin.fill(&queue.form("/api/approve_conversion", "PIXEL-1"), &[]).await;
        assert!(done.plain().contains("The conversion is approved."), "{}", done.plain());
        assert!(done.plain().contains("Nothing is handed over to the network."), "back in the queue");
        assert!(world.conversion(pixel).await.approved_at_ms.is_some());
        world.app.stop().await;
    }
}

/// The statement and the rule name the same conversions, whatever they are and whenever one looks.
#[tokio::test]
async fn the_queue_is_what_the_rule_says() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let mut all = Vec::new();
        for (number, (badge, held)) in
            // What the network counts itself is reported by nobody.
            Badge::ALL
                .iter()
                .filter(|badge| **badge != Badge::Network)
                .flat_map(|badge| [0, 1, 2].map(|held| (*badge, held)))
                .enumerate()
        {
            let id = world.order(number % 2, &format!("O{number}"), Some("10.00"), badge).await;
            let mut w = world.app.store.write().await.unwrap();
            let mut row = conversions::get(&mut w, id).await.unwrap();
            row.held_reason = (held > 0).then(|| "flood".to_owned());
            row.hold_released_at_ms = (held == 2).then(|| world.app.environment.now());
            conversions::update(&mut w, &row).await.unwrap();
            w.commit().await.unwrap();
            all.push(id);
            world.app.clock.advance_ms(DAY_MS);
        }
        let mut counts = Vec::new();
        for day in [20, 46, 50, 60] {
            let now = world.conversion(all[0]).await.converted_at_ms.plus_ms(day * DAY_MS);
            let mut expected = Vec::new();
            for id in &all {
                let row = world.conversion(*id).await;
                let standing = standing(&row, row.converted_at_ms.plus_ms(30 * DAY_MS)).unwrap();
                expected.extend((review_stage(&standing, now) == ReviewStage::Network).then_some(*id));
            }
            let queue = Queue::Overdue(now.plus_ms(-ADVERTISER_REVIEW_DAYS * DAY_MS));
            assert_eq!(world.in_queue(queue, None, 99).await, expected, "{kind:?} day {day}");
            counts.push(expected.len());
        }
        assert_eq!(counts, [0, 1, 3, 8], "{kind:?}");
        world.app.stop().await;
    }
}
