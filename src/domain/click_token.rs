//! The click id outside: a token that cannot be made up, and the list of them in a cookie (domain.md sections 1 and 2).

use std::fmt;

use subtle::ConstantTimeEq;

use super::ids::{BASE32, CampaignId, ClickId, LinkId, PublisherId};
use super::secret::{SecretKey, mac};
use super::time::Timestamp;

const KEY_VERSION: u8 = 1;
const MAC_BYTES: usize = 10;
const TOKEN_BYTES: usize = 1 + 8 + 8 + MAC_BYTES;
/// A token is 44 characters of Crockford's base32.
pub const TOKEN_LENGTH: usize = 44;
/// A cookie, and the `click_id` of a report, hold at most so many.
pub const LIST_MAX: usize = 4;
/// Of these, so many are the newest; the fourth is the oldest one inside the window.
const NEWEST_MAX: usize = 3;

/// The network did not make this token, or not for this campaign and publisher: `click_forged`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a click id of this network")]
pub struct Forged;

/// A click id as visitors, shops and publishers see it. Until [`ClickToken::check`] it is only a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickToken {
    pub click_id: ClickId,
    pub link_id: LinkId,
    mac: [u8; MAC_BYTES],
}

impl ClickToken {
    /// The token of a click. Campaign and publisher are those of its link, which never change.
    pub fn new(
        key: &SecretKey,
        click_id: ClickId,
        link_id: LinkId,
        campaign_id: CampaignId,
        publisher_id: PublisherId,
    ) -> Self {
        Self { click_id, link_id, mac: mac_of(key, click_id, link_id, campaign_id, publisher_id) }
    }

    /// The token of a click, as text.
    pub fn issue(
        key: &SecretKey,
        click_id: ClickId,
        link_id: LinkId,
        campaign_id: CampaignId,
        publisher_id: PublisherId,
    ) -> String {
        Self::new(key, click_id, link_id, campaign_id, publisher_id).to_string()
    }

    /// Reads the shape only, in either case: the link that it names says what to check it against.
    pub fn read(text: &str) -> Result<Self, Forged> {
        let bytes = BASE32.decode(text.as_bytes()).map_err(|_| Forged)?;
        let bytes: [u8; TOKEN_BYTES] = bytes.try_into().map_err(|_| Forged)?;
        let [KEY_VERSION, rest @ ..] = bytes else { return Err(Forged) };
        let (click_id, rest) = split_id(&rest)?;
        let (link_id, rest) = split_id(rest)?;
        let mac = rest.try_into().map_err(|_| Forged)?;
        Ok(Self { click_id: ClickId(click_id), link_id: LinkId(link_id), mac })
    }

    /// Whether the network made it, for a link of this campaign and publisher. Takes the same time for any answer.
    pub fn check(&self, key: &SecretKey, campaign_id: CampaignId, publisher_id: PublisherId) -> Result<(), Forged> {
        let expected = mac_of(key, self.click_id, self.link_id, campaign_id, publisher_id);
        if bool::from(expected.ct_eq(&self.mac)) { Ok(()) } else { Err(Forged) }
    }

    /// The millisecond of the click.
    pub const fn time(&self) -> Timestamp {
        self.click_id.time()
    }
}

/// The text: lower case.
impl fmt::Display for ClickToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (click_id, link_id) = (self.click_id.0.to_be_bytes(), self.link_id.0.to_be_bytes());
        let bytes = [&[KEY_VERSION], click_id.as_slice(), link_id.as_slice(), self.mac.as_slice()].concat();
        f.pad(&BASE32.encode(&bytes))
    }
}

/// One id from the front; a negative one was never made.
fn split_id(bytes: &[u8]) -> Result<(i64, &[u8]), Forged> {
    let (first, rest) = bytes.split_first_chunk().ok_or(Forged)?;
    let id = i64::from_be_bytes(*first);
    if id < 0 { Err(Forged) } else { Ok((id, rest)) }
}

fn mac_of(
    key: &SecretKey,
    click: ClickId,
    link: LinkId,
    campaign: CampaignId,
    publisher: PublisherId,
) -> [u8; MAC_BYTES] {
    let key = key.derive("click token", &[&[KEY_VERSION]]);
    let [click, link, campaign, publisher] = [click.0, link.0, campaign.0, publisher.0].map(i64::to_be_bytes);
    let whole = mac(&key, &[&[KEY_VERSION], &click, &link, &campaign, &publisher]);
    *whole.first_chunk().expect("32 bytes have 10 first ones")
}

/// A browser's clicks on one campaign, newest first, at most four, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClickList(Vec<ClickToken>);

impl ClickList {
    /// Reads a cookie, or the click ids of a report. What is not a token is dropped: a browser's owner may write anything
    /// there, and reports carry what browsers kept.
    pub fn parse(text: &str) -> Self {
        Self::sorted(text.split('.').filter_map(|part| ClickToken::read(part).ok()).take(LIST_MAX).collect())
    }

    /// The list after a click: this one, the two newest before it, and the oldest one still inside the window, so that
    /// losing clicks and first clicks can be seen.
    #[must_use]
    pub fn with_newest(self, token: ClickToken, now: Timestamp, window_ms: i64) -> Self {
        let mut tokens = vec![token];
        tokens.extend(self.0.into_iter().filter(|older| older.click_id != token.click_id));
        let older = tokens.split_off(tokens.len().min(NEWEST_MAX));
        tokens.extend(older.into_iter().rfind(|token| now.since(token.time()) < window_ms));
        Self(tokens)
    }

    pub fn tokens(&self) -> &[ClickToken] {
        &self.0
    }

    fn sorted(mut tokens: Vec<ClickToken>) -> Self {
        tokens.sort_by_key(|token| std::cmp::Reverse(token.click_id));
        tokens.dedup_by_key(|token| token.click_id);
        Self(tokens)
    }
}

/// The value of the cookie: joined by points.
impl fmt::Display for ClickList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ClickToken::to_string).collect();
        f.pad(&texts.join("."))
    }
}

const fn cookie_prefix(secure: bool) -> &'static str {
    if secure { "__Host-ts_c_" } else { "ts_c_" }
}

/// The cookie of a campaign. `secure`: the network is reached by https.
pub fn cookie_name(secure: bool, campaign_id: CampaignId) -> String {
    format!("{}{campaign_id}", cookie_prefix(secure))
}

/// The campaign whose cookie has this name; names in capitals are not ours.
pub fn campaign_of_cookie(name: &str, secure: bool) -> Option<CampaignId> {
    let campaign_id = name.strip_prefix(cookie_prefix(secure))?.parse().ok()?;
    (cookie_name(secure, campaign_id) == name).then_some(campaign_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ids::first_id_at;
    use super::super::time::DAY_MS;
    use super::*;

    const KEY: SecretKey = SecretKey::from_bytes([7; 32]);
    const CAMPAIGN: CampaignId = CampaignId(43);
    const PUBLISHER: PublisherId = PublisherId(44);
    const NOW: Timestamp = Timestamp(1_772_445_600_000);

    fn token(click_id: i64) -> ClickToken {
        ClickToken::new(&KEY, ClickId(click_id), LinkId(42), CAMPAIGN, PUBLISHER)
    }

    /// The token of a click some days ago.
    fn days_ago(days: i64) -> ClickToken {
        token(first_id_at(NOW.plus_ms(-days * DAY_MS)))
    }

    fn ages(list: &ClickList) -> Vec<i64> {
        list.tokens().iter().map(|token| NOW.since(token.time()) / DAY_MS).collect()
    }

    fn list(days: &[i64]) -> ClickList {
        ClickList::sorted(days.iter().copied().map(days_ago).collect())
    }

    #[test]
    fn a_token_is_what_another_implementation_computes_and_reads_in_either_case() {
        let text = ClickToken::issue(&KEY, ClickId(0x0123_4567_89ab_cdef), LinkId(42), CAMPAIGN, PUBLISHER);
        assert_eq!(text, "040j6hb7h6nwvvr00000000000nf0zy71entptjeees0");
        assert_eq!(text.len(), TOKEN_LENGTH);
        for text in [&text, &text.to_uppercase()] {
            let token = ClickToken::read(text).unwrap();
            assert_eq!((token.click_id, token.link_id), (ClickId(0x0123_4567_89ab_cdef), LinkId(42)));
            assert_eq!(token.check(&KEY, CAMPAIGN, PUBLISHER), Ok(()));
        }
    }

    #[test]
    fn a_token_counts_only_for_its_campaign_publisher_and_network() {
        let token = token(1);
        assert_eq!(token.check(&KEY, CampaignId(45), PUBLISHER), Err(Forged));
        assert_eq!(token.check(&KEY, CAMPAIGN, PublisherId(45)), Err(Forged));
        assert_eq!(token.check(&SecretKey::from_bytes([8; 32]), CAMPAIGN, PUBLISHER), Err(Forged));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_forged() {
        let bytes = BASE32.decode(token(i64::MAX >> 1).to_string().as_bytes()).unwrap();
        for bit in 0..TOKEN_BYTES * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let read = ClickToken::read(&BASE32.encode(&bytes));
            assert_eq!(read.and_then(|token| token.check(&KEY, CAMPAIGN, PUBLISHER)), Err(Forged), "bit {bit}");
        }
    }

    fn checked(text: &str) -> Result<(), Forged> {
        ClickToken::read(text).and_then(|token| token.check(&KEY, CAMPAIGN, PUBLISHER))
    }

    #[test]
    fn any_other_letter_anywhere_is_forged() {
        let good = token(i64::MAX >> 1).to_string();
        let mut tried = 0;
        for place in 0..good.len() {
            for other in (0..=u8::MAX).map(char::from) {
                let changed = format!("{}{other}{}", &good[..place], &good[place + 1..]);
                let is_same = changed.eq_ignore_ascii_case(&good);
                assert_eq!(checked(&changed), if is_same { Ok(()) } else { Err(Forged) }, "{place} {other:?}");
                tried += usize::from(!is_same);
            }
            for cut in [format!("{}{}", &good[..place], &good[place + 1..]), good[..place].to_owned()] {
                assert_eq!(checked(&cut), Err(Forged), "{cut}");
            }
        }
        let letters = good.bytes().filter(u8::is_ascii_alphabetic).count();
        assert_eq!(tried, TOKEN_LENGTH * 255 - letters, "all but the other case of a letter");
    }

    /// All have the shape, so that each is refused by its code alone; half name a click and a link that there are.
    #[test]
    fn none_of_a_million_random_tokens_counts() {
        let real = token(i64::MAX >> 1);
        let mut state = 0x2026_1122_u64;
        let mut random = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        for number in 0..1_000_000 {
            let mut mac = [0; MAC_BYTES];
            let (first, second) = (random().to_be_bytes(), random().to_be_bytes());
            mac.copy_from_slice(&[&first[..], &second[..MAC_BYTES - 8]].concat());
            let mut made_up = ClickToken { mac, ..real };
            if number % 2 == 0 {
                made_up.click_id = ClickId((random() >> 1) as i64);
                made_up.link_id = LinkId((random() >> 1) as i64);
            }
            let text = made_up.to_string();
            assert_eq!(ClickToken::read(&text), Ok(made_up), "it has the shape: {text}");
            assert_eq!(checked(&text), Err(Forged), "{text}");
        }
        assert_eq!(checked(&real.to_string()), Ok(()));
    }

    #[test]
    fn what_has_not_the_shape_is_forged() {
        let text = token(1).to_string();
        let spare_bit = format!("{}1", &text[..43]);
        for text in
            ["", "0", &text[1..], &format!("{text}0"), &format!(" {}", &text[1..]), &text.replace('0', "o"), &spare_bit]
        {
            assert_eq!(ClickToken::read(text), Err(Forged), "{text}");
        }
    }

    #[test]
    fn a_list_drops_what_is_no_token() {
        let (newer, older) = (days_ago(1), days_ago(2));
        let both = format!("{newer}.{older}");
        assert_eq!(ClickList::parse(&both).to_string(), both);
        assert_eq!(ClickList::parse(&format!("x.{older}..{newer}.{older}.\u{e4}")).to_string(), both);
        assert_eq!(ClickList::parse(""), ClickList::default());
        assert_eq!(ClickList::parse(&format!("{older}.{newer}.{older}")).to_string(), both);
    }

    #[test]
    fn the_list_keeps_the_newest_three_and_the_oldest_inside_the_window() {
        let cases: [(&[i64], &[i64]); 7] = [
            (&[], &[0]),
            (&[1], &[0, 1]),
            (&[1, 2, 3], &[0, 1, 2, 3]),
            (&[1, 2, 3, 4], &[0, 1, 2, 4]),
            (&[1, 2, 3, 7], &[0, 1, 2, 3]),
            (&[1, 2, 8, 9], &[0, 1, 2]),
            (&[8, 9], &[0, 8, 9]),
        ];
        for (before, after) in cases {
            let list = list(before).with_newest(days_ago(0), NOW, 7 * DAY_MS);
            assert_eq!(ages(&list), after, "{before:?}");
        }
    }

    #[test]
    fn the_same_click_stands_in_the_list_once() {
        let list = list(&[0, 1, 2]).with_newest(days_ago(0), NOW, 7 * DAY_MS);
        assert_eq!(ages(&list), [0, 1, 2]);
        let forged = ClickToken { mac: [0; MAC_BYTES], ..days_ago(0) };
        let list = ClickList::parse(&forged.to_string()).with_newest(days_ago(0), NOW, 7 * DAY_MS);
        assert_eq!(list.to_string(), days_ago(0).to_string());
    }

    #[test]
    fn cookies_are_named_after_their_campaign() {
        for (secure, name) in [(true, "__Host-ts_c_000000000005c"), (false, "ts_c_000000000005c")] {
            let campaign_id = campaign_of_cookie(name, secure).unwrap();
            assert_eq!(cookie_name(secure, campaign_id), name);
            assert_eq!(campaign_of_cookie(name, !secure), None);
            assert_eq!(campaign_of_cookie(&name.replace("5c", "5C"), secure), None);
        }
        assert_eq!(campaign_of_cookie("ts_c_", false), None);
    }

    proptest! {
        #[test]
        fn no_made_up_token_counts(text in "[0-9a-hjkmnp-tv-z]{44}") {
            let read = ClickToken::read(&text).and_then(|token| token.check(&KEY, CAMPAIGN, PUBLISHER));
            prop_assert_eq!(read, Err(Forged));
        }

        #[test]
        fn a_list_after_clicks_holds_the_newest_and_at_most_four(days in prop::collection::vec(0_i64..40, 0..12)) {
            let mut days = days;
            days.sort_by_key(|days| std::cmp::Reverse(*days));
            let mut list = ClickList::default();
            for &ago in &days {
                let at = NOW.plus_ms(-ago * DAY_MS);
                list = list.with_newest(days_ago(ago), at, 30 * DAY_MS);
                prop_assert!(list.tokens().len() <= LIST_MAX);
                prop_assert_eq!(list.tokens()[0], days_ago(ago));
                prop_assert!(list.tokens().windows(2).all(|pair| pair[0].click_id > pair[1].click_id));
                prop_assert_eq!(ClickList::parse(&list.to_string()), list.clone());
            }
        }
    }
}
