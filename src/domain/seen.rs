//! Everything that the reports of an order name a publisher by, each once: clicks, coupons, bound customers.

use std::cmp::Reverse;

use super::attribution::window_refusal;
use super::conversion::Badge;
use super::coupon::NamedCoupon;
use super::customer::BoundCustomer;
use super::evidence::{Candidate, ClickSource, Evidence, Inputs, version_in_force};
use super::ids::{ClickId, CouponId, CreativeId, EvidenceId, LinkId, PublisherId};
use super::policy::EvidenceKind;
use super::reason::{Outcome, ReasonCode};
use super::terms::Terms;
use super::time::Timestamp;
use super::trace::{TraceLine, Verdict};

/// What names a publisher.
#[derive(Clone, Copy)]
pub(super) enum Named<'i> {
    Click(&'i Candidate),
    Coupon(&'i NamedCoupon),
    Customer(&'i BoundCustomer),
}

impl Named<'_> {
    pub const fn kind(self) -> EvidenceKind {
        match self {
            Self::Click(_) => EvidenceKind::Click,
            Self::Coupon(_) => EvidenceKind::Coupon,
            Self::Customer(_) => EvidenceKind::Customer,
        }
    }

    /// Which one of its kind it is: of a customer, the order by which it was bound.
    pub const fn number(self) -> i64 {
        match self {
            Self::Click(click) => click.click_id.0,
            Self::Coupon(coupon) => coupon.coupon_id.0,
            Self::Customer(customer) => customer.conversion_id.0,
        }
    }

    /// When it began to speak for its publisher.
    pub fn at(self) -> Timestamp {
        match self {
            Self::Click(click) => click.click_id.time(),
            Self::Coupon(coupon) => coupon.valid_from,
            Self::Customer(customer) => customer.bound_at,
        }
    }

    pub const fn publisher_id(self) -> PublisherId {
        match self {
            Self::Click(click) => click.publisher_id,
            Self::Coupon(coupon) => coupon.publisher_id,
            Self::Customer(customer) => customer.publisher_id,
        }
    }

    pub const fn link_id(self) -> LinkId {
        match self {
            Self::Click(click) => click.link_id,
            Self::Coupon(coupon) => coupon.link_id,
            Self::Customer(customer) => customer.link_id,
        }
    }

    pub const fn creative_id(self) -> Option<CreativeId> {
        if let Self::Click(click) = self { click.creative_id } else { None }
    }

    pub const fn click_id(self) -> Option<ClickId> {
        if let Self::Click(click) = self { Some(click.click_id) } else { None }
    }

    pub const fn coupon_id(self) -> Option<CouponId> {
        if let Self::Coupon(coupon) = self { Some(coupon.coupon_id) } else { None }
    }

    /// The version that prices: at click time, or without a click at conversion time.
    fn terms_version(self, terms: &[Terms], converted_at: Timestamp) -> i64 {
        match self {
            Self::Click(click) => click.terms_version,
            Self::Coupon(coupon) => version_in_force(terms, coupon.newest_terms, converted_at),
            Self::Customer(customer) => version_in_force(terms, customer.newest_terms, converted_at),
        }
    }

    /// Why it cannot be credited, the first reason that applies, as far as it knows itself.
    fn refusal(self, converted_at: Timestamp) -> Option<ReasonCode> {
        let (was_active, was_enrolled) = match self {
            Self::Click(click) if !click.has_id => {
                return Some(unattributed_code(click.reason.as_deref().and_then(|reason| reason.parse().ok())));
            }
            Self::Click(click) => (click.was_publisher_active, click.was_enrolled),
            Self::Coupon(coupon) => (coupon.was_publisher_active, coupon.was_enrolled),
            Self::Customer(customer) => (customer.was_publisher_active, customer.was_enrolled),
        };
        if !was_active {
            return Some(ReasonCode::PublisherInactive);
        }
        if !was_enrolled {
            return Some(ReasonCode::NotEnrolled);
        }
        match self {
            Self::Click(click) => window_refusal(self.at(), click.window_ms, converted_at),
            Self::Coupon(coupon) => coupon.date_refusal(converted_at),
            Self::Customer(customer) => window_refusal(self.at(), customer.bound_until.since(self.at()), converted_at),
        }
    }
}

/// A conversion that belongs to nobody carries a code that says so.
pub(super) fn unattributed_code(code: Option<ReasonCode>) -> ReasonCode {
    code.filter(|code| code.outcome() == Outcome::Unattributed).unwrap_or(ReasonCode::ClickUnknown)
}

/// One of them with everything that was reported about it.
pub(super) struct Seen<'i> {
    pub named: Named<'i>,
    pub terms_version: i64,
    /// The highest badge that it was seen with.
    pub badge: Badge,
    pub sources: Vec<ClickSource>,
    pub evidence_ids: Vec<EvidenceId>,
    pub refusal: Option<ReasonCode>,
}

impl Seen<'_> {
    pub const fn kind(&self) -> EvidenceKind {
        self.named.kind()
    }

    /// Its place among the latest of its kind: of two in one millisecond the lower number wins.
    pub fn latest(&self) -> (Timestamp, Reverse<i64>) {
        (self.named.at(), Reverse(self.named.number()))
    }

    /// Its place among the earliest of its kind.
    pub fn earliest(&self) -> (Timestamp, i64) {
        (self.named.at(), self.named.number())
    }

    pub fn is(&self, other: &Self) -> bool {
        (self.kind(), self.named.number()) == (other.kind(), other.named.number())
    }

    pub fn line(&self, verdict: Verdict) -> TraceLine {
        let code = if let Named::Coupon(coupon) = self.named { Some(coupon.code.clone()) } else { None };
        TraceLine {
            kind: self.kind(),
            click_id: self.named.click_id(),
            coupon_id: self.named.coupon_id(),
            publisher_id: Some(self.named.publisher_id()),
            text: code,
            verdict,
            badge: self.badge,
            sources: self.sources.clone(),
            evidence_ids: self.evidence_ids.clone(),
        }
    }
}

/// Everything once, with the highest badge it was seen with.
pub(super) fn gather<'i>(inputs: &'i Inputs, terms: &[Terms], converted_at: Timestamp) -> Vec<Seen<'i>> {
    let mut seen: Vec<Seen<'i>> = Vec::new();
    for evidence in inputs.ranked() {
        for named in named_by(evidence) {
            let known = |seen: &Seen<'_>| (seen.kind(), seen.named.number()) == (named.kind(), named.number());
            let index = seen.iter().position(known).unwrap_or_else(|| {
                seen.push(Seen {
                    named,
                    terms_version: named.terms_version(terms, converted_at),
                    badge: evidence.badge,
                    sources: Vec::new(),
                    evidence_ids: Vec::new(),
                    refusal: refusal_of_all(inputs, evidence).or_else(|| named.refusal(converted_at)),
                });
                seen.len() - 1
            });
            add_to(&mut seen[index], evidence, named);
        }
    }
    seen
}

/// Clicks in the order of their ids: the same one twice is judged by the same record, whichever came first.
fn named_by(evidence: &Evidence) -> Vec<Named<'_>> {
    let mut clicks: Vec<&Candidate> = evidence.clicks.iter().collect();
    clicks.sort();
    let coupon = evidence.beside.coupon.iter().map(Named::Coupon);
    let customer = evidence.beside.customer.iter().map(Named::Customer);
    clicks.into_iter().map(Named::Click).chain(coupon).chain(customer).collect()
}

fn add_to(seen: &mut Seen<'_>, evidence: &Evidence, named: Named<'_>) {
    if let Named::Click(click) = named {
        seen.sources.extend(&click.sources);
        seen.sources.sort();
        seen.sources.dedup();
    }
    seen.evidence_ids.push(evidence.evidence_id);
    seen.evidence_ids.sort();
    seen.evidence_ids.dedup();
}

/// Why nothing of this report can be credited.
fn refusal_of_all(inputs: &Inputs, evidence: &Evidence) -> Option<ReasonCode> {
    if inputs.is_set_aside(evidence) {
        return Some(ReasonCode::OrderConflict);
    }
    if inputs.was_campaign_inactive() {
        return Some(ReasonCode::CampaignInactive);
    }
    inputs.names_other_channel().then_some(ReasonCode::ChannelOther)
}
