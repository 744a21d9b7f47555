//! What a run was that somebody wanted to approve, beside what it is now: both amounts of each publisher.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::domain::ids::PublisherId;
use crate::domain::payout::PayoutState;
use crate::store::payouts::{Payout, PayoutRun};

/// What a run would pay a publisher, or would carry.
#[derive(Default)]
struct Sides {
    name: String,
    before: Option<Payout>,
    now: Option<Payout>,
}

/// A section with a row for each publisher of either run; nothing where the two are in different currencies.
pub fn old_beside_new(old: (&PayoutRun, Vec<Payout>), new: (&PayoutRun, &[Payout])) -> Option<AnyView> {
    if old.0.currency != new.0.currency {
        return None;
    }
    let total = (old.0.total().to_string(), new.0.total().to_string());
    let mut publishers: BTreeMap<PublisherId, Sides> = BTreeMap::new();
    for payout in old.1 {
        let sides = publishers.entry(payout.publisher_id).or_default();
        sides.name.clone_from(&payout.publisher_name);
        sides.before = Some(payout);
    }
    for payout in new.1 {
        let sides = publishers.entry(payout.publisher_id).or_default();
        sides.name.clone_from(&payout.publisher_name);
        sides.now = Some(payout.clone());
    }
    let rows: Vec<_> = publishers.into_values().map(row).collect();
    let section = view! {
        <section class="section">
            <h2>"What you saw, and what it is now"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="What you saw, and what it is now">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Publisher"</th>
                            <th scope="col" class="num">"You saw"</th>
                            <th scope="col" class="num">"Now"</th>
                            <th scope="col">"Difference"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    <tfoot>
                        <tr>
                            <th scope="row">"Total without what is carried"</th>
                            <td class="num money" data-label="You saw">{total.0}</td>
                            <td class="num money" data-label="Now">{total.1}</td>
                            <td></td>
                        </tr>
                    </tfoot>
                </table>
            </div>
        </section>
    };
    Some(section.into_any())
}

fn row(sides: Sides) -> impl IntoView + use<> {
    let Sides { name, before, now } = sides;
    let difference = match (&before, &now) {
        (Some(before), Some(now)) if is_carried(before) != is_carried(now) => {
            if is_carried(now) {
                "It is carried now."
            } else {
                "It was carried, and is paid now."
            }
        }
        (Some(before), Some(now)) if before.amount_minor != now.amount_minor => "Another amount.",
        (Some(_), Some(_)) => "The same.",
        (None, _) => "It was not in the run.",
        (_, None) => "Nothing of it is payable now.",
    };
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="num money" data-label="You saw">{amount(before.as_ref())}</td>
            <td class="num money" data-label="Now">{amount(now.as_ref())}</td>
            <td data-label="Difference">{difference}</td>
        </tr>
    }
}

/// Of a run that was given up, what it would have paid is cancelled, and what it carried is still called so.
fn is_carried(payout: &Payout) -> bool {
    payout.state == PayoutState::Carried
}

fn amount(payout: Option<&Payout>) -> String {
    match payout {
        Some(payout) if is_carried(payout) => format!("{}, carried", payout.money()),
        Some(payout) => payout.money().to_string(),
        None => "\u{2013}".to_owned(),
    }
}
