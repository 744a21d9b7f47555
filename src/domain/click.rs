//! The click: what a request to a tracking link is, what it gets, and what is stored of it (domain.md section 1).

use serde::{Deserialize, Serialize};

pub use super::consent::Consent;
use super::ids::{CampaignId, ClickId, CreativeId, LinkId, PublisherId};
use super::link::SubIds;
use super::visitor::{DeviceClass, device_of};

text_enum! {
    /// Validity is a label, never a deletion: clicks = valid + duplicate + invalid, in every report.
    pub enum ClickLabel {
        /// The first countable click of its UTC day, publisher, campaign and visitor.
        Valid = "valid",
        /// A later one of that day: it gets cookie and click id and converts like any other. Set by the writer only.
        Duplicate = "duplicate",
        /// Does not count, for one reason.
        Invalid = "invalid",
    }
}

text_enum! {
    /// Why a click is invalid: the first that applies, in this order.
    pub enum ClickReason {
        Head = "head",
        Speculative = "speculative",
        Stuffing = "stuffing",
        Bot = "bot",
        NoUserAgent = "no_user_agent",
        LinkInactive = "link_inactive",
        CampaignInactive = "campaign_inactive",
        PublisherInactive = "publisher_inactive",
        NotEnrolled = "not_enrolled",
        LinkExpired = "link_expired",
        ConsentDenied = "consent_denied",
        Flood = "flood",
    }
}

impl ClickReason {
    /// The reason as a sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Head => "A program asked where the link leads (HEAD), nobody went there.",
            Self::Speculative => {
                "The browser loaded the page in advance; a person's click arrives as a click of its own."
            }
            Self::Stuffing => {
                "The link was loaded inside a page, as a frame, an image or a script, not opened by a person."
            }
            Self::Bot => "A crawler or a link preview opened the link.",
            Self::NoUserAgent => "The request did not name a browser; a conversion on it is held for review.",
            Self::LinkInactive => "The link was switched off.",
            Self::CampaignInactive => "The campaign was not running.",
            Self::PublisherInactive => "The publisher was not active.",
            Self::NotEnrolled => "The publisher was not enrolled in the campaign.",
            Self::LinkExpired => "The link's time was over.",
            Self::ConsentDenied => "The visitor did not agree to tracking, so the click cannot earn.",
            Self::Flood => "Too many clicks in a minute came from one place; a conversion on it is held for review.",
        }
    }
}

/// Whether a click of this label and reason got a click id: nothing without one can land or be credited.
pub fn has_id(label: ClickLabel, reason: Option<ClickReason>) -> bool {
    label != ClickLabel::Invalid || matches!(reason, Some(ClickReason::NoUserAgent | ClickReason::Flood))
}

/// What a request to a tracking link says of itself, and what is known about the link and the sender.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    pub is_head: bool,
    /// `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz`, whichever is there.
    pub purpose: Option<&'a str>,
    /// `Sec-Fetch-Dest`.
    pub fetch_dest: Option<&'a str>,
    /// `Sec-Fetch-User: ?1`.
    pub has_gesture_mark: bool,
    pub user_agent: Option<&'a str>,
    /// A crawler or link preview, by its user agent.
    pub is_crawler: bool,
    /// One of the inactive reasons, `link_inactive` to `link_expired`.
    pub inactive: Option<ClickReason>,
    pub consent: Consent,
    /// Beyond the clicks a minute that one address and user agent may make.
    pub is_flood: bool,
}

/// What a request to a tracking link gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 302 to the destination, with click id and cookie.
    Destination,
    /// 302 to the destination, without click id and cookie.
    DestinationWithoutId,
    /// 302 to the campaign's landing page, without click id and cookie.
    LandingPage,
    /// 204, for what cannot follow a redirect to a page.
    NoContent,
    /// 503, so that the person's real click arrives later.
    Unavailable,
}

/// How a request is stored and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Valid or invalid; the writer finds the duplicates among the valid ones.
    pub label: ClickLabel,
    /// Why it is invalid.
    pub reason: Option<ClickReason>,
    pub answer: Answer,
    /// Whether a person's gesture led here; `None` where the browser would not say. A quality ratio, never a rejection.
    pub has_gesture: Option<bool>,
}

/// Judges a request by the table of domain.md section 1.
///
/// The reason is the first that applies. The answer gives a click id only if none of the others stands against it:
/// who refused tracking gets no cookie, also where the reason is that the user agent is missing.
pub fn judge(visit: &Visit<'_>) -> Judgement {
    let reason = reason_of(visit);
    let label = if reason.is_some() { ClickLabel::Invalid } else { ClickLabel::Valid };
    Judgement { label, reason, answer: answer_to(visit), has_gesture: gesture_of(visit) }
}

fn reason_of(visit: &Visit<'_>) -> Option<ClickReason> {
    let holds = [
        (visit.is_head, ClickReason::Head),
        (is_speculative(visit), ClickReason::Speculative),
        (place_of(visit) != Place::Page, ClickReason::Stuffing),
        (visit.is_crawler, ClickReason::Bot),
        (!has_user_agent(visit), ClickReason::NoUserAgent),
    ];
    let first = holds.into_iter().find_map(|(holds, reason)| holds.then_some(reason));
    let denied = (visit.consent == Consent::Denied).then_some(ClickReason::ConsentDenied);
    first.or(visit.inactive).or(denied).or(visit.is_flood.then_some(ClickReason::Flood))
}

fn answer_to(visit: &Visit<'_>) -> Answer {
    match place_of(visit) {
        _ if is_speculative(visit) => Answer::Unavailable,
        Place::Frame => Answer::LandingPage,
        Place::Part => Answer::NoContent,
        Place::Page if visit.is_crawler || visit.inactive.is_some() => Answer::LandingPage,
        Place::Page if visit.is_head || visit.consent == Consent::Denied => Answer::DestinationWithoutId,
        Place::Page => Answer::Destination,
    }
}

/// Where a browser would show what it asked for.
#[derive(PartialEq, Eq)]
enum Place {
    /// A page of its own, or no word about it.
    Page,
    /// A page inside a page.
    Frame,
    /// An image, a script, a style, a fetch.
    Part,
}

fn place_of(visit: &Visit<'_>) -> Place {
    let is_one_of = |names: &[&str]| {
        visit.fetch_dest.is_some_and(|dest| names.iter().any(|name| dest.trim().eq_ignore_ascii_case(name)))
    };
    if visit.fetch_dest.is_none() || is_one_of(&["document"]) {
        Place::Page
    } else if is_one_of(&["frame", "iframe", "embed", "object"]) {
        Place::Frame
    } else {
        Place::Part
    }
}

fn is_speculative(visit: &Visit<'_>) -> bool {
    let purpose = visit.purpose.unwrap_or("").to_ascii_lowercase();
    ["prefetch", "prerender", "preview"].iter().any(|word| purpose.contains(word))
}

fn has_user_agent(visit: &Visit<'_>) -> bool {
    visit.user_agent.is_some_and(|name| !name.trim().is_empty())
}

/// WebKit (Safari, and every browser on iOS) sends `Sec-Fetch-Dest` without ever sending `Sec-Fetch-User`.
fn gesture_of(visit: &Visit<'_>) -> Option<bool> {
    if visit.has_gesture_mark {
        return Some(true);
    }
    let (_, browser, system) = device_of(visit.user_agent.unwrap_or(""));
    let would_say =
        visit.fetch_dest.is_some() && place_of(visit) == Place::Page && browser != "Safari" && system != "iOS";
    would_say.then_some(false)
}

/// One request to a tracking link, as it is stored. Never updated; deleted only by retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// Carries the time of the click.
    pub click_id: ClickId,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub link_id: LinkId,
    pub creative_id: Option<CreativeId>,
    /// The terms that price a conversion on this click.
    pub terms_version: i64,
    pub label: ClickLabel,
    pub reason: Option<ClickReason>,
    /// Whether a person's gesture led here; `None`: unknown.
    pub has_gesture: Option<bool>,
    pub sub_ids: SubIds,
    pub landing_host: String,
    pub landing_path: String,
    pub referrer_host: Option<String>,
    pub device: DeviceClass,
    pub browser: String,
    pub system: String,
    /// ISO 3166-1, where the network has a database for it.
    pub country: Option<String>,
    /// `Sec-Fetch-Dest`, as it came.
    pub fetch_dest: Option<String>,
    /// [`super::visitor::visitor_key`]; none without consent.
    pub visitor: Option<[u8; 16]>,
    pub consent: Consent,
    /// The link's `url` was not allowed, so the visitor went to the landing page.
    pub is_deep_link_rejected: bool,
    /// The record was lost and made again from the token that a conversion brought.
    pub is_recreated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36";
    const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15";
    /// Somebody clicks a link in an ordinary browser.
    const PERSON: Visit<'_> = Visit {
        is_head: false,
        purpose: None,
        fetch_dest: Some("document"),
        has_gesture_mark: true,
        user_agent: Some(CHROME),
        is_crawler: false,
        inactive: None,
        consent: Consent::Unknown,
        is_flood: false,
    };

    #[test]
    fn each_request_gets_its_answer_and_its_reason() {
        use Answer::*;
        use ClickReason::*;
        let speculative = |purpose| Visit { purpose: Some(purpose), has_gesture_mark: false, ..PERSON };
        let from = |dest| Visit { fetch_dest: Some(dest), has_gesture_mark: false, ..PERSON };
        let inactive = |reason| Visit { inactive: Some(reason), ..PERSON };
        let consent = |consent| Visit { consent, ..PERSON };
        let inactive_reasons = [LinkInactive, CampaignInactive, PublisherInactive, NotEnrolled, LinkExpired];
        let cases = [
            (PERSON, Destination, None),
            (Visit { fetch_dest: None, ..PERSON }, Destination, None),
            (Visit { has_gesture_mark: false, ..PERSON }, Destination, None),
            (Visit { purpose: Some(""), ..PERSON }, Destination, None),
            (consent(Consent::Granted), Destination, None),
            (Visit { is_crawler: true, ..PERSON }, LandingPage, Some(Bot)),
            (Visit { user_agent: None, ..PERSON }, Destination, Some(NoUserAgent)),
            (Visit { user_agent: Some(" "), ..PERSON }, Destination, Some(NoUserAgent)),
            (consent(Consent::Denied), DestinationWithoutId, Some(ConsentDenied)),
            (Visit { is_flood: true, ..PERSON }, Destination, Some(Flood)),
            (Visit { is_head: true, ..PERSON }, DestinationWithoutId, Some(Head)),
            (Visit { is_head: true, ..speculative("prefetch") }, Unavailable, Some(Head)),
            (Visit { is_head: true, ..from("image") }, NoContent, Some(Head)),
            (Visit { is_head: true, is_crawler: true, ..PERSON }, LandingPage, Some(Head)),
        ];
        let purposes = ["prefetch", "prefetch;prerender", "Preview"];
        let cases = (cases.into_iter())
            .chain(purposes.map(|it| (speculative(it), Unavailable, Some(Speculative))))
            .chain(["frame", "iframe", "embed", "object"].map(|it| (from(it), LandingPage, Some(Stuffing))))
            .chain(["image", "script", "empty", ""].map(|it| (from(it), NoContent, Some(Stuffing))))
            .chain(inactive_reasons.map(|it| (inactive(it), LandingPage, Some(it))));
        for (visit, answer, reason) in cases {
            let judged = judge(&visit);
            assert_eq!((judged.answer, judged.reason), (answer, reason), "{visit:?}");
            assert_eq!(judged.label == ClickLabel::Valid, reason.is_none(), "{visit:?}");
        }
    }

    #[test]
    fn of_several_reasons_the_first_is_stored_and_none_is_outvoted() {
        let mut visit = Visit {
            is_head: true,
            purpose: Some("prefetch"),
            fetch_dest: Some("iframe"),
            user_agent: None,
            is_crawler: true,
            inactive: Some(ClickReason::NotEnrolled),
            consent: Consent::Denied,
            is_flood: true,
            ..PERSON
        };
        type Step = (ClickReason, Answer, fn(&mut Visit<'_>));
        let steps: [Step; 8] = [
            (ClickReason::Head, Answer::Unavailable, |visit| visit.is_head = false),
            (ClickReason::Speculative, Answer::Unavailable, |visit| visit.purpose = None),
            (ClickReason::Stuffing, Answer::LandingPage, |visit| visit.fetch_dest = None),
            (ClickReason::Bot, Answer::LandingPage, |visit| visit.is_crawler = false),
            (ClickReason::NoUserAgent, Answer::LandingPage, |visit| visit.user_agent = Some(CHROME)),
            (ClickReason::NotEnrolled, Answer::LandingPage, |visit| visit.inactive = None),
            (ClickReason::ConsentDenied, Answer::DestinationWithoutId, |visit| visit.consent = Consent::Granted),
            (ClickReason::Flood, Answer::Destination, |visit| visit.is_flood = false),
        ];
        for (reason, answer, take_away) in steps {
            let judged = judge(&visit);
            assert_eq!((judged.reason, judged.answer), (Some(reason), answer));
            take_away(&mut visit);
        }
        assert_eq!(judge(&visit).reason, None);
        let unnamed = Visit { user_agent: None, consent: Consent::Denied, ..PERSON };
        assert_eq!(judge(&unnamed).answer, Answer::DestinationWithoutId);
    }

    #[test]
    fn a_gesture_is_missing_only_where_the_browser_would_say() {
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile/15E148";
        let without = Visit { has_gesture_mark: false, ..PERSON };
        for (visit, expected) in [
            (PERSON, Some(true)),
            (without, Some(false)),
            (Visit { fetch_dest: None, ..without }, None),
            (Visit { fetch_dest: Some("iframe"), ..without }, None),
            (Visit { user_agent: Some(SAFARI), ..without }, None),
            (Visit { user_agent: Some(phone), ..without }, None),
        ] {
            assert_eq!(judge(&visit).has_gesture, expected, "{visit:?}");
        }
    }
}
