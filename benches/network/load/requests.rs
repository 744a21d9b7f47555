//! Clicks as browsers send them: made before the run; only the visitor's address is written anew into each.

use crate::numbers::{Dice, Zipf};

const AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
];
const REFERRERS: [&str; 5] = [
    "https://letters.example/issue/42",
    "https://www.reviews.example/boots/best-of-the-year",
    "https://deals.example/today?page=2",
    "https://m.social.example/",
    "https://blog.example/2026/11/a-long-walk-in-the-rain",
];
/// Of ten clicks so many are a visitor's first; the others repeat one.
const NEW_OF_TEN: u32 = 7;
/// Each of the three parts of an address that change has three digits: 100 to 249.
const PARTS: u32 = 150;
const NETWORKS: u32 = PARTS * PARTS * PARTS;

struct Template {
    bytes: Vec<u8>,
    address_at: usize,
    uses: u32,
    first: u32,
}

/// Requests without end.
pub struct Requests {
    templates: Vec<Template>,
    next: usize,
}

/// Whether a connection carries one click or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    Kept,
    Single,
}

impl Requests {
    /// `slugs` are drawn as links are: few of them very often.
    pub fn new(slugs: &[String], templates: usize, connections: Connections) -> Self {
        let (mut dice, zipf) = (Dice::new(20_261_122), Zipf::new(slugs.len()));
        let make = |_| Template::new(&slugs[zipf.draw(&mut dice)], connections, &mut dice);
        Self { templates: (0..templates).map(make).collect(), next: 0 }
    }

    /// The next request.
    pub fn next(&mut self) -> &[u8] {
        let place = self.next;
        self.next = (place + 1) % self.templates.len();
        let template = &mut self.templates[place];
        template.readdress();
        &template.bytes
    }
}

impl Template {
    fn new(slug: &str, connections: Connections, dice: &mut Dice) -> Self {
        let agent = AGENTS[dice.below(AGENTS.len())];
        let referrer = REFERRERS[dice.below(REFERRERS.len())];
        let sub = if dice.below(2) == 0 { format!("?sub1=mail-{}", dice.below(500)) } else { String::new() };
        let head = format!("GET /c/{slug}{sub} HTTP/1.1\r\nHost: track.example\r\nX-Forwarded-For: ");
        let close = if connections == Connections::Single { "Connection: close\r\n" } else { "" };
        let rest = format!(
            "\r\nUser-Agent: {agent}\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\
            Accept-Language: en-GB,en;q=0.7\r\nAccept-Encoding: gzip, deflate, br\r\nReferer: {referrer}\r\n\
            Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n\
            Sec-Fetch-User: ?1\r\nUpgrade-Insecure-Requests: 1\r\n\
            Cookie: seen={}; theme=dark; consent=all\r\n{close}\r\n",
            dice.below(1_000_000)
        );
        let address = "100.100.100.7";
        let bytes = [head.as_bytes(), address.as_bytes(), rest.as_bytes()].concat();
        Self { bytes, address_at: head.len(), uses: 0, first: dice.below(NETWORKS as usize) as u32 }
    }

    /// Another network for most uses, the last one again for the others.
    fn readdress(&mut self) {
        let visitor = self.uses / 10 * NEW_OF_TEN + (self.uses % 10).min(NEW_OF_TEN - 1);
        self.uses = self.uses.wrapping_add(1);
        let mut number = self.first.wrapping_add(visitor.wrapping_mul(7_919)) % NETWORKS;
        for part in 0..3 {
            let value = 100 + number % PARTS;
            number /= PARTS;
            let digits = [value / 100, value / 10 % 10, value % 10].map(|digit| b'0' + digit as u8);
            let at = self.address_at + part * 4;
            self.bytes[at..at + 3].copy_from_slice(&digits);
        }
    }
}
