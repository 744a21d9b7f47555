//! What the pages of coupons share: how one stands, and what it has earned.

pub mod making;

use leptos::prelude::*;

use crate::app::ui::StatusTag;
use crate::domain::money::Money;
use crate::domain::time::{Timestamp, Zone};
use crate::store::coupons::{Coupon, CouponFigures};

const NOTHING: &str = "\u{2013}";

/// Whether it counts now, and the sentence with its dates.
pub fn standing(coupon: &Coupon, zone: &Zone, now: Timestamp) -> (&'static str, String) {
    let from = zone.show(coupon.valid_from_ms);
    if let Some(ended) = coupon.ended_at_ms {
        return ("ended", format!("Valid from {from}; ended on {}.", zone.show(ended)));
    }
    match coupon.valid_until_ms {
        Some(until) if until <= now => ("expired", format!("Was valid from {from} until {}.", zone.show(until))),
        until => {
            let until = until.map_or_else(|| "it is ended".to_owned(), |until| zone.show(until));
            let state = if coupon.valid_from_ms > now { "planned" } else { "live" };
            (state, format!("Valid from {from} until {until}."))
        }
    }
}

/// How it stands, as a cell's content.
pub fn standing_view(coupon: &Coupon, zone: &Zone, now: Timestamp) -> AnyView {
    let (state, why) = standing(coupon, zone, now);
    view! { <span><StatusTag state=state/><span class="status-reason">{why}</span></span> }.into_any()
}

/// Conversions and commission of one coupon, each currency by itself.
pub fn earned(figures: &[CouponFigures], coupon: &Coupon) -> (i64, String) {
    let own = || figures.iter().filter(|one| one.coupon_id == coupon.coupon_id);
    let money: Vec<String> = own().map(|one| Money::new(one.commission_minor, one.currency).to_string()).collect();
    let money = if money.is_empty() { NOTHING.to_owned() } else { money.join(" \u{b7} ") };
    (own().map(|one| one.conversions).sum(), money)
}
