//! Money after it is earned: reviewed, funded, released, paid, on both databases.

mod batches;
mod deadlines;
mod held;
mod queue;
mod races;
mod refunds;
mod world;

use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::ids::AdvertiserId;
use tallystick::domain::money::Money;
use tallystick::domain::party::Acting;
use tallystick::domain::payout::{PayoutRunState, PayoutState, SeenRun};
use tallystick::domain::reason::RejectReason;
use tallystick::settlement::deposit::{self, DepositRefused};
use tallystick::settlement::payout::{self, PayoutRefused, PayoutSettings};
use tallystick::settlement::{hold, review};
use tallystick::store::{StoreError, conversions, payables, payouts};

use self::world::{EUR, World, an_admin, viewer};
use crate::support::Kind;

pub const SETTINGS: PayoutSettings = PayoutSettings { net_days: 0, threshold_minor: Some(500), four_eyes_minor: None };
pub const RUN_DAY: &str = "2026-04-01T08:00:00Z";

/// Steps 14 to 16 of the story, through the pages, as people without scripts take them.
#[tokio::test]
async fn the_story_from_review_to_payout() {
    for kind in Kind::all() {
        let mut world = World::new(kind).await;
        world.enter_details().await;
        let (o2, rest) = story_orders(&world).await;
        let pending = [
            ("A pending", "13.50"),
            ("B pending", "6.99"),
            ("advertiser accrued", "24.59"),
            ("network fees_pending", "4.10"),
        ];
        world.assert_balances(&pending, "step 13").await;
        reviewed(&world, &o2, &rest).await;
        let owed = [
            ("A approved", "13.50"),
            ("B approved", "4.99"),
            ("advertiser receivable", "22.19"),
            ("network fees", "3.70"),
        ];
        world.assert_balances(&owed, "step 14").await;
        paid_by_the_advertiser(&world).await;
        world.app.clock.set(RUN_DAY);
        world.admin_again().await;
        paid_out(&world).await;
        let end = [("B payable", "4.99"), ("network bank", "8.69"), ("network fees", "3.70")];
        world.assert_balances(&end, "step 16").await;
        assert_eq!(world.paid_totals().await, (1350, 3));
        let books = world.admin.get("/admin/ledger").await.text;
        assert!(books.contains("All EUR accounts sum to zero."), "{books}");
        assert!(books.contains("8.69 EUR") && books.contains("settled"));
        world.app.stop().await;
    }
}

/// The id of O2, and those of the others in the order of the story.
async fn story_orders(world: &World) -> (String, Vec<String>) {
    let o1 = world.order(1, "ORDER-O1", Some("49.90"), Badge::Signed).await;
    let o2 = world.order(1, "ORDER-O2", Some("20.00"), Badge::Signed).await;
    let o3 = world.order(0, "ORDER-O3", Some("30.00"), Badge::Signed).await;
    let o4 = world.order(0, "ORDER-O4", Some("80.00"), Badge::Signed).await;
    let lead = world.order(0, "LEAD-1", None, Badge::Signed).await;
    (o2.to_string(), [o1, o3, o4, lead].map(|id| id.to_string()).to_vec())
}

async fn reviewed(world: &World, o2: &str, rest: &[String]) {
    let page = world.advertiser.get("/advertiser/conversions?state=pending").await.text;
    assert!(page.contains("ORDER-O2") && page.contains("Trail Notes") && page.contains("/receipts/"), "{page}");
    let reject = |reason| {
        [
            ("conversion_id", o2),
            ("version", "1"),
            ("kind", "advertiser"),
            ("filter", ""),
            ("reason", reason),
            ("note", "sent back"),
        ]
    };
    let refused = world.advertiser.submit("/api/reject_conversion", &reject("")).await.text;
    assert!(
        refused.contains("a negative change needs a reason") && refused.contains("value=\"sent back\""),
        "{refused}"
    );
    let rejected = world.advertiser.submit("/api/reject_conversion", &reject("order_cancelled")).await.text;
    assert!(
        rejected.contains("The conversion is rejected.") && rejected.contains(": the order was cancelled."),
        "{rejected}"
    );
    let again = world.advertiser.submit("/api/reject_conversion", &reject("order_cancelled")).await.text;
    assert!(again.contains("it is rejected, and only a pending conversion can be approved or rejected"), "{again}");
    for id in rest {
        let fields = [("conversion_id", id.as_str()), ("version", "1"), ("kind", "advertiser"), ("filter", "pending")];
        let page = world.advertiser.submit("/api/approve_conversion", &fields).await.text;
        assert!(page.contains("The conversion is approved."), "{page}");
    }
    let empty = world.advertiser.get("/advertiser/conversions?state=pending").await.text;
    assert!(empty.contains("No conversions are pending"), "{empty}");
    let b = world.publishers[1].0.get("/publisher/conversions").await.text;
    assert!(b.contains("\u{2026}R-O2") && !b.contains("ORDER-O2") && b.contains("the order was cancelled"), "{b}");
    assert!(!b.contains("\u{2026}R-O3") && !b.contains("Network fee"), "{b}");
    let balance = world.advertiser.get("/advertiser/balance").await.text;
    assert!(balance.contains("22.19") && balance.contains("Winter boots"), "{balance}");
}

async fn paid_by_the_advertiser(world: &World) {
    let id = world.advertiser_id.to_string();
    let fields = |amount, reference| {
        [("advertiser_id", id.as_str()), ("amount", amount), ("currency", "EUR"), ("reference", reference)]
    };
    let bad = world.admin.submit("/api/book_deposit", &fields("10,00", "SEPA 1")).await.text;
    assert!(bad.contains("Enter an amount such as 49.90") && bad.contains("value=\"10,00\""), "{bad}");
    let booked = world.admin.submit("/api/book_deposit", &fields("10.00", "SEPA 1")).await.text;
    assert!(booked.contains("10.00 EUR is booked."), "{booked}");
    // O1 (5.99) and O3 (3.60) were approved first; 0.41 does not cover O4.
    let balances = world.balances().await;
    assert_eq!(
        (balances["advertiser deposit"].as_str(), balances["advertiser receivable"].as_str()),
        ("0.41", "12.60")
    );
    let again = world.admin.submit("/api/book_deposit", &fields("12.19", "SEPA 1")).await.text;
    assert!(again.contains("with the reference SEPA 1 is booked already"), "{again}");
    world.admin.submit("/api/book_deposit", &fields("12.19", "SEPA 2")).await;
    let paid = [("A approved", "13.50"), ("B approved", "4.99"), ("network bank", "22.19"), ("network fees", "3.70")];
    world.assert_balances(&paid, "step 15").await;
}

async fn paid_out(world: &World) {
    let page = world.admin.submit("/api/propose_payouts", &[("currency", "EUR")]).await.text;
    assert!(page.contains("Approve 1 payout, 13.50 EUR"), "{page}");
    let carried = "4.99 EUR is below the threshold of 5.00 EUR and is carried to the next run.";
    assert!(page.contains(carried), "{page}");
    let named = |page: &str, name: &str| {
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let run = named(&page, "payout_run_id");
    let fields = [("payout_run_id", run.as_str()), ("version", "1"), ("payouts", "1"), ("total_minor", "1350")];
    let page = world.admin.submit("/api/approve_payout_run", &fields).await.text;
    assert!(page.contains("The run is approved"), "{page}");
    let again = world.admin.submit("/api/approve_payout_run", &fields).await.text;
    assert!(again.contains("it has changed since it was proposed"), "{again}");
    let a = world.publisher_again(0).await;
    let waiting = a.get("/publisher/payouts").await.text;
    assert!(waiting.contains("it is on its way") && waiting.contains("13.50"), "{waiting}");
    let (payout, version) = (named(&page, "payout_id"), named(&again, "version"));
    let paid = |reference| [("payout_id", payout.as_str()), ("version", version.as_str()), ("reference", reference)];
    let refused = world.admin.submit("/api/mark_payout_paid", &paid(" ")).await.text;
    assert!(
        refused.contains("the bank&#x27;s reference is needed") || refused.contains("reference is needed"),
        "{refused}"
    );
    let page = world.admin.submit("/api/mark_payout_paid", &paid("SEPA-2026-04")).await.text;
    assert!(page.contains("The payout is paid.") && page.contains("status-completed"), "{page}");
    let told = a.get("/publisher/payouts").await.text;
    assert!(told.contains("reference SEPA-2026-04."), "{told}");
    let conversions = a.get("/publisher/conversions").await.text;
    assert!(conversions.contains("Paid on 1 Apr 2026, 08:00, reference SEPA-2026-04."), "{conversions}");
    let b = world.publisher_again(1).await.get("/publisher/payouts").await.text;
    assert!(b.contains(carried) && !b.contains("SEPA-2026-04"), "{b}");
}

/// Between the page and the button a better report raised the amount: nobody decides on what they have not seen.
#[tokio::test]
async fn what_changed_since_the_page_was_opened_is_not_decided_unseen() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let id = world.order(0, "O1", Some("10.00"), Badge::Unverified).await;
        let page = world.advertiser.get("/advertiser/conversions").await;
        let upgraded = world.report(None, "O1", Some("99.00"), Badge::Signed).await;
        assert_eq!((upgraded.status, upgraded.body.upgraded), (200, true), "{upgraded:?}");
        let why = [("reason", "order_cancelled"), ("note", "sent back")];
        for (action, entered) in [("/api/approve_conversion", &[][..]), ("/api/reject_conversion", &why[..])] {
            let answer = world.advertiser.fill(&page.form(action, "O1"), entered).await.plain();
            let told = "Nothing was decided: order O1 changed since you looked: now it is: sale over 99.00 EUR, \
                unverified, commission 9.90 EUR, fee 1.98 EUR. Look again.";
            assert!(answer.contains(told), "{kind:?} {action}: {answer}");
            assert_eq!(world.conversion(id).await.state, ConversionState::Pending, "{kind:?} {action}");
        }
        // The same report again changes nothing, and so keeps nobody from deciding.
        let page = world.advertiser.get("/advertiser/conversions").await;
        let again = world.report(None, "O1", Some("99.00"), Badge::Signed).await;
        assert!(again.body.duplicate && !again.body.upgraded, "{again:?}");
        let answer = world.advertiser.fill(&page.form("/api/approve_conversion", "O1"), &[]).await.plain();
        assert!(answer.contains("The conversion is approved."), "{kind:?}: {answer}");
        assert_eq!(world.conversion(id).await.amount_minor, Some(9_900));
        world.app.stop().await;
    }
}

#[tokio::test]
async fn only_its_advertiser_and_admins_review_a_conversion() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let id = world.order(0, "O1", Some("10.00"), Badge::Signed).await;
        let (store, environment) = (&world.app.store, &world.app.environment);
        let publisher = viewer(7, Acting::Publisher(world.publishers[0].1));
        let rival = viewer(7, Acting::Advertiser(AdvertiserId(world.advertiser_id.0 + 1)));
        for stranger in [publisher, rival] {
            let refused = review::approve(store, environment, &stranger, id, 1).await.unwrap_err();
            assert!(matches!(refused, review::ReviewRefused::Store(StoreError::NotFound)), "{refused}");
        }
        let by_page = world.publishers[0]
            .0
            .post(
                "/api/approve_conversion",
                &[("conversion_id", &id.to_string()), ("version", "1"), ("kind", "advertiser"), ("filter", "")],
            )
            .await;
        assert_ne!(by_page.status, 200);
        assert_eq!(world.conversion(id).await.state, ConversionState::Pending);
        review::approve(store, environment, &an_admin(7), id, 1).await.unwrap();
        assert_eq!(world.conversion(id).await.state, ConversionState::Approved);
        let late = review::reject(store, environment, &an_admin(7), id, 2, Some(RejectReason::TestOrder), "").await;
        assert!(late.is_err(), "an approved conversion is not rejected any more");
        let broke =
            deposit::book(store, environment, &rival_admin(), world.advertiser_id, Money::new(1, EUR), "x").await;
        assert!(matches!(broke, Err(DepositRefused::Store(StoreError::NotFound))));
        world.app.stop().await;
    }
}

fn rival_admin() -> tallystick::domain::party::Viewer {
    viewer(7, Acting::Advertiser(AdvertiserId(1)))
}

#[tokio::test]
async fn the_deadline_approves_what_is_vouched_for_once_whoever_runs() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let (store, environment) = (&world.app.store, &world.app.environment);
        let mut trusted = Vec::new();
        for number in 0..6 {
            trusted.push(world.order(0, &format!("S{number}"), Some("10.00"), Badge::Signed).await);
        }
        let pixel = world.order(0, "P1", Some("10.00"), Badge::Unverified).await;
        assert_eq!(review::approve_due(store, environment).await.unwrap(), 0, "not before the deadline");
        world.app.clock.advance_ms(30 * 24 * 3_600_000 - 1);
        assert_eq!(review::approve_due(store, environment).await.unwrap(), 0, "one millisecond before");
        world.app.clock.advance_ms(1);
        let runs = futures_of(4, || async { review::approve_due(store, environment).await.unwrap() }).await;
        assert_eq!(runs.iter().sum::<usize>(), 6, "{kind:?}: each exactly once: {runs:?}");
        assert_eq!(world.conversion(pixel).await.state, ConversionState::Pending, "a pixel waits for a person");
        let balances = world.balances().await;
        assert_eq!(balances["advertiser receivable"], "7.20");
        assert_eq!(hold::release_due(store, environment).await.unwrap(), 0, "nothing is paid for");
        let money = Money::new(300, EUR);
        deposit::book(store, environment, &an_admin(7), world.advertiser_id, money, "S").await.unwrap();
        let runs = futures_of(4, || async { hold::release_due(store, environment).await.unwrap() }).await;
        assert_eq!(runs.iter().sum::<usize>(), 2, "{kind:?}: 3.00 pays for two of 1.20");
        assert_eq!(world.conversion(trusted[1]).await.state, ConversionState::Payable);
        assert_eq!(world.conversion(trusted[2]).await.state, ConversionState::Approved);
        let more = Money::new(90, EUR);
        deposit::book(store, environment, &an_admin(7), world.advertiser_id, more, "T").await.unwrap();
        assert_eq!(hold::release_due(store, environment).await.unwrap(), 1, "what was left over counts");
        world.app.stop().await;
    }
}

/// Runs the same thing several times at once.
async fn futures_of<T, F: Future<Output = T>>(count: usize, make: impl Fn() -> F) -> Vec<T> {
    futures::future::join_all((0..count).map(|_| make())).await
}

/// Two approved and funded orders of A over 8.00 each, on the day of the run; both publishers have said where they are
/// paid.
async fn payable_world(kind: Kind) -> World {
    let world = payable_without_details(kind).await;
    world.enter_details().await;
    world
}

async fn payable_without_details(kind: Kind) -> World {
    let world = World::new(kind).await;
    let (store, environment) = (&world.app.store, &world.app.environment);
    for order in ["O1", "O2"] {
        let id = world.order(0, order, Some("80.00"), Badge::Signed).await;
        review::approve(store, environment, &an_admin(7), id, 1).await.unwrap();
    }
    let money = Money::new(1920, EUR);
    deposit::book(store, environment, &an_admin(7), world.advertiser_id, money, "S").await.unwrap();
    world.app.clock.set(RUN_DAY);
    world
}

#[tokio::test]
async fn a_new_proposal_replaces_the_draft_and_a_failed_payout_is_paid_later() {
    for kind in Kind::all() {
        let world = payable_world(kind).await;
        let (store, environment, admin) = (&world.app.store, &world.app.environment, an_admin(7));
        let first = payout::propose(store, environment, &admin, EUR, &SETTINGS).await.unwrap();
        let seen = world.seen(first).await;
        let second = payout::propose(store, environment, &admin, EUR, &SETTINGS).await.unwrap();
        let stale = payout::approve(store, environment, &admin, first, seen, &SETTINGS).await;
        assert!(matches!(stale, Err(PayoutRefused::Changed)), "{stale:?}");
        world
            .assert_balances(&[("A payable", "16.00"), ("network bank", "19.20"), ("network fees", "3.20")], "drafts")
            .await;
        payout::approve(store, environment, &admin, second, world.seen(second).await, &SETTINGS).await.unwrap();
        let (id, version) = only_payout(&world, second).await;
        let silent = payout::fail(store, environment, &admin, id, version, "").await;
        assert!(matches!(silent, Err(PayoutRefused::ReasonMissing)));
        let stale = payout::mark_paid(store, environment, &admin, id, version - 1, "R").await;
        assert!(matches!(stale, Err(PayoutRefused::Changed)), "{stale:?}");
        payout::fail(store, environment, &admin, id, version, "the account is closed").await.unwrap();
        let late = payout::mark_paid(store, environment, &admin, id, version + 1, "R").await;
        assert!(matches!(late, Err(PayoutRefused::NotUnderWay(PayoutState::Failed))), "{late:?}");
        world
            .assert_balances(&[("A payable", "16.00"), ("network bank", "19.20"), ("network fees", "3.20")], "failed")
            .await;
        let third = payout::propose(store, environment, &admin, EUR, &SETTINGS).await.unwrap();
        payout::approve(store, environment, &admin, third, world.seen(third).await, &SETTINGS).await.unwrap();
        let (id, version) = only_payout(&world, third).await;
        payout::mark_paid(store, environment, &admin, id, version, "R").await.unwrap();
        world.assert_balances(&[("network bank", "3.20"), ("network fees", "3.20")], "paid").await;
        let mut conn = store.read().await.unwrap();
        let mut found = Vec::new();
        for run in [first, second, third] {
            found.push(payouts::get_run(&mut conn, run).await.unwrap().state);
        }
        assert_eq!(found, [PayoutRunState::Cancelled, PayoutRunState::Completed, PayoutRunState::Completed]);
        drop(conn);
        world.app.stop().await;
    }
}

pub async fn only_payout(
    world: &World,
    run: tallystick::domain::ids::PayoutRunId,
) -> (tallystick::domain::ids::PayoutId, i64) {
    let list = payouts::list_of_run(&mut world.app.store.read().await.unwrap(), run).await.unwrap();
    assert_eq!(list.len(), 1);
    (list[0].payout_id, list[0].version)
}

#[tokio::test]
async fn a_run_that_is_no_longer_what_was_proposed_reserves_nothing() {
    for kind in Kind::all() {
        let world = payable_world(kind).await;
        let (store, environment, admin) = (&world.app.store, &world.app.environment, an_admin(7));
        let four_eyes = PayoutSettings { four_eyes_minor: Some(1599), ..SETTINGS };
        let run = payout::propose(store, environment, &admin, EUR, &four_eyes).await.unwrap();
        let seen = world.seen(run).await;
        let alone = payout::approve(store, environment, &admin, run, seen, &four_eyes).await;
        assert!(matches!(alone, Err(PayoutRefused::SecondAdminNeeded(limit)) if limit.minor == 1599), "{alone:?}");

        let mut conn = store.read().await.unwrap();
        let entries = payables::list_of_payout(&mut conn, only_payout(&world, run).await.0).await.unwrap();
        let id = entries[0].conversion_id.unwrap();
        drop(conn);
        let before = world.conversion(id).await;
        let mut w = store.write().await.unwrap();
        let changed = conversions::Conversion { commission_minor: 799, ..before.clone() };
        conversions::update(&mut w, &changed).await.unwrap();
        w.commit().await.unwrap();
        let refused = payout::approve(store, environment, &an_admin(8), run, seen, &four_eyes).await;
        assert!(matches!(refused, Err(PayoutRefused::Changed)), "{refused:?}");
        assert_eq!(world.balances().await["A payable"], "16.00", "nothing is reserved");

        let mut w = store.write().await.unwrap();
        conversions::update(&mut w, &before).await.unwrap();
        w.commit().await.unwrap();
        for other in [SeenRun { payouts: 2, ..seen }, SeenRun { total_minor: 1601, ..seen }] {
            let refused = payout::approve(store, environment, &an_admin(8), run, other, &four_eyes).await;
            assert!(matches!(refused, Err(PayoutRefused::Changed)), "{refused:?}");
        }
        assert_eq!(world.balances().await["A payable"], "16.00", "nobody approves what they have not seen");
        payout::approve(store, environment, &an_admin(8), run, seen, &four_eyes).await.unwrap();
        assert_eq!(world.balances().await["A in_payout"], "16.00");
        world.app.stop().await;
    }
}
