//! Attribution: whom a conversion belongs to, and why not to the others (domain.md sections 2 to 4).
//! A pure function of stored inputs, independent of their order: anybody can replay it.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::conversion::Badge;
use super::evidence::{Candidate, ClickSource, Evidence, Inputs, Undecidable, version};
use super::ids::{ClickId, CreativeId, EvidenceId, LinkId, PublisherId};
use super::reason::{Outcome, ReasonCode};
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
    /// The version that prices it: the credited click's, else the campaign's.
    pub terms_version: i64,
    /// Why it belongs to nobody.
    pub reason: Option<ReasonCode>,
    /// The winner first, then by badge and click time, latest first.
    pub trace: Vec<TraceLine>,
    /// The rank on which it rests; the highest there is when it belongs to nobody.
    pub badge: Badge,
    pub converted_at: Timestamp,
}

/// A click with everything that was reported about it.
struct Seen<'i> {
    click: &'i Candidate,
    badge: Badge,
    sources: Vec<ClickSource>,
    evidence_ids: Vec<EvidenceId>,
    refusal: Option<ReasonCode>,
}

impl Seen<'_> {
    fn at(&self) -> Timestamp {
        self.click.click_id.time()
    }

    /// Its place among the latest: of two clicks in one millisecond the lower id wins.
    fn latest(&self) -> (Timestamp, Reverse<ClickId>) {
        (self.at(), Reverse(self.click.click_id))
    }

    fn line(&self, verdict: Verdict) -> TraceLine {
        TraceLine {
            click_id: Some(self.click.click_id),
            publisher_id: Some(self.click.publisher_id),
            text: None,
            verdict,
            badge: self.badge,
            sources: self.sources.clone(),
            evidence_ids: self.evidence_ids.clone(),
        }
    }
}

/// Credits a conversion to a click, or says why to none.
///
/// The highest rank with a click that counts decides, lower ranks only where the higher have none; inside it the model
/// chooses by click time. The model is that of the newest terms among these clicks.
pub fn attribute(inputs: &Inputs, terms: &[Terms]) -> Result<Credit, Undecidable> {
    let (converted_at, top) = inputs.converted_at().zip(inputs.top_badge()).ok_or(Undecidable::NoEvidence)?;
    let seen = gather(inputs, converted_at);
    let winner = choose(&seen, terms)?;
    let click = winner.map(|winner| winner.click);
    Ok(Credit {
        publisher_id: click.map(|click| click.publisher_id),
        link_id: click.map(|click| click.link_id),
        creative_id: click.and_then(|click| click.creative_id),
        click_id: click.map(|click| click.click_id),
        terms_version: click.map_or(inputs.current_terms_version, |click| click.terms_version),
        reason: if winner.is_none() { Some(why_nobody(inputs, &seen)) } else { None },
        badge: winner.map_or(top, |winner| winner.badge),
        trace: trace(inputs, &seen, winner),
        converted_at,
    })
}

/// Every click once, with the highest badge it was seen with.
fn gather(inputs: &Inputs, converted_at: Timestamp) -> Vec<Seen<'_>> {
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for evidence in inputs.ranked() {
        let mut clicks: Vec<&Candidate> = evidence.clicks.iter().collect();
        clicks.sort();
        for click in clicks {
            let known = seen.iter().position(|seen| seen.click.click_id == click.click_id);
            let index = known.unwrap_or_else(|| {
                let refusal = refusal(inputs, evidence, click, converted_at);
                let (sources, evidence_ids) = (Vec::new(), Vec::new());
                seen.push(Seen { click, badge: evidence.badge, sources, evidence_ids, refusal });
                seen.len() - 1
            });
            add_to(&mut seen[index], evidence, click);
        }
    }
    seen
}

fn add_to(seen: &mut Seen<'_>, evidence: &Evidence, click: &Candidate) {
    seen.sources.extend(&click.sources);
    seen.sources.sort();
    seen.sources.dedup();
    seen.evidence_ids.push(evidence.evidence_id);
    seen.evidence_ids.sort();
    seen.evidence_ids.dedup();
}

/// Why a click cannot be credited, the first reason that applies.
fn refusal(inputs: &Inputs, evidence: &Evidence, click: &Candidate, converted_at: Timestamp) -> Option<ReasonCode> {
    if inputs.is_set_aside(evidence) {
        return Some(ReasonCode::OrderConflict);
    }
    if inputs.was_campaign_inactive() {
        return Some(ReasonCode::CampaignInactive);
    }
    if inputs.names_other_channel() {
        return Some(ReasonCode::ChannelOther);
    }
    if !click.has_id {
        return Some(unattributed_code(click.reason.as_deref().and_then(|reason| reason.parse().ok())));
    }
    if !click.was_publisher_active {
        return Some(ReasonCode::PublisherInactive);
    }
    if !click.was_enrolled {
        return Some(ReasonCode::NotEnrolled);
    }
    window_refusal(click.click_id.time(), click.window_ms, converted_at)
}

/// The window rule: credited if and only if `0 ≤ conversion time − click time < window`; exact, half-open.
pub fn window_refusal(clicked_at: Timestamp, window_ms: i64, converted_at: Timestamp) -> Option<ReasonCode> {
    match converted_at.since(clicked_at) {
        age if age < 0 => Some(ReasonCode::BeforeClick),
        age if age >= window_ms => Some(ReasonCode::WindowExpired),
        _ => None,
    }
}

/// A conversion that belongs to nobody carries a code that says so.
fn unattributed_code(code: Option<ReasonCode>) -> ReasonCode {
    code.filter(|code| code.outcome() == Outcome::Unattributed).unwrap_or(ReasonCode::ClickUnknown)
}

fn choose<'s, 'i>(seen: &'s [Seen<'i>], terms: &[Terms]) -> Result<Option<&'s Seen<'i>>, Undecidable> {
    let counting = || seen.iter().filter(|seen| seen.refusal.is_none());
    let Some(rank) = counting().map(|seen| seen.badge.rank()).max() else { return Ok(None) };
    let rivals = || counting().filter(|seen| seen.badge.rank() == rank);
    let newest = rivals().map(|seen| seen.click.terms_version).max().unwrap_or_default();
    Ok(match version(terms, newest)?.model {
        Model::LastClick => rivals().max_by_key(|seen| seen.latest()),
        Model::FirstClick => rivals().min_by_key(|seen| (seen.at(), seen.click.click_id)),
    })
}

/// The reason of the best named candidate; a campaign that did not run, and a channel beside the affiliate's, speak for
/// all.
fn why_nobody(inputs: &Inputs, seen: &[Seen<'_>]) -> ReasonCode {
    if inputs.was_campaign_inactive() {
        return ReasonCode::CampaignInactive;
    }
    if inputs.names_other_channel() {
        return ReasonCode::ChannelOther;
    }
    let refused = seen.iter().filter(|seen| seen.refusal != Some(ReasonCode::OrderConflict));
    let best = refused.max_by_key(|seen| (seen.badge.rank(), seen.latest()));
    let counted = inputs.evidence.iter().filter(|evidence| !inputs.is_set_aside(evidence));
    let unresolved = counted.flat_map(|evidence| {
        evidence.unresolved.iter().map(|unresolved| (evidence.badge.rank(), Reverse(unresolved.reason)))
    });
    match (best, unresolved.max()) {
        (Some(best), Some((rank, Reverse(reason)))) if rank > best.badge.rank() => unattributed_code(Some(reason)),
        (Some(best), _) => unattributed_code(best.refusal),
        (None, Some((_, Reverse(reason)))) => unattributed_code(Some(reason)),
        (None, None) => ReasonCode::NoEvidence,
    }
}

fn trace(inputs: &Inputs, seen: &[Seen<'_>], winner: Option<&Seen<'_>>) -> Vec<TraceLine> {
    let mut sorted: Vec<&Seen<'_>> = seen.iter().collect();
    let is_winner = |seen: &Seen<'_>| winner.is_some_and(|winner| winner.click.click_id == seen.click.click_id);
    sorted.sort_by_key(|seen| (!is_winner(seen), Reverse((seen.badge.rank(), seen.latest()))));
    let lines = sorted.into_iter().map(|seen| seen.line(verdict(seen, winner)));
    lines.chain(unresolved_lines(inputs)).collect()
}

fn verdict(seen: &Seen<'_>, winner: Option<&Seen<'_>>) -> Verdict {
    match (seen.refusal, winner) {
        (Some(reason), _) => Verdict::Refused(reason),
        (None, Some(winner)) if winner.click.click_id != seen.click.click_id => Verdict::Lost(loss(seen, winner)),
        (None, _) => Verdict::Won,
    }
}

fn loss(seen: &Seen<'_>, winner: &Seen<'_>) -> LossReason {
    if seen.badge != winner.badge {
        return LossReason::LowerRank;
    }
    match winner.at().cmp(&seen.at()) {
        std::cmp::Ordering::Greater => LossReason::LaterClickWon,
        std::cmp::Ordering::Less => LossReason::EarlierClickWon,
        std::cmp::Ordering::Equal => LossReason::LowerIdWon,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::Unresolved;
    use crate::domain::evidence::tests::{START, click, evidence, inputs};
    use crate::domain::terms::example;
    use crate::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
    use proptest::prelude::*;

    const A: i64 = 1;
    const B: i64 = 2;

    fn credit(evidence: &[Evidence]) -> Credit {
        attribute(&inputs(evidence), &[example(1)]).unwrap()
    }

    /// The signed report of one order an hour after the start.
    fn signed(clicks: &[Candidate]) -> Evidence {
        evidence(1, Badge::Signed, HOUR_MS, Some(4990), clicks)
    }

    /// Publisher, verdict and reason of each line.
    fn told(credit: &Credit) -> Vec<(Option<i64>, &'static str, Option<&'static str>)> {
        let publisher = |line: &TraceLine| line.publisher_id.map(|id| id.0);
        credit.trace.iter().map(|line| (publisher(line), line.verdict.as_str(), line.verdict.reason())).collect()
    }

    #[test]
    fn the_last_click_wins_and_the_losers_are_told_why() {
        let result = credit(&[signed(&[click(0, A), click(MINUTE_MS, B), click(2 * MINUTE_MS, A)])]);
        assert_eq!((result.publisher_id, result.reason), (Some(PublisherId(A)), None));
        let later = Some("later_click_won");
        assert_eq!(told(&result), [(Some(A), "won", None), (Some(B), "lost", later), (Some(A), "lost", later)]);
    }

    #[test]
    fn the_first_click_wins_where_the_terms_say_so_and_ties_go_to_the_lower_id() {
        let terms = [Terms { model: Model::FirstClick, ..example(1) }];
        let clicks = [click(MINUTE_MS, A), click(0, B), click(0, A)];
        let first = attribute(&inputs(&[signed(&clicks)]), &terms).unwrap();
        let (earlier, tie) = (Some("earlier_click_won"), Some("lower_id_won"));
        assert_eq!(told(&first), [(Some(A), "won", None), (Some(A), "lost", earlier), (Some(B), "lost", tie)]);
        let last = credit(&[signed(&[click(0, B), click(0, A)])]);
        assert_eq!(told(&last), [(Some(A), "won", None), (Some(B), "lost", tie)]);
    }

    #[test]
    fn the_newest_terms_among_the_clicks_choose_the_model() {
        let terms = [example(1), Terms { model: Model::FirstClick, ..example(2) }];
        let newer = Candidate { terms_version: 2, ..click(MINUTE_MS, B) };
        let result = attribute(&inputs(&[signed(&[click(0, A), newer])]), &terms).unwrap();
        assert_eq!((result.publisher_id, result.terms_version), (Some(PublisherId(A)), 1));
    }

    #[test]
    fn the_window_is_exact_and_half_open() {
        let window = 7 * DAY_MS;
        let cases = [
            (-1, Some(ReasonCode::BeforeClick)),
            (0, None),
            (1, None),
            (window - 1, None),
            (window, Some(ReasonCode::WindowExpired)),
            (window + 1, Some(ReasonCode::WindowExpired)),
        ];
        for (age, expected) in cases {
            assert_eq!(window_refusal(START, window, START.plus_ms(age)), expected, "{age}");
            let clicked = click(2 * HOUR_MS, A);
            let result = credit(&[evidence(1, Badge::Signed, 2 * HOUR_MS + age, None, &[clicked])]);
            assert_eq!(result.reason, expected, "{age}");
        }
        // domain.md section 13: 30 days' window, conversion on day 40
        let month = Candidate { window_ms: 30 * DAY_MS, ..click(0, A) };
        let late = credit(&[evidence(1, Badge::Signed, 40 * DAY_MS, None, &[month])]);
        assert_eq!(late.reason, Some(ReasonCode::WindowExpired));
    }

    #[test]
    fn a_click_that_cannot_earn_says_why() {
        type Change = fn(&mut Candidate);
        let cases: [(Change, ReasonCode); 5] = [
            (|c| c.was_publisher_active = false, ReasonCode::PublisherInactive),
            (|c| c.was_enrolled = false, ReasonCode::NotEnrolled),
            (|c| c.has_id = false, ReasonCode::ClickUnknown),
            (|c| (c.has_id, c.reason) = (false, Some("consent_denied".to_owned())), ReasonCode::ConsentDenied),
            (|c| (c.has_id, c.reason) = (false, Some("bot".to_owned())), ReasonCode::ClickUnknown),
        ];
        for (change, expected) in cases {
            let mut candidate = click(0, A);
            change(&mut candidate);
            let result = credit(&[signed(&[candidate])]);
            assert_eq!((result.publisher_id, result.reason), (None, Some(expected)));
            assert_eq!(result.badge, Badge::Signed);
        }
        assert_eq!(credit(&[signed(&[])]).reason, Some(ReasonCode::NoEvidence));
    }

    #[test]
    fn a_lower_rank_counts_only_where_the_higher_has_no_click_that_counts() {
        let pixel = evidence(2, Badge::Unverified, HOUR_MS, Some(1), &[click(30 * MINUTE_MS, B)]);
        let both = credit(&[pixel.clone(), signed(&[click(0, A)])]);
        assert_eq!((both.publisher_id, both.badge), (Some(PublisherId(A)), Badge::Signed));
        assert_eq!(told(&both)[1], (Some(B), "lost", Some("lower_rank")));
        let without = credit(&[pixel, signed(&[])]);
        assert_eq!((without.publisher_id, without.badge), (Some(PublisherId(B)), Badge::Unverified));
    }

    #[test]
    fn a_click_seen_twice_counts_with_its_highest_badge() {
        let cookie = Candidate { sources: vec![ClickSource::Cookie], ..click(0, A) };
        let pixel = evidence(2, Badge::Unverified, 0, None, &[cookie]);
        let result = credit(&[pixel, signed(&[click(0, A)])]);
        let line = &result.trace[0];
        assert_eq!((result.trace.len(), line.badge), (1, Badge::Signed));
        assert_eq!(line.sources, [ClickSource::Parameter, ClickSource::Cookie]);
        assert_eq!(line.evidence_ids, [EvidenceId(1), EvidenceId(2)]);
    }

    #[test]
    fn a_conflict_at_the_highest_rank_credits_nobody_but_one_below_it_does_no_harm() {
        let rival = Evidence { is_conflict: true, ..evidence(2, Badge::Signed, HOUR_MS, Some(1), &[click(9, B)]) };
        let result = credit(&[rival, signed(&[click(0, A)])]);
        assert_eq!(result.publisher_id, Some(PublisherId(A)));
        assert_eq!(told(&result)[1], (Some(B), "refused", Some("order_conflict")));
        let late = Evidence { is_conflict: true, ..evidence(3, Badge::Unverified, 0, Some(2), &[click(0, B)]) };
        assert_eq!(credit(&[late, signed(&[])]).publisher_id, Some(PublisherId(B)));
    }

    #[test]
    fn another_channel_named_by_the_highest_rank_leaves_it_to_nobody() {
        let names = |channel: &str| Some(channel.to_owned());
        let pixel = Evidence { channel: names("email"), ..evidence(2, Badge::Unverified, 0, None, &[click(0, A)]) };
        let other = Evidence { channel: names("search"), ..signed(&[click(0, A)]) };
        assert_eq!(credit(&[pixel.clone(), other]).reason, Some(ReasonCode::ChannelOther));
        let ours = Evidence { channel: names("Affiliate"), ..signed(&[click(0, A)]) };
        assert_eq!(credit(&[pixel.clone(), ours]).reason, None);
        let silent = signed(&[click(0, A)]);
        assert_eq!(credit(&[pixel, silent]).reason, None, "a stranger's pixel takes nothing from a signed order");
    }

    #[test]
    fn while_the_campaign_does_not_run_nobody_is_credited_and_one_report_while_it_runs_judges_the_clicks() {
        let inactive = Evidence { is_campaign_inactive: true, ..signed(&[click(0, A)]) };
        let none = Evidence { clicks: Vec::new(), ..inactive.clone() };
        for evidence in [vec![none.clone()], vec![inactive.clone()], vec![inactive.clone(), none]] {
            assert_eq!(credit(&evidence).reason, Some(ReasonCode::CampaignInactive));
        }
        assert_eq!(told(&credit(std::slice::from_ref(&inactive))), [(Some(A), "refused", Some("campaign_inactive"))]);
        let running = |badge| evidence(2, badge, 2 * HOUR_MS, None, &[]);
        let by = |badge| credit(&[inactive.clone(), running(badge)]).publisher_id;
        assert_eq!([by(Badge::Signed), by(Badge::Key)], [Some(PublisherId(A)); 2]);
        assert_eq!(by(Badge::Unverified), None, "a stranger's pixel does not keep a campaign open");
    }

    #[test]
    fn the_best_vouched_report_gives_the_reason_and_in_it_a_click_before_an_id_that_led_to_none() {
        let unknown = |reason| vec![Unresolved { text: "abc".to_owned(), reason }];
        let coupon = unknown(ReasonCode::CouponUnknown);
        let stale = Candidate { window_ms: 1, ..click(0, A) };
        let pixel = |clicks: &[Candidate]| evidence(2, Badge::Unverified, HOUR_MS, None, clicks);
        let stale_signed = signed(std::slice::from_ref(&stale));
        let cases = [
            (vec![Evidence { unresolved: unknown(ReasonCode::ClickForged), ..signed(&[]) }], ReasonCode::ClickUnknown),
            (vec![Evidence { unresolved: coupon.clone(), ..stale_signed.clone() }], ReasonCode::WindowExpired),
            (vec![Evidence { unresolved: coupon.clone(), ..pixel(&[]) }, stale_signed], ReasonCode::WindowExpired),
            (vec![Evidence { unresolved: coupon, ..signed(&[]) }, pixel(&[stale])], ReasonCode::CouponUnknown),
        ];
        for (evidence, expected) in cases {
            assert_eq!(credit(&evidence).reason, Some(expected));
        }
    }

    #[test]
    fn one_click_listed_twice_is_judged_the_same_in_either_order() {
        let twice = [click(0, A), Candidate { window_ms: 1, ..click(0, A) }];
        let turned = [twice[1].clone(), twice[0].clone()];
        assert_eq!(credit(&[signed(&twice)]), credit(&[signed(&turned)]));
    }

    #[test]
    fn damaged_inputs_are_named() {
        assert_eq!(attribute(&inputs(&[]), &[example(1)]), Err(Undecidable::NoEvidence));
        let strange = Candidate { terms_version: 5, ..click(0, A) };
        let result = attribute(&inputs(&[signed(&[strange])]), &[example(1)]);
        assert_eq!(result, Err(Undecidable::TermsMissing(5)));
    }

    proptest! {
        #[test]
        fn who_is_credited_was_active_enrolled_and_in_its_window(all in crate::domain::evidence::tests::any_inputs()) {
            let terms = [example(1), Terms { model: Model::FirstClick, ..example(2) }];
            let credit = attribute(&all, &terms).unwrap();
            let clicks = all.evidence.iter().flat_map(|evidence| &evidence.clicks);
            let credited: Vec<&Candidate> = clicks.filter(|click| Some(click.click_id) == credit.click_id).collect();
            prop_assert_eq!(credit.reason.is_none(), !credited.is_empty());
            for click in credited {
                let age = credit.converted_at.since(click.click_id.time());
                prop_assert!((0..click.window_ms).contains(&age));
                prop_assert!(click.was_publisher_active && click.was_enrolled && click.has_id);
            }
            let winners = credit.trace.iter().filter(|line| line.verdict == Verdict::Won).count();
            prop_assert_eq!(winners, usize::from(credit.click_id.is_some()));
        }
    }
}
