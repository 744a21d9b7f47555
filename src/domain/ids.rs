//! Ids: typed, time-ordered, without a visible sequence (domain.md section 0).
//!
//! An id is an `i64`: 42 bits of milliseconds since 2020-01-01, 9 bits of node, 12 bits of sequence.
//! People and URLs see 13 lower-case Crockford base32 characters.

use std::fmt;
use std::str::FromStr;
use std::sync::{LazyLock, Mutex};

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// 2020-01-01T00:00:00Z in Unix milliseconds: the zero of an id's time.
pub const EPOCH_MS: i64 = 1_577_836_800_000;
const NODE_BITS: u32 = 9;
const SEQUENCE_BITS: u32 = 12;
/// As many processes can make ids at once.
pub const NODES: u16 = 1 << NODE_BITS;

/// Crockford's alphabet, lower case, read in either case, without aliases, spare bits zero.
pub static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification.translate.from.push_str("ABCDEFGHJKMNPQRSTVWXYZ");
    specification.translate.to.push_str("abcdefghjkmnpqrstvwxyz");
    specification.encoding().expect("a constant alphabet")
});

/// The text is not an id: not 13 characters of the alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

fn write_id(id: i64) -> String {
    BASE32.encode(&id.to_be_bytes())
}

fn read_id(text: &str) -> Result<i64, NotAnId> {
    let bytes = BASE32.decode(text.as_bytes()).map_err(|_| NotAnId)?;
    let id = i64::from_be_bytes(bytes.try_into().map_err(|_| NotAnId)?);
    if id < 0 { Err(NotAnId) } else { Ok(id) }
}

/// The millisecond in which an id was made.
pub const fn time_of(id: i64) -> Timestamp {
    Timestamp((id >> (NODE_BITS + SEQUENCE_BITS)) + EPOCH_MS)
}

/// The lowest id that can be made at `at`: a range of time is a range of ids.
pub const fn first_id_at(at: Timestamp) -> i64 {
    let ms = at.0 - EPOCH_MS;
    if ms <= 0 { 0 } else { ms << (NODE_BITS + SEQUENCE_BITS) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// The millisecond in which it was made.
            pub const fn time(self) -> Timestamp {
                time_of(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&write_id(self.0))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                read_id(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*

        /// Calls a macro with the name of every id type: the store gives each the traits of the databases.
        #[allow(unused_macros)] // only the server has a store
        macro_rules! for_every_id {
            ($call:ident) => { $call!($($name),*); };
        }
        #[allow(unused_imports)]
        pub(crate) use for_every_id;
    };
}

ids! {
    /// A person who logs in.
    MemberId,
    /// A member's role in a party.
    MembershipId,
    /// A publisher, an advertiser, or the network itself.
    PartyId,
    /// A party that places tracking links.
    PublisherId,
    /// A party that runs campaigns.
    AdvertiserId,
    /// What is promoted, with its terms.
    CampaignId,
    /// A publisher in a campaign.
    EnrollmentId,
    /// A tracking link.
    LinkId,
    /// A text or banner provided by the advertiser.
    CreativeId,
    /// A publisher's code.
    CouponId,
    /// One request to a tracking link.
    ClickId,
    /// A sale or lead.
    ConversionId,
    /// One report of a conversion.
    EvidenceId,
    /// One stored run of `attribute` and `commission`.
    DecisionId,
    /// A step in the life of a conversion.
    EventId,
    /// One request to a reporting end point, with its outcome.
    AttemptId,
    /// Something that a party is told.
    NoticeId,
    /// A file with conversions that an advertiser sent.
    UploadId,
    /// Many reviews that were asked for together.
    ReviewBatchId,
    /// An advertiser's key for the JSON interface.
    ApiKeyId,
    /// A ledger account of a party in a currency.
    AccountId,
    /// One debit and credit of the ledger.
    TransferId,
    /// A part of an order that was taken back.
    RefundId,
    /// What a publisher is to be paid, or owes: an entry that a payout takes.
    PayableId,
    /// Money that an advertiser paid.
    DepositId,
    /// What of it pays for a conversion, or is taken back from one.
    AllocationId,
    /// A list of payouts proposed together.
    PayoutRunId,
    /// What one publisher gets in one currency.
    PayoutId,
    /// One version of where a publisher is paid.
    PayoutDetailsId,
}

impl PublisherId {
    pub const fn party(self) -> PartyId {
        PartyId(self.0)
    }
}

impl AdvertiserId {
    pub const fn party(self) -> PartyId {
        PartyId(self.0)
    }
}

/// Makes ids that strictly increase on this node, also when the clock stands still or steps back.
#[derive(Debug)]
pub struct IdGenerator {
    node: i64,
    /// The last time and sequence given out, joined without the node.
    last: Mutex<i64>,
}

impl IdGenerator {
    /// `node` is the number from the node lease; only its low 9 bits count.
    pub const fn new(node: u16) -> Self {
        Self { node: (node & 0x1ff) as i64, last: Mutex::new(0) }
    }

    /// As [`Self::new`], with ids later than every one of the millisecond `last`, also when the clock is behind it.
    pub const fn after(node: u16, last: Timestamp) -> Self {
        let ms = last.0 - EPOCH_MS;
        let next = if ms < 0 { 0 } else { ((ms + 1) << SEQUENCE_BITS) - 1 };
        Self { node: (node & 0x1ff) as i64, last: Mutex::new(next) }
    }

    /// The next id at `now`; when the 4,096 of a millisecond are used up, the next millisecond's.
    pub fn next(&self, now: Timestamp) -> i64 {
        let first = (now.0 - EPOCH_MS).max(0) << SEQUENCE_BITS;
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = first.max(*last + 1);
        let (ms, sequence) = (*last >> SEQUENCE_BITS, *last & ((1 << SEQUENCE_BITS) - 1));
        ms << (NODE_BITS + SEQUENCE_BITS) | self.node << SEQUENCE_BITS | sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_in_13_characters_and_read_in_either_case() {
        let id = ClickId(0x0123_4567_89ab_cdef);
        let text = id.to_string();
        assert_eq!(text.len(), 13);
        assert_eq!(text.to_uppercase().parse::<ClickId>(), Ok(id));
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let spare_bit = format!("{}1", &ClickId(0).to_string()[..12]);
        let negative = BASE32.encode(&(-1_i64).to_be_bytes());
        for text in ["", "abc", "il00000000000", "00000000000000", &spare_bit, &negative] {
            assert_eq!(text.parse::<ClickId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn ids_increase_when_the_clock_stands_still_or_steps_back_and_carry_their_time() {
        let ids = IdGenerator::new(3);
        let now = Timestamp(1_772_445_600_000);
        assert_eq!(time_of(ids.next(now)), now);
        let mut many: Vec<i64> = (0..10_000).map(|_| ids.next(now)).collect();
        many.push(ids.next(Timestamp(now.0 - 5)));
        assert!(many.is_sorted() && many.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(time_of(many[9_999]).0 - now.0, 2, "4,096 ids fit into a millisecond");
    }

    #[test]
    fn a_new_start_goes_on_after_the_last_id() {
        let now = Timestamp(1_772_445_600_000);
        let before = IdGenerator::new(3);
        let last = (0..5_000).map(|_| before.next(now)).max().unwrap();
        let after = IdGenerator::after(3, time_of(last));
        assert!(after.next(now) > last);
        assert_eq!(time_of(after.next(now.plus_ms(5))), now.plus_ms(5));
        assert_eq!(time_of(IdGenerator::after(3, Timestamp(0)).next(now)), now);
    }

    #[test]
    fn two_nodes_never_make_the_same_id() {
        let now = Timestamp(1_772_445_600_000);
        assert_ne!(IdGenerator::new(1).next(now), IdGenerator::new(2).next(now));
    }
}
