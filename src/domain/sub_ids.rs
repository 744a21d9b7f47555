//! Sub ids: the publisher's own marks on a click (domain.md section 1).

use serde::{Deserialize, Serialize};

/// A sub id has at most so many bytes.
pub const SUB_ID_BYTES_MAX: usize = 255;

/// `sub1` to `sub5`: the publisher's own marks on a click, stored as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubIds(pub [Option<String>; 5]);

/// The names of each sub id: our own first, then those of other networks.
const SUB_ID_NAMES: [&[&str]; 5] = [
    &["sub1", "s1", "clickref", "fobs", "aff_sub", "subId1"],
    &["sub2", "s2", "clickref2", "fobs2", "aff_sub2", "subId2"],
    &["sub3", "s3", "clickref3", "fobs3", "aff_sub3", "subId3"],
    &["sub4", "s4", "clickref4", "fobs4", "aff_sub4"],
    &["sub5", "s5", "clickref5", "fobs5", "aff_sub5"],
];

impl SubIds {
    /// Reads a link's query. Our own name wins over an alias, the first of a repeated name over the next; an empty
    /// value is none. Also returns the names whose values are refused, over 255 bytes or with a NUL: nothing is cut.
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> (Self, Vec<&'static str>) {
        let pairs: Vec<(&str, &str)> = pairs.filter(|(_, value)| !value.is_empty()).collect();
        let mut refused = Vec::new();
        let sub_ids = SUB_ID_NAMES.map(|names| {
            let found = names.iter().find_map(|name| Some((*name, pairs.iter().find(|(key, _)| key == name)?.1)));
            match found {
                Some((name, value)) if value.len() > SUB_ID_BYTES_MAX || value.contains('\0') => {
                    refused.push(name);
                    None
                }
                found => found.map(|(_, value)| value.to_owned()),
            }
        });
        (Self(sub_ids), refused)
    }

    /// These, and where there is none the one saved with the link.
    #[must_use]
    pub fn merged_over(self, saved: &Self) -> Self {
        let mut merged = self;
        for (own, saved) in merged.0.iter_mut().zip(&saved.0) {
            *own = own.take().or_else(|| saved.clone());
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub_ids(query: &[(&str, &str)]) -> (SubIds, Vec<&'static str>) {
        SubIds::from_pairs(query.iter().copied())
    }

    #[test]
    fn every_name_of_a_sub_id_is_read() {
        for (index, names) in SUB_ID_NAMES.iter().enumerate() {
            for name in *names {
                let (read, _) = sub_ids(&[("x", "y"), (name, " \u{e4} ")]);
                let expected = std::array::from_fn(|place| (place == index).then(|| " \u{e4} ".to_owned()));
                assert_eq!(read.0, expected, "{name}");
            }
        }
        assert_eq!(sub_ids(&[("SUB1", "a"), ("subId4", "b"), ("sub6", "c")]).0, SubIds::default());
    }

    #[test]
    fn our_own_name_wins_and_the_query_wins_over_the_link_and_nothing_is_cut() {
        let (read, _) = sub_ids(&[("s1", "alias"), ("sub1", "own"), ("sub1", "again"), ("sub2", ""), ("fobs2", "b")]);
        let saved = SubIds([Some("saved"), Some("saved"), Some("c"), None, None].map(|value| value.map(str::to_owned)));
        let merged = read.merged_over(&saved);
        assert_eq!(merged.0.each_ref().map(Option::as_deref), [Some("own"), Some("b"), Some("c"), None, None]);
        let (fits, too_long) = ("\u{e4}".repeat(127) + "x", "\u{e4}".repeat(128));
        let (read, refused) = sub_ids(&[("sub1", &fits), ("clickref2", &too_long), ("sub3", "a\0b")]);
        assert_eq!((read.0, refused), ([Some(fits), None, None, None, None], vec!["clickref2", "sub3"]));
    }
}
