//! Evidence: every report of one conversion, stored as it came, and which of it counts.
//! The rules of "one order, many reports" (domain.md section 3).

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::conversion::{Badge, ConversionState};
use super::conversion_report::CHANNEL_AFFILIATE;
use super::ids::{AdvertiserId, CampaignId, ClickId, CreativeId, EvidenceId, LinkId, PublisherId};
use super::money::Currency;
use super::reason::ReasonCode;
use super::rule::EventName;
use super::terms::Terms;
use super::time::Timestamp;

text_enum! {
    /// How a click id reached us: written on the receipt, never a reason.
    pub enum ClickSource {
        /// In the report itself.
        Parameter = "parameter",
        /// In our own cookie, beside a pixel.
        Cookie = "cookie",
    }
}

/// A click that a report named, with everything that decides whether it counts. Its time is in its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Candidate {
    pub click_id: ClickId,
    pub publisher_id: PublisherId,
    pub link_id: LinkId,
    pub creative_id: Option<CreativeId>,
    /// The version in force at click time.
    pub terms_version: i64,
    /// That version's attribution window, milliseconds.
    pub window_ms: i64,
    /// `valid`, `duplicate` or `invalid`.
    pub label: String,
    /// Why it is invalid.
    pub reason: Option<String>,
    pub was_publisher_active: bool,
    pub was_enrolled: bool,
    /// Only a click that was given an id can earn.
    pub has_id: bool,
    /// Its record was lost and made again from its token: the label is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_recreated: bool,
    pub sources: Vec<ClickSource>,
}

/// A click id that led to no click.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unresolved {
    /// As it came, shortened.
    pub text: String,
    pub reason: ReasonCode,
}

/// One report of a conversion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub evidence_id: EvidenceId,
    pub badge: Badge,
    pub received_at: Timestamp,
    pub occurred_at: Option<Timestamp>,
    pub amount_minor: Option<i64>,
    pub currency: Option<Currency>,
    pub is_test: bool,
    pub channel: Option<String>,
    /// When it came, a report of the same rank stood there with another amount: its amount never counts, and
    /// nothing of it until a higher rank takes over.
    pub is_conflict: bool,
    /// It came while the campaign took no conversions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_campaign_inactive: bool,
    pub clicks: Vec<Candidate>,
    pub unresolved: Vec<Unresolved>,
}

impl Evidence {
    /// Best first: highest rank, first received, lowest id.
    fn order(&self) -> (Reverse<u8>, Timestamp, EvidenceId) {
        (Reverse(self.badge.rank()), self.received_at, self.evidence_id)
    }
}

/// Everything that a decision about one conversion rests on, beside the terms it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    pub campaign_id: CampaignId,
    pub advertiser_id: AdvertiserId,
    pub event: EventName,
    pub evidence: Vec<Evidence>,
    /// The campaign's terms when the conversion was first reported: they hold where no click names others.
    pub current_terms_version: i64,
}

/// An amount and the rank that vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    pub minor: i64,
    pub currency: Option<Currency>,
    pub badge: Badge,
}

impl Inputs {
    /// All evidence, best first, with what is set aside at the end; the order in memory does not matter.
    pub(super) fn ranked(&self) -> Vec<&Evidence> {
        let mut ranked: Vec<&Evidence> = self.evidence.iter().collect();
        ranked.sort_by_key(|evidence| (self.is_set_aside(evidence), evidence.order()));
        ranked
    }

    /// A conflict changes nothing, neither the amount nor anything else, unless a higher rank took over since: then its
    /// clicks count like those of any other lower report.
    pub(super) fn is_set_aside(&self, evidence: &Evidence) -> bool {
        evidence.is_conflict && self.top_badge().is_none_or(|top| evidence.badge.rank() >= top.rank())
    }

    fn counted(&self) -> impl Iterator<Item = &Evidence> {
        self.ranked().into_iter().filter(|evidence| !self.is_set_aside(evidence))
    }

    /// The evidence of the highest rank that counts.
    pub(super) fn top(&self) -> impl Iterator<Item = &Evidence> {
        self.counted().filter(|evidence| self.top_badge() == Some(evidence.badge))
    }

    /// The highest badge of a report that is no conflict; nothing without one.
    pub fn top_badge(&self) -> Option<Badge> {
        top_badge(&self.evidence)
    }

    /// When the conversion happened: what the best trusted report says, else when the first report of the highest
    /// rank came in. Nothing without evidence.
    pub fn converted_at(&self) -> Option<Timestamp> {
        let trusted = self.counted().filter(|evidence| evidence.badge.is_trusted());
        let said = trusted.filter_map(|evidence| evidence.occurred_at).next();
        said.or_else(|| self.top().map(|evidence| evidence.received_at).next())
    }

    /// The highest rank decides whether the conversion is an affiliate's at all; one that names no channel leaves it to
    /// us, whatever a lower one says.
    pub(super) fn names_other_channel(&self) -> bool {
        let named = self.top().filter_map(|evidence| evidence.channel.as_deref()).next();
        named.is_some_and(|channel| !channel.eq_ignore_ascii_case(CHANNEL_AFFILIATE))
    }

    /// No report that counts here came while the campaign took conversions: one of the highest rank, or of a sender whom
    /// we know. One that did lets every click be judged by what it was at its own time; a stranger's pixel does not keep
    /// a campaign open.
    pub(super) fn was_campaign_inactive(&self) -> bool {
        let counts = |evidence: &Evidence| evidence.badge.is_trusted() || self.top_badge() == Some(evidence.badge);
        self.evidence.iter().filter(|evidence| counts(evidence)).all(|evidence| evidence.is_campaign_inactive)
    }

    /// The amount of the highest rank that has one and is no conflict; first received, then the lowest id.
    pub fn amount(&self) -> Option<Amount> {
        self.counted().filter(|evidence| !evidence.is_conflict).find_map(|evidence| {
            let (currency, badge) = (evidence.currency, evidence.badge);
            evidence.amount_minor.map(|minor| Amount { minor, currency, badge })
        })
    }

    /// A test is what the highest rank calls one: a stranger's pixel cannot make an order worthless.
    pub fn is_test(&self) -> bool {
        self.top().any(|evidence| evidence.is_test)
    }
}

/// Stored inputs from which nothing can be decided: they are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecidable {
    #[error("a conversion without a report")]
    NoEvidence,
    #[error("version {0} of the terms is missing")]
    TermsMissing(i64),
}

/// The terms of a version.
pub fn version(terms: &[Terms], version: i64) -> Result<&Terms, Undecidable> {
    terms.iter().find(|terms| terms.version == version).ok_or(Undecidable::TermsMissing(version))
}

fn top_badge(evidence: &[Evidence]) -> Option<Badge> {
    let accepted = evidence.iter().filter(|evidence| !evidence.is_conflict);
    accepted.map(|evidence| evidence.badge).max_by_key(|badge| badge.rank())
}

text_enum! {
    /// What a new report is to those already stored.
    pub enum Arrival {
        /// There is none yet: a new conversion.
        First = "first",
        /// Says the same at the same rank: a duplicate.
        SameContent = "same_content",
        /// Same rank, other amount or currency: `order_conflict`, stored, nothing changes.
        Conflict = "conflict",
        /// A higher rank than any yet: its amount replaces theirs.
        Upgrade = "upgrade",
        /// A lower rank than the highest: a duplicate; a differing amount is stored and shown.
        Lower = "lower",
    }
}

/// What is compared of a new report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content<'r> {
    pub badge: Badge,
    pub amount_minor: Option<i64>,
    pub currency: Option<Currency>,
    pub is_test: bool,
    pub channel: Option<&'r str>,
    pub occurred_at: Option<Timestamp>,
}

impl<'r> Content<'r> {
    pub fn of(report: &'r Evidence) -> Self {
        Self {
            badge: report.badge,
            amount_minor: report.amount_minor,
            currency: report.currency,
            is_test: report.is_test,
            channel: report.channel.as_deref(),
            occurred_at: report.occurred_at,
        }
    }

    /// An amount or currency that one of the two leaves out does not contradict the other. A test mark, a channel or a
    /// time that the other does not have does: a later report takes no worth from a conversion in silence.
    fn agrees_with(&self, other: &Evidence) -> bool {
        let (amount, currency) = (other.amount_minor, other.currency);
        let is_amount_same = self.amount_minor.is_none() || amount.is_none() || self.amount_minor == amount;
        let is_currency_same = self.currency.is_none() || currency.is_none() || self.currency == currency;
        let is_channel_same = self.channel.is_none() || self.channel == other.channel.as_deref();
        let is_time_same = self.occurred_at.is_none() || self.occurred_at == other.occurred_at;
        is_amount_same && is_currency_same && is_channel_same && is_time_same && self.is_test == other.is_test
    }
}

/// Compares a new report with the stored ones of the same conversion, in the state that the conversion has now: once
/// it is no longer open, a higher rank counts as the same one and cannot change anything.
pub fn compare(new: &Content<'_>, existing: &[Evidence], state: ConversionState) -> Arrival {
    let Some(top) = top_badge(existing) else { return Arrival::First };
    if new.badge.rank() < top.rank() {
        return Arrival::Lower;
    }
    if new.badge.rank() > top.rank() && state.is_open() {
        return Arrival::Upgrade;
    }
    let accepted = existing.iter().filter(|evidence| evidence.badge == top && !evidence.is_conflict);
    if accepted.into_iter().all(|evidence| new.agrees_with(evidence)) {
        Arrival::SameContent
    } else {
        Arrival::Conflict
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::ids::first_id_at;

    /// The story's clock at its start.
    pub const START: Timestamp = Timestamp(1_772_445_600_000);

    /// A valid click `ms` after the start, of a link with the publisher's number.
    pub fn click(ms: i64, publisher: i64) -> Candidate {
        Candidate {
            click_id: ClickId(first_id_at(START.plus_ms(ms)) + publisher),
            publisher_id: PublisherId(publisher),
            link_id: LinkId(publisher),
            creative_id: None,
            terms_version: 1,
            window_ms: 7 * crate::domain::time::DAY_MS,
            label: "valid".to_owned(),
            reason: None,
            was_publisher_active: true,
            was_enrolled: true,
            has_id: true,
            is_recreated: false,
            sources: vec![ClickSource::Parameter],
        }
    }

    /// A report `ms` after the start.
    pub fn evidence(id: i64, badge: Badge, ms: i64, amount_minor: Option<i64>, clicks: &[Candidate]) -> Evidence {
        Evidence {
            evidence_id: EvidenceId(id),
            badge,
            received_at: START.plus_ms(ms),
            occurred_at: None,
            amount_minor,
            currency: amount_minor.map(|_| Currency::EUR),
            is_test: false,
            channel: None,
            is_conflict: false,
            is_campaign_inactive: false,
            clicks: clicks.to_vec(),
            unresolved: Vec::new(),
        }
    }

    pub fn inputs(evidence: &[Evidence]) -> Inputs {
        Inputs {
            campaign_id: CampaignId(7),
            advertiser_id: AdvertiserId(9),
            event: EventName::sale(),
            evidence: evidence.to_vec(),
            current_terms_version: 1,
        }
    }

    proptest::prop_compose! {
        /// A click of one of three publishers around the window's edges, sometimes one that cannot earn. Everything
        /// about it follows from its id, as with stored clicks.
        fn any_click()(hour in 0..12_i64, publisher in 1..4_i64, spoilt in 0..5_u8) -> Candidate {
            let mut click = click(hour * crate::domain::time::HOUR_MS, publisher);
            click.click_id.0 += i64::from(spoilt) << 3;
            click.was_enrolled = spoilt != 1;
            click.has_id = spoilt != 2;
            click.is_recreated = spoilt == 4;
            click.window_ms = if spoilt == 3 { crate::domain::time::HOUR_MS } else { click.window_ms };
            click.terms_version = 1 + hour % 2;
            click
        }
    }

    proptest::prop_compose! {
        fn any_evidence()(
            rank in 0..4_usize,
            hour in 0..200_i64,
            amount in proptest::option::of(0..3_i64),
            clicks in proptest::collection::vec(any_click(), 0..4),
            flags in 0..8_u8,
        ) -> Evidence {
            let at = hour * crate::domain::time::HOUR_MS;
            let mut evidence = evidence(0, Badge::ALL[rank], at, amount.map(|amount| amount * 1000), &clicks);
            evidence.is_test = flags == 1;
            evidence.is_conflict = flags == 2;
            evidence.is_campaign_inactive = flags % 3 == 0;
            evidence.channel = (flags == 3).then(|| "search".to_owned());
            evidence.occurred_at = (flags >= 6).then_some(START.plus_ms(at / 2));
            let unknown = Unresolved { text: "x".to_owned(), reason: ReasonCode::ClickUnknown };
            evidence.unresolved = vec![unknown; usize::from(flags == 4)];
            evidence
        }
    }

    proptest::prop_compose! {
        /// One to five reports; the first is no conflict, as with stored ones.
        pub fn any_inputs()(mut all in proptest::collection::vec(any_evidence(), 1..6)) -> Inputs {
            for (index, evidence) in all.iter_mut().enumerate() {
                evidence.evidence_id = EvidenceId(index as i64);
                evidence.is_conflict &= index > 0;
            }
            inputs(&all)
        }
    }

    #[test]
    fn a_new_report_is_told_apart_by_rank_and_amount() {
        use Arrival::{Conflict, First, Lower, SameContent, Upgrade};
        use ConversionState::{Approved, Pending, Unattributed};
        let new = |badge, amount_minor: Option<i64>| Content {
            badge,
            amount_minor,
            currency: amount_minor.map(|_| Currency::EUR),
            is_test: false,
            channel: None,
            occurred_at: None,
        };
        let key = [evidence(1, Badge::Key, 0, Some(4990), &[])];
        let silent = [evidence(1, Badge::Key, 0, None, &[])];
        let cases = [
            (new(Badge::Key, Some(4990)), &[] as &[Evidence], Pending, First),
            (new(Badge::Key, Some(4990)), &key, Pending, SameContent),
            (new(Badge::Key, Some(1)), &key, Pending, Conflict),
            (new(Badge::Key, None), &key, Pending, SameContent),
            (new(Badge::Key, Some(1)), &silent, Pending, SameContent),
            (new(Badge::Signed, Some(1)), &key, Pending, Upgrade),
            (new(Badge::Signed, Some(4990)), &key, Unattributed, Upgrade),
            (new(Badge::Signed, Some(4990)), &key, Approved, SameContent),
            (new(Badge::Signed, Some(1)), &key, Approved, Conflict),
            (new(Badge::Unverified, Some(1)), &key, Pending, Lower),
            (new(Badge::Unverified, Some(1)), &key, Approved, Lower),
            // What takes worth away is no repeat of what was said before.
            (Content { is_test: true, ..new(Badge::Key, Some(4990)) }, &key, Pending, Conflict),
            (Content { channel: Some("email"), ..new(Badge::Key, Some(4990)) }, &key, Pending, Conflict),
            (Content { occurred_at: Some(START), ..new(Badge::Key, Some(4990)) }, &key, Pending, Conflict),
        ];
        for (new, existing, state, expected) in cases {
            assert_eq!(compare(&new, existing, state), expected, "{new:?} {state}");
        }
    }

    #[test]
    fn another_currency_is_a_conflict_too() {
        let existing = [evidence(1, Badge::Key, 0, Some(4990), &[])];
        let dollars = Evidence { currency: "USD".parse().ok(), ..existing[0].clone() };
        let new = Content::of(&dollars);
        assert_eq!(compare(&new, &existing, ConversionState::Pending), Arrival::Conflict);
    }

    #[test]
    fn the_time_is_what_a_trusted_report_says_else_when_the_best_came() {
        let pixel = Evidence { occurred_at: Some(START), ..evidence(1, Badge::Unverified, 10, None, &[]) };
        let signed = [evidence(2, Badge::Signed, 30, None, &[]), evidence(3, Badge::Signed, 20, None, &[])];
        let key = Evidence { occurred_at: Some(START.plus_ms(5)), ..evidence(4, Badge::Key, 40, None, &[]) };
        let at = |all: &[Evidence]| inputs(all).converted_at().map(|at| at.since(START));
        assert_eq!(at(&[]), None);
        assert_eq!(at(std::slice::from_ref(&pixel)), Some(10), "a browser's word does not count");
        assert_eq!(at(&[pixel.clone(), signed[0].clone(), signed[1].clone()]), Some(20));
        assert_eq!(at(&[pixel, signed[0].clone(), signed[1].clone(), key]), Some(5));
    }

    #[test]
    fn the_amount_is_the_best_that_is_no_conflict() {
        let pixel = evidence(1, Badge::Unverified, 0, Some(1), &[]);
        let key = evidence(2, Badge::Key, 10, Some(8000), &[]);
        let conflict = Evidence { is_conflict: true, ..evidence(3, Badge::Key, 5, Some(9000), &[]) };
        let silent = evidence(4, Badge::Signed, 20, None, &[]);
        let amount = |all: &[Evidence]| inputs(all).amount().map(|amount| (amount.minor, amount.badge));
        assert_eq!(amount(std::slice::from_ref(&pixel)), Some((1, Badge::Unverified)));
        assert_eq!(amount(&[conflict.clone(), pixel.clone(), key.clone()]), Some((8000, Badge::Key)));
        assert_eq!(amount(&[silent, conflict, pixel, key]), Some((8000, Badge::Key)));
    }
}
