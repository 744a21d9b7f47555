//! Who does what, when: every shopper's devices, clicks, visits and orders, and what fraudsters do around them. Drawn
//! before anything is sent, so that it is known who sent whom without asking the network.

use std::collections::BTreeMap;

use tallystick::domain::time::{DAY_MS, MINUTE_MS, Timestamp};

use super::browser::{Load, Policy};
use super::dice::Dice;
use super::way::Way;

/// Things happen on the five minutes; each shopper does one thing at a time.
const STEP_MS: i64 = 5 * MINUTE_MS;
pub const STEPS_A_DAY: u64 = (DAY_MS / STEP_MS) as u64;
/// Where the clock starts: 2026-03-02T10:00:00Z.
pub const START: Timestamp = Timestamp(1_772_445_600_000);
/// Journeys begin within so many days.
const DAYS_OF_BEGINNINGS: u64 = 14;
/// Browsers that are emptied are emptied within so many days.
const DAYS_OF_CLEARING: u64 = 50;

/// Publishers by number: first those who advertise, then one for each kind of fraud.
pub const HONEST: usize = 12;
pub const FORGER: usize = 12;
pub const STUFFER: usize = 13;
pub const RIVAL: usize = 14;
pub const REPLAYER: usize = 15;
pub const POACHER: usize = 16;
pub const TOOLBAR: usize = 17;
pub const PUBLISHERS: usize = 18;

/// What a rival's pixel says of the amount of somebody's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    Same,
    Other,
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A person follows a publisher's link.
    Click {
        device: usize,
        publisher: usize,
    },
    /// A toolbar leads the window over the fraudster's link.
    Forced {
        device: usize,
    },
    /// A page of the fraudster's asks for its link without anybody having clicked.
    Stuff {
        device: usize,
        load: Load,
    },
    /// The shop is opened with a click id that the fraudster made up: of now, or of a time to come.
    Lure {
        device: usize,
        is_of_future: bool,
    },
    /// The person empties this browser.
    Clear {
        device: usize,
    },
    Order {
        order: usize,
    },
    /// The shop's server reports an order, later or once more.
    Report {
        order: usize,
    },
    /// The rival clicks its own link, and sends a pixel for this order.
    Rival {
        order: usize,
        claim: Claim,
    },
    /// The forger sends pixels and postbacks for this order with made-up ids and signatures.
    Forge {
        order: usize,
    },
    /// The poacher sends a pixel for this order with its own coupon.
    CouponPixel {
        order: usize,
    },
    /// The buyer sends its own order's pixel again, and ones for orders that never were.
    Replay {
        order: usize,
    },
}

#[derive(Debug, Clone)]
pub struct Order {
    pub id: String,
    pub step: u64,
    pub device: usize,
    pub amount_minor: u64,
    /// Whose coupon was typed in.
    pub coupon: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Shopper {
    /// Which shop, by its place in [`Way::ALL`].
    pub shop: usize,
    pub devices: Vec<Policy>,
    pub orders: Vec<Order>,
    pub acts: BTreeMap<u64, Act>,
    /// One who buys by its own link.
    pub is_fraudster: bool,
}

pub fn time_of(step: u64) -> Timestamp {
    START.plus_ms(step as i64 * STEP_MS)
}

impl Shopper {
    pub fn way(&self) -> Way {
        Way::ALL[self.shop]
    }

    /// Puts an act at the first free step from here on; gives the step.
    fn put(&mut self, step: u64, act: Act) -> u64 {
        let free = (step..).find(|step| !self.acts.contains_key(step)).expect("steps are many");
        self.acts.insert(free, act);
        free
    }

    /// Puts an act at the last free step before this one, if there is any.
    fn put_before(&mut self, step: u64, act: Act) {
        if let Some(free) = (1..step).rev().find(|step| !self.acts.contains_key(step)) {
            self.acts.insert(free, act);
        }
    }
}

/// Everybody.
pub fn people(seed: u64, shoppers: usize) -> Vec<Shopper> {
    let fraudsters = (0..Way::ALL.len()).map(|shop| fraudster(seed, shop));
    (0..shoppers).map(|number| shopper(seed, number)).chain(fraudsters).collect()
}

fn policy(dice: &mut Dice) -> Policy {
    let shares = [
        (Policy::Open, 300),
        (Policy::NoThirdParty, 230),
        (Policy::ScriptCap, 260),
        (Policy::Clears, 70),
        (Policy::Gpc, 50),
        (Policy::AdBlocker, 90),
    ];
    dice.weighed(&shares)
}

fn shopper(seed: u64, number: usize) -> Shopper {
    let dice = &mut Dice::new(seed, number as u64 + 1);
    let devices = if dice.permille(300) { 2 } else { 1 };
    let mut shopper = Shopper {
        shop: number % Way::ALL.len(),
        devices: (0..devices).map(|_| policy(dice)).collect(),
        orders: Vec::new(),
        acts: BTreeMap::new(),
        is_fraudster: false,
    };
    clear(dice, &mut shopper);
    let (last_click, device) = visit(dice, &mut shopper);
    let is_sent = shopper.acts.values().any(|act| matches!(act, Act::Click { .. }));
    let mut step = last_click;
    for turn in 0..2 {
        if !dice.permille(if turn == 1 {
            150
        } else if is_sent {
            600
        } else {
            150
        }) {
            break;
        }
        let device = if dice.permille(850) { device } else { dice.below(devices) as usize };
        step = order(dice, &mut shopper, number, step, device);
    }
    for order in 0..shopper.orders.len() {
        frauds(dice, &mut shopper, order);
    }
    shopper
}

fn clear(dice: &mut Dice, shopper: &mut Shopper) {
    for device in 0..shopper.devices.len() {
        if shopper.devices[device] != Policy::Clears {
            continue;
        }
        let mut step = dice.below(8 * STEPS_A_DAY);
        while step < DAYS_OF_CLEARING * STEPS_A_DAY {
            shopper.put(step, Act::Clear { device });
            step += (2 + dice.below(10)) * STEPS_A_DAY;
        }
    }
}

/// Up to five clicks on publishers' links; gives when the last one was, and on which device.
fn visit(dice: &mut Dice, shopper: &mut Shopper) -> (u64, usize) {
    let (mut step, mut device) = (2 + dice.below(DAYS_OF_BEGINNINGS * STEPS_A_DAY), 0);
    // Where a click counts for long, people come back for longer: more clicks than a cookie keeps, weeks apart.
    let is_long = shopper.way().window_days() > 30;
    let clicks = dice.weighed(&if is_long {
        [(0, 200), (1, 250), (2, 150), (3, 100), (5, 300)]
    } else {
        [(0, 200), (1, 400), (2, 220), (3, 120), (4, 60)]
    });
    for turn in 0..clicks {
        if turn > 0 {
            step += if is_long { STEPS_A_DAY + dice.below(20 * STEPS_A_DAY) } else { delay(dice) };
        }
        device = dice.below(shopper.devices.len() as u64) as usize;
        step = shopper.put(step, Act::Click { device, publisher: dice.below(HONEST as u64) as usize });
    }
    (step, device)
}

/// How long until the next thing: minutes, hours, days.
fn delay(dice: &mut Dice) -> u64 {
    match dice.weighed(&[(0, 40), (1, 35), (2, 25)]) {
        0 => 1 + dice.below(12),
        1 => 12 + dice.below(STEPS_A_DAY),
        _ => STEPS_A_DAY + dice.below(4 * STEPS_A_DAY),
    }
}

/// From the last click to the order; now and then around the very end of the window.
fn until_order(dice: &mut Dice, way: Way) -> u64 {
    let window = way.window_days() as u64 * STEPS_A_DAY;
    match dice.weighed(&[(0, 450), (1, 250), (2, 140), (3, 120), (4, 20), (5, 10), (6, 10)]) {
        0 => 1 + dice.below(12),
        1 => 12 + dice.below(STEPS_A_DAY),
        2 => STEPS_A_DAY + dice.below(6 * STEPS_A_DAY),
        3 => 7 * STEPS_A_DAY + dice.below(28 * STEPS_A_DAY),
        4 => window - 1,
        5 => window,
        _ => window + 1,
    }
}

fn order(dice: &mut Dice, shopper: &mut Shopper, number: usize, from: u64, device: usize) -> u64 {
    let (order, way) = (shopper.orders.len(), shopper.way());
    let step = shopper.put(from + until_order(dice, way), Act::Order { order });
    let coupon = match dice.below(1_000) {
        0..40 if way.reports_by_server() => Some(dice.below(HONEST as u64) as usize),
        40..80 if way.reports_by_server() => Some(POACHER),
        _ => None,
    };
    let id = format!("{number}-{order}");
    shopper.orders.push(Order { id, step, device, amount_minor: 1_000 + dice.below(20_000), coupon });
    match way {
        Way::Late => drop(shopper.put(step + 1 + dice.below(20 * STEPS_A_DAY), Act::Report { order })),
        Way::Twice => {
            for later in [12, STEPS_A_DAY] {
                shopper.put(step + later, Act::Report { order });
            }
        }
        _ => {}
    }
    step
}

/// What is done around an order by those whose it is not.
fn frauds(dice: &mut Dice, shopper: &mut Shopper, order: usize) {
    let Order { step, device, .. } = shopper.orders[order];
    if shopper.way() == Way::LedAstray && dice.permille(200) {
        shopper.put_before(step, Act::Forced { device });
    }
    if dice.permille(40) {
        let is_of_future = dice.permille(500);
        let times = if shopper.way() == Way::LedAstray { 3 } else { 1 + dice.below(2) };
        for _ in 0..times {
            shopper.put_before(step, Act::Lure { device, is_of_future });
        }
    }
    if dice.permille(80) {
        let load = dice.pick(&[Load::Image, Load::Frame, Load::Prefetch]);
        shopper.put_before(step, Act::Stuff { device, load });
    }
    if dice.permille(60) {
        let claim = dice.pick(&[Claim::Same, Claim::Other, Claim::Silent]);
        // The next order's number can be guessed, so the pixel may come before the order.
        if dice.permille(500) {
            shopper.put_before(step, Act::Rival { order, claim });
        } else {
            // Its click was before the order: the rival waits for somebody to buy.
            shopper.put_before(step, Act::Rival { order: usize::MAX, claim });
            shopper.put(step + 1, Act::Rival { order, claim });
        }
    }
    if dice.permille(30) {
        shopper.put(step + 1, Act::Forge { order });
    }
    if dice.permille(30) {
        shopper.put(step + 1, Act::CouponPixel { order });
    }
}

/// One who buys once by its own link, and makes more of it.
fn fraudster(seed: u64, shop: usize) -> Shopper {
    let dice = &mut Dice::new(seed, u64::MAX - shop as u64);
    let mut shopper =
        Shopper { shop, devices: vec![Policy::Open], orders: Vec::new(), acts: BTreeMap::new(), is_fraudster: true };
    let step = shopper.put(STEPS_A_DAY, Act::Click { device: 0, publisher: REPLAYER });
    let id = format!("own-{shop}");
    let step = shopper.put(step + 1 + dice.below(12), Act::Order { order: 0 });
    shopper.orders.push(Order { id, step, device: 0, amount_minor: 5_000, coupon: None });
    if matches!(shopper.way(), Way::Late) {
        shopper.put(step + STEPS_A_DAY, Act::Report { order: 0 });
    }
    for turn in 1..=3 {
        shopper.put(step + turn * STEPS_A_DAY, Act::Replay { order: 0 });
    }
    shopper
}
