//! Crawlers and link previews, told by their user agent: a public list (`scripts/update-crawlers.sh`).

use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

const LIST: &str = include_str!("crawler-user-agents.json");

#[derive(Deserialize)]
struct Entry {
    pattern: String,
}

/// All patterns of the list, matched in one pass.
pub struct Crawlers(RegexSet);

impl Crawlers {
    /// # Panics
    /// When the list that this binary was built with cannot be read; a test reads it.
    pub fn new() -> Self {
        let entries: Vec<Entry> = serde_json::from_str(LIST).expect("the list of crawlers");
        let patterns = entries.iter().map(|entry| &entry.pattern);
        let set = RegexSetBuilder::new(patterns).size_limit(64 << 20).dfa_size_limit(64 << 20).build();
        Self(set.expect("the patterns of crawlers"))
    }

    pub fn matches(&self, user_agent: &str) -> bool {
        self.0.is_match(user_agent)
    }
}

impl Default for Crawlers {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_are_known_and_people_are_not() {
        let crawlers = Crawlers::new();
        let robots = [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "facebookexternalhit/1.1",
            "Twitterbot/1.0",
        ];
        for robot in robots {
            assert!(crawlers.matches(robot), "{robot}");
        }
        let people = [
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
        ];
        for person in people {
            assert!(!crawlers.matches(person), "{person}");
        }
    }
}
