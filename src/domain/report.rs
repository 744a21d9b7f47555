//! Reports: the definitions of every figure (domain.md section 8), and the keys under which totals are kept.

use serde::{Deserialize, Serialize};

use super::click::{Click, ClickLabel, ClickReason, has_id};
use super::conversion::ConversionState;
use super::ids::{AdvertiserId, CampaignId, CreativeId, LinkId, PartyId, PublisherId};
use super::money::{Currency, Money};
use super::party::NETWORK;
use super::time::{Timestamp, Zone};

text_enum! {
    /// How fine a total is kept.
    pub enum Grain {
        /// A quarter of an hour UTC: the day of any zone is a sum of them.
        Quarter = "quarter",
        /// A day of the reader's own zone.
        Day = "day",
    }
}

text_enum! {
    /// Which date puts a conversion into a bucket.
    pub enum Basis {
        Conversion = "conversion",
        Click = "click",
    }
}

text_enum! {
    /// What the rows of a report stand for.
    pub enum Dimension {
        Day = "day",
        Campaign = "campaign",
        Link = "link",
        Creative = "creative",
        Publisher = "publisher",
        Advertiser = "advertiser",
    }
}

/// Who reads a total, and by which days.
#[derive(Debug, Clone)]
pub struct Reader {
    pub party_id: PartyId,
    pub zone: Zone,
}

impl Reader {
    /// The network reads everything, in UTC.
    pub const fn network() -> Self {
        Self { party_id: NETWORK, zone: Zone::UTC }
    }

    fn buckets(&self, at: Timestamp) -> [(Grain, i64); 2] {
        [(Grain::Quarter, at.quarter()), (Grain::Day, self.zone.day_of(at).0)]
    }
}

/// One total of clicks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClickKey {
    pub reader_id: PartyId,
    pub grain: Grain,
    pub bucket: i64,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub link_id: LinkId,
    /// 0: none.
    pub creative_id: CreativeId,
    pub label: ClickLabel,
    /// Empty: none.
    pub reason: &'static str,
}

impl ClickKey {
    /// The totals that a click is counted in: two for each reader.
    pub fn of<'a>(click: &'a Click, readers: &'a [Reader]) -> impl Iterator<Item = Self> + 'a {
        let at = click.click_id.time();
        readers.iter().flat_map(move |reader| {
            reader.buckets(at).map(|(grain, bucket)| Self {
                reader_id: reader.party_id,
                grain,
                bucket,
                campaign_id: click.campaign_id,
                publisher_id: click.publisher_id,
                link_id: click.link_id,
                creative_id: click.creative_id.unwrap_or(CreativeId(0)),
                label: click.label,
                reason: click.reason.map_or("", ClickReason::as_str),
            })
        })
    }
}

/// One total of landings: in the bucket of the click that landed, so that a rate is of the same clicks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LandingKey {
    pub reader_id: PartyId,
    pub grain: Grain,
    pub bucket: i64,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub link_id: LinkId,
    /// 0: none.
    pub creative_id: CreativeId,
}

impl LandingKey {
    /// The totals that the landing of a click is counted in: two for each reader.
    pub fn of<'a>(click: &'a Click, readers: &'a [Reader]) -> impl Iterator<Item = Self> + 'a {
        ClickKey::of(click, readers).map(|key| Self {
            reader_id: key.reader_id,
            grain: key.grain,
            bucket: key.bucket,
            campaign_id: key.campaign_id,
            publisher_id: key.publisher_id,
            link_id: key.link_id,
            creative_id: key.creative_id,
        })
    }
}

/// One total of conversions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConversionKey {
    pub reader_id: PartyId,
    pub grain: Grain,
    pub basis: Basis,
    pub bucket: i64,
    pub campaign_id: CampaignId,
    /// 0: nobody yet; likewise link and creative.
    pub publisher_id: PublisherId,
    pub link_id: LinkId,
    pub creative_id: CreativeId,
    pub event: String,
    pub state: ConversionState,
    pub currency: Currency,
}

/// What a total of conversions adds up, in minor units of its key's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionSums {
    pub conversions: i64,
    pub amount_minor: i64,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

impl ConversionSums {
    pub const fn is_zero(&self) -> bool {
        self.conversions == 0 && self.amount_minor == 0 && self.commission_minor == 0 && self.fee_minor == 0
    }

    /// Adds `other`, `sign` times: 1 to count it, -1 to take it away.
    pub const fn add(&mut self, other: &Self, sign: i64) {
        self.conversions += sign * other.conversions;
        self.amount_minor += sign * other.amount_minor;
        self.commission_minor += sign * other.commission_minor;
        self.fee_minor += sign * other.fee_minor;
    }
}

/// A conversion as reports count it; a test order is in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedConversion {
    pub advertiser_id: AdvertiserId,
    pub campaign_id: CampaignId,
    pub publisher_id: Option<PublisherId>,
    pub link_id: Option<LinkId>,
    pub creative_id: Option<CreativeId>,
    pub event: String,
    pub state: ConversionState,
    pub currency: Currency,
    pub converted_at: Timestamp,
    /// None: by click it stands at its conversion time.
    pub clicked_at: Option<Timestamp>,
    pub sums: ConversionSums,
}

impl ConversionKey {
    /// The totals that a conversion is counted in: four for each reader.
    pub fn of<'a>(counted: &'a CountedConversion, readers: &'a [Reader]) -> impl Iterator<Item = Self> + 'a {
        let dates = [
            (Basis::Conversion, counted.converted_at),
            (Basis::Click, counted.clicked_at.unwrap_or(counted.converted_at)),
        ];
        readers.iter().flat_map(move |reader| {
            dates.into_iter().flat_map(move |(basis, at)| {
                reader.buckets(at).map(|(grain, bucket)| Self {
                    reader_id: reader.party_id,
                    grain,
                    basis,
                    bucket,
                    campaign_id: counted.campaign_id,
                    publisher_id: counted.publisher_id.unwrap_or(PublisherId(0)),
                    link_id: counted.link_id.unwrap_or(LinkId(0)),
                    creative_id: counted.creative_id.unwrap_or(CreativeId(0)),
                    event: counted.event.clone(),
                    state: counted.state,
                    currency: counted.currency,
                })
            })
        })
    }
}

/// Clicks by label: gross = unique + duplicate + invalid, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClickFigures {
    pub unique: i64,
    pub duplicate: i64,
    pub invalid: i64,
    /// Those that got a click id: unique, duplicate, and the invalid ones that convert all the same.
    pub with_id: i64,
    /// Those of them that the advertiser's page saw arrive.
    pub landed: i64,
}

impl ClickFigures {
    pub const fn gross(&self) -> i64 {
        self.unique + self.duplicate + self.invalid
    }

    pub fn add(&mut self, label: ClickLabel, reason: Option<ClickReason>, clicks: i64) {
        match label {
            ClickLabel::Valid => self.unique += clicks,
            ClickLabel::Duplicate => self.duplicate += clicks,
            ClickLabel::Invalid => self.invalid += clicks,
        }
        if has_id(label, reason) {
            self.with_id += clicks;
        }
    }

    /// Landed per click with an id.
    pub const fn landing_rate(&self) -> Ratio {
        Ratio { numerator: self.landed, denominator: self.with_id }
    }
}

/// Conversions of one currency by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionFigures {
    pub unattributed: ConversionSums,
    pub pending: ConversionSums,
    /// Approved and not yet paid: approved, payable, in payout.
    pub approved: ConversionSums,
    pub paid: ConversionSums,
    pub rejected: ConversionSums,
    pub reversed: ConversionSums,
}

impl ConversionFigures {
    pub const fn add(&mut self, state: ConversionState, sums: &ConversionSums) {
        use ConversionState::{Approved, InPayout, Paid, Payable, Pending, Rejected, Reversed, Unattributed};
        let total = match state {
            Unattributed => &mut self.unattributed,
            Pending => &mut self.pending,
            Approved | Payable | InPayout => &mut self.approved,
            Paid => &mut self.paid,
            Rejected => &mut self.rejected,
            Reversed => &mut self.reversed,
        };
        total.add(sums, 1);
    }

    /// Those that earn or may earn: neither rejected nor reversed nor without a publisher.
    pub fn earning(&self) -> ConversionSums {
        let mut sums = self.pending;
        sums.add(&self.approved, 1);
        sums.add(&self.paid, 1);
        sums
    }

    /// Credited conversions that were not rejected: the numerator of the conversion rate.
    pub fn not_rejected(&self) -> i64 {
        self.earning().conversions + self.reversed.conversions
    }
}

/// A quotient that is shown, never summed; nothing where the denominator is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    pub numerator: i64,
    pub denominator: i64,
}

impl Ratio {
    /// CR: conversions not rejected per unique click.
    pub const fn conversion_rate(conversions: i64, unique_clicks: i64) -> Self {
        Self { numerator: conversions, denominator: unique_clicks }
    }

    /// The quotient times `scale`, rounded half away from zero.
    pub fn scaled(self, scale: i64) -> Option<i64> {
        if self.denominator == 0 {
            return None;
        }
        let (top, bottom) = (i128::from(self.numerator) * i128::from(scale), i128::from(self.denominator));
        let half = if top < 0 { -bottom / 2 } else { bottom / 2 };
        i64::try_from((top + half) / bottom).ok()
    }

    /// `2.4 %`, or a dash.
    pub fn percent(self) -> String {
        match self.scaled(1_000) {
            Some(permille) => format!("{}.{} %", permille / 10, permille % 10),
            None => "\u{2013}".to_owned(),
        }
    }

    /// EPC, AOV: minor units per piece as money, or a dash.
    pub fn money(self, currency: Currency) -> String {
        self.scaled(1).map_or_else(|| "\u{2013}".to_owned(), |minor| Money::new(minor, currency).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_without_a_denominator_is_a_dash() {
        assert_eq!(Ratio { numerator: 3, denominator: 0 }.percent(), "\u{2013}");
        assert_eq!(Ratio { numerator: 3, denominator: 100 }.percent(), "3.0 %");
        assert_eq!(Ratio { numerator: 1, denominator: 3 }.percent(), "33.3 %");
        assert_eq!(Ratio { numerator: 1350, denominator: 2 }.money(Currency::EUR), "6.75 EUR");
    }

    #[test]
    fn a_state_is_counted_once() {
        let one = ConversionSums { conversions: 1, amount_minor: 100, commission_minor: 10, fee_minor: 2 };
        let mut figures = ConversionFigures::default();
        for &state in ConversionState::ALL {
            figures.add(state, &one);
        }
        assert_eq!(figures.earning().conversions, 5);
        assert_eq!(figures.not_rejected(), 6);
        assert_eq!(figures.approved.commission_minor, 30);
    }
}
