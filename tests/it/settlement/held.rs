//! A change of payout details holds what would have been paid: in the proposal, and between proposal and approval.

use tallystick::domain::ids::{MemberId, PayoutRunId};
use tallystick::domain::payout::PayoutState;
use tallystick::domain::payout_details::{EnteredDetails, PayoutDetails};
use tallystick::domain::secret::SecretKey;
use tallystick::domain::time::HOUR_MS;
use tallystick::settlement::payout::{self, PayoutRefused};
use tallystick::settlement::payout_details::change;
use tallystick::store::payouts;

use super::world::{EUR, World, an_admin};
use super::{SETTINGS, payable_world};
use crate::support::Kind;

/// A's details become this PayPal address.
async fn pay_to(world: &World, seen_version: i64, email: &str) {
    let (method, paypal_email) = ("paypal".to_owned(), email.to_owned());
    let details = PayoutDetails::read(&EnteredDetails { method, paypal_email, ..EnteredDetails::default() }).unwrap();
    let (app, by) = (&world.app, (world.publishers[0].1, MemberId(5)));
    let key = SecretKey::from_bytes([9; 32]);
    change(&app.store, &app.environment, &key, by, seen_version, &details).await.unwrap();
}

async fn proposed(world: &World) -> (PayoutRunId, PayoutState, String) {
    let (store, environment) = (&world.app.store, &world.app.environment);
    let run = payout::propose(store, environment, &an_admin(7), EUR, &SETTINGS).await.unwrap();
    let one = payouts::list_of_run(&mut store.read().await.unwrap(), run).await.unwrap().remove(0);
    (run, one.state, one.reason)
}

#[tokio::test]
async fn a_change_holds_payouts_for_72_hours_and_the_first_entry_does_not() {
    for kind in Kind::all() {
        let world = payable_world(kind).await;
        let (store, environment, admin) = (&world.app.store, &world.app.environment, an_admin(7));
        pay_to(&world, 0, "first@letters.example").await;
        let (early, state, _) = proposed(&world).await;
        assert_eq!(state, PayoutState::Proposed);

        pay_to(&world, 1, "second@letters.example").await;
        let refused = payout::approve(store, environment, &admin, early, 1, &SETTINGS).await;
        assert!(
            matches!(&refused, Err(PayoutRefused::DetailsChanged(name)) if name == "Garden Letters"),
            "{refused:?}"
        );
        let unpaid = [("A payable", "16.00"), ("network bank", "19.20"), ("network fees", "3.20")];
        world.assert_balances(&unpaid, "nothing is reserved").await;

        let sentence =
            "16.00 EUR waits until 4 Apr 2026, 08:00 UTC, since the payout details were changed, and is carried.";
        let (held, state, reason) = proposed(&world).await;
        assert_eq!((state, reason.as_str()), (PayoutState::Carried, sentence));
        let nothing = payout::approve(store, environment, &admin, held, 1, &SETTINGS).await;
        assert!(matches!(nothing, Err(PayoutRefused::NothingToPay)), "{nothing:?}");

        world.app.clock.advance_ms(72 * HOUR_MS - 1);
        assert_eq!(proposed(&world).await.1, PayoutState::Carried);
        world.app.clock.advance_ms(1);
        let (run, state, _) = proposed(&world).await;
        assert_eq!(state, PayoutState::Proposed);
        payout::approve(store, environment, &admin, run, 1, &SETTINGS).await.unwrap();
        world.app.stop().await;
    }
}
