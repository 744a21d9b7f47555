//! What a list of conversions shows, by its address: all of them, those in a state, or the reader's queue.

use leptos::prelude::*;

use crate::app::figures::root;
use crate::app::page::Request;
use crate::domain::conversion::ConversionState;
use crate::domain::party::Acting;
use crate::domain::review::ADVERTISER_REVIEW_DAYS;
use crate::domain::time::{DAY_MS, Timestamp, waited};
use crate::store::conversion_lists::{Queue, Waiting};

/// What an admin calls its queue, in the address.
pub const HANDED_OVER: &str = "handed_over";

/// A choice of the reader; the text in the address is one of the states, or the name of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    All,
    State(ConversionState),
    /// Oldest first.
    Queue(Queue),
}

/// The queue that this reader reviews: an advertiser's pending conversions; for admins what advertisers left undecided.
pub const fn queue_of(acting: Acting, now: Timestamp) -> Option<Queue> {
    match acting {
        Acting::Publisher(_) => None,
        Acting::Advertiser(advertiser) => Some(Queue::OfAdvertiser(advertiser)),
        Acting::Admin => Some(Queue::Overdue(now.plus_ms(-ADVERTISER_REVIEW_DAYS * DAY_MS))),
    }
}

/// The name of the reader's queue in the address.
const fn queue_name(acting: Acting) -> &'static str {
    match acting {
        Acting::Admin => HANDED_OVER,
        Acting::Publisher(_) | Acting::Advertiser(_) => ConversionState::Pending.as_str(),
    }
}

/// Where the reader's queue is shown.
pub fn queue_place(acting: Acting) -> String {
    format!("{}/conversions?state={}", root(acting.kind()), queue_name(acting))
}

/// `oldest 9 days`; what it says where nothing waits.
pub fn oldest_note(waiting: &Waiting, now: Timestamp) -> String {
    match waiting.oldest_id {
        Some(id) => format!("oldest {}", waited(now.since(id.time()))),
        None => "nothing waits".to_owned(),
    }
}

impl Shown {
    /// A parameter that says nothing is left out.
    pub fn of(request: &Request, acting: Acting) -> Self {
        let text = request.query.get("state").unwrap_or_default();
        match (queue_of(acting, request.now), text.parse()) {
            (Some(queue), _) if text == queue_name(acting) => Self::Queue(queue),
            (_, Ok(state)) => Self::State(state),
            (_, Err(_)) => Self::All,
        }
    }

    /// As it stands in the address.
    pub const fn name(self, acting: Acting) -> &'static str {
        match self {
            Self::All => "",
            Self::State(state) => state.as_str(),
            Self::Queue(_) => queue_name(acting),
        }
    }

    /// In a sentence: `No conversions are pending`.
    pub fn words(self, acting: Acting) -> String {
        self.name(acting).replace('_', " ")
    }
}

/// The choices in a form that is sent by its button.
pub fn filter(place: &str, acting: Acting, shown: Shown) -> AnyView {
    let chosen = shown.name(acting);
    let queue = (acting == Acting::Admin).then_some(HANDED_OVER);
    let names = queue.into_iter().chain(ConversionState::ALL.iter().map(|state| state.as_str()));
    let options: Vec<_> = names
        .map(|name| view! { <option value=name selected={name == chosen}>{name.replace('_', " ")}</option> })
        .collect();
    let place = place.to_owned();
    view! {
        <form class="range-bar" method="get" action=place>
            <label>"State"
                <select name="state"><option value="" selected=chosen.is_empty()>"all"</option>{options}</select>
            </label>
            <button class="btn">"Show"</button>
        </form>
    }
    .into_any()
}

/// How much waits for the reader, since when, and the way there.
pub fn queue_line(waiting: &Waiting, acting: Acting, shown: Shown, now: Timestamp) -> AnyView {
    let (words, none) = match acting {
        Acting::Admin => ("Handed over to the network", "Nothing is handed over to the network."),
        Acting::Publisher(_) | Acting::Advertiser(_) => ("Awaiting review", "Nothing awaits your review."),
    };
    let text = match waiting.conversions {
        0 => none.to_owned(),
        count => format!("{words}: {count}, {}.", oldest_note(waiting, now)),
    };
    let tests = match waiting.tests {
        0 => String::new(),
        1 => " One test beside, worth nothing.".to_owned(),
        tests => format!(" {tests} tests beside, worth nothing."),
    };
    let is_elsewhere = !matches!(shown, Shown::Queue(_)) && waiting.conversions + waiting.tests > 0;
    let link = is_elsewhere.then(|| view! { " " <a href=queue_place(acting)>"Review them, oldest first"</a> });
    view! { <p class="lead">{text}{tests}{link}</p> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{AdvertiserId, ConversionId, first_id_at};

    #[test]
    fn a_queue_says_since_when_its_oldest_waits() {
        let now = Timestamp(1_772_445_600_000);
        let oldest_id = Some(ConversionId(first_id_at(now.plus_ms(-10 * DAY_MS + 1))));
        assert_eq!(oldest_note(&Waiting { conversions: 12, tests: 0, oldest_id }, now), "oldest 9 days");
        assert_eq!(oldest_note(&Waiting::default(), now), "nothing waits");
    }

    #[test]
    fn an_admins_queue_begins_two_weeks_after_the_deadline() {
        let now = Timestamp(1_772_445_600_000);
        assert_eq!(queue_of(Acting::Admin, now), Some(Queue::Overdue(now.plus_ms(-14 * DAY_MS))));
        assert_eq!(queue_place(Acting::Admin), "/admin/conversions?state=handed_over");
        assert_eq!(queue_place(Acting::Advertiser(AdvertiserId(7))), "/advertiser/conversions?state=pending");
    }
}
