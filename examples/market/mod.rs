//! A market whose truth is known: shoppers, shops and fraudsters around a real network, by real requests.
//!
//! Who sent whom is drawn before anything is asked of the network (`people`), and judged from the plan alone (`truth`).
//! Browsers keep and send what their policy lets them (`browser`, where the tag does what `public/t.js` does), shops
//! report in nine ways (`way`, `live`), and the clock is moved by hand, so that the same seed gives the same table.
//!
//! **An affiliate sale** is an order that belongs to a publisher by the campaign's rule (last click, or first; half-open
//! window; without a click the coupon that was typed in), applied to the clicks *that the shop itself could know of*:
//! those made in the browser in which the order was made, since it was last emptied, by somebody who had not asked by
//! GPC to be left alone. What a browser does to third-party cookies, to scripts' cookies and to foreign scripts is no
//! excuse: those sales count. Orders on a person's other device, after clearing, and without consent are counted out
//! there and counted in a second time, as *all that people did*, with the share of each reason.
//!
//! **Right** is credited to that publisher; **wrong** to another; **missed** to nobody. An order that is nobody's and was
//! credited is **given**. A credit that rests on a browser's word alone waits for a person and is told apart: a
//! pixel's request can be sent by anybody who guesses an order number. After the last report the clock goes on until
//! everything that is approved by itself has been.
//!
//! Where a shopper's own browser is led astray, a shop of its own stands outside of the promise. Toolbars lead the window
//! over their link just before the order, which by a last-click rule is the last click: no report can tell it from a
//! person's. And three made-up click ids in a browser that blocks the tag push true ones out of the shop's cookie, which
//! has room for four. In the other shops it is one or two of them.

mod browser;
mod count;
mod dice;
mod live;
mod people;
mod place;
mod table;
mod truth;
mod way;

use std::collections::BTreeMap;

use anyhow::Context;
use futures::TryStreamExt;
use tallystick::domain::time::DAY_MS;
use tallystick::reports::verify;
use tokio::sync::Mutex;

use live::Live;
use place::Place;

/// Requests of one moment that are under way at once.
const CONCURRENCY: usize = 32;
/// Validation and what follows is over so long after the last report.
const AFTERWARDS_MS: i64 = 62 * DAY_MS;

/// What came out.
pub struct Outcome {
    /// For people; the same for the same seed and number.
    pub text: String,
    pub promised_sales: usize,
    /// What must not be; empty where all is well.
    pub problems: Vec<String>,
}

/// Opens a network on an empty database, lets everybody act, and counts.
pub async fn run(database_url: &str, seed: u64, shoppers: usize) -> anyhow::Result<Outcome> {
    let place = Place::open(database_url, seed, people::PUBLISHERS).await?;
    let everybody = people::people(seed, shoppers).into_iter().enumerate();
    let everybody: Vec<_> = everybody.map(|(number, shopper)| Mutex::new(Live::new(shopper, number))).collect();
    let end = trade(&place, &everybody).await?;
    place.move_to(people::time_of(end).plus_ms(AFTERWARDS_MS));
    place.run_tasks().await;
    let everybody: Vec<Live> = everybody.into_iter().map(Mutex::into_inner).collect();
    let counts = count::count(&place, &everybody).await?;
    let checks = verify::verify(&mut place.store.snapshot_counted().await?).await?;
    let mut problems = counts.problems();
    if verify::differences(&checks) > 0 {
        problems.push(verify::told(&checks));
    }
    place.close().await;
    Ok(Outcome { text: table::written(&counts), promised_sales: counts.promised().sales, problems })
}

/// Every act at its time, those of one moment together; gives the last moment.
async fn trade(place: &Place, everybody: &[Mutex<Live>]) -> anyhow::Result<u64> {
    let mut plan: BTreeMap<u64, Vec<(usize, people::Act)>> = BTreeMap::new();
    for (number, live) in everybody.iter().enumerate() {
        for (step, act) in &live.lock().await.shopper.acts {
            plan.entry(*step).or_default().push((number, *act));
        }
    }
    for (step, acts) in &plan {
        let now = people::time_of(*step);
        place.move_to(now);
        let acts = futures::stream::iter(acts.iter().map(Ok::<_, anyhow::Error>));
        acts.try_for_each_concurrent(CONCURRENCY, |(number, act)| async move {
            let acted = everybody[*number].lock().await.act(place, *act, now).await;
            acted.with_context(|| format!("shopper {number} at {now}: {act:?}"))
        })
        .await?;
    }
    Ok(plan.keys().next_back().copied().unwrap_or(0))
}
