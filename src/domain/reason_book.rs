//! The book of reasons: every code that a refused click, a report or a rejected conversion can carry, as its page tells
//! it. One code can be used in several places, so a page can hold several meanings.

use super::click::ClickReason;
use super::reason::{ReasonCode, RejectReason};

/// The address of a code's page on this network.
pub fn path(code: &str) -> String {
    format!("/reasons/{code}")
}

/// What a code means in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Where it is used, as a heading.
    pub place: &'static str,
    /// What happened.
    pub sentence: String,
    /// What can be done.
    pub remedy: &'static str,
    /// What became of the click, the report or the conversion.
    pub outcome: String,
    /// The HTTP status of the answer, in words; nothing where no request is answered.
    pub answer: Option<String>,
    /// On which pages and in which answers people meet it.
    pub seen: &'static str,
}

/// A code with everything it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub code: &'static str,
    pub meanings: Vec<Meaning>,
}

/// Every code, the ones of reports first, each once.
pub fn all() -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let reports = ReasonCode::ALL.iter().map(|code| (code.as_str(), of_report(*code)));
    let clicks = ClickReason::ALL.iter().map(|code| (code.as_str(), of_click(*code)));
    let rejections = RejectReason::ALL.iter().map(|code| (code.as_str(), of_rejection(*code)));
    for (code, meaning) in reports.chain(clicks).chain(rejections) {
        match entries.iter_mut().find(|entry| entry.code == code) {
            Some(entry) => entry.meanings.push(meaning),
            None => entries.push(Entry { code, meanings: vec![meaning] }),
        }
    }
    entries
}

/// One code's entry; nothing for a text that is no code.
pub fn find(code: &str) -> Option<Entry> {
    all().into_iter().find(|entry| entry.code == code)
}

fn of_report(code: ReasonCode) -> Meaning {
    let outcome = match code.http_status() {
        201 if code.is_hold() => "The conversion is created and held: it is not approved by itself.",
        201 => "The conversion is created and earns no commission.",
        202 => "The report is stored as a conversion that belongs to nobody.",
        _ => "There is no new conversion and nothing changes; the request is stored.",
    };
    let seen = match code.http_status() {
        201 | 202 => "In the answer to the report, in the lists of conversions, and on the receipt.",
        _ => "In the answer to the report, and among the requests on the campaign's integration page.",
    };
    let status = code.http_status();
    let answer = match status {
        201 | 202 => format!("{status} to the first report, 200 to a repeat of it"),
        _ => status.to_string(),
    };
    Meaning {
        place: "On a reported conversion",
        sentence: code.sentence().to_owned(),
        remedy: code.remedy(),
        outcome: format!("{}: {outcome}", code.outcome()),
        answer: Some(answer),
        seen,
    }
}

fn of_click(reason: ClickReason) -> Meaning {
    Meaning {
        place: "On a click",
        sentence: reason.sentence().to_owned(),
        remedy: click_remedy(reason),
        outcome: "invalid: The click is stored and shown, and does not count.".to_owned(),
        answer: Some(click_answer(reason).to_owned()),
        seen: "Among the invalid clicks of the reports, and where a click is looked up by its id.",
    }
}

const fn click_answer(reason: ClickReason) -> &'static str {
    match reason {
        ClickReason::Head => "302 to the destination, without a click id",
        ClickReason::Speculative => "503, so that the person's own click arrives later",
        ClickReason::Stuffing => "302 to the landing page for a frame, 204 for an image or a script; no click id",
        ClickReason::Bot => "302 to the landing page, without a click id",
        ClickReason::NoUserAgent | ClickReason::Flood => "302 to the destination, with a click id",
        ClickReason::LinkInactive
        | ClickReason::CampaignInactive
        | ClickReason::PublisherInactive
        | ClickReason::NotEnrolled
        | ClickReason::LinkExpired => "302 to the landing page or the link's other destination, without a click id",
        ClickReason::ConsentDenied => "302 to the destination, without a click id",
    }
}

const fn click_remedy(reason: ClickReason) -> &'static str {
    match reason {
        ClickReason::Head | ClickReason::Speculative | ClickReason::Bot => {
            "Nothing has to be done: a person's click is recorded as one of its own."
        }
        ClickReason::Stuffing => "Place the link so that people open it, never as a frame, an image or a script.",
        ClickReason::NoUserAgent => "If an app opens the link, let it name itself in the User-Agent header.",
        ClickReason::LinkInactive => "The publisher can switch the link on again; later clicks count.",
        ClickReason::CampaignInactive => "Place links of campaigns that run; later clicks count once it runs again.",
        ClickReason::PublisherInactive => "The network has to admit the publisher; later clicks count from then on.",
        ClickReason::NotEnrolled => "The publisher can apply to the campaign; later clicks count once it is approved.",
        ClickReason::LinkExpired => "The publisher can give the link another last day, or none.",
        ClickReason::ConsentDenied => "Nothing can be done: the visitor's choice stands.",
        ClickReason::Flood => "Clicks of people at an ordinary pace count; ask who sends so many from one place.",
    }
}

fn of_rejection(reason: RejectReason) -> Meaning {
    let mut letters = reason.sentence().chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    Meaning {
        place: "On a rejected or reversed conversion",
        sentence: format!("{first}{}.", letters.as_str()),
        remedy: rejection_remedy(reason),
        outcome: "rejected, or reversed after approval: The commission is taken back by a posting of its own."
            .to_owned(),
        answer: None,
        seen: "In the lists of conversions and on the receipt, with the date and the note of whoever decided.",
    }
}

const fn rejection_remedy(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::OrderCancelled
        | RejectReason::ItemReturned
        | RejectReason::PartialReturn
        | RejectReason::OutOfStock => "Nothing has to be done: without the sale there is no commission.",
        RejectReason::PaymentFailed => "If the customer pays after all, the advertiser reports the new order.",
        RejectReason::DuplicateOrder => "Look for the order under its other order id: that one counts.",
        RejectReason::TestOrder => "Send tests with the test field, so that they never enter a review.",
        RejectReason::FraudConfirmed => "Whoever thinks otherwise asks the network, with the number of the receipt.",
        RejectReason::TermsBreach => "Read the campaign's terms in the version that the receipt names.",
        RejectReason::NotNewCustomer => "The campaign's terms say which customers count.",
        RejectReason::AdvertiserError => "The advertiser reports the right order, if there is one.",
        RejectReason::NetworkError => "The network corrects what it recorded; ask it with the number of the receipt.",
        RejectReason::DisputeUpheld => "The dispute is closed; its result stands on the receipt.",
        RejectReason::Other => "Read the note on the receipt: it says what the reason is.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_in_the_book_once_with_all_its_meanings() {
        let entries = all();
        let codes: BTreeSet<&str> = entries.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), entries.len());
        let meanings: usize = entries.iter().map(|entry| entry.meanings.len()).sum();
        assert_eq!(meanings, ReasonCode::ALL.len() + ClickReason::ALL.len() + RejectReason::ALL.len());
        let places = |code| find(code).unwrap().meanings.iter().map(|meaning| meaning.place).collect::<Vec<_>>();
        assert_eq!(places("flood"), ["On a reported conversion", "On a click"]);
        assert_eq!(places("other"), ["On a rejected or reversed conversion"]);
        assert_eq!(find("nonsense"), None);
    }

    #[test]
    fn every_meaning_says_what_happened_and_what_to_do() {
        for entry in all() {
            for meaning in &entry.meanings {
                for text in [meaning.sentence.as_str(), meaning.remedy, &meaning.outcome, meaning.seen] {
                    assert!(text.ends_with('.') && text.len() > 10, "{}: {text}", entry.code);
                }
            }
        }
    }
}
