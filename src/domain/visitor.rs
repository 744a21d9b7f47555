//! The visitor, as far as a click tells: never who, only whether it is the same one of a day, and on what kind of
//! device (domain.md sections 1 and 11).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ids::CampaignId;
use super::secret::mac;

text_enum! {
    /// Coarse: see [`device_of`].
    pub enum DeviceClass {
        Desktop = "desktop",
        Mobile = "mobile",
        Tablet = "tablet",
        Other = "other",
    }
}

/// Tells a day's visitors to a campaign apart without telling who they are: the salt is random, of the UTC day, and
/// deleted after 48 hours; the address is shortened.
pub fn visitor_key(salt: &[u8; 32], address: IpAddr, user_agent: &str, campaign_id: CampaignId) -> [u8; 16] {
    let address = shorten(address).to_string();
    let whole = mac(salt, &[address.as_bytes(), user_agent.as_bytes(), &campaign_id.0.to_be_bytes()]);
    *whole.first_chunk().expect("32 bytes have 16 first ones")
}

/// The network of an address: /24 of IPv4, also of one written as IPv6, and /48 of IPv6.
pub fn shorten(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

/// Words of user agents and what they say, the first that is found; browsers name the ones that they descend from too.
const BROWSERS: [(&str, &str); 12] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chrome"),
    ("Safari/", "Safari"),
    ("AppleWebKit/", "Safari"),
];
const SYSTEMS: [(&str, &str); 10] = [
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iPod", "iOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
];

/// Device class, browser family and system family of a user agent.
///
/// Coarse on purpose: a few words, no versions. A tablet that asks for desktop pages counts as a desktop. What is not
/// recognised is `other`.
pub fn device_of(user_agent: &str) -> (DeviceClass, &'static str, &'static str) {
    let first = |words: &[(&str, &'static str)]| {
        words.iter().find(|(word, _)| user_agent.contains(word)).map_or("other", |(_, name)| name)
    };
    let (browser, system) = (first(&BROWSERS), first(&SYSTEMS));
    let says = |word: &str| user_agent.contains(word);
    let is_tablet = says("iPad") || says("Tablet") && !says("Tablet PC") || system == "Android" && !says("Mobile");
    let device = match system {
        _ if is_tablet => DeviceClass::Tablet,
        "iOS" | "Android" => DeviceClass::Mobile,
        _ if says("Mobile") => DeviceClass::Mobile,
        "other" => DeviceClass::Other,
        _ => DeviceClass::Desktop,
    };
    (device, browser, system)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36";
    const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15";

    #[test]
    fn addresses_are_shortened() {
        let networks =
            [("::ffff:203.0.113.77", "203.0.113.0"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"), ("::1", "::")];
        for (address, expected) in [("203.0.113.77", "203.0.113.0")].into_iter().chain(networks) {
            assert_eq!(shorten(address.parse().unwrap()).to_string(), expected);
        }
    }

    #[test]
    fn a_visitor_is_one_network_browser_campaign_and_day() {
        let key = |salt: u8, address: &str, user_agent: &str, campaign_id| {
            visitor_key(&[salt; 32], address.parse().unwrap(), user_agent, CampaignId(campaign_id))
        };
        let visitor = key(1, "203.0.113.77", CHROME, 1);
        assert_eq!(visitor, key(1, "203.0.113.5", CHROME, 1));
        assert_eq!(visitor, key(1, "::ffff:203.0.113.5", CHROME, 1));
        for other in [
            key(2, "203.0.113.77", CHROME, 1),
            key(1, "203.0.114.77", CHROME, 1),
            key(1, "203.0.113.77", SAFARI, 1),
            key(1, "203.0.113.77", CHROME, 2),
        ] {
            assert_ne!(visitor, other);
        }
    }

    #[test]
    fn user_agents_are_read_coarsely() {
        use DeviceClass::*;
        for (user_agent, expected) in [
            (CHROME, (Desktop, "Chrome", "Windows")),
            (SAFARI, (Desktop, "Safari", "macOS")),
            ("(iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile Safari/604.1", (Mobile, "Safari", "iOS")),
            ("(iPad; CPU OS 18_0 like Mac OS X) FxiOS/140.0 Mobile Safari/605.1", (Tablet, "Firefox", "iOS")),
            ("(Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36", (Mobile, "Chrome", "Android")),
            ("(Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0", (Tablet, "Samsung Internet", "Android")),
            ("(Android 15; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0", (Tablet, "Firefox", "Android")),
            ("(X11; Linux x86_64; rv:140.0) Firefox/140.0", (Desktop, "Firefox", "Linux")),
            ("(Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", (Desktop, "Edge", "Windows")),
            ("curl/8.5.0", (Other, "other", "other")),
            ("", (Other, "other", "other")),
        ] {
            assert_eq!(device_of(user_agent), expected, "{user_agent}");
        }
    }
}
