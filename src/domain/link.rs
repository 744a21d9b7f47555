//! The tracking link: its slug, and where a click on it goes (domain.md section 1).

use std::fmt;
use std::str::FromStr;

use url::{Url, form_urlencoded};

use super::deep_link::read_url;
use super::link_macros::encode;

pub use super::deep_link::{
    AllowedHosts, DEEP_LINK_NAMES, DESTINATION_BYTES_MAX, DestinationRefused, LOCATION_BYTES_MAX, NotAHost,
    check_destination,
};
pub use super::link_macros::{MACROS, MacroValues, expand, unknown_macros};
pub use super::sub_ids::{SUB_ID_BYTES_MAX, SubIds};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What stands in `/c/{slug}`: 8 to 12 random base62 characters, never a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slug(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a slug")]
pub struct NotASlug;

impl Slug {
    /// Ten characters from ten random bytes: about 59 bits.
    pub fn from_random(bytes: [u8; 10]) -> Self {
        let number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let digit = |place: u32| char::from(BASE62[(number / 62_u128.pow(place) % 62) as usize]);
        Self((0..10).map(digit).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Slug {
    type Err = NotASlug;
    fn from_str(text: &str) -> Result<Self, NotASlug> {
        let fits = (8..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(NotASlug) }
    }
}

/// A link has at most so many tags.
pub const TAGS_MAX: usize = 10;
const TAG_LETTERS_MAX: usize = 32;

/// A publisher's own words for its links, by which it finds them again: in lower case, each once, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<String>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagsRefused {
    #[error("at most {TAGS_MAX} tags")]
    TooMany,
    #[error("a tag has at most {TAG_LETTERS_MAX} characters")]
    TooLong,
}

impl Tags {
    /// Reads tags with commas between them.
    pub fn parse(text: &str) -> Result<Self, TagsRefused> {
        let words = text.split([',', '\n']).map(|tag| tag.split_whitespace().collect::<Vec<_>>().join(" "));
        let mut tags: Vec<String> = words.filter(|tag| !tag.is_empty()).map(|tag| tag.to_lowercase()).collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.iter().any(|tag| tag.chars().count() > TAG_LETTERS_MAX || tag.chars().any(char::is_control)) {
            return Err(TagsRefused::TooLong);
        }
        if tags.len() > TAGS_MAX { Err(TagsRefused::TooMany) } else { Ok(Self(tags)) }
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// As they are typed: `spring, newsletter`.
impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.join(", "))
    }
}

/// Where a click goes: the destination with its macros replaced, its host checked again, and the click id in the
/// landing parameter. A parameter of that name which is already there gives way, also where there is no click id.
///
/// The result's serialization is the `Location`.
pub fn destination(
    template: &str,
    landing_parameter: &str,
    values: &MacroValues<'_>,
    hosts: &AllowedHosts,
) -> Result<Url, DestinationRefused> {
    let expanded = expand(template, values)?;
    if expanded.len() > LOCATION_BYTES_MAX {
        return Err(DestinationRefused::TooLong);
    }
    let mut url = read_url(&expanded, hosts)?;
    set_parameter(&mut url, landing_parameter, values.click_id);
    Ok(url)
}

/// Sets or removes one parameter and leaves the others as they are written.
fn set_parameter(url: &mut Url, name: &str, value: Option<&str>) {
    let has_name = |part: &str| form_urlencoded::parse(part.as_bytes()).any(|(key, _)| key == name);
    let is_other = |part: &&str| !part.is_empty() && !has_name(part);
    let others = url.query().unwrap_or("").split('&').filter(is_other).map(str::to_owned);
    let own = value.map(|value| format!("{}={}", encode(name), encode(value)));
    let parts: Vec<String> = others.chain(own).collect();
    url.set_query((!parts.is_empty()).then(|| parts.join("&")).as_deref());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::link_macros::tests::values;
    use super::*;

    fn hosts() -> AllowedHosts {
        AllowedHosts::parse("shop.example, B\u{fc}cher.example\nshop.example:8443,tls.example:443", false).unwrap()
    }

    #[test]
    fn slugs_are_base62_of_8_to_12() {
        let slug = Slug::from_random([255; 10]);
        assert_eq!(slug.as_str().parse(), Ok(slug.clone()));
        assert_eq!(Slug::from_random([0; 10]).as_str(), "0000000000");
        assert_ne!(Slug::from_random([254; 10]), slug);
        for text in ["", "1234567", "1234567890123", "12345678-", "1234567\u{e4}"] {
            assert_eq!(text.parse::<Slug>(), Err(NotASlug), "{text}");
        }
    }

    #[test]
    fn tags_are_words_in_order_each_once() {
        let tags = Tags::parse(" Spring, news  letter\n,, spring").unwrap();
        assert_eq!(tags.to_string(), "news letter, spring");
        assert_eq!(Tags::parse(&tags.to_string()), Ok(tags));
        assert_eq!(Tags::parse(""), Ok(Tags::default()));
        let many = (0..=TAGS_MAX).map(|number| format!("t{number},")).collect::<String>();
        assert_eq!(Tags::parse(&many), Err(TagsRefused::TooMany));
        for text in ["x".repeat(33), "a\0b".to_owned()] {
            assert_eq!(Tags::parse(&text), Err(TagsRefused::TooLong));
        }
    }

    #[test]
    fn the_landing_parameter_carries_the_click_id_or_nothing() {
        let sub_ids = SubIds::default();
        let to = |template: &str, click_id| {
            destination(template, "click_id", &values(click_id, &sub_ids), &hosts()).unwrap().to_string()
        };
        for (template, with, without) in [
            ("https://shop.example", "/?click_id=token", "/"),
            ("https://shop.example/a?x=1%20&y#z", "/a?x=1%20&y&click_id=token#z", "/a?x=1%20&y#z"),
            ("https://shop.example/?click_id=old&x={z}&cl%69ck_id=2", "/?x={z}&click_id=token", "/?x={z}"),
            ("https://shop.example/{click_id}?i={click_id}", "/token?i=token&click_id=token", "/?i="),
        ] {
            assert_eq!(to(template, Some("token")), format!("https://shop.example{with}"), "{template}");
            assert_eq!(to(template, None), format!("https://shop.example{without}"), "{template}");
        }
    }

    #[test]
    fn host_and_length_are_checked_after_the_macros() {
        let sub_ids = SubIds([Some("evil.example".to_owned()), None, None, None, None]);
        let too_long = format!("https://shop.example/{}", "{sub1}".repeat(800));
        for (template, reason) in
            [("https:///{sub1}/", DestinationRefused::Host), (&too_long, DestinationRefused::TooLong)]
        {
            assert_eq!(destination(template, "click_id", &values(None, &sub_ids), &hosts()), Err(reason));
        }
    }

    proptest! {
        #[test]
        fn a_value_never_changes_the_host_or_the_other_parameters(value in any::<String>(), token in "[0-9a-z]{1,44}") {
            let sub_ids = SubIds([Some(value.clone()), None, None, None, None]);
            let template = "https://shop.example/a?x={sub1}&y=1#{sub1}";
            let url = destination(template, "click_id", &values(Some(&token), &sub_ids), &hosts()).unwrap();
            prop_assert_eq!((url.host_str(), url.path()), (Some("shop.example"), "/a"));
            let pairs: Vec<_> = url.query_pairs().collect();
            let expected = [("x", value.as_str()), ("y", "1"), ("click_id", &token)];
            prop_assert_eq!(pairs, expected.map(|(key, value)| (key.into(), value.into())));
        }
    }
}
