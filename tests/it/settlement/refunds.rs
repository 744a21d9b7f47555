//! Refunds and reversals: before approval, after it, before and after payment, before the sale itself; by the forms, by
//! the interface, by a file; and many at once. After every step `verify` and the receipts find nothing.

use serde_json::{Value, json};
use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::ids::{ConversionId, PayoutId};
use tallystick::domain::money::Money;
use tallystick::domain::party::Acting;
use tallystick::domain::payout::PayoutState;
use tallystick::domain::reason::RejectReason;
use tallystick::domain::refund::RefundRefused as Beyond;
use tallystick::reports::receipt::load;
use tallystick::reports::verify::verify;
use tallystick::settlement::payout::PayoutSettings;
use tallystick::settlement::refund::{self, Became, Booked, NewRefund, Order, RefundRefused};
use tallystick::settlement::{deposit, hold, payout, review};
use tallystick::store::{Store, StoreError, conversions, payouts, refunds};

use super::world::{EUR, World, an_admin, viewer};
use super::{RUN_DAY, SETTINGS};
use crate::receipts::tamper;
use crate::support::{Answer, Kind, verified};

fn of(minor: i64, reference: &str) -> NewRefund {
    NewRefund {
        money: Money::new(minor, EUR),
        lines: Vec::new(),
        reference: reference.to_owned(),
        reason: RejectReason::PartialReturn,
        note: "one pair".to_owned(),
        by: None,
    }
}

impl World {
    /// As a program of the shop asks.
    async fn refund(&self, order_id: &str, minor: i64, reference: &str) -> Result<Booked, RefundRefused> {
        let order = Order { campaign_id: self.campaign_id(), event: "sale", order_id };
        let mut w = self.app.store.write().await.unwrap();
        let booked = refund::book(&mut w, &self.app.environment, order, &of(minor, reference)).await?;
        w.commit().await.unwrap();
        Ok(booked)
    }

    async fn accept(&self, id: ConversionId) {
        let version = self.conversion(id).await.version;
        review::approve(&self.app.store, &self.app.environment, &an_admin(7), id, version).await.unwrap();
    }

    async fn pay_in(&self, minor: i64, reference: &str) {
        let (store, environment) = (&self.app.store, &self.app.environment);
        let money = Money::new(minor, EUR);
        deposit::book(store, environment, &an_admin(7), self.advertiser_id, money, reference).await.unwrap();
        hold::release_due(store, environment).await.unwrap();
    }

    /// Proposes and approves a run; gives its only payout that is not carried.
    async fn reserve(&self, settings: &PayoutSettings) -> (PayoutId, i64) {
        let (store, environment) = (&self.app.store, &self.app.environment);
        let run = payout::propose(store, environment, &an_admin(7), EUR, settings).await.unwrap();
        payout::approve(store, environment, &an_admin(7), run, self.seen(run).await, settings).await.unwrap();
        let list = payouts::list_of_run(&mut store.read().await.unwrap(), run).await.unwrap();
        let one = list.iter().find(|payout| payout.state == PayoutState::Approved).unwrap();
        (one.payout_id, one.version)
    }

    async fn pay_out(&self, settings: &PayoutSettings) {
        let (id, version) = self.reserve(settings).await;
        let (store, environment) = (&self.app.store, &self.app.environment);
        payout::mark_paid(store, environment, &an_admin(7), id, version, "R").await.unwrap();
    }

    /// Amount, commission, fee.
    async fn worth(&self, id: ConversionId) -> (Option<i64>, i64, i64) {
        let row = self.conversion(id).await;
        (row.amount_minor, row.commission_minor, row.fee_minor)
    }

    /// Nothing differs, on any receipt either.
    async fn clean(&self, ids: &[ConversionId], step: &str) {
        verified(&self.app.store).await;
        for id in ids {
            let viewers = [
                viewer(7, Acting::Publisher(self.publishers[0].1)),
                viewer(7, Acting::Advertiser(self.advertiser_id)),
                an_admin(7),
            ];
            for viewer in viewers {
                let mut conn = self.app.store.snapshot().await.unwrap();
                let receipt = load(&mut conn, &viewer, *id).await.unwrap();
                assert_eq!(receipt.differences, [], "{step}: {id}");
            }
        }
        self.balances().await;
    }
}

/// Both publishers can be paid.
async fn paid_somewhere(kind: Kind) -> World {
    let world = World::new(kind).await;
    world.enter_details().await;
    world
}

const LOW: PayoutSettings = PayoutSettings { threshold_minor: Some(100), ..SETTINGS };

/// The same order over 80.00, refunded by 30.00 at each point of its life.
#[tokio::test]
async fn a_part_is_taken_back_wherever_the_commission_stands() {
    for kind in Kind::all() {
        let mut world = paid_somewhere(kind).await;
        let mut ids = Vec::new();
        for order in ["PENDING", "OWED", "FUNDED", "PAYABLE", "PAID"] {
            ids.push(world.order(0, order, Some("80.00"), Badge::Signed).await);
        }
        let left = (Some(5_000), 500, 100);
        assert_eq!(world.refund("PENDING", 3_000, "R1").await.unwrap().became, Became::Applied);
        assert_eq!(world.worth(ids[0]).await, left);
        world.clean(&ids, "pending").await;
        for id in &ids[1..] {
            world.accept(*id).await;
        }
        world.refund("OWED", 3_000, "R1").await.unwrap();
        world.clean(&ids, "approved, nothing paid for").await;
        assert_eq!(world.balances().await["advertiser receivable"], "34.80", "{kind:?}: 3 × 9.60 and 6.00");
        let money = Money::new(3_480, EUR);
        let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
        deposit::book(&store, &environment, &an_admin(7), world.advertiser_id, money, "S1").await.unwrap();
        world.refund("FUNDED", 3_000, "R1").await.unwrap();
        assert_eq!(world.balances().await["advertiser deposit"], "3.60", "{kind:?}: what paid for it is free again");
        world.clean(&ids, "approved and paid for").await;
        hold::release_due(&store, &environment).await.unwrap();
        world.refund("PAYABLE", 3_000, "R1").await.unwrap();
        assert_eq!(world.balances().await["A payable"], "23.00", "{kind:?}: 5.00, 5.00, 5.00 and 8.00");
        world.clean(&ids, "payable").await;
        world.app.clock.set(RUN_DAY);
        let (payout, version) = world.reserve(&SETTINGS).await;
        assert_eq!(world.refund("PAID", 3_000, "R1").await.unwrap().became, Became::Waits);
        assert_eq!(world.worth(ids[4]).await, (Some(8_000), 800, 160), "{kind:?}: while it is on its way");
        world.clean(&ids, "in a payout").await;
        payout::mark_paid(&store, &environment, &an_admin(7), payout, version, "R").await.unwrap();
        let after = [
            ("A payable", "-3.00"),
            ("A pending", "5.00"),
            ("advertiser accrued", "6.00"),
            ("advertiser deposit", "10.80"),
            ("network bank", "11.80"),
            ("network fees", "4.00"),
            ("network fees_pending", "1.00"),
        ];
        world.assert_balances(&after, "paid, and clawed back").await;
        for id in &ids {
            assert_eq!(world.worth(*id).await, left, "{kind:?}: {id}");
        }
        world.clean(&ids, "clawed back").await;
        the_debt_is_carried_and_then_kept(&mut world, &ids).await;
        world.app.stop().await;
    }
}

/// A claw-back of 3.00 against a new commission of 5.00: below the threshold at first, then 2.00 are paid.
async fn the_debt_is_carried_and_then_kept(world: &mut World, ids: &[ConversionId]) {
    let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
    let run = payout::propose(&store, &environment, &an_admin(7), EUR, &SETTINGS).await.unwrap();
    let list = payouts::list_of_run(&mut store.read().await.unwrap(), run).await.unwrap();
    let owed = "\u{2212}3.00 EUR is owed to the network and is carried to the next run.";
    assert_eq!((list.len(), list[0].reason.as_str(), list[0].state), (1, owed, PayoutState::Carried));
    world.publisher_again(0).await;
    let page = world.publishers[0].0.get("/publisher/payouts").await.plain();
    assert!(page.contains("Payable \u{2212}3.00 EUR") && page.contains("Taken back after payment"), "{page}");
    world.accept(ids[0]).await;
    hold::release_due(&store, &environment).await.unwrap();
    world.app.clock.set("2026-05-01T08:00:00Z");
    let run = payout::propose(&store, &environment, &an_admin(7), EUR, &SETTINGS).await.unwrap();
    let list = payouts::list_of_run(&mut store.read().await.unwrap(), run).await.unwrap();
    assert_eq!((list[0].amount_minor, list[0].state), (200, PayoutState::Carried), "{list:?}");
    world.pay_out(&LOW).await;
    assert_eq!(world.balances().await.get("A payable"), None);
    world.clean(ids, "the debt is paid").await;
}

/// Step 14 of the story with its refund: O4 of 80.00 becomes 50.00, and what follows for steps 15 and 16 (without its two
/// days of clicks).
#[tokio::test]
async fn the_storys_refund_comes_out_to_the_cent() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let o1 = world.order(1, "ORDER-O1", Some("49.90"), Badge::Signed).await;
        let o3 = world.order(0, "ORDER-O3", Some("30.00"), Badge::Signed).await;
        let o4 = world.order(0, "ORDER-O4", Some("80.00"), Badge::Signed).await;
        let lead = world.order(0, "LEAD-1", None, Badge::Signed).await;
        world.refund("ORDER-O4", 3_000, "RETURN-1").await.unwrap();
        for id in [o1, o3, o4, lead] {
            world.accept(id).await;
        }
        let owed = [
            ("A approved", "10.50"),
            ("B approved", "4.99"),
            ("advertiser receivable", "18.59"),
            ("network fees", "3.10"),
        ];
        world.assert_balances(&owed, "step 14").await;
        world.pay_in(1_000, "first part").await;
        // O1 (5.99) and O3 (3.60) are paid for; 0.41 does not cover what is left of O4.
        assert_eq!(world.balances().await["advertiser deposit"], "0.41", "{kind:?}");
        world.pay_in(859, "second part").await;
        world.app.clock.set(RUN_DAY);
        world.pay_out(&SETTINGS).await;
        let end = [("B payable", "4.99"), ("network bank", "8.09"), ("network fees", "3.10")];
        world.assert_balances(&end, "step 16").await;
        world.clean(&[o4], "the story's refund").await;
        world.app.stop().await;
    }
}

/// Everything at once, and what comes after that.
#[tokio::test]
async fn all_of_an_order_is_taken_back_as_a_rejection_or_a_reversal() {
    use ConversionState::{Rejected, Reversed};
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let mut ids = Vec::new();
        for order in ["PENDING", "OWED", "PAYABLE", "PAID", "RETURNED"] {
            ids.push(world.order(0, order, Some("80.00"), Badge::Signed).await);
        }
        world.refund("PENDING", 3_000, "R1").await.unwrap();
        world.refund("PENDING", 5_000, "R2").await.unwrap();
        for id in &ids[1..] {
            world.accept(*id).await;
        }
        world.refund("OWED", 8_000, "R1").await.unwrap();
        world.pay_in(2_880, "S1").await;
        world.refund("PAYABLE", 8_000, "R1").await.unwrap();
        assert_eq!(world.balances().await["A payable"], "16.00", "{kind:?}");
        world.clean(&ids, "reversed before payment").await;
        world.app.clock.set(RUN_DAY);
        world.pay_out(&SETTINGS).await;
        world.refund("PAID", 8_000, "R1").await.unwrap();
        let (store, environment) = (&world.app.store, &world.app.environment);
        let version = world.conversion(ids[4]).await.version;
        let reason = Some(RejectReason::OrderCancelled);
        refund::reverse(store, environment, &an_admin(7), ids[4], version, reason, "").await.unwrap();
        let mut states = Vec::new();
        for id in &ids {
            states.push(world.conversion(*id).await.state);
        }
        assert_eq!(states, [Rejected, Reversed, Reversed, Reversed, Reversed], "{kind:?}");
        let end = [("A payable", "-16.00"), ("advertiser deposit", "28.80"), ("network bank", "12.80")];
        world.assert_balances(&end, "all of it").await;
        world.clean(&ids, "reversed after payment").await;
        for order in ["PENDING", "PAID"] {
            let refused = world.refund(order, 1, "R9").await.unwrap_err();
            assert!(matches!(refused, RefundRefused::Ended(_)), "{kind:?} {order}: {refused}");
        }
        let again = refund::reverse(store, environment, &an_admin(7), ids[4], version + 1, reason, "").await;
        assert!(again.is_err(), "{kind:?}: once");
        world.app.stop().await;
    }
}

/// One reference is one refund; what is more than the order, or says something else, changes nothing.
#[tokio::test]
async fn a_reference_is_one_refund_and_no_more_than_the_order_comes_back() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let id = world.order(0, "O1", Some("80.00"), Badge::Signed).await;
        let first = world.refund("O1", 3_000, "R1").await.unwrap();
        let again = world.refund("O1", 3_000, "R1").await.unwrap();
        assert_eq!((again.became, again.refund_id), (Became::Known, first.refund_id), "{kind:?}");
        let other = world.refund("O1", 2_000, "R1").await.unwrap_err();
        assert!(matches!(other, RefundRefused::OtherContent(_)), "{kind:?}: {other}");
        let beyond = world.refund("O1", 5_001, "R2").await.unwrap_err();
        let left = Money::new(5_000, EUR);
        assert!(matches!(beyond, RefundRefused::Beyond(Beyond::BeyondAmount(money)) if money == left), "{beyond}");
        assert_eq!(world.worth(id).await, (Some(5_000), 500, 100), "{kind:?}");
        let publisher = viewer(7, Acting::Publisher(world.publishers[0].1));
        let (store, environment) = (&world.app.store, &world.app.environment);
        let stranger = refund::refund(store, environment, &publisher, id, 2, &of(1, "R3")).await.unwrap_err();
        assert!(matches!(stranger, RefundRefused::Store(StoreError::NotFound)), "{kind:?}: {stranger}");
        let stale = refund::refund(store, environment, &an_admin(7), id, 1, &of(1, "R3")).await.unwrap_err();
        assert!(matches!(stale, RefundRefused::Changed(_)), "{kind:?}: {stale}");
        world.clean(&[id], "one refund").await;
        world.app.stop().await;
    }
}

/// Shops' systems do not wait for each other: what comes before its sale counts with it, also where it is more.
#[tokio::test]
async fn a_refund_before_its_sale_waits_for_it() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        for (order, minor) in [("LESS", 3_000), ("MORE", 9_000)] {
            let early = world.refund(order, minor, "R1").await.unwrap();
            assert_eq!((early.became, early.conversion.is_none()), (Became::Waits, true), "{kind:?} {order}");
        }
        let less = world.order(0, "LESS", Some("80.00"), Badge::Signed).await;
        assert_eq!(world.worth(less).await, (Some(5_000), 500, 100), "{kind:?}");
        let more = world.order(0, "MORE", Some("80.00"), Badge::Unverified).await;
        assert_eq!(world.worth(more).await, (Some(0), 0, 0), "{kind:?}: and it stays open for a better report");
        assert_eq!(world.conversion(more).await.state, ConversionState::Pending);
        world.report(None, "MORE", Some("100.00"), Badge::Signed).await;
        assert_eq!(world.worth(more).await, (Some(1_000), 100, 20), "{kind:?}");
        assert_eq!(
            refund::apply_due(&world.app.store, &world.app.environment).await.unwrap(),
            0,
            "{kind:?}: they count"
        );
        world.clean(&[less, more], "before the sale").await;
        let page = world.advertiser.get(&format!("/receipts/{less}")).await.plain();
        assert!(page.contains("It came before its sale"), "{kind:?}: {page}");
        world.app.stop().await;
    }
}

/// Refunds of 5.00, 32 at once, of an order over 80.00.
#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_refunds_at_once_take_no_more_than_the_order() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let id = world.order(0, "O1", Some("80.00"), Badge::Signed).await;
        world.accept(id).await;
        world.pay_in(960, "S1").await;
        let all = (0..32).map(|number| {
            let (store, environment, campaign_id) =
                (world.app.store.clone(), world.app.environment.clone(), world.campaign_id());
            tokio::spawn(async move {
                let order = Order { campaign_id, event: "sale", order_id: "O1" };
                let new = of(500, &format!("R{number}"));
                let mut w = store.write().await.unwrap();
                match refund::book(&mut w, &environment, order, &new).await {
                    Ok(booked) => {
                        w.commit().await.unwrap();
                        assert_eq!(booked.became, Became::Applied);
                        true
                    }
                    Err(RefundRefused::Ended(_) | RefundRefused::Beyond(_)) => false,
                    Err(other) => panic!("{other}"),
                }
            })
        });
        let done = futures::future::join_all(all).await;
        assert_eq!(done.into_iter().filter(|one| *one.as_ref().unwrap()).count(), 16, "{kind:?}");
        assert_eq!(world.conversion(id).await.state, ConversionState::Reversed, "{kind:?}");
        world.assert_balances(&[("advertiser deposit", "9.60"), ("network bank", "9.60")], "nothing is left").await;
        world.clean(&[id], "32 refunds").await;
        world.app.stop().await;
    }
}

/// Whoever is first: the claw-back is made once, and nobody is paid what was taken back before.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_beside_the_steps_of_a_payout_counts_once() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let id = world.order(0, "O1", Some("80.00"), Badge::Signed).await;
        world.accept(id).await;
        world.pay_in(960, "S1").await;
        world.app.clock.set(RUN_DAY);
        let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
        let run = payout::propose(&store, &environment, &an_admin(7), EUR, &LOW).await.unwrap();
        let seen = world.seen(run).await;
        let approval = {
            let (store, environment) = (store.clone(), environment.clone());
            tokio::spawn(
                async move { payout::approve(&store, &environment, &an_admin(7), run, seen, &LOW).await.is_ok() },
            )
        };
        let (first, approved) = tokio::join!(world.refund("O1", 1_000, "R1"), approval);
        let is_approved = approved.unwrap();
        let expected = if is_approved { Became::Waits } else { Became::Applied };
        assert_eq!(first.unwrap().became, expected, "{kind:?}");
        world.clean(&[id], "beside an approval").await;
        let (payout, version) = if is_approved {
            let list = payouts::list_of_run(&mut store.read().await.unwrap(), run).await.unwrap();
            (list[0].payout_id, list[0].version)
        } else {
            world.reserve(&LOW).await
        };
        let end = {
            let (store, environment) = (store.clone(), environment.clone());
            tokio::spawn(async move {
                payout::mark_paid(&store, &environment, &an_admin(7), payout, version, "R").await.unwrap();
            })
        };
        let (second, ended) = tokio::join!(world.refund("O1", 2_000, "R2"), end);
        second.unwrap();
        ended.unwrap();
        refund::apply_due(&store, &environment).await.unwrap();
        assert_eq!(world.worth(id).await, (Some(5_000), 500, 100), "{kind:?}");
        let owed = if is_approved { "-3.00" } else { "-2.00" };
        assert_eq!(world.balances().await["A payable"], owed, "{kind:?}");
        world.clean(&[id], "beside the end").await;
        world.app.stop().await;
    }
}

/// A draft is of what was open when it was proposed.
#[tokio::test]
async fn a_run_that_would_pay_what_was_taken_back_is_proposed_again() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let mut ids = Vec::new();
        for order in ["OLD", "NEW"] {
            let id = world.order(0, order, Some("80.00"), Badge::Signed).await;
            world.accept(id).await;
            ids.push(id);
        }
        world.pay_in(960, "S1").await;
        world.app.clock.set(RUN_DAY);
        world.pay_out(&LOW).await;
        world.pay_in(960, "S2").await;
        let (store, environment) = (&world.app.store, &world.app.environment);
        let run = payout::propose(store, environment, &an_admin(7), EUR, &LOW).await.unwrap();
        let seen = world.seen(run).await;
        world.refund("OLD", 3_000, "R1").await.unwrap();
        let stale = payout::approve(store, environment, &an_admin(7), run, seen, &LOW).await.unwrap_err();
        assert!(matches!(stale, payout::PayoutRefused::Changed), "{kind:?}: {stale}");
        let (payout, version) = world.reserve(&LOW).await;
        let money = payouts::get(&mut store.read().await.unwrap(), payout).await.unwrap().money();
        assert_eq!(money, Money::new(500, EUR), "{kind:?}: 8.00 less 3.00");
        // It could not be sent: commission and debt are open again, and are taken together once more.
        payout::fail(store, environment, &an_admin(7), payout, version, "closed").await.unwrap();
        assert_eq!(world.balances().await["A payable"], "5.00", "{kind:?}");
        world.clean(&ids, "failed").await;
        world.pay_out(&LOW).await;
        world.clean(&ids, "paid in the end").await;
        world.app.stop().await;
    }
}

/// The form says what it would do, and does it; without scripts.
#[tokio::test]
async fn the_receipts_form_shows_what_a_refund_does_and_does_it() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let id = world.order(0, "ORDER-O4", Some("80.00"), Badge::Signed).await;
        let path = format!("/receipts/{id}");
        let page = world.advertiser.get(&path).await;
        let form = page.form("/api/refund_conversion", "Take it back");
        let mut entered = vec![("amount", "30.00"), ("refund_reason", "partial_return"), ("refund_note", "one pair")];
        entered.push(("step", "show"));
        let shown = world.advertiser.fill(&form, &entered).await;
        let told = "A refund of 30.00 EUR leaves 50.00 EUR: commission 8.00 EUR becomes 5.00 EUR, network fee 1.60 EUR \
            becomes 1.00 EUR.";
        assert!(shown.plain().contains(told) && shown.text.contains("value=\"30.00\""), "{kind:?}: {}", shown.plain());
        assert_eq!(world.worth(id).await.1, 800, "{kind:?}: nothing has happened");
        entered.pop();
        let done = world.advertiser.fill(&form, &entered).await.plain();
        assert!(done.contains("30.00 EUR is taken back: the commission is 5.00 EUR now."), "{kind:?}: {done}");
        assert!(done.contains("a part of the order was returned \u{201c}one pair\u{201d}"), "{kind:?}: {done}");
        let twice = world.advertiser.fill(&form, &entered).await.plain();
        assert!(twice.contains("This refund was taken back before"), "{kind:?}: {twice}");
        let more = [("amount", "50.01"), ("refund_reason", "partial_return")];
        let refused = world.advertiser.act(&path, "/api/refund_conversion", "", &more).await;
        assert!(refused.plain().contains("Only 50.00 EUR of the order is left."), "{kind:?}: {}", refused.plain());
        let silent = [("amount", "1.00")];
        let refused = world.advertiser.act(&path, "/api/refund_conversion", "", &silent).await.plain();
        assert!(refused.contains("Choose a reason"), "{kind:?}: {refused}");
        let publisher = world.publishers[0].0.get(&path).await;
        let read = publisher.plain();
        assert!(
            read.contains("Commission 8.00 EUR became 5.00 EUR on") && !read.contains("by hand 1"),
            "{kind:?}: {read}"
        );
        assert!(!publisher.text.contains("/api/refund_conversion"), "{kind:?}");
        let list = world.publishers[0].0.get("/publisher/conversions").await.plain();
        assert!(list.contains("50.00 EUR 5.00 EUR"), "{kind:?}: {list}");
        world.accept(id).await;
        let reverse = [("reverse_reason", "order_cancelled"), ("reverse_note", "")];
        let reversed = world.advertiser.act(&path, "/api/reverse_conversion", "", &reverse).await.plain();
        assert!(reversed.contains("The conversion is reversed."), "{kind:?}: {reversed}");
        assert_eq!(world.balances().await.len(), 0, "{kind:?}");
        world.clean(&[id], "by the forms").await;
        world.app.stop().await;
    }
}

async fn send(world: &World, key: Option<&str>, body: &Value) -> Answer {
    let mut request = world.app.browser().client.post(format!("{}/api/v1/refunds", world.app.url));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    Answer::of(request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap()).await
}

async fn refunds_of(store: &Store, id: ConversionId) -> usize {
    let mut conn = store.read().await.unwrap();
    let row = conversions::get(&mut conn, id).await.unwrap();
    refunds::list_of_order(&mut conn, row.campaign_id, &row.event, &row.order_id).await.unwrap().len()
}

/// The contract of the interface: statuses, codes, and that nothing but the attempt is stored of what is refused.
#[tokio::test]
async fn programs_take_back_with_a_key() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let id = world.order(0, "O1", Some("80.00"), Badge::Signed).await;
        let page = format!("/advertiser/campaigns/{}/integration", world.campaign_id());
        let made = world.advertiser.act(&page, "/api/create_api_key", "", &[("name", "Shop")]).await;
        let key = made.text.split("value=\"tsk_").nth(1).unwrap().split('"').next().unwrap();
        let key = format!("tsk_{key}");
        let body = |changed: Value| {
            let mut body = json!({ "order_id": "O1", "amount": "30.00", "currency": "EUR", "reference": "R1",
                "reason": "partial_return" });
            body.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
            body
        };
        let taken = send(&world, Some(&key), &body(json!({}))).await;
        let told: Value = serde_json::from_str(&taken.text).unwrap();
        assert_eq!((taken.status, &told["outcome"], &told["commission"]), (201, &json!("applied"), &json!("5.00")));
        assert_eq!(told["conversion_id"], json!(id.to_string()), "{kind:?}: {told}");
        let again = send(&world, Some(&key), &body(json!({}))).await;
        let told: Value = serde_json::from_str(&again.text).unwrap();
        assert_eq!((again.status, &told["duplicate"]), (200, &json!(true)), "{kind:?}: {told}");
        let early = send(&world, Some(&key), &body(json!({ "order_id": "LATER" }))).await;
        assert_eq!(early.status, 202, "{kind:?}: {}", early.text);
        let cases = [
            (json!({ "reference": "R2", "amount": "50.01" }), 422, "bad_amount", "amount"),
            (json!({ "amount": "20.00" }), 409, "order_conflict", "reference"),
            (json!({ "reference": "" }), 422, "bad_field", "reference"),
            (json!({ "reference": " R2" }), 422, "bad_field", "reference"),
            (json!({ "reference": "R2", "reason": "because" }), 422, "bad_field", "reason"),
            (json!({ "reference": "R2", "reason": "other" }), 422, "bad_field", "note"),
            (json!({ "reference": "R2", "currency": "USD" }), 422, "bad_currency", "currency"),
            (json!({ "reference": "R2", "event": "visit" }), 422, "event_unknown", "event"),
            (json!({ "reference": "R2", "order_id": "" }), 422, "order_id_missing", "order_id"),
            (json!({ "reference": "R2", "amount_minor": 1 }), 422, "bad_amount", "amount_minor"),
            (json!({ "reference": "R2", "customer": "x" }), 422, "bad_field", "body"),
            (json!({ "reference": "R2", "campaign": "0000000000000" }), 401, "auth_bad_token", "campaign"),
        ];
        for (changed, status, code, field) in cases {
            let refused = send(&world, Some(&key), &body(changed.clone())).await;
            let told: Value = serde_json::from_str(&refused.text).unwrap();
            let expected = (status, &json!(code), &json!(field), &json!("rejected"));
            let seen = (refused.status, &told["reason"], &told["field"], &told["outcome"]);
            assert_eq!(seen, expected, "{kind:?} {changed}: {told}");
        }
        for amount in
            ["NaN", "inf", "1e9", "-1", "-0", "+5", "1,000.00", "1.005", "\u{663}", "\u{ff10}", "0x10", "", "0"]
        {
            let refused = send(&world, Some(&key), &body(json!({ "reference": "R2", "amount": amount }))).await;
            assert!(
                refused.status == 422 && refused.text.contains("bad_amount"),
                "{kind:?} {amount}: {}",
                refused.text
            );
        }
        let nobody = send(&world, None, &body(json!({ "reference": "R2" }))).await;
        assert!(nobody.status == 401 && nobody.text.contains("auth_missing"), "{kind:?}: {}", nobody.text);
        assert_eq!((refunds_of(&world.app.store, id).await, world.worth(id).await), (1, (Some(5_000), 500, 100)));
        let log =
            world.advertiser.get(&format!("/advertiser/campaigns/{}/requests", world.campaign_id())).await.plain();
        assert!(log.contains("bad_amount") || log.contains("The amount"), "{kind:?}: {log}");
        world.clean(&[id], "by the interface").await;
        world.app.stop().await;
    }
}

/// Rows of a file, beside approvals and rejections.
#[tokio::test]
async fn a_file_refunds_and_reverses() {
    use ConversionState::{Approved, Pending, Rejected, Reversed};
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let mut ids = Vec::new();
        for order in ["A", "B", "C", "D", "E"] {
            ids.push(world.order(0, order, Some("80.00"), Badge::Signed).await);
        }
        world.accept(ids[1]).await;
        world.accept(ids[2]).await;
        let file = "order_id,action,amount,currency,reason,note\nA,refund,30.00,EUR,partial_return,one pair\n\
            B,refund,80.00,,item_returned,\nC,reverse,,,order_cancelled,\nD,refund,80.01,,item_returned,\n\
            E,refund,,,item_returned,\n";
        let answer = world
            .advertiser
            .upload("/reviews", &[("kind", "advertiser")], ("m.csv", "text/csv", file.as_bytes()))
            .await;
        let place = answer.location().to_owned();
        let tried = world.advertiser.get(&place).await.plain();
        for said in [
            "Of 5 rows, 0 would be approved, 0 would be rejected, 1 would be reversed, 2 would be refunded, and 2 would be refused.",
            "; 30.00 EUR is taken back",
            "only 80.00 EUR of the order is left",
            "a refund needs its amount",
        ] {
            assert!(tried.contains(said), "{kind:?} {said}: {tried}");
        }
        let done = world.advertiser.act(&place, "/api/run_reviews", "", &[]).await.plain();
        assert!(done.contains("1 were reversed, 2 were refunded, and 2 were refused."), "{kind:?}: {done}");
        let mut states = Vec::new();
        for id in &ids {
            states.push(world.conversion(*id).await.state);
        }
        assert_eq!(states, [Pending, Reversed, Reversed, Pending, Pending], "{kind:?}");
        assert!(!states.contains(&Rejected) && !states.contains(&Approved));
        assert_eq!(world.worth(ids[0]).await, (Some(5_000), 500, 100), "{kind:?}");
        world.clean(&ids, "by a file").await;
        world.app.stop().await;
    }
}

/// What `verify` finds, each with the name of its check.
async fn bad(world: &World) -> Vec<String> {
    let checks = verify(&mut world.app.store.snapshot().await.unwrap()).await.unwrap();
    checks.iter().flat_map(|check| check.bad.iter().map(|row| format!("{}: {row}", check.name))).collect()
}

/// Behind the rules: every change of a refund, an entry, what a payout takes or what deposits pay is found and named, and
/// undone again.
#[tokio::test]
async fn every_corruption_of_refunds_and_entries_is_found() {
    for kind in Kind::all() {
        let world = paid_somewhere(kind).await;
        let pending = world.order(0, "PENDING", Some("80.00"), Badge::Signed).await;
        let paid = world.order(0, "PAID", Some("80.00"), Badge::Signed).await;
        world.refund("PENDING", 3_000, "R1").await.unwrap();
        world.accept(paid).await;
        world.pay_in(960, "S1").await;
        world.app.clock.set(RUN_DAY);
        world.pay_out(&LOW).await;
        world.refund("PAID", 3_000, "R1").await.unwrap();
        world.clean(&[pending, paid], "before").await;
        let (p, d) = (pending.0, paid.0);
        let of_pending = "where order_id = 'PENDING'";
        let cases = [
            (
                "refunds",
                format!("update refunds set amount_minor = 2999 {of_pending}"),
                format!("update refunds set amount_minor = 3000 {of_pending}"),
                pending,
            ),
            (
                "refunds",
                format!("update refunds set order_id = 'OTHER' {of_pending}"),
                "update refunds set order_id = 'PENDING' where order_id = 'OTHER'".to_owned(),
                pending,
            ),
            (
                "conversions",
                format!("update conversions set amount_minor = 8000 where conversion_id = {p}"),
                format!("update conversions set amount_minor = 5000 where conversion_id = {p}"),
                pending,
            ),
            (
                "conversions",
                format!("update conversions set commission_minor = 501 where conversion_id = {p}"),
                format!("update conversions set commission_minor = 500 where conversion_id = {p}"),
                pending,
            ),
            (
                "payables",
                format!("update payables set amount_minor = -299 where conversion_id = {d} and amount_minor < 0"),
                format!("update payables set amount_minor = -300 where conversion_id = {d} and amount_minor < 0"),
                paid,
            ),
            (
                "payout_items",
                "update payout_items set is_binding = not is_binding".to_owned(),
                "update payout_items set is_binding = not is_binding".to_owned(),
                paid,
            ),
            (
                "allocations",
                format!("update allocations set amount_minor = 959 where conversion_id = {d}"),
                format!("update allocations set amount_minor = 960 where conversion_id = {d}"),
                paid,
            ),
        ];
        for (table, done, undone, id) in cases {
            tamper(&world.app.store, table, &done).await;
            let found = bad(&world).await;
            let is_named = found.iter().any(|row| row.contains(&id.to_string()) || row.starts_with("payouts take"));
            assert!(is_named, "{kind:?} {done}: {found:#?}");
            tamper(&world.app.store, table, &undone).await;
            assert_eq!(bad(&world).await, Vec::<String>::new(), "{kind:?} {undone}");
        }
        world.app.stop().await;
    }
}
