//! Which version of the terms is in force when, and what one changes beside another (domain.md section 5).

use super::terms::{NOTICE_DAYS_DEFAULT, Terms};
use super::time::{DAY_MS, Timestamp};

/// Of a campaign's versions the one in force at `at`: the newest that has begun. A version that was made later takes
/// the place of one that had been announced and had not begun. Before all of them the first holds; nothing without any.
pub fn in_force(versions: &[Terms], at: Timestamp) -> Option<&Terms> {
    let begun = versions.iter().filter(|terms| terms.starts_at <= at).max_by_key(|terms| terms.version);
    begun.or_else(|| versions.iter().min_by_key(|terms| terms.version))
}

/// The versions that are still to begin, the next one first.
pub fn announced(versions: &[Terms], now: Timestamp) -> Vec<&Terms> {
    let mut coming: Vec<&Terms> =
        versions.iter().filter(|terms| terms.starts_at > now && !is_withdrawn(versions, terms)).collect();
    coming.sort_by_key(|terms| terms.starts_at);
    coming
}

/// Whether a newer version began first: then this one never holds.
pub fn is_withdrawn(versions: &[Terms], terms: &Terms) -> bool {
    versions.iter().any(|other| other.version > terms.version && other.starts_at <= terms.starts_at)
}

/// Of earlier versions the one that holds until `next` begins, as [`steps`] tells it beside `next`; the first one where
/// none does.
pub fn held_until<'t>(versions: &'t [Terms], next: &Terms) -> Option<&'t Terms> {
    let earlier = versions.iter().filter(|terms| terms.starts_at < next.starts_at).max_by_key(|terms| terms.version);
    earlier.or_else(|| versions.iter().min_by_key(|terms| terms.version))
}

/// Of earlier versions those that would have held, and never will because `next` begins first; oldest first.
pub fn taken_back<'t>(versions: &'t [Terms], next: &Terms) -> Vec<&'t Terms> {
    let is_taken = |terms: &&Terms| terms.starts_at >= next.starts_at && !is_withdrawn(versions, terms);
    versions.iter().filter(is_taken).collect()
}

/// Each version that held, or will, beside the one before it; oldest first.
pub fn steps(versions: &[Terms]) -> Vec<(&Terms, &Terms)> {
    let mut held: Vec<&Terms> = versions.iter().filter(|terms| !is_withdrawn(versions, terms)).collect();
    held.sort_by_key(|terms| terms.version);
    held.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// What two versions say differently about one thing, in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub about: &'static str,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

impl Terms {
    /// When the next version of these terms may begin: at once, or after notice where it takes something from those who
    /// rely on them.
    pub fn earliest_start_of(&self, next: &Self, now: Timestamp) -> Timestamp {
        if self.is_cut_by(next) { now.plus_ms(NOTICE_DAYS_DEFAULT * DAY_MS) } else { now }
    }

    /// What publishers are promised differently by `next`, in the order in which pages tell it.
    pub fn changes(&self, next: &Self) -> Vec<Changed> {
        let both = self.promises().into_iter().zip(next.promises());
        both.filter(|((_, before), (_, after))| before != after)
            .map(|((about, before), (_, after))| Changed { about, before, after })
            .collect()
    }

    /// Everything that publishers are promised, each thing in sentences of its own; the same things for all terms.
    fn promises(&self) -> [(&'static str, Vec<String>); 9] {
        let lines = self.text.lines().map(str::trim).filter(|line| !line.is_empty());
        let currencies: Vec<&str> = self.currencies.iter().map(|currency| currency.code()).collect();
        let payable =
            if self.hold_days == 0 { "when approved".to_owned() } else { format!("{} later", days(self.hold_days)) };
        [
            ("Commission", self.pays()),
            ("What counts once per click", self.counted_once()),
            ("Currencies", vec![currencies.join(", ")]),
            ("Cookie duration", vec![self.window.to_string()]),
            ("Credited", vec![self.model.words().to_owned(), format!("asked is {}", self.policy.words())]),
            ("Customers stay bound", vec![months(self.binding_months)]),
            ("Validation", vec![days(self.validation_days)]),
            ("Payable", vec![payable]),
            ("Terms", lines.map(str::to_owned).collect()),
        ]
    }

    /// The events that a report may leave without an order id, by name.
    fn counted_once(&self) -> Vec<String> {
        let mut once: Vec<_> = self.events.iter().filter(|event| event.is_once_per_click).collect();
        once.sort_by(|a, b| a.name.cmp(&b.name));
        once.into_iter().map(|event| event.name.with_article()).collect()
    }
}

/// `30 days`, `1 day`, `none`.
pub fn days(count: i64) -> String {
    counted(count, "day")
}

fn months(count: i64) -> String {
    counted(count, "month")
}

fn counted(count: i64, unit: &str) -> String {
    match count {
        0 => "none".to_owned(),
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::Rate;
    use crate::domain::terms::{AttributionWindow, example};

    fn versions(starts: &[i64]) -> Vec<Terms> {
        let version =
            |(place, day): (usize, &i64)| Terms { starts_at: Timestamp(day * DAY_MS), ..example(place as i64 + 1) };
        starts.iter().enumerate().map(version).collect()
    }

    #[test]
    fn the_newest_version_that_has_begun_is_in_force_to_the_millisecond() {
        let all = versions(&[1, 8]);
        let at = |at: i64| in_force(&all, Timestamp(at)).unwrap().version;
        assert_eq!([at(0), at(DAY_MS), at(8 * DAY_MS - 1), at(8 * DAY_MS), at(80 * DAY_MS)], [1, 1, 1, 2, 2]);
        assert!(in_force(&[], Timestamp(0)).is_none());
    }

    #[test]
    fn a_later_version_that_begins_first_takes_the_place_of_an_announced_one() {
        let all = versions(&[1, 8, 3, 10]);
        let told =
            |now: i64| announced(&all, Timestamp(now * DAY_MS)).iter().map(|terms| terms.version).collect::<Vec<_>>();
        assert_eq!((told(2), told(9), told(10)), (vec![3, 4], vec![4], vec![]));
        let held: Vec<_> = (0..12).map(|day| in_force(&all, Timestamp(day * DAY_MS)).unwrap().version).collect();
        assert_eq!(held, [1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 4, 4]);
        let steps: Vec<_> = steps(&all).iter().map(|(before, after)| (before.version, after.version)).collect();
        assert_eq!(steps, [(1, 3), (3, 4)]);
    }

    /// The next version stands beside the one that holds until it begins, and takes back what is announced for later.
    #[test]
    fn the_next_version_follows_what_holds_until_then_and_takes_back_what_would_begin_later() {
        let told = |starts: &[i64], next: i64| {
            let next = Terms { starts_at: Timestamp(next * DAY_MS), ..example(starts.len() as i64 + 1) };
            let all = versions(starts);
            let taken: Vec<_> = taken_back(&all, &next).iter().map(|terms| terms.version).collect();
            let with_next: Vec<Terms> = all.iter().cloned().chain([next.clone()]).collect();
            if let Some((before, _)) = steps(&with_next).iter().find(|(_, after)| after.version == next.version) {
                assert_eq!(held_until(&all, &next), Some(*before), "as the page tells it: {starts:?}");
            }
            (held_until(&all, &next).unwrap().version, taken)
        };
        assert_eq!(told(&[1], 5), (1, vec![]));
        assert_eq!(told(&[1, 8], 9), (2, vec![]), "an announced one holds until a later one");
        assert_eq!(told(&[1, 8], 8), (1, vec![2]), "to the millisecond");
        assert_eq!(told(&[1, 8, 9, 20], 4), (1, vec![2, 3, 4]));
        assert_eq!(told(&[1, 8, 3], 5), (3, vec![]), "the second was taken back by the third");
        assert_eq!(told(&[1], 1), (1, vec![1]));
        assert_eq!(held_until(&[], &example(1)), None);
    }

    #[test]
    fn a_cut_begins_after_notice_and_everything_else_at_once() {
        let (now, current) = (Timestamp(5 * DAY_MS), example(1));
        let rated = |bps| {
            let mut next = example(2);
            next.rules[0].rate = Rate::Percent { bps };
            next
        };
        assert_eq!(current.earliest_start_of(&rated(999), now), Timestamp(12 * DAY_MS));
        assert_eq!(current.earliest_start_of(&rated(1001), now), now);
        let shorter = Terms { window: AttributionWindow::from_days(1).unwrap(), ..example(2) };
        assert_eq!(current.earliest_start_of(&shorter, now), now, "another cookie duration is for later clicks");
    }

    #[test]
    fn changes_are_told_side_by_side() {
        let mut next = example(2);
        next.rules[0].rate = Rate::Percent { bps: 800 };
        next.window = AttributionWindow::from_hours(36).unwrap();
        next.binding_months = 1;
        let told: Vec<_> =
            example(1).changes(&next).into_iter().map(|one| (one.about, one.before, one.after)).collect();
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let expected = [
            (
                "Commission",
                texts(&["10 % of a sale", "2.50 EUR per lead"]),
                texts(&["8 % of a sale", "2.50 EUR per lead"]),
            ),
            ("Cookie duration", texts(&["7 days"]), texts(&["36 hours"])),
            ("Customers stay bound", texts(&["none"]), texts(&["1 month"])),
        ];
        assert_eq!(told, expected);
        assert!(example(1).changes(&example(2)).is_empty(), "numbers and times are no promise");
        let mut by_order = example(2);
        by_order.events.reverse();
        assert!(example(1).changes(&by_order).is_empty(), "nor is the order of the events");
        by_order.events.iter_mut().for_each(|event| event.is_once_per_click = false);
        let told = example(1).changes(&by_order);
        let expected = Changed { about: "What counts once per click", before: texts(&["a lead"]), after: vec![] };
        assert_eq!(told, [expected]);
    }
}
