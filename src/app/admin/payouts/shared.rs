//! Publishers whose payouts go to one place: two names of one company, or of one fraud.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::domain::time::Zone;
use crate::store::payout_details::SharedDestination;

/// At most so many are looked at.
pub const SHOWN_MAX: i64 = 200;

/// A section that is there only where two publishers share a destination.
pub fn shared_destinations(zone: &Zone, list: Vec<SharedDestination>) -> Option<AnyView> {
    if list.is_empty() {
        return None;
    }
    let mut names: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
    for one in &list {
        names.entry(one.destination_hash.clone()).or_default().push(one.publisher_name.clone());
    }
    let rows: Vec<_> = list.into_iter().map(|one| row(zone, &names[&one.destination_hash], one)).collect();
    let section = view! {
        <section class="section">
            <h2>"Publishers with one destination"</h2>
            <p class="sub">"Their payouts go to the same account: look whether they may, before you approve a run."</p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Publishers with one destination">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Publisher"</th>
                            <th scope="col">"Paid by"</th>
                            <th scope="col">"To"</th>
                            <th scope="col">"Shared with"</th>
                            <th scope="col">"Since"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    };
    Some(section.into_any())
}

fn row(zone: &Zone, names: &[String], one: SharedDestination) -> impl IntoView + use<> {
    // Names are no ids: of two publishers with one name each is shown beside the other.
    let own = names.iter().position(|name| *name == one.publisher_name);
    let others: Vec<&str> =
        names.iter().enumerate().filter(|(place, _)| Some(*place) != own).map(|(_, name)| name.as_str()).collect();
    let others = others.join(", ");
    view! {
        <tr>
            <th scope="row">{one.publisher_name}</th>
            <td data-label="Paid by">{one.method.label()}</td>
            <td class="mono" data-label="To">{one.masked}</td>
            <td data-label="Shared with">{others}</td>
            <td data-label="Since">{zone.show(one.created_at_ms)}</td>
        </tr>
    }
}
