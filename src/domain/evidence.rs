//! Evidence: every report of one conversion, stored as it came, and which of it counts.
//! The rules of "one order, many reports" (domain.md section 3).

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::click_pay::ClickDay;
use super::conversion::{Badge, ConversionState};
use super::conversion_report::CHANNEL_AFFILIATE;
use super::coupon::NamedCoupon;
use super::customer::BoundCustomer;
use super::ids::{AdvertiserId, CampaignId, ClickId, CreativeId, EvidenceId, LinkId, PublisherId};
use super::line::Line;
use super::money::Currency;
use super::reason::ReasonCode;
use super::refund::Refund;
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

/// A click id that led to no click, or a code that is no coupon of the campaign's.
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
    /// What it names beside clicks.
    #[serde(default, skip_serializing_if = "Beside::is_empty")]
    pub beside: Beside,
    /// What was bought; it adds up to the amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// What a report names beside clicks, as it stood when the report came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<NamedCoupon>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<BoundCustomer>,
    /// The publishers whose own member the customer is, lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_publishers: Vec<PublisherId>,
    /// Whether no earlier order of the campaign named this customer; nothing where it was not asked, or nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_new_customer: Option<bool>,
}

impl Beside {
    pub const fn is_empty(&self) -> bool {
        let names_nobody = self.coupon.is_none() && self.customer.is_none() && self.own_publishers.is_empty();
        names_nobody && self.is_new_customer.is_none()
    }
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
    /// The campaign's terms when the conversion was first reported: they hold where it belongs to nobody.
    pub current_terms_version: i64,
    /// What the network itself knows, where nobody reports anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<Own>,
    /// What was taken back of the order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
}

/// What a conversion rests on that no report tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// The valid clicks of a day.
    Clicks(ClickDay),
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

    pub(super) fn counted(&self) -> impl Iterator<Item = &Evidence> {
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

    /// The lines of that amount: those of the first report of the same rank that has them, and the same amount.
    pub fn lines(&self, amount: &Amount) -> &[Line] {
        let mut same = self.counted().filter(|evidence| {
            let is_same = (evidence.badge, evidence.amount_minor) == (amount.badge, Some(amount.minor));
            is_same && evidence.currency == amount.currency && !evidence.is_conflict
        });
        same.find(|evidence| !evidence.lines.is_empty()).map_or(&[], |evidence| evidence.lines.as_slice())
    }

    /// Whether a report that is vouched for at least as well says that the customer is the publisher itself. A rival's
    /// pixel cannot say so of a signed order.
    pub(super) fn is_customer_of(&self, publisher: PublisherId, badge: Badge) -> bool {
        let mut vouched = self.counted().filter(|evidence| evidence.badge.rank() >= badge.rank());
        vouched.any(|evidence| evidence.beside.own_publishers.contains(&publisher))
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

/// Of the versions up to `newest` the one in force at `at`: what was announced or made later does not count.
pub(super) fn version_in_force(terms: &[Terms], newest: i64, at: Timestamp) -> i64 {
    let known = terms.iter().filter(|terms| terms.version <= newest && terms.starts_at <= at);
    known.map(|terms| terms.version).max().unwrap_or(1)
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
        /// Same rank, other amount, currency or lines: `order_conflict`, stored, nothing changes.
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
    pub lines: &'r [Line],
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
            lines: &report.lines,
        }
    }

    /// An amount, a currency or lines that one of the two leaves out do not contradict the other, whichever came first.
    /// A test mark, a channel or a time that the other does not have does: a later report takes no worth from a
    /// conversion in silence.
    fn agrees_with(&self, other: &Evidence) -> bool {
        let (amount, currency) = (other.amount_minor, other.currency);
        let is_amount_same = self.amount_minor.is_none() || amount.is_none() || self.amount_minor == amount;
        let is_currency_same = self.currency.is_none() || currency.is_none() || self.currency == currency;
        let is_channel_same = self.channel.is_none() || self.channel == other.channel.as_deref();
        let is_time_same = self.occurred_at.is_none() || self.occurred_at == other.occurred_at;
        let is_split_told = !self.lines.is_empty() && !other.lines.is_empty();
        let is_split_same = !is_split_told || sorted(self.lines) == sorted(&other.lines);
        is_amount_same
            && is_currency_same
            && is_split_same
            && is_channel_same
            && is_time_same
            && self.is_test == other.is_test
    }
}

/// The order in which lines are listed says nothing.
fn sorted(lines: &[Line]) -> Vec<&Line> {
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort();
    sorted
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
    let mut accepted = existing.iter().filter(|evidence| evidence.badge == top && !evidence.is_conflict);
    let is_amount_told = existing.iter().any(|evidence| evidence.amount_minor.is_some() && !evidence.is_conflict);
    // It can no longer be taken in, and must not be answered as if it were.
    let is_too_late = !state.is_open() && new.amount_minor.is_some() && !is_amount_told;
    if !is_too_late && accepted.all(|evidence| new.agrees_with(evidence)) {
        Arrival::SameContent
    } else {
        Arrival::Conflict
    }
}
