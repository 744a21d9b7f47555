//! Creatives: what an advertiser gives its publishers to place (domain.md section 8, trust.md S12 and S21).
//!
//! A paused creative's banner is replaced by a transparent image of its own size, so that no page breaks. Its link goes
//! on to the landing page and counts: a publisher loses no click because an advertiser changed its mind.

use std::fmt;

use super::ids::{CampaignId, CreativeId, PublisherId};
use super::link::SubIds;

text_enum! {
    pub enum CreativeKind {
        /// Words to click.
        Text = "text",
        /// An image to click.
        Banner = "banner",
    }
}

impl CreativeKind {
    /// For people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "Text link",
            Self::Banner => "Banner",
        }
    }
}

/// A link text or an alternative text: one line of 1 to 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text needs 1 to 200 characters on one line")]
pub struct NotWords;

impl Words {
    pub fn parse(text: &str) -> Result<Self, NotWords> {
        let text = text.trim();
        let fits = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(NotWords) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a publisher's code of a creative is made of.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    /// Where clicks and images are served: `https://track.example`.
    pub origin: &'a str,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub creative_id: CreativeId,
    /// The words of a text link, the alternative text of a banner.
    pub words: &'a str,
    /// Width and height of a banner.
    pub size: Option<(i64, i64)>,
    pub sub_ids: &'a SubIds,
}

impl Placement<'_> {
    /// `https://track.example/c/{campaign}/{publisher}?creative={creative}&sub1=…`
    pub fn link(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("creative", &self.creative_id.to_string());
        for (number, value) in (1..).zip(&self.sub_ids.0) {
            if let Some(value) = value {
                query.append_pair(&format!("sub{number}"), value);
            }
        }
        format!("{}/c/{}/{}?{}", self.origin, self.campaign_id, self.publisher_id, query.finish())
    }

    /// `https://track.example/i/{creative}/{publisher}`
    pub fn image(&self) -> String {
        format!("{}/i/{}/{}", self.origin, self.creative_id, self.publisher_id)
    }

    pub fn html(&self) -> String {
        let (link, words) = (escape_html(&self.link()), escape_html(self.words));
        let inside = self.size.map_or_else(
            || words.clone(),
            |(width, height)| {
                let image = self.image();
                format!("<img src=\"{image}\" width=\"{width}\" height=\"{height}\" alt=\"{words}\">")
            },
        );
        format!("<a href=\"{link}\" rel=\"sponsored\">{inside}</a>")
    }

    pub fn markdown(&self) -> String {
        let words = escape_markdown(self.words);
        let inside = self.size.map_or_else(|| words.clone(), |_| format!("![{words}]({})", self.image()));
        format!("[{inside}]({})", self.link())
    }
}

/// Text as it may stand in an element and in an attribute between double quotes.
fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A link's text may hold what would end it.
pub fn escape_markdown(text: &str) -> String {
    let escaped = |letter: char| if "\\[]<>*_`!".contains(letter) { format!("\\{letter}") } else { letter.to_string() };
    text.chars().map(escaped).collect()
}

/// A banner's width and height, for people: `300 × 250`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub i64, pub i64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} \u{d7} {}", self.0, self.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line() {
        assert_eq!(Words::parse("  Boots <now>  ").unwrap().as_str(), "Boots <now>");
        for text in ["", "  ", "a\nb", "a\0b", &"x".repeat(201)] {
            assert_eq!(Words::parse(text), Err(NotWords), "{text:?}");
        }
        assert!(Words::parse(&"\u{e4}".repeat(200)).is_ok());
    }

    #[test]
    fn code_holds_what_was_written_and_nothing_ends_it() {
        let sub_ids = SubIds([Some("a b&c\"".to_owned()), None, None, None, None]);
        let placement = Placement {
            origin: "https://track.example",
            campaign_id: CampaignId(1),
            publisher_id: PublisherId(2),
            creative_id: CreativeId(3),
            words: "50% \"off\" <b>[boots]</b>",
            size: None,
            sub_ids: &sub_ids,
        };
        let link = "https://track.example/c/0000000000002/0000000000004?creative=0000000000006";
        assert_eq!(placement.link(), format!("{link}&sub1=a+b%26c%22"));
        let words = "50% &quot;off&quot; &lt;b&gt;[boots]&lt;/b&gt;";
        let html = format!("<a href=\"{link}&amp;sub1=a+b%26c%22\" rel=\"sponsored\">{words}</a>");
        assert_eq!(placement.html(), html);
        assert_eq!(placement.markdown(), format!("[50% \"off\" \\<b\\>\\[boots\\]\\</b\\>]({link}&sub1=a+b%26c%22)"));
        let banner = Placement { size: Some((300, 250)), words: "Boots", sub_ids: &SubIds::default(), ..placement };
        let image = "https://track.example/i/0000000000006/0000000000004";
        let html = format!(
            "<a href=\"{link}\" rel=\"sponsored\"><img src=\"{image}\" width=\"300\" height=\"250\" alt=\"Boots\"></a>"
        );
        assert_eq!(banner.html(), html);
        assert_eq!(banner.markdown(), format!("[![Boots]({image})]({link})"));
    }
}
