//! What became of every order, beside whose it is: of the network as it is, and of two simpler rule sets on the same
//! trace.

use std::collections::BTreeMap;

use tallystick::domain::conversion::Badge;
use tallystick::store::{audit_money, conversions};

use super::browser::Policy;
use super::live::Live;
use super::people::{HONEST, Order, TOOLBAR};
use super::place::Place;
use super::truth::{Lost, Sent, knowable, lost, owner, personal};
use super::way::Way;

/// How orders were credited, beside whose they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Somebody's sales.
    pub sales: usize,
    pub right: usize,
    /// Credited to another.
    pub wrong: usize,
    /// Of these, those that rest on what a browser alone said: they wait for a person.
    pub wrong_unverified: usize,
    /// Of the others, those where the click was lost, and the coupon that was typed in is what the network was told.
    pub wrong_by_coupon: usize,
    /// Of all of them, those that went to one who does not cheat, although the browser had not lost the click.
    pub wrong_unexplained: usize,
    pub missed: usize,
    /// Orders that nobody sent.
    pub nobodys: usize,
    /// Of these, those that were credited all the same, and those on a browser's word alone.
    pub given: usize,
    pub given_unverified: usize,
    pub why: BTreeMap<Lost, usize>,
}

impl Tally {
    fn add(&mut self, owner: Option<usize>, by: Credited, why: impl Fn() -> Lost) {
        self.sales += usize::from(owner.is_some());
        self.nobodys += usize::from(owner.is_none());
        match (owner, by.publisher) {
            (None, None) => {}
            (None, Some(_)) => {
                self.given += 1;
                self.given_unverified += usize::from(!by.is_vouched);
            }
            (Some(owner), Some(credited)) if owner == credited => self.right += 1,
            (Some(_), Some(credited)) => {
                self.wrong += 1;
                let is_unexplained = credited < HONEST && why() == Lost::Unexplained;
                self.wrong_unexplained += usize::from(is_unexplained);
                self.wrong_unverified += usize::from(!by.is_vouched);
                let is_lost = by.is_by_coupon && by.is_vouched && why() != Lost::Unexplained;
                self.wrong_by_coupon += usize::from(is_lost);
            }
            (Some(_), None) => {
                self.missed += 1;
                *self.why.entry(why()).or_default() += 1;
            }
        }
    }

    pub fn join(&mut self, other: &Self) {
        self.sales += other.sales;
        self.right += other.right;
        self.wrong += other.wrong;
        self.wrong_unverified += other.wrong_unverified;
        self.wrong_by_coupon += other.wrong_by_coupon;
        self.wrong_unexplained += other.wrong_unexplained;
        self.missed += other.missed;
        self.nobodys += other.nobodys;
        self.given += other.given;
        self.given_unverified += other.given_unverified;
        for (why, count) in &other.why {
            *self.why.entry(*why).or_default() += count;
        }
    }
}

/// What a fraudster has, in minor units of commission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loot {
    pub answers: BTreeMap<String, usize>,
    /// Sales of others: approved by themselves, and waiting for a person.
    pub of_others: (usize, i64),
    pub of_others_waiting: (usize, i64),
    /// Sales of others whose click the browser lost, and in which this one's coupon was typed in.
    pub of_others_by_coupon: (usize, i64),
    /// Orders of nobody, and such as never were.
    pub of_nobody: (usize, i64),
    pub of_nobody_waiting: (usize, i64),
    /// Its own: what it bought by its own link, or brought by its own coupon.
    pub own: (usize, i64),
}

#[derive(Debug, Default)]
pub struct Counts {
    /// Whose an order is by what the shop could know.
    pub by_way: BTreeMap<Way, Tally>,
    pub by_policy: BTreeMap<(Way, Policy), Tally>,
    /// Whose it is by all that this person did.
    pub personal: BTreeMap<Way, Tally>,
    pub last_cookie: BTreeMap<Way, Tally>,
    pub first_report: BTreeMap<Way, Tally>,
    pub fraudsters: BTreeMap<usize, Loot>,
    /// Conversions that are nobody's whom we know.
    pub surplus: usize,
}

/// What the network says of one order.
#[derive(Debug, Clone, Copy)]
struct Credited {
    publisher: Option<usize>,
    is_by_coupon: bool,
    is_vouched: bool,
    is_approved: bool,
    commission_minor: i64,
}

const NOTHING: Credited =
    Credited { publisher: None, is_by_coupon: false, is_vouched: false, is_approved: false, commission_minor: 0 };

/// What a simpler rule set says: nobody looks further.
fn simply(publisher: Option<usize>) -> Credited {
    Credited { publisher, is_vouched: true, ..NOTHING }
}

pub async fn count(place: &Place, everybody: &[Live]) -> anyhow::Result<Counts> {
    let (mut counts, mut found) = (Counts::default(), 0);
    let mut conn = place.store.read().await?;
    for live in everybody {
        let campaign = place.shops[live.shopper.shop].campaign;
        let orders = live.shopper.orders.iter().map(|order| (order.id.clone(), Some(order)));
        let invented = live.invented.iter().map(|id| (id.clone(), None));
        for (id, order) in orders.chain(invented) {
            let conversion = conversions::find_by_order(&mut conn, campaign, "sale", &id).await?;
            found += usize::from(conversion.is_some());
            let credited = conversion.map_or(NOTHING, |conversion| Credited {
                publisher: conversion.publisher_id.and_then(|id| place.publishers.iter().position(|one| *one == id)),
                is_by_coupon: conversion.coupon_id.is_some(),
                is_vouched: matches!(conversion.badge, Badge::Signed | Badge::Key),
                is_approved: conversion.approved_at_ms.is_some(),
                commission_minor: conversion.commission_minor,
            });
            counts.loot(live, order, credited);
            if let Some(order) = order.filter(|_| !live.shopper.is_fraudster) {
                counts.order(live, order, credited);
            }
        }
        for ((fraudster, answer), times) in &live.answers {
            *counts.fraudsters.entry(*fraudster).or_default().answers.entry(answer.clone()).or_default() += times;
        }
    }
    counts.surplus = audit_money::conversions(&mut conn).await?.len() - found;
    Ok(counts)
}

impl Counts {
    fn order(&mut self, live: &Live, order: &Order, credited: Credited) {
        let (shopper, way) = (&live.shopper, live.shopper.way());
        let number = shopper.orders.iter().position(|one| one.id == order.id).expect("it is this shopper's");
        let known = knowable(shopper, order);
        let whose = owner(known, order);
        let why = |sent: Option<Sent>| move || lost(shopper, order, sent);
        self.by_way.entry(way).or_default().add(whose, credited, why(known));
        let policy = shopper.devices[order.device];
        self.by_policy.entry((way, policy)).or_default().add(whose, credited, why(known));
        let person = personal(shopper, order);
        self.personal.entry(way).or_default().add(owner(person, order), credited, why(person));
        let cookie = live.by_last_cookie.get(&number).copied();
        self.last_cookie.entry(way).or_default().add(whose, simply(cookie), why(known));
        let first = by_first_report(live, number);
        self.first_report.entry(way).or_default().add(whose, simply(first), why(known));
    }

    fn loot(&mut self, live: &Live, order: Option<&Order>, credited: Credited) {
        let Some(publisher) = credited.publisher.filter(|publisher| *publisher >= HONEST) else { return };
        let loot = self.fraudsters.entry(publisher).or_default();
        let whose = order.and_then(|order| owner(knowable(&live.shopper, order), order));
        let place = match (whose, credited.is_approved) {
            (Some(whose), _) if whose == publisher => &mut loot.own,
            (Some(_), true) if credited.is_by_coupon => &mut loot.of_others_by_coupon,
            (Some(_), true) => &mut loot.of_others,
            (Some(_), false) => &mut loot.of_others_waiting,
            (None, true) => &mut loot.of_nobody,
            (None, false) => &mut loot.of_nobody_waiting,
        };
        place.0 += 1;
        place.1 += credited.commission_minor;
    }

    /// Server to server with tag.
    pub fn promised(&self) -> Tally {
        joined(&self.by_way, Way::is_promised)
    }

    /// What must not be, in sentences.
    pub fn problems(&self) -> Vec<String> {
        let promised = self.promised();
        let mut problems = Vec::new();
        if promised.right * 1_000 < promised.sales * 995 {
            problems.push(format!("only {} of {} promised sales are credited right", promised.right, promised.sales));
        }
        for (way, tally) in &self.by_way {
            let wrong = tally.wrong - tally.wrong_unverified - tally.wrong_by_coupon;
            let given = tally.given - tally.given_unverified;
            if *way != Way::LedAstray && wrong + given > 0 {
                problems.push(format!("{}: {wrong} sales of another and {given} of nobody credited", way.name()));
            }
            if tally.wrong_unexplained > 0 {
                problems.push(format!("{}: {} sales of another without a reason", way.name(), tally.wrong_unexplained));
            }
            if let Some(count) = tally.why.get(&Lost::Unexplained) {
                problems.push(format!("{}: {count} sales missed without a reason", way.name()));
            }
        }
        if promised.wrong > 0 {
            problems.push(format!("{} promised sales credited to another", promised.wrong));
        }
        for (fraudster, loot) in self.fraudsters.iter().filter(|(fraudster, _)| **fraudster != TOOLBAR) {
            if loot.of_others.0 + loot.of_nobody.0 > 0 {
                problems.push(format!("fraudster {fraudster} was approved what is not its own: {loot:?}"));
            }
        }
        if self.surplus > 0 {
            problems.push(format!("{} conversions are of no order: sold twice, or invented", self.surplus));
        }
        problems
    }
}

pub fn joined(tallies: &BTreeMap<Way, Tally>, is_in: impl Fn(Way) -> bool) -> Tally {
    let mut sum = Tally::default();
    tallies.iter().filter(|(way, _)| is_in(**way)).for_each(|(_, tally)| sum.join(tally));
    sum
}

/// Whom the first report of an order names, whoever sent it: the window is counted to its receipt.
fn by_first_report(live: &Live, order: usize) -> Option<usize> {
    let way = live.shopper.way();
    let first = live.reports.iter().find(|report| report.order == order)?;
    let in_window = |(_, at): &&(usize, _)| first.at.since(*at) < way.window_days() * tallystick::domain::time::DAY_MS;
    let mut clicks: Vec<_> = first.clicks.iter().filter(in_window).collect();
    clicks.sort_by_key(|(_, at)| *at);
    let click = if way.counts_first_click() { clicks.first() } else { clicks.last() };
    click.map(|(publisher, _)| *publisher).or(first.coupon)
}
