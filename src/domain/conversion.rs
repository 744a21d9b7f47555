//! Conversions: who vouches for them and which states they pass through (domain.md sections 3 and 6).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::ClickId;

text_enum! {
    /// Who sent a report, best first.
    pub enum Badge {
        /// Counted by the network itself, and reported by nobody: paid clicks.
        Network = "network",
        /// Signed with the campaign's secret.
        Signed = "signed",
        /// Sent with an API key of the campaign.
        Key = "key",
        /// A static token in the query: a publisher may have seen it.
        Token = "token",
        /// A browser's pixel: anybody can send one.
        Unverified = "unverified",
    }
}

impl Badge {
    /// The higher one decides: 5 (the network itself) to 1 (unverified).
    pub const fn rank(self) -> u8 {
        match self {
            Self::Network => 5,
            Self::Signed => 4,
            Self::Key => 3,
            Self::Token => 2,
            Self::Unverified => 1,
        }
    }

    /// Certainly the advertiser, or the network itself: may say when a conversion happened, and is approved by itself.
    pub const fn is_trusted(self) -> bool {
        matches!(self, Self::Network | Self::Signed | Self::Key)
    }

    /// The weaker of two: a result is no better than the weakest that it rests on.
    pub fn weaker(self, other: Self) -> Self {
        if other.rank() < self.rank() { other } else { self }
    }
}

text_enum! {
    /// Where a conversion stands; a projection of its appended events.
    pub enum ConversionState {
        /// Credited to nobody yet.
        Unattributed = "unattributed",
        /// Credited; waits for validation.
        Pending = "pending",
        /// The advertiser owes it.
        Approved = "approved",
        /// The hold is over, and it is funded.
        Payable = "payable",
        /// Reserved for a payout that is under way.
        InPayout = "in_payout",
        /// The publisher has it.
        Paid = "paid",
        /// Lost its worth before approval.
        Rejected = "rejected",
        /// Lost its worth after approval.
        Reversed = "reversed",
    }
}

impl ConversionState {
    /// The states that may follow.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Unattributed => &[Self::Pending],
            Self::Pending => &[Self::Unattributed, Self::Approved, Self::Rejected],
            Self::Approved => &[Self::Payable, Self::Reversed],
            Self::Payable => &[Self::InPayout, Self::Reversed],
            Self::InPayout => &[Self::Paid, Self::Payable],
            Self::Paid => &[Self::Payable, Self::Reversed],
            Self::Rejected | Self::Reversed => &[],
        }
    }

    pub fn can_become(self, next: Self) -> bool {
        self.next().contains(&next)
    }

    /// New evidence still changes amount and attribution.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Unattributed | Self::Pending)
    }

    /// Counts as commission of its publisher.
    pub const fn is_earning(self) -> bool {
        matches!(self, Self::Pending | Self::Approved | Self::Payable | Self::InPayout | Self::Paid)
    }
}

/// The advertiser's own name of an order: 1 to 128 bytes, no control character, no outer space; compared byte by
/// byte, never trimmed, folded or cut.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderId(String);

/// The text is not an order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order id has 1 to 128 bytes, no control character and no outer space")]
pub struct NotAnOrderId;

impl OrderId {
    pub const LENGTH_MAX: usize = 128;

    /// The order id of an event that a click can cause only once.
    pub fn of_click(click: ClickId) -> Self {
        Self(format!("click:{click}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a publisher sees: the last 4 characters behind an ellipsis; nothing of a shorter one.
    pub fn masked(&self) -> String {
        let length = self.0.chars().count();
        let shown: String = self.0.chars().skip(length.saturating_sub(4)).collect();
        format!("\u{2026}{}", if length > 4 { shown.as_str() } else { "" })
    }
}

impl FromStr for OrderId {
    type Err = NotAnOrderId;
    fn from_str(text: &str) -> Result<Self, NotAnOrderId> {
        let has_outer_space = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
        let is_length = (1..=Self::LENGTH_MAX).contains(&text.len());
        if is_length && !has_outer_space && !text.contains(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnOrderId)
        }
    }
}

impl TryFrom<String> for OrderId {
    type Error = NotAnOrderId;
    fn try_from(text: String) -> Result<Self, NotAnOrderId> {
        text.parse()
    }
}

impl From<OrderId> for String {
    fn from(order: OrderId) -> Self {
        order.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badges_are_ranked_as_they_are_listed() {
        let ranks: Vec<u8> = Badge::ALL.iter().map(|badge| badge.rank()).collect();
        assert_eq!(ranks, [5, 4, 3, 2, 1]);
        assert_eq!(Badge::Signed.weaker(Badge::Token), Badge::Token);
        assert_eq!(Badge::Unverified.weaker(Badge::Key), Badge::Unverified);
        assert_eq!(Badge::ALL.iter().filter(|badge| badge.is_trusted()).count(), 3);
    }

    #[test]
    fn a_conversion_takes_only_the_allowed_steps() {
        use ConversionState::{Approved, InPayout, Paid, Payable, Pending, Rejected, Reversed, Unattributed};
        let allowed = [
            (Unattributed, Pending),
            (Pending, Unattributed),
            (Pending, Approved),
            (Pending, Rejected),
            (Approved, Payable),
            (Approved, Reversed),
            (Payable, InPayout),
            (Payable, Reversed),
            (InPayout, Paid),
            (InPayout, Payable),
            (Paid, Payable),
            (Paid, Reversed),
        ];
        for &from in ConversionState::ALL {
            for &to in ConversionState::ALL {
                assert_eq!(from.can_become(to), allowed.contains(&(from, to)), "{from} to {to}");
            }
        }
    }

    #[test]
    fn order_ids_are_taken_as_they_are_or_refused() {
        let longest = "x".repeat(128);
        for text in ["A1", "a1", "\u{ff21}1", "e\u{301}", "\u{e9}", "a b", "=HYPERLINK()", &longest] {
            assert_eq!(text.parse::<OrderId>().unwrap().as_str(), text);
        }
        let too_long = "\u{e9}".repeat(65);
        for text in ["", " A1", "A1 ", "A1\n", "A\t1", "\u{a0}A1", "A\u{0}1", "A\u{85}1", &too_long] {
            assert_eq!(text.parse::<OrderId>(), Err(NotAnOrderId), "{text:?}");
        }
        assert_eq!(OrderId::of_click(ClickId(0)).as_str(), "click:0000000000000");
    }

    #[test]
    fn a_publisher_sees_the_last_four_characters() {
        assert_eq!("ORDER-1234".parse::<OrderId>().unwrap().masked(), "\u{2026}1234");
        assert_eq!("O1".parse::<OrderId>().unwrap().masked(), "\u{2026}");
    }
}
