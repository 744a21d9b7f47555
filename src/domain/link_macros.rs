//! Macros: what stands between braces in a destination and becomes a value of each click (domain.md section 1).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::deep_link::DestinationRefused;
use super::ids::{CampaignId, CreativeId, PublisherId};
use super::sub_ids::SubIds;
use super::time::{SECOND_MS, Timestamp};

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
pub(super) fn encode(value: &str) -> percent_encoding::PercentEncode<'_> {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn values<'a>(click_id: Option<&'a str>, sub_ids: &'a SubIds) -> MacroValues<'a> {
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
}
