//! The final state of an order does not depend on the order in which its reports arrived (story, last paragraph).

use std::collections::BTreeMap;

use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::CampaignId;
use tallystick::store::{conversions, ledger};

use crate::shop::Visitor;
use crate::support::Kind;
use crate::world::World;

/// The reports of one order that may come beside the signed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Signed,
    PixelWithoutCookie,
    PixelWithCookie,
    Forged,
    /// `tallystick.convert`: the pixel's end point with the first-party click ids, and no cookie.
    Script,
}

/// All orders of all subsets that hold the signed report.
fn sequences() -> Vec<Vec<Report>> {
    fn extend(found: &mut Vec<Vec<Report>>, so_far: &[Report]) {
        const ALL: [Report; 5] =
            [Report::Signed, Report::PixelWithoutCookie, Report::PixelWithCookie, Report::Forged, Report::Script];
        if so_far.contains(&Report::Signed) {
            found.push(so_far.to_vec());
        }
        for next in ALL.into_iter().filter(|next| !so_far.contains(next)) {
            extend(found, &[so_far, &[next]].concat());
        }
    }
    let mut found = Vec::new();
    extend(&mut found, &[]);
    found
}

#[test]
fn there_are_261_sequences() {
    assert_eq!(sequences().len(), 1 + 4 * 2 + 6 * 6 + 4 * 24 + 120);
}

/// An order of the story: its number, its amount, the commission, and whether it is B's (else A's).
const ORDERS: [(&str, &str, i64, bool); 4] =
    [("O1", "49.90", 499, true), ("O2", "20.00", 200, true), ("O3", "30.00", 300, false), ("O4", "80.00", 800, false)];

struct Scene {
    world: World,
    v1: Visitor,
    v2: Visitor,
    stranger: Visitor,
    v1_click: String,
    v2_click: String,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let world = World::new(kind).await;
        let (v1, v2) = (Visitor::new(&world.app, 1), Visitor::new(&world.app, 2));
        v1.click(&world.a_w).await;
        world.app.clock.advance_ms(60_000);
        let v1_click = v1.click(&world.b_w).await.id;
        let v2_click = v2.click(&world.a_w).await.id;
        let stranger = Visitor::new(&world.app, 9);
        world.app.clock.advance_ms(60_000);
        Self { world, v1, v2, stranger, v1_click, v2_click }
    }

    async fn send(&self, report: Report, order: &str, amount: &str, is_b: bool) {
        let (visitor, click) = if is_b { (&self.v1, &self.v1_click) } else { (&self.v2, &self.v2_click) };
        let query = format!("order_id={order}&amount={amount}&currency=EUR");
        let forged = format!("order_id={order}&amount=0.01&currency=EUR");
        let campaign = &self.world.w;
        match report {
            Report::Signed => {
                let signed = format!("click_id={click}&{query}");
                let reply = self.world.shop_w.report(&self.world.app, &signed).await;
                assert!(reply.status < 300, "{reply:?}");
            }
            Report::PixelWithoutCookie => drop(self.stranger.pixel(campaign, &query).await),
            Report::PixelWithCookie => drop(visitor.pixel(campaign, &query).await),
            Report::Forged => drop(self.stranger.pixel(campaign, &forged).await),
            Report::Script => drop(self.stranger.pixel(campaign, &format!("click_id={click}&{query}")).await),
        }
        self.world.app.clock.advance_ms(1_000);
    }

    /// Publisher, amount, commission, fee and badge of an order.
    async fn state(&self, order: &str) -> (String, Option<i64>, i64, i64, Badge) {
        let mut conn = self.world.app.store.read().await.unwrap();
        let campaign: CampaignId = self.world.w.parse().unwrap();
        let found = conversions::find_by_order(&mut conn, campaign, "sale", order).await.unwrap().unwrap();
        let publisher = found.publisher_id.map(|id| id.to_string()).unwrap_or_default();
        (publisher, found.amount_minor, found.commission_minor, found.fee_minor, found.badge)
    }

    async fn balances(&self) -> BTreeMap<(String, &'static str), i64> {
        let mut conn = self.world.app.store.read().await.unwrap();
        let all = ledger::balances(&mut conn).await.unwrap();
        all.into_iter().map(|one| ((one.party_name, one.kind.as_str()), one.balance_minor)).collect()
    }
}

#[tokio::test]
async fn every_order_of_arrival_ends_in_the_same_state_and_balances() {
    for kind in Kind::all() {
        let scene = Scene::new(kind).await;
        for (name, amount, commission, is_b) in ORDERS {
            let mut first: Option<(_, _)> = None;
            for (number, sequence) in sequences().into_iter().enumerate() {
                let before = scene.balances().await;
                let order = format!("{name}-{number}");
                for report in &sequence {
                    scene.send(*report, &order, amount, is_b).await;
                }
                let after = scene.balances().await;
                let moved: BTreeMap<_, _> = after
                    .iter()
                    .map(|(account, minor)| (account.clone(), minor - before.get(account).unwrap_or(&0)))
                    .filter(|(_, minor)| *minor != 0)
                    .collect();
                let state = scene.state(&order).await;
                assert_eq!((state.2, state.4), (commission, Badge::Signed), "{kind:?} {name} {sequence:?}");
                let first = first.get_or_insert_with(|| (state.clone(), moved.clone()));
                assert_eq!((&state, &moved), (&first.0, &first.1), "{kind:?} {name} {sequence:?}");
            }
        }
        // Decisions that later ones replaced, too: a report more than there are conversions at least.
        let stored = crate::windows::replayed(&scene.world.app.store).await;
        assert!(stored > 2 * ORDERS.len() * sequences().len(), "{stored}");
        scene.world.app.stop().await;
    }
}
