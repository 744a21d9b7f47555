//! The outcome as plain text.

use std::fmt::Write;

use super::browser::Policy;
use super::count::{Counts, Loot, Tally, joined};
use super::people::{FORGER, POACHER, REPLAYER, RIVAL, STUFFER, TOOLBAR};
use super::way::Way;

pub fn written(counts: &Counts) -> String {
    let mut text = String::new();
    ways(&mut text, counts);
    missed(&mut text, "Missed, of what the shop could know", |way| &counts.by_way[&way]);
    policies(&mut text, counts);
    persons(&mut text, counts);
    simpler(&mut text, counts);
    fraud(&mut text, counts);
    text
}

/// Parts of a whole in hundredths of a percent, without a float.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let hundredths = part * 10_000 / whole;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

fn euros(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn shops(counts: &Counts) -> impl Iterator<Item = Way> {
    Way::ALL.into_iter().filter(|way| counts.by_way.contains_key(way))
}

fn ways(text: &mut String, counts: &Counts) {
    let _ = writeln!(text, "Sales by what the shop itself could know, and to whom they were credited");
    let _ = writeln!(
        text,
        "{:<24}{:>7}{:>7}{:>7}{:>8}{:>11}  {:>16}",
        "the shop reports by", "sales", "right", "wrong", "missed", "right", "nobody's: given"
    );
    let mut line = |name: &str, tally: &Tally| {
        let Tally { sales, right, wrong, missed, nobodys, given, .. } = tally;
        let share = share(*right, *sales);
        let given = format!("{nobodys}: {given}");
        let _ = writeln!(text, "{name:<24}{sales:>7}{right:>7}{wrong:>7}{missed:>8}{share:>11}  {given:>16}");
    };
    for way in shops(counts) {
        line(way.name(), &counts.by_way[&way]);
    }
    line("= server with tag (*)", &counts.promised());
    let _ = writeln!(text, "(*) {}", names(Way::is_promised));
    let pixel = joined(&counts.by_way, |way| !way.reports_by_server());
    let server = joined(&counts.by_way, Way::reports_by_server);
    let _ = writeln!(
        text,
        "On a browser's word alone, so that they wait for a person: {} wrong and {} given where the shop reports by pixel\nalone, {} and {} elsewhere. By the coupon that was typed in, after the browser had lost the click: {} wrong.\nTwice: {}.",
        pixel.wrong_unverified,
        pixel.given_unverified,
        server.wrong_unverified,
        server.given_unverified,
        server.wrong_by_coupon,
        counts.surplus,
    );
}

fn names(is_in: impl Fn(Way) -> bool) -> String {
    let names: Vec<_> = Way::ALL.into_iter().filter(|way| is_in(*way)).map(Way::name).collect();
    names.join(" · ")
}

fn missed<'c>(text: &mut String, title: &str, tally: impl Fn(Way) -> &'c Tally) {
    let _ = writeln!(text, "\n{title}, and why");
    for way in Way::ALL {
        for (why, count) in &tally(way).why {
            let _ = writeln!(text, "{:<24}{count:>7}  {}", way.name(), why.name());
        }
    }
}

fn policies(text: &mut String, counts: &Counts) {
    let _ = writeln!(text, "\nRight of the sales, by the browser of the order");
    let columns = [Way::Image, Way::Convert, Way::ServerTagKeeps];
    let _ = write!(text, "{:<30}", "");
    for way in columns {
        let _ = write!(text, "{:>25}", way.name());
    }
    let _ = writeln!(text, "{:>25}", "server with tag (*)");
    for policy in Policy::ALL {
        let _ = write!(text, "{:<30}", policy.name());
        let promised = {
            let mut sum = Tally::default();
            let of = |((way, of), tally)| (way, of, tally);
            let all = counts.by_policy.iter().map(|(key, tally)| of((*key, tally)));
            all.filter(|(way, of, _)| way.is_promised() && *of == policy).for_each(|(_, _, tally)| sum.join(tally));
            sum
        };
        let of_ways = columns.map(|way| counts.by_policy.get(&(way, policy)).cloned().unwrap_or_default());
        for tally in of_ways.iter().chain([&promised]) {
            let told = format!("{}/{}  {:>9}", tally.right, tally.sales, share(tally.right, tally.sales));
            let _ = write!(text, "{told:>25}");
        }
        text.push('\n');
    }
}

fn persons(text: &mut String, counts: &Counts) {
    let all = joined(&counts.personal, Way::is_promised);
    let _ = writeln!(
        text,
        "\nThe same for all that people did, on whatever device, emptied or not, with consent or without: server with tag (*)\n{} sales, {} right ({}), {} to the publisher whose click this browser knew, {} to nobody",
        all.sales,
        all.right,
        share(all.right, all.sales),
        all.wrong,
        all.missed
    );
    for (why, count) in &all.why {
        let _ = writeln!(text, "{count:>7}  {}", why.name());
    }
}

fn simpler(text: &mut String, counts: &Counts) {
    let _ =
        writeln!(text, "\nThe same trace by two simpler rule sets: right / wrong / missed, and nobody's orders paid");
    let _ = writeln!(
        text,
        "{:<24}{:>28}{:>28}{:>28}",
        "the shop reports by", "as it is", "last cookie only", "first report wins"
    );
    let told = |tally: &Tally| format!("{} / {} / {}, {}", tally.right, tally.wrong, tally.missed, tally.given);
    let sets = [&counts.by_way, &counts.last_cookie, &counts.first_report];
    for way in shops(counts) {
        let _ = write!(text, "{:<24}", way.name());
        for set in sets {
            let _ = write!(text, "{:>28}", told(&set[&way]));
        }
        text.push('\n');
    }
    let _ = write!(text, "{:<24}", "= server with tag (*)");
    for set in sets {
        let _ = write!(text, "{:>28}", told(&joined(set, Way::is_promised)));
    }
    let _ = writeln!(
        text,
        "\nLast cookie only: every shop has the image, every load of a link sets the cookie. First report wins: no ranks, the\nwindow up to the receipt."
    );
}

fn fraud(text: &mut String, counts: &Counts) {
    let _ = writeln!(text, "\nWhat fraudsters got: orders and commission in EUR");
    let _ = writeln!(
        text,
        "{:<12}{:>18}{:>18}{:>18}{:>18}{:>18}{:>18}",
        "",
        "others': approved",
        "by typed coupon",
        "others': waiting",
        "nobody's: appr.",
        "nobody's: waiting",
        "its own"
    );
    let names = [
        (FORGER, "forger"),
        (STUFFER, "stuffer"),
        (RIVAL, "late rival"),
        (REPLAYER, "replayer"),
        (POACHER, "poacher"),
        (TOOLBAR, "toolbar"),
    ];
    let none = Loot::default();
    let told = |(orders, minor): (usize, i64)| format!("{orders}: {}", euros(minor));
    for (fraudster, name) in names {
        let loot = counts.fraudsters.get(&fraudster).unwrap_or(&none);
        let Loot { of_others, of_others_by_coupon, of_others_waiting, of_nobody, of_nobody_waiting, own, .. } = loot;
        let _ = write!(text, "{name:<12}");
        for sum in [of_others, of_others_by_coupon, of_others_waiting, of_nobody, of_nobody_waiting, own] {
            let _ = write!(text, "{:>18}", told(*sum));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "\nWhat they were answered");
    for (fraudster, name) in names {
        for (answer, times) in &counts.fraudsters.get(&fraudster).unwrap_or(&none).answers {
            let _ = writeln!(text, "{name:<12}{times:>6}  {answer}");
        }
    }
}
