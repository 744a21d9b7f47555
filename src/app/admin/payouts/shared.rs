//! Publishers whose payouts go to one place: two names of one company, or of one fraud. They are held until an admin lets
//! each of them be paid, with a reason.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::app::api::payout_details::ReleaseDestination;
use crate::app::ui::Hidden;
use crate::domain::ids::{PayoutDetailsId, PayoutRunId};
use crate::domain::time::Zone;
use crate::store::payout_details::SharedDestination;

/// At most so many are shown.
const SHOWN_MAX: usize = 200;
/// One more is asked for, so that the page can say that there are more.
pub const ASKED_MAX: i64 = SHOWN_MAX as i64 + 1;

/// Those of one place.
#[derive(Default)]
struct Place {
    names: Vec<String>,
    versions: Vec<PayoutDetailsId>,
}

/// A section that is there only where two publishers share a destination; on the page of a run, if it is one's.
pub fn shared_destinations(zone: &Zone, mut list: Vec<SharedDestination>, run: Option<PayoutRunId>) -> Option<AnyView> {
    if list.is_empty() {
        return None;
    }
    let is_cut = list.len() > SHOWN_MAX;
    list.truncate(SHOWN_MAX);
    let mut places: BTreeMap<Vec<u8>, Place> = BTreeMap::new();
    for one in &list {
        let place = places.entry(one.destination_hash.clone()).or_default();
        place.names.push(one.publisher_name.clone());
        place.versions.push(one.payout_details_id);
    }
    let rows: Vec<_> = list.into_iter().map(|one| row(zone, &places[&one.destination_hash], one, run)).collect();
    let more =
        format!("Only the first {SHOWN_MAX} publishers are shown; others share a destination, too, and are held.");
    let section = view! {
        <section class="section">
            <h2>"Publishers with one destination"</h2>
            <p class="sub">
                "Their payouts go to the same account. Each is held until you have looked whether it may, and let it be paid; "
                "whoever comes to share it later holds them again."
            </p>
            {is_cut.then(|| view! { <p class="hint">{more}</p> })}
            <div class="table-wrap" tabindex="0" role="region" aria-label="Publishers with one destination">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Publisher"</th>
                            <th scope="col">"Paid by"</th>
                            <th scope="col">"To"</th>
                            <th scope="col">"Shared with"</th>
                            <th scope="col">"Since"</th>
                            <th scope="col">"Payouts"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    };
    Some(section.into_any())
}

fn row(zone: &Zone, place: &Place, one: SharedDestination, run: Option<PayoutRunId>) -> impl IntoView + use<> {
    // Names are no ids: of two publishers with one name each is shown beside the other.
    let is_other = |version: &PayoutDetailsId| *version != one.payout_details_id;
    let names = place.names.iter().zip(&place.versions).filter(|(_, version)| is_other(version));
    let others = names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let newest = place.versions.iter().copied().filter(is_other).max();
    // The others may be among those that are not shown.
    let is_held = newest.is_none() || one.seen_details_id < newest;
    let (publisher, id) = (one.publisher_id.to_string(), one.payout_details_id);
    let seen = newest.unwrap_or(id);
    view! {
        <tr>
            <th scope="row">{one.publisher_name}</th>
            <td data-label="Paid by">{one.method.label()}</td>
            <td class="mono" data-label="To">{one.masked}</td>
            <td data-label="Shared with">{others}</td>
            <td data-label="Since">{zone.show(one.created_at_ms)}</td>
            <td data-label="Payouts">
                {if is_held {
                    view! { "Held. " <ReleaseForm publisher=publisher id=id seen=seen run=run/> }.into_any()
                } else {
                    "Let be paid by an admin.".into_any()
                }}
            </td>
        </tr>
    }
}

#[component]
fn ReleaseForm(
    publisher: String,
    id: PayoutDetailsId,
    seen: PayoutDetailsId,
    run: Option<PayoutRunId>,
) -> impl IntoView {
    let action = ServerAction::<ReleaseDestination>::new();
    let reason_id = format!("release-{id}");
    let run = run.map(|run| run.to_string()).unwrap_or_default();
    view! {
        <details>
            <summary>"Let it be paid"</summary>
            <ActionForm action=action attr:class="stack">
                <Hidden name="publisher_id" value=publisher/>
                <Hidden name="payout_details_id" value=id.to_string()/>
                <Hidden name="seen" value=seen.to_string()/>
                <Hidden name="run" value=run/>
                <div class="field">
                    <label for=reason_id.clone()>"Why it may be shared"</label>
                    <input id=reason_id name="reason" required=true/>
                </div>
                <button class="btn" type="submit">"Let it be paid"</button>
            </ActionForm>
        </details>
    }
}
