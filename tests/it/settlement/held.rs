//! Who cannot be paid, and why: without details, after a change of them, to a place that others share, suspended. And where
//! a payout goes that is under way: nowhere but to what stood there when it was approved.

use tallystick::domain::ids::{PayoutId, PayoutRunId};
use tallystick::domain::party::PartyState;
use tallystick::domain::payout::{PayoutState, SeenRun};
use tallystick::domain::time::{HOUR_MS, MINUTE_MS};
use tallystick::settlement::payout::{self, PayoutRefused};
use tallystick::settlement::payout_details::{ReleaseRefused, release};
use tallystick::store::payouts::Payout;
use tallystick::store::{parties, payout_details, payouts};

use super::world::{EUR, World, an_admin};
use super::{SETTINGS, payable_without_details, payable_world};
use crate::fixtures::{enter_paypal, pay_to};
use crate::gate::{hold_commits, until_waiting};
use crate::support::{Answer, Kind, verified};

const UNPAID: [(&str, &str); 3] = [("A payable", "16.00"), ("network bank", "19.20"), ("network fees", "3.20")];

impl World {
    /// A's details become this PayPal address.
    async fn pay_a_to(&self, seen_version: i64, email: &str) {
        pay_to(&self.app, self.publishers[0].1, seen_version, email).await;
    }

    async fn proposed(&self) -> (PayoutRunId, PayoutState, String) {
        let (store, environment) = (&self.app.store, &self.app.environment);
        let run = payout::propose(store, environment, &an_admin(7), EUR, &SETTINGS).await.unwrap();
        let one = self.only(run).await;
        (run, one.state, one.reason)
    }

    async fn only(&self, run: PayoutRunId) -> Payout {
        let mut list = payouts::list_of_run(&mut self.app.store.read().await.unwrap(), run).await.unwrap();
        assert_eq!(list.len(), 1);
        list.remove(0)
    }

    async fn approve(&self, run: PayoutRunId, seen: SeenRun) -> Result<(), PayoutRefused> {
        payout::approve(&self.app.store, &self.app.environment, &an_admin(7), run, seen, &SETTINGS).await
    }

    /// A payout of A that was approved, at its version.
    async fn approved(&self) -> (PayoutRunId, PayoutId, i64) {
        let (run, _, _) = self.proposed().await;
        self.approve(run, self.seen(run).await).await.unwrap();
        let one = self.only(run).await;
        (run, one.payout_id, one.version)
    }

    async fn mark_paid(&self, id: PayoutId, version: i64) -> Result<(), PayoutRefused> {
        payout::mark_paid(&self.app.store, &self.app.environment, &an_admin(7), id, version, "SEPA 1").await
    }

    async fn run_page(&self, run: PayoutRunId) -> Answer {
        self.admin.get(&format!("/admin/payouts/{run}")).await
    }
}

#[tokio::test]
async fn a_change_holds_payouts_for_72_hours_and_the_first_entry_does_not() {
    for kind in Kind::all() {
        let world = payable_world(kind).await;
        let (early, state, _) = world.proposed().await;
        assert_eq!(state, PayoutState::Proposed);

        world.pay_a_to(1, "second@letters.example").await;
        let refused = world.approve(early, world.seen(early).await).await;
        assert!(matches!(&refused, Err(PayoutRefused::Held(name)) if name == "Garden Letters"), "{refused:?}");
        world.assert_balances(&UNPAID, "nothing is reserved").await;

        let sentence =
            "16.00 EUR waits until 4 Apr 2026, 08:00 UTC, since the payout details were changed, and is carried.";
        let (held, state, reason) = world.proposed().await;
        assert_eq!((state, reason.as_str()), (PayoutState::Carried, sentence));
        let nothing = world.approve(held, world.seen(held).await).await;
        assert!(matches!(nothing, Err(PayoutRefused::NothingToPay)), "{nothing:?}");

        world.app.clock.advance_ms(72 * HOUR_MS - 1);
        assert_eq!(world.proposed().await.1, PayoutState::Carried);
        world.app.clock.advance_ms(1);
        let (run, state, _) = world.proposed().await;
        assert_eq!(state, PayoutState::Proposed);
        world.approve(run, world.seen(run).await).await.unwrap();
        world.app.stop().await;
    }
}

/// What has waited for details is not in a run that was proposed without them, whoever enters some before it is approved.
#[tokio::test]
async fn without_details_a_publisher_is_carried_and_told_to_enter_them() {
    for kind in Kind::all() {
        let mut world = payable_without_details(kind).await;
        let (run, state, reason) = world.proposed().await;
        let sentence = "16.00 EUR waits until payout details are entered, and is carried.";
        assert_eq!((state, reason.as_str()), (PayoutState::Carried, sentence));
        world.admin_again().await;
        assert!(world.run_page(run).await.plain().contains(sentence));
        let page = world.publisher_again(0).await.get("/publisher/payouts").await;
        assert!(page.plain().contains(sentence), "{}", page.plain());
        assert!(page.plain().contains("until you have said where: enter your payout details"), "{}", page.plain());

        let before = world.seen(run).await;
        world.pay_a_to(0, "first@letters.example").await;
        let refused = world.approve(run, before).await;
        assert!(matches!(refused, Err(PayoutRefused::NothingToPay)), "{refused:?}");
        world.assert_balances(&UNPAID, "nothing is reserved").await;
        let told = world.publishers[0].0.get("/publisher/notices").await.plain();
        assert!(told.contains("Your payouts go to f\u{2026}@l\u{2026}.example (PayPal) from now on."), "{told}");
        let (run, state, _) = world.proposed().await;
        assert_eq!(state, PayoutState::Proposed, "a first entry holds nothing");
        world.approve(run, world.seen(run).await).await.unwrap();
        world.app.stop().await;
    }
}

#[tokio::test]
async fn a_suspended_publisher_is_carried_also_where_it_was_suspended_since_the_proposal() {
    for kind in Kind::all() {
        let world = payable_world(kind).await;
        let (run, ..) = world.proposed().await;
        let party = world.publishers[0].1.party();
        let mut w = world.app.store.write().await.unwrap();
        let version = parties::get(&mut w, party).await.unwrap().version;
        parties::update_state(&mut w, party, version, PartyState::Suspended, "under review").await.unwrap();
        w.commit().await.unwrap();
        let refused = world.approve(run, world.seen(run).await).await;
        assert!(matches!(refused, Err(PayoutRefused::Held(_))), "{refused:?}");
        let (_, state, reason) = world.proposed().await;
        let sentence = "16.00 EUR waits while the publisher is suspended, and is carried.";
        assert_eq!((state, reason.as_str()), (PayoutState::Carried, sentence));
        world.app.stop().await;
    }
}

#[tokio::test]
async fn one_destination_of_two_is_held_until_an_admin_lets_it_be_and_again_for_a_third() {
    for kind in Kind::all() {
        let mut world = payable_without_details(kind).await;
        let (app, b) = (&world.app, world.publishers[1].1);
        world.pay_a_to(0, "one@letters.example").await;
        pay_to(app, b, 0, "one@letters.example").await;
        let (run, state, reason) = world.proposed().await;
        let sentence = "16.00 EUR waits until the network has looked at the payout details, and is carried.";
        assert_eq!((state, reason.as_str()), (PayoutState::Carried, sentence));
        let page = world.publisher_again(0).await.get("/publisher/payouts").await.plain();
        assert!(page.contains(sentence) && !page.contains("Trail Notes"), "{page}");

        world.admin_again().await;
        let page = world.run_page(run).await;
        let told = "Garden Letters PayPal o\u{2026}@l\u{2026}.example Trail Notes";
        assert!(page.plain().contains(told), "{}", page.plain());
        let form = page.form("/api/release_destination", &world.publishers[0].1.to_string());
        let refused = world.admin.fill(&form, &[("reason", " ")]).await.plain();
        assert!(refused.contains("Nothing was changed: say why it may be shared"), "{refused}");
        let done = world.admin.fill(&form, &[("reason", "One company.")]).await.plain();
        assert!(done.contains("It may be paid there.") && done.contains("Let be paid by an admin."), "{done}");
        let again = world.admin.fill(&form, &[("reason", "One company.")]).await.plain();
        assert!(again.contains("nobody shares their destination any more"), "{again}");
        assert_eq!(world.proposed().await.1, PayoutState::Proposed, "{kind:?}");

        let newcomer = crate::fixtures::publisher(&world.app, "Third Wheel").await.1;
        pay_to(&world.app, newcomer, 0, "one@letters.example").await;
        assert_eq!(world.proposed().await.1, PayoutState::Carried, "{kind:?}: nobody has looked at the third");
        // Not by a page that did not show the third.
        let (store, environment) = (&world.app.store, &world.app.environment);
        let mut conn = store.read().await.unwrap();
        let a_id = world.publishers[0].1;
        let mut newest = Vec::new();
        for publisher in [a_id, b, newcomer] {
            let row = payout_details::find(&mut conn, publisher).await.unwrap().unwrap();
            newest.push(row.payout_details_id);
        }
        let [a, b, third] = newest[..] else { unreachable!("three publishers") };
        drop(conn);
        let unseen = release(store, environment, &an_admin(7), (a_id, a, b), "Again.").await;
        assert!(matches!(unseen, Err(ReleaseRefused::NotShared)), "{unseen:?}");
        release(store, environment, &an_admin(7), (a_id, a, third), "Still one company.").await.unwrap();
        assert_eq!(world.proposed().await.1, PayoutState::Proposed, "{kind:?}");
        world.app.stop().await;
    }
}

#[tokio::test]
async fn a_payout_goes_where_it_was_approved_to_go_or_fails() {
    for kind in Kind::all() {
        let mut world = payable_world(kind).await;
        let (run, id, version) = world.approved().await;
        world.admin_again().await;
        let page = world.run_page(run).await;
        assert!(page.plain().contains("a\u{2026}@l\u{2026}.example"), "{}", page.plain());
        page.form("/api/mark_payout_paid", "");

        world.pay_a_to(1, "thief@elsewhere.example").await;
        let page = world.run_page(run).await;
        let told = "Its publisher entered other payout details after it was approved: it cannot be marked as paid.";
        assert!(page.plain().contains(told) && !page.text.contains("t\u{2026}@e"), "{}", page.plain());
        assert!(!page.text.contains("/api/mark_payout_paid"), "{}", page.plain());
        let refused = world.mark_paid(id, version).await;
        assert!(matches!(refused, Err(PayoutRefused::OtherDestination)), "{refused:?}");
        let form = page.form("/api/fail_payout", "");
        world.app.clock.advance_ms(5 * MINUTE_MS);
        let confirm = world.admin.fill(&form, &[("reason", "changed")]).await.plain();
        assert!(confirm.contains("Confirm that it is you"), "{confirm}");
        world.admin_again().await;
        let failed = world.admin.fill(&form, &[("reason", "other details since")]).await.plain();
        assert!(failed.contains("The payout has failed"), "{failed}");
        world.assert_balances(&UNPAID, "payable again").await;
        assert_eq!(world.proposed().await.1, PayoutState::Carried, "and held after the change");
        world.app.clock.advance_ms(72 * HOUR_MS);
        let (_, id, version) = world.approved().await;
        world.mark_paid(id, version).await.unwrap();
        world.app.stop().await;
    }
}

/// What is with the bank goes where it was approved to go, also where its publisher enters other details meanwhile.
#[tokio::test]
async fn what_is_with_the_bank_can_be_called_paid_and_may_come_back() {
    for kind in Kind::all() {
        let mut world = payable_world(kind).await;
        let (run, id, _) = world.approved().await;
        world.admin_again().await;
        let form = world.run_page(run).await.form("/api/mark_payout_sent", "");
        let sent = world.admin.fill(&form, &[]).await;
        let told = "Given to the bank on 1 Apr 2026, 08:00: it is on its way to a\u{2026}@l\u{2026}.example.";
        assert!(sent.plain().contains(told), "{}", sent.plain());
        assert!(!sent.text.contains("/api/mark_payout_sent"), "{}", sent.plain());
        let again = world.admin.fill(&form, &[]).await.plain();
        assert!(again.contains("Nothing was changed: the payout is sent, which leaves no such step."), "{again}");

        world.pay_a_to(1, "other@letters.example").await;
        let form = world.run_page(run).await.form("/api/mark_payout_paid", "");
        let paid = world.admin.fill(&form, &[("reference", "SEPA 1")]).await;
        assert!(paid.plain().contains("The payout is paid."), "{}", paid.plain());
        world.assert_balances(&[("network bank", "3.20"), ("network fees", "3.20")], "paid").await;
        assert_eq!(world.paid_totals().await, (1600, 2));

        let form = paid.form("/api/return_payout", "");
        let silent = world.admin.fill(&form, &[("reason", "")]).await.plain();
        assert!(silent.contains("Nothing was changed: say why"), "{silent}");
        let back = world.admin.fill(&form, &[("reason", "no such account")]).await.plain();
        let told = "Sent back by the bank on 1 Apr 2026, 08:00: no such account. It is payable again.";
        assert!(back.contains(told), "{back}");
        world.assert_balances(&UNPAID, "it came back").await;
        let numbers = "select count(*) as n from conversions where state = 'payable' and payout_id is null";
        assert_eq!(world.numbers(numbers).await, [2], "{kind:?}");
        verified(&world.app.store).await;
        let late = payout::returned(&world.app.store, &world.app.environment, &an_admin(7), id, 5, "again").await;
        assert!(matches!(late, Err(PayoutRefused::NotUnderWay(PayoutState::Returned))), "{late:?}");
        assert_eq!(world.proposed().await.1, PayoutState::Carried, "held after the change");
        world.app.stop().await;
    }
}

/// Other details are about to be committed: what is approved, or marked as paid, meanwhile waits for them and sees them.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_a_payment_beside_a_change_of_details_see_it() {
    for kind in Kind::all() {
        for is_approved in [false, true] {
            let world = payable_world(kind).await;
            let (run, id, version) = match is_approved {
                true => world.approved().await,
                false => (world.proposed().await.0, PayoutId(0), 0),
            };
            let (seen, a) = (world.seen(run).await, world.publishers[0].1);
            let mut gate = match kind {
                Kind::Postgres => Some(hold_commits(&world.app.database.url, "payout_details").await),
                Kind::Sqlite => None,
            };
            let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
            let change = tokio::spawn(async move {
                enter_paypal(&store, &environment, a, 1, "other@letters.example").await;
            });
            match &mut gate {
                Some(gate) => until_waiting(gate, 1, || change.is_finished()).await,
                // One writes after the other.
                None => {
                    while !change.is_finished() {
                        tokio::task::yield_now().await;
                    }
                }
            }
            let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
            let step = tokio::spawn(async move {
                let admin = an_admin(7);
                match is_approved {
                    true => payout::mark_paid(&store, &environment, &admin, id, version, "SEPA 1").await,
                    false => payout::approve(&store, &environment, &admin, run, seen, &SETTINGS).await,
                }
            });
            if let Some(mut gate) = gate {
                until_waiting(&mut gate, 2, || step.is_finished()).await;
                assert!(!step.is_finished(), "it waits for the change");
                sqlx::Connection::close(gate).await.unwrap();
            }
            change.await.unwrap();
            let refused = step.await.unwrap();
            let is_seen = match is_approved {
                true => matches!(refused, Err(PayoutRefused::OtherDestination)),
                false => matches!(refused, Err(PayoutRefused::Held(_))),
            };
            assert!(is_seen, "{kind:?} {is_approved}: {refused:?}");
            world.app.stop().await;
        }
    }
}

/// The total that the admin saw is the total that is approved: else nothing is, and old and new are shown side by side.
#[tokio::test]
async fn what_is_not_what_the_admin_saw_is_asked_again_with_old_beside_new() {
    for kind in Kind::all() {
        let mut world = payable_world(kind).await;
        world.admin_again().await;
        let (run, ..) = world.proposed().await;
        let page = world.run_page(run).await;
        let form = page.form("/api/approve_payout_run", "");
        assert!(form.text.contains("Approve 1 payout, 16.00 EUR"), "{}", form.text);

        // Another total than the page had, then details that hold the payout.
        let other = world.admin.fill(&form, &[("total_minor", "1700")]).await;
        let told = "Nothing was approved: it is not what you saw any more.";
        assert!(other.plain().contains(told), "{}", other.plain());
        assert!(other.plain().contains("Garden Letters 16.00 EUR 16.00 EUR The same."), "{}", other.plain());
        let form = other.form("/api/approve_payout_run", "");
        world.pay_a_to(1, "second@letters.example").await;
        let held = world.admin.fill(&form, &[]).await;
        let row = "Garden Letters 16.00 EUR 16.00 EUR, carried It is carried now.";
        assert!(held.plain().contains(told) && held.plain().contains(row), "{}", held.plain());
        assert!(held.plain().contains("16.00 EUR waits until 4 Apr 2026, 08:00 UTC"), "{}", held.plain());
        assert!(!held.text.contains("/api/approve_payout_run"), "there is nothing to approve: {}", held.plain());
        world.assert_balances(&UNPAID, "nothing is reserved").await;

        world.app.clock.advance_ms(72 * HOUR_MS);
        world.admin_again().await;
        let page = world.admin.submit("/api/propose_payouts", &[("currency", "EUR")]).await;
        let done = world.admin.fill(&page.form("/api/approve_payout_run", ""), &[]).await.plain();
        assert!(done.contains("The run is approved"), "{done}");
        world.app.stop().await;
    }
}
