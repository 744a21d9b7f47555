//! The tracking link: its slug, its sub ids, and where it may lead (domain.md section 1).

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::{Host, Url, form_urlencoded};

use super::ids::{CampaignId, CreativeId, PublisherId};
use super::time::{SECOND_MS, Timestamp};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// A sub id has at most so many bytes.
pub const SUB_ID_BYTES_MAX: usize = 255;
/// A deep link, or a saved destination, has at most so many bytes.
pub const DESTINATION_BYTES_MAX: usize = 2_048;
/// A destination with its macros replaced has at most so many bytes.
pub const LOCATION_BYTES_MAX: usize = 8_192;
/// The parameters that carry a deep link; the first one there counts.
pub const DEEP_LINK_NAMES: [&str; 3] = ["url", "u", "ued"];

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

/// The hosts to which a campaign's links may lead: its own domain and those on its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<AllowedHost>);

/// A host and its port; no port: the scheme's own.
type AllowedHost = (Host<String>, Option<u16>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a host as in shop.example, or shop.example:8443: {0:?}")]
pub struct NotAHost(pub String);

impl AllowedHosts {
    /// Reads hosts, one a line or with commas between them; compared after IDNA and in lower case.
    /// A development network may list `localhost` and `127.0.0.1`, with a port.
    ///
    /// # Errors
    /// The first entry that is no host.
    pub fn parse(text: &str, is_development: bool) -> Result<Self, NotAHost> {
        let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        let read = |entry: &str| read_host(entry, is_development).ok_or_else(|| NotAHost(entry.to_owned()));
        entries.map(read).collect::<Result<_, _>>().map(Self)
    }

    fn check(&self, url: &Url) -> Result<(), DestinationRefused> {
        let host = url.host().ok_or(DestinationRefused::NotAUrl)?;
        let ports: Vec<_> = self.0.iter().filter(|(name, _)| *name == host).map(|(_, port)| *port).collect();
        match host {
            _ if ports.contains(&url.port()) || ports.contains(&url.port_or_known_default()) => Ok(()),
            _ if !ports.is_empty() => Err(DestinationRefused::Port),
            Host::Domain(_) => Err(DestinationRefused::Host),
            Host::Ipv4(_) | Host::Ipv6(_) => Err(DestinationRefused::IpLiteral),
        }
    }
}

fn read_host(entry: &str, is_development: bool) -> Option<AllowedHost> {
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok().filter(|port| *port != 0)?)),
        None => (entry, None),
    };
    let host = Host::parse(name).ok()?;
    let is_fit = match &host {
        Host::Domain(name) if name == "localhost" => is_development && port.is_some(),
        Host::Domain(name) => is_public_name(name),
        Host::Ipv4(address) => *address == Ipv4Addr::LOCALHOST && is_development && port.is_some(),
        Host::Ipv6(_) => false,
    };
    is_fit.then_some((host, port))
}

/// Two or more labels of letters, digits and hyphens.
fn is_public_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.contains('.') && name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_fit))
}

/// As it is stored: one host a line.
impl fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.iter().map(|(host, port)| match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        });
        f.pad(&lines.collect::<Vec<_>>().join("\n"))
    }
}

/// Why a link may not lead there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DestinationRefused {
    #[error("too long: at most {DESTINATION_BYTES_MAX} bytes, or {LOCATION_BYTES_MAX} with its macros replaced")]
    TooLong,
    #[error("not a web address as in https://shop.example/shoes")]
    NotAUrl,
    #[error("only http and https")]
    Scheme,
    #[error("a user name or password in the address")]
    UserInfo,
    #[error("a number in place of a host name")]
    IpLiteral,
    #[error("a port that the campaign does not list")]
    Port,
    #[error("a host that the campaign does not list")]
    Host,
    #[error("a macro before the path")]
    MacroInHost,
}

/// Reads a deep link or a saved destination. What comes back, never the text itself, is where to go.
///
/// A loopback host is on a list only where [`AllowedHosts::parse`] was told of a development network.
pub fn check_destination(text: &str, hosts: &AllowedHosts) -> Result<Url, DestinationRefused> {
    if text.len() > DESTINATION_BYTES_MAX {
        return Err(DestinationRefused::TooLong);
    }
    read_url(text, hosts)
}

fn read_url(text: &str, hosts: &AllowedHosts) -> Result<Url, DestinationRefused> {
    let url = Url::parse(text).map_err(|_| DestinationRefused::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(DestinationRefused::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(DestinationRefused::UserInfo);
    }
    hosts.check(&url)?;
    Ok(url)
}

/// What the macros of a destination stand for. Without a click id, `{click_id}` is empty.
#[derive(Debug, Clone, Copy)]
pub struct MacroValues<'a> {
    /// The public token.
    pub click_id: Option<&'a str>,
    pub publisher_id: PublisherId,
    pub campaign_id: CampaignId,
    pub creative_id: Option<CreativeId>,
    pub sub_ids: &'a SubIds,
    /// The time of the click; `{ts}` shows it in Unix seconds.
    pub at: Timestamp,
}

/// The names between braces that a destination may hold.
pub const MACROS: [&str; 10] =
    ["sub1", "sub2", "sub3", "sub4", "sub5", "click_id", "publisher_id", "campaign_id", "creative_id", "ts"];

impl MacroValues<'_> {
    fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "click_id" => self.click_id.unwrap_or("").to_owned(),
            "publisher_id" => self.publisher_id.to_string(),
            "campaign_id" => self.campaign_id.to_string(),
            "creative_id" => self.creative_id.map(|id| id.to_string()).unwrap_or_default(),
            "ts" => self.at.0.div_euclid(SECOND_MS).to_string(),
            _ => {
                let place = MACROS[..5].iter().position(|sub_id| *sub_id == name)?;
                self.sub_ids.0[place].clone().unwrap_or_default()
            }
        })
    }
}

/// Everything but RFC 3986's unreserved characters: a value stays one value in a path, a query and a fragment.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(value: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(value, VALUE)
}

/// Replaces the macros of a destination, before it is parsed: the `url` crate would encode the braces of a path.
/// A value is percent-encoded and never read again for macros; an unknown macro stays.
///
/// # Errors
/// A macro before the path is refused, known or not: a value can never name the host.
pub fn expand(template: &str, values: &MacroValues<'_>) -> Result<String, DestinationRefused> {
    let authority = template.find("://").ok_or(DestinationRefused::NotAUrl)? + 3;
    let path = template[authority..].find(['/', '\\', '?', '#']).map_or(template.len(), |length| authority + length);
    if template[..path].contains('{') {
        return Err(DestinationRefused::MacroInHost);
    }
    let (mut expanded, mut rest) = (template[..path].to_owned(), &template[path..]);
    while let Some(open) = rest.find('{') {
        expanded.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        let known = inside.split_once('}').and_then(|(name, after)| Some((values.value(name)?, after)));
        rest = if let Some((value, after)) = known {
            expanded.extend(encode(&value));
            after
        } else {
            expanded.push('{');
            inside
        };
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// The macros of a destination that stay as they are; its editor warns of them.
pub fn unknown_macros(template: &str) -> Vec<&str> {
    let names = template.split('{').skip(1).filter_map(|text| text.split_once('}'));
    names.map(|(name, _)| name).filter(|name| !MACROS.contains(name)).collect()
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

    #[test]
    fn hosts_are_listed_in_one_form() {
        assert_eq!(hosts().to_string(), "shop.example\nxn--bcher-kva.example\nshop.example:8443\ntls.example:443");
        let loopback = "localhost:3001,127.0.0.1:3001";
        assert_eq!(AllowedHosts::parse(loopback, true).unwrap().to_string(), loopback.replace(',', "\n"));
        for entry in ["localhost", "127.0.0.1", "[::1]:3001", "127.0.0.2:3001", "shop", "https://shop.example"] {
            assert_eq!(AllowedHosts::parse(entry, true), Err(NotAHost(entry.to_owned())));
        }
        for entry in ["localhost:3001", "127.0.0.1:3001", "2130706433:80", "*.shop.example", "shop.example.", "a..b"] {
            assert_eq!(AllowedHosts::parse(entry, false), Err(NotAHost(entry.to_owned())));
        }
    }

    #[test]
    fn hostile_destinations_are_refused() {
        use DestinationRefused::*;
        let too_long = format!("https://shop.example/{}", "a".repeat(DESTINATION_BYTES_MAX));
        let refused = [
            (TooLong, too_long.as_str()),
            (NotAUrl, "//shop.example/ /path https:// https://shop.example:99999/ https://shop%00.example/"),
            (Scheme, "javascript:alert(1)//shop.example data:text/html,https://shop.example ftp://shop.example/"),
            (Scheme, "file://shop.example/etc/passwd blob:https://shop.example/1"),
            (UserInfo, "https://shop.example@evil.example/ https://u:p@shop.example/ https://:p@shop.example/"),
            (IpLiteral, "https://127.0.0.1/ https://2130706433/ https://0x7f.1/ https://[::1]/ https://017700000001"),
            (Port, "https://shop.example:8080/ https://shop.example:80/ http://tls.example/ https://shop.example:0"),
            (Host, "https://evil.example/ https:/\\evil.example/ https://evil.example\\@shop.example/"),
            (Host, "https://evil.example#@shop.example/ https://evil.example?.shop.example/ http://localhost:3001/"),
            (Host, "https://shop.example.evil.example/ https://evilshop.example/ https://www.shop.example/"),
            (Host, "https://shop.example./ https://sh\u{43e}p.example/ https:evil.example https:///evil.example"),
        ];
        for (reason, texts) in refused {
            for text in texts.split(' ') {
                assert_eq!(check_destination(text, &hosts()), Err(reason), "{text}");
            }
        }
        assert_eq!(check_destination("", &hosts()), Err(NotAUrl));
        assert_eq!(check_destination("https://ev\til.example/", &hosts()), Err(Host));
        assert_eq!(check_destination("https://shop.example/", &AllowedHosts::default()), Err(Host));
    }

    #[test]
    fn a_destination_is_what_the_parser_makes_of_it() {
        for (text, expected) in [
            ("https://shop.example", "https://shop.example/"),
            ("HTTPS://SHOP.example:443/a b?q=\u{e4}#x", "https://shop.example/a%20b?q=%C3%A4#x"),
            ("https://tls.example:443", "https://tls.example/"),
            ("https://shop.example:8443/", "https://shop.example:8443/"),
            ("https://B\u{dc}CHER.example/", "https://xn--bcher-kva.example/"),
            ("https://shop\u{3002}example/", "https://shop.example/"),
            ("https://shop.example\\@evil.example/", "https://shop.example/@evil.example/"),
            ("https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/Set-Cookie:%20a=b"),
        ] {
            assert_eq!(check_destination(text, &hosts()).unwrap().as_str(), expected, "{text}");
        }
        let local = AllowedHosts::parse("127.0.0.1:3001", true).unwrap();
        assert!(check_destination("http://127.0.0.1:3001/shop", &local).is_ok());
        assert_eq!(check_destination("http://127.0.0.1/shop", &local), Err(DestinationRefused::Port));
    }

    fn values<'a>(click_id: Option<&'a str>, sub_ids: &'a SubIds) -> MacroValues<'a> {
        let (publisher_id, campaign_id, creative_id) = (PublisherId(1), CampaignId(2), Some(CreativeId(3)));
        MacroValues { click_id, publisher_id, campaign_id, creative_id, sub_ids, at: Timestamp(1_772_445_600_999) }
    }

    #[test]
    fn macros_are_replaced_once_and_encoded() {
        let sub_ids = SubIds([Some("a/b&c=\u{e4} #?".to_owned()), Some("{ts}".to_owned()), None, None, None]);
        let encoded = "a%2Fb%26c%3D%C3%A4%20%23%3F";
        let ids = "token/0000000000002/0000000000004/0000000000006";
        for (template, expected) in [
            ("/{sub1}?x={sub1}#{sub1}", format!("/{encoded}?x={encoded}#{encoded}")),
            ("?{sub2}{sub3}{ts}", "?%7Bts%7D1772445600".to_owned()),
            ("/{click_id}/{publisher_id}/{campaign_id}/{creative_id}", format!("/{ids}")),
            ("/{unknown}{{ts}{", "/{unknown}{1772445600{".to_owned()),
        ] {
            let expanded = expand(&format!("https://a.b{template}"), &values(Some("token"), &sub_ids));
            assert_eq!(expanded, Ok(format!("https://a.b{expected}")), "{template}");
        }
        for template in ["https://{sub1}.a.b/", "https://a.b{sub1}", "{sub1}://a.b/", "https://{x}@a.b/"] {
            assert_eq!(expand(template, &values(None, &sub_ids)), Err(DestinationRefused::MacroInHost), "{template}");
        }
        assert_eq!(expand("{sub1}", &values(None, &sub_ids)), Err(DestinationRefused::NotAUrl));
        assert_eq!(unknown_macros("https://a.b/{ts}{foo}?{{sub1}{sub6}{"), ["foo", "sub6"]);
        assert!(MACROS.iter().all(|name| values(None, &sub_ids).value(name).is_some()));
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

        #[test]
        fn what_is_accepted_leads_to_a_listed_host(
            text in r"(https?:)?[/\\]{0,3}[@a-z.:#?%0-9]{0,4}(shop\.example|evil\.example)[@:/\\.a-z0-9]{0,12}"
        ) {
            if let Ok(url) = check_destination(&text, &hosts()) {
                prop_assert_eq!(url.host_str(), Some("shop.example"));
                prop_assert_eq!(check_destination(url.as_str(), &hosts()), Ok(url));
            }
        }
    }
}
