//! Whose an order is, from the plan alone: nothing here asks the network, or looks at what a cookie held.

use super::browser::{Keeper, Policy};
use super::people::{Act, Order, STEPS_A_DAY, Shopper};
use super::way::Way;

/// A click of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub step: u64,
    pub device: usize,
    pub publisher: usize,
}

/// Why the network was not told of a click that sent somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// The visitor had asked not to be tracked.
    NoConsent,
    OtherDevice,
    Cleared,
    /// The shop has nothing but the network's cookie, and the browser did not send it.
    ThirdPartyCookie,
    /// Tag and pixel were not loaded.
    AdBlocker,
    /// A script had set the cookie, and the browser ended it after 7 days.
    ScriptCap,
    /// Made-up ids filled the cookie that the shop's server keeps.
    CrowdedOut,
    /// Of more than four clicks the cookie keeps the newest three and the oldest that still counted at the newest one: it
    /// did not count any more when the order came, and this one had not been kept.
    NoRoom,
    /// Its only click id was made up, so the report was refused, and its coupon with it.
    Refused,
    Unexplained,
}

impl Lost {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoConsent => "no consent (GPC)",
            Self::OtherDevice => "bought on the other device",
            Self::Cleared => "cookies cleared in between",
            Self::ThirdPartyCookie => "third-party cookie not sent",
            Self::AdBlocker => "tag or pixel not loaded (ad blocker)",
            Self::ScriptCap => "script's cookie ended after 7 days",
            Self::CrowdedOut => "made-up ids crowded it out of the cookie",
            Self::NoRoom => "an older click kept its place in the cookie",
            Self::Refused => "refused for a made-up id, with its coupon",
            Self::Unexplained => "UNEXPLAINED",
        }
    }
}

/// The clicks before an order that are inside the campaign's window, oldest first.
fn clicks<'s>(shopper: &'s Shopper, order: &'s Order) -> impl DoubleEndedIterator<Item = Sent> + 's {
    let window = shopper.way().window_days() as u64 * STEPS_A_DAY;
    shopper.acts.range(..order.step).filter_map(move |(&step, act)| match *act {
        Act::Click { device, publisher } if order.step - step < window => Some(Sent { step, device, publisher }),
        _ => None,
    })
}

fn by_rule(way: Way, mut clicks: impl DoubleEndedIterator<Item = Sent>) -> Option<Sent> {
    if way.counts_first_click() { clicks.next() } else { clicks.next_back() }
}

fn was_cleared(shopper: &Shopper, since: Sent, until: u64) -> bool {
    let acts = &mut shopper.acts.range(since.step..until);
    acts.any(|(_, act)| *act == Act::Clear { device: since.device })
}

/// The click by which the campaign's rule credits the order, of those that the shop itself could know of: made in the
/// browser in which the order was made, which was not emptied since, and whose person had not asked to be left alone.
pub fn knowable(shopper: &Shopper, order: &Order) -> Option<Sent> {
    let consents = shopper.devices[order.device].consents();
    let known = clicks(shopper, order)
        .filter(|sent| consents && sent.device == order.device && !was_cleared(shopper, *sent, order.step));
    by_rule(shopper.way(), known)
}

/// The same of all clicks of this person, on whatever device.
pub fn personal(shopper: &Shopper, order: &Order) -> Option<Sent> {
    by_rule(shopper.way(), clicks(shopper, order))
}

/// Whose the order is: the click's publisher, or without a click the one whose coupon was typed in.
pub fn owner(click: Option<Sent>, order: &Order) -> Option<usize> {
    click.map(|sent| sent.publisher).or(order.coupon)
}

/// Why the network was not told of the click, or of the coupon, by which an order is somebody's.
pub fn lost(shopper: &Shopper, order: &Order, sent: Option<Sent>) -> Lost {
    let (policy, way) = (shopper.devices[order.device], shopper.way());
    let is_lure = |act: &Act| matches!(act, Act::Lure { device, .. } if *device == order.device);
    let lures = shopper.acts.range(..order.step).filter(|(_, act)| is_lure(act)).count();
    let Some(sent) = sent else { return if lures > 0 { Lost::Refused } else { Lost::Unexplained } };
    if !shopper.devices[sent.device].consents() {
        return Lost::NoConsent;
    }
    if sent.device != order.device {
        return Lost::OtherDevice;
    }
    if was_cleared(shopper, sent, order.step) {
        return Lost::Cleared;
    }
    let is_kept_by_server = way.keeper() == Keeper::Server;
    if policy == Policy::AdBlocker && !is_kept_by_server {
        return Lost::AdBlocker;
    }
    if way == Way::Image && !policy.sends_third_party_cookies() {
        return Lost::ThirdPartyCookie;
    }
    // A made-up id makes the tag write the cookie anew, and then it is a script's.
    if policy == Policy::ScriptCap && is_quiet_for_a_week(shopper, order, sent) && (!is_kept_by_server || lures > 0) {
        return Lost::ScriptCap;
    }
    if is_kept_by_server && lures > 2 {
        return Lost::CrowdedOut;
    }
    if is_behind_an_older_one(shopper, order, sent) { Lost::NoRoom } else { Lost::Unexplained }
}

/// Whether three later clicks of this browser and an older one, which counted until the last of them, fill the cookie.
fn is_behind_an_older_one(shopper: &Shopper, order: &Order, sent: Sent) -> bool {
    let steps: Vec<u64> = (shopper.acts.range(..order.step))
        .filter(|(_, act)| matches!(act, Act::Click { device, .. } if *device == order.device))
        .map(|(step, _)| *step)
        .collect();
    let Some(newest) = steps.last() else { return false };
    let window = shopper.way().window_days() as u64 * STEPS_A_DAY;
    let counted = |step: &&u64| **step < sent.step && newest - **step < window;
    steps.iter().any(|step| counted(&step)) && steps.iter().filter(|step| **step > sent.step).count() >= 3
}

/// Whether seven days went by without a click in this browser, from the click up to the order: each one renews the cookie.
fn is_quiet_for_a_week(shopper: &Shopper, order: &Order, sent: Sent) -> bool {
    let later = clicks(shopper, order).filter(|click| click.device == order.device && click.step >= sent.step);
    let steps: Vec<u64> = later.map(|click| click.step).chain([order.step]).collect();
    steps.windows(2).any(|pair| pair[1] - pair[0] >= 7 * STEPS_A_DAY)
}
