//! Attribution: whom a conversion belongs to, and why not to the others (domain.md sections 2 to 4).
//! A pure function of stored inputs, independent of their order: anybody can replay it.

use std::cmp::{Ordering, Reverse};

use serde::{Deserialize, Serialize};

use super::conversion::Badge;
use super::evidence::{Inputs, Undecidable, version};
use super::ids::{ClickId, CouponId, CreativeId, LinkId, PublisherId};
use super::policy::EvidenceKind;
use super::reason::ReasonCode;
use super::seen::{Seen, gather, unattributed_code};
use super::terms::{Model, Terms};
use super::time::Timestamp;
use super::trace::{LossReason, TraceLine, Verdict, unresolved_lines};

/// Whom a conversion belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    pub publisher_id: Option<PublisherId>,
    pub link_id: Option<LinkId>,
    pub creative_id: Option<CreativeId>,
    pub click_id: Option<ClickId>,
    pub coupon_id: Option<CouponId>,
    /// The version that prices it: the credited click's, or the one at conversion time, else the campaign's.
    pub terms_version: i64,
    /// Why it belongs to nobody.
    pub reason: Option<ReasonCode>,
    /// The winner first, then by badge, kind and time, latest first.
    pub trace: Vec<TraceLine>,
    /// The rank on which it rests; the highest there is when it belongs to nobody.
    pub badge: Badge,
    pub converted_at: Timestamp,
}

/// Credits a conversion to a click, a coupon or a bound customer, or says why to none.
///
/// The highest rank with anything that counts decides, whatever its kind; lower ranks only where the higher have none.
/// Inside it the policy chooses the kind. Among clicks the model chooses by click time; of several coupons the one that
/// was made first is credited, of several bindings the one that began first. Policy and model are those of the newest
/// terms among what they choose from.
pub fn attribute(inputs: &Inputs, terms: &[Terms]) -> Result<Credit, Undecidable> {
    let (converted_at, top) = inputs.converted_at().zip(inputs.top_badge()).ok_or(Undecidable::NoEvidence)?;
    let seen = gather(inputs, terms, converted_at);
    let winner = choose(&seen, terms)?;
    let named = winner.map(|winner| winner.named);
    Ok(Credit {
        publisher_id: named.map(|named| named.publisher_id()),
        link_id: named.map(|named| named.link_id()),
        creative_id: named.and_then(|named| named.creative_id()),
        click_id: named.and_then(|named| named.click_id()),
        coupon_id: named.and_then(|named| named.coupon_id()),
        terms_version: winner.map_or(inputs.current_terms_version, |winner| winner.terms_version),
        reason: if winner.is_none() { Some(why_nobody(inputs, &seen)) } else { None },
        badge: winner.map_or(top, |winner| winner.badge),
        trace: trace(inputs, &seen, winner),
        converted_at,
    })
}

/// The window rule: credited if and only if `0 ≤ conversion time − click time < window`; exact, half-open.
pub fn window_refusal(clicked_at: Timestamp, window_ms: i64, converted_at: Timestamp) -> Option<ReasonCode> {
    match converted_at.since(clicked_at) {
        age if age < 0 => Some(ReasonCode::BeforeClick),
        age if age >= window_ms => Some(ReasonCode::WindowExpired),
        _ => None,
    }
}

fn choose<'s, 'i>(seen: &'s [Seen<'i>], terms: &[Terms]) -> Result<Option<&'s Seen<'i>>, Undecidable> {
    let counting = || seen.iter().filter(|seen| seen.refusal.is_none());
    let Some(rank) = counting().map(|seen| seen.badge.rank()).max() else { return Ok(None) };
    let vouched = || counting().filter(|seen| seen.badge.rank() == rank);
    let newest = vouched().map(|seen| seen.terms_version).max().unwrap_or_default();
    let policy = version(terms, newest)?.policy;
    let kind = policy.first(|kind| vouched().any(|seen| seen.kind() == kind));
    let rivals = || vouched().filter(|seen| Some(seen.kind()) == kind);
    if kind != Some(EvidenceKind::Click) {
        return Ok(match kind {
            Some(EvidenceKind::Coupon) => rivals().min_by_key(|seen| seen.named.number()),
            _ => rivals().min_by_key(|seen| seen.earliest()),
        });
    }
    let newest = rivals().map(|seen| seen.terms_version).max().unwrap_or_default();
    Ok(match version(terms, newest)?.model {
        Model::LastClick => rivals().max_by_key(|seen| seen.latest()),
        Model::FirstClick => rivals().min_by_key(|seen| seen.earliest()),
    })
}

/// The one reason of a conversion that belongs to nobody. A campaign that did not run, and a channel beside the
/// affiliate's, speak for all. Else the best vouched report does, and in it a click before a click id that led to none,
/// before a coupon that cannot be credited, before a code that is no coupon; of several clicks the latest. A customer
/// gives no reason of its own: most are bound to nobody.
fn why_nobody(inputs: &Inputs, seen: &[Seen<'_>]) -> ReasonCode {
    if inputs.was_campaign_inactive() {
        return ReasonCode::CampaignInactive;
    }
    if inputs.names_other_channel() {
        return ReasonCode::ChannelOther;
    }
    let named = seen.iter().filter(|seen| seen.refusal != Some(ReasonCode::OrderConflict));
    let named = named.filter_map(|seen| {
        let place = match seen.kind() {
            EvidenceKind::Click => 3,
            EvidenceKind::Coupon => 1,
            EvidenceKind::Customer => return None,
        };
        Some(((seen.badge.rank(), place, Some(seen.latest()), None), seen.refusal?))
    });
    let counted = inputs.evidence.iter().filter(|evidence| !inputs.is_set_aside(evidence));
    let unresolved =
        counted.flat_map(|evidence| evidence.unresolved.iter().map(move |one| (evidence.badge, one.reason)));
    let unresolved = unresolved.map(|(badge, reason)| {
        let place = if reason == ReasonCode::CouponUnknown { 0 } else { 2 };
        ((badge.rank(), place, None, Some(Reverse(reason))), reason)
    });
    let best = named.chain(unresolved).max_by_key(|(place, _)| *place);
    best.map_or(ReasonCode::NoEvidence, |(_, reason)| unattributed_code(Some(reason)))
}

fn trace(inputs: &Inputs, seen: &[Seen<'_>], winner: Option<&Seen<'_>>) -> Vec<TraceLine> {
    let mut sorted: Vec<&Seen<'_>> = seen.iter().collect();
    let is_winner = |seen: &Seen<'_>| winner.is_some_and(|winner| winner.is(seen));
    sorted.sort_by_key(|seen| (!is_winner(seen), Reverse(seen.badge.rank()), seen.kind(), Reverse(seen.latest())));
    let lines = sorted.into_iter().map(|seen| seen.line(verdict(seen, winner)));
    lines.chain(unresolved_lines(inputs)).collect()
}

fn verdict(seen: &Seen<'_>, winner: Option<&Seen<'_>>) -> Verdict {
    match (seen.refusal, winner) {
        (Some(reason), _) => Verdict::Refused(reason),
        (None, Some(winner)) if !winner.is(seen) => Verdict::Lost(loss(seen, winner)),
        (None, _) => Verdict::Won,
    }
}

fn loss(seen: &Seen<'_>, winner: &Seen<'_>) -> LossReason {
    if seen.badge != winner.badge {
        return LossReason::LowerRank;
    }
    match (seen.kind(), winner.named.at().cmp(&seen.named.at())) {
        (kind, _) if kind != winner.kind() => LossReason::OtherKind,
        (EvidenceKind::Coupon, _) => LossReason::OlderCouponWon,
        (EvidenceKind::Customer, _) => LossReason::EarlierBindingWon,
        (EvidenceKind::Click, Ordering::Greater) => LossReason::LaterClickWon,
        (EvidenceKind::Click, Ordering::Less) => LossReason::EarlierClickWon,
        (EvidenceKind::Click, Ordering::Equal) => LossReason::LowerIdWon,
    }
}
